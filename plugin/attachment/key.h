// What names an attachment, and what follows from the name alone, so that DEL finds everything without any state.
#pragma once

#include <string>

#include "netlink/names.h"
#include "plugin/cni/ids.h"
#include "plugin/cni/netconf.h"

namespace isthmus {

// (network, container id, ifname): CNI specification 0.4.0, "plugin state is keyed by".
struct AttachmentKey {
  NetworkName network;
  ContainerId container_id;
  IfName ifname;

  AttachmentRef ref() const { return {container_id.text(), ifname.text()}; }
  // One file name for it, at most 255 bytes: "<container id>:<ifname>" (':' is legal in neither), or a hash if longer.
  std::string file_name() const;
  // How often a name may be taken by somebody else before we give up.
  static constexpr int kHostNameTries = 4;
  // "ist" and 48 bits of a hash of the key and `attempt`, in hexadecimal.
  IfName host_ifname(int attempt) const;
  MacAddress host_mac() const;
  MacAddress container_mac() const;
  // ifalias of the host's end: "isthmus NETWORK/CONTAINERID/IFNAME" and, if known, " pod NS/NAME"; at most 255 bytes.
  std::string alias(const std::string& pod) const;

  auto operator<=>(const AttachmentKey&) const = default;
};

}  // namespace isthmus
