#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "netns/file.h"
#include "netns/namespace_thread.h"
#include "netns/netns_probe.h"
#include "plugin/inspect/node.h"

namespace isthmus {
namespace {

constexpr std::size_t kSockstat = std::size_t{64} << 10;
constexpr std::chrono::milliseconds kGracePeriod(250);
constexpr int kLooks = 3;

bool rests_on_sockets(const NodeNetns& netns) {
  const auto& holders = netns.seen.holders;
  return !netns.is_host && netns.sockets > 0 && holders.tasks == 0 && holders.descriptors == 0;
}

}  // namespace

long count_sockets_here() {
  auto text = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/thread-self/net/sockstat", kSockstat);
  return text ? sockets_of_sockstat(*text) : -1;
}

void wait_for_closed_sockets(Node& node, Deadline deadline) {
  for (int look = 0; look < kLooks; ++look) {
    if (std::none_of(node.namespaces.begin(), node.namespaces.end(), rests_on_sockets)) return;
    if (!deadline.leaves(kGracePeriod * 2)) return;
    usleep(static_cast<useconds_t>(std::chrono::microseconds(kGracePeriod).count()));
    for (NodeNetns& netns : node.namespaces) {
      if (!rests_on_sockets(netns)) continue;
      auto fd = open_seen_netns(netns.seen, deadline.at_most(kGracePeriod));
      if (!fd) continue;
      auto now = run_in<ContainerSide>(
          *fd, [](const InNamespace<ContainerSide>&) -> Result<long> { return count_sockets_here(); });
      if (now && *now >= 0) netns.sockets = *now;
    }
  }
}

}  // namespace isthmus
