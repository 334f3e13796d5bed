#include "plugin/cni/bridge_conf.h"

namespace isthmus {
namespace {

constexpr std::string_view kDefaultBridge = "cni0";

Result<IfName> read_bridge_name(const JsonField& field) {
  TRY(std::string text, field.text());
  auto name = IfName::parse(text.empty() ? kDefaultBridge : std::string_view(text));
  if (!name) return field.error(name.error());
  return name;
}

// nullopt: absent, or 0, which is no VLAN.
Result<std::optional<std::uint16_t>> read_vlan(const JsonField& field) {
  TRY(auto number, field.integer());
  if (!number || *number == 0) return std::optional<std::uint16_t>();
  if (*number < 0 || *number > kLastVlan)
    return field.error(std::to_string(*number) + " is no VLAN, they go from 1 to 4094");
  return std::optional(static_cast<std::uint16_t>(*number));
}

// {"minID": 100, "maxID": 200}, {"id": 7}, or both in one.
Status read_trunk_entry(const JsonField& entry, std::vector<VlanRange>& trunk) {
  TRY(JsonObject object, entry.object());
  TRY(auto first, read_vlan(object.field("minID")));
  TRY(auto last, read_vlan(object.field("maxID")));
  TRY(auto single, read_vlan(object.field("id")));
  if (first.has_value() != last.has_value()) return entry.error("'minID' and 'maxID' need each other");
  if (!first && !single) return entry.error("it needs 'id', or 'minID' and 'maxID'");
  if (first && *first > *last) return entry.error("'minID' is more than 'maxID'");
  if (first) trunk.push_back({*first, *last});
  if (single) trunk.push_back({*single, *single});
  return done;
}

Result<PortVlans> read_vlans(const JsonObject& network) {
  PortVlans vlans;
  TRY(vlans.untagged, read_vlan(network.field("vlan")));
  TRY(auto trunk, network.field("vlanTrunk").list());
  for (const JsonField& entry : trunk)
    TRY_OK(read_trunk_entry(entry, vlans.tagged));
  TRY(bool keep_default, network.field("preserveDefaultVlan").boolean());
  vlans.drop_default = !vlans.empty() && !keep_default && vlans.untagged != kDefaultVlan;
  return vlans;
}

Status refuse_contradictions(const JsonObject& network, const BridgeConf& bridge) {
  if (bridge.hairpin == true && bridge.promiscuous)
    return network.field("hairpinMode").error("hairpin and promiscuous mode exclude each other; give one of them");
  if (!bridge.disable_container_interface) return done;
  TRY(JsonObject ipam, network.field("ipam").object());
  TRY(std::string type, ipam.field("type").text());
  if (type.empty()) return done;
  return network.field("disableContainerInterface").error("an interface that stays down can have no 'ipam'");
}

}  // namespace

Result<BridgeConf> read_bridge(const JsonObject& network) {
  TRY(IfName name, read_bridge_name(network.field("bridge")));
  BridgeConf bridge{.name = std::move(name)};
  TRY(bridge.is_default_gateway, network.field("isDefaultGateway").boolean());
  TRY(bridge.is_gateway, network.field("isGateway").boolean());
  bridge.is_gateway |= bridge.is_default_gateway;
  TRY(bridge.force_address, network.field("forceAddress").boolean());
  if (JsonField hairpin = network.field("hairpinMode"); hairpin.has_value()) {
    TRY(bridge.hairpin, hairpin.boolean());
  }
  TRY(bridge.promiscuous, network.field("promiscMode").boolean());
  TRY(bridge.isolated, network.field("portIsolation").boolean());
  TRY(bridge.mac_spoof_check, network.field("macspoofchk").boolean());
  TRY(bridge.duplicate_detection, network.field("enabledad").boolean());
  TRY(bridge.disable_container_interface, network.field("disableContainerInterface").boolean());
  TRY(bridge.vlans, read_vlans(network));
  TRY_OK(refuse_contradictions(network, bridge));
  return bridge;
}

}  // namespace isthmus
