#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "plugin/attachment/apply.h"
#include "plugin/attachment/bridge_facts.h"
#include "plugin/attachment/facts.h"
#include "plugin/attachment/netns_resolv_conf.h"
#include "plugin/attachment/network_masquerade.h"
#include "plugin/attachment/store.h"
#include "plugin/ipam/state_dir.h"
#include "plugin/verbs/full_pool.h"
#include "plugin/verbs/merge_result.h"
#include "plugin/verbs/release.h"
#include "plugin/verbs/settings_of.h"
#include "plugin/verbs/target.h"

namespace isthmus {
namespace {

constexpr std::chrono::seconds kUndoTime(8);

Error taken(const AttachmentKey& key, const std::string& netns) {
  return Error{"create '" + key.ifname.text() + "'",
               "in " + netns,
               EEXIST,
               {},
               "ifname-taken",
               "DEL the attachment that made it, or ask for another CNI_IFNAME"};
}

Status prove_ifname_free(Kernel<ContainerSide>& container, const AttachmentKey& key, const std::string& netns) {
  TRY(auto link, find_link(container.routes, key.ifname));
  if (link) return taken(key, netns);
  return done;
}

// A record without its DEL: of an ADD that was killed, or of a container whose namespace is gone. Both are cleared
// away. One that is alive is refused: the runtime must DEL it first.
AnswerStatus clear_stale(const Call& call, const AttachmentKey& key, Kernel<HostSide>& host, StateStore& store) {
  auto record = store.read(key);
  if (!record && !StateStore::is_damaged(record.error())) return std::move(record).error();
  if (!record) {
    // Unreadable is no reason to refuse a pod: what it described follows from the key.
    call.report.note = "cleared an unreadable record first";
  } else if (!*record) {
    return done;
  } else {
    TRY(auto link, find_host_end(host.routes, key, (**record).host_ifname));
    if (link && (**record).phase == Record::Phase::complete) {
      return Error{"attach '" + key.ifname.text() + "' of container " + key.container_id.text() + " to network '" +
                       key.network.text() + "'",
                   {},
                   EEXIST,
                   "it is attached already, in " + (**record).netns,
                   "already-attached",
                   "DEL comes before another ADD"};
    }
    call.report.note = "cleared a stale attachment first";
  }
  auto failures = release(call, key, record ? *record : std::nullopt, &store);
  if (!failures.empty()) return join_errors(failures);
  return done;
}

void describe_mode(Record& record, const Settings& settings) {
  record.mode = settings.bridge ? "bridge" : "ptp";
  if (!settings.bridge) return;
  const BridgeConf& bridge = *settings.bridge;
  record.bridge = bridge.name.text();
  if (bridge.is_gateway) record.gateway_link = bridge.name.text();
  if (bridge.is_gateway && bridge.vlans.untagged) {
    if (auto name = vlan_link_name(bridge, *bridge.vlans.untagged)) record.gateway_link = name->text();
  }
  record.isolated = bridge.isolated;
  record.mac_guard = bridge.mac_spoof_check;
}

Record intent(const Call& call,
              const AttachmentKey& key,
              const NetnsFd& netns,
              const Kernel<ContainerSide>& container,
              const IfName& host_ifname) {
  Record record{.key = key};
  describe_mode(record, *call.conf.settings);
  record.pod = call.invocation.args.pod();
  record.netns = call.invocation.netns;
  record.netns_id = netns.id();
  record.netns_cookie = container.routes.netns_cookie();
  record.host_ifname = host_ifname.text();
  record.host_mac = key.host_mac().text();
  record.masquerade = masquerade_owners_of(key, *call.conf.settings);
  record.ipam_type = call.conf.ipam_type;
  if (std::holds_alternative<DelegatedIpam>(call.conf.settings->ipam)) {
    record.config = call.conf.stdin_bytes;
    record.cni_args = call.invocation.args.raw;
    record.cni_path = call.invocation.path;
  }
  record.created = time(nullptr);
  return record;
}

void describe_design(Record& record, const Design& design, const Settings& settings) {
  record.container_mac = design.veth.container_mac.text();
  record.routes = routes_in_container(design);
  for (const LeasedAddress& leased : design.addresses) {
    if (!leased.gateway || (settings.bridge && !settings.bridge->is_gateway)) continue;
    Prefix gateway = *Prefix::from(*leased.gateway, leased.address.length());
    if (std::find(record.gateways.begin(), record.gateways.end(), gateway) == record.gateways.end())
      record.gateways.push_back(gateway);
  }
  if (settings.bridge) record.hairpin = hairpin_of(*settings.bridge, !design.addresses.empty());
}

std::vector<std::string> owners_in(const std::vector<MasqueradeSource>& sources) {
  std::vector<std::string> owners;
  for (const auto& source : sources) {
    if (std::find(owners.begin(), owners.end(), source.owner) == owners.end()) owners.push_back(source.owner);
  }
  return owners;
}

class Addition {
 public:
  Addition(const Call& call,
           AttachmentKey key,
           const NetnsFd& netns,
           Kernel<HostSide> host,
           Kernel<ContainerSide> container,
           StateStore store)
      : call_(call),
        key_(std::move(key)),
        netns_(netns),
        host_(std::move(host)),
        container_(std::move(container)),
        store_(std::move(store)) {}

