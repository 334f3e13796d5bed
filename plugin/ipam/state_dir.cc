#include "plugin/ipam/state_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "netns/file.h"
#include "netns/helper_process.h"
#include "netns/syscalls.h"

namespace isthmus {
namespace {

// How often a directory that we make may be pruned by others before we give up.
constexpr int kMakeTries = 64;

std::string without_trailing_slashes(std::string path) {
  // "dir/" would follow a symbolic link in the last place.
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  return path;
}

Status check_trust(FdRef dir, const std::string& path) {
  struct stat found {};
  if (fstat(dir.number(), &found) != 0) return state_error(errno, "look at state directory", path);
  if (found.st_uid != geteuid()) {
    return Error{"use state directory",
                 "'" + path + "'",
                 0,
                 "it belongs to user " + std::to_string(found.st_uid) + ", not to us",
                 "state-untrusted",
                 "remove it, or choose another 'stateDir'"};
  }
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{"use state directory", "'" + path + "'",    0, "others than its owner may write to it",
                 "state-untrusted",     "chmod go-w " + path};
  }
  return done;
}

// openat2 refuses every symbolic link on the way, not only the last one (O_NOFOLLOW).
int open_without_links(FdRef dir, const std::string& path) {
  struct open_how how {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return static_cast<int>(syscall(SYS_openat2, dir.number(), path.c_str(), &how, sizeof how));
}

// One pass over the components; a failure with ENOENT means that another process pruned one of them.
Result<UniqueFd> make_components(FdRef dir, const std::string& path) {
  UniqueFd parent;
  std::size_t from = 0;
  while (from <= path.size()) {
    std::size_t slash = std::min(path.find('/', from), path.size());
    TRY(UniqueFd next, open_or_make_directory(parent ? parent.ref() : dir, path.substr(from, slash - from), 0700));
    parent = std::move(next);
    from = slash + 1;
  }
  return parent;
}

// Whether the path answers: one on a FUSE or NFS mount whose server is gone would hold us up for good, beyond any
// deadline and signal. /run is the kernel's own memory, and spares nearly every call the process this needs.
Status prove_answering(const std::string& path, Deadline deadline) {
  if (!opens_by_helper(path)) return done;
  auto answer = run_in_helper(deadline.at_most(kStateDirPatience), [&path]() -> HelperAnswer {
    UniqueFd dir(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return {};
  });
  if (answer || answer.error().err != ETIMEDOUT) return done;
  return Error{"open state directory",
               "'" + path + "'",
               ETIMEDOUT,
               "its file system does not answer",
               "state-unwritable",
               "choose a 'stateDir' on a local file system"};
}

}  // namespace

bool opens_by_helper(const std::string& state_dir) { return !state_dir.starts_with("/run/"); }

Error state_error(int err, std::string doing, const std::string& path) {
  Error error = errno_error_from(err, std::move(doing), "'" + path + "'");
  if (err == ELOOP || err == ENOTDIR || err == EXDEV || err == EISDIR) {
    error.detail = "something that isthmus did not put there is in the way";
    return std::move(error).with_word("state-untrusted");
  }
  if (err == ENOSPC || err == EDQUOT) error.hint = "make room on that file system: df -h, df -i";
  if (err == EROFS) error.hint = "choose a 'stateDir' on a writable file system";
  return std::move(error).with_word("state-unwritable");
}

Result<std::optional<UniqueFd>> open_state_dir(const std::string& given, Deadline deadline) {
  std::string path = without_trailing_slashes(given);
  TRY_OK(prove_answering(path, deadline));
  UniqueFd dir(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir) {
    if (errno == ENOENT) return std::optional<UniqueFd>();
    return state_error(errno, "open state directory", path);
  }
  TRY_OK(check_trust(dir.ref(), path));
  return std::optional<UniqueFd>(std::move(dir));
}

Result<UniqueFd> make_state_dir(const std::string& given) {
  for (int attempt = 0;; ++attempt) {
    TRY(auto dir, open_state_dir(given));
    if (dir) return *std::move(dir);
    std::string path = without_trailing_slashes(given);
    if (auto made = open_or_make_path(path, 0700); !made && (made.error().err != ENOENT || attempt == kMakeTries)) {
      return state_error(made.error().err, "make state directory", path);
    }
  }
}

Result<std::optional<UniqueFd>> open_beneath(FdRef dir, const std::string& path) {
  UniqueFd found(open_without_links(dir, path));
  if (found) return std::optional<UniqueFd>(std::move(found));
  if (errno == ENOENT) return std::optional<UniqueFd>();
  return state_error(errno, "open", path_of(dir) + "/" + path);
}

Result<UniqueFd> make_beneath(FdRef dir, const std::string& path) {
  for (int attempt = 0;; ++attempt) {
    TRY(auto found, open_beneath(dir, path));
    if (found) return *std::move(found);
    auto made = make_components(dir, path);
    if (made) return made;
    if (made.error().err != ENOENT || attempt == kMakeTries) {
      return state_error(made.error().err, "make", path_of(dir) + "/" + path);
    }
  }
}

Result<std::vector<std::string>> list_all_names(FdRef dir) {
  std::vector<std::string> names;
  // A descriptor of its own: the place in the directory is shared by all copies of a descriptor.
  int own = openat(dir.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0 && errno == ENOENT) return names;
  if (own < 0) return state_error(errno, "list", path_of(dir));
  std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(own), closedir);
  if (!stream) {
    UniqueFd closing(own);
    return state_error(errno, "list", path_of(dir));
  }
  errno = 0;
  while (const dirent* entry = readdir(stream.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return state_error(errno, "list", path_of(dir));
  return names;
}

Result<std::vector<std::string>> list_names(FdRef dir) {
  auto names = list_all_names(dir);
  if (names) std::erase_if(*names, [](const std::string& name) { return name.starts_with('.'); });
  return names;
}

Status walk_names(FdRef dir, const std::function<bool(std::string_view)>& take) {
  // readdir(3) would have the kernel walk through a thousand names to use the first.
  alignas(dirent64) std::array<char, 1024> buffer;
  while (true) {
    ssize_t size = syscalls::getdents64(dir.number(), buffer.data(), buffer.size());
    if (size == 0 || (size < 0 && errno == ENOENT)) return done;
    if (size < 0) return state_error(errno, "list", path_of(dir));
    for (ssize_t at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      std::string_view name = entry->d_name;
      if (!name.starts_with('.') && !take(name)) return done;
      at += entry->d_reclen;
    }
  }
}

}  // namespace isthmus
