// What can keep a network namespace alive, each as a function for a child process: it takes hold and returns whether
// that worked.
#pragma once

#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>

namespace isthmus {

inline const std::string kPath = "/run/netns/held";

// All of the below run in a child process.
inline int open_name(int flags = O_RDONLY) { return open(kPath.c_str(), flags); }
inline bool enter() {
  int fd = open_name();
  bool entered = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
  close(fd);
  return entered;
}
// Runs f inside, then goes home: what f leaves behind is all that holds.
inline bool visit(const std::function<bool()>& f) {
  int home = open("/proc/thread-self/ns/net", O_RDONLY);
  bool fine = enter() && f();
  int err = errno;
  fine = setns(home, CLONE_NEWNET) == 0 && fine;
  close(home);
  errno = err;
  return fine;
}
inline bool start_thread(void* (*body)(void*)) {
  static int ends[2];
  if (pipe(ends) != 0) return false;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, body, &ends[1]) != 0) return false;
  int answer = -1;
  return read(ends[0], &answer, sizeof answer) == sizeof answer && answer == 0;
}
inline void say_and_wait(void* pipe, bool fine) {
  int answer = fine ? 0 : 1;
  if (write(*static_cast<int*>(pipe), &answer, sizeof answer) < 0) return;
  while (true)
    pause();
}
inline void* thread_inside(void* pipe) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  say_and_wait(pipe, enter());
  return nullptr;
}
inline void* thread_with_its_own_descriptors(void* pipe) {
  say_and_wait(pipe, unshare(CLONE_FILES) == 0 && open_name() >= 0);
  return nullptr;
}

inline int send_descriptor(int fd) {
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

inline bool tap(bool attach) {
  int fd = open("/dev/net/tun", O_RDWR);
  if (fd < 0) return false;
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  strcpy(request.ifr_name, "tap0");
  return !attach || ioctl(fd, TUNSETIFF, &request) == 0;
}

inline bool mapped_packet_ring() {
  int fd = socket(AF_PACKET, SOCK_RAW, htons(3));
  int version = TPACKET_V2;
  tpacket_req ring{4096, 1, 2048, 2};
  if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0) return false;
  if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0) return false;
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return memory != MAP_FAILED;
}

inline bool io_uring_file() {
  io_uring_params parameters{};
  int ring = static_cast<int>(syscall(SYS_io_uring_setup, 4, &parameters));
  if (ring < 0) return false;
  int file = open_name();
  bool fine = syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &file, 1) == 0;
  close(file);
  return fine;
}

// A thread inside, whose process looks dead: the first thread has ended.
inline bool thread_behind_a_zombie() {
  int ends[2];
  if (pipe(ends) != 0) return false;
  static int answer_to = ends[1];
  pid_t other = fork();
  if (other == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_t thread;
    pthread_create(&thread, nullptr, thread_inside, &answer_to);
    syscall(SYS_exit, 0);  // this thread alone; pthread_exit(3) would unwind
  }
  int answer = -1;
  if (read(ends[0], &answer, sizeof answer) != sizeof answer || answer != 0) return false;
  const std::string link = "/proc/" + std::to_string(other) + "/ns/net";
  for (int tries = 0; tries < 100 && access(link.c_str(), F_OK) == 0; ++tries)
    usleep(10'000);
  return access(link.c_str(), F_OK) != 0;
}

inline bool set_loopback(bool up) {
  int control = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  bool fine = ioctl(control, SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags = static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  fine = fine && ioctl(control, SIOCSIFFLAGS, &request) == 0;
  close(control);
  return fine;
}

// Both ends of a connection inside. With `silent` the link goes first, so that the ends wait for answers to their FIN.
inline bool closed_tcp(bool silent) {
  if (!set_loopback(true)) return false;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 1) != 0) return false;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  if (connect(client, reinterpret_cast<sockaddr*>(&address), size) != 0) return false;
  int server = accept(listener, nullptr, nullptr);
  if (server < 0 || (silent && !set_loopback(false))) return false;
  close(client);
  usleep(20'000);
  return close(server) == 0 && close(listener) == 0;
}

inline bool own_mount_namespace(unsigned long propagation) {
  return unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | propagation, nullptr) == 0;
}

}  // namespace isthmus
