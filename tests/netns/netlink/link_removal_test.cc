#include "netlink/link_removal.h"

#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/netns/netlink/nftables_host.h"
#include "tests/netns/netlink/two_sides.h"

namespace isthmus::test {
namespace {

using std::chrono::microseconds;

class LinkRemoval : public TwoSides {
 protected:
  Status remove(int ifindex, const std::string& name, Deadline deadline = soon()) {
    return remove(isthmus::LinkRemoval{ifindex, name}, deadline);
  }
  Status remove(const isthmus::LinkRemoval& removal, Deadline deadline = soon()) {
    return run_at_home(
        [&](const InNamespace<HostSide>& pass) { return delete_link_without_grace(pass, *host_, removal, deadline); });
  }
  template <class F>
  microseconds time(F function) {
    auto start = std::chrono::steady_clock::now();
    function();
    return std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - start);
  }
  void TearDown() override {
    while (waitpid(-1, nullptr, __WCLONE) > 0) {
    }
    TwoSides::TearDown();
  }
};

std::vector<pid_t> children() {
  std::ifstream file("/proc/thread-self/children");
  return {std::istream_iterator<pid_t>(file), {}};
}

TEST_F(LinkRemoval, GoneAtReturn) {
  for (int i = 0; i < 10; ++i) {
    VethIndexes made = live_veth();
    auto removed = remove(made.host, "ist0");
    ASSERT_TRUE(removed) << removed.error().text();
    EXPECT_FALSE(*find_link(*host_, made.host));
    EXPECT_FALSE(*find_link(*host_, ifname("ist0")));
    EXPECT_FALSE(*find_link(*inside_, ifname("eth0")));
  }
}

// A port that leaves its bridge is announced as RTM_DELLINK of family AF_BRIDGE before it is gone.
TEST_F(LinkRemoval, GoneAtReturnForABridgePort) {
  shell("ip link add name istbr up type bridge");
  for (int i = 0; i < 10; ++i) {
    VethIndexes made = live_veth();
    shell("ip link set ist0 master istbr");
    ASSERT_TRUE(remove(made.host, "ist0"));
    EXPECT_FALSE(*find_link(*host_, made.host));
  }
}

TEST_F(LinkRemoval, ForgetsWhoWasBehindTheLink) {
  shell("ip link add name istbr up type bridge && ip address add 10.1.0.1/16 dev istbr");
  VethIndexes made = live_veth();
  shell("ip neigh add 10.1.0.2 dev istbr lladdr 02:00:00:00:00:02 nud reachable");
  shell("ip neigh add 10.1.0.3 dev istbr lladdr 02:00:00:00:00:03 nud reachable");
  auto bridge = *find_link(*host_, ifname("istbr"));
  ASSERT_TRUE(bridge);
  std::vector<NeighbourRef> neighbours;
  for (const char* address : {"10.1.0.2", "10.1.0.4"})
    neighbours.push_back({bridge->ifindex, *IpAddress::parse(address)});
  ASSERT_TRUE(remove({made.host, "ist0", neighbours}));
  EXPECT_FALSE(*find_link(*host_, made.host));
  shell("! ip neigh show dev istbr | grep -w 10.1.0.2");
  shell("ip neigh show dev istbr | grep -qw 10.1.0.3");
}

TEST_F(LinkRemoval, AbsentIsDone) {
  EXPECT_TRUE(remove(4711, "gone"));
  VethIndexes made = veth();
  EXPECT_TRUE(remove(made.host, "ist0"));
  EXPECT_TRUE(remove(made.host, "ist0"));
}

TEST_F(LinkRemoval, WhatTheKernelRefusesIsAnError) {
  auto removed = remove(1, "lo");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().word, "link-delete");
  EXPECT_EQ(removed.error().err, EOPNOTSUPP);
}

TEST_F(LinkRemoval, APassedDeadlineDeletesNothing) {
  VethIndexes made = veth();
  auto removed = remove(made.host, "ist0", Deadline::in(std::chrono::milliseconds(0)));
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().word, "netlink-timeout");
  EXPECT_TRUE(*find_link(*host_, made.host));
}

TEST_F(LinkRemoval, DoesNotWaitForTheGracePeriod) {
  std::vector<microseconds> waiting;
  std::vector<microseconds> not_waiting;
  for (int i = 0; i < 11; ++i) {
    int first = live_veth().host;
    waiting.push_back(time([&] { EXPECT_TRUE(delete_link(*host_, first, "ist0")); }));
    int second = live_veth().host;
    not_waiting.push_back(time([&] { EXPECT_TRUE(remove(second, "ist0")); }));
    waitpid(-1, nullptr, __WCLONE);  // barriers queue: the next measurement starts from rest
  }
  std::ranges::sort(waiting);
  std::ranges::sort(not_waiting);
  std::printf("delete_link %ld us, without grace %ld us (medians)\n", static_cast<long>(waiting[5].count()),
              static_cast<long>(not_waiting[5].count()));
  EXPECT_LT(not_waiting[5], waiting[5] / 2);
}

