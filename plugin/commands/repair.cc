#include "plugin/commands/repair.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "netlink/quoted.h"
#include "netns/capabilities.h"
#include "plugin/attachment/restore.h"
#include "plugin/attachment/store.h"
#include "plugin/cni/netconf.h"
#include "plugin/commands/cli11.h"

namespace isthmus {
namespace {

struct RepairOptions {
  bool dry_run = false;
  std::string output = "table";
  std::string state_dir{kDefaultStateDir};
};

struct RepairItem {
  std::string name;  // "network/container/ifname", or "network"
  std::string what;
  std::string state;  // "restored", "missing", "broken", "failed"
};

class Repair {
 public:
  explicit Repair(const RepairOptions& options) : options_(options) {}

  Status run() {
    TRY(auto store, StateStore::open_existing(options_.state_dir));
    if (!store) return done;
    TRY(auto host, open_host(deadline_));
    TRY(auto networks, store->networks());
    for (const std::string& text : networks) {
      auto network = NetworkName::parse(text);
      if (!network) continue;
      TRY(auto records, store->list(*network));
      for (const auto& listed : records)
        repair_attachment(*store, host, listed);
      repair_network(*store, *network);
    }
    return done;
  }

  const std::vector<RepairItem>& items() const { return items_; }
  bool has(std::string_view state) const {
    for (const RepairItem& item : items_)
      if (item.state == state) return true;
    return false;
  }

 private:
  Restoring how() const { return options_.dry_run ? Restoring::look_only : Restoring::put_back; }
  std::string state_of_found() const { return options_.dry_run ? "missing" : "restored"; }

  static std::string name_of(const AttachmentKey& key) {
    return key.network.text() + "/" + key.container_id.text() + "/" + key.ifname.text();
  }

  // An attachment that an ADD or DEL is at work on is theirs.
  void repair_attachment(StateStore& store, Kernel<HostSide>& host, const StateStore::Listed& listed) {
    if (!listed.record) {
      items_.push_back({listed.file_name, listed.record.error().text(), "failed"});
      return;
    }
    const AttachmentKey& key = listed.record->key;
    auto locked = store.try_lock(key);
    if (!locked || !*locked) return;
    auto record = store.read(key);
    if (record && *record && (**record).phase == Record::Phase::complete) {
      auto restored = restore_attachment(host, **record, how(), deadline_);
      if (!restored) {
        items_.push_back({name_of(key), restored.error().text(), "failed"});
      } else if (restored->link_is_gone) {
        items_.push_back({name_of(key), "its veth is gone; restart the container", "broken"});
      } else {
        for (std::string& line : restored->done)
          items_.push_back({name_of(key), std::move(line), state_of_found()});
      }
    }
    store.unlock(key);
  }

  // Under the network's lock, so that a DEL of its last attachment comes before or after, never between reading the
  // records and putting back what they hold.
  void repair_network(StateStore& store, const NetworkName& network) {
    auto work = [&]() -> Status {
      TRY_OK(store.lock(network, deadline_));
      TRY(auto listed, store.list(network));
      std::vector<Record> records;
      for (auto& one : listed)
        if (one.record) records.push_back(*std::move(one.record));
      TRY(auto lines, restore_masquerade(records, how(), deadline_));
      for (std::string& line : lines)
        items_.push_back({network.text(), std::move(line), state_of_found()});
      return done;
    };
    if (auto worked = work(); !worked) items_.push_back({network.text(), worked.error().text(), "failed"});
    store.unlock(network);
  }

  const RepairOptions& options_;
  Deadline deadline_ = Deadline::in(std::chrono::seconds(60));
  std::vector<RepairItem> items_;
};

void print_items(const Repair& repair, bool json) {
  if (!json) {
    for (const RepairItem& item : repair.items())
      std::printf("%-9s %s: %s\n", item.state.c_str(), item.name.c_str(), item.what.c_str());
    if (repair.items().empty()) std::printf("everything is in force\n");
    return;
  }
  nlohmann::ordered_json out = {{"apiVersion", "isthmus/v1"}, {"kind", "Repair"}};
  out["items"] = nlohmann::ordered_json::array();
  for (const RepairItem& item : repair.items())
    out["items"].push_back({{"name", item.name}, {"what", item.what}, {"state", item.state}});
  std::printf("%s\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

constexpr const char* kRepairDescription =
    "examples:\n  isthmus repair --dry-run\n  isthmus repair\n\n"
    "Puts back on the host what somebody took away from attachments that live.";

void declare_repair(CLI::App& app, RepairOptions& options) {
  app.add_flag("--dry-run", options.dry_run, "look and report; change nothing");
  app.add_option("-o,--output", options.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  app.add_option("--state-dir", options.state_dir, "the plugin's 'stateDir'")
      ->envname("ISTHMUS_STATE_DIR")
      ->capture_default_str();
  app.footer("exit: 0 all is in force, 1 something is missing still, 2 could not look or usage, 3 partly failed");
}

// nullopt: go on; else what to exit with.
std::optional<int> parse_repair(const std::vector<std::string_view>& arguments, RepairOptions& options) {
  StreamsInUse streams;
  CLI::App app(kRepairDescription, "isthmus repair");
  declare_repair(app, options);
  std::vector<std::string> words(arguments.rbegin(), arguments.rend());
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& wrong) {
    std::fprintf(stderr, "isthmus repair: %s\n", wrong.what());
    return 2;
  }
  return std::nullopt;
}

}  // namespace

CommandText describe_repair() {
  StreamsInUse streams;
  CLI::App app(kRepairDescription, "isthmus repair");
  RepairOptions options;
  declare_repair(app, options);
  return text_of(app);
}

int repair_command(const std::vector<std::string_view>& arguments) {
  RepairOptions options;
  if (auto status = parse_repair(arguments, options)) return *status;
  auto able = has_capability(kCapNetAdmin);
  if (!able || !*able) {
    std::fprintf(stderr, "isthmus repair: cannot change the host's network: this process lacks CAP_NET_ADMIN\n");
    return 2;
  }
  Repair repair(options);
  if (auto ran = repair.run(); !ran) {
    std::fprintf(stderr, "isthmus repair: %s\n", without_controls(ran.error().text()).c_str());
    return 2;
  }
  print_items(repair, options.output == "json");
  if (repair.has("failed")) return 3;
  return repair.has("missing") || repair.has("broken") ? 1 : 0;
}

}  // namespace isthmus
