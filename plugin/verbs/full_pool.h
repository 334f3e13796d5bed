// What an ADD does that finds every address held: some holders may be dead without a DEL.
#pragma once

#include "plugin/attachment/kernel.h"
#include "plugin/attachment/store.h"
#include "plugin/ipam/lease.h"
#include "plugin/verbs/verbs.h"

namespace isthmus {

// acquire_lease(), and a second time after taking down attachments of the network that are proved dead, if the embedded
// IPAM has no address left. Costs nothing while it has. Dead is an attachment nobody is at work on, whose namespace has
// not its name any more, whose link's end here has gone with it, and whose namespace no task, descriptor or mount
// holds; what could not be seen is a holder. Fails as acquire_lease() does.
Answer<Lease> acquire_lease_making_room(const Call& call, StateStore& store, Kernel<HostSide>& host);

}  // namespace isthmus
