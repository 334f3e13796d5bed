// One thing that may be reaped, with everything that was found out about it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "netns/exact_unmount.h"
#include "netns/netns_mounts.h"
#include "netns/netns_probe.h"
#include "plugin/attachment/record.h"
#include "plugin/reap/runtimes.h"
#include "plugin/reap/verdict.h"

namespace isthmus {

enum class ReapKind {
  name,        // a mount of a network namespace
  file,        // a file without a mount here, which may carry one elsewhere
  attachment,  // a record of ours whose namespace has no name any more
  link,        // a host's end of ours without a record
  lease,       // an address without a record
  rule,        // subnets that are masqueraded for somebody of whom no record tells
};
std::string_view to_text(ReapKind kind);

struct ReapItem {
  ReapKind kind = ReapKind::name;
  std::string name;  // last part of the path; "NETWORK/CONTAINER/IFNAME"; a link; an address; an owner of subnets
  std::string path;  // empty for what has none
  ReapEvidence evidence;
  ReapJudgement judgement;

  NetnsMount mount;  // of a name; of a file, one of the mounts it carries elsewhere
  std::optional<NameFile> file;
  std::uint64_t cookie = 0;
  std::string runtime;  // whose names look like this; empty: nobody's
  std::vector<Record> records;
  std::vector<Record> released;  // of attachments that are gone; once looked inside, only those to this very namespace
  std::vector<std::string>
      copies;  // mounts elsewhere that go with the file: "in the mount namespace of pid 7 (monitor)"
  std::vector<std::string> links;  // inside
  std::optional<std::string> host_link;
  int ifindex = 0;      // of a link
  std::string network;  // of a link or a lease
  AttachmentRef holder;
  std::optional<std::uint64_t> sent_packets;
  DeathWitness witness;

  bool armed = false;              // of a name: the kernel watches whether anybody opens it
  std::vector<std::string> steps;  // what would be done, then what was done
  enum class Outcome { none, reaped, held, skipped, failed };
  Outcome outcome = Outcome::none;
  std::string outcome_text;

  bool is_mount() const { return kind == ReapKind::name || (kind == ReapKind::file && mount.inode != 0); }
  // Never used again within a boot: what first-seen rows and plans are keyed by.
  std::string identity() const;
};

std::string_view to_text(ReapItem::Outcome outcome);

// The containers it was made for, as far as records, released ones and leases tell.
std::vector<std::string> containers_of(const ReapItem& item);

struct ReapOptions {
  std::string state_dir;
  ReapPolicy policy;
  bool foreign = false;
  bool here = false;
  std::vector<std::string> roots;  // directories of names besides the known ones
  RuntimeQuestion runtimes;
  std::set<pid_t> ignore_pids;
  // Not 0: a name goes only if nobody opens or inspects it for so long, as the kernel sees it.
  std::chrono::milliseconds quiet{0};
  // What may be taken.
  bool mounts = true;  // names and files
  bool links = true;   // host's ends, and DNS files
  bool leases = true;
  bool rules = true;  // masquerade
  // A record goes only with all it tells of.
  bool whole_attachments() const { return links && leases && rules; }
};

struct ReapCoverage {
  std::size_t tasks_seen = 0;
  std::size_t tasks_read = 0;
  std::size_t descriptors = 0;
  std::size_t mount_namespaces_seen = 0;
  std::size_t mount_namespaces_read = 0;
  bool walked = false;
  bool unread = false;  // something of the state that would be a candidate could not be read; `holes` say what
  std::vector<std::string> holes;
  std::vector<std::string> scope;
  std::vector<std::string> asked;
  std::vector<std::string> ignored;
};

}  // namespace isthmus
