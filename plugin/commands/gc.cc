#include "plugin/commands/gc.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <set>
#include <string>

#include "netlink/quoted.h"
#include "netns/boot_id.h"
#include "netns/capabilities.h"
#include "netns/file.h"
#include "netns/host_mounts.h"
#include "plugin/cni/error.h"
#include "plugin/commands/gc_options.h"
#include "plugin/commands/supervise.h"
#include "plugin/reap/commit.h"
#include "plugin/reap/preflight.h"
#include "plugin/reap/report.h"

namespace isthmus {
namespace {

constexpr int kNothingLeft = 0;
constexpr int kFindings = 1;
constexpr int kCouldNotLook = 2;
constexpr int kPartlyFailed = 3;
constexpr int kInterrupted = 130;
constexpr std::size_t kLargestFile = std::size_t{64} << 20;
// More of a failure than a run should be able to do unasked; --limit says otherwise.
constexpr std::size_t kUsualLimit = 1000;

volatile std::sig_atomic_t interrupted = 0;
void on_signal(int /*signal*/) { interrupted = 1; }

void say(const std::string& text) { std::fprintf(stderr, "isthmus gc: %s\n", without_controls(text).c_str()); }

void say(const Error& error) { say(CniError(error).msg); }

// Each name without a holder keeps one descriptor open, which tells when it is dead.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Status write_text(const std::string& path, const std::string& text) {
  std::size_t slash = path.rfind('/');
  std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  TRY(UniqueFd dir, open_directory(parent));
  return write_file_atomically(dir.ref(), path.substr(slash == std::string::npos ? 0 : slash + 1), text, 0644);
}

class GcRun {
 public:
  explicit GcRun(const GcOptions& options) : options_(options), start_(Deadline::Clock::now()) {}

  int run() {
    if (options_.host) {
      if (auto entered = enter_host_mounts(); !entered) {
        say(entered.error());
        return kCouldNotLook;
      }
    }
    Preflight preflight = check_preflight(options_.reap.here);
    for (const std::string& failure : preflight.failures)
      say(failure);
    if (!preflight.failures.empty()) {
      say("nothing was looked at and nothing was changed");
      return kCouldNotLook;
    }
    scope_ = std::move(preflight.scope);
    auto status = look_and_act();
    if (status) return *status;
    say(status.error());
    return kCouldNotLook;
  }

 private:
  bool changes_something() const { return !options_.dry_run && (options_.yes || isatty(STDIN_FILENO) != 0); }

  Result<int> look_and_act() {
    TRY(boot_id_, boot_id());
    UniqueFd lock;
    if (changes_something()) {
      TRY(lock, lock_reaping(options_.reap.state_dir));
      // Also forgets what another boot left.
      TRY_OK(StateStore::open(options_.reap.state_dir));
    }
    TRY(auto wanted, read_plan());
    Survey survey(options_.reap, Deadline::in(options_.deadline));
    FirstSeen seen = FirstSeen::load(options_.reap.state_dir, boot_id_);
    TRY_OK(survey.look(seen));
    if (wanted) keep_only(survey.items(), *wanted);
    plan_steps(survey.items(), options_.reap);
    bool act = false;
    if (changes_something()) {
      TRY_OK(seen.save());
      act = options_.yes || agreed(survey);
    }
    int status = kNothingLeft;
    if (act) {
      TRY(status, carry_out(survey, seen));
    }
    if (changes_something()) TRY_OK(sweep());
    TRY_OK(report(survey));
    if (status != kNothingLeft) return status;
    if (survey.coverage().unread) return kPartlyFailed;
    if (!changes_something() && !options_.dry_run && leaked(survey) > 0) {
      say("nothing was changed: there is no terminal to ask on; --yes reaps without asking");
    }
    return findings_left(survey.items()) > 0 ? kFindings : kNothingLeft;
  }

  Result<std::optional<std::set<std::string>>> read_plan() {
    std::optional<std::set<std::string>> wanted;
    if (options_.from_plan.empty()) return wanted;
    TRY(std::string text, read_small_file(FdRef::borrow(AT_FDCWD), options_.from_plan, kLargestFile));
    TRY(wanted, parse_plan(text, boot_id_));
    return wanted;
  }

  static void keep_only(std::vector<ReapItem>& items, const std::set<std::string>& wanted) {
    for (ReapItem& item : items) {
      if (item.judgement.verdict != ReapVerdict::leaked || wanted.contains(item.identity())) continue;
      item.judgement = {ReapVerdict::pinned, "plan", "leaked, and not in the plan"};
    }
  }

  static std::size_t leaked(Survey& survey) {
    std::size_t count = 0;
    for (const ReapItem& item : survey.items())
      count += item.judgement.verdict == ReapVerdict::leaked ? 1 : 0;
    return count;
  }

