// One door to addresses, whoever manages them: the embedded store or a delegate. Same rules, same errors, same
// rollback.
#pragma once

#include <functional>
#include <vector>

#include "netns/deadline.h"
#include "plugin/cni/netconf.h"
#include "plugin/ipam/delegate.h"
#include "plugin/ipam/lease.h"

namespace isthmus {

// "ipam": {"type": "isthmus"} is the embedded store.
inline constexpr std::string_view kEmbeddedIpam = "isthmus";

struct IpamCall {
  const Invocation& invocation;
  const NetConf& conf;
  Deadline deadline;
  Overrides overrides = {};  // for a delegate's environment, when the call is not the one we were started with
};

// Everything below does nothing and succeeds when no IPAM is configured.

// Takes the addresses. A failure leaves none taken: the embedded store gives back what it took, a delegate gets a DEL
// (its own error is reported, not the DEL's). A delegate's answer without any address is an error [ipam-garbage].
// The attachment must be known not to exist: the DEL would release the addresses of one that does.
// Fails as LeaseStore and find_plugin and run_delegate do, or with [bad-resolv-conf].
Answer<Lease> acquire_lease(const IpamCall& call);

// Gives back what the attachment holds. `known` are its addresses if a record has them; without, the embedded store
// looks at every lease. With a delegate: its DEL, by type from conf.ipam_type, also when conf.settings hold an error.
AnswerStatus release_lease(const IpamCall& call, const std::vector<IpAddress>* known);

// CHECK: each of `addresses` is held by this attachment (embedded), or the delegate's CHECK. Fails with [lease-lost].
AnswerStatus check_lease(const IpamCall& call, const std::vector<IpAddress>& addresses);

// GC: releases leases whose holder is not in `keep` (embedded), or the delegate's GC with the same stdin.
// `may_release` (empty: always yes) is asked once for each other holder, after its leases were seen: the place to lock
// the attachment and to look whether an ADD has completed meanwhile.
AnswerStatus collect_leases(const IpamCall& call,
                            const std::vector<AttachmentRef>& keep,
                            const std::function<bool(const AttachmentRef&)>& may_release = {});

// STATUS: store writable and a free address in every set, code 50 otherwise; or the delegate's STATUS, within a second.
// Changes nothing.
AnswerStatus ipam_status(const IpamCall& call);

}  // namespace isthmus
