#include "plugin/attachment/store_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "netns/file.h"
#include "plugin/attachment/store.h"
#include "plugin/cni/hash.h"
#include "plugin/ipam/state_dir.h"

namespace isthmus {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{1};
constexpr milliseconds kLongestPause{50};
constexpr std::uint64_t kLockPurpose = 200;  // none of key.cc's

// Two attachments on one byte only wait for each other without need.
std::int64_t offset_of(const AttachmentKey& key) {
  std::string text = key.network.text() + "/" + key.container_id.text() + "/" + key.ifname.text();
  return static_cast<std::int64_t>(hash_text(text, kLockPurpose) >> 2);
}

std::int64_t offset_of(const NetworkName& network) {
  return static_cast<std::int64_t>(hash_text(network.text(), kLockPurpose) >> 2);
}

struct flock byte_at(std::int64_t offset, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return lock;
}

// "pid 4711 (isthmus)"; empty when nobody holds it any more.
std::string holder_of(FdRef file, std::int64_t offset) {
  struct flock lock = byte_at(offset, F_WRLCK);
  if (fcntl(file.number(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return {};
  // Of a process in another pid namespace the kernel gives no number.
  if (lock.l_pid <= 0) return "a process in another pid namespace";
  std::string pid = std::to_string(lock.l_pid);
  auto name = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/" + pid + "/comm", 64);
  if (!name) return "pid " + pid;
  name->erase(std::remove(name->begin(), name->end(), '\n'), name->end());
  return "pid " + pid + " (" + *name + ")";
}

}  // namespace

Status StateStore::open_lock_file() {
  if (lock_) return done;
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  lock_ = UniqueFd(openat(dir_.ref().number(), "lock", kFlags));
  if (!lock_ && errno == ENOENT) {
    lock_ = UniqueFd(openat(dir_.ref().number(), "lock", kFlags | O_CREAT, 0600));
    if (lock_) fchmod(lock_.ref().number(), 0600);
  }
  if (!lock_) return state_error(errno, "open", path_ + "/lock");
  return done;
}

Result<bool> StateStore::try_lock_at(std::int64_t offset) {
  TRY_OK(open_lock_file());
  struct flock lock = byte_at(offset, F_WRLCK);
  if (fcntl(lock_.ref().number(), F_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return state_error(errno, "lock", path_ + "/lock");
}

Status StateStore::lock_at(std::int64_t offset, const std::string& what, Deadline deadline) {
  // Polling, because the kernel's own waiting (F_SETLKW) knows no deadline but a signal.
  milliseconds pause = kFirstPause;
  while (true) {
    TRY(bool locked, try_lock_at(offset));
    if (locked) return done;
    if (deadline.passed()) {
      std::string holder = holder_of(lock_.ref(), offset);
      if (!holder.empty()) {
        return Error{"work on", what, 0, holder + " is at work on it", "attachment-busy", "will retry"};
      }
    }
    std::this_thread::sleep_for(std::min(pause, milliseconds(std::max(deadline.poll_timeout_ms(), 1))));
    pause = std::min(2 * pause, kLongestPause);
  }
}

void StateStore::unlock_at(std::int64_t offset) {
  if (!lock_) return;
  struct flock lock = byte_at(offset, F_UNLCK);
  fcntl(lock_.ref().number(), F_SETLK, &lock);
}

Status StateStore::lock(const AttachmentKey& key, Deadline deadline) {
  return lock_at(offset_of(key), "'" + key.ifname.text() + "' in network '" + key.network.text() + "'", deadline);
}

Result<bool> StateStore::try_lock(const AttachmentKey& key) { return try_lock_at(offset_of(key)); }

void StateStore::unlock(const AttachmentKey& key) { unlock_at(offset_of(key)); }

Status StateStore::lock(const NetworkName& network, Deadline deadline) {
  return lock_at(offset_of(network), "network '" + network.text() + "'", deadline);
}

void StateStore::unlock(const NetworkName& network) { unlock_at(offset_of(network)); }

}  // namespace isthmus
