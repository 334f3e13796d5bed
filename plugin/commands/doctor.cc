#include "plugin/commands/doctor.h"

#include <fcntl.h>
#include <signal.h>

#include <cstdio>
#include <string>

#include "netns/file.h"
#include "plugin/commands/look_options.h"
#include "plugin/commands/progress.h"
#include "plugin/commands/supervise.h"
#include "plugin/inspect/doctor.h"
#include "plugin/reap/preflight.h"

namespace isthmus {
namespace {

constexpr int kHealthy = 0;
constexpr int kFound = 1;
constexpr int kCouldNotExamine = 2;
constexpr int kPartlyExamined = 3;

void complain(const std::string& text) { std::fprintf(stderr, "isthmus doctor: %s\n", text.c_str()); }

Status write_metrics(const std::string& path, const std::string& text) {
  std::size_t slash = path.rfind('/');
  std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  TRY(UniqueFd dir, open_directory(parent));
  return write_file_atomically(dir.ref(), path.substr(slash == std::string::npos ? 0 : slash + 1), text, 0644);
}

// What cannot be seen for want of a capability is a hole; a mount or pid namespace that is not the host's would make
// everything outside look dead.
Result<std::vector<std::string>> what_is_missing(bool here) {
  Preflight preflight = check_preflight(here);
  std::vector<std::string> holes;
  for (std::string& failure : preflight.failures) {
    if (failure.starts_with("no CAP_NET_ADMIN")) continue;  // nothing is removed
    if (!failure.starts_with("no CAP_")) return Error{"examine this node", {}, 0, failure, "doctor-scope", {}};
    holes.push_back(std::move(failure));
  }
  return holes;
}

Result<int> examine(const DoctorOptions& options) {
  TRY(auto holes, what_is_missing(options.here));
  DoctorQuestion question = options.question;
  Diagnosis diagnosis;
  {
    Progress progress(options.look.progress);
    question.node.state_dir = options.look.state_dir;
    question.node.progress = [&](const char* what, std::size_t at, std::size_t of) { progress.at(what, at, of); };
    TRY(diagnosis, diagnose(question, Deadline::in(options.look.deadline)));
  }
  diagnosis.holes.insert(diagnosis.holes.begin(), holes.begin(), holes.end());
  std::fputs((options.look.json ? diagnosis_json(diagnosis) : diagnosis_text(diagnosis, options.look.colour)).c_str(),
             stdout);
  if (!options.textfile.empty()) TRY_OK(write_metrics(options.textfile, diagnosis_textfile(diagnosis)));
  if (diagnosis.count(Severity::warning) > 0) return kFound;
  return diagnosis.holes.empty() ? kHealthy : kPartlyExamined;
}

}  // namespace

int doctor_command(const std::vector<std::string_view>& arguments) {
  auto parsed = parse_doctor_options(arguments);
  if (const auto* usage = std::get_if<GcUsage>(&parsed)) {
    std::fputs(usage->text.c_str(), usage->status == 0 ? stdout : stderr);
    return usage->status;
  }
  const DoctorOptions& options = std::get<DoctorOptions>(parsed);
  signal(SIGPIPE, SIG_IGN);
  auto status = supervise(Deadline::in(options.look.deadline + kGrace), [&] {
    auto examined = examine(options);
    if (examined) return *examined;
    complain(examined.error().text());
    return kCouldNotExamine;
  });
  if (status) return *status;
  complain("the deadline passed; what was under way is left to itself");
  return kCouldNotExamine;
}

}  // namespace isthmus
