#include "plugin/verbs/release.h"

#include "plugin/attachment/network_masquerade.h"
#include "plugin/attachment/undo.h"
#include "plugin/ipam/ipam.h"

namespace isthmus {
namespace {

std::vector<IpAddress> addresses_of(const Record& record) {
  std::vector<IpAddress> addresses;
  for (const auto& prefix : record.addresses)
    addresses.push_back(prefix.address());
  return addresses;
}

// The configuration the addresses were taken with, when it is not the one this call came with: GC sees one for all
// attachments, and a network's "ipam" may have changed since ADD.
Answer<NetConf> conf_of(const Call& call, const Invocation& invocation, const std::optional<Record>& record) {
  if (!record || (record->ipam_type == call.conf.ipam_type && call.invocation.verb != Verb::gc)) return call.conf;
  if (!record->config.empty()) return parse_netconf(record->config, invocation);
  NetConf conf = call.conf;
  conf.ipam_type = record->ipam_type;
  return conf;
}

}  // namespace

AnswerStatus release_addresses(const Call& call, const AttachmentKey& key, const std::optional<Record>& record) {
  Invocation invocation = call.invocation;
  invocation.verb = Verb::del;
  invocation.container_id = key.container_id;
  invocation.ifname = key.ifname;
  Overrides environment;
  if (call.invocation.verb == Verb::gc && record) {
    invocation.path = record->cni_path.empty() ? call.invocation.path : record->cni_path;
    environment = {{"CNI_CONTAINERID", key.container_id.text()},
                   {"CNI_IFNAME", key.ifname.text()},
                   {"CNI_NETNS", record->netns},
                   {"CNI_ARGS", record->cni_args},
                   {"CNI_PATH", invocation.path}};
  }
  TRY(NetConf conf, conf_of(call, invocation, record));
  IpamCall ipam{invocation, conf, call.deadline, environment};
  if (!record || record->phase == Record::Phase::intent) return release_lease(ipam, nullptr);
  std::vector<IpAddress> known = addresses_of(*record);
  return release_lease(ipam, &known);
}

namespace {

// Without a record the configuration says what there may be.
std::vector<std::string> masquerade_owners(const Call& call,
                                           const AttachmentKey& key,
                                           const std::optional<Record>& record) {
  if (record) return record->masquerade;
  if (!call.conf.settings) return {};
  return masquerade_owners_of(key, *call.conf.settings);
}

bool guards_mac(const Call& call, const std::optional<Record>& record) {
  if (record) return record->mac_guard;
  return call.conf.settings && call.conf.settings->bridge && call.conf.settings->bridge->mac_spoof_check;
}

// Early, for the same reason as socket_to_stop_masquerade().
std::optional<NetfilterSocket> socket_to_remove_guard(Deadline deadline) {
  auto socket = run_at_home([&](const auto& here) { return NetfilterSocket::open(here, deadline); });
  if (!socket) return std::nullopt;
  return *std::move(socket);
}

}  // namespace

std::vector<CniError> release(const Call& call,
                              const AttachmentKey& key,
                              const std::optional<Record>& record,
                              StateStore* store,
                              Addresses addresses) {
  std::vector<CniError> failures;
  auto owners = masquerade_owners(call, key, record);
  const bool guarded = guards_mac(call, record);
  std::optional<NetfilterSocket> netfilter;
  if (store != nullptr) netfilter = socket_to_stop_masquerade(*store, key, owners, call.deadline);
  if (!netfilter && guarded) netfilter = socket_to_remove_guard(call.deadline);
  for (auto& failure : undo(key, record, guarded, call.deadline, netfilter ? &*netfilter : nullptr))
    failures.emplace_back(failure);
  auto released = addresses == Addresses::held ? release_addresses(call, key, record) : AnswerStatus(done);
  if (!released) failures.push_back(std::move(released).error());
  if (!failures.empty()) return failures;
  // An ADD that failed leaves nothing, not even a note of the namespace's name: the runtime still has it.
  const std::optional<Record> nothing;
  const std::optional<Record>& noted = call.invocation.verb == Verb::add ? nothing : record;
  auto forgotten = store != nullptr
                       ? stop_masquerade_and_forget(*store, key, noted, owners, call.deadline, std::move(netfilter))
                       : stop_masquerade_without_state(key, owners, call.deadline);
  if (!forgotten) failures.emplace_back(forgotten.error());
  return failures;
}

}  // namespace isthmus
