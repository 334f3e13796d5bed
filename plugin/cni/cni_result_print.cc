#include <algorithm>
#include <iterator>

#include "plugin/cni/cni_result.h"
#include "plugin/cni/json_writer.h"

namespace isthmus {
namespace {

void put_text(JsonWriter& out, const char* key, const std::string& text) {
  if (!text.empty()) out.key(key).text(text);
}

void put_texts(JsonWriter& out, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) out.key(key).texts(texts);
}

void put_number(JsonWriter& out, const char* key, std::uint32_t number) {
  if (number != 0) out.key(key).number(number);
}

void put_address(JsonWriter& out, const char* key, const std::optional<IpAddress>& address) {
  if (address) out.key(key).text(address->text());
}

void put_interface(JsonWriter& out, const CniInterface& interface, SpecVersion version) {
  out.open_object().key("name").text(interface.name);
  put_text(out, "mac", interface.mac);
  if (version >= SpecVersion::v1_1_0) put_number(out, "mtu", interface.mtu);
  put_text(out, "sandbox", interface.sandbox);
  if (version >= SpecVersion::v1_1_0) {
    put_text(out, "socketPath", interface.socket_path);
    put_text(out, "pciID", interface.pci_id);
  }
  out.close_object();
}

void put_ip(JsonWriter& out, const CniIp& ip, SpecVersion version) {
  out.open_object();
  if (version < SpecVersion::v1_0_0) out.key("version").text(ip.address.family() == Family::v4 ? "4" : "6");
  // 0 as well: absent means "no interface".
  if (ip.interface) out.key("interface").number(static_cast<std::int64_t>(*ip.interface));
  out.key("address").text(ip.address.text());
  put_address(out, "gateway", ip.gateway);
  out.close_object();
}

void put_route(JsonWriter& out, const RouteSpec& route, SpecVersion version) {
  out.open_object().key("dst").text(route.destination.text());
  put_address(out, "gw", route.gateway);
  if (version >= SpecVersion::v1_1_0) {
    put_number(out, "mtu", route.mtu.value_or(0));
    put_number(out, "advmss", route.advmss.value_or(0));
    put_number(out, "priority", route.priority.value_or(0));
    if (route.table) out.key("table").number(*route.table);
    if (route.scope) out.key("scope").number(*route.scope);
  }
  out.close_object();
}

void put_dns(JsonWriter& out, const CniDns& dns) {
  out.key("dns").open_object();
  put_texts(out, "nameservers", dns.nameservers);
  put_text(out, "domain", dns.domain);
  put_texts(out, "search", dns.search);
  put_texts(out, "options", dns.options);
  out.close_object();
}

template <class Element, class Put>
void put_list(JsonWriter& out, const char* key, const std::vector<Element>& elements, Put put) {
  if (elements.empty()) return;
  out.key(key).open_list();
  for (const Element& element : elements)
    put(element);
  out.close_list();
}

// "ip4" or "ip6" of 0.1.0 and 0.2.0: the family's first address with the family's routes.
void put_family(JsonWriter& out, const char* key, const CniResult& result, Family family, SpecVersion version) {
  auto first = std::find_if(result.ips.begin(), result.ips.end(),
                            [&](const CniIp& ip) { return ip.address.family() == family; });
  if (first == result.ips.end()) return;
  out.key(key).open_object().key("ip").text(first->address.text());
  put_address(out, "gateway", first->gateway);
  std::vector<RouteSpec> routes;
  std::copy_if(result.routes.begin(), result.routes.end(), std::back_inserter(routes),
               [&](const RouteSpec& route) { return route.destination.family() == family; });
  put_list(out, "routes", routes, [&](const RouteSpec& route) { put_route(out, route, version); });
  out.close_object();
}

}  // namespace

Answer<std::string> to_json(const CniResult& result, SpecVersion version) {
  JsonWriter out;
  out.open_object().key("cniVersion").text(to_text(version));
  if (version < SpecVersion::v0_3_0) {
    if (result.ips.empty())
      return Error{"express the result",
                   "in CNI version " + std::string(to_text(version)),
                   0,
                   "that version has no form for a result without addresses",
                   "result-not-expressible",
                   "raise 'cniVersion' to 0.3.0 or newer, or configure 'ipam'"};
    put_family(out, "ip4", result, Family::v4, version);
    put_family(out, "ip6", result, Family::v6, version);
  } else {
    put_list(out, "interfaces", result.interfaces, [&](const auto& it) { put_interface(out, it, version); });
    put_list(out, "ips", result.ips, [&](const auto& it) { put_ip(out, it, version); });
    put_list(out, "routes", result.routes, [&](const auto& it) { put_route(out, it, version); });
  }
  if (!result.dns.empty() || version < SpecVersion::v1_0_0) put_dns(out, result.dns);
  return out.close_object().take();
}

}  // namespace isthmus
