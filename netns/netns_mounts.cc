#include "netns/netns_mounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "netns/file.h"

namespace isthmus {
namespace {

// A mountinfo of ten thousand mounts has about a megabyte.
constexpr std::size_t kLargestMountinfo = std::size_t{256} << 20;

// EPERM is what a filter of system calls says that is older than the call.
bool is_missing_call(int err) { return err == ENOSYS || err == ENOTTY || err == EINVAL || err == EPERM; }

// Mounts of one namespace by statmount(2). What goes away meanwhile is left out.
class Reader {
 public:
  explicit Reader(MountNsId ns) : ns_(ns) {}

  Result<std::vector<NetnsMount>> read() {
    TRY(auto ids, list_mounts(ns_, kAllMounts));
    std::vector<NetnsMount> mounts;
    std::unordered_set<std::uint64_t> parents;
    for (std::uint64_t id : ids) {
      auto facts = stat_mount(ns_, id, false);
      if (!facts && facts.error().err == ENOENT) continue;
      if (!facts) return std::move(facts).error();
      parents.insert(facts->parent_id);
      if (facts->fs_magic != NSFS_MAGIC) continue;
      TRY_OK(add_if_netns(id, mounts));
    }
    for (NetnsMount& mount : mounts)
      mount.covered = parents.contains(mount.unique_id);
    return mounts;
  }

 private:
  Status add_if_netns(std::uint64_t id, std::vector<NetnsMount>& mounts) {
    auto facts = stat_mount(ns_, id, true);
    if (!facts && facts.error().err == ENOENT) return done;
    if (!facts) return std::move(facts).error();
    auto inode = netns_inode_of_root(facts->root);
    if (!inode) return done;
    NetnsMount mount{.unique_id = facts->id, .old_id = facts->old_id, .device = facts->device, .inode = *inode};
    mount.mount_point = std::move(facts->mount_point);
    if (const MountFacts* parent = parent_of(*facts)) {
      mount.parent_old_id = parent->old_id;
      mount.place = place_on(parent->device, parent->root, parent->mount_point, mount.mount_point);
    }
    mounts.push_back(std::move(mount));
    return done;
  }

  const MountFacts* parent_of(const MountFacts& mount) {
    auto known = parents_.find(mount.parent_id);
    if (known == parents_.end()) {
      auto facts = stat_mount(ns_, mount.parent_id, true);
      std::optional<MountFacts> parent;
      if (facts) parent = *std::move(facts);
      known = parents_.emplace(mount.parent_id, std::move(parent)).first;
    }
    return known->second ? &*known->second : nullptr;
  }

  MountNsId ns_;
  std::unordered_map<std::uint64_t, std::optional<MountFacts>> parents_;
};

// Lines of one mountinfo. Most are of no interest, so only those of namespaces and their parents are taken apart.
class LineReader {
 public:
  explicit LineReader(std::string_view text) {
    while (!text.empty()) {
      std::size_t end = text.find('\n');
      if (std::string_view line = text.substr(0, end); !line.empty()) add(line);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }
  std::size_t count() const { return lines_.size(); }
  std::size_t odd() const { return odd_; }

  Result<std::vector<NetnsMount>> netns_mounts(const std::string& path) {
    std::vector<NetnsMount> mounts;
    for (std::string_view text : of_nsfs_) {
      Mountinfo one = parse_mountinfo(text);
      if (one.lines.empty()) ++odd_;
      if (!one.lines.empty()) add_if_netns(one.lines.front(), mounts);
    }
    if (odd_ == 0) return mounts;
    return Error{"read", "'" + path + "'", 0, std::to_string(odd_) + " lines have another form", "mountinfo", {}};
  }

 private:
  void add(std::string_view line) {
    std::uint64_t id = 0;
    std::uint64_t parent = 0;
    auto [behind_id, bad_id] = std::from_chars(line.data(), line.data() + line.size(), id);
    bool fine = bad_id == std::errc() && behind_id != line.data() + line.size() && *behind_id == ' ';
    if (fine) fine = std::from_chars(behind_id + 1, line.data() + line.size(), parent).ec == std::errc();
    if (!fine) {
      ++odd_;
      return;
    }
    lines_[id] = line;
    parents_.insert(parent);
    if (line.find(" - nsfs ") != std::string_view::npos) of_nsfs_.push_back(line);
  }

  void add_if_netns(const MountLine& line, std::vector<NetnsMount>& mounts) {
    auto inode = netns_inode_of_root(line.root);
    if (!inode) return;
    NetnsMount mount{.old_id = line.id, .parent_old_id = line.parent_id, .device = line.device, .inode = *inode};
    mount.mount_point = line.mount_point;
    mount.covered = parents_.contains(line.id);
    if (const MountLine* on = parent_of(line)) {
      mount.place = place_on(on->device, on->root, on->mount_point, line.mount_point);
    }
    mounts.push_back(std::move(mount));
  }

  const MountLine* parent_of(const MountLine& line) {
    auto known = parsed_.find(line.parent_id);
    if (known == parsed_.end()) {
      auto text = lines_.find(line.parent_id);
      Mountinfo one = text == lines_.end() ? Mountinfo{} : parse_mountinfo(text->second);
      std::optional<MountLine> parent;
      if (!one.lines.empty()) parent = std::move(one.lines.front());
      known = parsed_.emplace(line.parent_id, std::move(parent)).first;
    }
    return known->second ? &*known->second : nullptr;
  }

  std::unordered_map<std::uint64_t, std::string_view> lines_;
  std::unordered_map<std::uint64_t, std::optional<MountLine>> parsed_;
  std::unordered_set<std::uint64_t> parents_;
  std::vector<std::string_view> of_nsfs_;
  std::size_t odd_ = 0;
};

Result<std::vector<NetnsMount>> mounts_of_mountinfo(const std::string& path) {
  TRY(std::string text, read_small_file(FdRef::borrow(AT_FDCWD), path, kLargestMountinfo));
  return LineReader(text).netns_mounts(path);
}

// A tenth of the price of asking for each mount, but filtered by the root of the task: a chrooted one shows none of the
// mounts outside. Only a text with all mounts of the namespace will do; nullopt: ask for each.
std::optional<std::vector<NetnsMount>> mounts_by_task(MountNsId ns, pid_t example) {
  const std::string path = "/proc/" + std::to_string(example) + "/mountinfo";
  auto before = list_mounts(ns, kAllMounts);
  auto text = read_small_file(FdRef::borrow(AT_FDCWD), path, kLargestMountinfo);
  if (!before || !text) return std::nullopt;
  LineReader reader(*text);
  if (reader.count() != before->size() || reader.odd() != 0) return std::nullopt;
  auto after = list_mounts(ns, kAllMounts);
  if (!after || *after != *before) return std::nullopt;
  auto mounts = reader.netns_mounts(path);
  if (!mounts) return std::nullopt;
  return *std::move(mounts);
}

struct Target {
  MountNsId id = 0;
  pid_t example = 0;
};

std::string describe(const Target& target, const Error& error) {
  std::string which = target.example != 0 ? "of pid " + std::to_string(target.example) : "without a task";
  return "mount namespace " + which + ": " + strerror(error.err != 0 ? error.err : EIO);
}

// False: it has ended meanwhile, so there is nothing to read and nothing missing.
bool still_there(pid_t example, ino_t inode) {
  struct stat found {};
  const std::string link = "/proc/" + std::to_string(example) + "/ns/mnt";
  return stat(link.c_str(), &found) == 0 && found.st_ino == inode;
}

class Collector {
 public:
  Collector(Deadline deadline, MountSource source) : deadline_(deadline), source_(source) {}

