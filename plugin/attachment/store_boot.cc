// Opening the state directory, and what to do with one that an earlier boot left: every namespace it tells of is gone.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "netns/boot_id.h"
#include "netns/file.h"
#include "plugin/attachment/store.h"
#include "plugin/attachment/store_lock.h"
#include "plugin/attachment/store_released.h"
#include "plugin/ipam/state_dir.h"
#include "plugin/ipam/unlinked_file.h"

namespace isthmus {
namespace {

constexpr const char* kBootFile = "boot_id";
constexpr const char* kOldNetworks = "networks.old";
constexpr std::chrono::seconds kBootLockTime{10};

// What is on a tmpfs is of this boot, and needs no note of it.
Result<bool> dies_with_the_boot(FdRef dir) {
  struct statfs fs {};
  if (fstatfs(dir.number(), &fs) != 0) return state_error(errno, "look at the file system of", path_of(dir));
  return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

// Empty when there is none.
Result<std::string> recorded_boot(FdRef dir) {
  UniqueFd file(openat(dir.number(), kBootFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::string();
  std::array<char, 64> buffer;
  ssize_t got = file ? read_lines(file.ref(), buffer, 1) : -1;
  if (got < 0) return state_error(errno, "read", path_of(dir) + "/" + kBootFile);
  std::string_view text(buffer.data(), static_cast<std::size_t>(got));
  return std::string(text.substr(0, text.find('\n')));
}

// Removes a directory and what is in it, following nothing. Deeper than our own directories go is not ours.
Status remove_tree(FdRef parent, const std::string& name, int depth = 4) {
  TRY(auto dir, open_beneath(parent, name));
  if (!dir) return done;
  TRY(auto names, list_all_names(dir->ref()));
  for (const std::string& entry : names) {
    if (unlinkat(dir->ref().number(), entry.c_str(), 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR || depth == 0) return state_error(errno, "remove", path_of(dir->ref()) + "/" + entry);
    TRY_OK(remove_tree(dir->ref(), entry, depth - 1));
  }
  if (unlinkat(parent.number(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return done;
  return state_error(errno, "remove", path_of(parent) + "/" + name);
}

// Kill-safe: the new boot id is written last, so whatever was left undone is done by the next one.
Status discard_networks(FdRef dir) {
  TRY_OK(remove_tree(dir, kOldNetworks));
  if (renameat(dir.number(), "networks", dir.number(), kOldNetworks) != 0 && errno != ENOENT) {
    return state_error(errno, "set aside the state of an earlier boot in", path_of(dir));
  }
  TRY_OK(remove_tree(dir, kReleased));
  return remove_tree(dir, kOldNetworks);
}

// Not by rename(2), which needs a name for the file before: a SIGKILL would leave that. Between the two steps the
// directory is of no boot, which is what it is.
Status write_boot(FdRef dir, const std::string& boot) {
  TRY(UnlinkedFile file, UnlinkedFile::write(dir, boot + "\n"));
  if (unlinkat(dir.number(), kBootFile, 0) != 0 && errno != ENOENT) {
    return state_error(errno, "replace", path_of(dir) + "/" + kBootFile);
  }
  TRY([[maybe_unused]] bool linked, file.link_as(kBootFile));
  return done;
}

}  // namespace

Result<bool> StateStore::is_of_this_boot() const {
  TRY(std::string recorded, recorded_boot(dir_.ref()));
  if (recorded.empty()) {
    TRY(bool needless, dies_with_the_boot(dir_.ref()));
    if (needless) return true;
  }
  TRY(std::string current, boot_id());
  return recorded == current;
}

Status StateStore::settle_boot() {
  TRY_OK(lock_at(kBootLockOffset, "the state of an earlier boot", Deadline::in(kBootLockTime)));
  auto settle = [this]() -> Status {
    TRY(std::string recorded, recorded_boot(dir_.ref()));
    TRY(std::string current, boot_id());
    if (recorded == current) return done;  // another process did it meanwhile
    // Without any id the directory is new, or somebody removed the file: leases that may be live are kept then.
    if (!recorded.empty()) TRY_OK(discard_networks(dir_.ref()));
    return write_boot(dir_.ref(), current);
  };
  auto settled = settle();
  unlock_at(kBootLockOffset);
  return settled;
}

Result<StateStore> StateStore::open(const std::string& state_dir) {
  TRY(UniqueFd dir, make_state_dir(state_dir));
  StateStore store(std::move(dir), state_dir);
  TRY(bool settled, store.is_of_this_boot());
  if (!settled) TRY_OK(store.settle_boot());
  return store;
}

Result<std::optional<StateStore>> StateStore::open_existing(const std::string& state_dir) {
  std::optional<StateStore> nothing;
  TRY(auto dir, open_state_dir(state_dir));
  if (!dir) return nothing;
  StateStore store(*std::move(dir), state_dir);
  TRY(bool settled, store.is_of_this_boot());
  if (!settled) return nothing;
  return std::optional<StateStore>(std::move(store));
}

}  // namespace isthmus
