// What keeps a network namespace alive, one row each: every holder must be found by one of the four searches, or must
// keep nothing alive.
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "netns/netns_holders.h"
#include "netns/netns_mounts.h"
#include "netns/netns_probe.h"
#include "tests/support/child.h"
#include "tests/support/private_host.h"

namespace isthmus {
namespace {

using test::Child;
using test::NamedNetns;
using test::PrivateHost;

const std::string kPath = "/run/netns/held";

// All of the below run in a child process.
int open_name(int flags = O_RDONLY) { return open(kPath.c_str(), flags); }
bool enter() {
  int fd = open_name();
  bool entered = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
  close(fd);
  return entered;
}
// Runs f inside, then goes home: what f leaves behind is all that holds.
bool visit(const std::function<bool()>& f) {
  int home = open("/proc/thread-self/ns/net", O_RDONLY);
  bool fine = enter() && f();
  int err = errno;
  fine = setns(home, CLONE_NEWNET) == 0 && fine;
  close(home);
  errno = err;
  return fine;
}
bool start_thread(void* (*body)(void*)) {
  static int ends[2];
  if (pipe(ends) != 0) return false;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, body, &ends[1]) != 0) return false;
  int answer = -1;
  return read(ends[0], &answer, sizeof answer) == sizeof answer && answer == 0;
}
void say_and_wait(void* pipe, bool fine) {
  int answer = fine ? 0 : 1;
  if (write(*static_cast<int*>(pipe), &answer, sizeof answer) < 0) return;
  while (true)
    pause();
}
void* thread_inside(void* pipe) {
  say_and_wait(pipe, enter());
  return nullptr;
}
void* thread_with_its_own_descriptors(void* pipe) {
  say_and_wait(pipe, unshare(CLONE_FILES) == 0 && open_name() >= 0);
  return nullptr;
}

int send_descriptor(int fd) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0) return -1;
  char byte = 0;
  iovec payload{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  return sendmsg(ends[0], &message, 0) == 1 ? 0 : -1;
}

bool tap(bool attach) {
  int fd = open("/dev/net/tun", O_RDWR);
  if (fd < 0) return false;
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  strcpy(request.ifr_name, "tap0");
  return !attach || ioctl(fd, TUNSETIFF, &request) == 0;
}

bool mapped_packet_ring() {
  int fd = socket(AF_PACKET, SOCK_RAW, htons(3));
  int version = TPACKET_V2;
  tpacket_req ring{4096, 1, 2048, 2};
  if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0) return false;
  if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0) return false;
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return memory != MAP_FAILED;
}

bool io_uring_file() {
  io_uring_params parameters{};
  int ring = static_cast<int>(syscall(SYS_io_uring_setup, 4, &parameters));
  if (ring < 0) return false;
  int file = open_name();
  bool fine = syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &file, 1) == 0;
  close(file);
  return fine;
}

bool own_mount_namespace(unsigned long propagation) {
  return unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | propagation, nullptr) == 0;
}

struct Row {
  const char* name;
  std::function<bool()> hold;
  bool by_task = false;
  bool by_descriptor = false;
  bool by_sockets = false;
  bool by_mount = false;  // in another mount namespace
  bool unclear = false;   // a hole is reported: there may be a holder
  bool nothing = false;   // does not keep it alive
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
    EXPECT_EQ(holder.pid, child.pid()) << describe(holder);

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
