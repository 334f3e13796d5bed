#include "plugin/commands/io.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace isthmus {
namespace {

constexpr std::size_t kLargestInput = 4U << 20U;

// False: the deadline passed.
bool wait_for(FdRef fd, short events, Deadline deadline) {
  pollfd entry{.fd = fd.number(), .events = events, .revents = 0};
  while (true) {
    int ready = poll(&entry, 1, deadline.poll_timeout_ms());
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR && errno != EAGAIN) return true;  // let read or write say what is wrong
  }
}

}  // namespace

Result<std::string> read_all(FdRef fd, Deadline deadline) {
  std::string bytes;
  std::array<char, 4096> buffer;  // as a rule all of it, and no more of the stack than a page
  while (true) {
    if (!wait_for(fd, POLLIN, deadline)) {
      return Error{
          "read the network configuration from stdin", {}, 0, "the caller never closed it", "stdin-timeout", {}};
    }
    ssize_t got = read(fd.number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read the network configuration from stdin", {}, "stdin-read");
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    if (bytes.size() > kLargestInput) {
      return Error{
          "read the network configuration from stdin", {}, 0, "it is larger than 4 MiB", "stdin-too-large", {}};
    }
  }
}

Status write_all(FdRef fd, std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (!wait_for(fd, POLLOUT, deadline)) {
      return Error{"write the result to stdout", {}, 0, "nobody reads it", "stdout-write", {}};
    }
    ssize_t put = write(fd.number(), bytes.data(), bytes.size());
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (put < 0) return errno_error("write the result to stdout", {}, "stdout-write");
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return done;
}

}  // namespace isthmus
