// Reads of the host that decide what ADD will do. Nothing here changes anything.
#pragma once

#include "plugin/attachment/kernel.h"
#include "plugin/attachment/plan.h"
#include "plugin/cni/netconf.h"
#include "plugin/ipam/lease.h"

namespace isthmus {

// The first of the key's names that no link on the host has. Fails with [host-ifname-taken].
Result<IfName> free_host_ifname(Kernel<HostSide>& host, const AttachmentKey& key);

Result<Facts> look(Kernel<HostSide>& host, IfName host_ifname, const Settings& settings, const Lease& lease);

// Links with a default route that router advertisements gave the host.
Result<std::vector<std::string>> links_with_advertised_default(Kernel<HostSide>& host);

// The host's end of an attachment, whoever asks: known by kind and by the MAC or alias that follow from the key, under
// the recorded name or one of the derived ones. A link that only has the name is not it. nullopt: it is gone.
Result<std::optional<LinkInfo>> find_host_end(RouteSocket<HostSide>& host,
                                              const AttachmentKey& key,
                                              const std::string& recorded_name);

}  // namespace isthmus
