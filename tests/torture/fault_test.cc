// Each system call of each verb fails, one at a time, with each error.
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "netns/symbols.h"
#include "tests/torture/fault.h"

namespace isthmus::test {
namespace {

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
                                        SYS_futex /* the C library ends the process */,
                                        SYS_brk /* tells the old break, not an errno */};
  return stop.entry && stop.own_program && !kNever.contains(stop.call);
}

int after_loader(const std::vector<Stop>& stops) {
  Watch watch;
  for (const Stop& stop : stops) {
    watch.see(stop);
    if (watch.loaded()) return stop.index;
  }
  return 1;
}

class SystemCallFault : public Fault {
 protected:
  // One run for each chosen call and error.
  void at_each_call(Tally& tally, const Victim& victim, std::size_t sample) {
    victim.prepare();
    const std::vector<Stop> stops = record_stops(victim.command);
    victim.after(tally, "no fault", {.status = 0});
    if (!is_whole()) sample = victim.costly ? sample : share_of(GetParam(), sample);
    int turn = victim.costly ? place_of(GetParam()) : 0;
    for (int index : choose_stops(stops, is_whole() ? stops.size() * 2 : sample)) {
      if (!can_fail(stops[static_cast<std::size_t>(index - 1)]) || index < after_loader(stops)) continue;
      for (std::size_t i = 0; i < kErrors.size(); ++i) {
        // A run of `gc` has thousands of calls: all of them fail, each kind of network with another error.
        if ((!is_whole() || victim.costly) && i != static_cast<std::size_t>(turn) % kErrors.size()) continue;
        one_fault(tally, victim, index, kErrors[i]);
      }
      ++turn;
    }
  }

  void one_fault(Tally& tally, const Victim& victim, int index, int err) {
    victim.prepare();
    Stop at;
    Traced traced = trace(victim.command, [&](const Stop& stop) {
      // Stops shift by a few between runs.
      if (at.index != 0 || stop.index < index || !can_fail(stop)) return Order{};
      at = stop;
      return Order{Do::fail, err};
    });
    const std::string where = place(at) + " failed with " + errno_symbol(err);
    victim.after(tally, where, traced);
    if (at.index == 0) return;
    tally.point();
    tally.wrong(where, changes_since());
  }
};

TEST_P(SystemCallFault, AddSucceedsOrLeavesNothing) {
  Tally tally("ADD with a fault");
  at_each_call(tally, add_victim(), 48);
}

TEST_P(SystemCallFault, DelDoesAllItCan) {
  Tally tally("DEL with a fault");
  at_each_call(tally, del_victim(), 32);
}

TEST_P(SystemCallFault, CheckChangesNothing) {
  Tally tally("CHECK with a fault");
  at_each_call(tally, check_victim(), 20);
  EXPECT_EQ(finish(del_).status, 0);
}

// Neither the container that goes on nor anything else of the host may change.
TEST_P(SystemCallFault, GcVerbTakesOnlyWhatIsGone) {
  if (!is_embedded()) return;
  Tally tally("GC with a fault");
  at_each_call(tally, gc_verb_victim(), 24);
}

TEST_P(SystemCallFault, GcCommandTakesOnlyWhatIsGone) {
  Tally tally("isthmus gc with a fault");
  at_each_call(tally, gc_victim(), is_ptp() ? 12 : 9);
}

INSTANTIATE_TEST_SUITE_P(Networks, SystemCallFault, testing::ValuesIn(kNetworkKinds), name_of);

}  // namespace
}  // namespace isthmus::test
