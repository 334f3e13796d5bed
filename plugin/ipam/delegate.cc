#include "plugin/ipam/delegate.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "netlink/quoted.h"
#include "netns/environment.h"
#include "netns/symbols.h"
#include "plugin/ipam/child_process.h"
#include "plugin/ipam/error_object.h"

namespace isthmus {
namespace {

// "NAME" of "NAME=value".
std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

// Our environment with some variables replaced where they stand, or added; a name that stands twice stays once. Without
// those that would make a program run somebody else's code.
std::vector<std::string> delegate_environment(Verb verb, const Overrides& overrides) {
  Overrides replaced = overrides;
  replaced.emplace_back("CNI_COMMAND", std::string(to_text(verb)));
  std::vector<bool> placed(replaced.size(), false);
  std::vector<std::string> out;
  auto place = [&](std::size_t i) {
    if (!placed[i]) out.push_back(replaced[i].first + "=" + replaced[i].second);
    placed[i] = true;
  };
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (is_unsafe_for_children(*variable)) continue;
    auto found = std::find_if(replaced.begin(), replaced.end(),
                              [&](const auto& pair) { return pair.first == name_of(*variable); });
    if (found == replaced.end()) {
      out.emplace_back(*variable);
    } else {
      place(static_cast<std::size_t>(found - replaced.begin()));
    }
  }
  for (std::size_t i = 0; i < replaced.size(); ++i)
    place(i);
  return out;
}

// Copies text to our stderr without ever waiting: a runtime that does not read it must not hang us.
void forward_to_stderr(std::string_view text) {
  constexpr std::size_t kPiece = 4096;  // PIPE_BUF: poll(2) promises that much room
  while (!text.empty()) {
    pollfd watched{STDERR_FILENO, POLLOUT, 0};
    if (poll(&watched, 1, 0) != 1 || (watched.revents & POLLOUT) == 0) return;
    ssize_t wrote = write(STDERR_FILENO, text.data(), std::min(text.size(), kPiece));
    if (wrote <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

// The beginning of what a program printed, in one line for an error text. containerd takes a DEL whose error says
// "not found" for a success, so those words (a shell's, mostly) may not get into ours.
std::string quoted_output(std::string text) {
  constexpr std::size_t kMost = 300;
  constexpr std::string_view kMisread = "not found";
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  // First, because what is no character may become the space between the two words.
  text = without_controls(text, ' ');
  for (std::size_t at = text.find(kMisread); at != std::string::npos; at = text.find(kMisread, at))
    text[at + 3] = '-';
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  return "'" + text + "'";
}

Error failure(const std::string& executable, Verb verb, int err, std::string detail, std::string word) {
  return Error{"run IPAM plugin",
               "'" + executable + "' for " + std::string(to_text(verb)),
               err,
               std::move(detail),
               std::move(word),
               {}};
}

std::string with_output(const std::string& text, const ChildOutcome& outcome) {
  const std::string& said = outcome.output.empty() ? outcome.errors : outcome.output;
  return said.empty() ? text + " without a word" : text + ", saying " + quoted_output(said);
}

Error not_executed(const std::string& executable, Verb verb, int err) {
  Error error = failure(executable, verb, err, {}, "ipam-failed");
  if (err == EACCES) error.hint = "chmod a+x " + executable;
  if (err == ENOENT) error.detail = "its interpreter or loader is missing";
  if (err == ENOEXEC) error.detail = "neither a program for this machine nor a script with '#!'";
  return error;
}

}  // namespace

Answer<std::string> find_plugin(std::string_view cni_path, std::string_view type) {
  Error error{"find IPAM plugin", "'" + std::string(type) + "'", 0, {}, "ipam-not-found", {}};
  if (type.empty() || type.find('/') != std::string_view::npos) {
    error.detail = "'ipam.type' must be the name of a program, without any '/'";
    return error;
  }
  if (cni_path.empty()) {
    error.detail = "CNI_PATH is not set";
    error.word = "env-missing";
    return error;
  }
  std::string searched;
  while (!cni_path.empty()) {
    std::size_t end = std::min(cni_path.find(':'), cni_path.size());
    std::string directory(cni_path.substr(0, end));
    cni_path.remove_prefix(std::min(end + 1, cni_path.size()));
    // "" and relative names mean the directory the runtime happens to be in.
    if (!directory.starts_with('/')) continue;
    std::string candidate = directory + "/" + std::string(type);
    struct stat found {};
    if (stat(candidate.c_str(), &found) == 0 && S_ISREG(found.st_mode)) return candidate;
    searched += (searched.empty() ? "" : ", ") + directory;
  }
  error.detail = searched.empty() ? "CNI_PATH has no absolute directory" : "no such file in " + searched;
  error.hint = "install it there, or correct 'ipam.type'";
  return error;
}

CniError error_of_delegate(const std::string& executable, Verb verb, const ChildOutcome& outcome) {
  if (auto error = parse_error_object(outcome.output)) return *std::move(error);
  std::string status = "it ended with status " + std::to_string(outcome.number);
  // Silence on stdout is a failure that explains itself on stderr; anything else there had to be an error object.
  return failure(executable, verb, 0, with_output(status, outcome),
                 outcome.output.empty() ? "ipam-failed" : "ipam-garbage");
}

Answer<std::string> run_delegate(const std::string& executable,
                                 Verb verb,
                                 const std::string& stdin_bytes,
                                 Deadline deadline,
                                 const Overrides& overrides) {
  auto outcome = run_child(executable, delegate_environment(verb, overrides), stdin_bytes, deadline);
  if (!outcome) return CniError(std::move(outcome.error()).with_word("ipam-failed"));
  forward_to_stderr(outcome->errors);
  switch (outcome->end) {
    case ChildOutcome::End::exited:
      if (outcome->number == 0) return std::move(outcome->output);
      return error_of_delegate(executable, verb, *outcome);
    case ChildOutcome::End::signaled:
      return failure(executable, verb, 0,
                     with_output("it was killed by signal " + std::to_string(outcome->number) + " (" +
                                     std::string(signal_symbol(outcome->number) ?: "SIG?") + ")",
                                 *outcome),
                     "ipam-failed");
    case ChildOutcome::End::timed_out: {
      Error error =
          failure(executable, verb, 0, with_output("it did not end in time and was killed", *outcome), "ipam-timeout");
      error.hint = "will retry";
      return error;
    }
    case ChildOutcome::End::too_much_output:
      return failure(executable, verb, 0,
                     "it wrote more than " + std::to_string(kMaxChildOutput) + " bytes and was killed", "ipam-garbage");
    case ChildOutcome::End::input_failed:
      return failure(executable, verb, outcome->number,
                     "the configuration could not be written to it, and it was killed", "ipam-failed");
    case ChildOutcome::End::not_executed:
      break;
  }
  return not_executed(executable, verb, outcome->number);
}

}  // namespace isthmus
