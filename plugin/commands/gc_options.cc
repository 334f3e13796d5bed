#include "plugin/commands/gc_options.h"

#include <array>
#include <charconv>

#include "plugin/cni/netconf.h"
#include "plugin/commands/cli11.h"

namespace isthmus {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
// The long spellings are systemd's; "ms" stands before "m".
constexpr std::array kUnits = {Unit{"ms", 1},           Unit{"msec", 1},          Unit{"s", 1000},
                               Unit{"sec", 1000},       Unit{"m", 60'000},        Unit{"min", 60'000},
                               Unit{"h", 3'600'000},    Unit{"hr", 3'600'000},    Unit{"d", 86'400'000},
                               Unit{"day", 86'400'000}, Unit{"days", 86'400'000}, Unit{"w", 604'800'000}};

constexpr const char* kGcDescription =
    "examples:\n  isthmus gc --dry-run\n  isthmus gc --yes --older-than 1h\n\n"
    "Reaps network namespaces that leaked, and what belonged to attachments that are dead.";

std::string duration_into(const std::string& text, milliseconds& duration) {
  auto parsed = parse_duration(text);
  if (!parsed) return "'" + text + "' is no duration; write 90s, 15m, 1h30m or 2d";
  duration = *parsed;
  return {};
}

std::string only_into(const std::vector<std::string>& kinds, ReapOptions& options) {
  options.mounts = options.links = options.leases = options.rules = false;
  for (const std::string& kind : kinds) {
    if (kind == "mounts") {
      options.mounts = true;
    } else if (kind == "links") {
      options.links = true;
    } else if (kind == "leases") {
      options.leases = true;
    } else if (kind == "rules") {
      options.rules = true;
    } else {
      return "'" + kind + "' is none of mounts, leases, links, rules";
    }
  }
  return {};
}

bool is_runtime(std::string_view text) {
  if (text == "podman" || text == "docker" || text == "none") return true;
  std::string_view scheme = text.substr(0, text.find("://"));
  return scheme == "containerd" || scheme == "crio";
}

struct Raw {
  GcOptions options;
  std::string older_than = "15m";
  std::string deadline = "60s";
  std::string strict;
  std::string output = "table";
  std::vector<std::string> only;
  std::vector<int> ignore_pids;
  std::size_t limit = 0;
};

void declare(CLI::App& app, Raw& raw) {
  GcOptions& options = raw.options;
  app.add_flag("--dry-run", options.dry_run, "look and report; change nothing, not even ages");
  app.add_flag("-y,--yes", options.yes, "do not ask; every protection stays");
  app.add_option("--older-than", raw.older_than, "how long a name must have been unused")->capture_default_str();
  app.add_option("--strict", raw.strict,
                 "take a name only if nobody even looks at it for so long, as the kernel sees it");
  app.add_option("--only", raw.only, "take nothing but mounts, leases, links, rules")->delimiter(',');
  app.add_option("--root", options.reap.roots, "another directory of names, absolute; repeat for more");
  app.add_flag("--foreign", options.reap.foreign,
               "names without a record of ours too, if they look like containerd's, CRI-O's, podman's or Docker's");
  app.add_option("--runtime", options.reap.runtimes.runtimes,
                 "who to ask: containerd[://SOCKET], crio[://SOCKET], podman, docker, or none: there is none");
  app.add_option("--alive", options.reap.runtimes.alive_file, "file with ids of containers that are alive, one a line");
  app.add_option("--limit", raw.limit, "reap at most so many");
  app.add_option("--plan", options.plan, "write what was found to FILE, as JSON");
  app.add_option("--from-plan", options.from_plan, "reap only what FILE calls leaked and still is the same");
  app.add_option("-o,--output", raw.output, "table or json")->capture_default_str();
  app.add_option("--textfile", options.textfile, "write metrics to FILE.prom for node_exporter");
  app.add_option("--deadline", raw.deadline, "for the whole run")->capture_default_str();
  app.add_flag("--here", options.reap.here, "this mount and pid namespace is the whole host to clean");
  app.add_flag("--host", options.host,
               "enter the mount namespace of pid 1 first, from a container that shares its pids");
  app.add_option("--ignore-pid", raw.ignore_pids, "a process that cannot be read and is known to hold nothing");
  app.add_option("--state-dir", options.reap.state_dir, "the plugin's 'stateDir'")
      ->envname("ISTHMUS_STATE_DIR")
      ->capture_default_str();
  app.footer("exit: 0 nothing left, 1 findings remain, 2 could not look or usage, 3 partly failed");
}

// Empty, or what is wrong.
std::string finish(const CLI::App& app, Raw& raw) {
  GcOptions& options = raw.options;
  if (auto wrong = duration_into(raw.older_than, options.reap.policy.grace); !wrong.empty())
    return "--older-than: " + wrong;
  if (auto wrong = duration_into(raw.deadline, options.deadline); !wrong.empty()) return "--deadline: " + wrong;
  if (!raw.strict.empty()) {
    if (auto wrong = duration_into(raw.strict, options.reap.quiet); !wrong.empty()) return "--strict: " + wrong;
    if (options.reap.quiet >= options.deadline) return "--strict: not shorter than the deadline of the whole run";
  }
  if (!raw.only.empty()) {
    if (auto wrong = only_into(raw.only, options.reap); !wrong.empty()) return "--only: " + wrong;
  }
  if (raw.output != "table" && raw.output != "json") return "-o: '" + raw.output + "' is neither table nor json";
  options.json = raw.output == "json";
  for (const std::string& root : options.reap.roots)
    if (root.empty() || root.front() != '/') return "--root: '" + root + "' is no absolute path";
  for (const std::string& runtime : options.reap.runtimes.runtimes) {
    if (!is_runtime(runtime)) {
      return "--runtime: '" + runtime + "' is none of containerd[://SOCKET], crio[://SOCKET], podman, docker, none";
    }
  }
  if (options.reap.state_dir.empty() || options.reap.state_dir.front() != '/') return "--state-dir: no absolute path";
  if (!options.textfile.empty() && !options.textfile.ends_with(".prom"))
    return "--textfile: the name must end in .prom";
  if (options.dry_run && options.yes) return "--dry-run and --yes contradict each other";
  if (app.count("--limit") > 0) options.limit = raw.limit;
  options.reap.ignore_pids.insert(raw.ignore_pids.begin(), raw.ignore_pids.end());
  return {};
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  if (text == "0") return milliseconds(0);
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0 || number > 1'000'000'000) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    while (text.starts_with(' '))
      text.remove_prefix(1);
    std::size_t letters = std::min(text.find_first_of("0123456789 "), text.size());
    std::int64_t unit = 0;
    for (const Unit& one : kUnits)
      if (one.name == text.substr(0, letters)) unit = one.ms;
    if (unit == 0) return std::nullopt;
    total += number * unit;
    text.remove_prefix(letters);
    while (text.starts_with(' '))
      text.remove_prefix(1);
  }
  return milliseconds(total);
}

CommandText describe_gc() {
  StreamsInUse streams;
  CLI::App app(kGcDescription, "isthmus gc");
  Raw raw;
  raw.options.reap.state_dir = kDefaultStateDir;
  declare(app, raw);
  return text_of(app);
}

std::variant<GcOptions, GcUsage> parse_gc_options(const std::vector<std::string_view>& arguments) {
  StreamsInUse streams;
  CLI::App app(kGcDescription, "isthmus gc");
  Raw raw;
  raw.options.reap.state_dir = kDefaultStateDir;
  declare(app, raw);
  // The library wants them backwards, and speaks in exceptions; they end here.
  std::vector<std::string> words(arguments.rbegin(), arguments.rend());
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return GcUsage{0, app.help()};
  } catch (const CLI::ParseError& wrong) {
    return GcUsage{2, std::string("isthmus gc: ") + wrong.what() + "\n"};
  }
  if (auto wrong = finish(app, raw); !wrong.empty()) return GcUsage{2, "isthmus gc: " + wrong + "\n"};
  return raw.options;
}

}  // namespace isthmus
