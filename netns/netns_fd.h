// A network namespace in two stages: NetnsPath is text that is well formed, NetnsFd is a descriptor that was proved
// to be a network namespace. Only the second is accepted by anything that acts.
#pragma once

#include <sys/types.h>

#include <compare>
#include <string>
#include <utility>

#include "netns/deadline.h"
#include "netns/netns_path.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// Device and inode of the nsfs file: equal for two descriptors exactly when they are the same namespace *now*.
// Inode numbers are used again after a namespace has died; what outlives a process is keyed by cookie as well.
struct NetnsId {
  dev_t device = 0;
  ino_t inode = 0;
  auto operator<=>(const NetnsId&) const = default;
};

class NetnsFd {
 public:
  // Opens (O_RDONLY) and proves: a nsfs file (statfs magic) whose type is CLONE_NEWNET (ioctl_ns(2), NS_GET_NSTYPE).
  // Nothing else is ever opened beyond O_PATH: a FIFO or a device at that path sees nothing of us.
  // A path that neither is in /proc/PID/ns nor can be resolved from the cache alone (FUSE, NFS, automount) is resolved
  // by a helper process, which is abandoned at `deadline`: a thread that waits there could never be ended. So, never
  // call it while a namespace thread lives.
  // Fails with [netns-missing] (no such file), [netns-dying] (/proc/PID/ns/net of a process that is exiting),
  // [netns-not-a-netns] (plain file, other namespace type), [netns-timeout], or [netns-open] for all else.
  static Result<NetnsFd> open(const NetnsPath& path, Deadline deadline);

  NetnsId id() const { return id_; }
  FdRef ref() const { return fd_.ref(); }
  // The one in which the thread was that opened it.
  bool is_own() const { return is_own_; }

 private:
  NetnsFd(UniqueFd fd, NetnsId id, bool is_own) : fd_(std::move(fd)), id_(id), is_own_(is_own) {}
  static Result<NetnsFd> prove(UniqueFd fd, NetnsId own, const std::string& object);
  UniqueFd fd_;
  NetnsId id_;
  bool is_own_;
};

// Of the namespace in which the calling thread is: asked of a socket (ioctl(2), SIOCGSKNS), and where that is not
// allowed of /proc. Fails with [thread-self].
Result<NetnsId> own_netns_id();

}  // namespace isthmus
