// Since when a candidate has been unused: the only age that is never too great. A mount has no birth time, the time of
// an nsfs inode may be older than the mount, and inotify does not see mounts.
//   <state>/reap/seen   one line for each candidate: "<monotonic ms> <wall ms> <clean scans> <identity>"
//   <state>/reap/lock   taken by every run that changes something
// The clock is CLOCK_MONOTONIC: wall time jumps, and a suspended host must not age its pods. Of another boot, all is
// forgotten.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

struct SeenRow {
  std::int64_t clean_since_ms = 0;  // CLOCK_MONOTONIC
  std::int64_t wall_ms = 0;         // the same moment on the wall, to compare with what files say
  int clean_scans = 0;
  bool operator==(const SeenRow&) const = default;
};

class FirstSeen {
 public:
  // Reads only. An absent or torn file, or another boot's, is an empty one: ages begin anew, which is the safe side.
  static FirstSeen load(const std::string& state_dir, const std::string& boot_id);

  // One scan's word on a candidate. Not clean: its row begins anew, so that a holder that just left counts from now.
  // `identity` is never used again within a boot, and has no newline.
  SeenRow note(const std::string& identity, bool clean, std::int64_t now_ms, std::int64_t wall_ms);

  // Writes the rows that were noted; all others are of candidates that have gone. Whoever calls it holds the lock
  // below: temporary files of a run that was killed are removed. Fails with [state-unwritable].
  Status save() const;

  static std::int64_t monotonic_ms();
  static std::int64_t wall_ms();

 private:
  std::string state_dir_;
  std::string boot_id_;
  std::map<std::string, SeenRow> before_;
  std::map<std::string, SeenRow> rows_;
};

// Keeps two runs apart. Held until the object goes, by the kernel also when the process dies.
// Fails with [reap-busy] when another run is at it.
Result<UniqueFd> lock_reaping(const std::string& state_dir);

}  // namespace isthmus
