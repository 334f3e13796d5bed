// The state directory: records on a tmpfs, one small file each, put there complete; no daemon, no database.
//   <state>/boot_id                              of the boot all this belongs to, not on a tmpfs, which dies with it;
//                                                another boot's state is discarded
//   <state>/lock                                 byte-range locks, never any content
//   <state>/networks/<network>/attachments/<id>:<ifname>
//   <state>/released/<hash>:<name>               of attachments that are gone while their namespace had its name
//   <state>/networks/<network>/leases/...        see plugin/ipam/lease_store.h
//   <state>/networks/<network>/cursor.<set>      likewise; alone it outlives the network's last attachment
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/result.h"
#include "netns/unique_fd.h"
#include "plugin/attachment/record.h"

namespace isthmus {

// At most one object a process may hold locks: closing any descriptor of the lock file, also another object's, drops
// all locks of the process (fcntl(2), traditional record locks; only those can name their holder).
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
  // The same for what the attachments of one network share. Taken after an attachment's lock, never before it.
  Status lock(const NetworkName& network, Deadline deadline);
  void unlock(const NetworkName& network);

  // Puts the record in its place in one step. Precondition: the attachment is locked. `last` runs when only that step
  // is left, once, and its failure leaves the record as it was. Fails with [state-unwritable].
  Status write(const Record& record, const std::function<Status()>& last = {});
  // nullopt: there is none. A record that cannot be read fails with [bad-record].
  Result<std::optional<Record>> read(const AttachmentKey& key) const;
  // Whether such a failure lies in the record itself: torn, forged, no file. It will never be read, and is as good as
  // none; any other may be over at the next try.
  static bool is_damaged(const Error& unreadable);
  // Absent is done. Removes directories of the network that became empty; what stays after the last attachment of a
  // network with the embedded IPAM is its cursor files, a few bytes, so that released addresses rest.
  Status remove(const AttachmentKey& key);
  // The same for an attachment of which `record` tells, the one that is on disk. While its namespace still has the name
  // it was made by, the record is kept in released/: should the runtime die before it takes the name away, that proves
  // whose name it was. Costs one rename instead of an unlink, and a look at up to four earlier ones, whose names have
  // gone by now as a rule and which then go too. Only for names below /run, where no look can wait for a server.
  Status retire(const Record& record);

  // Records of attachments that are gone, whose namespaces had their names when that happened. They prove something
  // only by netns_cookie: paths and inode numbers come back. Unreadable ones are left out.
  Result<std::vector<Record>> released() const;
  // Removes those whose namespace has no such name any more.
  Status sweep_released();

  struct Listed {
    std::string file_name;
    Result<Record> record;
  };
  // All records of one network, unreadable ones included.
  Result<std::vector<Listed>> list(const NetworkName& network) const;
  // Whether the network has a record besides that one.
  Result<bool> has_other(const AttachmentKey& key) const;
  // Names of all networks with attachments or leases.
  Result<std::vector<std::string>> networks() const;
  // Removes a record that cannot be read, by its file name.
  Status discard(const NetworkName& network, const std::string& file_name);

  const std::string& path() const { return path_; }

 private:
  StateStore(UniqueFd dir, std::string path) : dir_(std::move(dir)), path_(std::move(path)) {}
  // In store_boot.cc.
  Result<bool> is_of_this_boot() const;
  Status settle_boot();
  // In store_lock.cc.
  Status open_lock_file();
  Result<bool> try_lock_at(std::int64_t offset);
  Status lock_at(std::int64_t offset, const std::string& what, Deadline deadline);
  void unlock_at(std::int64_t offset);

  Result<std::optional<UniqueFd>> attachments(const NetworkName& network) const;
  Result<Record> read_record_file(FdRef dir, const NetworkName& network, const std::string& file_name) const;
  void prune(const NetworkName& network);

  UniqueFd dir_;
  UniqueFd lock_;  // opened when first needed
  std::string path_;
};

}  // namespace isthmus
