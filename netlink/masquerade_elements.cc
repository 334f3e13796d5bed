// The elements of the sets: what comes and goes.
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>
#include <optional>

#include "netlink/masquerade_names.h"
#include "netlink/masquerade_table.h"
#include "netlink/nft_expression.h"

namespace isthmus::nft {
namespace {

using Nest = NftMessage::Nest;
using Bytes = std::span<const std::uint8_t>;
using Key = std::vector<std::uint8_t>;

// The most that fit in an NftMessage: a claim takes up to 310 bytes, a range 72.
constexpr std::size_t kClaimsInMessage = 5;
constexpr std::size_t kRangesInMessage = 20;

// 60 bits of FNV-1a in hexadecimal and a NUL: the 16 bytes of an ifname. It tells owners apart; the comment names them.
std::array<std::uint8_t, 16> owner_key(const std::string& owner) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : owner)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  std::array<std::uint8_t, 16> out{};
  for (std::size_t i = 0; i < 15; ++i, hash >>= 4)
    out[i] = static_cast<std::uint8_t>("0123456789abcdef"[hash & 15]);
  return out;
}

Key claim_key(const MasqueradeSource& claim) {
  Prefix network = claim.subnet.network();
  auto address = network.address().bytes();
  Key key(address.begin(), address.end());
  key.insert(key.end(), {0, static_cast<std::uint8_t>(network.length()), 0, 0});
  auto owner = owner_key(claim.owner);
  key.insert(key.end(), owner.begin(), owner.end());
  return key;
}

NftMessage about_elements(int type, std::uint16_t flags, const char* set) {
  NftMessage message(type, kInet, flags);
  message.put_text(NFTA_SET_ELEM_LIST_TABLE, kTable);
  message.put_text(NFTA_SET_ELEM_LIST_SET, set);
  return message;
}

void put_element(NftMessage& message, Bytes key, std::uint32_t flags, const std::string& comment) {
  Nest element(message, NFTA_LIST_ELEM);
  {
    Nest nest(message, NFTA_SET_ELEM_KEY);
    message.put_bytes(NFTA_DATA_VALUE, key);
  }
  if (flags != 0) message.put_u32(NFTA_SET_ELEM_FLAGS, flags);
  if (comment.empty()) return;
  message.put_bytes(NFTA_SET_ELEM_USERDATA, {reinterpret_cast<const std::uint8_t*>(comment.data()), comment.size()});
}

// A range is two elements, its first address and the one behind its last; up to the end of the number line it is one.
void put_range(NftMessage& message, const AddressRange& range) {
  put_element(message, range.first.bytes(), 0, {});
  if (auto end = range.last.next()) put_element(message, end->bytes(), NFT_SET_ELEM_INTERVAL_END, {});
}

// Lists of `most` items each, all of one family.
template <class Item, class FamilyOf, class Put>
void in_messages(Change change, std::span<const Item> items, std::size_t most, FamilyOf family_of, Put put) {
  int type = change == Change::add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
  std::uint16_t flags = change == Change::add ? NLM_F_CREATE : 0;
  for (Family family : {Family::v4, Family::v6}) {
    std::vector<const Item*> chosen;
    for (const Item& item : items)
      if (family_of(item) == family) chosen.push_back(&item);
    for (std::size_t at = 0; at < chosen.size(); at += most) {
      put(family, type, flags, std::span(chosen).subspan(at, std::min(most, chosen.size() - at)));
    }
  }
}

struct Element {
  Bytes key;
  std::uint32_t flags;
  Bytes userdata;
};

template <class Take>
void for_each_element(std::span<const NftReply> replies, Take take) {
  for (const NftReply& reply : replies) {
    auto list = reply.attributes().nest(NFTA_SET_ELEM_LIST_ELEMENTS);
    if (!list) continue;
    for (const NftAttributes& element : list->list()) {
      auto key = element.nest(NFTA_SET_ELEM_KEY);
      take(Element{key ? key->bytes(NFTA_DATA_VALUE).value_or(Bytes{}) : Bytes{},
                   element.u32(NFTA_SET_ELEM_FLAGS).value_or(0),
                   element.bytes(NFTA_SET_ELEM_USERDATA).value_or(Bytes{})});
    }
  }
}

