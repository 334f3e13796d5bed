// What the tests of faults share: each verb with what comes before it and what has to hold after it, and the ways to
// interfere with it.
#pragma once

#include <functional>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "tests/torture/torture.h"

namespace isthmus::test {

// A verb as it is run again and again.
struct Victim {
  const char* name = nullptr;
  Command command;
  std::function<void()> prepare;
  // Judges the outcome and puts all in order again.
  std::function<void(Tally&, const std::string& where, const Traced&)> after;
  bool same_output = true;  // what it prints depends on nothing but the request and the host's state
  bool costly = false;      // looks at the whole host: fewer samples
};

// What a test knows of the stops so far: whether the loader is done, whose failures are not ours to word, and which
// descriptors are netlink sockets.
class Watch {
 public:
  void see(const Stop& stop);
  bool loaded() const { return loaded_; }
  // Whether the call reads from a netlink socket of the program itself.
  bool receives(const Stop& stop) const;

 private:
  bool loaded_ = false;
  std::set<unsigned long> netlink_;
};

// Interferes with one run at its `turn`th chance, and tells where in `at`.
using Meddler = std::function<Order(const Stop&)>;
using MakeMeddler = std::function<Meddler(int turn, Stop& at)>;

// A thread of ours in a pod, so that the pod is in use.
class Resident {
 public:
  explicit Resident(const std::string& netns);
  ~Resident();
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;

 private:
  std::promise<void> leave_;
  std::thread thread_;
};

class Fault : public Torture, public testing::WithParamInterface<NetworkKind> {
 protected:
  void SetUp() override;

  Victim add_victim();
  Victim del_victim();
  // These need an attachment, or more, for all of their runs; with_victims() makes and removes it.
  Victim check_victim();
  Victim gc_verb_victim();
  Victim gc_victim();
  // Each of them in turn. A sample has `gc` with one kind of network only.
  void with_victims(const std::function<void(const Victim&)>& use);

  // One run for each chance that there is, or for a sample: each `step`th, fewer where the way is mostly that of
  // others.
  void at_each_chance(Tally& tally,
                      const Victim& victim,
                      int step,
                      const std::function<void(const std::string& where, const Traced&)>& judge,
                      const MakeMeddler& make);
  // A failure says why in one error object with a word of ours, unless stdout was what failed.
  void expect_words(Tally& tally, const std::string& where, const Traced& traced) const;

  bool is_ptp() const { return std::string(GetParam().mode) == "ptp"; }
  bool is_embedded() const { return std::string(GetParam().ipam) == "isthmus"; }

 private:
  // Another container, which is alive.
  void keep_another();
  void release_another();

  std::optional<Resident> resident_;
};

}  // namespace isthmus::test
