#include "plugin/cni/json_network.h"

namespace isthmus {
namespace {

std::optional<std::uint32_t> without_zero(std::optional<std::uint32_t> number) {
  return number == 0U ? std::nullopt : number;
}

}  // namespace

Result<std::optional<IpAddress>> read_address(const JsonField& field) {
  TRY(std::string text, field.text());
  if (text.empty()) return std::optional<IpAddress>();
  auto address = IpAddress::parse(text);
  if (!address) return field.error(address.error());
  return std::optional(*address);
}

Result<Prefix> read_prefix(const JsonField& field) {
  TRY(std::string text, field.text());
  if (text.empty()) return field.error("it is missing");
  auto prefix = Prefix::parse(text);
  if (!prefix) return field.error(prefix.error());
  return *prefix;
}

Result<std::optional<std::uint32_t>> read_unsigned(const JsonField& field, std::uint32_t most) {
  TRY(std::optional<std::int64_t> number, field.integer());
  if (!number) return std::optional<std::uint32_t>();
  if (*number < 0 || *number > std::int64_t{most})
    return field.error(std::to_string(*number) + " is not from 0 to " + std::to_string(most));
  return std::optional(static_cast<std::uint32_t>(*number));
}

Result<CniDns> read_dns(const JsonObject& object) {
  CniDns dns;
  TRY(dns.nameservers, object.field("nameservers").texts());
  TRY(dns.domain, object.field("domain").text());
  TRY(dns.search, object.field("search").texts());
  TRY(dns.options, object.field("options").texts());
  return dns;
}

Result<RouteSpec> read_route(const JsonObject& object) {
  TRY(Prefix destination, read_prefix(object.field("dst")));
  RouteSpec route{destination, {}, false, {}, {}, {}, {}, {}};
  TRY(route.gateway, read_address(object.field("gw")));
  TRY(auto mtu, read_unsigned(object.field("mtu")));
  TRY(auto advmss, read_unsigned(object.field("advmss")));
  TRY(auto priority, read_unsigned(object.field("priority")));
  TRY(route.table, read_unsigned(object.field("table")));
  TRY(auto scope, read_unsigned(object.field("scope"), UINT8_MAX));
  route.mtu = without_zero(mtu);
  route.advmss = without_zero(advmss);
  route.priority = without_zero(priority);
  if (scope) route.scope = static_cast<std::uint8_t>(*scope);
  return route;
}

}  // namespace isthmus
