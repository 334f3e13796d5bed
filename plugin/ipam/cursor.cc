#include "plugin/ipam/cursor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "netns/file.h"
#include "plugin/ipam/state_dir.h"

namespace isthmus {
namespace {

// Always the same size, padded with spaces: one write replaces all of it and no reader ever sees it empty.
constexpr std::size_t kCursorBytes = 40;  // the longest IPv6 address has 39 characters

}  // namespace

Result<Cursor> Cursor::open(FdRef network_dir, std::size_t set_index) {
  std::string name = "cursor." + std::to_string(set_index);
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  UniqueFd file(openat(network_dir.number(), name.c_str(), kFlags));
  if (file) return Cursor(std::move(file));
  if (errno == ENOENT) {
    file = UniqueFd(openat(network_dir.number(), name.c_str(), kFlags | O_CREAT, 0600));
    if (file) fchmod(file.ref().number(), 0600);
  }
  if (!file) return state_error(errno, "open", path_of(network_dir) + "/" + name);
  return Cursor(std::move(file));
}

std::optional<IpAddress> Cursor::read() const {
  std::array<char, kCursorBytes> buffer;
  ssize_t got = read_lines(file_.ref(), buffer, 1);
  if (got <= 0) return std::nullopt;
  std::string_view text(buffer.data(), static_cast<std::size_t>(got));
  auto address = IpAddress::parse(text.substr(0, text.find_first_of(" \n")));
  if (!address) return std::nullopt;
  return *address;
}

void Cursor::write(const IpAddress& address) const {
  std::string text = address.text();
  text.resize(kCursorBytes - 1, ' ');
  text += '\n';
  [[maybe_unused]] ssize_t wrote = pwrite(file_.ref().number(), text.data(), text.size(), 0);
}

}  // namespace isthmus
