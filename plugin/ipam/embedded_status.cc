#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "netns/file.h"
#include "plugin/ipam/embedded.h"
#include "plugin/ipam/lease_store.h"
#include "plugin/ipam/set_walk.h"
#include "plugin/ipam/state_dir.h"

namespace isthmus::embedded {
namespace {

// Whether files could be made below `path`, asked without making one. Of a directory that is not there yet its nearest
// parent answers.
Status check_writable(std::string path) {
  while (access(path.c_str(), F_OK) != 0 && errno == ENOENT && path.size() > 1) {
    path.resize(std::max<std::size_t>(path.find_last_of('/'), 1));
  }
  if (faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0) return state_error(errno, "write to", path);
  struct statvfs room {};
  if (statvfs(path.c_str(), &room) != 0) return state_error(errno, "look for room on", path);
  // Zero in all of a kind means that the file system does not count them.
  bool full = (room.f_blocks != 0 && room.f_bavail == 0) || (room.f_files != 0 && room.f_favail == 0);
  if (full) return state_error(ENOSPC, "write to", path);
  return done;
}

bool has_any_address(const RangeSet& set) { return SetWalk(set, std::nullopt).next().has_value(); }

}  // namespace

Status status(const IpamCall& call, const EmbeddedIpamConf& ipam) {
  // First what has a deadline: a file system that does not answer would hold up the look at its permissions for good.
  TRY(auto store, LeaseStore::open_existing(call.conf.state_dir, call.conf.name, call.deadline));
  TRY_OK(check_writable(call.conf.state_dir));
  for (const RangeSet& set : ipam.sets) {
    bool free = has_any_address(set);
    if (free && store) {
      TRY(std::size_t count, store->count_free(set, 1));
      free = count > 0;
    }
    if (free) continue;
    std::string ranges;
    for (const IpRange& range : set)
      ranges += (ranges.empty() ? "" : ", ") + range.first.text() + "-" + range.last.text();
    return Error{"give a new pod an address",
                 "from " + ranges,
                 0,
                 "all are held",
                 "ipam-exhausted",
                 "GC releases those of containers that are gone; or widen the range"};
  }
  return done;
}

}  // namespace isthmus::embedded
