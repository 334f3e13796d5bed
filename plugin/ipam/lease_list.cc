// What a lease store knows: everything that only reads.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "netns/deadline.h"
#include "netns/file.h"
#include "plugin/ipam/lease_file.h"
#include "plugin/ipam/lease_store.h"
#include "plugin/ipam/set_walk.h"
#include "plugin/ipam/state_dir.h"

namespace isthmus {

Result<LeaseStore> LeaseStore::open(const std::string& state_dir, const NetworkName& network) {
  LeaseStore store(state_dir, network);
  TRY_OK(store.make_directories());
  return store;
}

Status LeaseStore::make_directories() {
  TRY(UniqueFd state, make_state_dir(state_dir_));
  const std::string path = "networks/" + network_.text();
  // Time and not a number of tries: on a busy machine a DEL may get in between any number of times.
  const Deadline enough = Deadline::in(std::chrono::seconds(2));
  while (!enough.passed()) {
    TRY(leases_dir_, make_beneath(state.ref(), path + "/leases"));
    TRY(auto parent, open_beneath(state.ref(), path));
    if (!parent) continue;  // pruned in between
    network_dir_ = *std::move(parent);
    return done;
  }
  return state_error(ENOENT, "keep", leases_path());
}

Result<std::optional<LeaseStore>> LeaseStore::open_existing(const std::string& state_dir,
                                                            const NetworkName& network,
                                                            Deadline deadline) {
  std::optional<LeaseStore> nothing;
  TRY(auto state, open_state_dir(state_dir, deadline));
  if (!state) return nothing;
  TRY(auto leases_dir, open_beneath(state->ref(), "networks/" + network.text() + "/leases"));
  if (!leases_dir) return nothing;
  LeaseStore store(state_dir, network);
  store.leases_dir_ = *std::move(leases_dir);
  return std::optional<LeaseStore>(std::move(store));
}

std::string LeaseStore::leases_path() const { return state_dir_ + "/networks/" + network_.text() + "/leases"; }

Result<std::vector<IpAddress>> LeaseStore::held_addresses() const {
  TRY(auto names, list_names(leases_dir_.ref()));
  std::vector<IpAddress> held;
  held.reserve(names.size());
  for (const std::string& name : names) {
    if (auto address = IpAddress::parse(name)) held.push_back(*address);
  }
  std::sort(held.begin(), held.end());
  return held;
}

Result<std::optional<AttachmentRef>> LeaseStore::holder_of(const IpAddress& address) const {
  // Far more than the longest holder; what is longer is no lease of ours.
  std::array<char, 4096> buffer;
  const std::string name = address.text();
  UniqueFd file(openat(leases_dir_.ref().number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::optional<AttachmentRef>();
  if (!file && errno == ELOOP) return std::optional<AttachmentRef>(AttachmentRef{});
  if (!file) return state_error(errno, "open", leases_path() + "/" + name);
  constexpr int kLines = 2;
  ssize_t got = read_lines(file.ref(), buffer, kLines);
  // Not to be able to read a lease is no word on whose it is: GC would release that of a container which lives.
  if (got < 0 && errno != EISDIR) return state_error(errno, "read", leases_path() + "/" + name);
  if (got < 0 || static_cast<std::size_t>(got) == buffer.size()) return std::optional<AttachmentRef>(AttachmentRef{});
  return std::optional<AttachmentRef>(parse_lease({buffer.data(), static_cast<std::size_t>(got)}));
}

Result<std::vector<HeldAddress>> LeaseStore::list() const {
  TRY(auto addresses, held_addresses());
  std::vector<HeldAddress> leases;
  for (const IpAddress& address : addresses) {
    TRY(auto holder, holder_of(address));
    if (holder) leases.push_back({address, *std::move(holder)});
  }
  return leases;
}

Result<std::size_t> LeaseStore::count_free(const RangeSet& set, std::size_t enough) const {
  TRY(auto held, held_addresses());
  SetWalk walk(set, std::nullopt);
  std::size_t free = 0;
  while (free < enough) {
    auto address = walk.next();
    if (!address) break;
    if (!std::binary_search(held.begin(), held.end(), *address)) ++free;
  }
  return free;
}

}  // namespace isthmus
