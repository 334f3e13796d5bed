#include "plugin/cni/config_keys.h"

#include <algorithm>
#include <array>
#include <vector>

#include "netlink/quoted.h"

namespace isthmus {
namespace {

using std::literals::operator""sv;

constexpr std::array kNetworkKeys = {
    // Ours, and shared with the official ptp.
    "mode"sv, "mtu"sv, "ipMasq"sv, "ipam"sv, "dns"sv, "stateDir"sv, "log"sv,
    // Of the specification and of the CNI library.
    "cniVersion"sv, "cniVersions"sv, "name"sv, "type"sv, "args"sv, "capabilities"sv, "runtimeConfig"sv, "prevResult"sv,
    "plugins"sv, "disableCheck"sv, "disableGC"sv, "loadOnlyInlinedPlugins"sv,
    // Of the official ptp and bridge.
    "ipMasqBackend"sv, "bridge"sv, "isGateway"sv, "isDefaultGateway"sv, "forceAddress"sv, "hairpinMode"sv,
    "promiscMode"sv, "vlan"sv, "vlanTrunk"sv, "preserveDefaultVlan"sv, "macspoofchk"sv, "enabledad"sv,
    "portIsolation"sv, "disableContainerInterface"sv};
// "dataDir" is host-local's; "stateDir" takes its place.
constexpr std::array kIpamKeys = {"type"sv,   "subnet"sv,  "rangeStart"sv, "rangeEnd"sv, "gateway"sv,
                                  "ranges"sv, "exclude"sv, "routes"sv,     "dataDir"sv,  "resolvConf"sv};
constexpr std::array kRangeKeys = {"subnet"sv, "rangeStart"sv, "rangeEnd"sv, "gateway"sv, "exclude"sv};
constexpr std::array kRouteKeys = {"dst"sv, "gw"sv, "mtu"sv, "advmss"sv, "priority"sv, "table"sv, "scope"sv};
constexpr std::array kDnsKeys = {"nameservers"sv, "domain"sv, "search"sv, "options"sv, "writeNetnsResolvConf"sv};
constexpr std::array kLogKeys = {"level"sv, "file"sv, "stderr"sv};

bool never_a_slip(std::string_view key) {
  return key.starts_with('_') || key.starts_with('$') || key.starts_with("x-") || key.find('/') != key.npos;
}

// Letters to change, insert, remove, or swap with their neighbour to get from one to the other, in any case
// (optimal string alignment).
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::vector<std::size_t>> best(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
  auto same = [&](std::size_t i, std::size_t j) { return equal_ignoring_case(from.substr(i, 1), to.substr(j, 1)); };
  for (std::size_t i = 0; i <= from.size(); ++i) {
    for (std::size_t j = 0; j <= to.size(); ++j) {
      if (i == 0 || j == 0) {
        best[i][j] = i + j;
        continue;
      }
      best[i][j] =
          std::min({best[i - 1][j] + 1, best[i][j - 1] + 1, best[i - 1][j - 1] + (same(i - 1, j - 1) ? 0 : 1)});
      bool swapped = i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1);
      if (swapped) best[i][j] = std::min(best[i][j], best[i - 2][j - 2] + 1);
    }
  }
  return best[from.size()][to.size()];
}

// Short words are near to each other without being slips: "mtu" allows one letter, "gw" none.
bool is_slip_for(std::string_view key, std::string_view known) {
  std::size_t allowed = std::min<std::size_t>(2, known.size() / 3);
  std::size_t longer = std::max(key.size(), known.size());
  if (longer - std::min(key.size(), known.size()) > allowed) return false;
  return distance(key, known) <= allowed;
}

}  // namespace

std::span<const std::string_view> network_keys() { return kNetworkKeys; }
std::span<const std::string_view> ipam_keys() { return kIpamKeys; }
std::span<const std::string_view> range_keys() { return kRangeKeys; }
std::span<const std::string_view> route_keys() { return kRouteKeys; }
std::span<const std::string_view> dns_keys() { return kDnsKeys; }
std::span<const std::string_view> log_keys() { return kLogKeys; }

Status refuse_slips(const JsonObject& object, std::span<const std::string_view> known) {
  for (const JsonMember& member : object.members()) {
    std::string_view key = member.key;
    auto is_it = [&](std::string_view word) { return equal_ignoring_case(key, word); };
    if (never_a_slip(key) || std::any_of(known.begin(), known.end(), is_it)) continue;
    auto meant =
        std::find_if(known.begin(), known.end(), [&](std::string_view word) { return is_slip_for(key, word); });
    if (meant == known.end()) continue;
    return Error{"accept",
                 in_quotes(object.path_of(key)) + " = " + brief(member.value),
                 0,
                 "there is no such key, did you mean " + in_quotes(*meant) + "?",
                 "unknown-key",
                 {}};
  }
  return done;
}

}  // namespace isthmus
