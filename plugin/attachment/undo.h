// Undoing an attachment, from its record or from its key alone: the only undo in the program, used by DEL, by GC and by
// an ADD that failed. Needs neither the container's namespace nor prevResult nor the configuration of the ADD.
#pragma once

#include <optional>
#include <vector>

#include "netlink/netfilter_socket.h"
#include "plugin/attachment/kernel.h"
#include "plugin/attachment/record.h"

namespace isthmus {

// Removes the link, what the host remembers of it, and the files outside the state directory, and returns every
// failure. What is not there is done. `mac_guard`: the attachment had one (netlink/mac_guard.h). The lease and the
// record itself are the caller's: they go last, when nothing uses the address any more. `netfilter`, if there is one,
// is used for what is deleted from nf_tables, and may be by the caller; the process that waits out the link's grace
// period then waits out that one as well: delete_link_without_grace().
std::vector<Error> undo(const AttachmentKey& key,
                        const std::optional<Record>& record,
                        bool mac_guard,
                        Deadline deadline,
                        NetfilterSocket* netfilter = nullptr);

}  // namespace isthmus
