// tally (instructions | calls | profile) COMMAND [ARGUMENT...]: runs the command and counts what it and all that comes
// of it do; one "NAME NUMBER" a line on descriptor 3. Counts are exact and hardly vary where times are noise, and need
// neither hardware counters nor an emulator that would have to know every system call.
//
// instructions  user instructions from the first one after execve(2), a repeated string instruction as one
// calls         system calls, processes, threads, netlink messages and bytes each way, and each system call by its name
// profile       as instructions, and "ADDRESS NUMBER" for each address executed: for awk and nm(1)
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>
#include <unordered_map>

#include "tests/bench/tracee.h"

namespace isthmus::bench {
namespace {

constexpr int kReport = 3;

// Made by the build from <sys/syscall.h>.
const std::unordered_map<std::uint64_t, const char*> kNames = {
#include "syscall_names.inc"
};

std::string name_of(std::uint64_t number) {
  auto found = kNames.find(number);
  return found == kNames.end() ? std::to_string(number) : found->second;
}

struct Traffic {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
};

std::string socket_of(pid_t thread, std::uint64_t fd) {
  char target[64];
  std::string path = "/proc/" + std::to_string(thread) + "/fd/" + std::to_string(fd);
  ssize_t size = readlink(path.c_str(), target, sizeof target);
  return {target, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::string memory_of(pid_t thread, std::uint64_t address, std::size_t size) {
  std::string bytes(size, '\0');
  iovec local{bytes.data(), size};
  iovec remote{reinterpret_cast<void*>(address), size};
  ssize_t got = process_vm_readv(thread, &local, 1, &remote, 1, 0);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

template <class T>
T object_of(pid_t thread, std::uint64_t address) {
  T object{};
  std::string bytes = memory_of(thread, address, sizeof object);
  std::memcpy(&object, bytes.data(), bytes.size());
  return object;
}

class CallCounter {
 public:
  void count(const SystemCall& call) {
    ++calls_;
    ++by_number_[call.number];
    const std::uint64_t fd = call.arguments[0];
    if (call.number == SYS_socket && call.arguments[0] == AF_NETLINK && call.result >= 0) {
      netlink_.push_back(socket_of(call.thread, static_cast<std::uint64_t>(call.result)));
    } else if (call.number == SYS_sendto && is_netlink(call.thread, fd)) {
      add(sent_, call, call.arguments[1]);
    } else if (call.number == SYS_recvfrom && is_netlink(call.thread, fd)) {
      if ((call.arguments[3] & MSG_PEEK) == 0) add(received_, call, call.arguments[1]);
    } else if (call.number == SYS_sendmsg && is_netlink(call.thread, fd)) {
      add_pieces(sent_, call);
    } else if (call.number == SYS_recvmsg && is_netlink(call.thread, fd)) {
      if ((call.arguments[2] & MSG_PEEK) == 0) add_pieces(received_, call);
    }
  }

  void report(std::FILE* out) const {
    std::fprintf(out, "calls %lu\nnetlink-sent %lu\nnetlink-sent-bytes %lu\nnetlink-received %lu\n", calls_,
                 sent_.messages, sent_.bytes, received_.messages);
    std::fprintf(out, "netlink-received-bytes %lu\n", received_.bytes);
    for (const auto& [number, times] : by_number_)
      std::fprintf(out, "call.%s %lu\n", name_of(number).c_str(), times);
  }

 private:
  bool is_netlink(pid_t thread, std::uint64_t fd) const {
    return std::find(netlink_.begin(), netlink_.end(), socket_of(thread, fd)) != netlink_.end();
  }

  static void walk(Traffic& traffic, std::string_view bytes) {
    while (bytes.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header;
      std::memcpy(&header, bytes.data(), sizeof header);
      if (header.nlmsg_len < sizeof header) return;
      ++traffic.messages;
      bytes.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), bytes.size()));
    }
  }

  static void add(Traffic& traffic, const SystemCall& call, std::uint64_t buffer) {
    if (call.result <= 0) return;
    auto size = static_cast<std::size_t>(call.result);
    traffic.bytes += size;
    walk(traffic, memory_of(call.thread, buffer, size));
  }

  static void add_pieces(Traffic& traffic, const SystemCall& call) {
    if (call.result <= 0) return;
    auto header = object_of<msghdr>(call.thread, call.arguments[1]);
    std::string bytes;
    for (decltype(header.msg_iovlen) i = 0; i < header.msg_iovlen; ++i) {
      auto piece = object_of<iovec>(call.thread, reinterpret_cast<std::uint64_t>(header.msg_iov + i));
      bytes += memory_of(call.thread, reinterpret_cast<std::uint64_t>(piece.iov_base), piece.iov_len);
    }
    auto size = static_cast<std::size_t>(call.result);
    traffic.bytes += size;
    walk(traffic, std::string_view(bytes).substr(0, size));
  }

  std::uint64_t calls_ = 0;
  std::map<std::uint64_t, std::uint64_t> by_number_;
  std::vector<std::string> netlink_;
  Traffic sent_;
  Traffic received_;
};

struct Births {
  std::uint64_t processes = 1;
  std::uint64_t threads = 0;
};

int tally(const std::string& what, const std::vector<std::string>& command) {
  fcntl(kReport, F_SETFD, FD_CLOEXEC);
  Births births;
  CallCounter calls;
  std::uint64_t instructions = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> profile;
  Observer observer;
  observer.born = [&](bool thread) { ++(thread ? births.threads : births.processes); };
  if (what == "calls") {
    observer.call = [&](const SystemCall& call) { calls.count(call); };
  } else if (what == "profile") {
    observer.step = [&](std::uint64_t at) { ++instructions, ++profile[at]; };
  } else {
    observer.step = [&](std::uint64_t) { ++instructions; };
  }
  int status = run_traced(command, observer);
  std::FILE* out = fdopen(kReport, "w");
  if (status < 0 || out == nullptr) {
    std::perror("tally");
    return 125;
  }
  std::fprintf(out, "processes %lu\nthreads %lu\n", births.processes, births.threads);
  if (what == "calls") calls.report(out);
  if (what != "calls") std::fprintf(out, "instructions %lu\n", instructions);
  for (const auto& [at, times] : profile)
    std::fprintf(out, "%lx %lu\n", at, times);
  std::fclose(out);
  return status;
}

}  // namespace
}  // namespace isthmus::bench

int main(int argc, char** argv) {
  std::string what = argc > 1 ? argv[1] : "";
  if (argc < 3 || (what != "instructions" && what != "calls" && what != "profile")) {
    std::fprintf(stderr, "usage: tally (instructions | calls | profile) COMMAND [ARGUMENT...] 3>REPORT\n");
    return 125;
  }
  return isthmus::bench::tally(what, {argv + 2, argv + argc});
}
