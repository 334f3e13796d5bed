#include "netns/netns_holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "netns/file.h"
#include "netns/netns_fd_table.h"

namespace isthmus {
namespace {

using detail::DescriptorTable;

ino_t inode_of_link(FdRef dir, const std::string& path) {
  std::array<char, 64> text;
  ssize_t size = readlinkat(dir.number(), path.c_str(), text.data(), text.size());
  if (size <= 0) return 0;
  std::string_view link(text.data(), static_cast<std::size_t>(size));
  std::size_t open = link.find('[');
  ino_t inode = 0;
  if (open == std::string_view::npos) return 0;
  std::from_chars(link.data() + open + 1, link.data() + link.size(), inode);
  return inode;
}

// The task has ended, or has let go of its namespaces already: it holds nothing, and nothing is missing.
bool has_nothing(int err) { return err == ENOENT || err == ESRCH; }

class Scan {
 public:
  Scan(const HolderQuery& query, Deadline deadline) : query_(query), deadline_(deadline) {}

  Result<NetnsHolders> run() {
    TRY(proc_, open_directory("/proc"));
    TRY(auto pids, detail::numbers_in(proc_.ref(), "."));
    TRY(table_, DescriptorTable::prepare());
    const pid_t self = getpid();
    std::size_t looked_at = 0;
    for (pid_t pid : pids) {
      if (query_.progress) query_.progress(looked_at++, pids.size());
      if (deadline_.passed()) {
        found_.unreadable.emplace_back("tasks: the time was up");
        break;
      }
      if (pid != self) scan_process(pid);
    }
    return std::move(found_);
  }

 private:
  void scan_process(pid_t pid) {
    const std::string base = std::to_string(pid) + "/task";
    auto tids = detail::numbers_in(proc_.ref(), base);
    if (!tids && has_nothing(tids.error().err)) return;
    if (!tids) return hole(pid, pid, tids.error().err);
    for (pid_t tid : *tids) {
      ++found_.tasks_seen;
      if (query_.ignore_pids.contains(pid)) continue;
      scan_task(pid, tid, base + "/" + std::to_string(tid));
    }
  }

  void scan_task(pid_t pid, pid_t tid, const std::string& path) {
    errno = 0;
    ino_t netns = inode_of_link(proc_.ref(), path + "/ns/net");
    if (netns == 0 && !has_nothing(errno)) return hole(pid, tid, errno);
    ++found_.tasks_read;
    if (netns != 0) {
      found_.all_netns.insert(netns);
      found_.task_in_netns.try_emplace(netns, tid);
      if (query_.every || query_.inodes.contains(netns)) add(netns, {NetnsHolder::Kind::task, pid, tid, -1, {}});
      if (ino_t mounts = inode_of_link(proc_.ref(), path + "/ns/mnt"); mounts != 0) {
        auto& examples = found_.mount_namespaces[mounts];
        if (examples.size() < 4) examples.push_back(tid);
      }
    }
    if (query_.descriptors && has_own_descriptors(pid, tid)) scan_descriptors(pid, tid, path);
  }

  // A thread may have a table of its own (unshare(2), CLONE_FILES). Where the kernel cannot compare, each is read.
  static bool has_own_descriptors(pid_t pid, pid_t tid) {
    return tid == pid || syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0, 0) != 0;
  }

  void scan_descriptors(pid_t pid, pid_t tid, const std::string& path) {
    const auto* inodes = query_.every ? nullptr : &query_.inodes;
    auto seen = table_.read(proc_.ref(), path, inodes, [&](ino_t inode, NetnsHolder::Kind kind, int fd) {
      add(inode, {kind, pid, tid, fd, {}});
    });
    if (!seen) {
      if (!has_nothing(seen.error().err)) {
        found_.unreadable.push_back("descriptors of pid " + std::to_string(tid) + ": " +
                                    (seen.error().err != 0 ? strerror(seen.error().err) : seen.error().detail));
      }
      return;
    }
    found_.descriptors += *seen;
  }

  void add(ino_t inode, NetnsHolder holder) {
    auto& of = found_.by_inode[inode];
    ++(holder.kind == NetnsHolder::Kind::task ? of.tasks : of.descriptors);
    if (of.named.size() == kNamedHolders) return;
    auto command = read_small_file(proc_.ref(), std::to_string(holder.pid) + "/comm", 64);
    if (command) holder.command = command->substr(0, command->find('\n'));
    of.named.push_back(std::move(holder));
  }

  void hole(pid_t pid, pid_t tid, int err) {
    std::string who =
        tid == pid ? "pid " + std::to_string(pid) : "thread " + std::to_string(tid) + " of pid " + std::to_string(pid);
    found_.unreadable.push_back(who + ": " + strerror(err));
  }

  const HolderQuery& query_;
  Deadline deadline_;
  UniqueFd proc_;
  DescriptorTable table_;
  NetnsHolders found_;
};

}  // namespace

std::string describe(const NetnsHolder& holder) {
  std::string who = "pid " + std::to_string(holder.pid);
  if (holder.tid != holder.pid) who = "thread " + std::to_string(holder.tid) + " of " + who;
  if (!holder.command.empty()) who += " (" + holder.command + ")";
  if (holder.kind == NetnsHolder::Kind::task) return who;
  const char* kind = holder.kind == NetnsHolder::Kind::inotify    ? "inotify watch in fd "
                     : holder.kind == NetnsHolder::Kind::io_uring ? "io_uring file in fd "
                     : holder.kind == NetnsHolder::Kind::proc_net ? "/proc/net file in fd "
                                                                  : "fd ";
  return kind + std::to_string(holder.fd) + " of " + who;
}

Result<NetnsHolders> scan_netns_holders(const HolderQuery& query, Deadline deadline) {
  return Scan(query, deadline).run();
}

}  // namespace isthmus
