#include "plugin/cni/netconf.h"

#include <charconv>

#include "netlink/quoted.h"
#include "plugin/cni/json_network.h"
#include "plugin/cni/settings.h"

namespace isthmus {
namespace {

constexpr const char* kWhat = "the network configuration";

Answer<NetworkName> read_name(const JsonObject& network) {
  JsonField field = network.field("name");
  auto text = field.text();
  if (!text) return std::move(text).error().with_word("bad-json");
  if (text->empty()) return field.error("it is missing").with_word("bad-network-name");
  TRY(NetworkName name, NetworkName::parse(*text));
  return name;
}

// One to three decimal numbers with dots between, as the CNI library reads versions to compare them.
bool is_version_number(std::string_view text) {
  for (int numbers = 1; numbers <= 3; ++numbers) {
    unsigned number = 0;
    auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || rest == text.data()) return false;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (text.empty()) return true;
    if (text.front() != '.') return false;
    text.remove_prefix(1);
  }
  return false;
}

std::string all_versions() {
  std::string all;
  for (std::string_view name : kVersionNames)
    all += (all.empty() ? "" : ", ") + std::string(name);
  return all;
}

SpecVersion first_version_with(Verb verb) {
  if (verb == Verb::check) return SpecVersion::v0_4_0;
  if (verb == Verb::gc || verb == Verb::status) return SpecVersion::v1_1_0;
  return SpecVersion::v0_1_0;
}

std::string set_version_hint(const NetworkName& name) {
  return "change 'cniVersion' of network " + in_quotes(name.text());
}

CniError unknown_version(const std::string& text, Verb verb, const NetworkName& name) {
  CniError error(Error{"speak CNI version", in_quotes(text), 0, "isthmus " ISTHMUS_VERSION " speaks " + all_versions(),
                       "cni-version", set_version_hint(name)});
  // These verbs compare versions before they look the text up (skel), so text that is none is a decoding failure.
  constexpr unsigned kDecodingFailure = 6;
  if (first_version_with(verb) > SpecVersion::v0_1_0 && !is_version_number(text)) error.code = kDecodingFailure;
  return error;
}

Answer<SpecVersion> read_version(const JsonObject& network, Verb verb, const NetworkName& name) {
  auto text = network.field("cniVersion").text();
  if (!text) return std::move(text).error().with_word("bad-json");
  auto version = text->empty() ? kVersionWhenAbsent : parse_version(*text);
  if (!version) return unknown_version(*text, verb, name);
  SpecVersion first = first_version_with(verb);
  if (*version >= first) return *version;
  return Error{"run " + std::string(to_text(verb)),
               "under CNI version " + std::string(to_text(*version)),
               0,
               "it exists since " + std::string(to_text(first)),
               "cni-version",
               set_version_hint(name)};
}

// Nullopt for {} and, on DEL, for whatever cannot be read: DEL does not need it and must not fail for it.
Answer<std::optional<CniResult>> read_prev_result(const JsonObject& network, SpecVersion version, Verb verb) {
  std::optional<CniResult> none;
  if (verb == Verb::gc || verb == Verb::status) return none;
  JsonField field = network.field("prevResult");
  auto object = field.object();
  if (object && object->empty()) return none;
  auto result = object ? read_result(*object, version) : Result<CniResult>(object.error());
  if (result) return std::optional(*std::move(result));
  if (verb == Verb::del) return none;
  return std::move(result).error().with_word("bad-result").with_hint("the runtime or an earlier plugin wrote it");
}

Result<AttachmentRef> read_attachment(const JsonField& field) {
  TRY(JsonObject object, field.object());
  AttachmentRef ref;
  TRY(ref.container_id, object.field("containerID").text());
  TRY(ref.ifname, object.field("ifname").text());
  if (auto id = ContainerId::parse(ref.container_id); !id) return object.field("containerID").error(id.error());
  if (auto ifname = IfName::parse(ref.ifname); !ifname) return object.field("ifname").error(ifname.error());
  return ref;
}

// The first spelling is the CNI library's, the second the specification's of 1.1.0; newer libraries send both.
Answer<std::optional<std::vector<AttachmentRef>>> read_attachments(const JsonObject& network) {
  for (const char* key : {"cni.dev/valid-attachments", "cni.dev/attachments"}) {
    JsonField field = network.field(key);
    if (!field.exists()) continue;
    auto elements = field.list();
    if (!elements) return std::move(elements).error().with_word("bad-attachments");
    std::vector<AttachmentRef> attachments;
    for (const JsonField& element : *elements) {
      auto ref = read_attachment(element);
      if (!ref) return std::move(ref).error().with_word("bad-attachments");
      attachments.push_back(*std::move(ref));
    }
    return std::optional(std::move(attachments));
  }
  return std::optional<std::vector<AttachmentRef>>();
}

std::string read_ipam_type(const JsonObject& network) {
  auto ipam = network.field("ipam").object();
  if (!ipam) return {};
  auto type = ipam->field("type").text();
  return type ? *type : std::string();
}

// The part that DEL and GC can do without: its first error is kept instead of returned.
void read_own_keys(const JsonObject& network, const Invocation& invocation, NetConf& conf) {
  auto state_dir = read_state_dir(network);
  auto log = read_log(network);
  auto settings = read_settings(network, invocation);
  std::optional<Error> first;
  if (!settings) first = settings.error();
  if (!log) first = log.error();
  if (!state_dir) first = state_dir.error();
  if (state_dir) conf.state_dir = *std::move(state_dir);
  if (log) conf.log = *std::move(log);
  if (first) {
    std::string hint = "correct it in the configuration of network " + in_quotes(conf.name.text());
    conf.settings = CniError(std::move(*first).with_word("bad-config").with_hint(std::move(hint)));
  } else {
    conf.settings = *std::move(settings);
  }
}

Result<JsonValue> parse_document(std::string_view stdin_bytes) {
  auto document = parse_json(stdin_bytes, kWhat);
  if (!document) return std::move(document).error().with_word("bad-json");
  if (auto object = JsonField(&*document, {}).object(); !object)
    return Error{"read", kWhat, 0, object.error().detail, "bad-json", {}};
  return document;
}

}  // namespace

Answer<NetConf> parse_netconf(std::string stdin_bytes, const Invocation& invocation) {
  TRY(JsonValue document, parse_document(stdin_bytes));
  TRY(JsonObject network, JsonField(&document, {}).object());
  TRY(NetworkName name, read_name(network));
  TRY(SpecVersion version, read_version(network, invocation.verb, name));
  TRY(std::optional<CniResult> prev_result, read_prev_result(network, version, invocation.verb));
  NetConf conf{.stdin_bytes = std::move(stdin_bytes),
               .version = version,
               .name = std::move(name),
               .state_dir = std::string(kDefaultStateDir),
               .log = {},
               .ipam_type = read_ipam_type(network),
               .settings = Settings(),
               .prev_result = std::move(prev_result),
               .valid_attachments = {}};
  read_own_keys(network, invocation, conf);
  if (invocation.verb == Verb::gc) {
    TRY(conf.valid_attachments, read_attachments(network));
  }
  return conf;
}

std::optional<SpecVersion> peek_version(std::string_view stdin_bytes) {
  auto document = parse_json(stdin_bytes, kWhat);
  if (!document) return std::nullopt;
  auto network = JsonField(&*document, {}).object();
  if (!network) return std::nullopt;
  auto text = network->field("cniVersion").text();
  return text ? parse_version(*text) : std::nullopt;
}

}  // namespace isthmus
