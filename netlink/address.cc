#include "netlink/address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "netlink/link_query.h"

namespace isthmus {
namespace {

constexpr unsigned kNoBroadcast = 31;  // RFC 3021: a /31 has none, a /32 neither

std::uint32_t flags_of(const AddressSpec& spec) {
  std::uint32_t flags = 0;
  if (spec.prefix.family() == Family::v6 && !spec.duplicate_detection) flags |= IFA_F_NODAD;
  if (!spec.with_prefix_route) flags |= IFA_F_NOPREFIXROUTE;
  return flags;
}

std::optional<AddressInfo> read_address(const Reply& reply) {
  auto header = reply.header<ifaddrmsg>();
  if (reply.type() != RTM_NEWADDR || !header) return std::nullopt;
  Attributes attributes = reply.attributes<ifaddrmsg>();
  auto bytes = attributes.bytes(IFA_LOCAL);
  if (!bytes) bytes = attributes.bytes(IFA_ADDRESS);
  auto address = bytes ? IpAddress::from_bytes(*bytes) : std::nullopt;
  if (!address) return std::nullopt;
  auto prefix = Prefix::from(*address, header->ifa_prefixlen);
  if (!prefix) return std::nullopt;
  std::uint32_t flags = attributes.u32(IFA_FLAGS).value_or(header->ifa_flags);
  return AddressInfo{static_cast<int>(header->ifa_index), *prefix, (flags & IFA_F_TENTATIVE) != 0,
                     (flags & IFA_F_DADFAILED) != 0};
}

Message address_message(std::uint16_t type, int flags, int ifindex, const Prefix& prefix) {
  const IpAddress& address = prefix.address();
  ifaddrmsg header{};
  header.ifa_family = static_cast<std::uint8_t>(address.af());
  header.ifa_prefixlen = static_cast<std::uint8_t>(prefix.length());
  header.ifa_index = static_cast<std::uint32_t>(ifindex);
  Message message(type, static_cast<std::uint16_t>(flags));
  message.header(header);
  message.put_bytes(IFA_LOCAL, address.bytes());
  message.put_bytes(IFA_ADDRESS, address.bytes());
  return message;
}

}  // namespace

void add_address(Batch& batch, int ifindex, const std::string& name, const AddressSpec& spec) {
  const IpAddress& address = spec.prefix.address();
  Message message =
      address_message(RTM_NEWADDR, NLM_F_CREATE | (spec.replace ? NLM_F_REPLACE : NLM_F_EXCL), ifindex, spec.prefix);
  if (address.family() == Family::v4 && spec.prefix.length() < kNoBroadcast) {
    message.put_bytes(IFA_BROADCAST, spec.prefix.last().bytes());
  }
  message.put_u32(IFA_FLAGS, flags_of(spec));
  batch.add(std::move(message), "add address", "'" + spec.prefix.text() + "' to " + link_object(name));
}

void delete_address(Batch& batch, int ifindex, const std::string& name, const Prefix& prefix) {
  batch.add(address_message(RTM_DELADDR, 0, ifindex, prefix), "delete address",
            "'" + prefix.text() + "' from " + link_object(name));
}

Result<std::vector<AddressInfo>> list_addresses(RouteConversation& socket, int ifindex) {
  std::vector<AddressInfo> found;
  ifaddrmsg header{};
  header.ifa_index = static_cast<std::uint32_t>(ifindex);
  Message request(RTM_GETADDR, 0);
  request.header(header);
  auto read = [&](const Reply& reply) {
    // Kernels without strict checking (before 4.20) tell of every link.
    if (auto address = read_address(reply); address && (ifindex == 0 || address->ifindex == ifindex))
      found.push_back(*address);
  };
  auto answer = socket.dump(
      std::move(request), "list addresses", [&] { found.clear(); }, read);
  if (!answer && answer.error().err != ENODEV) return std::move(answer).error();
  return found;
}

}  // namespace isthmus
