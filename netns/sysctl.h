// Settings under /proc/sys/net, bound to one network namespace for life.
// A directory opened there belongs to the namespace of the thread that opened it, as a socket does
// (fs/proc/proc_sysctl.c follows current's net namespace only at the root), so the main thread writes a container's
// settings without moving. The host's settings need no directory: the main thread is at home. Every namespace in which
// somebody opened such a directory makes that of all others slower to find, so none is opened without need.
#pragma once

#include <string>
#include <string_view>

#include "netns/namespace_thread.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

enum class SysctlFamilies { ipv6, both };

// Untyped part: O_PATH descriptors of /proc/sys/net/ipv4 and ipv6 or absolute paths, and what is said of them in
// errors.
class SysctlDir {
 public:
  // "ipv6/conf/eth0/accept_ra". Reads the value without its newline. ENOENT is the answer of a kernel without the
  // setting, or without IPv6.
  Result<std::string> read(std::string_view setting) const;
  // Writes the value; reads first and writes nothing when it is right already, so that a read-only /proc does no harm.
  // Fails with [sysctl-write].
  Status write(std::string_view setting, std::string_view value) const;
  // Whether the kernel has IPv6; a setting may still have switched it off.
  bool has_ipv6() const;

 protected:
  static SysctlDir at_home();
  static Result<SysctlDir> open_here(SysctlFamilies families);

 private:
  struct Place {
    FdRef dir;
    std::string name;
  };
  Result<Place> find(std::string_view setting) const;
  SysctlDir(bool at_home, UniqueFd ipv4, UniqueFd ipv6)
      : at_home_(at_home), ipv4_(std::move(ipv4)), ipv6_(std::move(ipv6)) {}
  const char* side() const { return at_home_ ? HostSide::kName : ContainerSide::kName; }
  bool at_home_;
  UniqueFd ipv4_;  // this and the next only of a container
  UniqueFd ipv6_;  // empty when the kernel has no IPv6
};

template <class Side>
class Sysctl;

template <>
class Sysctl<HostSide> : public SysctlDir {
 public:
  // Opens nothing. read() and write() fail with [internal] on any thread but the main one.
  explicit Sysctl(const InNamespace<HostSide>& /*pass*/) : SysctlDir(at_home()) {}
};

template <>
class Sysctl<ContainerSide> : public SysctlDir {
 public:
  // Fails with [sysctl-open].
  static Result<Sysctl> open(const InNamespace<ContainerSide>& pass, SysctlFamilies families) {
    if (!pass.here()) return Error{"open /proc/sys/net", {}, 0, "the pass belongs to another thread", "internal", {}};
    TRY(SysctlDir dir, open_here(families));
    return Sysctl(std::move(dir));
  }

 private:
  explicit Sysctl(SysctlDir dir) : SysctlDir(std::move(dir)) {}
};

}  // namespace isthmus
