#include "netns/netns_fd.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "netns/netns_resolve.h"
#include "netns/syscalls.h"

namespace isthmus {
namespace {

// In a thread only /proc/thread-self is honest; /proc/self would name the main thread's namespace.
constexpr const char* kOwnPath = "/proc/thread-self/ns/net";
constexpr const char* kOpenNetns = "open network namespace";

const char* namespace_kind(int type) {
  switch (type) {
    case CLONE_NEWNS:
      return "mount";
    case CLONE_NEWPID:
      return "pid";
    case CLONE_NEWUSER:
      return "user";
    case CLONE_NEWUTS:
      return "uts";
    case CLONE_NEWIPC:
      return "ipc";
    case CLONE_NEWCGROUP:
      return "cgroup";
    case CLONE_NEWTIME:
      return "time";
    default:
      return "unknown";
  }
}

const char* file_kind(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "a plain file";
    case S_IFDIR:
      return "a directory";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket file";
    case S_IFCHR:
    case S_IFBLK:
      return "a device";
    default:
      return "a file of another kind";
  }
}

// Refuses everything that is not nsfs by the device number alone: all namespace files are on the one nsfs of the
// kernel. statx(2) with AT_STATX_DONT_SYNC asks no FUSE or NFS server; statfs(2) would, and could wait for ever.
Result<NetnsId> check_device(FdRef file, NetnsId own, const std::string& object) {
  struct statx found {};
  if (syscalls::statx(file.number(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &found) != 0) {
    return errno_error("inspect network namespace", object, "netns-open");
  }
  const dev_t device = makedev(found.stx_dev_major, found.stx_dev_minor);
  if (device == own.device) return NetnsId{device, found.stx_ino};
  Error error{kOpenNetns, object, 0, std::string("it is ") + file_kind(found.stx_mode), "netns-not-a-netns", {}};
  if (S_ISREG(found.stx_mode)) {
    error.hint =
        "a file that named a namespace stays behind when that is unmounted, or is mounted where we cannot see it";
  }
  return error;
}

// /proc would make five entries for this thread, and the kernel has them to clear away when it ends. Empty: not allowed
// (without CAP_NET_ADMIN), or not known.
UniqueFd netns_of_new_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return UniqueFd(socket ? ioctl(socket.ref().number(), SIOCGSKNS) : -1);
}

}  // namespace

Result<NetnsFd> NetnsFd::open(const NetnsPath& path, Deadline deadline) {
  std::string object = "'" + path.text() + "'";
  TRY(UniqueFd file, detail::resolve_netns_path(path, deadline));
  TRY(NetnsId own, own_netns_id());
  TRY(NetnsId id, check_device(file.ref(), own, object));
  UniqueFd fd = detail::reopen_by_path(path, id);
  if (!fd) {
    std::string same_file = "/proc/self/fd/" + std::to_string(file.ref().number());
    fd = UniqueFd(::open(same_file.c_str(), O_RDONLY | O_CLOEXEC));
  }
  if (!fd) return errno_error(kOpenNetns, object, "netns-open");
  return prove(std::move(fd), own, object);
}

Result<NetnsFd> NetnsFd::prove(UniqueFd fd, NetnsId own, const std::string& object) {
  struct statfs fs {};
  if (fstatfs(fd.ref().number(), &fs) != 0) return errno_error("inspect network namespace", object, "netns-open");
  if (fs.f_type != NSFS_MAGIC) return Error{kOpenNetns, object, 0, "it is not on nsfs", "netns-not-a-netns", {}};
  int type = ioctl(fd.ref().number(), NS_GET_NSTYPE);
  if (type < 0) return errno_error("ask for the type of namespace", object, "netns-not-a-netns");
  if (type != CLONE_NEWNET) {
    std::string detail = std::string("it is a ") + namespace_kind(type) + " namespace";
    return Error{
        kOpenNetns, object, 0, detail, "netns-not-a-netns", "the network namespace of a process is /proc/PID/ns/net"};
  }
  struct stat found {};
  if (fstat(fd.ref().number(), &found) != 0) return errno_error("inspect network namespace", object, "netns-open");
  const NetnsId id{found.st_dev, found.st_ino};
  return NetnsFd(std::move(fd), id, id == own);
}

Result<NetnsId> own_netns_id() {
  struct stat found {};
  UniqueFd netns = netns_of_new_socket();
  if (netns && fstat(netns.ref().number(), &found) == 0) return NetnsId{found.st_dev, found.st_ino};
  if (stat(kOwnPath, &found) != 0) {
    return errno_error("inspect", "'" + std::string(kOwnPath) + "'", "thread-self")
        .with_hint("is /proc mounted, and of our own pid namespace?");
  }
  return NetnsId{found.st_dev, found.st_ino};
}

}  // namespace isthmus
