#include "plugin/inspect/attachments.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "plugin/reap/managed.h"
#include "plugin/reap/verdict.h"

namespace isthmus {
namespace {

bool netns_is_there(const Record& record,
                    const std::vector<NetnsMount>& mounts,
                    ino_t (*task_netns)(const std::string& path)) {
  if (record.netns.starts_with("/proc/")) return task_netns(record.netns) == record.netns_id.inode;
  const std::string path = canonical_run_path(record.netns);
  return std::any_of(mounts.begin(), mounts.end(), [&](const NetnsMount& mount) {
    return mount.inode == record.netns_id.inode && canonical_run_path(mount.mount_point) == path;
  });
}

AttachmentState state_of(const Record& record,
                         const std::vector<LinkWithAddresses>& host,
                         const std::vector<NetnsMount>& mounts,
                         ino_t (*task_netns)(const std::string& path)) {
  if (record.phase == Record::Phase::intent) return AttachmentState::unfinished;
  if (!netns_is_there(record, mounts, task_netns)) return AttachmentState::netns_gone;
  auto link = std::find_if(host.begin(), host.end(), [&](const LinkWithAddresses& one) {
    return one.link.name == record.host_ifname && one.link.mac && one.link.mac->text() == record.host_mac;
  });
  if (link == host.end()) return AttachmentState::link_missing;
  if (!link->link.up) return AttachmentState::link_down;
  return link->link.running ? AttachmentState::ok : AttachmentState::no_carrier;
}

Mood mood_of(AttachmentState state) {
  if (state == AttachmentState::ok) return Mood::good;
  return state == AttachmentState::unfinished ? Mood::warning : Mood::bad;
}

std::string addresses_of(const Record& record) {
  std::string text;
  for (const Prefix& address : record.addresses)
    text += (text.empty() ? "" : ",") + address.address().text();
  return text;
}

}  // namespace

std::string_view to_text(AttachmentState state) {
  constexpr std::array<std::string_view, 6> kTexts = {"ok",           "unfinished", "netns-gone",
                                                      "link-missing", "link-down",  "no-carrier"};
  return kTexts[static_cast<std::size_t>(state)];
}

ino_t inode_of_task_netns(const std::string& path) {
  std::array<char, 64> text{};
  if (readlink(path.c_str(), text.data(), text.size() - 1) <= 0) return 0;
  return netns_inode_of_root(text.data()).value_or(0);
}

std::vector<ListedAttachment> judge_attachments(std::vector<Record> records,
                                                const std::vector<LinkWithAddresses>& host,
                                                const std::vector<NetnsMount>& mounts,
                                                ino_t (*task_netns)(const std::string& path)) {
  std::vector<ListedAttachment> listed;
  for (Record& record : records) {
    AttachmentState state = state_of(record, host, mounts, task_netns);
    listed.push_back({std::move(record), state});
  }
  std::sort(listed.begin(), listed.end(), [](const ListedAttachment& a, const ListedAttachment& b) {
    return std::tie(a.record.pod, a.record.key) < std::tie(b.record.pod, b.record.key);
  });
  return listed;
}

Table attachment_table(const std::vector<ListedAttachment>& attachments, std::int64_t now) {
  Table table;
  table.columns = {{"POD"},
                   {"CONTAINER"},
                   {"IF"},
                   {"ADDRESS"},
                   {"HOST-IF"},
                   {"NETWORK"},
                   {"NETNS"},
                   {"AGE", false, true},
                   {"STATE"},
                   {"MAC", true},
                   {"HOST-MAC", true},
                   {"HOST-IFINDEX", true, true},
                   {"INODE", true, true},
                   {"MODE", true},
                   {"IPAM", true},
                   {"CONTAINER-ID", true}};
  for (const auto& [record, state] : attachments) {
    auto age = std::chrono::milliseconds(std::chrono::seconds(std::max<std::int64_t>(0, now - record.created)));
    table.rows.push_back(
        {{record.pod},
         {record.key.container_id.text().substr(0, kShortId)},
         {record.key.ifname.text()},
         {addresses_of(record)},
         {record.host_ifname},
         {record.key.network.text()},
         {directory_of(canonical_run_path(record.netns)) == "/run/netns" ? last_part(record.netns) : record.netns},
         {record.created == 0 ? ""
          : age.count() == 0  ? "0s"
                              : short_duration(age)},
         {std::string(to_text(state)), mood_of(state)},
         {record.container_mac},
         {record.host_mac},
         {record.host_ifindex == 0 ? "" : std::to_string(record.host_ifindex)},
         {std::to_string(record.netns_id.inode)},
         {record.mode},
         {record.ipam_type},
         {record.key.container_id.text()}});
  }
  return table;
}

}  // namespace isthmus
