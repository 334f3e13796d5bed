#include "plugin/inspect/namespaces.h"

#include <algorithm>
#include <functional>

namespace isthmus {
namespace {

// One text for each link but the loopback, separated by commas.
std::string of_links(const NodeNetns& netns, const std::function<std::string(const LinkInfo&)>& text_of) {
  std::string all;
  for (const LinkWithAddresses& one : netns.links) {
    if (one.link.name == "lo") continue;
    if (std::string text = text_of(one.link); !text.empty()) all += (all.empty() ? "" : ",") + text;
  }
  return all;
}

std::string of_host_ends(const NodeNetns& netns, std::string HostEnd::*member) {
  std::string all;
  for (const HostEnd& end : netns.host_ends) {
    if (!(end.*member).empty()) all += (all.empty() ? "" : ",") + end.*member;
  }
  return all;
}

bool is_local_only(const IpAddress& address) {
  auto bytes = address.bytes();
  if (address.family() == Family::v6) return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
  return bytes[0] == 127;
}

}  // namespace

void keep_ports_of(Node& node, const std::string& bridge) {
  std::erase_if(node.namespaces, [&](const NodeNetns& netns) {
    return std::none_of(netns.host_ends.begin(), netns.host_ends.end(),
                        [&](const HostEnd& end) { return end.bridge == bridge; });
  });
}

std::string addresses_text(const NodeNetns& netns, bool with_length) {
  std::string all;
  for (const LinkWithAddresses& one : netns.links) {
    if (one.link.name == "lo") continue;
    for (const Prefix& prefix : one.addresses) {
      if (is_local_only(prefix.address())) continue;
      all += (all.empty() ? "" : ",") + (with_length ? prefix.text() : prefix.address().text());
    }
  }
  return all;
}

std::string owner_text(const NodeNetns& netns) {
  if (!netns.pod.empty()) return netns.pod;
  if (!netns.container_id.empty()) return netns.container_id.substr(0, kShortId);
  return netns.runtime;
}

std::string held_by(const NodeNetns& netns) {
  const auto& holders = netns.seen.holders;
  if (holders.tasks > 0) {
    std::string text = plural(holders.tasks, "task");
    for (const NetnsHolder& holder : holders.named)
      if (holder.kind == NetnsHolder::Kind::task) return text + ": " + describe(holder);
    return text;
  }
  if (holders.descriptors > 0 && !holders.named.empty()) return describe(holders.named.front());
  std::string text;
  if (netns.sockets > 0) text = plural(static_cast<std::size_t>(netns.sockets), "socket");
  if (!netns.seen.names.empty()) return text.empty() ? "only a name" : text + " and a name";
  for (const auto& copy : netns.seen.copies) {
    if (copy.example == 0) continue;
    text += text.empty() ? "" : " and ";
    return text + "a mount at " + copy.mount.mount_point + ", seen by pid " + std::to_string(copy.example);
  }
  if (netns.seen.copies_seen > 0) return "a mount in a mount namespace without tasks";
  if (!text.empty()) return text;
  return netns.is_host ? "the host" : "nothing that can be seen";
}

Table netns_table(const Node& node) {
  Table table;
  table.columns = {{"NETNS"},
                   {"TASKS", false, true},
                   {"FDS", false, true},
                   {"MOUNTS", false, true},
                   {"SOCKETS", false, true},
                   {"ADDRESS"},
                   {"HOST-IF"},
                   {"OWNER"},
                   {"HELD-BY"},
                   {"INODE", true, true},
                   {"NSID", true, true},
                   {"IF", true},
                   {"MAC", true},
                   {"BRIDGE", true},
                   {"CONTAINER", true},
                   {"POD", true},
                   {"RUNTIME", true},
                   {"COOKIE", true, true},
                   {"PATH", true}};
  for (const NodeNetns& netns : node.namespaces) {
    const auto& holders = netns.seen.holders;
    table.rows.push_back({{netns.label()},
                          {std::to_string(holders.tasks)},
                          {std::to_string(holders.descriptors)},
                          {std::to_string(netns.seen.names.size() + netns.seen.copies_seen)},
                          {netns.sockets < 0 ? "?" : std::to_string(netns.sockets)},
                          {netns.entered ? addresses_text(netns, false) : "?"},
                          {netns.is_host ? "" : of_host_ends(netns, &HostEnd::name)},
                          {owner_text(netns)},
                          {held_by(netns)},
                          {std::to_string(netns.seen.inode)},
                          {netns.nsid ? std::to_string(*netns.nsid) : ""},
                          {of_links(netns, [](const LinkInfo& link) { return link.name; })},
                          {of_links(netns, [](const LinkInfo& link) { return link.mac ? link.mac->text() : ""; })},
                          {of_host_ends(netns, &HostEnd::bridge)},
                          {netns.container_id},
                          {netns.pod},
                          {netns.runtime},
                          {netns.cookie == 0 ? "" : std::to_string(netns.cookie)},
                          {way_into(netns.seen)}});
  }
  return table;
}

}  // namespace isthmus
