// Leased addresses of one network: a directory in which each file is named by an address and says who holds it.
//   <state>/networks/<network>/leases/10.244.1.17    "<container id>\n<ifname>\n"
//   <state>/networks/<network>/cursor.<set>          the address taken last, so that a released one rests
// Taking an address is one exclusive link(2) of a finished file: no lock, no scan, never empty, never twice.
#pragma once

#include <string>
#include <vector>

#include "netlink/ip.h"
#include "netns/result.h"
#include "netns/unique_fd.h"
#include "plugin/cni/netconf.h"
#include "plugin/ipam/ranges.h"

namespace isthmus {

struct HeldAddress {
  IpAddress address;
  AttachmentRef holder;
};

class LeaseStore {
 public:
  // Makes the directories (0700) when absent. Fails with [state-unwritable].
  static Result<LeaseStore> open(const std::string& state_dir, const NetworkName& network);

  // Takes one free address of the set for the holder, the one after the cursor first. Fails with [ipam-exhausted],
  // naming the ranges and how many addresses they have.
  Result<IpAddress> take_any(const RangeSet& set, std::size_t set_index, const AttachmentRef& holder);
  // Takes that very address. Fails with [ip-taken] naming the holder, or [ip-not-in-range].
  Status take(const IpAddress& address, const RangeSet& set, const AttachmentRef& holder);
  // Releases the address if that attachment holds it. Absent, or held by another: done.
  Status release(const IpAddress& address, const AttachmentRef& holder);
  // Releases all addresses of the attachment by looking at every lease: only for when no record says which they are.
  Status release_all(const AttachmentRef& holder);
  // Every lease. An unreadable or torn file yields a holder with empty names.
  Result<std::vector<HeldAddress>> list() const;
  // Addresses of the sets that could be taken now, counted up to `enough`.
  Result<std::size_t> count_free(const RangeSet& set, std::size_t enough) const;

 private:
  LeaseStore(UniqueFd network_dir, UniqueFd leases_dir, std::string path)
      : network_dir_(std::move(network_dir)), leases_dir_(std::move(leases_dir)), path_(std::move(path)) {}
  UniqueFd network_dir_;
  UniqueFd leases_dir_;
  std::string path_;  // for errors
};

}  // namespace isthmus
