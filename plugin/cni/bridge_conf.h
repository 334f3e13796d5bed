// The keys of "mode": "bridge", as the official bridge plugin has them.
#pragma once

#include <optional>

#include "netlink/bridge_vlan.h"
#include "netlink/names.h"
#include "plugin/cni/json_reader.h"

namespace isthmus {

struct BridgeConf {
  IfName name;                       // "bridge"
  bool is_gateway = false;           // "isGateway", or "isDefaultGateway", which implies it
  bool is_default_gateway = false;   // "isDefaultGateway"
  bool force_address = false;        // "forceAddress": addresses in the way of the gateway's are taken from the bridge
  std::optional<bool> hairpin;       // "hairpinMode"; absent: on where it does no harm
  bool promiscuous = false;          // "promiscMode"
  bool isolated = false;             // "portIsolation"
  bool mac_spoof_check = false;      // "macspoofchk"
  bool duplicate_detection = false;  // "enabledad"
  bool disable_container_interface = false;  // the container's end stays down, and gets no address
  PortVlans vlans;                           // "vlan", "vlanTrunk", "preserveDefaultVlan"
  bool operator==(const BridgeConf&) const = default;
};

// Takes the whole configuration. Fails without a word for a value of another type, a name that is none, a VLAN out of
// range, and for keys that exclude each other: hairpinMode and promiscMode, disableContainerInterface and ipam.
Result<BridgeConf> read_bridge(const JsonObject& network);

}  // namespace isthmus
