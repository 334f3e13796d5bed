// SIGKILL before and after each system call of each verb, and what comes after.
#include "tests/torture/torture.h"

#include <limits>

namespace isthmus::test {
namespace {

std::size_t most(std::size_t sample) { return is_whole() ? std::numeric_limits<std::size_t>::max() / 4 : sample; }

class Kill : public Torture, public testing::WithParamInterface<NetworkKind> {
 protected:
  void SetUp() override {
    Torture::SetUp();
    use_network(GetParam());
  }

  Traced add_and_expect() const {
    Traced added = finish(add_);
    EXPECT_EQ(added.status, 0) << told(added);
    return added;
  }

  // Runs `victim` once for each chosen stop and kills it there. `prepare` comes before, `after` has to put all in order
  // again; it is told whether the victim was killed.
  void at_each_stop(Tally& tally,
                    const Command& victim,
                    std::size_t sample,
                    const std::function<void()>& prepare,
                    const std::function<void(const std::string& where, bool killed)>& after) {
    prepare();
    const std::vector<Stop> stops = record_stops(victim);
    after("not killed", false);
    int turn = 0;
    for (int index : choose_stops(stops, most(share_of(GetParam(), sample)))) {
      // A run of `gc` has thousands of stops: all are tried, each kind of network takes its share of them.
      const bool shared = is_whole() && victim.children;
      if (shared && turn++ % static_cast<int>(kNetworkKinds.size()) != place_of(GetParam())) continue;
      prepare();
      Stop at;
      Traced traced = trace(victim, [&](const Stop& stop) {
        if (stop.index != index) return Order{};
        at = stop;
        return Order{Do::kill};
      });
      tally.point();
      const std::string where = place(at);
      after(where, traced.killed);
      tally.wrong(where, changes_since());
    }
  }

  // The delegates at hand are older than the verb.
  bool has_gc_verb() const { return std::string(GetParam().ipam) == "isthmus"; }
  Command gc_verb() const {
    Json with = with_valid(conf_, {});
    with["cniVersion"] = "1.1.0";
    return command("GC", with);
  }
};

TEST_P(Kill, AddThenDelThenDelWithoutNetns) {
  Tally tally("ADD killed, DEL");
  at_each_stop(
      tally, add_, 46, [&] { forget_state(); },
      [&](const std::string& where, bool) {
        expect_success(tally, where, "DEL", del_);
        expect_success(tally, where, "DEL without netns", without_netns(del_));
      });
}

TEST_P(Kill, AddThenDelWithoutNetns) {
  Tally tally("ADD killed, DEL without netns");
  at_each_stop(
      tally, add_, 20, [] {},
      [&](const std::string& where, bool) { expect_success(tally, where, "DEL", without_netns(del_)); });
}

// The second ADD meets whatever the first had come to.
TEST_P(Kill, AddThenAdd) {
  Tally tally("ADD killed, ADD");
  int already = 0;
  at_each_stop(
      tally, add_, 30, [&] { forget_state(); },
      [&](const std::string& where, bool killed) {
        Traced again = finish(add_);
        // The first had answered before it was killed, or was not killed.
        if (again.status != 0 && (!killed || again.out.find("[already-attached]") != std::string::npos)) {
          ++already;
          expect_success(tally, where, "DEL", del_);
          again = finish(add_);
        }
        if (again.status != 0) tally.wrong(where, "ADD: " + told(again));
        if (again.status == 0 && !works(again)) tally.wrong(where, "the pod does not work after " + told(again));
        expect_success(tally, where, "DEL", del_);
      });
  RecordProperty("already_attached", already);
}

TEST_P(Kill, AddThenGcVerb) {
  if (!has_gc_verb()) return;
  Tally tally("ADD killed, GC");
  at_each_stop(
      tally, add_, 20, [&] { forget_state(); },
      [&](const std::string& where, bool) { expect_success(tally, where, "GC", gc_verb()); });
}

// The namespace is gone, and nobody calls DEL.
TEST_P(Kill, AddThenGcCommand) {
  Tally tally("ADD killed, isthmus gc");
  at_each_stop(
      tally, add_, 15, [&] { forget_state(); },
      [&](const std::string& where, bool) {
        lose_pod();
        expect_success(tally, where, "gc", gc_command());
        renew_pod();
      });
}

TEST_P(Kill, DelThenDel) {
  Tally tally("DEL killed, DEL");
  at_each_stop(
      tally, del_, 30, [&] { add_and_expect(); },
      [&](const std::string& where, bool) { expect_success(tally, where, "DEL without netns", without_netns(del_)); });
}

TEST_P(Kill, DelThenGcVerb) {
  if (!has_gc_verb()) return;
  Tally tally("DEL killed, GC");
  at_each_stop(
      tally, del_, 15, [&] { add_and_expect(); },
      [&](const std::string& where, bool) { expect_success(tally, where, "GC", gc_verb()); });
}

TEST_P(Kill, GcVerbThenGcVerb) {
  if (!has_gc_verb()) return;
  Tally tally("GC killed, GC");
  const Command gc = gc_verb();
  at_each_stop(
      tally, gc, 18, [&] { add_and_expect(); },
      [&](const std::string& where, bool) { expect_success(tally, where, "GC", gc); });
}

TEST_P(Kill, GcCommandThenGcCommand) {
  Tally tally("isthmus gc killed, isthmus gc");
  at_each_stop(
      tally, gc_command(), 2,
      [&] {
        add_and_expect();
        lose_pod();
        renew_pod();
      },
      [&](const std::string& where, bool) { expect_success(tally, where, "gc", gc_command()); });
}

TEST_P(Kill, CheckChangesNothing) {
  Tally tally("CHECK killed");
  Traced added = add_and_expect();
  remember();
  const Command check = command("CHECK", with_prev(conf_, Json::parse(added.out)));
  at_each_stop(
      tally, check, 15, [] {}, [](const std::string&, bool) {});
  EXPECT_EQ(finish(check).status, 0);
  EXPECT_TRUE(works(added));
}

INSTANTIATE_TEST_SUITE_P(Networks, Kill, testing::ValuesIn(kNetworkKinds), name_of);

}  // namespace
}  // namespace isthmus::test
