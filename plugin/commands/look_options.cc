#include "plugin/commands/look_options.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "plugin/cni/netconf.h"
#include "plugin/commands/cli11.h"

namespace isthmus {
namespace {

struct RawLook {
  std::string output = "table";
  std::string colour = "auto";
  std::string deadline = "20s";
  bool no_headers = false;
};

void declare_state_dir(CLI::App& app, std::string& state_dir) {
  state_dir = kDefaultStateDir;
  app.add_option("--state-dir", state_dir, "the plugin's 'stateDir'")
      ->envname("ISTHMUS_STATE_DIR")
      ->capture_default_str();
}

void declare_look(CLI::App& app, LookOptions& look, RawLook& raw, const char* outputs) {
  app.add_option("-o,--output", raw.output, outputs)->capture_default_str();
  app.add_option("--color", raw.colour, "auto, always or never; NO_COLOR counts too")->capture_default_str();
  app.add_option("--deadline", raw.deadline, "for the whole run")->capture_default_str();
  declare_state_dir(app, look.state_dir);
}

void declare_table(CLI::App& app, LookOptions& look, RawLook& raw) {
  app.add_option("--columns", look.style.columns, "which columns, by name, separated by commas")->delimiter(',');
  app.add_flag("--no-headers", raw.no_headers, "without the first line");
}

std::size_t terminal_width() {
  if (isatty(STDOUT_FILENO) == 0) return 0;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

// Empty, or what is wrong.
std::string finish(LookOptions& look, const RawLook& raw, bool has_wide) {
  if (raw.output != "table" && raw.output != "json" && !(has_wide && raw.output == "wide")) {
    return "-o: '" + raw.output + "' is " + (has_wide ? "none of table, wide, json" : "neither table nor json");
  }
  look.json = raw.output == "json";
  look.style.wide = raw.output == "wide";
  look.style.header = !raw.no_headers;
  if (raw.colour != "auto" && raw.colour != "always" && raw.colour != "never") {
    return "--color: '" + raw.colour + "' is none of auto, always, never";
  }
  const char* no_colour = getenv("NO_COLOR");
  const char* terminal = getenv("TERM");
  bool wants = (no_colour == nullptr || *no_colour == '\0') && isatty(STDOUT_FILENO) != 0 && terminal != nullptr &&
               std::string_view(terminal) != "dumb";
  look.colour = raw.colour == "always" || (raw.colour == "auto" && wants);
  look.width = terminal_width();
  look.progress = isatty(STDERR_FILENO) != 0;
  auto deadline = parse_duration(raw.deadline);
  if (!deadline) return "--deadline: '" + raw.deadline + "' is no duration; write 500ms, 20s or 1m";
  look.deadline = *deadline;
  if (look.state_dir.empty() || look.state_dir.front() != '/') return "--state-dir: no absolute path";
  return {};
}

// The library speaks in exceptions; they end here. Nullopt: parsed.
std::optional<GcUsage> parse_into(CLI::App& app, const std::vector<std::string_view>& arguments, int usage_status) {
  std::vector<std::string> backwards(arguments.rbegin(), arguments.rend());
  try {
    app.parse(backwards);
  } catch (const CLI::CallForHelp&) {
    return GcUsage{0, app.help()};
  } catch (const CLI::ParseError& wrong) {
    return GcUsage{usage_status, app.get_name() + ": " + wrong.what() + "; see " + app.get_name() + " --help\n"};
  }
  return std::nullopt;
}

GcUsage usage_error(const CLI::App& app, const std::string& wrong) {
  return GcUsage{2, app.get_name() + ": " + wrong + "\n"};
}

void declare_list(CLI::App& app, ListOptions& options, RawLook& raw) {
  app.add_flag("-A,--all", options.all, "every network namespace, whoever made it, and what holds it");
  app.add_option("--bridge", options.bridge, "only namespaces with a link on this bridge of the host; implies --all");
  app.add_option("--network", options.network, "only attachments to this network");
  declare_look(app, options.look, raw, "table, wide or json");
  declare_table(app, options.look, raw);
  app.footer("exit: 0 all shown, 2 could not look or usage, 3 a part could not be seen");
}

void declare_find(CLI::App& app, FindOptions& options, RawLook& raw) {
  app.add_option("WHAT", options.what,
                 "IP or MAC address, link name or index, pid, inode, container id, pod, name or path; "
                 "ip:, mac:, if:, ifindex:, pid:, inode:, container:, pod:, name: or path: before it says which")
      ->required();
  declare_look(app, options.look, raw, "table or json");
  app.footer("exit: 0 found, 1 not found, 2 could not look or usage, 3 not found, and a part could not be seen");
}

void declare_exec(CLI::App& app, ExecOptions& options) {
  app.add_option("WHERE", options.where, "a name of ip netns, a pid, a path, or anything that isthmus find takes")
      ->required();
  app.add_option("COMMAND", options.command, "and its arguments; a shell if there is none");
  declare_state_dir(app, options.state_dir);
  app.footer("exit: the command's own; 125 isthmus failed, 126 the command cannot be run, 127 it is not there");
}

void declare_doctor(CLI::App& app, DoctorOptions& options, RawLook& raw, std::vector<std::string>& only) {
  std::string all;
  for (std::string_view check : kChecks)
    all += (all.empty() ? "" : ", ") + std::string(check);
  app.add_option("--only", only, all)->delimiter(',');
  declare_look(app, options.look, raw, "table or json");
  app.add_option("--textfile", options.textfile, "write metrics to FILE.prom for node_exporter");
  app.add_flag("--here", options.here, "this mount and pid namespace is the whole host to examine");
  app.add_option("--cni-conf-dir", options.question.cni_conf_dir, "where the runtime looks for networks")
      ->capture_default_str();
  app.add_option("--cni-bin-dir", options.question.cni_bin_dirs, "where it looks for plugins; repeat for more");
  app.footer(
      "exit: 0 nothing found, 1 findings, 2 could not look or usage, 3 nothing found, and a part could not be seen");
}

// Examples first: they are what most people look for.
constexpr const char* kListDescription =
    "examples:\n  isthmus list\n  isthmus list --all --columns NETNS,ADDRESS,HELD-BY\n"
    "\n"
    "Shows the attachments of this node, or all its network namespaces.";
constexpr const char* kFindDescription =
    "examples:\n  isthmus find 10.244.1.17\n  isthmus find default/web -o json\n"
    "\n"
    "Says in which network namespace something is, who holds that, how to get in.";
constexpr const char* kDoctorDescription =
    "examples:\n  isthmus doctor\n  isthmus doctor --only threads,stuck -o json\n"
    "\n"
    "Says what is wrong with the network namespaces of this node, why that hurts, and what cures it. "
    "Changes nothing.";
constexpr const char* kExecDescription =
    "examples:\n  isthmus exec web -- ss -tlnp\n  isthmus exec 10.244.1.17 -- ip addr\n"
    "\n"
    "Runs a command in a network namespace, with the files of /etc/netns/NAME over those of /etc.";

template <class Options, class Declare>
CommandText described(const char* description, const char* name, Declare declare) {
  StreamsInUse streams;
  CLI::App app(description, name);
  Options options;
  declare(app, options);
  return text_of(app);
}

}  // namespace

std::vector<CommandText> describe_look_commands() {
  RawLook raw;
  std::vector<std::string> only;
  return {described<ListOptions>(kListDescription, "isthmus list",
                                 [&](CLI::App& app, ListOptions& options) { declare_list(app, options, raw); }),
          described<FindOptions>(kFindDescription, "isthmus find",
                                 [&](CLI::App& app, FindOptions& options) { declare_find(app, options, raw); }),
          described<ExecOptions>(kExecDescription, "isthmus exec",
                                 [](CLI::App& app, ExecOptions& options) { declare_exec(app, options); }),
          described<DoctorOptions>(kDoctorDescription, "isthmus doctor", [&](CLI::App& app, DoctorOptions& options) {
            declare_doctor(app, options, raw, only);
          })};
}

Parsed<ListOptions> parse_list_options(const std::vector<std::string_view>& arguments, std::string_view name) {
  StreamsInUse streams;
  CLI::App app(kListDescription, "isthmus " + std::string(name));
  ListOptions options;
  RawLook raw;
  declare_list(app, options, raw);
  if (auto usage = parse_into(app, arguments, 2)) return *std::move(usage);
  if (auto wrong = finish(options.look, raw, true); !wrong.empty()) return usage_error(app, wrong);
  options.all = options.all || !options.bridge.empty();
  if (options.all && !options.network.empty()) return usage_error(app, "--network is of attachments, not for --all");
  return options;
}

Parsed<FindOptions> parse_find_options(const std::vector<std::string_view>& arguments) {
  StreamsInUse streams;
  CLI::App app(kFindDescription, "isthmus find");
  FindOptions options;
  RawLook raw;
  declare_find(app, options, raw);
  if (auto usage = parse_into(app, arguments, 2)) return *std::move(usage);
  if (auto wrong = finish(options.look, raw, false); !wrong.empty()) return usage_error(app, wrong);
  return options;
}

Parsed<DoctorOptions> parse_doctor_options(const std::vector<std::string_view>& arguments) {
  StreamsInUse streams;
  CLI::App app(kDoctorDescription, "isthmus doctor");
  DoctorOptions options;
  RawLook raw;
  std::vector<std::string> only;
  declare_doctor(app, options, raw, only);
  if (auto usage = parse_into(app, arguments, 2)) return *std::move(usage);
  if (auto wrong = finish(options.look, raw, false); !wrong.empty()) return usage_error(app, wrong);
  for (std::string& check : only) {
    if (std::find(std::begin(kChecks), std::end(kChecks), check) == std::end(kChecks)) {
      return usage_error(app, "--only: there is no check '" + check + "'");
    }
    options.question.only.insert(std::move(check));
  }
  if (!options.textfile.empty() && !options.textfile.ends_with(".prom")) {
    return usage_error(app, "--textfile: the name must end in .prom");
  }
  return options;
}

Parsed<ExecOptions> parse_exec_options(const std::vector<std::string_view>& arguments) {
  StreamsInUse streams;
  CLI::App app(kExecDescription, "isthmus exec");
  ExecOptions options;
  declare_exec(app, options);
  // What stands behind WHERE is the command's, options too.
  std::size_t where = 0;
  while (where < arguments.size() && arguments[where].starts_with('-'))
    where += arguments[where] == "--state-dir" ? 2 : 1;
  where = std::min(where + 1, arguments.size());
  std::size_t command = where < arguments.size() && arguments[where] == "--" ? where + 1 : where;
  auto end_of_ours = arguments.begin() + static_cast<std::ptrdiff_t>(where);
  if (auto usage = parse_into(app, {arguments.begin(), end_of_ours}, 125)) return *std::move(usage);
  options.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(command), arguments.end());
  if (options.command.empty()) {
    const char* shell = getenv("SHELL");
    options.command.emplace_back(shell != nullptr && *shell != '\0' ? shell : "/bin/sh");
  }
  return options;
}

}  // namespace isthmus
