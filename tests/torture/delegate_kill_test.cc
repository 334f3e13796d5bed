// SIGKILL of everything while the delegate is at work, inside it too.
#include <algorithm>
#include <filesystem>

#include "tests/torture/torture.h"

namespace isthmus::test {
namespace {

class DelegateKill : public Torture, public testing::WithParamInterface<NetworkKind> {
 protected:
  void SetUp() override {
    Torture::SetUp();
    use_network(GetParam());
  }

  // Kills all at the `turn`th stop inside the delegate. False: it has fewer.
  static bool killed_at(const Command& victim, int turn, Stop& at) {
    Command all = victim;
    all.children = true;
    int seen = 0;
    return trace(all,
                 [&](const Stop& stop) {
                   if (stop.own_program || ++seen != turn) return Order{};
                   at = stop;
                   return Order{Do::kill};
                 })
        .killed;
  }

  static int stops_inside(const Command& victim) {
    Command all = victim;
    all.children = true;
    int stops = 0;
    trace(all, [&](const Stop& stop) {
      stops += stop.own_program ? 0 : 1;
      return Order{};
    });
    return stops;
  }

  // host-local makes a lease's file and then writes into it. In between, only its own tools can tell what it is.
  int remove_empty_leases() const {
    int removed = 0;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator("/run/host-local/net1", error)) {
      const std::string name = file.path().filename();
      const bool is_lease = name.find_first_of(".:") != std::string::npos && !name.starts_with("last_reserved_ip");
      if (is_lease && file.file_size() == 0) removed += std::filesystem::remove(file.path()) ? 1 : 0;
    }
    return removed;
  }

  void at_each_stop_inside(Tally& tally,
                           const Command& victim,
                           std::size_t sample,
                           const std::function<void()>& prepare,
                           const std::function<void(const std::string&)>& after) {
    prepare();
    const int stops = stops_inside(victim);
    after("not killed");
    EXPECT_GT(stops, 0) << "no delegate ran";
    const int step = is_whole() ? 1 : std::max(1, stops / static_cast<int>(share_of(GetParam(), sample)));
    int empty = 0;
    for (int turn = 1; turn <= stops; turn += step) {
      prepare();
      Stop at;
      // It is written in Go, and does not make the same calls each time.
      const bool killed = killed_at(victim, turn, at);
      const std::string where = killed ? "delegate, " + place(at) : "not killed";
      if (killed) tally.point();
      after(where);
      empty += remove_empty_leases();
      tally.wrong(where, changes_since());
    }
    RecordProperty("empty_leases", empty);
  }
};

TEST_P(DelegateKill, AddThenDelThenDelWithoutNetns) {
  Tally tally("ADD killed in the delegate, DEL");
  at_each_stop_inside(
      tally, add_, 24, [&] { forget_state(); },
      [&](const std::string& where) {
        expect_success(tally, where, "DEL", del_);
        expect_success(tally, where, "DEL without netns", without_netns(del_));
      });
}

TEST_P(DelegateKill, AddThenDelWithoutNetns) {
  Tally tally("ADD killed in the delegate, DEL without netns");
  at_each_stop_inside(
      tally, add_, 12, [] {},
      [&](const std::string& where) { expect_success(tally, where, "DEL", without_netns(del_)); });
}

TEST_P(DelegateKill, DelThenDel) {
  Tally tally("DEL killed in the delegate, DEL");
  at_each_stop_inside(
      tally, del_, 12, [&] { EXPECT_EQ(finish(add_).status, 0); },
      [&](const std::string& where) { expect_success(tally, where, "DEL", without_netns(del_)); });
}

std::vector<NetworkKind> delegated_kinds() {
  std::vector<NetworkKind> kinds = kNetworkKinds;
  std::erase_if(kinds, [](const NetworkKind& kind) { return std::string(kind.ipam) == "isthmus"; });
  return kinds;
}
INSTANTIATE_TEST_SUITE_P(Networks, DelegateKill, testing::ValuesIn(delegated_kinds()), name_of);

}  // namespace
}  // namespace isthmus::test
