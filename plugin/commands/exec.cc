#include "plugin/commands/exec.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>

#include "netns/command_namespace.h"
#include "plugin/commands/look_options.h"
#include "plugin/inspect/find.h"

namespace isthmus {
namespace {

constexpr int kFailed = 125;
constexpr int kCannotRun = 126;
constexpr int kNotThere = 127;
constexpr std::chrono::seconds kTimeToFind(10);

struct Place {
  NetnsFd netns;
  std::string name;  // under /run/netns; empty: looked up by the mounts
};

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<Place> open_path(const std::string& path, Deadline deadline) {
  TRY(NetnsPath parsed, NetnsPath::parse(path));
  TRY(NetnsFd netns, NetnsFd::open(parsed, deadline));
  return Place{std::move(netns), std::string(parsed.name())};
}

Error ambiguous(const std::string& where, const std::vector<Match>& matches) {
  std::string candidates;
  for (const Match& match : matches) {
    if (match.netns == nullptr) continue;
    candidates += (candidates.empty() ? "" : ", ") + std::to_string(match.netns->seen.inode) + " (" +
                  match.netns->label() + ": " + match.because + ")";
  }
  return Error{"choose a network namespace for", "'" + where + "'", 0, candidates, "exec-where",
               "give one of the numbers"};
}

Result<Place> open_found(const ExecOptions& options, Deadline deadline) {
  NodeQuestion question;
  question.state_dir = options.state_dir;
  TRY(Node node, look_at_node(question, deadline));
  auto matches = find_in_node(node, options.where, process_lookup());
  std::erase_if(matches, [](const Match& match) { return match.netns == nullptr; });
  // A link of the host means the container behind it.
  if (matches.size() == 2 && matches.back().netns->is_host) matches.pop_back();
  if (matches.empty()) {
    return Error{"find",       "'" + options.where + "'", 0, "no network namespace here is or has that",
                 "exec-where", "see 'isthmus list --all'"};
  }
  if (matches.size() > 1) return ambiguous(options.where, matches);
  TRY(NetnsFd netns, open_seen_netns(matches.front().netns->seen, deadline));
  return Place{std::move(netns), {}};
}

// The frequent cases need no look at the node: a path, a name, a pid.
Result<Place> open_place(const ExecOptions& options, Deadline deadline) {
  const std::string& where = options.where;
  if (where.starts_with('/')) return open_path(where, deadline);
  if (where.find('/') == std::string::npos && where != "." && where != "..") {
    auto named = open_path("/run/netns/" + where, deadline);
    // A plain file of that name may be mounted elsewhere; then the rest of the search finds it.
    if (named || (named.error().word != "netns-missing" && named.error().word != "netns-not-a-netns")) return named;
  }
  if (is_number(where)) {
    auto of_pid = open_path("/proc/" + where + "/ns/net", deadline);
    if (of_pid) return of_pid;
  }
  return open_found(options, deadline);
}

// /etc/netns/NAME of the namespace's name; of several, the first that has such a directory. Empty: none.
std::string etc_directory(const Place& place) {
  auto directory_for = [](const std::string& name) {
    std::string path = "/etc/netns/" + name;
    struct stat found {};
    return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) ? path : std::string();
  };
  if (!place.name.empty()) return directory_for(place.name);
  auto mounts = own_netns_mounts();
  if (!mounts) return {};
  for (const NetnsMount& mount : *mounts) {
    if (mount.inode != place.netns.id().inode) continue;
    auto path = NetnsPath::parse(mount.mount_point);
    if (!path || path->name().empty()) continue;
    if (auto found = directory_for(std::string(path->name())); !found.empty()) return found;
  }
  return {};
}

int report_failure(const std::string& text, int status) {
  std::fprintf(stderr, "isthmus exec: %s\n", text.c_str());
  return status;
}

}  // namespace

int exec_command(const std::vector<std::string_view>& arguments) {
  auto parsed = parse_exec_options(arguments);
  if (const auto* usage = std::get_if<GcUsage>(&parsed)) {
    std::fputs(usage->text.c_str(), usage->status == 0 ? stdout : stderr);
    return usage->status;
  }
  ExecOptions& options = std::get<ExecOptions>(parsed);
  auto place = open_place(options, Deadline::in(kTimeToFind));
  if (!place) return report_failure(place.error().text(), kFailed);
  if (auto entered = enter_for_command(place->netns, etc_directory(*place)); !entered) {
    return report_failure(entered.error().text(), kFailed);
  }
  std::vector<char*> argv;
  for (std::string& word : options.command)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  execvp(argv.front(), argv.data());
  const int status = errno == ENOENT ? kNotThere : kCannotRun;
  return report_failure(errno_error("run", "'" + options.command.front() + "'").text(), status);
}

}  // namespace isthmus
