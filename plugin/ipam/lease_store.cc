#include "plugin/ipam/lease_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "plugin/ipam/cursor.h"
#include "plugin/ipam/lease_file.h"
#include "plugin/ipam/set_walk.h"
#include "plugin/ipam/state_dir.h"
#include "plugin/ipam/unlinked_file.h"

namespace isthmus {
namespace {

// Taken addresses in a row after which one look at the directory is cheaper than going on.
constexpr int kProbes = 64;

// How often the directory may be pruned between opening it and taking an address there.
constexpr int kPruneTries = 64;

Error exhausted(const RangeSet& set, std::size_t total, const std::string& leases_path) {
  std::string ranges;
  for (const IpRange& range : set) {
    if (!ranges.empty()) ranges += ", ";
    ranges += range.first.text() + "-" + range.last.text();
  }
  std::string count = std::to_string(total);
  return Error{"take an address from " + ranges,
               {},
               0,
               "all are held, " + count + " of " + count,
               "ipam-exhausted",
               "the files in " + leases_path + " name the holders; release those that are gone, or widen the range"};
}

Error taken(const IpAddress& address, const std::optional<AttachmentRef>& holder) {
  std::string by = holder && !holder->container_id.empty()
                       ? "'" + holder->ifname + "' of container " + holder->container_id + " holds it"
                       : "it is held";
  return Error{"take address", address.text(), 0, std::move(by), "ip-taken", {}};
}

}  // namespace

// A directory that vanished under us was empty and is made again.
template <class Take>
auto LeaseStore::with_directories(Take take) -> decltype(take()) {
  for (int attempt = 0;; ++attempt) {
    auto answer = take();
    if (answer || answer.error().err != ENOENT || attempt == kPruneTries) return answer;
    TRY_OK(make_directories());
  }
}

Result<IpAddress> LeaseStore::take_any(const RangeSet& set, std::size_t set_index, const AttachmentRef& holder) {
  return with_directories([&] { return try_take_any(set, set_index, holder); });
}

Result<IpAddress> LeaseStore::try_take_any(const RangeSet& set, std::size_t set_index, const AttachmentRef& holder) {
  TRY(Cursor cursor, Cursor::open(network_dir_.ref(), set_index));
  TRY(UnlinkedFile lease, UnlinkedFile::write(leases_dir_.ref(), lease_text(holder)));
  SetWalk walk(set, cursor.read());
  std::vector<IpAddress> held;
  std::size_t seen = 0;
  while (auto address = walk.next()) {
    if (++seen == kProbes) {
      TRY(held, held_addresses());
    }
    if (std::binary_search(held.begin(), held.end(), *address)) continue;
    TRY(bool mine, lease.link_as(address->text()));
    if (!mine && seen == 1) {
      TRY(auto who, holder_of(*address));
      mine = who == holder;
    }
    if (!mine) continue;
    cursor.write(*address);
    return *address;
  }
  return exhausted(set, seen, leases_path());
}

Status LeaseStore::take(const IpAddress& address, const RangeSet& set, const AttachmentRef& holder) {
  if (range_for(set, address) == nullptr) {
    return Error{"take address", address.text(), 0, "no range of the network hands it out", "ip-not-in-range", {}};
  }
  return with_directories([&]() -> Status {
    TRY(UnlinkedFile lease, UnlinkedFile::write(leases_dir_.ref(), lease_text(holder)));
    TRY(bool mine, lease.link_as(address.text()));
    if (mine) return done;
    TRY(auto who, holder_of(address));
    if (who == holder) return done;
    return taken(address, who);
  });
}

Status LeaseStore::release(const IpAddress& address, const AttachmentRef& holder) {
  TRY(auto who, holder_of(address));
  if (who != holder) return done;
  if (unlinkat(leases_dir_.ref().number(), address.text().c_str(), 0) == 0 || errno == ENOENT) return done;
  return state_error(errno, "release", leases_path() + "/" + address.text());
}

Status LeaseStore::release_all(const AttachmentRef& holder) {
  TRY(auto held, held_addresses());
  std::optional<Error> first;
  for (const IpAddress& address : held) {
    auto released = release(address, holder);
    if (!released && !first) first = std::move(released).error();
  }
  if (first) return *std::move(first);
  return done;
}

}  // namespace isthmus
