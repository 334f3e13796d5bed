#include <algorithm>
#include <nlohmann/json.hpp>

#include "plugin/cni/cni_result.h"

namespace isthmus {
namespace {

using Json = nlohmann::ordered_json;

void put_text(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

void put_texts(Json& object, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) object[key] = texts;
}

void put_number(Json& object, const char* key, std::uint32_t number) {
  if (number != 0) object[key] = number;
}

void put_address(Json& object, const char* key, const std::optional<IpAddress>& address) {
  if (address) object[key] = address->text();
}

Json interface_json(const CniInterface& interface, SpecVersion version) {
  Json object = {{"name", interface.name}};
  put_text(object, "mac", interface.mac);
  if (version >= SpecVersion::v1_1_0) put_number(object, "mtu", interface.mtu);
  put_text(object, "sandbox", interface.sandbox);
  if (version >= SpecVersion::v1_1_0) {
    put_text(object, "socketPath", interface.socket_path);
    put_text(object, "pciID", interface.pci_id);
  }
  return object;
}

Json ip_json(const CniIp& ip, SpecVersion version) {
  Json object = Json::object();
  if (version < SpecVersion::v1_0_0) object["version"] = ip.address.family() == Family::v4 ? "4" : "6";
  if (ip.interface) object["interface"] = *ip.interface;  // 0 as well: absent means "no interface"
  object["address"] = ip.address.text();
  put_address(object, "gateway", ip.gateway);
  return object;
}

Json route_json(const RouteSpec& route, SpecVersion version) {
  Json object = {{"dst", route.destination.text()}};
  put_address(object, "gw", route.gateway);
  if (version < SpecVersion::v1_1_0) return object;
  put_number(object, "mtu", route.mtu.value_or(0));
  put_number(object, "advmss", route.advmss.value_or(0));
  put_number(object, "priority", route.priority.value_or(0));
  if (route.table) object["table"] = *route.table;
  if (route.scope) object["scope"] = *route.scope;
  return object;
}

Json dns_json(const CniDns& dns) {
  Json object = Json::object();
  put_texts(object, "nameservers", dns.nameservers);
  put_text(object, "domain", dns.domain);
  put_texts(object, "search", dns.search);
  put_texts(object, "options", dns.options);
  return object;
}

// "ip4" or "ip6" of 0.1.0 and 0.2.0: the family's first address with the family's routes.
void put_family(Json& object, const char* key, const CniResult& result, Family family, SpecVersion version) {
  auto first = std::find_if(result.ips.begin(), result.ips.end(),
                            [&](const CniIp& ip) { return ip.address.family() == family; });
  if (first == result.ips.end()) return;
  Json part = {{"ip", first->address.text()}};
  put_address(part, "gateway", first->gateway);
  for (const RouteSpec& route : result.routes)
    if (route.destination.family() == family) part["routes"].push_back(route_json(route, version));
  object[key] = std::move(part);
}

}  // namespace

Answer<std::string> to_json(const CniResult& result, SpecVersion version) {
  Json object = {{"cniVersion", to_text(version)}};
  if (version < SpecVersion::v0_3_0) {
    if (result.ips.empty())
      return Error{"express the result",
                   "in CNI version " + std::string(to_text(version)),
                   0,
                   "that version has no form for a result without addresses",
                   "result-not-expressible",
                   "raise 'cniVersion' to 0.3.0 or newer, or configure 'ipam'"};
    put_family(object, "ip4", result, Family::v4, version);
    put_family(object, "ip6", result, Family::v6, version);
  } else {
    for (const CniInterface& interface : result.interfaces)
      object["interfaces"].push_back(interface_json(interface, version));
    for (const CniIp& ip : result.ips)
      object["ips"].push_back(ip_json(ip, version));
    for (const RouteSpec& route : result.routes)
      object["routes"].push_back(route_json(route, version));
  }
  if (!result.dns.empty() || version < SpecVersion::v1_0_0) object["dns"] = dns_json(result.dns);
  // Texts may come from other plugins: `replace` never throws on invalid UTF-8.
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace isthmus
