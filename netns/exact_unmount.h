// Taking a name away from a network namespace: exactly the mount that was judged, or nothing. A path may lead to
// another mount by the time umount(2) runs, and unlinking a mount point detaches what is mounted on it in every other
// mount namespace; both are proved by identity right before.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "netns/netns_mounts.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// The file a name is mounted on, seen without unmounting anything.
struct NameFile {
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t born_ns = 0;  // since the epoch; 0 where the file system keeps no birth time
  mode_t mode = 0;
  std::uint64_t size = 0;
  std::uint32_t links = 0;
  // What `ip netns`, containerd, CRI-O and podman make: empty, regular, one link.
  bool is_plain_name() const;
  bool operator==(const NameFile&) const = default;
};

// The file below all mounts on `name` in `dir`. nullopt: there is none. Needs CAP_SYS_ADMIN (open_tree(2)).
Result<std::optional<NameFile>> file_below(FdRef dir, const std::string& name);

enum class UnmountOutcome {
  unmounted,
  changed,  // another mount is there, or none: somebody else was faster; nothing was touched
  covered,  // something is mounted over it: the kernel would remove the cover
};

// Detaches the mount `judged` from `name` in `dir`. The descriptor it needs is held for some microseconds only.
Result<UnmountOutcome> unmount_exactly(FdRef dir, const std::string& name, const NetnsMount& judged);

enum class ExpireOutcome {
  armed,  // the kernel watches it from now on; at a second call: somebody has opened or inspected it since the first
  unmounted,  // nobody has since it was armed
  busy,       // somebody has it open, or is about to
  changed,
  covered,
};

// The same in two calls with a pause between them, which the kernel watches over (MNT_EXPIRE): the first arms it, the
// second takes it away if nobody has opened or inspected it meanwhile. Neither opens it. A task inside is no use of it.
Result<ExpireOutcome> expire_exactly(FdRef dir, const std::string& name, const NetnsMount& judged);

enum class UnlinkOutcome {
  removed,
  absent,
  still_mounted,  // another mount below, or one that the covering mount shadows
  other_file,     // not the empty file that was judged
};

// Removes the file `name` that is `judged`. It detaches whatever is mounted on it in other mount namespaces: the caller
// has proved that nothing is, or that those are copies of what was judged.
Result<UnlinkOutcome> remove_name(FdRef dir, const std::string& name, const NameFile& judged);

// A directory for use above, opened by a process that may wait for ever instead of us. Refuses network file systems and
// FUSE: the calls above would wait for their servers. Fails with [reap-root].
Result<UniqueFd> open_name_directory(const std::string& path, Deadline deadline);

}  // namespace isthmus
