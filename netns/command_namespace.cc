#include "netns/command_namespace.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "netns/syscalls.h"

namespace isthmus {
namespace {

constexpr const char* kWord = "exec-mounts";

// What is mounted below these parts of /sys (cgroups, tracing, FUSE connections) has nothing to do with the network.
constexpr std::array kPartsOfSys = {"fs", "kernel", "firmware"};

bool exists(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0;
}

// A sysfs shows the devices of the network namespace it was mounted from.
Status renew_sys() {
  struct statfs fs {};
  if (statfs("/sys", &fs) != 0 || fs.f_type != SYSFS_MAGIC) return done;
  std::array<UniqueFd, kPartsOfSys.size()> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string path = std::string("/sys/") + kPartsOfSys[i];
    parts[i] =
        UniqueFd(syscalls::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  }
  const bool read_only = (fs.f_flags & ST_RDONLY) != 0;
  unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | (read_only ? MS_RDONLY : 0);
  if (mount("sysfs", "/sys", "sysfs", flags, nullptr) != 0) {
    // Whose network namespace belongs to another user namespace may not see its devices.
    if (errno == EPERM) return done;
    return errno_error("mount", "'/sys'", kWord);
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string path = std::string("/sys/") + kPartsOfSys[i];
    if (!parts[i] || !exists(path)) continue;
    if (syscalls::move_mount(parts[i].ref().number(), "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
      return errno_error("mount", "'" + path + "'", kWord);
    }
  }
  return done;
}

Status bind_over_etc(const std::string& etc_dir, const std::string& name) {
  const std::string from = etc_dir + "/" + name;
  const std::string to = "/etc/" + name;
  // To the end of a symbolic link: there the command will look.
  if (mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0) return done;
  Error error = errno_error("put '" + from + "' over", "'" + to + "'", kWord);
  if (error.err == ENOENT) {
    if (!exists(from)) return done;  // removed meanwhile, by DEL for one
    struct stat link {};
    bool dangling = lstat(to.c_str(), &link) == 0 && S_ISLNK(link.st_mode);
    error.hint = dangling ? "it is a symbolic link to nothing" : "make an empty one: there is nothing to put it over";
  }
  return error;
}

Status bind_all_over_etc(const std::string& etc_dir) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(etc_dir.c_str()), closedir);
  if (!dir && errno == ENOENT) return done;
  if (!dir) return errno_error("list", "'" + etc_dir + "'", kWord);
  while (const dirent* entry = readdir(dir.get())) {
    // Temporary files of editors and of ourselves.
    if (entry->d_name[0] != '.') TRY_OK(bind_over_etc(etc_dir, entry->d_name));
  }
  return done;
}

}  // namespace

Status enter_for_command(const NetnsFd& netns, const std::string& etc_dir) {
  if (unshare(CLONE_NEWNS) != 0) {
    return errno_error("make a mount namespace", {}, kWord).with_hint("isthmus exec needs CAP_SYS_ADMIN");
  }
  // Slave, not private: what the host unmounts later goes here too, so that a long command pins nothing.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return errno_error("cut off the mount namespace", {}, kWord);
  }
  if (setns(netns.ref().number(), CLONE_NEWNET) != 0) {
    return errno_error("enter the network namespace", {}, "netns-enter");
  }
  TRY_OK(renew_sys());
  return etc_dir.empty() ? Status(done) : bind_all_over_etc(etc_dir);
}

}  // namespace isthmus
