// Namespaces that cannot end because a task in them cannot: it waits for a FUSE or NFS server that does not answer, and
// the init of its pid namespace waits for it.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <map>

#include "netns/file.h"
#include "netns/mountinfo.h"
#include "plugin/inspect/doctor.h"

namespace isthmus {
namespace {

constexpr std::size_t kMountinfoSize = std::size_t{64} << 20;
constexpr const char* kConnections = "/sys/fs/fuse/connections";

std::string name_of_task(const TaskSeen& task) {
  std::string text = task.key.tid == task.key.pid ? "pid " : "thread " + std::to_string(task.key.tid) + " of pid ";
  return text + std::to_string(task.key.pid) + " (" + task.command + ")";
}

// In every sample, in one and the same wait: a task that is merely busy with a disk has slept anew by then.
bool keeps_waiting(const Samples& samples, const TaskSeen& task) {
  return std::all_of(samples.begin(), samples.end(), [&](const std::vector<TaskSeen>& sample) {
    return std::any_of(sample.begin(), sample.end(), [&](const TaskSeen& other) {
      return other.key == task.key && other.wchan == task.wchan && other.state == task.state &&
             other.sleeps == task.sleeps;
    });
  });
}

struct FuseMount {
  std::string path;
  unsigned connection = 0;
  std::string waiting;  // requests without an answer; empty: cannot be read
};

// A task that has let go of its mounts is asked for by its parent, and in the end by us.
std::vector<FuseMount> fuse_mounts_seen_by(const TaskSeen& task) {
  std::vector<FuseMount> mounts;
  for (const std::string& reader : {std::to_string(task.key.pid), std::to_string(task.parent), std::string("self")}) {
    auto text = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/" + reader + "/mountinfo", kMountinfoSize);
    if (!text) continue;
    for (const MountLine& mount : parse_mountinfo(*text).lines) {
      if (!mount.fs_type.starts_with("fuse") || mount.fs_type == "fusectl") continue;
      FuseMount found{mount.mount_point, minor(mount.device), {}};
      auto waiting = read_small_file(
          FdRef::borrow(AT_FDCWD), std::string(kConnections) + "/" + std::to_string(found.connection) + "/waiting", 64);
      if (waiting) found.waiting = waiting->substr(0, waiting->find('\n'));
      mounts.push_back(std::move(found));
    }
    if (!mounts.empty()) return mounts;
  }
  return mounts;
}

std::string abort_command(const FuseMount& mount) {
  struct stat found {};
  const std::string directory = std::string(kConnections) + "/" + std::to_string(mount.connection);
  std::string command = "echo 1 > " + directory + "/abort";
  if (stat(directory.c_str(), &found) != 0)
    command = std::string("mount -t fusectl none ") + kConnections + " && " + command;
  return command;
}

Finding fuse_finding(const TaskSeen& task) {
  Finding finding{"stuck", Severity::critical, name_of_task(task), {}, {}, {}};
  finding.what = finding.object + " waits for a FUSE server (state " + task.state + ", " + task.wchan + ")";
  finding.why =
      "it cannot be ended until the server answers, and its namespaces cannot either; do not kill it: that only "
      "makes the wait uninterruptible";
  auto mounts = fuse_mounts_seen_by(task);
  auto unanswered = [](const FuseMount& mount) { return mount.waiting.empty() || mount.waiting != "0"; };
  for (const FuseMount& mount : mounts) {
    if (!unanswered(mount)) continue;
    finding.what += "; connection " + std::to_string(mount.connection) + " at " + mount.path +
                    (mount.waiting.empty() ? "" : " has " + mount.waiting + " requests without an answer");
    finding.cure += (finding.cure.empty() ? "" : " ; ") + abort_command(mount);
  }
  if (finding.cure.empty())
    finding.cure = "restart the FUSE server; its mount is in none of the mount namespaces asked";
  return finding;
}

Finding other_finding(const TaskSeen& task) {
  Finding finding{"stuck", Severity::warning, name_of_task(task), {}, {}, {}};
  const bool nfs = waits_for_nfs(task);
  finding.what =
      finding.object + " waits without an end (state " + std::string(1, task.state) + ", " + task.wchan + ")";
  finding.why = "while it waits, nothing can end it, and its namespaces stay";
  finding.cure = nfs ? "bring the NFS server back, or 'umount -f' its mount"
                     : "see 'cat /proc/" + std::to_string(task.key.pid) + "/stack': what it waits for must answer";
  return finding;
}

// The init of a pid namespace that is being ended and waits for its last task.
bool is_dying_init(const TaskSeen& task) {
  return task.exiting && task.state != 'Z' && task.state != 'X' && innermost_pid(task.key.pid) == 1;
}

Finding dying_init(const TaskSeen& init, const std::vector<const TaskSeen*>& stuck) {
  Finding finding{"stuck", Severity::critical, name_of_task(init), {}, {}, {}};
  finding.what =
      finding.object + " is the init of a pid namespace, and dead but for its last tasks (zap_pid_ns_processes)";
  std::string children;
  for (const TaskSeen* task : stuck)
    if (task->parent == init.key.pid) children += (children.empty() ? "" : ", ") + name_of_task(*task);
  finding.what += children.empty() ? "" : ": it waits for " + children;
  finding.why = "the container cannot be removed, and 'exec' into it fails with a strange error";
  finding.cure = children.empty() ? "end what keeps its last child: ps --ppid " + std::to_string(init.key.pid)
                                  : "free " + children + " as said of it";
  return finding;
}

}  // namespace

void check_stuck(const Samples& samples, Findings& findings) {
  if (samples.empty()) return;
  std::vector<const TaskSeen*> stuck;
  for (const TaskSeen& task : samples.front()) {
    if (task.of_kernel) continue;
    bool waits = task.state == 'D' || waits_for_fuse(task) || waits_for_nfs(task);
    if (waits && keeps_waiting(samples, task)) stuck.push_back(&task);
  }
  for (const TaskSeen* task : stuck)
    findings.push_back(waits_for_fuse(*task) ? fuse_finding(*task) : other_finding(*task));
  for (const TaskSeen& task : samples.front()) {
    if (is_dying_init(task) && keeps_waiting(samples, task)) findings.push_back(dying_init(task, stuck));
  }
}

}  // namespace isthmus
