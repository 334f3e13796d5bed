#include "plugin/reap/commit.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "plugin/attachment/network_masquerade.h"
#include "plugin/attachment/undo.h"
#include "plugin/ipam/lease_store.h"
#include "plugin/reap/link_owner.h"
#include "plugin/reap/release_record.h"

namespace isthmus {
namespace {

constexpr std::chrono::seconds kDeathTime(2);
constexpr useconds_t kDeathPoll = 2'000;

void set(ReapItem& item, ReapItem::Outcome outcome, std::string text) {
  item.outcome = outcome;
  item.outcome_text = std::move(text);
}

class Reaping {
 public:
  Reaping(Survey& survey, const ReapOptions& options) : survey_(survey), options_(options) {}

  Status take(ReapItem& item) {
    switch (item.kind) {
      case ReapKind::name:
        return take_name(item);
      case ReapKind::file:
        return take_file(item);
      case ReapKind::attachment:
        set(item, ReapItem::Outcome::reaped, "");
        return done;
      case ReapKind::link:
        return take_link(item);
      case ReapKind::lease:
        return take_lease(item);
      case ReapKind::rule:
        return take_rule(item);
    }
    return done;
  }

  // Those that cannot be armed are seen as used when their turn comes.
  void arm(std::vector<ReapItem>& items, std::size_t limit) {
    for (ReapItem& item : items) {
      if (item.kind != ReapKind::name || item.judgement.verdict != ReapVerdict::leaked || limit == 0) continue;
      --limit;
      auto dir = directory(directory_of(item.path));
      auto armed = dir ? expire_exactly(*dir, item.name, item.mount) : Result<ExpireOutcome>(dir.error());
      // Armed by an earlier run that was killed, and not touched since: then it is a second call already.
      item.armed = armed && *armed == ExpireOutcome::armed;
    }
    usleep(static_cast<useconds_t>(std::chrono::microseconds(options_.quiet).count()));
  }

  // After all names have gone: the kernel takes namespaces down in batches, so waiting once is enough for all.
  void finish(std::vector<ReapItem>& items) {
    wait_for_deaths(items);
    for (ReapItem& item : items) {
      if (item.outcome != ReapItem::Outcome::reaped) continue;
      if (item.is_mount() && !item.witness.dead()) {
        set(item, ReapItem::Outcome::held, "the name is gone, the namespace is held elsewhere");
      }
      release_records(item);
    }
  }

 private:
  // Directories stay open for the run: a path in between could lead elsewhere.
  Result<FdRef> directory(const std::string& path) {
    auto known = directories_.find(path);
    if (known == directories_.end()) {
      TRY(UniqueFd opened, open_name_directory(path, survey_.deadline().at_most(std::chrono::seconds(2))));
      known = directories_.emplace(path, std::move(opened)).first;
    }
    return known->second.ref();
  }

  Status take_name(ReapItem& item) {
    TRY(FdRef dir, directory(directory_of(item.path)));
    TRY(auto file, file_below(dir, item.name));
    if (options_.quiet.count() > 0) {
      TRY(bool unmounted, fire(item, dir));
      return unmounted && file ? remove_file(item, dir, *file) : Status(done);
    }
    TRY(UnmountOutcome unmounted, unmount_exactly(dir, item.name, item.mount));
    if (unmounted == UnmountOutcome::changed) {
      set(item, ReapItem::Outcome::skipped, "it had changed when its turn came; nothing was touched");
      return done;
    }
    if (unmounted == UnmountOutcome::covered) {
      set(item, ReapItem::Outcome::skipped, "something was mounted over it; nothing was touched");
      return done;
    }
    set(item, ReapItem::Outcome::reaped, "");
    if (file) return remove_file(item, dir, *file);
    return done;
  }

