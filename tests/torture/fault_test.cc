// Each system call fails, one at a time, with each error; and dumps of the kernel are interrupted.
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "tests/torture/torture.h"

namespace isthmus::test {
namespace {

// Removed before each point, so that the fault of one is not the next one's.
constexpr const char* kResolvConf = "/etc/netns/pod/resolv.conf";
constexpr std::array kErrors = {ENOMEM, ENOSPC, EIO, EINTR, EPERM, EBUSY};

// Calls the manual knows no failure of, or that do not come back.
bool can_fail(const Stop& stop) {
  static const std::set<long> kNever = {SYS_exit,
                                        SYS_exit_group,
                                        SYS_rt_sigreturn,
                                        SYS_getpid,
                                        SYS_gettid,
                                        SYS_getppid,
                                        SYS_geteuid,
                                        SYS_getuid,
                                        SYS_rt_sigprocmask,
                                        SYS_rt_sigaction,
                                        SYS_alarm,
                                        SYS_execve,
                                        SYS_rseq,
                                        SYS_set_robust_list,
                                        SYS_set_tid_address,
                                        SYS_close,
                                        SYS_brk /* tells the old break, not an errno */};
  return stop.entry && stop.main_process && !kNever.contains(stop.call);
}

bool is_one_error(const std::string& out) {
  Json error = Json::parse(out, nullptr, false);
  return error.is_object() && error.contains("code") && error.contains("msg") && error["msg"].is_string() &&
         !error["msg"].get<std::string>().empty();
}

class Fault : public Torture, public testing::WithParamInterface<NetworkKind> {
 protected:
  void SetUp() override {
    Torture::SetUp();
    conf_ = conf_of(GetParam());
    add_ = command("ADD", conf_);
    del_ = command("DEL", conf_);
    EXPECT_EQ(finish(add_).status, 0);
    EXPECT_EQ(finish(del_).status, 0);
    settle();
    remember();
  }

  // One run for each chosen call and error. `after` judges the outcome and puts all in order.
  void at_each_call(Tally& tally,
                    const Command& command,
                    std::size_t sample,
                    const std::function<void()>& prepare,
                    const std::function<void(const std::string& where, const Traced&)>& after) {
    prepare();
    const std::vector<Stop> stops = record_stops(command);
    after("no fault", {.status = 0});
    std::vector<int> chosen = choose_stops(stops, is_whole() ? stops.size() * 2 : share_of(GetParam(), sample));
    int turn = 0;
    for (int index : chosen) {
      const Stop& planned = stops[static_cast<std::size_t>(index - 1)];
      // The loader's failures are not ours to word.
      if (!can_fail(planned) || index < after_loader(stops)) continue;
      for (std::size_t i = 0; i < kErrors.size(); ++i) {
        if (!is_whole() && i != static_cast<std::size_t>(turn) % kErrors.size()) continue;
        one_fault(tally, command, index, kErrors[i], prepare, after);
      }
      ++turn;
    }
  }

  void one_fault(Tally& tally,
                 const Command& command,
                 int index,
                 int err,
                 const std::function<void()>& prepare,
                 const std::function<void(const std::string& where, const Traced&)>& after) {
    prepare();
    Stop at;
    Traced traced = trace(command, [&](const Stop& stop) {
      // Stops shift by a few between runs.
      if (at.index != 0 || stop.index < index || !can_fail(stop)) return Order{};
      at = stop;
      return Order{Do::fail, err};
    });
    if (at.index == 0) return;
    tally.point();
    const std::string where = place(at) + " failed with " + strerrorname_np(err);
    after(where, traced);
    tally.wrong(where, changes_since());
  }

  static int after_loader(const std::vector<Stop>& stops) {
    auto at = std::find_if(stops.begin(), stops.end(),
                           [](const Stop& stop) { return stop.is(SYS_read) && stop.argument[0] == 0; });
    return at == stops.end() ? 1 : at->index;
  }

  void expect_success(Tally& tally, const std::string& where, const char* what, const Command& command) {
    Traced done = finish(command);
    if (done.status != 0) tally.wrong(where, std::string(what) + ": " + told(done));
  }

