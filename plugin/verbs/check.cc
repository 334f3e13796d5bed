#include "plugin/attachment/check.h"

#include "plugin/attachment/network_masquerade.h"

#include "plugin/attachment/store.h"
#include "plugin/ipam/ipam.h"
#include "plugin/ipam/state_dir.h"
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

// What CHECK learns without a look into the container.
struct HostView {
  RouteSocket<HostSide> routes;
  std::optional<Record> record;
  bool masquerade_is_gone;
};

Result<HostView> look_at_host(const Call& call, const AttachmentKey& key) {
  TRY(auto routes, open_host_routes(call.deadline));
  TRY(auto record, read_record(call, key));
  HostView view{std::move(routes), std::move(record), false};
  std::vector<MasqueradeSource> sources;
  if (view.record && !view.record->masquerade.empty())
    sources = masquerade_sources_of(key, *call.conf.settings, view.record->addresses);
  const auto& bridge = call.conf.settings->bridge;
  const bool routed = !bridge || bridge->is_gateway;
  if (sources.empty() && !routed) return view;
  auto socket = run_at_home([&](const auto& here) { return NetfilterSocket::open(here, call.deadline); });
  if (!socket && sources.empty()) return view;  // a warning is all that is lost
  if (!socket) return std::move(socket).error();
  if (!sources.empty()) {
    TRY(bool in_force, masquerades(*socket, sources));
    view.masquerade_is_gone = !in_force;
  }
  if (routed) call.report.warning = forward_warning(*socket);
  return view;
}

std::string listed(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += (text.empty() ? "" : "; ") + line;
  return text;
}

}  // namespace

std::unique_ptr<CheckTarget> begin_check(const Invocation& invocation, Deadline deadline) {
  return std::make_unique<CheckTarget>(
      invocation, deadline,
      [deadline, ifname = invocation.interface()](const InNamespace<ContainerSide>& here) -> Result<ContainerView> {
        TRY(auto routes, RouteSocket<ContainerSide>::open(here));
        routes.set_deadline(deadline);
        return look_into_container(routes, ifname);
      });
}

AnswerStatus check(const Call& call, CheckTarget& target) {
  TRY(const Settings* settings, settings_of(call));
  if (!call.conf.prev_result) {
    return Error{"check '" + call.invocation.interface().text() + "'",
                 {},
                 0,
                 "the configuration has no prevResult",
                 "prev-result-missing",
                 "CHECK compares with the result of ADD, which the runtime passes in prevResult"};
  }
  const AttachmentKey key = call.key();
  std::optional<Result<HostView>> looked;
  // No process may be made while the thread lives.
  if (!opens_by_helper(call.conf.state_dir)) looked = look_at_host(call, key);
  TRY(ContainerView container, target.view());
  if (!looked) looked = look_at_host(call, key);
  TRY(HostView host, *std::move(looked));
  Expectation expected{key, call.invocation.netns, *settings, *call.conf.prev_result, host.record};
  TRY(auto found, differences(expected, host.routes, container, call.deadline));
  if (host.masquerade_is_gone)
    found.push_back("masquerade of network '" + key.network.text() + "' is gone from nf_tables");
  if (!found.empty()) {
    return Error{
        "vouch for '" + key.ifname.text() + "'",
        "in " + call.invocation.netns,
        0,
        listed(found),
        "check-failed",
        "'isthmus repair' puts back what the host has lost; else restart the pod, which makes its network anew"};
  }
  return check_lease({call.invocation, call.conf, call.deadline}, expected_addresses(expected));
}

}  // namespace isthmus
