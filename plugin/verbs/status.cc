#include "netns/capabilities.h"
#include "plugin/ipam/ipam.h"
#include "plugin/verbs/forward_warning.h"
#include "plugin/verbs/settings_of.h"

namespace isthmus {
namespace {

constexpr unsigned kNotAvailable = 50;

Status can_work() {
  for (auto [capability, name] : {std::pair{kCapNetAdmin, "CAP_NET_ADMIN"}, std::pair{kCapSysAdmin, "CAP_SYS_ADMIN"}}) {
    TRY(bool has, has_capability(capability));
    if (has) continue;
    return Error{"attach containers",
                 {},
                 0,
                 std::string("this process lacks ") + name,
                 "capability-missing",
                 "run the container runtime as root"};
  }
  return done;
}

}  // namespace

AnswerStatus status(const Call& call) {
  TRY(const Settings* settings, settings_of(call));
  if (auto able = can_work(); !able) return CniError(kNotAvailable, able.error().text());
  if (!settings->bridge || settings->bridge->is_gateway) {
    auto socket = run_at_home([&](const auto& here) { return NetfilterSocket::open(here, call.deadline); });
    if (socket) call.report.warning = forward_warning(*socket);
  }
  return ipam_status({call.invocation, call.conf, call.deadline});
}

}  // namespace isthmus
