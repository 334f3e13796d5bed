#include "plugin/ipam/unlinked_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "netns/file.h"
#include "plugin/ipam/state_dir.h"

namespace isthmus {

int write_all(FdRef file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t wrote = ::write(file.number(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

namespace {

// ext4 says EPERM where a directory was removed under us, and everybody else ENOENT.
int meaning_of(int err, FdRef dir) {
  struct stat found {};
  if (err == EPERM && fstat(dir.number(), &found) == 0 && found.st_nlink == 0) return ENOENT;
  return err;
}

}  // namespace

Result<UnlinkedFile> UnlinkedFile::create(FdRef dir) {
  UnlinkedFile made(dir, UniqueFd(openat(dir.number(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)));
  if (made.file_) return made;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
    return state_error(meaning_of(errno, dir), "create a file in", path_of(dir));
  }
  // One process makes one at a time, so the process id is enough; a namesake's leftover is nobody's.
  std::string name = ".unlinked." + std::to_string(getpid());
  constexpr int kFlags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  made.file_ = UniqueFd(openat(dir.number(), name.c_str(), kFlags, 0600));
  if (!made.file_ && errno == EEXIST) {
    unlinkat(dir.number(), name.c_str(), 0);
    made.file_ = UniqueFd(openat(dir.number(), name.c_str(), kFlags, 0600));
  }
  if (!made.file_) return state_error(errno, "create a file in", path_of(dir));
  made.temporary_name_ = std::move(name);
  return made;
}

Result<UnlinkedFile> UnlinkedFile::write(FdRef dir, std::string_view bytes) {
  TRY(UnlinkedFile made, create(dir));
  // The umask may have taken even the owner's bits.
  if (fchmod(made.file_.ref().number(), 0600) != 0) return state_error(errno, "chmod a file in", path_of(dir));
  if (int err = write_all(made.file_.ref(), bytes); err != 0) return state_error(err, "write a file in", path_of(dir));
  return made;
}

UnlinkedFile::~UnlinkedFile() {
  if (file_ && !temporary_name_.empty()) unlinkat(dir_.number(), temporary_name_.c_str(), 0);
}

Result<bool> UnlinkedFile::link_as(const std::string& name) const {
  const int file = file_.ref().number();
  int result = 0;
  if (!temporary_name_.empty()) {
    result = linkat(dir_.number(), temporary_name_.c_str(), dir_.number(), name.c_str(), 0);
  } else {
    result = linkat(file, "", dir_.number(), name.c_str(), AT_EMPTY_PATH);
    // Without CAP_DAC_READ_SEARCH the kernel says ENOENT to AT_EMPTY_PATH; /proc is the other way in (open(2)).
    if (result != 0 && errno == ENOENT) {
      std::string path = "/proc/self/fd/" + std::to_string(file);
      result = linkat(AT_FDCWD, path.c_str(), dir_.number(), name.c_str(), AT_SYMLINK_FOLLOW);
    }
  }
  if (result == 0) return true;
  if (errno == EEXIST) return false;
  return state_error(errno, "create", path_of(dir_) + "/" + name);
}

}  // namespace isthmus
