#include "plugin/ipam/ipam.h"

#include "plugin/ipam/delegated.h"
#include "plugin/ipam/embedded.h"

namespace isthmus {
namespace {

constexpr unsigned kNotAvailable = 50;  // CNI specification, section 5: "plugin is not available"

bool has_none(const IpamCall& call) { return call.conf.ipam_type.empty(); }
bool is_embedded(const IpamCall& call) { return call.conf.ipam_type == kEmbeddedIpam; }

AnswerStatus answer(Status status) {
  if (!status) return CniError(status.error());
  return done;
}

// Only for verbs that need more than the type.
Answer<const EmbeddedIpamConf*> embedded_conf(const IpamCall& call) {
  if (!call.conf.settings) return call.conf.settings.error();
  const auto* ipam = std::get_if<EmbeddedIpamConf>(&call.conf.settings->ipam);
  if (ipam == nullptr) {
    return Error{"use the embedded IPAM", {}, 0, "the configuration was read as another type", "internal", {}};
  }
  return ipam;
}

}  // namespace

Answer<Lease> acquire_lease(const IpamCall& call) {
  if (has_none(call)) return Lease{};
  if (!is_embedded(call)) return delegated::acquire(call);
  TRY(const EmbeddedIpamConf* ipam, embedded_conf(call));
  return embedded::acquire(call, *ipam);
}

AnswerStatus release_lease(const IpamCall& call, const std::vector<IpAddress>* known) {
  if (has_none(call)) return done;
  return is_embedded(call) ? answer(embedded::release(call, known)) : delegated::run(call, Verb::del);
}

AnswerStatus check_lease(const IpamCall& call, const std::vector<IpAddress>& addresses) {
  if (has_none(call)) return done;
  return is_embedded(call) ? answer(embedded::check(call, addresses)) : delegated::run(call, Verb::check);
}

AnswerStatus collect_leases(const IpamCall& call,
                            const std::vector<AttachmentRef>& keep,
                            const std::function<bool(const AttachmentRef&)>& may_release) {
  if (has_none(call)) return done;
  return is_embedded(call) ? embedded::collect(call, keep, may_release) : delegated::run(call, Verb::gc);
}

AnswerStatus ipam_status(const IpamCall& call) {
  if (has_none(call)) return done;
  if (!is_embedded(call)) return delegated::status(call);
  TRY(const EmbeddedIpamConf* ipam, embedded_conf(call));
  auto ready = embedded::status(call, *ipam);
  if (!ready) return CniError(kNotAvailable, ready.error().text());
  return done;
}

}  // namespace isthmus