// What a runtime sees: stdout's other end is free as soon as the plugin ends, and the child ends by itself.
TEST_F(LinkRemoval, TheChildHoldsItsSocketOnlyAndEnds) {
  std::vector<std::string> held;
  // On a loaded machine the child may have ended before it is looked at.
  for (int attempt = 0; attempt < 10 && held.empty(); ++attempt) {
    VethIndexes made = live_veth();
    ASSERT_TRUE(remove(made.host, "ist0"));
    auto left = children();
    ASSERT_EQ(left.size(), 1u);
    std::error_code gone;
    for (const auto& fd : std::filesystem::directory_iterator("/proc/" + std::to_string(left[0]) + "/fd", gone))
      held.push_back(std::filesystem::read_symlink(fd, gone).string());
    int status = -1;
    EXPECT_EQ(waitpid(left[0], &status, __WCLONE), left[0]);
    EXPECT_EQ(status, 0);
  }
  EXPECT_THAT(held, ::testing::ElementsAre(::testing::StartsWith("socket:")));
}

// DEL of a network's last attachment: whoever closes a netfilter socket last waits until what was deleted is freed.
TEST_F(LinkRemoval, TheChildWaitsForTheGracePeriodOfNftablesToo) {
  shell("nft flush ruleset");
  const std::vector<MasqueradeSource> sources = {source("pods", "10.1.0.0/16")};
  auto closing_takes = [&](bool kept) {
    std::optional<NetfilterSocket> socket = netfilter();
    EXPECT_TRUE(ensure_masquerade(*socket, sources));
    int link = live_veth().host;
    auto removed = remove({link, "ist0", {}, kept ? std::optional(socket->ref()) : std::nullopt});
    EXPECT_TRUE(removed);
    EXPECT_TRUE(remove_masquerade(*socket, {"pods"}));
    auto took = time([&] { socket.reset(); });
    waitpid(-1, nullptr, __WCLONE);  // the next measurement starts from rest
    return took;
  };
  std::vector<microseconds> alone;
  std::vector<microseconds> left_to_the_child;
  for (int i = 0; i < 11; ++i) {
    alone.push_back(closing_takes(false));
    left_to_the_child.push_back(closing_takes(true));
  }
  std::ranges::sort(alone);
  std::ranges::sort(left_to_the_child);
  std::printf("close %ld us, left to the child %ld us (medians)\n", static_cast<long>(alone[5].count()),
              static_cast<long>(left_to_the_child[5].count()));
  EXPECT_LT(left_to_the_child[5], alone[5] / 2);
}

TEST_F(LinkRemoval, IsNobodyElsesChild) {
  VethIndexes made = live_veth();
  ASSERT_TRUE(remove(made.host, "ist0"));
  EXPECT_EQ(waitpid(-1, nullptr, 0), -1) << "a plain wait must not meet it";
  EXPECT_EQ(errno, ECHILD);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  ASSERT_EQ(children().size(), 1u);
  ASSERT_TRUE(remove(4711, "gone"));  // collects it
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(children().size(), 1u) << "only the second one may be left";
}

// A plugin that has ended: its child is adopted, by this test in the place of init, and ends with status 0.
TEST_F(LinkRemoval, OutlivesThePluginWithoutHoldingItsPipe) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  VethIndexes made = live_veth();
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  pid_t plugin = fork();
  if (plugin == 0) _exit(remove(made.host, "ist0") ? 0 : 1);
  close(pipe_ends[1]);
  int status = -1;
  ASSERT_EQ(waitpid(plugin, &status, 0), plugin);
  EXPECT_EQ(status, 0);
  char byte;
  auto waited = time([&] { EXPECT_EQ(read(pipe_ends[0], &byte, 1), 0); });
  EXPECT_LT(waited, microseconds(10000)) << "the grace period takes about 15 ms";
  close(pipe_ends[0]);
  status = -1;
  EXPECT_GT(waitpid(-1, &status, 0), 0) << "the orphan was not adopted";
  EXPECT_EQ(status, 0);
  EXPECT_EQ(waitpid(-1, nullptr, __WALL), -1);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  EXPECT_FALSE(*find_link(*host_, ifname("ist0")));
}

// Refuses one system call with ENOSYS, as a kernel without it or a sandbox does, in this process and its children.
void forbid(unsigned call) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog filter{4, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) _exit(2);
}

// No process to be had, or none that could close what it has inherited.
TEST_F(LinkRemoval, DeletesAndWaitsItselfWhenTheChildCannot) {
  for (unsigned call : {SYS_clone, SYS_close_range}) {
    VethIndexes made = live_veth();
    pid_t plugin = fork();
    if (plugin == 0) {
      forbid(call);
      _exit(remove(made.host, "ist0") ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(plugin, &status, 0), plugin);
    EXPECT_EQ(status, 0) << "without system call " << call;
    EXPECT_FALSE(*find_link(*host_, made.host));
  }
}

// Thousands of announcements that nobody has read yet must not hide the one that counts.
TEST_F(LinkRemoval, FindsItsEndOnABusyHost) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> noise;
  for (int i = 0; i < 2; ++i) {
    noise.emplace_back([&stop, socket = host_socket()]() mutable {
      for (int round = 0; !stop; ++round) {
        Batch batch;
        for (int n = 0; n < 60; ++n)
          change_link(batch, 1, "lo", {.alias = std::string(200, static_cast<char>('a' + (round + n) % 26))});
        if (!socket.commit(std::move(batch))) return;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    VethIndexes made = veth();
    auto removed = remove(made.host, "ist0");
    EXPECT_TRUE(removed) << removed.error().text();
    EXPECT_FALSE(*find_link(*host_, made.host));
  }
  stop = true;
  for (auto& thread : noise)
    thread.join();
}

}  // namespace
}  // namespace isthmus::test
