#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "netns/file.h"
#include "plugin/inspect/find.h"

namespace isthmus {
namespace {

constexpr std::size_t kLargestCgroup = std::size_t{64} << 10;

ino_t netns_of_pid(long pid) {
  struct stat found {};
  // A thread's directory is there although no list of /proc shows it.
  return stat(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), &found) == 0 ? found.st_ino : 0;
}

std::vector<TaskOfContainer> tasks_of_container(std::string_view beginning) {
  std::vector<TaskOfContainer> tasks;
  std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (!proc) return tasks;
  while (const dirent* entry = readdir(proc.get())) {
    const long pid = strtol(entry->d_name, nullptr, 10);
    if (pid <= 0) continue;
    auto cgroup = read_small_file(FdRef::borrow(dirfd(proc.get())), std::to_string(pid) + "/cgroup", kLargestCgroup);
    if (!cgroup) continue;
    std::string id = container_of_cgroup(*cgroup);
    if (id.empty() || !id.starts_with(beginning)) continue;
    TaskOfContainer task{pid, std::move(id), netns_of_pid(pid)};
    bool known = std::any_of(tasks.begin(), tasks.end(), [&](const TaskOfContainer& other) {
      return other.netns == task.netns && other.container_id == task.container_id;
    });
    if (task.netns != 0 && !known) tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace

ProcessLookup process_lookup() { return {netns_of_pid, tasks_of_container}; }

}  // namespace isthmus
