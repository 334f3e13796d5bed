// nf_tables' answers: what is masqueraded, MAC guards, who else drops. The first byte says what is asked; see kernel.h
// for the rest.
#include <algorithm>

#include "netlink/forward_policy.h"
#include "netlink/mac_guard.h"
#include "netlink/masquerade.h"
#include "netlink/masquerade_table.h"
#include "tests/fuzz/kernel.h"

namespace isthmus::fuzz {
namespace {

const MasqueradeSource& some_source() {
  static const MasqueradeSource source{"pods", *Prefix::parse("10.1.0.0/16")};
  return source;
}

template <class T>
bool came_well(const Result<T>& answer) {
  if (!answer) require_clear(answer.error());
  return answer.operator bool();
}

std::vector<NftReply> replies_in(Bytes bytes) {
  std::vector<NftReply> replies;
  constexpr std::size_t kStep = 512;
  for (std::size_t at = 0; at < bytes.size(); at += kStep)
    replies.emplace_back(std::as_bytes(bytes.subspan(at, std::min(kStep, bytes.size() - at))));
  return replies;
}

// What is taken for ours can be written, and is then the same.
void require_written_alike(const std::vector<MasqueradeSource>& claims) {
  std::vector<NftMessage> messages;
  nft::change_claims(nft::Change::add, claims, messages);
  std::vector<MasqueradeSource> again;
  for (Family family : {Family::v4, Family::v6}) {
    for (NftMessage& message : messages) {
      NftReply reply(message.bytes());
      std::vector<MasqueradeSource> some;
      if (nft::read_claims(family, {&reply, 1}, some)) again.insert(again.end(), some.begin(), some.end());
    }
  }
  auto sorted = claims;
  std::ranges::sort(sorted);
  std::ranges::sort(again);
  require(sorted == again, "what is held is written as it was read");
}

void require_apart(const std::vector<nft::AddressRange>& ranges, Family family) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    require(ranges[i].first <= ranges[i].last, "a range does not end before its start", ranges[i].first.text());
    require(ranges[i].first.family() == family && ranges[i].last.family() == family, "a set has one family");
    require(i == 0 || ranges[i - 1].last < ranges[i].first, "ranges are apart and in order", ranges[i].first.text());
  }
}

void read_elements(Bytes bytes) {
  auto replies = replies_in(bytes);
  for (Family family : {Family::v4, Family::v6}) {
    std::vector<MasqueradeSource> claims;
    nft::read_claims(family, replies, claims);
    require_written_alike(claims);
    std::vector<nft::AddressRange> ranges;
    nft::read_sources(family, replies, ranges);
    require_apart(ranges, family);
  }
  nft::read_generation(replies);
  require(!nft::is_our_table(replies) || !replies.empty(), "nothing is no table");
  require(!nft::is_our_chain(replies) || !replies.empty(), "nothing is no chain");
  require(!nft::are_our_rules(replies) || !replies.empty(), "nothing is no rule");
}

void ask(NetfilterSocket& socket, int what) {
  if (what == 0) {
    auto sources = masquerade_sources(socket);
    if (came_well(sources)) require_written_alike(*sources);
  } else if (what == 1) {
    came_well(masquerades(socket, {some_source()}));
  } else if (what == 2) {
    came_well(ensure_masquerade(socket, {some_source()}));
  } else if (what == 3) {
    came_well(remove_masquerade(socket, {"pods"}));
  } else if (what == 4) {
    auto mac = guarded_mac(socket, *IfName::parse("eth0"));
    if (came_well(mac) && *mac) require(*MacAddress::parse((*mac)->text()) == **mac, "a guard's MAC is one");
  } else if (what == 5) {
    came_well(guard_mac(socket, *IfName::parse("eth0"), *MacAddress::parse("02:00:00:00:00:01")));
  } else if (what == 6) {
    came_well(remove_mac_guard(socket, *IfName::parse("eth0")));
  } else {
    auto chains = dropping_forward_chains(socket);
    if (came_well(chains)) require(std::ranges::is_sorted(*chains), "chains are in order");
  }
}

}  // namespace

int fuzz_nftables(Bytes input) {
  if (input.empty()) return 0;
  constexpr int kQuestions = 9;
  int what = input[0] % kQuestions;
  if (what == kQuestions - 1) {
    read_elements(input.subspan(1));
  } else {
    set_answers(input.subspan(1));
    ask(netfilter_socket(), what);
  }
  return 0;
}

}  // namespace isthmus::fuzz
