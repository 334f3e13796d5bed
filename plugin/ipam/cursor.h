// The address taken last from a range set, so that the next one comes behind it and a released one rests.
// Only a hint: losing a race on it, or the whole file, costs an address its rest and nothing else. It stays when the
// last lease of the network is gone, because that is when resting matters.
#pragma once

#include <cstddef>
#include <optional>

#include "netlink/ip.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

class Cursor {
 public:
  // <network_dir>/cursor.<set_index>, made (0600) when absent.
  static Result<Cursor> open(FdRef network_dir, std::size_t set_index);
  // nullopt when nothing legible is in it.
  std::optional<IpAddress> read() const;
  // Best effort: the address is leased whether or not it can be noted here.
  void write(const IpAddress& address) const;

 private:
  explicit Cursor(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

}  // namespace isthmus
