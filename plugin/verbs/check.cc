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

Status compare_masquerade(const Call& call,
                          const AttachmentKey& key,
                          const std::optional<Record>& record,
                          std::vector<std::string>& found) {
  if (!record || record->masquerade.empty()) return done;
  auto sources = masquerade_sources_of(key, *call.conf.settings, record->addresses);
  TRY(bool in_force, masquerade_in_force(sources, call.deadline));
  if (!in_force) found.push_back("masquerade of network '" + key.network.text() + "' is gone from nf_tables");
  return done;
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
  TRY(auto container, open_container(netns, call.deadline));
  TRY(auto host, open_host(call.deadline));
  TRY(auto record, read_record(call, key));
  Expectation expected{key, call.invocation.netns, *settings, *call.conf.prev_result, record};
  TRY(auto found, differences(expected, host, container, call.deadline));
  TRY_OK(compare_masquerade(call, key, record, found));
  if (!settings->bridge || settings->bridge->is_gateway) call.report.warning = forward_warning(call.deadline);
  if (!found.empty()) {
    return Error{
        "vouch for '" + key.ifname.text() + "'",        "in " + call.invocation.netns, 0, listed(found), "check-failed",
        "restart the pod to have its network made anew"};
  }
  return check_lease({call.invocation, call.conf, call.deadline}, expected_addresses(expected));
}

}  // namespace isthmus
