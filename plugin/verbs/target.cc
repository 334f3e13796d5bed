#include "plugin/verbs/target.h"

namespace isthmus {

CniError own_netns_error(const Invocation& invocation) {
  return {kOwnNetnsCode, "CNI_NETNS '" + invocation.netns +
                             "' is the network namespace of the plugin itself [netns-own]; nothing was changed. A "
                             "/proc/PID path means that "
                             "the process is gone and its number was used again; CNI_NETNS_OVERRIDE=1 skips this test"};
}

Answer<NetnsFd> open_target(const Invocation& invocation, Deadline deadline) {
  TRY(NetnsPath path, NetnsPath::parse(invocation.netns));
  TRY(NetnsFd target, NetnsFd::open(path, deadline));
  if (target.is_own() && !invocation.netns_override) return own_netns_error(invocation);
  return target;
}

bool targets_own_netns(const Invocation& invocation, Deadline deadline) {
  if (invocation.netns.empty() || invocation.netns_override) return false;
  auto path = NetnsPath::parse(invocation.netns);
  if (!path) return false;
  auto target = NetnsFd::open(*path, deadline);
  return target && target->is_own();
}

}  // namespace isthmus
