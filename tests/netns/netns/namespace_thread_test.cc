#include "netns/namespace_thread.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "netns/helper_process.h"
#include "tests/netns/netns/pod_test.h"

namespace isthmus {
namespace {

using ::testing::HasSubstr;

class NamespaceThread : public test::PodTest {
 protected:
  static std::size_t threads() {
    std::filesystem::directory_iterator all("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
};

TEST_F(NamespaceThread, TheFunctionIsInsideAndTheMainThreadIsNot) {
  NetnsId before = *own_netns_id();
  auto inside = run_in<ContainerSide>(netns(), [&](const InNamespace<ContainerSide>& pass) -> Result<NetnsId> {
    EXPECT_TRUE(pass.here());
    TRY(NetnsId own, own_netns_id());
    return own;
  });
  ASSERT_TRUE(inside) << inside.error().text();
  EXPECT_EQ(*inside, netns().id());
  EXPECT_NE(*inside, before);
  EXPECT_EQ(*own_netns_id(), before);
}

// /proc says the same of the calling thread, whoever asks.
TEST_F(NamespaceThread, OnesOwnNamespaceIsThatOfProc) {
  auto of_proc = []() -> Result<NetnsId> {
    struct stat found {};
    if (stat("/proc/thread-self/ns/net", &found) != 0) return errno_error("stat");
    return NetnsId{found.st_dev, found.st_ino};
  };
  EXPECT_EQ(*own_netns_id(), *of_proc());
  auto inside =
      run_in<ContainerSide>(netns(), [&](const auto&) -> Result<bool> { return *own_netns_id() == *of_proc(); });
  EXPECT_TRUE(inside && *inside);
}

TEST_F(NamespaceThread, TheMainThreadStaysHomeWhileTheFunctionRuns) {
  NetnsId home = *own_netns_id();
  auto seen = run_in<ContainerSide>(netns(), [](const auto&) -> Result<NetnsId> {
    // /proc/self is the main thread's, which waits in join.
    auto path = NetnsPath::parse("/proc/" + std::to_string(getpid()) + "/ns/net");
    TRY(NetnsFd main, NetnsFd::open(*path, Deadline::in(std::chrono::seconds(20))));
    return main.id();
  });
  ASSERT_TRUE(seen);
  EXPECT_EQ(*seen, home);
}

TEST_F(NamespaceThread, APassIsWorthNothingOnAnotherThread) {
  auto answer = run_in<ContainerSide>(netns(), [](const InNamespace<ContainerSide>& pass) -> Result<bool> {
    bool elsewhere = true;
    std::thread([&] { elsewhere = pass.here(); }).join();
    return pass.here() && !elsewhere;
  });
  ASSERT_TRUE(answer);
  EXPECT_TRUE(*answer);
}

TEST_F(NamespaceThread, AllSignalsAreBlockedInsideAndTheMaskOutsideIsAsBefore) {
  sigset_t before;
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  auto open_signals = run_in<ContainerSide>(netns(), [](const auto&) -> Result<std::string> {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    std::string unblocked;
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
      if (signal == SIGKILL || signal == SIGSTOP || signal > 31) continue;
      if (sigismember(&mask, signal) != 1) unblocked += std::to_string(signal) + " ";
    }
    return unblocked;
  });
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  ASSERT_TRUE(open_signals);
  EXPECT_EQ(*open_signals, "");
  for (int signal = 1; signal < 32; ++signal)
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal)) << signal;
}

bool loopback_is_up(FdRef socket) {
  ifreq request{};
  strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  EXPECT_EQ(ioctl(socket.number(), SIOCGIFFLAGS, &request), 0);
  return (request.ifr_flags & IFF_UP) != 0;
}

TEST_F(NamespaceThread, ASocketBornInsideStaysInside) {
  auto socket_inside = run_in<ContainerSide>(netns(), [](const auto&) -> Result<UniqueFd> {
    UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return errno_error("open socket");
    return fd;
  });
  ASSERT_TRUE(socket_inside);
  UniqueFd at_home(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // The private host's loopback is up, a fresh namespace's is down.
  EXPECT_TRUE(loopback_is_up(at_home.ref()));
  EXPECT_FALSE(loopback_is_up(socket_inside->ref()));
}

TEST_F(NamespaceThread, AnErrorFromInsideComesOutUnchanged) {
  auto failed = run_in<ContainerSide>(
      netns(), [](const auto&) -> Status { return Error{"do it", "'x'", EACCES, {}, "denied", {}}; });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text(), "cannot do it 'x': Permission denied (EACCES) [denied]");
}

TEST_F(NamespaceThread, AnExceptionBecomesAnError) {
  auto failed =
      run_in<ContainerSide>(netns(), [](const auto&) -> Status { throw std::runtime_error("a bug of ours"); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().word, "internal");
  EXPECT_EQ(failed.error().detail, "a bug of ours");
  auto odd = run_in<ContainerSide>(netns(), [](const auto&) -> Status { throw 7; });
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().word, "internal");
}

// Without privilege every namespace refuses us.
TEST_F(NamespaceThread, AFailedSetnsRunsNothingInside) {
  bool ran = false;
  std::optional<Error> error;
  std::thread([&] {
    // Threads have credentials of their own at system call level; the namespace thread inherits these.
    if (syscall(SYS_setresuid, 65534, 65534, 65534) != 0) return;
    auto failed = run_in<ContainerSide>(netns(), [&](const auto&) -> Status {
      ran = true;
      return done;
    });
    if (!failed) error = failed.error();
  }).join();
  EXPECT_FALSE(ran);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->word, "netns-enter");
  EXPECT_EQ(error->err, EPERM);
}

