#include "plugin/attachment/undo.h"

#include "netlink/link_removal.h"
#include "plugin/attachment/facts.h"
#include "plugin/attachment/netns_resolv_conf.h"

namespace isthmus {
namespace {

Status remove_link(const AttachmentKey& key, const std::optional<Record>& record, Deadline deadline) {
  TRY(auto host, open_host(deadline));
  TRY(auto link, find_host_end(host, key, record ? record->host_ifname : std::string()));
  if (!link) return done;
  return run_at_home(
      [&](const auto& here) { return delete_link_without_grace(here, link->ifindex, link->name, deadline); });
}

}  // namespace

std::vector<Error> undo(const AttachmentKey& key, const std::optional<Record>& record, Deadline deadline) {
  std::vector<Error> failures;
  auto attempt = [&](Status status) {
    if (!status) failures.push_back(std::move(status).error());
  };
  attempt(remove_link(key, record, deadline));
  if (record && record->resolv_conf) attempt(remove_resolv_conf(*record->resolv_conf));
  return failures;
}

}  // namespace isthmus