  // Whether the name is unmounted.
  Result<bool> fire(ReapItem& item, FdRef dir) {
    ExpireOutcome outcome = ExpireOutcome::changed;
    if (item.armed) {
      TRY(outcome, expire_exactly(dir, item.name, item.mount));
    }
    if (outcome == ExpireOutcome::unmounted) {
      set(item, ReapItem::Outcome::reaped, "");
      return true;
    }
    bool used = !item.armed || outcome == ExpireOutcome::armed || outcome == ExpireOutcome::busy;
    set(item, ReapItem::Outcome::skipped,
        used ? "somebody opened or inspected it meanwhile; nothing was touched"
             : "it had changed when its turn came; nothing was touched");
    return false;
  }

  Status take_file(ReapItem& item) {
    TRY(FdRef dir, directory(directory_of(item.path)));
    set(item, ReapItem::Outcome::reaped, "");
    return remove_file(item, dir, *item.file);
  }

  Status remove_file(ReapItem& item, FdRef dir, const NameFile& judged) {
    TRY(UnlinkOutcome removed, remove_name(dir, item.name, judged));
    if (removed == UnlinkOutcome::still_mounted) {
      set(item, ReapItem::Outcome::skipped, "another mount is on the name, hidden by the first: not touched");
    } else if (removed == UnlinkOutcome::other_file) {
      set(item, ReapItem::Outcome::skipped, "another file has that name now: not touched");
    }
    return done;
  }

  // Under the lock of an attachment that has no record: nobody can be at work on it, or begin.
  template <class F>
  Status take_without_record(ReapItem& item, F act) {
    auto key = key_of(item);
    TRY(auto store, StateStore::open_existing(options_.state_dir));
    if (!key || !store) return done;
    TRY(bool locked, store->try_lock(*key));
    auto record = store->read(*key);
    if (!locked || !record || *record) {
      set(item, ReapItem::Outcome::skipped, "an ADD took it meanwhile");
      return done;
    }
    TRY_OK(act(*key));
    set(item, ReapItem::Outcome::reaped, "");
    return done;
  }

  Status take_link(ReapItem& item) {
    return take_without_record(item, [&](const AttachmentKey& key) -> Status {
      auto failures = undo(key, std::nullopt, true, survey_.deadline());
      if (!failures.empty()) return std::move(failures.front());
      return done;
    });
  }

  Status take_lease(ReapItem& item) {
    return take_without_record(item, [&](const AttachmentKey& key) -> Status {
      TRY(auto leases, LeaseStore::open_existing(options_.state_dir, key.network));
      TRY(auto address, IpAddress::parse(item.name));
      return leases ? leases->release(address, item.holder) : Status(done);
    });
  }

  Status take_rule(ReapItem& item) {
    TRY(auto store, StateStore::open_existing(options_.state_dir));
    if (!store) return done;
    TRY(bool gone, remove_unheld_masquerade(*store, item.name, survey_.deadline()));
    if (gone) {
      set(item, ReapItem::Outcome::reaped, "");
    } else {
      set(item, ReapItem::Outcome::skipped, "an ADD took it meanwhile");
    }
    return done;
  }

  void wait_for_deaths(const std::vector<ReapItem>& items) {
    const Deadline deadline = survey_.deadline().at_most(kDeathTime);
    auto lives = [](const ReapItem& item) {
      return item.outcome == ReapItem::Outcome::reaped && item.is_mount() && !item.witness.dead();
    };
    while (std::any_of(items.begin(), items.end(), lives) && !deadline.passed())
      usleep(kDeathPoll);
  }

  // A namespace that lives on is made mute, and keeps its address until it is dead.
  void release_records(ReapItem& item) {
    bool dead = item.outcome == ReapItem::Outcome::reaped;
    const ReleaseParts parts{options_.links, dead && options_.leases, dead && options_.rules};
    for (const Record& record : item.records) {
      auto released = release_record(options_.state_dir, record, parts, survey_.deadline());
      if (released) continue;
      std::string text = item.outcome_text.empty() ? "" : item.outcome_text + "; ";
      set(item, ReapItem::Outcome::failed, text + released.error().text());
    }
  }

