// System calls that not every C library has a function for (musl 1.2.3 lacks these). Each returns what the call does,
// or -1 with errno set, as its manual page in section 2 says.
#pragma once

#include <linux/close_range.h>
#include <linux/stat.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

// <sys/mount.h> of glibc and the kernel's header exclude each other.
#ifndef OPEN_TREE_CLONE
#include <linux/mount.h>
#endif

namespace isthmus::syscalls {

inline int statx(int dir, const char* path, int flags, unsigned mask, struct ::statx* found) {
  return static_cast<int>(syscall(SYS_statx, dir, path, flags, mask, found));
}

inline int open_tree(int dir, const char* path, unsigned flags) {
  return static_cast<int>(syscall(SYS_open_tree, dir, path, flags));
}

inline int move_mount(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) {
  return static_cast<int>(syscall(SYS_move_mount, from_dir, from, to_dir, to, flags));
}

inline ssize_t getdents64(int dir, void* buffer, std::size_t size) {
  return syscall(SYS_getdents64, dir, buffer, size);
}

// From `first` on. `flags`: 0 closes; CLOSE_RANGE_CLOEXEC (Linux 5.11) leaves it to the next execve(2).
inline int close_range(unsigned first, unsigned flags) {
  return static_cast<int>(syscall(SYS_close_range, first, ~0U, flags));
}

}  // namespace isthmus::syscalls
