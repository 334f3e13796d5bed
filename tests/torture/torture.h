// What the torture tests share: a host with an uplink and one pod, networks of each kind, and the question whether a
// call left anything.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/e2e/conformance/harness.h"
#include "tests/torture/snapshot.h"
#include "tests/torture/tracer.h"

namespace isthmus::test {

// ISTHMUS_TORTURE=whole: every point. Else a sample that is the same each time.
bool is_whole();

// A kind of network. One more mode or IPAM is one more row.
struct NetworkKind {
  const char* name;
  const char* mode;
  const char* ipam;  // "isthmus" or a delegate
};
extern const std::vector<NetworkKind> kNetworkKinds;
Json conf_of(const NetworkKind& kind);
// Which row it is, from 0.
int place_of(const NetworkKind& kind);
inline std::string name_of(const testing::TestParamInfo<NetworkKind>& info) { return info.param.name; }

// How many points of `sample` a kind of network gets when not all are tried. Bridge mode shares most of its way with
// ptp, so its rows try fewer.
std::size_t share_of(const NetworkKind& kind, std::size_t sample);

class Tally;

class Torture : public Conformance {
 protected:
  void SetUp() override;
  void TearDown() override;

  // ADD and DEL of a pod in this network. Each runs once, for what stays: the state directory, directories of
  // delegates, loopback's own routes. The picture then is what all must come back to.
  void use_network(const NetworkKind& kind);
  static void expect_success(Tally& tally, const std::string& where, const char* what, const Command& command);

  static Command command(const std::string& verb, const Json& conf);
  static Command without_netns(Command command);
  static Command gc_command();
  // A fresh namespace for the pod, and the eye in it.
  void renew_pod();
  // The pod dies without DEL; waits for the kernel to take its links down, which it does some time later.
  void lose_pod();
  void await_lost_links() const;
  // As a host after its boot: no state directory, forwarding off.
  void forget_state();

  Facts facts() const;
  void remember() {
    before_ = facts();
    links_before_ = host_links();
  }
  // Waits for children to end, and until the picture stays the same.
  void settle() const;
  // Waits for children to end and for the kernel to finish what it defers. Empty when all is as remembered.
  std::vector<std::string> changes_since();

  // The pod's address answers from the host's side, and the gateway from the pod's.
  static bool works(const Traced& added);

  Facts before_;
  Json conf_;
  Command add_;
  Command del_;

 private:
  std::set<std::string> links_before_;
  std::optional<Eye> host_;
  std::optional<Eye> inside_;
};

// Counts points and what went wrong at them; prints the sum when it goes.
class Tally {
 public:
  explicit Tally(std::string what) : what_(std::move(what)) {}
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  void point() { ++points_; }
  void wrong(const std::string& where, const std::string& what);
  // Each of them wrong.
  void wrong(const std::string& where, const std::vector<std::string>& all);
  int points() const { return points_; }

 private:
  std::string what_;
  int points_ = 0;
  int wrongs_ = 0;
};

// "exit 1: ... " for a message about a call.
std::string told(const Traced& traced);
// "before openat(2)", as far as the test knows the number.
std::string place(const Stop& stop);

// The stops of a run of this command at which a test shall interfere: all, or a sample in which each that changes
// something comes before those that only look. Those of the loader are left out but for a few.
std::vector<int> choose_stops(const std::vector<Stop>& all, std::size_t most);
// Runs the command undisturbed.
std::vector<Stop> record_stops(const Command& command);

}  // namespace isthmus::test
