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
  if (auto locked = found.store->lock(key, call.deadline); !locked) failures.emplace_back(locked.error());
  // An unreadable record is as good as none: everything follows from the key, and remove() takes the file away.
  if (auto record = found.store->read(key)) found.record = *std::move(record);
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
  if (!failures.empty() && found.store) return join_errors(failures);  // busy: the one who holds the lock is at it
  for (auto& failure : release(call, key, found.record, found.store ? &*found.store : nullptr)) {
    failures.push_back(std::move(failure));
  }
  if (!failures.empty()) return join_errors(failures);
  return done;
}

}  // namespace isthmus
