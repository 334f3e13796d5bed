#include "plugin/reap/preflight.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <cerrno>
#include <cstring>

#include "netns/capabilities.h"
#include "netns/file.h"
#include "netns/mountinfo.h"

namespace isthmus {
namespace {

// include/linux/proc_ns.h: numbers of the namespaces the kernel starts with, the same on every machine.
constexpr ino_t kInitialPidNs = 0xEFFFFFFC;
constexpr ino_t kInitialMountNs = 0xEFFFFFF8;  // since Linux 6.15

struct Need {
  int number;
  const char* name;
  const char* without;
};
constexpr std::array kNeeds = {
    Need{kCapSysAdmin, "CAP_SYS_ADMIN", "other mount namespaces cannot be seen, and nothing can be unmounted"},
    Need{19, "CAP_SYS_PTRACE", "namespaces and descriptors of other users' tasks cannot be seen"},
    Need{2, "CAP_DAC_READ_SEARCH", "directories of other users cannot be read"},
    Need{kCapNetAdmin, "CAP_NET_ADMIN", "network devices cannot be removed"},
};

ino_t inode_of(const char* path) {
  struct stat found {};
  return stat(path, &found) == 0 ? found.st_ino : 0;
}

void check_capabilities(Preflight& preflight) {
  // One of the two suffices to read: CAP_DAC_OVERRIDE is what root in a container usually has.
  auto may_read = has_capability(1);
  for (const Need& need : kNeeds) {
    auto has = has_capability(need.number);
    if (has && *has) continue;
    if (need.number == 2 && may_read && *may_read) continue;
    preflight.failures.push_back(std::string("no ") + need.name + ": " + need.without);
  }
}

void check_proc(Preflight& preflight) {
  std::array<char, 32> self{};
  if (readlink("/proc/self", self.data(), self.size() - 1) <= 0 || std::to_string(getpid()) != self.data()) {
    preflight.failures.emplace_back("/proc is not that of this pid namespace: tasks cannot be told");
    return;
  }
  auto text = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/self/mountinfo", std::size_t{256} << 20);
  if (!text) {
    preflight.failures.push_back("mounts cannot be read: " + text.error().text());
    return;
  }
  for (const MountLine& mount : parse_mountinfo(*text).lines) {
    if (mount.mount_point != "/proc" || mount.fs_type != "proc") continue;
    std::size_t at = mount.super_options.find("hidepid=");
    bool hides = at != std::string::npos && mount.super_options.compare(at + 8, 1, "0") != 0 &&
                 mount.super_options.compare(at + 8, 3, "off") != 0;
    if (hides || mount.super_options.find("subset=pid") != std::string::npos) {
      preflight.failures.emplace_back("/proc is mounted with hidepid or subset: tasks may be missing without a trace");
      return;
    }
  }
}

// True: the initial one, or that of the first process of the initial pid namespace.
bool in_first_mount_namespace(bool initial_pid_ns) {
  ino_t own = inode_of("/proc/self/ns/mnt");
  return own == kInitialMountNs || (initial_pid_ns && own != 0 && own == inode_of("/proc/1/ns/mnt"));
}

}  // namespace

Preflight check_preflight(bool here) {
  Preflight preflight;
  check_capabilities(preflight);
  check_proc(preflight);
  const bool initial_pid_ns = inode_of("/proc/self/ns/pid") == kInitialPidNs;
  const bool first_mount_ns = in_first_mount_namespace(initial_pid_ns);
  const std::string assert_hint = "; --here asserts that all of the host to clean can be seen from here";
  if (!initial_pid_ns && !here) {
    preflight.failures.push_back("not in the initial pid namespace: tasks outside it cannot be seen" + assert_hint);
  }
  if (!first_mount_ns && !here) {
    preflight.failures.push_back("not in the mount namespace of pid 1: the names here may be copies of others" +
                                 assert_hint);
  }
  if (!initial_pid_ns) {
    preflight.scope.emplace_back("tasks outside this pid namespace were not looked at");
    preflight.scope.emplace_back("mount namespaces without a task cannot be found from a child pid namespace");
  }
  if (!first_mount_ns) preflight.scope.emplace_back("names outside this mount namespace were not looked at");
  preflight.scope.emplace_back("never visible: descriptors in flight in a unix socket, references inside the kernel");
  return preflight;
}

}  // namespace isthmus
