#include "plugin/commands/look.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>

#include "plugin/commands/look_options.h"
#include "plugin/commands/progress.h"
#include "plugin/commands/supervise.h"
#include "plugin/inspect/attachments.h"
#include "plugin/inspect/find.h"
#include "plugin/inspect/json.h"
#include "plugin/inspect/namespaces.h"

namespace isthmus {
namespace {

constexpr int kShown = 0;
constexpr int kNotFound = 1;
constexpr int kNotLooked = 2;
constexpr int kPartly = 3;

void show(const std::string& text) { std::fputs(text.c_str(), stdout); }
void note(const char* command, const std::string& text) {
  std::fprintf(stderr, "isthmus %s: %s\n", command, printable_text(text).c_str());
}

Status show_table(const Table& table, const LookOptions& look) {
  TRY(auto columns, choose_columns(table, look.style));
  show(render(table, columns, look.style, Screen{look.width, look.colour}));
  return done;
}

// Each line of what could not be seen; whether there is any.
bool note_holes(const char* command, const Node& node) {
  for (const std::string& hole : node.holes)
    note(command, "not seen: " + hole);
  for (const std::string& bad : node.bad_records)
    note(command, bad);
  bool any = !node.holes.empty() || !node.bad_records.empty();
  std::size_t closed = 0;
  for (const NodeNetns& netns : node.namespaces) {
    if (netns.problem.empty()) continue;
    if (++closed == 1) note(command, "could not look into " + netns.label() + ": " + netns.problem);
  }
  if (closed > 1) note(command, "nor into " + std::to_string(closed - 1) + " more");
  return any || closed > 0;
}

Result<Node> look(const LookOptions& options) {
  Progress progress(options.progress);
  NodeQuestion question;
  question.state_dir = options.state_dir;
  question.progress = [&](const char* what, std::size_t at, std::size_t of) { progress.at(what, at, of); };
  return look_at_node(question, Deadline::in(options.deadline));
}

Result<int> list_namespaces(const ListOptions& options) {
  TRY(Node node, look(options.look));
  if (!options.bridge.empty()) keep_ports_of(node, options.bridge);
  if (options.look.json) {
    show(netns_json(node));
  } else {
    TRY_OK(show_table(netns_table(node), options.look));
  }
  return note_holes("list", node) ? kPartly : kShown;
}

// What a DEL took away between our looks at the record and at the rest is no fault.
Status leave_out_ended(std::vector<ListedAttachment>& listed, const std::string& state_dir) {
  auto is_odd = [](const ListedAttachment& one) { return one.state != AttachmentState::ok; };
  if (std::none_of(listed.begin(), listed.end(), is_odd)) return done;
  TRY(RecordsOfNode now, read_all_records(state_dir));
  std::erase_if(listed, [&](const ListedAttachment& one) {
    return is_odd(one) && std::none_of(now.records.begin(), now.records.end(),
                                       [&](const Record& record) { return record.key == one.record.key; });
  });
  return done;
}

Result<int> list_attachments(const ListOptions& options) {
  TRY(RecordsOfNode records, read_all_records(options.look.state_dir));
  if (!options.network.empty()) {
    std::erase_if(records.records, [&](const Record& one) { return one.key.network.text() != options.network; });
  }
  TRY(auto host, read_links_here(Deadline::in(options.look.deadline)));
  TRY(auto mounts, own_netns_mounts());
  auto listed = judge_attachments(std::move(records.records), host, mounts, inode_of_task_netns);
  TRY_OK(leave_out_ended(listed, options.look.state_dir));
  const std::int64_t now = time(nullptr);
  if (options.look.json) {
    show(attachments_json(listed, records.bad, now));
  } else {
    TRY_OK(show_table(attachment_table(listed, now), options.look));
  }
  for (const std::string& bad : records.bad)
    note("list", bad);
  return records.bad.empty() ? kShown : kPartly;
}

Result<int> find_and_show(const FindOptions& options) {
  TRY(Node node, look(options.look));
  auto matches = find_in_node(node, options.what, process_lookup());
  show(options.look.json ? find_json(node, options.what, matches) : find_text(options.what, matches));
  if (!matches.empty()) return kShown;
  note("find", "nothing here is or has '" + options.what + "'");
  return note_holes("find", node) ? kPartly : kNotFound;
}

// In a process of its own, so that nothing can hang the caller.
int supervised(const char* command, std::chrono::milliseconds deadline, const std::function<Result<int>()>& work) {
  signal(SIGPIPE, SIG_IGN);
  auto status = supervise(Deadline::in(deadline + kGrace), [&] {
    auto result = work();
    if (result) return *result;
    note(command, result.error().text());
    return kNotLooked;
  });
  if (status) return *status;
  note(command, "the deadline passed; what was under way is left to itself");
  return kNotLooked;
}

int print_usage_of(const GcUsage& usage) {
  std::fputs(usage.text.c_str(), usage.status == 0 ? stdout : stderr);
  return usage.status;
}

}  // namespace

int list_command(const std::vector<std::string_view>& arguments) {
  auto parsed = parse_list_options(arguments, "list");
  if (const auto* usage = std::get_if<GcUsage>(&parsed)) return print_usage_of(*usage);
  const ListOptions& options = std::get<ListOptions>(parsed);
  return supervised("list", options.look.deadline,
                    [&] { return options.all ? list_namespaces(options) : list_attachments(options); });
}

int find_command_line(const std::vector<std::string_view>& arguments) {
  auto parsed = parse_find_options(arguments);
  if (const auto* usage = std::get_if<GcUsage>(&parsed)) return print_usage_of(*usage);
  const FindOptions& options = std::get<FindOptions>(parsed);
  return supervised("find", options.look.deadline, [&] { return find_and_show(options); });
}

}  // namespace isthmus
