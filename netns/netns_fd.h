// A network namespace in two stages: NetnsPath is text that is well formed, NetnsFd is a descriptor that was proved
// to be a network namespace. Only the second is accepted by anything that acts.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "netns/deadline.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// An absolute path without NUL, at most PATH_MAX - 1 bytes. Says nothing yet about the file.
class NetnsPath {
 public:
  // Fails with [netns-path] when the text is empty, relative, too long, or has a NUL.
  static Result<NetnsPath> parse(std::string_view text);
  const std::string& text() const { return text_; }
  // "web" for /run/netns/web and /var/run/netns/web, where `ip netns` keeps its names; empty for every other path.
  std::string_view name() const;
  bool operator==(const NetnsPath&) const = default;

 private:
  explicit NetnsPath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// Device and inode of the nsfs file: equal for two descriptors exactly when they are the same namespace *now*.
// Inode numbers are used again after a namespace has died; what outlives a process is keyed by cookie as well.
struct NetnsId {
  dev_t device = 0;
  ino_t inode = 0;
  auto operator<=>(const NetnsId&) const = default;
};

class NetnsFd {
 public:
  // Opens and proves: a nsfs file (statfs magic) whose type is CLONE_NEWNET (ioctl_ns(2), NS_GET_NSTYPE).
  // A path that cannot be resolved from the cache alone (FUSE, NFS, automount) is opened by a helper process, which is
  // abandoned at `deadline`: a thread that waits there could never be ended.
  // Fails with [netns-missing] (no such file), [netns-dying] (/proc/PID/ns/net of a process that is exiting),
  // [netns-not-a-netns] (plain file, other namespace type), [netns-timeout], or [netns-open] for all else.
  static Result<NetnsFd> open(const NetnsPath& path, Deadline deadline);

  // The namespace of the calling thread.
  static Result<NetnsFd> own();

  NetnsId id() const { return id_; }
  FdRef ref() const { return fd_.ref(); }

 private:
  NetnsFd(UniqueFd fd, NetnsId id) : fd_(std::move(fd)), id_(id) {}
  static Result<NetnsFd> prove(UniqueFd fd, const std::string& path);
  UniqueFd fd_;
  NetnsId id_;
};

}  // namespace isthmus
