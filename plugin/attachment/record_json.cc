#include "plugin/attachment/record.h"
#include "plugin/attachment/record_keys.h"
#include "plugin/cni/json_writer.h"

namespace isthmus {
namespace {

void write_route(JsonWriter& out, const RouteSpec& route) {
  auto write_number = [&](const char* key, auto value) {
    if (value) out.key(key).number(*value);
  };
  out.open_object().key("dst").text(route.destination.text());
  if (route.gateway) out.key("gw").text(route.gateway->text());
  if (route.onlink) out.key("onlink").boolean(true);
  write_number("mtu", route.mtu);
  write_number("advmss", route.advmss);
  write_number("priority", route.priority);
  write_number("table", route.table);
  write_number("scope", route.scope);
  out.close_object();
}

void write_prefixes(JsonWriter& out, const char* key, const std::vector<Prefix>& prefixes) {
  out.key(key).open_list();
  for (const Prefix& prefix : prefixes)
    out.text(prefix.text());
  out.close_list();
}

void write_host_part(JsonWriter& out, const Record& record) {
  out.key("bridge").text(record.bridge);
  out.key("gateway_link").text(record.gateway_link);
  write_prefixes(out, "gateways", record.gateways);
  out.key("hairpin").boolean(record.hairpin);
  out.key("isolated").boolean(record.isolated);
  out.key("mac_guard").boolean(record.mac_guard);
}

void write_network(JsonWriter& out, const Record& record) {
  write_prefixes(out, "addresses", record.addresses);
  out.key("routes").open_list();
  for (const RouteSpec& route : record.routes)
    write_route(out, route);
  out.close_list().key("masquerade").texts(record.masquerade);
  out.key("masquerade_sources").open_list();
  for (const MasqueradeSource& source : record.masquerade_sources)
    out.open_object().key("owner").text(source.owner).key("subnet").text(source.subnet.text()).close_object();
  out.close_list();
}

void write_resolv_conf(JsonWriter& out, const Record& record) {
  out.key("resolv_conf");
  if (!record.resolv_conf) {
    out.null();
    return;
  }
  out.open_object().key("path").text(record.resolv_conf->path);
  out.key("content_hash").number(static_cast<std::int64_t>(record.resolv_conf->content_hash));
  out.key("made_directory").boolean(record.resolv_conf->made_directory).close_object();
}

}  // namespace

std::string to_json(const Record& record) {
  JsonWriter out;
  // As signed numbers, the widest that readers of JSON agree on.
  auto write_number = [&](const char* key, auto value) { out.key(key).number(static_cast<std::int64_t>(value)); };
  auto write_text = [&](const char* key, std::string_view value) { out.key(key).text(value); };
  out.open_object();
  write_number("format", kRecordFormat);
  write_text("network", record.key.network.text());
  write_text("container_id", record.key.container_id.text());
  write_text("ifname", record.key.ifname.text());
  write_text("phase", record.phase == Record::Phase::complete ? kPhaseComplete : kPhaseIntent);
  write_text("mode", record.mode);
  write_text("pod", record.pod);
  write_text("netns", record.netns);
  write_number("netns_device", record.netns_id.device);
  write_number("netns_inode", record.netns_id.inode);
  write_number("netns_cookie", record.netns_cookie);
  write_text("host_ifname", record.host_ifname);
  write_text("host_mac", record.host_mac);
  write_text("container_mac", record.container_mac);
  write_number("host_ifindex", record.host_ifindex);
  write_host_part(out, record);
  write_network(out, record);
  write_text("ipam_type", record.ipam_type);
  write_text("config", record.config);
  write_text("cni_args", record.cni_args);
  write_text("cni_path", record.cni_path);
  write_resolv_conf(out, record);
  write_number("created", record.created);
  return out.close_object().take() + "\n";
}

}  // namespace isthmus
