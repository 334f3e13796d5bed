#include "plugin/attachment/netns_name.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "netns/syscalls.h"

namespace isthmus {
namespace {

bool is_below_run(std::string_view path) {
  if (path.starts_with("/var/run/")) path.remove_prefix(4);
  return path.starts_with("/run/") && !path.starts_with("/run/user/") && path.find("/../") == std::string_view::npos;
}

// "/proc/17/ns/net", "/proc/17/task/18/ns/net".
bool is_link_of_task(std::string_view path) {
  constexpr std::string_view kStart = "/proc/";
  constexpr std::string_view kEnd = "/ns/net";
  if (!path.starts_with(kStart) || !path.ends_with(kEnd) || path.size() < kStart.size() + kEnd.size()) return false;
  std::string_view task = path.substr(kStart.size(), path.size() - kStart.size() - kEnd.size());
  return task.find_first_not_of("0123456789/task") == std::string_view::npos;
}

}  // namespace

NetnsName look_at_netns_name(const Record& record) {
  const bool in_proc = is_link_of_task(record.netns);
  if (!in_proc && !is_below_run(record.netns)) return NetnsName::unsure;
  struct statx found {};
  const int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | (in_proc ? 0 : AT_SYMLINK_NOFOLLOW);
  if (syscalls::statx(AT_FDCWD, record.netns.c_str(), flags, STATX_INO, &found) != 0) {
    return errno == ENOENT || errno == ENOTDIR || errno == ESRCH ? NetnsName::gone : NetnsName::unsure;
  }
  const bool same = makedev(found.stx_dev_major, found.stx_dev_minor) == record.netns_id.device &&
                    found.stx_ino == record.netns_id.inode;
  return same ? NetnsName::same : NetnsName::gone;
}

}  // namespace isthmus
