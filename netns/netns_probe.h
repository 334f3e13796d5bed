// What only a look from inside a network namespace tells: whose sockets are in it, which devices, and, later, that it
// has died.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/netns_fd.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// A descriptor that does not keep a namespace alive and tells when it is gone: a file of /proc/sys/net opened inside.
// Once the namespace is being taken down its settings are unregistered and reading answers ENOENT. Unlike file handles
// of nsfs it needs neither the initial pid namespace nor a new kernel.
class DeathWitness {
 public:
  DeathWitness() = default;
  explicit DeathWitness(UniqueFd setting) : setting_(std::move(setting)) {}
  // True: the namespace is dead, and nothing can bring it back. False without a descriptor.
  bool dead() const;

 private:
  UniqueFd setting_;
};

struct NetnsInside {
  NetnsId id;
  std::uint64_t cookie = 0;  // SO_NETNS_COOKIE (Linux 5.14); 0 where the kernel has none
  // Every socket of user space that belongs to it: unbound ones, tun descriptors, packet rings, orphaned TCP. Read
  // twice when it is not 0 at first, because a closed UDP socket is counted until an RCU period has passed.
  long sockets = 0;
  std::vector<std::string> links;     // names, "lo" included
  std::vector<std::string> taps;      // tun, tap and macvtap devices: what a virtual machine sits on
  std::uint64_t sent_packets = 0;     // by all links but lo
  bool forwards = false;              // IPv4 or IPv6 forwarding is on: packets may pass without any socket
  bool other_user_namespace = false;  // owned by another than ours: a rootless container's
  DeathWitness witness;
};

// Looks into the namespace at `path`, if it still is the one with this inode. The name is open only meanwhile, some
// hundred microseconds, because others cannot umount(2) it then without MNT_DETACH.
// Fails like NetnsFd::open, and with [netns-changed] when another namespace is there.
Result<NetnsInside> look_inside(const std::string& path, ino_t inode, Deadline deadline);

// The number behind "sockets: used" of /proc/net/sockstat; -1 for any other text.
long sockets_of_sockstat(std::string_view text);

}  // namespace isthmus
