#include "netns/netns_fd_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <memory>

#include "netns/file.h"
#include "netns/syscalls.h"

namespace isthmus::detail {
namespace {

constexpr std::size_t kLargestFdinfo = std::size_t{4} << 20;

template <class Number>
bool read_number(std::string_view text, int base, Number& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end != text.data();
}

std::string link_text(FdRef dir, const std::string& name) {
  std::array<char, PATH_MAX> text;
  ssize_t size = readlinkat(dir.number(), name.c_str(), text.data(), text.size());
  return size <= 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

// Calls back with each line of a text.
template <class F>
void each_line(std::string_view text, F f) {
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    f(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

// "inotify wd:1 ino:f0000b1 sdev:4 mask:...": inode and device in hexadecimal, the device as the kernel keeps it.
void inotify_targets(std::string_view fdinfo, dev_t nsfs, const std::function<void(ino_t)>& target) {
  each_line(fdinfo, [&](std::string_view line) {
    std::size_t inode_at = line.find(" ino:");
    std::size_t device_at = line.find(" sdev:");
    ino_t inode = 0;
    unsigned device = 0;
    if (!line.starts_with("inotify ") || inode_at == std::string_view::npos || device_at == std::string_view::npos)
      return;
    if (!read_number(line.substr(inode_at + 5), 16, inode) || !read_number(line.substr(device_at + 6), 16, device))
      return;
    if (makedev(device >> 20U, device & 0xfffffU) == nsfs) target(inode);
  });
}

// Lines of the section "UserFiles:" are "    0: NAME"; a file on an unmounted nsfs mount is named "/". True: one of
// them may be of any namespace.
bool io_uring_targets(std::string_view fdinfo, const std::function<void(ino_t)>& target) {
  bool in_files = false;
  bool open_question = false;
  each_line(fdinfo, [&](std::string_view line) {
    if (!line.starts_with(' ')) {
      in_files = line.starts_with("UserFiles:");
      return;
    }
    std::size_t colon = line.find(": ");
    if (!in_files || colon == std::string_view::npos) return;
    std::string_view name = line.substr(colon + 2);
    if (auto inode = netns_inode_of_root(name)) {
      target(*inode);
    } else if (name.starts_with('/')) {
      // A path says nothing about what was mounted there; any regular name is a file of some other kind, as a rule.
      open_question = open_question || name == "/" || name.find("netns") != std::string_view::npos;
    }
  });
  return open_question;
}

// "/proc/17/net/dev" or "/proc/17/task/18/net/dev": 18. 0 for anything else.
pid_t task_of_proc_net(std::string_view path) {
  if (!path.starts_with("/proc/")) return 0;
  std::size_t net = path.find("/net/");
  if (net == std::string_view::npos) return 0;
  std::string_view task = path.substr(0, net);
  pid_t tid = 0;
  return read_number(task.substr(task.rfind('/') + 1), 10, tid) ? tid : 0;
}

// Whether a descriptor on nsfs is one of a network namespace. One that was opened by a name shows the name, or "/" once
// that is gone; then the namespace itself is asked, which takes nothing from anybody: the mount is in use already.
bool is_netns(FdRef table, const std::string& fd) {
  std::string link = link_text(table, fd);
  if (!link.starts_with('/')) return link.starts_with("net:[");
  UniqueFd file(openat(table.number(), fd.c_str(), O_RDONLY | O_CLOEXEC));
  return file && ioctl(file.ref().number(), NS_GET_NSTYPE) == CLONE_NEWNET;
}

Error unclear(int fd, const char* what) {
  return Error{"tell what holds a namespace", {}, 0, "fd " + std::to_string(fd) + " is " + what, "holder-unclear", {}};
}

}  // namespace

Result<std::vector<pid_t>> numbers_in(FdRef dir, const std::string& name) {
  int fd = openat(dir.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(fd < 0 ? nullptr : fdopendir(fd), closedir);
  if (!stream) {
    Error error = errno_error("list", "'" + name + "'");
    UniqueFd closing(fd);
    return error;
  }
  std::vector<pid_t> numbers;
  errno = 0;
  while (const dirent* entry = readdir(stream.get())) {
    pid_t number = 0;
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && read_number(entry->d_name, 10, number)) {
      numbers.push_back(number);
    }
    errno = 0;
  }
  if (errno != 0) return errno_error("list", "'" + name + "'");
  return numbers;
}

Result<DescriptorTable> DescriptorTable::prepare() {
  DescriptorTable table;
  struct stat found {};
  if (stat("/proc/self/ns/net", &found) != 0) return errno_error("inspect", "'/proc/self/ns/net'");
  table.nsfs_ = found.st_dev;
  UniqueFd event(eventfd(0, EFD_CLOEXEC));
  if (!event || fstat(event.ref().number(), &found) != 0) return errno_error("inspect an anonymous inode");
  table.anonymous_ = found.st_dev;
  return table;
}

Status DescriptorTable::classify(const Task& task, int fd, const std::set<ino_t>* inodes, const Found& found) const {
  const std::string name = std::to_string(fd);
  struct statx file {};
  constexpr int kFlags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  if (syscalls::statx(task.table.number(), name.c_str(), kFlags, STATX_TYPE | STATX_INO | STATX_SIZE, &file) != 0) {
    if (errno == ENOENT || errno == ESRCH) return done;
    return errno_error("inspect fd " + name);
  }
  auto report = [&](NetnsHolder::Kind kind, ino_t inode) {
    if (inodes == nullptr || inodes->contains(inode)) found(inode, kind, fd);
  };
  const dev_t device = makedev(file.stx_dev_major, file.stx_dev_minor);
  if (device == nsfs_) {
    if (inodes != nullptr || is_netns(task.table, name)) report(NetnsHolder::Kind::descriptor, file.stx_ino);
    return done;
  }
  if (device == anonymous_) return classify_anonymous(task, fd, report);
  if (S_ISREG(file.stx_mode) && file.stx_dev_major == 0 && file.stx_size == 0) return classify_proc(task, fd, report);
  return done;
}

Status DescriptorTable::classify_anonymous(const Task& task, int fd, const Report& report) const {
  const std::string name = std::to_string(fd);
  std::string kind = link_text(task.table, name);
  bool ring = kind == "anon_inode:[io_uring]";
  if (!ring && kind != "anon_inode:inotify" && kind != "anon_inode:[inotify]") return done;
  auto fdinfo = read_small_file(task.proc, task.path + "/fdinfo/" + name, kLargestFdinfo);
  if (!fdinfo && (fdinfo.error().err == ENOENT || fdinfo.error().err == ESRCH)) return done;
  if (!fdinfo) return std::move(fdinfo).error();
  if (!ring) {
    inotify_targets(*fdinfo, nsfs_, [&](ino_t inode) { report(NetnsHolder::Kind::inotify, inode); });
    return done;
  }
  bool open_question = io_uring_targets(*fdinfo, [&](ino_t inode) { report(NetnsHolder::Kind::io_uring, inode); });
  if (open_question) return unclear(fd, "an io_uring with a file that may be a namespace");
  return done;
}

// An open file of /proc/net holds the namespace its opener was in.
Status DescriptorTable::classify_proc(const Task& task, int fd, const Report& report) {
  pid_t opener = task_of_proc_net(link_text(task.table, std::to_string(fd)));
  if (opener == 0) return done;
  struct stat netns {};
  if (fstatat(task.proc.number(), (std::to_string(opener) + "/ns/net").c_str(), &netns, 0) != 0) {
    return unclear(fd, "a /proc/net file of a task that has ended");
  }
  report(NetnsHolder::Kind::proc_net, netns.st_ino);
  return done;
}

Result<std::size_t> DescriptorTable::read(FdRef proc,
                                          const std::string& task,
                                          const std::set<ino_t>* inodes,
                                          const Found& found) const {
  UniqueFd table(openat(proc.number(), (task + "/fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!table) return errno_error("open the descriptors of", "'" + task + "'");
  TRY(auto numbers, numbers_in(table.ref(), "."));
  for (int fd : numbers) {
    TRY_OK(classify({proc, task, table.ref()}, fd, inodes, found));
  }
  return numbers.size();
}

}  // namespace isthmus::detail