  Survey& survey_;
  const ReapOptions& options_;
  std::map<std::string, UniqueFd> directories_;
};

void count(const std::vector<ReapItem>& items, ReapRun& run) {
  for (const ReapItem& item : items) {
    if (item.outcome == ReapItem::Outcome::reaped) ++run.reaped;
    if (item.outcome == ReapItem::Outcome::held) ++run.held;
    if (item.outcome == ReapItem::Outcome::skipped) ++run.skipped;
    if (item.outcome == ReapItem::Outcome::failed) ++run.failed;
  }
}

void plan_release(const Record& record, const ReapOptions& options, std::vector<std::string>& steps) {
  if (options.links && !record.host_ifname.empty()) steps.push_back("delete " + record.host_ifname);
  if (options.leases) {
    for (const Prefix& address : record.addresses)
      steps.push_back("release " + address.address().text());
  }
  if (options.rules && !record.masquerade.empty())
    steps.push_back("end the masquerade of " + record.key.network.text() + ", if it is the last there");
  if (!options.whole_attachments()) return;
  steps.push_back("remove the record of " + record.key.container_id.text().substr(0, 13) + " " +
                  record.key.ifname.text());
}

}  // namespace

void plan_steps(std::vector<ReapItem>& items, const ReapOptions& options) {
  for (ReapItem& item : items) {
    item.steps.clear();
    if (item.judgement.verdict != ReapVerdict::leaked) continue;
    auto step = [&](std::string text) { item.steps.push_back(std::move(text)); };
    if (item.kind == ReapKind::name) step("unmount " + item.path);
    if (item.kind == ReapKind::name || item.kind == ReapKind::file) {
      std::string copies = item.copies.empty() ? "" : ", which frees the copy " + item.copies.front();
      step("remove the file" + copies);
    }
    if (item.is_mount()) step("wait until the namespace is dead");
    for (const Record& record : item.records)
      plan_release(record, options, item.steps);
    if (item.kind == ReapKind::link) step("delete " + item.name);
    if (item.kind == ReapKind::lease) step("release " + item.name);
    if (item.kind == ReapKind::rule) step("end the masquerade of " + item.name);
  }
}

std::optional<Error> circuit_breaker(const std::vector<ReapItem>& items, std::optional<std::size_t> explicit_limit) {
  std::size_t names = 0;
  std::size_t leaked = 0;
  for (const ReapItem& item : items) {
    if (!item.is_mount()) continue;
    ++names;
    if (item.judgement.verdict == ReapVerdict::leaked) ++leaked;
  }
  if (leaked <= 10 || leaked * 2 <= names || (explicit_limit && *explicit_limit >= leaked)) return std::nullopt;
  return Error{
      "reap",
      {},
      0,
      std::to_string(leaked) + " of " + std::to_string(names) + " names look leaked, more than half: nothing was done",
      "reap-too-many",
      "if that is so, say how many: --limit " + std::to_string(leaked)};
}

Result<ReapRun> reap(Survey& survey,
                     const ReapOptions& options,
                     std::size_t limit,
                     const std::function<bool()>& interrupted) {
  ReapRun run;
  Reaping reaping(survey, options);
  std::optional<Error> stopped;
  std::size_t taken = 0;
  if (options.quiet.count() > 0) reaping.arm(survey.items(), limit);
  for (ReapItem& item : survey.items()) {
    if (item.judgement.verdict != ReapVerdict::leaked || taken == limit) continue;
    if (interrupted() || survey.deadline().passed()) {
      stopped =
          Error{"go on reaping", {}, 0, interrupted() ? "it was interrupted" : "the time was up", "reap-stopped", {}};
      break;
    }
    ++taken;
    if (auto done_with = reaping.take(item); !done_with) {
      set(item, ReapItem::Outcome::failed, done_with.error().text());
      stopped = std::move(done_with).error().with_word("reap-stopped");
      break;
    }
  }
  reaping.finish(survey.items());
  count(survey.items(), run);
  if (stopped && run.failed == 0) run.failed = 1;
  return run;
}

}  // namespace isthmus
