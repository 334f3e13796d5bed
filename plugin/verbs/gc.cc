#include <algorithm>

#include "plugin/attachment/store.h"
#include "plugin/ipam/ipam.h"
#include "plugin/verbs/release.h"

namespace isthmus {
namespace {

bool is_valid(const std::vector<AttachmentRef>& valid, const AttachmentKey& key) {
  return std::find(valid.begin(), valid.end(), key.ref()) != valid.end();
}

// The file's name says whose record it is even when the record itself is torn.
std::optional<AttachmentKey> key_of(const NetworkName& network, const StateStore::Listed& listed) {
  if (listed.record) return listed.record->key;
  auto colon = listed.file_name.find(':');
  auto id = ContainerId::parse(listed.file_name.substr(0, colon));
  auto ifname = IfName::parse(colon == std::string::npos ? std::string() : listed.file_name.substr(colon + 1));
  if (!id || !ifname) return std::nullopt;
  return AttachmentKey{network, *id, *ifname};
}

// One record the runtime does not know. An ADD that is under way holds the lock, and its attachment is left alone.
// Returns whether the attachment is gone.
bool collect(const Call& call, StateStore& store, const AttachmentKey& key, std::vector<CniError>& failures) {
  auto locked = store.try_lock(key);
  if (!locked) failures.emplace_back(locked.error());
  if (!locked || !*locked) return false;
  // Read again under the lock: a DEL and an ADD may have passed since the directory was listed.
  auto record = store.read(key);
  std::vector<CniError> failed;
  if (!record && !StateStore::is_damaged(record.error())) {
    failed.emplace_back(record.error());
  } else if (!record || *record) {
    failed = release(call, key, record ? *record : std::nullopt, &store);
  }
  failures.insert(failures.end(), failed.begin(), failed.end());
  store.unlock(key);
  return failed.empty();
}

// A lease whose holder the runtime does not list. The record is written before the lease is taken, so a lease without
// one belongs to nobody, unless its ADD or DEL is at work and holds the lock. The lock stays with us until the lease is
// gone.
bool belongs_to_nobody(StateStore& store,
                       const NetworkName& network,
                       const AttachmentRef& holder,
                       std::vector<CniError>& failures) {
  auto id = ContainerId::parse(holder.container_id);
  auto ifname = IfName::parse(holder.ifname);
  if (!id || !ifname) return true;
  AttachmentKey key{network, *id, *ifname};
  auto locked = store.try_lock(key);
  if (!locked) failures.emplace_back(locked.error());
  if (!locked || !*locked) return false;
  auto record = store.read(key);
  return record && !*record;
}

AnswerStatus collect_all(const Call& call, StateStore& store, const std::vector<AttachmentRef>& valid) {
  std::vector<CniError> failures;
  TRY(auto records, store.list(call.conf.name));
  std::size_t collected = 0;
  for (const auto& listed : records) {
    auto key = key_of(call.conf.name, listed);
    if (!key) {
      if (auto gone = store.discard(call.conf.name, listed.file_name); !gone) failures.emplace_back(gone.error());
    } else if (!is_valid(valid, *key) && collect(call, store, *key, failures)) {
      ++collected;
    }
  }
  if (collected > 0) call.report.note = "collected " + std::to_string(collected) + " attachments";
  auto may_release = [&](const AttachmentRef& holder) {
    return belongs_to_nobody(store, call.conf.name, holder, failures);
  };
  if (auto leases = collect_leases({call.invocation, call.conf, call.deadline}, valid, may_release); !leases) {
    failures.push_back(std::move(leases).error());
  }
  if (!failures.empty()) return join_errors(failures);
  return done;
}

}  // namespace

AnswerStatus gc(const Call& call) {
  // Without any list Go code would read "all are stale", and libcni has already DELed everything it knew of.
  if (!call.conf.valid_attachments) {
    call.report.warning = "GC without 'cni.dev/valid-attachments': nothing was collected";
    call.report.note = "no list of valid attachments in the request: nothing was collected";
    return done;
  }
  TRY(auto store, StateStore::open_existing(call.conf.state_dir));
  if (!store) return collect_leases({call.invocation, call.conf, call.deadline}, *call.conf.valid_attachments);
  return collect_all(call, *store, *call.conf.valid_attachments);
}

}  // namespace isthmus
