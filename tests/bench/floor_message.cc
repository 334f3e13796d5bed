#include "tests/bench/floor_message.h"

#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>

namespace isthmus::bench {

void fail(const char* what) {
  char text[256];
  int size = std::snprintf(text, sizeof text, "{\"code\":999,\"msg\":\"floor: %s: %s\"}", what, strerror(errno));
  [[maybe_unused]] ssize_t put = write(1, text, static_cast<std::size_t>(size));
  _exit(1);
}

int open_netlink(int protocol, unsigned groups) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  sockaddr_nl own{AF_NETLINK, 0, 0, groups};
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) fail("netlink socket");
  int one = 1;
  if (protocol == NETLINK_ROUTE) setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  return fd;
}

void carry_out(int socket, const Buffer& buffer, bool must_be_there) {
  if (send(socket, buffer.data(), buffer.size(), 0) < 0) fail("send");
  alignas(nlmsghdr) static char bytes[32768];
  for (;;) {
    ssize_t size = recv(socket, bytes, sizeof bytes, 0);
    if (size < 0) fail("receive");
    auto left = static_cast<unsigned>(size);
    for (auto* message = reinterpret_cast<nlmsghdr*>(bytes); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type != NLMSG_ERROR && message->nlmsg_type != NLMSG_DONE) continue;
      int verdict = *static_cast<int*>(NLMSG_DATA(message));
      const bool there_is_none = verdict == -ENOENT || verdict == -ENODEV || verdict == -ENETUNREACH;
      if (verdict != 0 && (must_be_there || !there_is_none)) {
        errno = -verdict;
        fail("refused");
      }
      if (message->nlmsg_seq == buffer.last()) return;
    }
  }
}

void delete_link(int index, Buffer message) {
  int request = open_netlink(NETLINK_ROUTE, 0);
  int listening = open_netlink(NETLINK_ROUTE, RTMGRP_LINK);
  message.begin(RTM_DELLINK, NLM_F_ACK, ifinfomsg{.ifi_index = index});
  clone_args arguments{};
  long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) fail("clone3");
  if (pid == 0) {
    auto kept = static_cast<unsigned>(request);
    syscall(SYS_close_range, 0, kept - 1, 0);
    syscall(SYS_close_range, kept + 1, UINT_MAX, 0);
    send(request, message.data(), message.size(), 0);
    _exit(0);
  }
  alignas(nlmsghdr) static char bytes[32768];
  for (;;) {
    ssize_t size = recv(listening, bytes, sizeof bytes, 0);
    if (size < 0) fail("receive");
    auto left = static_cast<unsigned>(size);
    for (auto* told = reinterpret_cast<nlmsghdr*>(bytes); NLMSG_OK(told, left); told = NLMSG_NEXT(told, left)) {
      auto* link = static_cast<ifinfomsg*>(NLMSG_DATA(told));
      if (told->nlmsg_type == RTM_DELLINK && link->ifi_family == AF_UNSPEC && link->ifi_index == index) return;
    }
  }
}

}  // namespace isthmus::bench