  ForeignMounts collect(const MountNsOfTasks& tasks) {
    UniqueFd own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    struct stat own_stat {};
    if (!own || fstat(own.ref().number(), &own_stat) != 0) {
      found_.unreadable.push_back(std::string("own mount namespace: ") + strerror(errno));
      return std::move(found_);
    }
    if (source_ == MountSource::automatic) {
      if (auto id = mount_ns_id(own.ref())) done_.insert(*id);
    }
    for (const auto& [inode, examples] : tasks) {
      if (out_of_time()) return std::move(found_);
      if (inode != own_stat.st_ino) read_of_tasks(inode, examples);
    }
    if (source_ == MountSource::automatic) walk(own.ref());
    return std::move(found_);
  }

 private:
  void read_of_tasks(ino_t inode, const std::vector<pid_t>& examples) {
    for (pid_t example : examples) {
      if (!still_there(example, inode)) continue;
      ++found_.seen;
      read_of_task(inode, example);
      return;
    }
  }

  void read_of_task(ino_t inode, pid_t example) {
    Target target{0, example};
    if (source_ == MountSource::automatic) {
      UniqueFd ns(::open(("/proc/" + std::to_string(example) + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
      auto id = ns ? mount_ns_id(ns.ref()) : Result<MountNsId>(errno_error("open a mount namespace"));
      if (id) {
        target.id = *id;
        done_.insert(*id);
      } else if (!is_missing_call(id.error().err)) {
        give_up(target, id.error(), inode);
        return;
      }
    }
    if (auto mounts = target.id != 0 ? mounts_by_task(target.id, example) : std::nullopt) {
      take(target, *std::move(mounts), inode);
      return;
    }
    auto mounts = target.id != 0 ? Reader(target.id).read()
                                 : mounts_of_mountinfo("/proc/" + std::to_string(example) + "/mountinfo");
    take(target, std::move(mounts), inode);
  }

  void walk(FdRef own) {
    auto all = walk_mount_namespaces(own);
    if (!all) return;
    found_.walked = true;
    for (MountNsId id : *all) {
      if (out_of_time()) return;
      if (!done_.insert(id).second) continue;
      ++found_.seen;
      take(Target{id, 0}, Reader(id).read(), 0);
    }
  }

  void take(const Target& target, Result<std::vector<NetnsMount>> mounts, ino_t inode) {
    if (!mounts) {
      give_up(target, mounts.error(), inode);
      return;
    }
    ++found_.read;
    if (!mounts->empty()) found_.namespaces.push_back({target.id, target.example, *std::move(mounts)});
  }

  bool out_of_time() {
    if (!deadline_.passed()) return false;
    found_.unreadable.emplace_back("mount namespaces: the time was up");
    return true;
  }

  void give_up(const Target& target, const Error& error, ino_t inode) {
    bool gone = target.example != 0 ? !still_there(target.example, inode) : error.err == ENOENT;
    if (gone) {
      --found_.seen;
    } else {
      found_.unreadable.push_back(describe(target, error));
    }
  }

  Deadline deadline_;
  MountSource source_;
  ForeignMounts found_;
  std::set<MountNsId> done_;
};

}  // namespace

Result<std::vector<NetnsMount>> own_netns_mounts(MountSource source) {
  if (source == MountSource::automatic) {
    auto mounts = Reader(kOwnMountNs).read();
    if (mounts || !is_missing_call(mounts.error().err)) return mounts;
  }
  return mounts_of_mountinfo("/proc/thread-self/mountinfo");
}

ForeignMounts foreign_netns_mounts(const MountNsOfTasks& tasks, Deadline deadline, MountSource source) {
  return Collector(deadline, source).collect(tasks);
}

}  // namespace isthmus