TEST_F(NamespaceThread, AThreadThatCannotStartIsAnError) {
  std::optional<Error> error;
  bool ran = false;
  std::thread([&] {
    // RLIMIT_NPROC counts the real user's tasks and does not bind root: again as nobody.
    if (syscall(SYS_setresuid, 65534, 65534, 65534) != 0) return;
    rlimit before{};
    getrlimit(RLIMIT_NPROC, &before);
    rlimit none{0, before.rlim_max};
    setrlimit(RLIMIT_NPROC, &none);
    auto failed = run_in<ContainerSide>(netns(), [&](const auto&) -> Status {
      ran = true;
      return done;
    });
    setrlimit(RLIMIT_NPROC, &before);
    if (!failed) error = failed.error();
  }).join();
  EXPECT_FALSE(ran);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->word, "thread-start");
  EXPECT_EQ(error->err, EAGAIN);
}

TEST_F(NamespaceThread, NoThreadIsLeft) {
  std::size_t before = threads();
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(run_in<ContainerSide>(netns(), [](const auto&) -> Status { return done; }));
  // A joined thread may show for a moment longer: the kernel wakes the joiner before it takes the task off the list.
  for (int i = 0; i < 1000 && threads() != before; ++i)
    usleep(1000);
  EXPECT_EQ(threads(), before);
}

TEST_F(NamespaceThread, NoThreadInAContainerGetsTheHostsPass) {
  bool ran = false;
  auto failed = run_in<ContainerSide>(netns(), [&](const auto&) -> Status {
    return run_at_home([&](const InNamespace<HostSide>&) -> Status {
      ran = true;
      return done;
    });
  });
  EXPECT_FALSE(ran);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().word, "internal");
}

TEST_F(NamespaceThread, AtHomeNoThreadIsNeeded) {
  NetnsId home = *own_netns_id();
  auto answer = run_at_home([&](const InNamespace<HostSide>& pass) -> Result<bool> {
    EXPECT_TRUE(pass.here());
    TRY(NetnsId own, own_netns_id());
    return own == home;
  });
  ASSERT_TRUE(answer);
  EXPECT_TRUE(*answer);
}

}  // namespace
}  // namespace isthmus
