#include "netlink/quoted.h"
#include "plugin/cni/cni_result.h"
#include "plugin/cni/json_network.h"

namespace isthmus {
namespace {

Result<CniInterface> read_interface(const JsonObject& object) {
  CniInterface interface;
  TRY(interface.name, object.field("name").text());
  TRY(interface.mac, object.field("mac").text());
  TRY(auto mtu, read_unsigned(object.field("mtu")));
  interface.mtu = mtu.value_or(0);
  TRY(interface.sandbox, object.field("sandbox").text());
  TRY(interface.socket_path, object.field("socketPath").text());
  TRY(interface.pci_id, object.field("pciID").text());
  return interface;
}

// "version" of 0.3.0 to 0.4.0 says nothing that the address does not.
Result<CniIp> read_ip(const JsonObject& object) {
  TRY(Prefix address, read_prefix(object.field("address")));
  TRY(auto gateway, read_address(object.field("gateway")));
  TRY(auto interface, object.field("interface").integer());
  return CniIp{address, gateway, interface};
}

template <class T>
Status read_each(const JsonField& field, Result<T> (*read_one)(const JsonObject&), std::vector<T>& out) {
  TRY(std::vector<JsonField> elements, field.list());
  for (const JsonField& element : elements) {
    TRY(JsonObject object, element.object());
    TRY(T one, read_one(object));
    out.push_back(std::move(one));
  }
  return done;
}

// "ip4" and "ip6" of 0.1.0 and 0.2.0.
Status read_family(const JsonField& field, CniResult& result) {
  if (!field.has_value()) return done;
  TRY(JsonObject object, field.object());
  TRY(Prefix address, read_prefix(object.field("ip")));
  TRY(auto gateway, read_address(object.field("gateway")));
  result.ips.push_back(CniIp{address, gateway, {}});
  return read_each(object.field("routes"), read_route, result.routes);
}

Result<SpecVersion> read_result_version(const JsonField& field, SpecVersion when_absent) {
  TRY(std::string text, field.text());
  if (text.empty()) return when_absent;
  if (auto version = parse_version(text)) return *version;
  return field.error(in_quotes(text) + " is no version of the CNI specification that isthmus knows");
}

}  // namespace

Result<CniResult> read_result(const JsonObject& object, SpecVersion version_when_absent) {
  CniResult result;
  TRY(SpecVersion version, read_result_version(object.field("cniVersion"), version_when_absent));
  if (version < SpecVersion::v0_3_0) {
    TRY_OK(read_family(object.field("ip4"), result));
    TRY_OK(read_family(object.field("ip6"), result));
  } else {
    TRY_OK(read_each(object.field("interfaces"), read_interface, result.interfaces));
    TRY_OK(read_each(object.field("ips"), read_ip, result.ips));
    TRY_OK(read_each(object.field("routes"), read_route, result.routes));
  }
  TRY(JsonObject dns, object.field("dns").object());
  TRY(result.dns, read_dns(dns));
  return result;
}

Answer<CniResult> parse_result(std::string_view json, SpecVersion version_when_absent, const std::string& what) {
  auto document = parse_json(json, what);
  if (!document) return std::move(document).error().with_word("bad-result");
  auto object = JsonField(&*document, {}).object();
  auto result = object ? read_result(*object, version_when_absent) : Result<CniResult>(object.error());
  if (result) return *std::move(result);
  const Error& cause = result.error();
  return Error{"read", what, cause.err, cause.object + ": " + cause.detail, "bad-result", cause.hint};
}

}  // namespace isthmus
