#include "netns/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "netns/file.h"

namespace isthmus {
namespace {

std::string object(std::string_view setting, const char* side) {
  return "'net/" + std::string(setting) + "' in the " + side;
}

Result<UniqueFd> open_family(const char* path) {
  UniqueFd dir(::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return errno_error("open directory", "'" + std::string(path) + "'", "sysctl-open");
  return dir;
}

bool holds(FdRef file, std::string_view value) {
  std::array<char, 256> now;
  ssize_t size = read_lines(file, now, 1);
  if (size <= 0 || static_cast<std::size_t>(size) == now.size()) return false;
  std::string_view text(now.data(), static_cast<std::size_t>(size));
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text == value;
}

}  // namespace

// The two family directories and not /proc/sys/net: that one is no namespace's own, the step below it chooses.
Result<SysctlDir> SysctlDir::open_here(SysctlFamilies families) {
  UniqueFd ipv4;
  if (families == SysctlFamilies::both) {
    TRY(ipv4, open_family("/proc/sys/net/ipv4"));
  }
  auto ipv6 = open_family("/proc/sys/net/ipv6");
  if (!ipv6 && ipv6.error().err != ENOENT) return std::move(ipv6).error();
  return SysctlDir(false, std::move(ipv4), ipv6 ? *std::move(ipv6) : UniqueFd());
}

SysctlDir SysctlDir::at_home() { return SysctlDir(true, UniqueFd(), UniqueFd()); }

bool SysctlDir::has_ipv6() const {
  return at_home_ ? access("/proc/sys/net/ipv6", F_OK) == 0 : static_cast<bool>(ipv6_);
}

Result<SysctlDir::Place> SysctlDir::find(std::string_view setting) const {
  std::string_view family = setting.substr(0, setting.find('/'));
  const UniqueFd& dir = family == "ipv6" ? ipv6_ : ipv4_;
  if ((family != "ipv4" && family != "ipv6") || setting.size() <= family.size() + 1) {
    return Error{"find setting", object(setting, side()), EINVAL, "it is neither below ipv4 nor ipv6", "internal", {}};
  }
  if (at_home_) {
    TRY_OK(detail::require_main_thread());
    return Place{FdRef::borrow(AT_FDCWD), "/proc/sys/net/" + std::string(setting)};
  }
  if (!dir) return Error{"find setting", object(setting, side()), ENOENT, "it was not opened, or is not there", {}, {}};
  return Place{dir.ref(), std::string(setting.substr(family.size() + 1))};
}

Result<std::string> SysctlDir::read(std::string_view setting) const {
  constexpr std::size_t kLongestValue = 4096;
  TRY(Place place, find(setting));
  auto value = read_small_file(place.dir, place.name, kLongestValue);
  if (!value) return errno_error_from(value.error().err, "read setting", object(setting, side()));
  if (value->ends_with('\n')) value->pop_back();
  return value;
}

Status SysctlDir::write(std::string_view setting, std::string_view value) const {
  auto fail = [&](int err) {
    Error error = errno_error_from(err, "write '" + std::string(value) + "' to", object(setting, side()));
    error.word = "sysctl-write";
    if (err == EROFS) error.hint = "/proc/sys is mounted read-only here";
    if (err == ENOENT) error.hint = "this kernel does not have it";
    return error;
  };
  auto place = find(setting);
  if (!place) return std::move(place).error().with_word("sysctl-write");
  auto open = [&](int access) {
    return UniqueFd(openat(place->dir.number(), place->name.c_str(), access | O_CLOEXEC | O_NOFOLLOW));
  };
  UniqueFd file = open(O_RDWR);
  if (file) {
    if (holds(file.ref(), value)) return done;
  } else if (errno == EACCES || errno == EROFS || errno == EPERM) {
    const int err = errno;
    if (auto now = read(setting); now && *now == value) return done;
    // What cannot be read (mode 0200) may still be writable.
    if (file = open(O_WRONLY); !file) return fail(err == EROFS ? err : errno);
  } else {
    return fail(errno);
  }
  // One write: the kernel takes each write(2) as a whole value.
  ssize_t wrote = pwrite(file.ref().number(), value.data(), value.size(), 0);
  if (wrote < 0) return fail(errno);
  if (static_cast<std::size_t>(wrote) != value.size()) return fail(EIO);
  return done;
}

}  // namespace isthmus
