#include "plugin/attachment/check.h"

#include "plugin/attachment/network_masquerade.h"

#include "plugin/attachment/store.h"
#include "plugin/ipam/ipam.h"
#include "plugin/verbs/forward_warning.h"
#include "plugin/verbs/settings_of.h"
#include "plugin/verbs/target.h"
#include "plugin/verbs/verbs.h"

namespace isthmus {
namespace {

Result<std::optional<Record>> read_record(const Call& call, const AttachmentKey& key) {
  TRY(auto store, StateStore::open_existing(call.conf.state_dir));
  if (!store) return std::optional<Record>();
  return store->read(key);
}

Result<bool> masquerade_is_gone(const Call& call, const AttachmentKey& key, const std::optional<Record>& record) {
  if (!record || record->masquerade.empty()) return false;
  auto sources = masquerade_sources_of(key, *call.conf.settings, record->addresses);
  TRY(bool in_force, masquerade_in_force(sources, call.deadline));
  return !in_force;
}

// What CHECK learns without a look into the container.
struct HostView {
  RouteSocket<HostSide> routes;
  std::optional<Record> record;
  bool masquerade_is_gone;
};

Result<HostView> look_at_host(const Call& call, const AttachmentKey& key) {
  TRY(auto routes, open_host_routes(call.deadline));
  TRY(auto record, read_record(call, key));
  TRY(bool gone, masquerade_is_gone(call, key, record));
  const auto& bridge = call.conf.settings->bridge;
  if (!bridge || bridge->is_gateway) call.report.warning = forward_warning(call.deadline);
  return HostView{std::move(routes), std::move(record), gone};
}

std::string listed(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += (text.empty() ? "" : "; ") + line;
  return text;
}

}  // namespace

AnswerStatus check(const Call& call) {
  TRY(const Settings* settings, settings_of(call));
  if (!call.conf.prev_result) {
    return Error{"check '" + call.invocation.interface().text() + "'",
                 {},
                 0,
                 "the configuration has no prevResult",
                 "prev-result-missing",
                 "CHECK compares with the result of ADD, which the runtime passes in prevResult"};
  }
  AttachmentKey key = call.key();
  TRY(NetnsFd netns, open_target(call.invocation, call.deadline));
  std::optional<Result<HostView>> looked;
  TRY(ContainerView container, run_in<ContainerSide>(
                                   netns,
                                   [&](const InNamespace<ContainerSide>& here) -> Result<ContainerView> {
                                     TRY(auto routes, RouteSocket<ContainerSide>::open(here));
                                     routes.set_deadline(call.deadline);
                                     return look_into_container(routes, key.ifname);
                                   },
                                   [&] { looked = look_at_host(call, key); }));
  TRY(HostView host, *std::move(looked));
  Expectation expected{key, call.invocation.netns, *settings, *call.conf.prev_result, host.record};
  TRY(auto found, differences(expected, host.routes, container, call.deadline));
  if (host.masquerade_is_gone)
    found.push_back("masquerade of network '" + key.network.text() + "' is gone from nf_tables");
  if (!found.empty()) {
    return Error{
        "vouch for '" + key.ifname.text() + "'",        "in " + call.invocation.netns, 0, listed(found), "check-failed",
        "restart the pod to have its network made anew"};
  }
  return check_lease({call.invocation, call.conf, call.deadline}, expected_addresses(expected));
}

}  // namespace isthmus
