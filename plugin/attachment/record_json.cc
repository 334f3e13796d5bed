#include <nlohmann/json.hpp>

#include "plugin/attachment/record.h"
#include "plugin/attachment/record_keys.h"

namespace isthmus {
namespace {

using Json = nlohmann::ordered_json;

Json route_json(const RouteSpec& route) {
  Json out = {{"dst", route.destination.text()}};
  if (route.gateway) out["gw"] = route.gateway->text();
  if (route.onlink) out["onlink"] = true;
  if (route.mtu) out["mtu"] = *route.mtu;
  if (route.advmss) out["advmss"] = *route.advmss;
  if (route.priority) out["priority"] = *route.priority;
  if (route.table) out["table"] = *route.table;
  if (route.scope) out["scope"] = *route.scope;
  return out;
}

Json addresses_json(const std::vector<Prefix>& addresses) {
  Json out = Json::array();
  for (const Prefix& address : addresses)
    out.push_back(address.text());
  return out;
}

Json routes_json(const std::vector<RouteSpec>& routes) {
  Json out = Json::array();
  for (const RouteSpec& route : routes)
    out.push_back(route_json(route));
  return out;
}

Json sources_json(const std::vector<MasqueradeSource>& sources) {
  Json out = Json::array();
  for (const MasqueradeSource& source : sources)
    out.push_back({{"owner", source.owner}, {"subnet", source.subnet.text()}});
  return out;
}

// As signed numbers, the widest that readers of JSON agree on.
std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

std::string to_json(const Record& record) {
  Json out = {
      {"format", kRecordFormat},
      {"network", record.key.network.text()},
      {"container_id", record.key.container_id.text()},
      {"ifname", record.key.ifname.text()},
      {"phase", record.phase == Record::Phase::complete ? kPhaseComplete : kPhaseIntent},
      {"mode", record.mode},
      {"pod", record.pod},
      {"netns", record.netns},
      {"netns_device", number(record.netns_id.device)},
      {"netns_inode", number(record.netns_id.inode)},
      {"netns_cookie", number(record.netns_cookie)},
      {"host_ifname", record.host_ifname},
      {"host_mac", record.host_mac},
      {"container_mac", record.container_mac},
      {"host_ifindex", record.host_ifindex},
      {"bridge", record.bridge},
      {"gateway_link", record.gateway_link},
      {"gateways", addresses_json(record.gateways)},
      {"hairpin", record.hairpin},
      {"isolated", record.isolated},
      {"mac_guard", record.mac_guard},
      {"addresses", addresses_json(record.addresses)},
      {"routes", routes_json(record.routes)},
      {"masquerade", record.masquerade},
      {"masquerade_sources", sources_json(record.masquerade_sources)},
      {"ipam_type", record.ipam_type},
      {"config", record.config},
      {"cni_args", record.cni_args},
      {"cni_path", record.cni_path},
      {"resolv_conf", nullptr},
      {"created", record.created},
  };
  if (record.resolv_conf) {
    out["resolv_conf"] = {{"path", record.resolv_conf->path},
                          {"content_hash", number(record.resolv_conf->content_hash)},
                          {"made_directory", record.resolv_conf->made_directory}};
  }
  // Paths and CNI_ARGS are bytes, not UTF-8: `replace` never throws on them.
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace isthmus