  AnswerStatus run() {
    TRY_OK(store_.lock(key_, call_.deadline));
    TRY_OK(clear_stale(call_, key_, host_, store_));
    // Only now: the name may have been that of an ADD that was killed.
    TRY_OK(prove_ifname_free(container_, key_, call_.invocation.netns));
    TRY(IfName host_ifname, free_host_ifname(host_, key_));
    Record record = intent(call_, key_, netns_, container_, host_ifname);
    TRY_OK(store_.write(record));
    auto attached = attach(record);
    if (attached) return done;
    // What the undoing could not do is left to DEL, which the runtime calls next; the cause is what people need to
    // read. It has a time of its own, because a deadline that has passed may be the cause.
    Call undoing{call_.invocation, call_.conf, Deadline::in(kUndoTime), call_.print, call_.report};
    auto failures = release(undoing, key_, record, &store_, addresses_);
    CniError cause = std::move(attached).error();
    if (!failures.empty()) {
      cause.details += (cause.details.empty() ? "" : "; ") + ("undoing it: " + join_errors(failures).msg);
    }
    return cause;
  }

 private:
  AnswerStatus attach(Record& record) {
    const Settings& settings = *call_.conf.settings;
    TRY(Lease lease, acquire_lease_making_room(call_, store_, host_));
    addresses_ = Addresses::held;
    for (const auto& leased : lease.addresses) {
      record.addresses.push_back(leased.address);
      call_.report.addresses.push_back(leased.address.address().text());
    }
    TRY(Facts facts, look(host_, *IfName::parse(record.host_ifname), settings, lease));
    // Of the kernel, not of a side: to ask below the host's /proc/sys/net takes longer with every namespace.
    facts.has_ipv6 = container_.sysctl.has_ipv6();
    PlanRequest request{key_, record.pod, settings, lease, facts};
    Design design = settings.bridge ? design_bridge(request) : design_ptp(request);
    TRY(Plan plan, settings.bridge ? plan_bridge(request, design) : plan_ptp(request, design));
    const CniDns dns = settings.dns.value_or(lease.dns);
    CniResult result = merge_result(call_.conf.prev_result, design, dns, call_.invocation.netns);
    // Before the kernel is touched: a result that this version cannot express is refused while that is cheap.
    TRY(std::string answer, to_json(result, call_.conf.version));
    TRY_OK(write_resolv_conf_if_asked(record, settings, dns));
    auto sources = masquerade_sources_of(key_, settings, record.addresses);
    TRY_OK(start_masquerade(store_, key_.network, sources, call_.deadline));
    record.masquerade = owners_in(sources);
    record.masquerade_sources = std::move(sources);
    World world{netns_, host_, container_, call_.deadline};
    TRY(VethIndexes indexes, apply_plan(plan, world));
    record.host_ifindex = indexes.host;
    describe_design(record, design, settings);
    record.phase = Record::Phase::complete;
    call_.report.host_ifname = record.host_ifname;
    // An ADD that is killed before it has answered is not complete: the next one clears it away.
    TRY_OK(store_.write(record, [&] { return call_.print(answer + "\n"); }));
    return done;
  }

  Status write_resolv_conf_if_asked(Record& record, const Settings& settings, const CniDns& dns) {
    if (!settings.write_netns_resolv_conf) return done;
    TRY(NetnsPath path, NetnsPath::parse(call_.invocation.netns));
    auto planned = plan_resolv_conf(path, key_, dns);
    if (!planned) return done;
    record.resolv_conf = planned->file;
    TRY_OK(store_.write(record));
    auto written = write_resolv_conf(*planned);
    if (!written && written.error().word == "resolv-conf-taken") record.resolv_conf.reset();
    return written;
  }

  const Call& call_;
  AttachmentKey key_;
  const NetnsFd& netns_;
  Kernel<HostSide> host_;
  Kernel<ContainerSide> container_;
  StateStore store_;
  Addresses addresses_ = Addresses::none;
};

}  // namespace

std::unique_ptr<AddTarget> begin_add(const Invocation& invocation, Deadline deadline) {
  return std::make_unique<AddTarget>(invocation, deadline, [deadline](const InNamespace<ContainerSide>& here) {
    return open_container(here, deadline);
  });
}

AnswerStatus add(const Call& call, AddTarget& target) {
  TRY([[maybe_unused]] const Settings* settings, settings_of(call));
  auto host = open_host(call.deadline);
  TRY(auto container, target.view());
  if (!host) return std::move(host).error();
  TRY(StateStore store, StateStore::open(call.conf.state_dir));
  return Addition(call, call.key(), target.netns(), *std::move(host), std::move(container), std::move(store)).run();
}

}  // namespace isthmus
