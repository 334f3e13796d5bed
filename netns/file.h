// Small files and directories below a directory descriptor. The umask never matters, a symbolic link is never
// followed in the last place, and whatever was half done is taken back before an error is returned.
// Every Error names the path in quotes and keeps errno in `err`: ENOENT and EEXIST are for the caller to judge.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// The whole regular file `name` in `dir`, /proc included. Fails with err EFBIG if it has more than `limit` bytes, ELOOP
// if it is a symbolic link, EINVAL if it is no regular file (a FIFO planted there does not block).
Result<std::string> read_small_file(FdRef dir, const std::string& name, std::size_t limit);

// Fills `into` from the beginning of the file until there are that many lines, with their newlines, or no more. A file
// that is written as a whole costs one system call, however little each read brings. The number of bytes; -1: errno.
ssize_t read_lines(FdRef file, std::span<char> into, std::ptrdiff_t lines);

// Whether read_small_file() failed because of what is there: it is larger than we write, or no regular file. Other
// failures may be over at the next try.
bool is_no_file_of_ours(const Error& unreadable);

// Puts `bytes` at `name` in `dir`, in one moment: a reader sees the old file or all of the new one, even after a
// crash of this process. Replaces a file or a symbolic link of that name. Not synced: meant for tmpfs.
// On failure (a full file system: err ENOSPC) the old file is untouched and no temporary file stays behind. Only
// SIGKILL can leave one: its name begins with kTempPrefix, so no reader of the directory takes it for an entry.
Status write_file_atomically(FdRef dir, const std::string& name, std::string_view bytes, mode_t mode);
inline constexpr std::string_view kTempPrefix = ".tmp.";

// An existing directory, for use as `dir` above and for openat(2). Follows symbolic links: the path is the user's.
Result<UniqueFd> open_directory(const std::string& path);

// The directory `name` in `parent`, made with exactly `mode` when absent; a directory that exists keeps its mode.
// Fails with err ENOTDIR or ELOOP if something else is there.
Result<UniqueFd> open_or_make_directory(FdRef parent, const std::string& name, mode_t mode);

// The directory at an absolute path, made with its parents where absent. Symbolic links in it are followed, so that
// an administrator may move the directory away; what is made is made with exactly `mode`.
Result<UniqueFd> open_or_make_path(const std::string& absolute, mode_t mode);

// Where a descriptor leads, for error texts only: the kernel's idea of its path, or "fd N".
std::string path_of(FdRef fd);

}  // namespace isthmus
