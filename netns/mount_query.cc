#include "netns/mount_query.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "netns/syscalls.h"

namespace isthmus {
namespace {

// The same numbers on every architecture (include/uapi/asm-generic/unistd.h).
constexpr long kStatmount = 457;
constexpr long kListmount = 458;

// struct mnt_id_req and struct statmount of linux/mount.h, as of Linux 6.11.
struct MountRequest {
  std::uint32_t size = sizeof(MountRequest);
  std::uint32_t spare = 0;
  std::uint64_t mount = 0;
  std::uint64_t param = 0;
  std::uint64_t ns = 0;
};
struct StatMount {
  std::uint32_t size;
  std::uint32_t options;
  std::uint64_t mask;
  std::uint32_t device_major;
  std::uint32_t device_minor;
  std::uint64_t magic;
  std::uint32_t super_flags;
  std::uint32_t fs_type;
  std::uint64_t id;
  std::uint64_t parent_id;
  std::uint32_t old_id;
  std::uint32_t old_parent_id;
  std::uint64_t attributes;
  std::uint64_t propagation;
  std::uint64_t peer_group;
  std::uint64_t master;
  std::uint64_t propagate_from;
  std::uint32_t root;
  std::uint32_t point;
  std::uint64_t spare[50];
};
static_assert(sizeof(StatMount) == 512, "the strings begin at byte 512");
constexpr std::uint64_t kSuperBlock = 0x1;
constexpr std::uint64_t kMount = 0x2;
constexpr std::uint64_t kRoot = 0x8;
constexpr std::uint64_t kPoint = 0x10;

// linux/nsfs.h.
struct MountNsInfo {
  std::uint32_t size = sizeof(MountNsInfo);
  std::uint32_t mounts = 0;
  std::uint64_t id = 0;
};
constexpr unsigned long kGetMountNsId = _IOR(0xb7, 0x5, std::uint64_t);
constexpr unsigned long kGetInfo = _IOR(0xb7, 10, MountNsInfo);
constexpr unsigned long kGetNext = _IOR(0xb7, 11, MountNsInfo);
constexpr unsigned long kGetPrevious = _IOR(0xb7, 12, MountNsInfo);

constexpr unsigned kStatxUniqueMountId = 0x4000;  // STATX_MNT_ID_UNIQUE

// Appends every namespace in one direction. ENOENT is the end of the list.
Status walk(FdRef start, unsigned long direction, std::vector<MountNsId>& ids) {
  UniqueFd current;
  int fd = start.number();
  while (true) {
    MountNsInfo info;
    // An int in one C library, an unsigned long in another; the kernel takes the low half.
    UniqueFd next(ioctl(fd, static_cast<int>(direction), &info));
    if (!next && errno == ENOENT) return done;
    if (!next) return errno_error("walk the mount namespaces");
    ids.push_back(info.id);
    current = std::move(next);
    fd = current.ref().number();
  }
}

}  // namespace

Result<std::vector<std::uint64_t>> list_mounts(MountNsId ns, std::uint64_t below) {
  std::vector<std::uint64_t> ids;
  std::array<std::uint64_t, 1024> page;
  MountRequest request{.mount = below, .ns = ns};
  while (true) {
    long got = syscall(kListmount, &request, page.data(), page.size(), 0);
    if (got < 0) return errno_error("list mounts");
    ids.insert(ids.end(), page.begin(), page.begin() + got);
    if (static_cast<std::size_t>(got) < page.size()) return ids;
    request.param = page.back();
  }
}

Result<MountFacts> stat_mount(MountNsId ns, std::uint64_t id, bool with_texts) {
  // Two paths of at most PATH_MAX each.
  struct {
    StatMount head;
    char texts[8192 + 512];
  } answer;
  MountRequest request{.mount = id, .param = kSuperBlock | kMount | (with_texts ? kRoot | kPoint : 0), .ns = ns};
  if (syscall(kStatmount, &request, &answer, sizeof answer, 0) != 0) return errno_error("inspect mount");
  const StatMount& head = answer.head;
  if ((head.mask & (kSuperBlock | kMount)) != (kSuperBlock | kMount)) return errno_error_from(ENOENT, "inspect mount");
  MountFacts facts{.id = head.id, .parent_id = head.parent_id, .old_id = head.old_id, .fs_magic = head.magic};
  facts.device = makedev(head.device_major, head.device_minor);
  facts.shared = (head.propagation & (1U << 20U)) != 0;  // MS_SHARED
  if ((head.mask & kRoot) != 0) facts.root = answer.texts + head.root;
  if ((head.mask & kPoint) != 0) facts.mount_point = answer.texts + head.point;
  return facts;
}

Result<MountNsId> mount_ns_id(FdRef ns) {
  MountNsId id = 0;
  if (ioctl(ns.number(), kGetMountNsId, &id) == 0) return id;
  return errno_error("ask for the id of a mount namespace");
}

Result<std::vector<MountNsId>> walk_mount_namespaces(FdRef own) {
  MountNsInfo info;
  if (ioctl(own.number(), kGetInfo, &info) != 0) return errno_error("walk the mount namespaces");
  std::vector<MountNsId> ids{info.id};
  TRY_OK(walk(own, kGetNext, ids));
  TRY_OK(walk(own, kGetPrevious, ids));
  return ids;
}

Result<MountOfFile> mount_of_file(FdRef dir, const std::string& name) {
  MountOfFile mount;
  struct statx found {};
  constexpr int kFlags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  // Asked for the unique id a kernel without it gives neither: two questions, the second for the old one.
  if (syscalls::statx(dir.number(), name.c_str(), kFlags, STATX_INO | kStatxUniqueMountId, &found) != 0) {
    return errno_error("inspect mount", "'" + name + "'");
  }
  if ((found.stx_mask & kStatxUniqueMountId) != 0) mount.unique_id = found.stx_mnt_id;
  mount.device = makedev(found.stx_dev_major, found.stx_dev_minor);
  mount.inode = found.stx_ino;
  if (syscalls::statx(dir.number(), name.c_str(), kFlags, STATX_INO | STATX_MNT_ID, &found) == 0)
    mount.old_id = found.stx_mnt_id;
  return mount;
}

}  // namespace isthmus
