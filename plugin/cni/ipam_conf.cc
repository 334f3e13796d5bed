#include "plugin/cni/ipam_conf.h"

#include <algorithm>

#include "netlink/quoted.h"
#include "plugin/cni/cni_args.h"
#include "plugin/cni/config_keys.h"
#include "plugin/cni/json_network.h"

namespace isthmus {
namespace {

constexpr std::string_view kEmbeddedType = "isthmus";

Result<IpRangeText> read_range_text(const JsonObject& object) {
  IpRangeText text;
  TRY(text.subnet, object.field("subnet").text());
  TRY(text.range_start, object.field("rangeStart").text());
  TRY(text.range_end, object.field("rangeEnd").text());
  TRY(text.gateway, object.field("gateway").text());
  return text;
}

// make_range() knows the values; the place is known here.
Result<IpRange> make_range_at(const std::string& path, const IpRangeText& text) {
  auto range = make_range(text);
  if (range) return *std::move(range);
  Error error = std::move(range).error();
  error.object = "range " + in_quotes(path);
  return error;
}

Result<IpRange> read_range(const JsonField& field) {
  TRY(JsonObject object, field.object());
  TRY_OK(refuse_slips(object, range_keys()));
  TRY(IpRangeText text, read_range_text(object));
  TRY(text.exclude, object.field("exclude").texts());
  return make_range_at(field.path(), text);
}

Status append_sets(const JsonField& field, std::vector<RangeSet>& sets) {
  TRY(std::vector<JsonField> set_fields, field.list());
  for (const JsonField& set_field : set_fields) {
    TRY(std::vector<JsonField> range_fields, set_field.list());
    RangeSet& set = sets.emplace_back();
    for (const JsonField& range_field : range_fields) {
      TRY(IpRange range, read_range(range_field));
      set.push_back(std::move(range));
    }
  }
  return done;
}

// The single range that host-local's oldest form writes into "ipam" itself.
Status append_legacy_range(const JsonObject& ipam, std::vector<RangeSet>& sets) {
  TRY(IpRangeText text, read_range_text(ipam));
  if (!text.subnet.empty()) {
    TRY(IpRange range, make_range_at(ipam.path(), text));
    sets.push_back({std::move(range)});
    return done;
  }
  for (const char* key : {"rangeStart", "rangeEnd", "gateway"})
    if (ipam.field(key).has_value()) return ipam.field(key).error("there is no 'ipam.subnet' for it to belong to");
  return done;
}

// "exclude" beside the ranges holds for each range it meets.
Status apply_excludes(const JsonField& field, std::vector<RangeSet>& sets) {
  TRY(std::vector<std::string> texts, field.texts());
  for (const std::string& text : texts) {
    auto exclude = parse_exclude(text);
    if (!exclude) return field.error(in_quotes(text) + " is neither an address nor a prefix").with_word("bad-range");
    for (RangeSet& set : sets)
      for (IpRange& range : set)
        if (range.subnet.overlaps(*exclude)) range.exclude.push_back(*exclude);
  }
  return done;
}

Result<std::vector<RangeSet>> read_sets(const JsonObject& ipam, const JsonObject& runtime, Verb verb) {
  std::vector<RangeSet> sets;
  TRY_OK(append_sets(runtime.field("ipRanges"), sets));
  TRY_OK(append_legacy_range(ipam, sets));
  TRY_OK(append_sets(ipam.field("ranges"), sets));
  TRY_OK(apply_excludes(ipam.field("exclude"), sets));
  TRY_OK(check_sets(sets));
  if (sets.empty() && (verb == Verb::add || verb == Verb::check))
    return ipam.field("ranges").error("no address range is given, neither here nor by the capability 'ipRanges'");
  return sets;
}

Result<std::vector<RouteSpec>> read_routes(const JsonField& field) {
  TRY(std::vector<JsonField> elements, field.list());
  std::vector<RouteSpec> routes;
  for (const JsonField& element : elements) {
    TRY(JsonObject object, element.object());
    TRY_OK(refuse_slips(object, route_keys()));
    TRY(RouteSpec route, read_route(object));
    if (route.gateway && route.gateway->family() != route.destination.family())
      return object.field("gw").error(in_quotes(route.gateway->text()) + " is of the other address family than 'dst'");
    routes.push_back(route);
  }
  return routes;
}

Status append_requested(const JsonField& field, std::vector<IpAddress>& requested) {
  TRY(std::vector<std::string> texts, field.texts());
  for (const std::string& text : texts) {
    auto address = parse_requested_address(text);
    if (!address) return field.error(address.error());
    requested.push_back(*address);
  }
  return done;
}

// As host-local does, all three ways add up; the same address by two ways is one request.
Result<std::vector<IpAddress>> read_requested(const JsonObject& network,
                                              const JsonObject& runtime,
                                              const CniArgs& args) {
  std::vector<IpAddress> all;
  TRY_OK(append_requested(runtime.field("ips"), all));
  TRY(JsonObject args_object, network.field("args").object());
  TRY(JsonObject args_cni, args_object.field("cni").object());
  TRY_OK(append_requested(args_cni.field("ips"), all));
  for (const std::string& text : args.ips) {
    TRY(IpAddress address, parse_requested_address(text));
    all.push_back(address);
  }
  std::vector<IpAddress> requested;
  for (const IpAddress& address : all)
    if (std::find(requested.begin(), requested.end(), address) == requested.end()) requested.push_back(address);
  return requested;
}

Result<EmbeddedIpamConf> read_embedded(const JsonObject& network,
                                       const JsonObject& ipam,
                                       const Invocation& invocation) {
  EmbeddedIpamConf conf;
  TRY_OK(refuse_slips(ipam, ipam_keys()));
  TRY(JsonObject runtime, network.field("runtimeConfig").object());
  TRY(conf.sets, read_sets(ipam, runtime, invocation.verb));
  TRY(conf.routes, read_routes(ipam.field("routes")));
  TRY(conf.resolv_conf, ipam.field("resolvConf").text());
  TRY(conf.requested, read_requested(network, runtime, invocation.args));
  bool usable = conf.resolv_conf.empty() || conf.resolv_conf.front() == '/';
  if (!usable || conf.resolv_conf.find('\0') != std::string::npos)
    return ipam.field("resolvConf").error(in_quotes(conf.resolv_conf) + " is no absolute path");
  return conf;
}

}  // namespace

Result<IpamConf> read_ipam(const JsonObject& network, const Invocation& invocation) {
  TRY(JsonObject ipam, network.field("ipam").object());
  JsonField type_field = ipam.field("type");
  TRY(std::string type, type_field.text());
  if (type.empty()) return IpamConf(NoIpam{});
  if (type == kEmbeddedType) {
    TRY(EmbeddedIpamConf embedded, read_embedded(network, ipam, invocation));
    return IpamConf(std::move(embedded));
  }
  if (type.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
    return type_field.error(in_quotes(type) + " is no file name: it is searched along CNI_PATH");
  return IpamConf(DelegatedIpam{std::move(type)});
}

}  // namespace isthmus
