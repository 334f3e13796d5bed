#include "plugin/attachment/store.h"
#include "plugin/verbs/release.h"
#include "plugin/verbs/target.h"

namespace isthmus {
namespace {

// What happens when the attachment is busy, the record unreadable or the state directory gone: DEL does the rest all
// the same, and reports them.
struct Found {
  std::optional<StateStore> store;
  std::optional<Record> record;
  bool busy = false;
  bool unread = false;  // there may be a record, which stays for the next try
};

Found find(const Call& call, const AttachmentKey& key, std::vector<CniError>& failures) {
  Found found;
  auto store = StateStore::open_existing(call.conf.state_dir);
  if (!store) {
    failures.emplace_back(store.error());
    return found;
  }
  if (!*store) return found;
  found.store = *std::move(store);
  if (auto locked = found.store->lock(key, call.deadline); !locked) {
    failures.emplace_back(locked.error());
    found.busy = true;
    return found;
  }
  auto record = found.store->read(key);
  if (record) {
    found.record = *std::move(record);
  } else if (!StateStore::is_damaged(record.error())) {
    failures.emplace_back(record.error());
    found.unread = true;
  }
  // Of a damaged one the essentials follow from the key, and remove() takes the file away.
  return found;
}

}  // namespace

AnswerStatus del(const Call& call) {
  AttachmentKey key = call.key();
  std::vector<CniError> failures;
  Found found = find(call, key, failures);
  // With a record we know that the attachment was made in another namespace: then the path was used again, and the
  // attachment can go. Without one nothing tells whose namespace that was.
  if (!found.record && targets_own_netns(call.invocation, call.deadline)) return own_netns_error(call.invocation);
  if (found.busy) return join_errors(failures);  // the one who holds the lock is at it
  StateStore* store = found.store && !found.unread ? &*found.store : nullptr;
  for (auto& failure : release(call, key, found.record, store)) {
    failures.push_back(std::move(failure));
  }
  if (!failures.empty()) return join_errors(failures);
  return done;
}

}  // namespace isthmus
