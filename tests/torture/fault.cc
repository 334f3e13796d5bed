#include "tests/torture/fault.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <regex>

#include "netns/unique_fd.h"

namespace isthmus::test {
namespace {

// Removed before each ADD, so that the fault of one is not the next one's.
constexpr const char* kResolvConf = "/etc/netns/pod/resolv.conf";

// Far below the deadline of any verb: nothing here gives it a reason to wait.
constexpr std::chrono::seconds kLongest{15};

bool is_one_error(const std::string& out) {
  Json error = Json::parse(out, nullptr, false);
  return error.is_object() && error.contains("code") && error.contains("msg") && error["msg"].is_string() &&
         !error["msg"].get<std::string>().empty();
}

bool has_word(const std::string& text) {
  static const std::regex kWord(R"(\[[a-z]+(-[a-z]+)*\])");
  return std::regex_search(text, kWord);
}

Command with(Command command, const std::string& name, const std::string& value) {
  for (std::string& variable : command.environment)
    if (variable.starts_with(name + "=")) variable = name + "=" + value;
  return command;
}

Command of_another(const Command& command) {
  return with(with(command, "CNI_CONTAINERID", "keep"), "CNI_NETNS", "/run/netns/keep");
}

}  // namespace

void Watch::see(const Stop& stop) {
  if (!stop.own_program) return;
  // The first thing that a verb does, and that `gc` does.
  loaded_ = loaded_ || (stop.is(SYS_read) && stop.argument[0] == STDIN_FILENO) || stop.is(SYS_capget);
  if (stop.is(SYS_close) && stop.entry) netlink_.erase(stop.argument[0]);
  if (stop.is(SYS_socket) && !stop.entry && stop.result >= 0 && stop.argument[0] == AF_NETLINK)
    netlink_.insert(static_cast<unsigned long>(stop.result));
}

bool Watch::receives(const Stop& stop) const {
  return stop.own_program && (stop.is(SYS_recvmsg) || stop.is(SYS_recvfrom)) && netlink_.contains(stop.argument[0]);
}

Resident::Resident(const std::string& netns) {
  std::promise<bool> arrived;
  thread_ = std::thread([&netns, &arrived, leave = leave_.get_future()] {
    UniqueFd fd(open(netns.c_str(), O_RDONLY | O_CLOEXEC));
    arrived.set_value(fd && setns(fd.ref().number(), CLONE_NEWNET) == 0);
    leave.wait();
  });
  EXPECT_TRUE(arrived.get_future().get()) << netns;
}

Resident::~Resident() {
  leave_.set_value();
  thread_.join();
}

void Fault::SetUp() {
  Torture::SetUp();
  use_network(GetParam());
}

void Fault::expect_words(Tally& tally, const std::string& where, const Traced& traced) const {
  if (traced.signal != 0) tally.wrong(where, told(traced));
  if (traced.status == 0 || traced.signal != 0) return;
  // What fails after the answer takes it back by the exit status, and says so on stderr.
  const bool answered = traced.out.find("\"ips\"") != std::string::npos && !traced.err.empty();
  if (answered || traced.status == 2) return;
  if (!is_one_error(traced.out)) {
    tally.wrong(where, "no error in words: " + told(traced));
  } else if (is_embedded() && !has_word(traced.out)) {  // a delegate's own error is passed on as it is
    tally.wrong(where, "an error without a [word]: " + told(traced));
  }
}

Victim Fault::add_victim() {
  auto prepare = [this] {
    forget_state();
    unlink(kResolvConf);
    std::filesystem::remove_all("/run/host-local/net1");
  };
  auto after = [this](Tally& tally, const std::string& where, const Traced& traced) {
    expect_words(tally, where, traced);
    if (traced.status != 0) {
      tally.wrong(where + ", left by " + told(traced), changes_since());
      expect_success(tally, where, "ADD again", add_);
    }
    expect_success(tally, where, "DEL", del_);
  };
  return {"ADD", add_, prepare, after};
}

Victim Fault::del_victim() {
  auto prepare = [this] {
    unlink(kResolvConf);
    EXPECT_EQ(finish(add_).status, 0);
  };
  auto after = [this](Tally& tally, const std::string& where, const Traced& traced) {
    expect_words(tally, where, traced);
    if (traced.status == 0) tally.wrong(where + ", DEL said that all is well", changes_since());
    expect_success(tally, where, "DEL again", del_);
  };
  return {"DEL", del_, prepare, after};
}

Victim Fault::check_victim() {
  Traced added = finish(add_);
  remember();
  auto after = [this](Tally& tally, const std::string& where, const Traced& traced) {
    expect_words(tally, where, traced);
  };
  return {"CHECK", command("CHECK", with_prev(conf_, Json::parse(added.out))), [] {}, after};
}

void Fault::keep_another() {
  resident_.emplace(make_pod("keep").path());
  EXPECT_EQ(finish(of_another(add_)).status, 0);
  settle();
  remember();
}

void Fault::release_another() {
  EXPECT_EQ(finish(of_another(del_)).status, 0);
  resident_.reset();
  remove_pod("keep");
  unlink("/etc/netns/keep/resolv.conf");
  settle();
  remember();
}

Victim Fault::gc_verb_victim() {
  keep_another();
  Json with_one = with_valid(conf_, {{"keep", "eth0"}});
  with_one["cniVersion"] = "1.1.0";
  const Command gc = command("GC", with_one);
  auto after = [this, gc](Tally& tally, const std::string& where, const Traced& traced) {
    expect_words(tally, where, traced);
    if (traced.status == 0) tally.wrong(where + ", GC said that all is well", changes_since());
    expect_success(tally, where, "GC again", gc);
  };
  return {"GC", gc, [this] { EXPECT_EQ(finish(add_).status, 0); }, after};
}

Victim Fault::gc_victim() {
  keep_another();
  auto prepare = [this] {
    // Not made anew under its name: with the inode number of the dead namespace it would pass for that one.
    make_pod("gone");
    EXPECT_EQ(finish(with(add_, "CNI_NETNS", "/run/netns/gone")).status, 0);
    remove_pod("gone");
    await_lost_links();
  };
  Command gc = gc_command();
  gc.hasty = true;
  auto after = [this, gc](Tally& tally, const std::string& where, const Traced& traced) {
    if (traced.signal != 0 || traced.status > 128) tally.wrong(where, told(traced));
    if (traced.status == 0) tally.wrong(where + ", gc said that all is well: " + told(traced), changes_since());
    if (traced.status != 0 && (traced.out + traced.err).empty()) tally.wrong(where, "gc failed without a word");
    // The preflight's sentences need none: nothing was begun.
    const bool refused = traced.err.find("nothing was looked at") != std::string::npos;
    if (traced.status == 2 && !refused && !has_word(traced.err)) tally.wrong(where, "no [word]: " + told(traced));
    const Traced again = trace(gc, [](const Stop&) { return Order{}; });
    if (again.status != 0) tally.wrong(where, "gc again: " + told(again));
  };
  return {"gc", gc, prepare, after, false, true};
}

void Fault::with_victims(const std::function<void(const Victim&)>& use) {
  use(add_victim());
  use(del_victim());
  use(check_victim());
  EXPECT_EQ(finish(del_).status, 0);
  settle();
  remember();
  if (is_embedded()) {  // the delegates at hand are older than the verb
    use(gc_verb_victim());
    release_another();
  }
  if (!is_whole() && !(is_ptp() && is_embedded())) return;
  use(gc_victim());
  release_another();
}

void Fault::at_each_chance(Tally& tally,
                           const Victim& victim,
                           int step,
                           const std::function<void(const std::string& where, const Traced&)>& judge,
                           const MakeMeddler& make) {
  if (is_whole()) step = 1;
  if (!is_whole()) step *= is_ptp() ? 2 : 9;
  for (int turn = 1;; turn += step) {
    victim.prepare();
    Stop at;
    const auto begin = std::chrono::steady_clock::now();
    const Traced traced = trace(victim.command, make(turn, at));
    const std::string where = std::string(victim.name) + ", " + (at.index == 0 ? "undisturbed" : place(at));
    if (std::chrono::steady_clock::now() - begin > kLongest) tally.wrong(where, "took too long: " + told(traced));
    if (at.index != 0) {
      tally.point();
      judge(where, traced);
    }
    victim.after(tally, where, traced);
    tally.wrong(where, changes_since());
    if (at.index == 0) return;
  }
}

}  // namespace isthmus::test
