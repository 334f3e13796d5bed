// Every network namespace of the machine that anything visible holds: tasks, descriptors, and mounts in whatever mount
// namespace. Reads only, and enters none of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/netns_fd.h"
#include "netns/netns_holders.h"
#include "netns/netns_mounts.h"
#include "netns/result.h"

namespace isthmus {

struct NetnsSeen {
  // A mount in another mount namespace than ours.
  struct Copy {
    NetnsMount mount;
    pid_t example = 0;  // a task that sees it; 0: none
  };
  ino_t inode = 0;
  NetnsHolders::Of holders;
  std::vector<NetnsMount> names;  // in our own mount namespace
  std::vector<Copy> copies;       // the first kNamedHolders of them
  std::size_t copies_seen = 0;
};

struct NetnsCensus {
  std::map<ino_t, NetnsSeen> namespaces;
  std::size_t tasks_seen = 0;
  std::size_t tasks_read = 0;
  std::size_t descriptors = 0;
  std::size_t mount_namespaces_seen = 0;  // besides our own
  std::size_t mount_namespaces_read = 0;
  std::vector<std::string> unreadable;  // each is a hole: it may hold one that is not in the list
};

// `progress` as in HolderQuery. Fails when /proc or our own mounts cannot be read.
Result<NetnsCensus> take_netns_census(const std::function<void(std::size_t, std::size_t)>& progress, Deadline deadline);

// A descriptor of a namespace of the census, by whatever of its holders there still is, proved by its inode.
// Fails with [netns-no-way-in] when no task, descriptor or mount leads there.
Result<NetnsFd> open_seen_netns(const NetnsSeen& seen, Deadline deadline);

// True: nothing of what the census saw holds it any more, so that it is not missed. False also where that cannot be
// told.
bool has_gone(const NetnsSeen& seen);

// Reads our own mounts again: on a busy node a namespace gets its name after a census has read them, and loses the
// thread that made it. False: there are no others than the census saw.
bool read_names_again(NetnsSeen& seen);

// A path by which other programs get in (`nsenter --net=PATH`); empty when there is none.
std::string way_into(const NetnsSeen& seen);

}  // namespace isthmus
