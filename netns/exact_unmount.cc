#include "netns/exact_unmount.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "netns/helper_process.h"
#include "netns/syscalls.h"

namespace isthmus {
namespace {

std::string in_quotes(const std::string& name) { return "'" + name + "'"; }

Result<std::optional<NameFile>> inspect(int dir, const std::string& name) {
  struct statx found {};
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  if (syscalls::statx(dir, name.c_str(), kFlags, STATX_BASIC_STATS | STATX_BTIME, &found) != 0) {
    if (errno == ENOENT) return std::optional<NameFile>();
    return errno_error("inspect the file", in_quotes(name));
  }
  NameFile file{.device = makedev(found.stx_dev_major, found.stx_dev_minor), .inode = found.stx_ino};
  if ((found.stx_mask & STATX_BTIME) != 0) {
    file.born_ns = found.stx_btime.tv_sec * 1'000'000'000 + found.stx_btime.tv_nsec;
  }
  file.mode = found.stx_mode;
  file.size = found.stx_size;
  file.links = found.stx_nlink;
  return std::optional<NameFile>(file);
}

bool same_mount(const MountOfFile& now, const NetnsMount& judged) {
  bool same_id = judged.unique_id != 0 ? now.unique_id == judged.unique_id : now.old_id == judged.old_id;
  return same_id && now.inode == judged.inode && now.device == judged.device;
}

Result<bool> is_covered(const NetnsMount& judged) {
  if (judged.unique_id != 0) {
    auto children = list_mounts(kOwnMountNs, judged.unique_id);
    if (children) return !children->empty();
    if (children.error().err == ENOENT) return false;  // gone: umount2 will say so
    return std::move(children).error();
  }
  TRY(auto mounts, own_netns_mounts(MountSource::mountinfo));
  return std::any_of(mounts.begin(), mounts.end(),
                     [&](const NetnsMount& mount) { return mount.old_id == judged.old_id && mount.covered; });
}

// Without a look through the mount, which would be a use of it.
Result<bool> is_still_there(const NetnsMount& judged) {
  TRY(auto mounts, own_netns_mounts());
  return std::any_of(mounts.begin(), mounts.end(), [&](const NetnsMount& mount) {
    return mount.unique_id == judged.unique_id && mount.old_id == judged.old_id && mount.inode == judged.inode &&
           mount.mount_point == judged.mount_point;
  });
}

bool may_wait_for_a_server(long magic) {
  constexpr std::array<long, 6> kServers = {FUSE_SUPER_MAGIC,      NFS_SUPER_MAGIC,       SMB_SUPER_MAGIC,
                                            0xff534d42 /* cifs */, 0x00c36400 /* ceph */, V9FS_MAGIC};
  return std::find(kServers.begin(), kServers.end(), magic) != kServers.end();
}

}  // namespace

bool NameFile::is_plain_name() const { return S_ISREG(mode) && size == 0 && links == 1; }

Result<std::optional<NameFile>> file_below(FdRef dir, const std::string& name) {
  // A clone of the directory's mount without what is mounted in it.
  constexpr unsigned kFlags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
  UniqueFd bare(syscalls::open_tree(dir.number(), "", kFlags));
  if (!bare) return errno_error("look below the mounts of a directory");
  return inspect(bare.ref().number(), name);
}

Result<UnmountOutcome> unmount_exactly(FdRef dir, const std::string& name, const NetnsMount& judged) {
  UniqueFd mount(openat(dir.number(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!mount && errno == ENOENT) return UnmountOutcome::changed;
  if (!mount) return errno_error("open", in_quotes(name));
  TRY(MountOfFile now, mount_of_file(mount.ref(), ""));
  if (!same_mount(now, judged)) return UnmountOutcome::changed;
  TRY(bool covered, is_covered(judged));
  if (covered) return UnmountOutcome::covered;
  // By the descriptor, which is this mount and no other; UMOUNT_NOFOLLOW would refuse the magic link.
  const std::string link = "/proc/self/fd/" + std::to_string(mount.ref().number());
  if (umount2(link.c_str(), MNT_DETACH) == 0) return UnmountOutcome::unmounted;
  if (errno == EINVAL) return UnmountOutcome::changed;
  return errno_error("unmount", in_quotes(name));
}

Result<ExpireOutcome> expire_exactly(FdRef dir, const std::string& name, const NetnsMount& judged) {
  TRY(bool there, is_still_there(judged));
  if (!there) return ExpireOutcome::changed;
  TRY(bool covered, is_covered(judged));
  if (covered) return ExpireOutcome::covered;
  // By the path: should another mount be there by now, it has no mark yet and only gets one.
  const std::string path = "/proc/self/fd/" + std::to_string(dir.number()) + "/" + name;
  if (umount2(path.c_str(), MNT_EXPIRE | UMOUNT_NOFOLLOW) == 0) return ExpireOutcome::unmounted;
  if (errno == EAGAIN) return ExpireOutcome::armed;
  if (errno == EBUSY) return ExpireOutcome::busy;
  if (errno == EINVAL || errno == ENOENT) return ExpireOutcome::changed;
  return errno_error("unmount", in_quotes(name));
}

Result<UnlinkOutcome> remove_name(FdRef dir, const std::string& name, const NameFile& judged) {
  TRY(auto now, inspect(dir.number(), name));
  if (!now) return UnlinkOutcome::absent;
  TRY(MountOfFile of_dir, mount_of_file(dir, ""));
  TRY(MountOfFile of_file, mount_of_file(dir, name));
  if (of_dir.old_id != of_file.old_id) return UnlinkOutcome::still_mounted;
  if (*now != judged || !now->is_plain_name()) return UnlinkOutcome::other_file;
  if (unlinkat(dir.number(), name.c_str(), 0) == 0) return UnlinkOutcome::removed;
  if (errno == ENOENT) return UnlinkOutcome::absent;
  if (errno == EBUSY) return UnlinkOutcome::still_mounted;
  return errno_error("remove the file", in_quotes(name));
}

Result<UniqueFd> open_name_directory(const std::string& path, Deadline deadline) {
  auto failed = [&](int err, const char* detail, const char* hint) {
    Error error = errno_error_from(err, "open the directory of names", in_quotes(path), "reap-root");
    error.detail = detail;
    error.hint = hint;
    return error;
  };
  auto answer = run_in_helper(deadline, [&] {
    UniqueFd dir(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct statfs fs {};
    if (!dir || fstatfs(dir.ref().number(), &fs) != 0) return HelperAnswer{errno, {}};
    if (may_wait_for_a_server(fs.f_type)) return HelperAnswer{EREMOTE, {}};
    return HelperAnswer{0, std::move(dir)};
  });
  if (!answer && answer.error().err == ETIMEDOUT) {
    return failed(ETIMEDOUT, "", "the file system it is on does not answer");
  }
  if (!answer) return std::move(answer).error();
  if (answer->err == EREMOTE)
    return failed(0, "it is on a file system that waits for a server", "names live on a tmpfs");
  if (answer->err != 0) return failed(answer->err, "", "");
  return std::move(answer->fd);
}

}  // namespace isthmus
