#include "netns/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace isthmus {
namespace {

// Made by hand on the error path only: nobody pays for it when things go well.
std::string in_quotes(FdRef dir, const std::string& name) {
  if (name.starts_with('/')) return "'" + name + "'";
  std::string parent = path_of(dir);
  return "'" + parent + (parent == "/" ? "" : "/") + name + "'";
}

Status write_all(FdRef file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t wrote = ::write(file.number(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno_error("write file");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return done;
}

// A new empty file under a name that nobody else uses: never one that exists, because a process of another pid
// namespace may have our id and be at work on the same directory.
Result<UniqueFd> make_temp(FdRef dir, std::string& name) {
  constexpr int kAttempts = 100;
  for (int i = 0; i < kAttempts; ++i) {
    name = std::string(kTempPrefix) + std::to_string(getpid()) + "." + std::to_string(i);
    UniqueFd file(openat(dir.number(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file) return file;
    if (errno != EEXIST) break;
  }
  return errno_error("make temporary file");
}

Status fill_and_rename(FdRef dir,
                       FdRef temp,
                       const std::string& temp_name,
                       const std::string& name,
                       std::string_view bytes,
                       mode_t mode) {
  if (fchmod(temp.number(), mode) != 0) return errno_error("set the mode of file");
  TRY_OK(write_all(temp, bytes));
  if (renameat(dir.number(), temp_name.c_str(), dir.number(), name.c_str()) != 0) return errno_error("replace file");
  return done;
}

}  // namespace

std::string path_of(FdRef fd) {
  std::array<char, PATH_MAX> buffer;
  std::string link = "/proc/thread-self/fd/" + std::to_string(fd.number());
  const int failed = errno;  // of which the text is going to tell
  ssize_t size = readlink(link.c_str(), buffer.data(), buffer.size());
  errno = failed;
  if (size <= 0) return "fd " + std::to_string(fd.number());
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

Result<std::string> read_small_file(FdRef dir, const std::string& name, std::size_t limit) {
  UniqueFd file(openat(dir.number(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return errno_error("open file", in_quotes(dir, name));
  struct stat found {};
  if (fstat(file.ref().number(), &found) != 0) return errno_error("inspect file", in_quotes(dir, name));
  if (!S_ISREG(found.st_mode)) return Error{"read file", in_quotes(dir, name), EINVAL, "not a regular file", {}, {}};

  std::string bytes;
  std::array<char, 4096> buffer;
  while (true) {
    ssize_t got = ::read(file.ref().number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read file", in_quotes(dir, name));
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes.size() > limit) {
      return Error{"read file", in_quotes(dir, name), EFBIG, "more than " + std::to_string(limit) + " bytes", {}, {}};
    }
  }
}

ssize_t read_lines(FdRef file, std::span<char> into, std::ptrdiff_t lines) {
  std::size_t size = 0;
  while (size < into.size()) {
    ssize_t got = pread(file.number(), into.data() + size, into.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ESPIPE) return 0;  // a FIFO in the file's place
    if (got < 0) return -1;
    size += static_cast<std::size_t>(got);
    if (got == 0 || std::count(into.data(), into.data() + size, '\n') >= lines) break;
  }
  return static_cast<ssize_t>(size);
}

bool is_no_file_of_ours(const Error& unreadable) {
  switch (unreadable.err) {
    case EFBIG:
    case ELOOP:
    case EINVAL:
    case EISDIR:
    case ENXIO:
      return true;
    default:
      return false;
  }
}

Status write_file_atomically(FdRef dir, const std::string& name, std::string_view bytes, mode_t mode) {
  std::string temp_name;
  auto temp = make_temp(dir, temp_name);
  if (!temp) {
    temp.error().object = "for " + in_quotes(dir, name);
    return std::move(temp).error();
  }
  auto written = fill_and_rename(dir, temp->ref(), temp_name, name, bytes, mode);
  if (!written) {
    unlinkat(dir.number(), temp_name.c_str(), 0);
    written.error().object = in_quotes(dir, name);
  }
  return written;
}

Result<UniqueFd> open_directory(const std::string& path) {
  UniqueFd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return errno_error("open directory", "'" + path + "'");
  return dir;
}

Result<UniqueFd> open_or_make_directory(FdRef parent, const std::string& name, mode_t mode) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd dir(openat(parent.number(), name.c_str(), kFlags));
  if (dir) return dir;
  if (errno != ENOENT) return errno_error("open directory", in_quotes(parent, name));

  bool made = mkdirat(parent.number(), name.c_str(), mode) == 0;
  if (!made && errno != EEXIST) return errno_error("make directory", in_quotes(parent, name));
  dir = UniqueFd(openat(parent.number(), name.c_str(), kFlags));
  if (!dir) return errno_error("open directory", in_quotes(parent, name));
  // mkdir(2) took the umask away from the mode.
  if (made && fchmod(dir.ref().number(), mode) != 0) {
    Error error = errno_error("set the mode of directory", in_quotes(parent, name));
    unlinkat(parent.number(), name.c_str(), AT_REMOVEDIR);
    return error;
  }
  return dir;
}

Result<UniqueFd> open_or_make_path(const std::string& absolute, mode_t mode) {
  if (!absolute.starts_with('/')) return Error{"open directory", "'" + absolute + "'", EINVAL, "not absolute", {}, {}};
  if (auto whole = open_directory(absolute); whole || whole.error().err != ENOENT) return whole;

  TRY(UniqueFd dir, open_directory("/"));
  std::string_view rest = absolute;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    if (rest.empty()) return dir;
    std::string name(rest.substr(0, rest.find('/')));
    rest.remove_prefix(name.size());
    UniqueFd next(openat(dir.ref().number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!next) {
      if (errno != ENOENT) return errno_error("open directory", in_quotes(dir.ref(), name));
      TRY(next, open_or_make_directory(dir.ref(), name, mode));
    }
    dir = std::move(next);
  }
}

}  // namespace isthmus
