#include "plugin/commands/cni_call.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include "netlink/quoted.h"
#include "netns/capabilities.h"
#include "plugin/cni/version_answer.h"
#include "plugin/commands/crash.h"
#include "plugin/commands/io.h"
#include "plugin/ipam/ipam.h"
#include "plugin/log/log.h"
#include "plugin/verbs/verbs.h"

namespace isthmus {
namespace {

using std::chrono::milliseconds;

// Below the runtimes' own limits, so that the error is ours to word (research: containerd and CRI-O kill with SIGKILL).
Deadline deadline_of(Verb verb) {
  switch (verb) {
    case Verb::add:
    case Verb::del:
      return Deadline::in(milliseconds(25'000));
    case Verb::check:
    case Verb::gc:
      return Deadline::in(milliseconds(20'000));
    case Verb::status:
    case Verb::version:
      break;
  }
  return Deadline::in(milliseconds(900));
}

// What ADD and CHECK do beside the reading of the configuration.
struct Begun {
  std::unique_ptr<AddTarget> add;
  std::unique_ptr<CheckTarget> check;
};

Begun begin(const Answer<Invocation>& invocation, Deadline deadline) {
  if (invocation && invocation->verb == Verb::add) return {begin_add(*invocation, deadline), nullptr};
  if (invocation && invocation->verb == Verb::check) return {nullptr, begin_check(*invocation, deadline)};
  return {};
}

AnswerStatus carry_out(const Call& call, const Begun& begun) {
  switch (call.invocation.verb) {
    case Verb::add:
      return add(call, *begun.add);
    case Verb::del:
      return del(call);
    case Verb::check:
      return check(call, *begun.check);
    case Verb::gc:
      return gc(call);
    case Verb::status:
      return status(call);
    case Verb::version:
      break;
  }
  return done;
}

struct Outcome {
  AnswerStatus status = done;
  bool answered = false;  // the result is on stdout
  SpecVersion version = kVersionWhenAbsent;
  LogConf log;
  Report report;
  std::string network;
};

// A refusal costs nothing but depth. Not where a delegate may be run: as root it
// would get everything back when it starts, and whoever gains capabilities by execve(2) loses the signal that ends it
// together with us (PR_SET_PDEATHSIG; commit_creds() in kernel/cred.c).
void give_up_capabilities(const NetConf& conf, Verb verb) {
  if (verb == Verb::gc || (!conf.ipam_type.empty() && conf.ipam_type != kEmbeddedIpam)) return;
  static_cast<void>(keep_only_capabilities(kCapabilitiesOfVerbs));
}

// Reads stdin whatever the variables are, or the runtime would see a broken pipe instead of our error.
Outcome run(Verb verb, const Io& io) {
  Outcome outcome;
  const Deadline deadline = deadline_of(verb);
  auto invocation = parse_invocation(verb, io.getenv);
  const Begun begun = begin(invocation, deadline);
  auto bytes = read_all(io.in, deadline);
  // An error is worded in the version that was asked for, however little of the configuration could be read.
  auto note_version = [&] {
    if (bytes) outcome.version = peek_version(*bytes).value_or(kVersionWhenAbsent);
  };
  if (!invocation || !bytes) {
    note_version();
    outcome.status = !invocation ? invocation.error() : CniError(bytes.error());
    return outcome;
  }
  auto conf = parse_netconf(*bytes, *invocation);
  if (!conf) {
    note_version();
    outcome.status = std::move(conf).error();
    return outcome;
  }
  outcome.version = conf->version;
  outcome.log = conf->log;
  outcome.network = conf->name.text();
  give_up_capabilities(*conf, verb);
  const std::function<Status(std::string_view)> print = [&](std::string_view text) {
    mark_answered();
    auto written = write_all(io.out, text, deadline);
    outcome.answered = static_cast<bool>(written);
    return written;
  };
  outcome.status = carry_out({*invocation, *conf, deadline, print, outcome.report}, begun);
  return outcome;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words)
    text += (text.empty() ? "" : ",") + word;
  return text;
}

volatile std::sig_atomic_t status_for_alarm = 0;
void leave(int /*signal*/) { _exit(status_for_alarm); }

// Once the runtime has its answer, a log daemon that does not read must not keep it waiting for our exit.
void limit_logging(int exit_status) {
  status_for_alarm = exit_status;
  std::signal(SIGALRM, leave);
  alarm(1);
}

void log_outcome(Verb verb, const Io& io, const Outcome& outcome, std::chrono::steady_clock::time_point start) {
  auto env = [&](const char* name) { return io.getenv(name).value_or(std::string()); };
  // What runtimes ask all day long is worth a line only when there is something to say.
  const bool routine = (verb == Verb::status || verb == Verb::check) && outcome.report.note.empty();
  const LogLevel level = !outcome.status ? LogLevel::error : routine ? LogLevel::debug : LogLevel::info;
  if (!is_logged(outcome.log, env("ISTHMUS_LOG"), level)) return;
  auto args = parse_cni_args(env("CNI_ARGS"));
  auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  char duration[32];
  std::snprintf(duration, sizeof duration, "%.1f", took);
  LogLine line;
  line.add("verb", to_text(verb)).add("result", outcome.status ? "ok" : "error").add("dur_ms", duration);
  line.add("net", outcome.network).add("pod", args ? args->pod() : std::string());
  line.add("cid", env("CNI_CONTAINERID")).add("if", env("CNI_IFNAME")).add("netns", env("CNI_NETNS"));
  line.add("ip", joined(outcome.report.addresses)).add("veth", outcome.report.host_ifname);
  line.add("trace", env("TRACEPARENT")).add("note", outcome.report.note);
  if (!outcome.status) {
    line.add("code", std::to_string(outcome.status.error().code)).add("msg", outcome.status.error().msg);
  }
  log_line(outcome.log, env("ISTHMUS_LOG"), level, line.text());
}

int answer_version(const Io& io) {
  const Deadline deadline = deadline_of(Verb::version);
  auto bytes = read_all(io.in, deadline);
  auto written = write_all(io.out, version_answer(bytes ? *bytes : std::string()), deadline);
  return written ? 0 : 1;
}

}  // namespace

int run_cni_call(const std::string& command, const Io& io) {
  const auto start = std::chrono::steady_clock::now();
  auto verb = parse_verb(command);
  if (verb && *verb == Verb::version) return answer_version(io);
  Outcome outcome;
  if (verb) {
    outcome = run(*verb, io);
  } else {
    // Read all the same: a runtime that is still writing would see a broken pipe instead of our error.
    static_cast<void>(read_all(io.in, Deadline::in(milliseconds(1000))));
    outcome.status = verb.error();
  }
  int exit_status = 0;
  if (!outcome.status) {
    exit_status = 1;
    // Never a second JSON value behind the result: the exit status takes that back.
    if (outcome.answered) {
      std::fprintf(stderr, "isthmus: %s\n", without_controls(outcome.status.error().msg).c_str());
    }
    auto told = outcome.answered ? Status(done)
                                 : write_all(io.out, to_json(outcome.status.error(), outcome.version),
                                             Deadline::in(milliseconds(1000)));
    mark_answered();
    if (!told) exit_status = 2;
  }
  if (!outcome.report.warning.empty()) std::fprintf(stderr, "isthmus: %s\n", outcome.report.warning.c_str());
  if (verb) {
    limit_logging(exit_status);
    log_outcome(*verb, io, outcome, start);
  }
  return exit_status;
}

}  // namespace isthmus