  // A failure says why in one error object, unless stdout was what failed.
  static void expect_words(Tally& tally, const std::string& where, const Traced& traced) {
    if (traced.signal != 0) tally.wrong(where, told(traced));
    if (traced.status == 0 || traced.signal != 0) return;
    // What fails after the answer takes it back by the exit status, and says so on stderr.
    const bool answered = traced.out.find("\"ips\"") != std::string::npos && !traced.err.empty();
    if (!is_one_error(traced.out) && traced.status != 2 && !answered)
      tally.wrong(where, "no error in words: " + told(traced));
  }

  Json conf_;
  Command add_;
  Command del_;
};

TEST_P(Fault, AddSucceedsOrLeavesNothing) {
  Tally tally("ADD with a fault");
  at_each_call(
      tally, add_, 90,
      [&] {
        forget_state();
        unlink(kResolvConf);
      },
      [&](const std::string& where, const Traced& traced) {
        expect_words(tally, where, traced);
        if (traced.status != 0) {
          tally.wrong(where + ", left by " + told(traced), changes_since());
          expect_success(tally, where, "ADD again", add_);
        }
        expect_success(tally, where, "DEL", del_);
      });
}

TEST_P(Fault, DelDoesAllItCan) {
  Tally tally("DEL with a fault");
  at_each_call(
      tally, del_, 60,
      [&] {
        unlink(kResolvConf);
        EXPECT_EQ(finish(add_).status, 0);
      },
      [&](const std::string& where, const Traced& traced) {
        expect_words(tally, where, traced);
        if (traced.status == 0) {
          tally.wrong(where + ", DEL said that all is well", changes_since());
        }
        expect_success(tally, where, "DEL again", del_);
      });
}

TEST_P(Fault, CheckChangesNothing) {
  Tally tally("CHECK with a fault");
  Traced added = finish(add_);
  remember();
  at_each_call(
      tally, command("CHECK", with_prev(conf_, Json::parse(added.out))), 30, [] {},
      [&](const std::string& where, const Traced& traced) { expect_words(tally, where, traced); });
  EXPECT_EQ(finish(del_).status, 0);
}

// Marks what the kernel answered as an interrupted dump.
void interrupt_dump(const Stop& stop) {
  std::array<char, 32768> bytes;
  iovec part{};
  msghdr message{};
  unsigned long address = stop.argument[1];
  if (stop.is(SYS_recvmsg)) {
    if (!read_memory(stop.thread, address, &message, sizeof message) ||
        !read_memory(stop.thread, reinterpret_cast<unsigned long>(message.msg_iov), &part, sizeof part)) {
      return;
    }
    address = reinterpret_cast<unsigned long>(part.iov_base);
  }
  const auto size = std::min(bytes.size(), static_cast<std::size_t>(stop.result));
  if (!read_memory(stop.thread, address, bytes.data(), size)) return;
  for (std::size_t at = 0; at + sizeof(nlmsghdr) <= size;) {
    nlmsghdr header{};
    memcpy(&header, bytes.data() + at, sizeof header);
    if (header.nlmsg_len < sizeof header) break;
    if ((header.nlmsg_flags & NLM_F_MULTI) != 0) header.nlmsg_flags |= NLM_F_DUMP_INTR;
    memcpy(bytes.data() + at, &header, sizeof header);
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
  write_memory(stop.thread, address, bytes.data(), size);
}

// Each dump of the kernel in turn is marked as interrupted by a change: it is asked for again.
TEST_P(Fault, InterruptedDumps) {
  Tally tally("ADD with an interrupted dump");
  for (int turn = 1;; turn += is_whole() ? 1 : 9) {
    forget_state();
    unlink(kResolvConf);
    int seen = 0;
    Stop at;
    Traced traced = trace(add_, [&](const Stop& stop) {
      const bool receives = (stop.is(SYS_recvmsg) || stop.is(SYS_recvfrom)) && !stop.entry && stop.result > 0;
      if (!receives || ++seen != turn) return Order{};
      at = stop;
      interrupt_dump(stop);
      return Order{};
    });
    if (at.index == 0) break;
    tally.point();
    if (traced.status != 0) tally.wrong(place(at), told(traced));
    expect_success(tally, place(at), "DEL", del_);
    tally.wrong(place(at), changes_since());
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Fault, testing::ValuesIn(kNetworkKinds), name_of);

}  // namespace
}  // namespace isthmus::test