std::optional<MasqueradeSource> read_claim(const FamilyNames& names, const Element& element) {
  if (element.key.size() != names.address_size + 20 || element.userdata.size() < 4) return std::nullopt;
  auto address = IpAddress::from_bytes(element.key.first(names.address_size));
  if (!address) return std::nullopt;
  auto prefix = Prefix::from(*address, element.key[names.address_size + 1]);
  if (!prefix) return std::nullopt;
  auto text = element.userdata.subspan(2, element.userdata.size() - 3);
  MasqueradeSource claim{std::string(text.begin(), text.end()), *prefix};
  // Only what would be written the same way can be removed again.
  if (claim.owner.empty() || claim.owner.size() > kLongestOwner || claim.owner.find('\0') != std::string::npos) {
    return std::nullopt;
  }
  std::string comment = comment_bytes(claim.owner);
  auto same = [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; };
  if (!std::ranges::equal(comment, element.userdata, same)) return std::nullopt;
  if (!std::ranges::equal(claim_key(claim), element.key)) return std::nullopt;
  return claim;
}

}  // namespace

void change_claims(Change change, std::span<const MasqueradeSource> claims, std::vector<NftMessage>& out) {
  auto family_of = [](const MasqueradeSource& claim) { return claim.subnet.family(); };
  in_messages(change, claims, kClaimsInMessage, family_of,
              [&](Family family, int type, std::uint16_t flags, auto some) {
                NftMessage message = about_elements(type, flags, names_of(family).claims);
                Nest list(message, NFTA_SET_ELEM_LIST_ELEMENTS);
                for (const MasqueradeSource* claim : some)
                  put_element(message, claim_key(*claim), 0, comment_bytes(claim->owner));
                out.push_back(std::move(message));
              });
}

void change_sources(Change change, std::span<const AddressRange> ranges, std::vector<NftMessage>& out) {
  auto family_of = [](const AddressRange& range) { return range.first.family(); };
  in_messages(change, ranges, kRangesInMessage, family_of,
              [&](Family family, int type, std::uint16_t flags, auto some) {
                NftMessage message = about_elements(type, flags, names_of(family).sources);
                Nest list(message, NFTA_SET_ELEM_LIST_ELEMENTS);
                for (const AddressRange* range : some)
                  put_range(message, *range);
                out.push_back(std::move(message));
              });
}

NftMessage dump_claims(Family family) {
  return about_elements(NFT_MSG_GETSETELEM, NLM_F_DUMP, names_of(family).claims);
}

NftMessage dump_sources(Family family) {
  return about_elements(NFT_MSG_GETSETELEM, NLM_F_DUMP, names_of(family).sources);
}

NftMessage get_claim(const MasqueradeSource& claim) {
  NftMessage message = about_elements(NFT_MSG_GETSETELEM, 0, names_of(claim.subnet.family()).claims);
  {
    Nest list(message, NFTA_SET_ELEM_LIST_ELEMENTS);
    put_element(message, claim_key(claim), 0, {});
  }
  return message;
}

NftMessage get_source(const Prefix& subnet) {
  NftMessage message = about_elements(NFT_MSG_GETSETELEM, 0, names_of(subnet.family()).sources);
  {
    Nest list(message, NFTA_SET_ELEM_LIST_ELEMENTS);
    put_element(message, subnet.first().bytes(), 0, {});
  }
  return message;
}

bool read_claims(Family family, std::span<const NftReply> replies, std::vector<MasqueradeSource>& out) {
  bool all_ours = true;
  for_each_element(replies, [&](const Element& element) {
    if (auto claim = read_claim(names_of(family), element)) {
      out.push_back(*std::move(claim));
    } else {
      all_ours = false;
    }
  });
  return all_ours;
}

void read_sources(Family family, std::span<const NftReply> replies, std::vector<AddressRange>& out) {
  struct Bound {
    IpAddress address;
    bool start;  // where one range ends and the next begins, the end comes first
    auto operator<=>(const Bound&) const = default;
  };
  std::vector<Bound> bounds;
  for_each_element(replies, [&](const Element& element) {
    auto address = IpAddress::from_bytes(element.key);
    // Only a set that somebody else made has addresses of another family.
    if (address && address->family() == family)
      bounds.push_back({*address, (element.flags & NFT_SET_ELEM_INTERVAL_END) == 0});
  });
  std::ranges::sort(bounds);
  std::optional<IpAddress> open;
  for (const Bound& bound : bounds) {
    if (open && !bound.start) out.push_back({*open, *bound.address.previous()});
    open = bound.start ? std::optional(bound.address) : std::nullopt;
  }
  if (open) out.push_back({*open, Prefix::everything(family).last()});
}

}  // namespace isthmus::nft
