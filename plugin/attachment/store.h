// The state directory: records on a tmpfs, one small file each, written by temp + rename; no daemon, no database.
//   <state>/boot_id                              of the boot all this belongs to; another boot's state is discarded
//   <state>/lock                                 byte-range locks, never any content
//   <state>/networks/<network>/attachments/<id>:<ifname>
//   <state>/networks/<network>/leases/...        see plugin/ipam/lease_store.h
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/result.h"
#include "netns/unique_fd.h"
#include "plugin/attachment/record.h"

namespace isthmus {

class StateStore {
 public:
  // Makes the directory (0700) when absent, discards another boot's state. A directory that belongs to another user or
  // that others may write to is refused: [state-untrusted]. Fails with [state-unwritable].
  static Result<StateStore> open(const std::string& state_dir);
  // For verbs that must change nothing: nullopt when there is no state directory, or only another boot's.
  static Result<std::optional<StateStore>> open_existing(const std::string& state_dir);

  // Serialises work on one attachment between processes. The kernel releases it when the process dies.
  // Fails with [attachment-busy], naming the pid that holds it, at the deadline.
  Status lock(const AttachmentKey& key, Deadline deadline);
  // False: somebody else holds it now.
  Result<bool> try_lock(const AttachmentKey& key);
  void unlock(const AttachmentKey& key);

  // Replaces the record in one step. Fails with [state-unwritable].
  Status write(const Record& record);
  // nullopt: there is none. A record that cannot be read fails with [bad-record].
  Result<std::optional<Record>> read(const AttachmentKey& key) const;
  // Absent is done. Removes directories of the network that became empty.
  Status remove(const AttachmentKey& key);

  struct Listed {
    std::string file_name;
    Result<Record> record;
  };
  // All records of one network, unreadable ones included.
  Result<std::vector<Listed>> list(const NetworkName& network) const;
  // Names of all networks with state.
  Result<std::vector<std::string>> networks() const;
  // Removes a record that cannot be read, by its file name.
  Status discard(const NetworkName& network, const std::string& file_name);

  const std::string& path() const { return path_; }

 private:
  StateStore(UniqueFd dir, UniqueFd lock, std::string path)
      : dir_(std::move(dir)), lock_(std::move(lock)), path_(std::move(path)) {}
  UniqueFd dir_;
  UniqueFd lock_;
  std::string path_;
};

}  // namespace isthmus
