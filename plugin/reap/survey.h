// Finding everything that may be leaked and gathering the evidence. Reads only: nothing on the host changes by it, and
// no name is open but for the moment of the look inside, which only names without any visible holder get.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "netns/netns_holders.h"
#include "netns/netns_mounts.h"
#include "plugin/attachment/kernel.h"
#include "plugin/attachment/store.h"
#include "plugin/reap/claims.h"
#include "plugin/reap/first_seen.h"
#include "plugin/reap/item.h"
#include "plugin/reap/managed.h"
#include "plugin/reap/runtimes.h"

namespace isthmus {

// For one look into a namespace.
inline constexpr std::chrono::seconds kLookTime(2);

// One look at the whole host.
struct HostScan {
  struct Copy {
    const NetnsMount* mount;
    pid_t example;             // a task that sees it; 0: none
    const std::string* where;  // "in the mount namespace of pid 7 (monitor)"
  };
  std::vector<NetnsMount> own;
  NetnsHolders holders;
  ForeignMounts foreign;
  // A hundred mount namespaces with copies of five hundred names are fifty thousand mounts.
  std::unordered_map<ino_t, std::vector<Copy>> copies_by_inode;
  std::unordered_map<std::string, std::vector<Copy>> copies_by_place;  // by the path in the file system
  std::deque<std::string> places;                                      // what `where` points at
  std::vector<std::string> holes;
  void index();
};

class Survey {
 public:
  Survey(const ReapOptions& options, Deadline deadline);

  // Finds the candidates, looks once, and a second time at those that only lack a second look. Ages come from `seen`,
  // and go into it. Fails when the host cannot be looked at at all.
  Status look(FirstSeen& seen);

  // The last look before something is done: takes what is no longer leaked off the list.
  Status look_again(FirstSeen& seen);

  std::vector<ReapItem>& items() { return items_; }
  const ReapCoverage& coverage() const { return coverage_; }
  const ManagedDirectories& managed() const { return managed_; }
  Deadline deadline() const { return deadline_; }

 private:
  Result<HostScan> scan(const std::set<ino_t>& inodes);
  Status find_names(const std::vector<NetnsMount>& own);
  Status find_files(const std::vector<NetnsMount>& own);
  Status read_records();
  void could_not_read(const Error& error);
  // In survey_attachments.cc.
  void find_attachments();
  void find_links();
  void find_leases();
  void find_rules();
  std::set<std::string> masquerade_owners() const;
  std::set<ino_t> inodes() const;

  // Evidence: in survey_evidence.cc, and in survey_dead.cc for what has no name.
  void weigh(ReapItem& item, const HostScan& scan);
  void weigh_name(ReapItem& item, const HostScan& scan);
  void weigh_holders(ReapItem& item, ino_t inode, const HostScan& scan);
  void weigh_copies(ReapItem& item, const HostScan& scan);
  void weigh_attachment(ReapItem& item, const HostScan& scan);
  void weigh_link(ReapItem& item, const HostScan& scan);
  void weigh_peer(ReapItem& item, int nsid, Kernel<HostSide>& host, const HostScan& scan);
  void weigh_lease(ReapItem& item);
  void weigh_rule(ReapItem& item);
  void weigh_inside(ReapItem& item, const HostScan& scan);
  void weigh_owner(ReapItem& item);
  void weigh_lock(ReapItem& item, const AttachmentKey& key);
  void recheck_sockets();
  void judge_all(FirstSeen& seen);
  void attach_copies_to_files(const HostScan& scan);

  const ReapOptions& options_;
  Deadline deadline_;
  ManagedDirectories managed_;
  std::vector<ReapItem> items_;
  std::map<std::string, MountPlace> file_places_;  // by path, of plain files
  std::optional<StateStore> store_;
  std::vector<Record> records_;
  std::vector<Record> released_;
  std::vector<std::string> own_holes_;  // what could not be looked for, and says nothing about the rest
  std::vector<std::string> bad_records_;
  ReapCoverage coverage_;
  std::optional<Runtimes> runtimes_;
  std::optional<Claims> claims_;
  ino_t own_netns_ = 0;
};

}  // namespace isthmus
