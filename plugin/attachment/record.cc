#include "plugin/attachment/record.h"

#include <limits>

#include "plugin/attachment/record_keys.h"
#include "plugin/cni/json_network.h"
#include "plugin/cni/json_reader.h"

namespace isthmus {
namespace {

// Every key must be there and of its type: a record is written by us alone, so what differs was torn or forged.
class Reader {
 public:
  explicit Reader(const JsonObject& object) : object_(object) {}

  Result<JsonField> field(const char* key) const {
    JsonField found = object_.field(key);
    if (!found.exists()) return Error{"read a record", {}, 0, "'" + object_.path_of(key) + "' is absent", {}, {}};
    return found;
  }
  Status read(const char* key, std::string& into) const {
    TRY(JsonField found, field(key));
    TRY(into, found.text());
    return found.has_value() ? Status(done) : found.error("null");
  }
  template <class Number>
  Status read_number(const char* key, Number& into) const {
    TRY(JsonField found, field(key));
    TRY(auto number, found.integer());
    if (!number) return found.error("null");
    if (*number != static_cast<std::int64_t>(static_cast<Number>(*number))) return found.error("out of range");
    into = static_cast<Number>(*number);
    return done;
  }
  Status read_flag(const char* key, bool& into) const {
    TRY(JsonField found, field(key));
    TRY(into, found.boolean());
    return found.has_value() ? Status(done) : found.error("null");
  }
  Result<std::vector<JsonField>> read_list(const char* key) const {
    TRY(JsonField found, field(key));
    if (!found.has_value()) return found.error("null");
    return found.list();
  }

 private:
  JsonObject object_;
};

Result<AttachmentKey> read_key(const Reader& reader) {
  std::string network;
  std::string container_id;
  std::string ifname;
  TRY_OK(reader.read("network", network));
  TRY_OK(reader.read("container_id", container_id));
  TRY_OK(reader.read("ifname", ifname));
  TRY(NetworkName legal_network, NetworkName::parse(network));
  TRY(ContainerId legal_id, ContainerId::parse(container_id));
  TRY(IfName legal_ifname, IfName::parse(ifname));
  return AttachmentKey{std::move(legal_network), std::move(legal_id), std::move(legal_ifname)};
}

Status read_phase(const Reader& reader, Record& record) {
  std::string phase;
  TRY_OK(reader.read("phase", phase));
  if (phase != kPhaseIntent && phase != kPhaseComplete) return Error{"read a record", {}, 0, "no such phase", {}, {}};
  record.phase = phase == kPhaseComplete ? Record::Phase::complete : Record::Phase::intent;
  return done;
}

Status read_texts_and_numbers(const Reader& reader, Record& record) {
  TRY_OK(reader.read("mode", record.mode));
  TRY_OK(reader.read("pod", record.pod));
  TRY_OK(reader.read("netns", record.netns));
  TRY_OK(reader.read_number("netns_device", record.netns_id.device));
  TRY_OK(reader.read_number("netns_inode", record.netns_id.inode));
  TRY_OK(reader.read_number("netns_cookie", record.netns_cookie));
  TRY_OK(reader.read("host_ifname", record.host_ifname));
  TRY_OK(reader.read("host_mac", record.host_mac));
  TRY_OK(reader.read("container_mac", record.container_mac));
  TRY_OK(reader.read_number("host_ifindex", record.host_ifindex));
  TRY_OK(reader.read("ipam_type", record.ipam_type));
  TRY_OK(reader.read("config", record.config));
  TRY_OK(reader.read("cni_args", record.cni_args));
  TRY_OK(reader.read("cni_path", record.cni_path));
  return reader.read_number("created", record.created);
}

Status read_bridge_port(const Reader& reader, Record& record) {
  TRY_OK(reader.read("bridge", record.bridge));
  TRY_OK(reader.read("gateway_link", record.gateway_link));
  TRY_OK(reader.read_flag("hairpin", record.hairpin));
  TRY_OK(reader.read_flag("isolated", record.isolated));
  return reader.read_flag("mac_guard", record.mac_guard);
}

Status read_prefixes(const Reader& reader, const char* key, std::vector<Prefix>& into) {
  TRY(auto fields, reader.read_list(key));
  for (const JsonField& field : fields) {
    TRY(Prefix prefix, read_prefix(field));
    into.push_back(prefix);
  }
  return done;
}

Status read_masquerade(const Reader& reader, Record& record) {
  TRY(auto owners, reader.read_list("masquerade"));
  for (const JsonField& field : owners) {
    TRY(std::string owner, field.text());
    record.masquerade.push_back(std::move(owner));
  }
  TRY(auto sources, reader.read_list("masquerade_sources"));
  for (const JsonField& field : sources) {
    TRY(JsonObject object, field.object());
    TRY(std::string owner, object.field("owner").text());
    TRY(Prefix subnet, read_prefix(object.field("subnet")));
    record.masquerade_sources.push_back({std::move(owner), subnet});
  }
  return done;
}

Status read_lists(const Reader& reader, Record& record) {
  TRY_OK(read_prefixes(reader, "gateways", record.gateways));
  TRY_OK(read_prefixes(reader, "addresses", record.addresses));
  TRY(auto routes, reader.read_list("routes"));
  for (const JsonField& field : routes) {
    TRY(JsonObject object, field.object());
    TRY(RouteSpec route, read_route(object));
    TRY(route.onlink, object.field("onlink").boolean());
    record.routes.push_back(route);
  }
  return read_masquerade(reader, record);
}

Status read_resolv_conf_of(const Reader& reader, Record& record) {
  TRY(JsonField field, reader.field("resolv_conf"));
  if (!field.has_value()) return done;
  TRY(JsonObject object, field.object());
  Reader inner(object);
  OwnedFile file;
  TRY_OK(inner.read("path", file.path));
  TRY_OK(inner.read_number("content_hash", file.content_hash));
  TRY(JsonField made, inner.field("made_directory"));
  TRY(file.made_directory, made.boolean());
  record.resolv_conf = std::move(file);
  return done;
}

Result<Record> read_record(std::string_view json) {
  TRY(JsonValue value, parse_json(json, "the record"));
  TRY(JsonObject object, JsonField(&value, "").object());
  Reader reader(object);
  std::int64_t format = 0;
  TRY_OK(reader.read_number("format", format));
  if (format != kRecordFormat) {
    return Error{"read a record", {}, 0, "its format is " + std::to_string(format) + ", not ours", {}, {}};
  }
  TRY(AttachmentKey key, read_key(reader));
  Record record{.key = std::move(key)};
  TRY_OK(read_phase(reader, record));
  TRY_OK(read_texts_and_numbers(reader, record));
  TRY_OK(read_bridge_port(reader, record));
  TRY_OK(read_lists(reader, record));
  TRY_OK(read_resolv_conf_of(reader, record));
  return record;
}

}  // namespace

Result<Record> parse_record(std::string_view json) {
  auto record = read_record(json);
  // One word whatever was wrong, not that of a name or a prefix: those accuse the configuration.
  if (!record) record.error().word = "bad-record";
  return record;
}

}  // namespace isthmus