  bool agreed(Survey& survey) {
    if (leaked(survey) == 0) return false;
    std::fputs(to_table(make_report(survey)).c_str(), stderr);
    for (const ReapItem& item : survey.items()) {
      if (item.steps.empty()) continue;
      std::fprintf(stderr, "%s:\n", without_controls(item.path.empty() ? item.name : item.path).c_str());
      for (const std::string& step : item.steps)
        std::fprintf(stderr, "  %s\n", without_controls(step).c_str());
    }
    std::fprintf(stderr, "Reap %zu? [y/N] ", leaked(survey));
    std::fflush(stderr);
    char answer[16] = {};
    if (std::fgets(answer, sizeof answer, stdin) == nullptr) return false;
    return answer[0] == 'y' || answer[0] == 'Y';
  }

  Result<int> carry_out(Survey& survey, FirstSeen& seen) {
    if (leaked(survey) == 0) return kNothingLeft;
    // A look right before acting, whatever time the question took.
    auto planned = options_.from_plan.empty() ? std::optional<std::set<std::string>>() : leaked_keys(survey);
    TRY_OK(survey.look_again(seen));
    if (planned) keep_only(survey.items(), *planned);
    plan_steps(survey.items(), options_.reap);
    auto limit = options_.limit;
    if (!limit && !options_.from_plan.empty()) limit = planned->size();
    if (auto breaker = circuit_breaker(survey.items(), limit)) {
      say(*breaker);
      return kFindings;
    }
    TRY(ReapRun run, reap(survey, options_.reap, limit.value_or(kUsualLimit), [] { return interrupted != 0; }));
    if (interrupted != 0) return kInterrupted;
    return run.failed > 0 ? kPartlyFailed : kNothingLeft;
  }

  // What released names proved is not needed once they have gone.
  Status sweep() {
    TRY(auto store, StateStore::open_existing(options_.reap.state_dir));
    return store ? store->sweep_released() : Status(done);
  }

  static std::set<std::string> leaked_keys(Survey& survey) {
    std::set<std::string> keys;
    for (const ReapItem& item : survey.items())
      if (item.judgement.verdict == ReapVerdict::leaked) keys.insert(item.identity());
    return keys;
  }

  ReapReport make_report(Survey& survey) {
    coverage_ = survey.coverage();
    coverage_.scope = scope_;
    for (pid_t pid : options_.reap.ignore_pids)
      coverage_.ignored.push_back("pid " + std::to_string(pid));
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Deadline::Clock::now() - start_);
    return {survey.items(), coverage_, options_.reap.policy, boot_id_, options_.dry_run, took};
  }

  Status report(Survey& survey) {
    ReapReport made = make_report(survey);
    std::fputs((options_.json ? to_json(made) : to_table(made)).c_str(), stdout);
    std::fflush(stdout);
    if (!options_.plan.empty()) TRY_OK(write_text(options_.plan, to_json(made)));
    if (options_.textfile.empty()) return done;
    auto before = read_small_file(FdRef::borrow(AT_FDCWD), options_.textfile, kLargestFile);
    return write_text(options_.textfile, to_textfile(made, before ? *before : std::string()));
  }

  const GcOptions& options_;
  Deadline::Clock::time_point start_;
  std::string boot_id_;
  std::vector<std::string> scope_;
  ReapCoverage coverage_;
};

}  // namespace

int gc_command(const std::vector<std::string_view>& arguments) {
  auto parsed = parse_gc_options(arguments);
  if (const auto* usage = std::get_if<GcUsage>(&parsed)) {
    std::fputs(usage->text.c_str(), usage->status == 0 ? stdout : stderr);
    return usage->status;
  }
  const GcOptions& options = std::get<GcOptions>(parsed);
  raise_descriptor_limit();
  // What the preflight asks for, CAP_SYS_CHROOT to enter other mount namespaces, CAP_KILL to end a runtime's client.
  static_cast<void>(keep_only_capabilities(
      {kCapDacOverride, kCapDacReadSearch, kCapKill, kCapNetAdmin, kCapSysChroot, kCapSysPtrace, kCapSysAdmin}));
  signal(SIGPIPE, SIG_IGN);
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  auto work = [&] { return GcRun(options).run(); };
  // A person at a terminal may take as long as they like over the question.
  bool asks = !options.dry_run && !options.yes && isatty(STDIN_FILENO) != 0;
  if (asks) return work();
  auto status = supervise(Deadline::in(options.deadline + kGrace), work);
  if (status) return *status;
  say("the deadline passed; what was under way is left to itself");
  return kCouldNotLook;
}

}  // namespace isthmus
