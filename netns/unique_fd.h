// File descriptors as values: UniqueFd owns one and closes it, FdRef borrows one.
// UniqueFd has no release(): ownership only moves, so a reader of one function can tell that it does not leak.
#pragma once

#include <unistd.h>

#include <cassert>
#include <utility>

namespace isthmus {

// A borrowed descriptor, valid only while its owner lives. Made from a UniqueFd, or by name for 0, 1 and 2.
class FdRef {
 public:
  static FdRef borrow(int fd) { return FdRef(fd); }
  int number() const { return fd_; }

 private:
  friend class UniqueFd;
  explicit FdRef(int fd) : fd_(fd) {}
  int fd_;
};

class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes ownership. A negative number makes an empty object.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  explicit operator bool() const { return fd_ >= 0; }
  FdRef ref() const {
    assert(fd_ >= 0);
    return FdRef(fd_);
  }
  // close(2) is not retried after EINTR: on Linux the descriptor is gone all the same (man 2 close).
  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace isthmus
