#include "netlink/masquerade.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <span>

#include "netlink/masquerade_table.h"

namespace isthmus {
namespace {

using nft::AddressRange;
using nft::Change;
using Sources = std::vector<MasqueradeSource>;

constexpr const char* kObject = "in nf_tables table 'inet isthmus'";

// What is there, at one generation of the ruleset.
struct Found {
  std::uint32_t generation = 0;
  bool table = false;     // whatever it looks like
  bool complete = false;  // and it looks as it should
  Sources claims;         // sorted
  std::vector<AddressRange> ranges;
};

// A socket carries one dump at a time.
Result<NftAnswers> dump(NetfilterSocket& socket, NftMessage request, const std::string& doing) {
  return socket.ask(std::span(&request, 1), doing, kObject);
}

Status find_elements(NetfilterSocket& socket, const std::string& doing, Found& found) {
  for (Family family : {Family::v4, Family::v6}) {
    TRY(auto claims, dump(socket, nft::dump_claims(family), doing));
    TRY(auto sources, dump(socket, nft::dump_sources(family), doing));
    // A set without elements answers with an empty list, a missing one not at all.
    if (claims.of(0).empty() || sources.of(0).empty()) found.complete = false;
    if (!nft::read_claims(family, claims.of(0), found.claims)) found.complete = false;
    nft::read_sources(family, sources.of(0), found.ranges);
  }
  std::ranges::sort(found.claims);
  std::ranges::sort(found.ranges);
  return done;
}

// The generation is read first, so that a change between two answers makes the transaction fail, not wrong.
Result<Found> find(NetfilterSocket& socket, const std::string& doing) {
  std::vector<NftMessage> requests;
  requests.push_back(nft::get_generation());
  requests.push_back(nft::get_table());
  requests.push_back(nft::get_chain());
  requests.push_back(nft::dump_rules());
  TRY(auto answers, socket.ask(requests, doing, kObject));
  Found found;
  found.generation = nft::read_generation(answers.of(0));
  found.table = !answers.of(1).empty();
  if (!found.table) return found;
  found.complete =
      nft::is_our_table(answers.of(1)) && nft::is_our_chain(answers.of(2)) && nft::are_our_rules(answers.of(3));
  TRY_OK(find_elements(socket, doing, found));
  return found;
}

// The subnets that lie in no other, as ranges in order. Two subnets are nested or apart, never half and half.
std::vector<AddressRange> outermost(const Sources& claims) {
  std::vector<Prefix> subnets;
  for (const auto& claim : claims)
    subnets.push_back(claim.subnet);
  std::ranges::sort(subnets);  // a wider one comes before those in it
  std::vector<AddressRange> ranges;
  std::optional<Prefix> outer;
  for (const Prefix& subnet : subnets) {
    if (outer && outer->overlaps(subnet)) continue;
    outer = subnet;
    ranges.push_back({subnet.first(), subnet.last()});
  }
  return ranges;
}

template <class Item>
std::vector<Item> without(const std::vector<Item>& all, const std::vector<Item>& some) {
  std::vector<Item> rest;
  std::ranges::set_difference(all, some, std::back_inserter(rest));
  return rest;
}

// The changes that lead from what is there to what is wanted. `wanted` is sorted.
std::vector<NftMessage> difference(Found found, const Sources& wanted) {
  std::vector<NftMessage> changes;
  if (wanted.empty() || !found.complete) {
    if (found.table) changes.push_back(nft::drop_table());
    if (wanted.empty()) return changes;
    std::ranges::move(nft::make_table(), std::back_inserter(changes));
    found.claims.clear();
    found.ranges.clear();
  }
  auto ranges = outermost(wanted);
  nft::change_claims(Change::remove, without(found.claims, wanted), changes);
  nft::change_sources(Change::remove, without(found.ranges, ranges), changes);
  nft::change_claims(Change::add, without(wanted, found.claims), changes);
  nft::change_sources(Change::add, without(ranges, found.ranges), changes);
  return changes;
}

// Each refused attempt is somebody else's success, so this ends.
template <class Edit>
Status change(NetfilterSocket& socket, const std::string& doing, Edit edit) {
  for (;;) {
    TRY(auto found, find(socket, doing));
    Sources wanted = edit(found.claims);
    std::uint32_t generation = found.generation;
    auto changes = difference(std::move(found), wanted);
    TRY(bool committed, socket.commit(changes, generation, doing, kObject));
    if (committed) return done;
    if (socket.deadline().passed()) {
      return Error{doing, kObject, ETIMEDOUT, "other programs keep changing the ruleset", "netlink-timeout", {}};
    }
  }
}

// Sorted, each once, without host bits.
Sources canonical(Sources sources) {
  for (auto& source : sources)
    source.subnet = source.subnet.network();
  std::ranges::sort(sources);
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  return sources;
}

bool is_owner(const std::string& text) {
  return !text.empty() && text.size() <= nft::kLongestOwner && text.find('\0') == std::string::npos;
}

}  // namespace

Result<bool> masquerades(NetfilterSocket& socket, const Sources& sources) {
  Sources asked = canonical(sources);
  std::vector<NftMessage> requests;
  requests.push_back(nft::get_table());
  requests.push_back(nft::get_chain());
  for (const auto& source : asked) {
    requests.push_back(nft::get_claim(source));
    requests.push_back(nft::get_source(source.subnet));
  }
  requests.push_back(nft::dump_rules());
  TRY(auto answers, socket.ask(requests, "read masquerade", kObject));
  bool table = nft::is_our_table(answers.of(0)) && nft::is_our_chain(answers.of(1));
  if (!table || !nft::are_our_rules(answers.of(requests.size() - 1))) return false;
  for (std::size_t i = 2; i + 1 < requests.size(); ++i)
    if (answers.of(i).empty()) return false;
  return true;
}

Status ensure_masquerade(NetfilterSocket& socket, const Sources& sources) {
  for (const auto& source : sources) {
    if (is_owner(source.owner)) continue;
    return Error{
        "set up masquerade", "for the owner of " + source.subnet.text(), 0, "not 1 to 240 bytes", "internal", {}};
  }
  Sources added = canonical(sources);
  if (added.empty()) return done;
  return change(socket, "set up masquerade", [&](const Sources& held) {
    Sources wanted;
    std::ranges::set_union(held, added, std::back_inserter(wanted));
    return wanted;
  });
}

Status remove_masquerade(NetfilterSocket& socket, const std::vector<std::string>& owners) {
  return change(socket, "remove masquerade", [&](const Sources& held) {
    Sources wanted;
    std::ranges::copy_if(held, std::back_inserter(wanted), [&](const MasqueradeSource& source) {
      return std::ranges::find(owners, source.owner) == owners.end();
    });
    return wanted;
  });
}

Result<Sources> masquerade_sources(NetfilterSocket& socket) {
  TRY(auto found, find(socket, "read masquerade"));
  return std::move(found.claims);
}

}  // namespace isthmus
