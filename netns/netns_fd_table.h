// The descriptors of one task that hold a network namespace. Private to netns/.
#pragma once

#include <sys/types.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "netns/netns_holders.h"

namespace isthmus::detail {

// Names in a directory that are numbers: the tasks of /proc, the threads of a task, the descriptors of one.
Result<std::vector<pid_t>> numbers_in(FdRef dir, const std::string& name);

class DescriptorTable {
 public:
  // Learns which device nsfs is and which one anonymous inodes are on.
  static Result<DescriptorTable> prepare();
  DescriptorTable() = default;

  using Found = std::function<void(ino_t, NetnsHolder::Kind, int fd)>;
  // `task`: "17/task/18", below /proc. `inodes`: of the namespaces asked for; nullptr: of every one. Returns how many
  // descriptors there are. Fails with the errno of what could not be read, or with `detail` when a descriptor's kind
  // leaves open which namespace it holds.
  Result<std::size_t> read(FdRef proc,
                           const std::string& task,
                           const std::set<ino_t>* inodes,
                           const Found& found) const;

 private:
  struct Task {
    FdRef proc;
    const std::string& path;  // below /proc
    FdRef table;              // its directory of descriptors
  };
  using Report = std::function<void(NetnsHolder::Kind, ino_t)>;
  Status classify(const Task& task, int fd, const std::set<ino_t>* inodes, const Found& found) const;
  Status classify_anonymous(const Task& task, int fd, const Report& report) const;
  static Status classify_proc(const Task& task, int fd, const Report& report);
  dev_t nsfs_ = 0;
  dev_t anonymous_ = 0;
};

}  // namespace isthmus::detail
