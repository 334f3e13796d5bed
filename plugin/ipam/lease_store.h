// Leased addresses of one network: a directory in which each file is named by an address and says who holds it.
//   <state>/networks/<network>/leases/10.244.1.17    "<container id>\n<ifname>\n"
//   <state>/networks/<network>/cursor.<set>          the address taken last, so that a released one rests
// Taking an address is one exclusive link(2) of a finished file: no lock, no scan, never empty, never twice.
// leases/ may be removed by anyone when it is empty; taking makes it again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netlink/ip.h"
#include "netns/result.h"
#include "netns/unique_fd.h"
#include "plugin/cni/netconf.h"
#include "plugin/cni/ranges.h"
#include "plugin/ipam/state_dir.h"

namespace isthmus {

struct HeldAddress {
  IpAddress address;
  AttachmentRef holder;
};

class LeaseStore {
 public:
  // Makes the directories (0700) when absent. Fails with [state-unwritable] or [state-untrusted].
  static Result<LeaseStore> open(const std::string& state_dir, const NetworkName& network);
  // For callers that take nothing: nullopt when nothing can be held, because there is no such directory.
  // `deadline` as in open_state_dir().
  static Result<std::optional<LeaseStore>> open_existing(const std::string& state_dir,
                                                         const NetworkName& network,
                                                         Deadline deadline = Deadline::in(kStateDirPatience));

  // Takes one free address of the set for the holder, the one after the cursor first. If that one is the holder's
  // already (an ADD was killed just after taking it), it is taken. Fails with [ipam-exhausted], naming the ranges and
  // how many addresses they have.
  Result<IpAddress> take_any(const RangeSet& set, std::size_t set_index, const AttachmentRef& holder);
  // Takes that very address, also when the holder has it already. Fails with [ip-taken] naming the holder, or
  // [ip-not-in-range].
  Status take(const IpAddress& address, const RangeSet& set, const AttachmentRef& holder);
  // Releases the address if that attachment holds it. Absent, or held by another: done. Not atomic: two callers that
  // release for the same holder at once must exclude each other (StateStore::lock).
  Status release(const IpAddress& address, const AttachmentRef& holder);
  // Releases all addresses of the attachment by looking at every lease: only for when no record says which they are.
  Status release_all(const AttachmentRef& holder);
  // Every lease, by address. An unreadable or torn file yields a holder with empty names.
  Result<std::vector<HeldAddress>> list() const;
  // Who holds the address; nullopt when nobody does.
  Result<std::optional<AttachmentRef>> holder_of(const IpAddress& address) const;
  // Addresses of the sets that could be taken now, counted up to `enough`.
  Result<std::size_t> count_free(const RangeSet& set, std::size_t enough) const;

 private:
  LeaseStore(std::string state_dir, NetworkName network)
      : state_dir_(std::move(state_dir)), network_(std::move(network)) {}
  Status make_directories();
  template <class Take>
  auto with_directories(Take take) -> decltype(take());
  Result<IpAddress> try_take_any(const RangeSet& set, std::size_t set_index, const AttachmentRef& holder);
  // Sorted. Files that are not named by an address are no leases.
  Result<std::vector<IpAddress>> held_addresses() const;
  std::string leases_path() const;

  std::string state_dir_;
  NetworkName network_;
  UniqueFd network_dir_;
  UniqueFd leases_dir_;
};

}  // namespace isthmus
