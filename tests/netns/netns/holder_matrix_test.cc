// What keeps a network namespace alive, one row each: every holder must be found by one of the four searches, or must
// keep nothing alive.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "netns/netns_holders.h"
#include "netns/netns_mounts.h"
#include "netns/netns_probe.h"
#include "tests/netns/netns/holders.h"
#include "tests/support/child.h"
#include "tests/support/private_host.h"

namespace isthmus {
namespace {

using test::Child;
using test::NamedNetns;
using test::PrivateHost;

struct Row {
  const char* name;
  std::function<bool()> hold;
  bool by_task = false;
  bool by_descriptor = false;
  bool by_sockets = false;
  bool by_mount = false;  // in another mount namespace
  bool unclear = false;   // a hole is reported: there may be a holder
  bool nothing = false;   // does not keep it alive
  bool hidden = false;    // keeps it alive and cannot be seen by anybody: what the look after the unmount is for
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {.name = "process", .hold = enter, .by_task = true},
      {.name = "thread_only", .hold = [] { return start_thread(thread_inside); }, .by_task = true},
      {.name = "descriptor_of_the_name", .hold = [] { return open_name() >= 0; }, .by_descriptor = true},
      {.name = "descriptor_of_proc",
       .hold = [] { return visit([] { return open("/proc/thread-self/ns/net", O_RDONLY) >= 0; }); },
       .by_descriptor = true},
      {.name = "descriptor_of_one_thread",
       .hold = [] { return start_thread(thread_with_its_own_descriptors); },
       .by_descriptor = true},
      {.name = "o_path_descriptor", .hold = [] { return open_name(O_PATH) >= 0; }, .by_descriptor = true},
      {.name = "open_tree_clone",
       .hold = [] { return syscall(SYS_open_tree, AT_FDCWD, kPath.c_str(), OPEN_TREE_CLONE) >= 0; },
       .by_descriptor = true},
      {.name = "private_copy_of_the_mounts", .hold = [] { return own_mount_namespace(MS_PRIVATE); }, .by_mount = true},
      {.name = "slave_copy_of_the_mounts", .hold = [] { return own_mount_namespace(MS_SLAVE); }, .by_mount = true},
      {.name = "chrooted_with_a_private_copy",
       .hold = [] { return own_mount_namespace(MS_PRIVATE) && chroot("/proc") == 0 && chdir("/") == 0; },
       .by_mount = true},
      {.name = "mount_namespace_without_a_task",
       .hold =
           [] {
             int ends[2];
             if (pipe(ends) != 0) return false;
             pid_t other = fork();
             if (other == 0) {
               bool fine = own_mount_namespace(MS_PRIVATE);
               if (write(ends[1], &fine, 1) != 1) _exit(1);
               while (true)
                 pause();
             }
             bool fine = false;
             if (read(ends[0], &fine, 1) != 1 || !fine) return false;
             int fd = open(("/proc/" + std::to_string(other) + "/ns/mnt").c_str(), O_RDONLY);
             kill(other, SIGKILL);
             return waitpid(other, nullptr, 0) == other && fd >= 0;
           },
       .by_mount = true},
      {.name = "udp_socket_unbound",
       .hold = [] { return visit([] { return socket(AF_INET, SOCK_DGRAM, 0) >= 0; }); },
       .by_sockets = true},
      {.name = "netlink_socket",
       .hold = [] { return visit([] { return socket(AF_NETLINK, SOCK_RAW, 0) >= 0; }); },
       .by_sockets = true},
      {.name = "unix_socket",
       .hold = [] { return visit([] { return socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }); },
       .by_sockets = true},
      {.name = "tun_unattached", .hold = [] { return visit([] { return tap(false); }); }, .by_sockets = true},
      {.name = "tap_attached", .hold = [] { return visit([] { return tap(true); }); }, .by_sockets = true},
      {.name = "mapped_packet_ring", .hold = [] { return visit(mapped_packet_ring); }, .by_sockets = true},
      {.name = "socket_in_flight",
       .hold =
           [] {
             int inside = -1;
             bool fine = visit([&] { return (inside = socket(AF_INET, SOCK_DGRAM, 0)) >= 0; });
             fine = fine && send_descriptor(inside) == 0;
             close(inside);
             return fine;
           },
       .by_sockets = true},
      {.name = "thread_behind_a_zombie", .hold = thread_behind_a_zombie, .by_task = true},
      {.name = "orphaned_tcp", .hold = [] { return visit([] { return closed_tcp(true); }); }, .by_sockets = true},
      {.name = "tcp_in_time_wait", .hold = [] { return visit([] { return closed_tcp(false); }); }, .nothing = true},
      {.name = "netns_descriptor_in_flight",
       .hold =
           [] {
             int name = open_name();
             bool fine = name >= 0 && send_descriptor(name) == 0;
             close(name);
             return fine;
           },
       .hidden = true},
      {.name = "clone_of_the_directory",
       .hold =
           [] {
             constexpr unsigned kFlags = OPEN_TREE_CLONE | AT_RECURSIVE;
             return syscall(SYS_open_tree, AT_FDCWD, "/run/netns", kFlags) >= 0;
           },
       .hidden = true},
      {.name = "sysfs_of_it",
       .hold =
           [] {
             // Mounted while inside, in a mount namespace that has no copy of the name.
             int name = open_name();
             bool fine = own_mount_namespace(MS_PRIVATE) && umount2(kPath.c_str(), MNT_DETACH) == 0;
             int home = open("/proc/thread-self/ns/net", O_RDONLY);
             fine = fine && setns(name, CLONE_NEWNET) == 0 && mount("sysfs", "/mnt", "sysfs", 0, nullptr) == 0;
             fine = setns(home, CLONE_NEWNET) == 0 && fine;
             close(home);
             return close(name) == 0 && fine;
           },
       .nothing = true},
      {.name = "proc_net_file",
       .hold = [] { return enter() && open("/proc/thread-self/net/dev", O_RDONLY) >= 0; },
       .by_task = true,
       .by_descriptor = true},
      {.name = "inotify_watch",
       .hold = [] { return inotify_add_watch(inotify_init1(0), kPath.c_str(), IN_OPEN) >= 0; },
       .by_descriptor = true},
      {.name = "io_uring_file", .hold = io_uring_file, .unclear = true},
      {.name = "zombie",
       .hold =
           [] {
             pid_t other = fork();
             if (other == 0) _exit(enter() ? 0 : 1);
             siginfo_t info{};
             return waitid(P_PID, static_cast<id_t>(other), &info, WEXITED | WNOWAIT) == 0 && info.si_status == 0;
           },
       .nothing = true},
      {.name = "proc_net_directory",
       .hold = [] { return visit([] { return open("/proc/thread-self/net", O_RDONLY | O_DIRECTORY) >= 0; }); },
       .nothing = true},
      {.name = "sysctl_file",
       .hold = [] { return visit([] { return open("/proc/sys/net/core/somaxconn", O_RDONLY) >= 0; }); },
       .nothing = true},
  };
  return all;
}

class HolderMatrix : public PrivateHost, public ::testing::WithParamInterface<Row> {};

TEST_P(HolderMatrix, IsFoundByTheRightSearch) {
  const Row& row = GetParam();
  NamedNetns held("held");
  auto own = own_netns_mounts();
  ASSERT_TRUE(own) << own.error().text();
  const NetnsMount* mount = nullptr;
  for (const auto& one : *own)
    if (one.mount_point == kPath) mount = &one;
  ASSERT_NE(mount, nullptr);

  auto before = look_inside(kPath, mount->inode, Deadline::in(std::chrono::seconds(2)));
  ASSERT_TRUE(before) << before.error().text();
  EXPECT_EQ(before->sockets, 0);
  Child child(row.hold);
  if (::testing::Test::HasFailure()) return;

  HolderQuery query;
  query.inodes = {mount->inode};
  const Deadline deadline = Deadline::in(std::chrono::seconds(10));
  auto scan = scan_netns_holders(query, deadline);
  ASSERT_TRUE(scan) << scan.error().text();
  const auto& of = scan->by_inode[mount->inode];
  EXPECT_EQ(of.tasks > 0, row.by_task);
  EXPECT_EQ(of.descriptors > 0, row.by_descriptor);
  for (const auto& holder : of.named)
    EXPECT_TRUE(holder.pid == child.pid() || std::string_view(row.name) == "thread_behind_a_zombie")
        << describe(holder);

  const std::string child_text = "pid " + std::to_string(child.pid()) + ":";
  bool unclear = false;
  for (const auto& hole : scan->unreadable)
    unclear = unclear || hole.find(child_text) != std::string::npos;
  EXPECT_EQ(unclear, row.unclear);

  auto inside = look_inside(kPath, mount->inode, deadline);
  ASSERT_TRUE(inside) << inside.error().text();
  EXPECT_EQ(inside->sockets > 0, row.by_sockets);
  EXPECT_EQ(!inside->taps.empty(), std::string_view(row.name) == "tap_attached");

  auto foreign = foreign_netns_mounts(scan->mount_namespaces, deadline);
  bool copied = false;
  for (const auto& ns : foreign.namespaces)
    for (const auto& copy : ns.mounts)
      copied = copied || copy.inode == mount->inode;
  EXPECT_EQ(copied, row.by_mount);

  if (row.hidden) {
    EXPECT_TRUE(of.tasks + of.descriptors == 0 && inside->sockets == 0 && !copied);
  }

  // The post-check: what was found is what keeps it alive once the name has gone.
  ASSERT_EQ(umount2(kPath.c_str(), MNT_DETACH), 0);
  bool dead = false;
  for (int tries = 0; tries < (row.nothing ? 200 : 30) && !dead; ++tries) {
    usleep(10'000);
    dead = inside->witness.dead();
  }
  EXPECT_EQ(dead, row.nothing);
}

INSTANTIATE_TEST_SUITE_P(Kernel, HolderMatrix, ::testing::ValuesIn(rows()), [](const auto& row) {
  return std::string(row.param.name);
});

}  // namespace
}  // namespace isthmus
