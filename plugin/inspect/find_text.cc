#include "plugin/inspect/find.h"
#include "plugin/inspect/namespaces.h"
#include "plugin/inspect/table.h"

namespace isthmus {
namespace {

void line(std::string& text, const char* what, const std::string& value) {
  if (value.empty()) return;
  std::string padded = what;
  padded.resize(12, ' ');
  text += "  " + padded + printable_text(value) + "\n";
}

std::string names_text(const NodeNetns& netns) {
  std::string text;
  for (const NetnsMount& name : netns.seen.names)
    text += (text.empty() ? "" : ", ") + name.mount_point + (name.covered ? " (covered by another mount)" : "");
  if (text.empty() && netns.seen.copies_seen > 0) text = "none on this host";
  for (const auto& copy : netns.seen.copies) {
    text += "; " + copy.mount.mount_point + " in the mount namespace ";
    text += copy.example == 0 ? "of no task" : "of pid " + std::to_string(copy.example);
  }
  if (std::size_t more = netns.seen.copies_seen - netns.seen.copies.size(); more > 0) {
    text += " and " + std::to_string(more) + " more mount namespaces";
  }
  return text.empty() ? "none" : text;
}

// All that is named; counts of the rest.
std::string holders_text(const NodeNetns& netns) {
  const auto& holders = netns.seen.holders;
  std::string text = plural(holders.tasks, "task") + ", " + plural(holders.descriptors, "descriptor");
  if (netns.sockets >= 0) text += ", " + plural(static_cast<std::size_t>(netns.sockets), "socket");
  const char* before = ": ";
  for (const NetnsHolder& holder : holders.named) {
    text += before + describe(holder);
    before = ", ";
  }
  return text;
}

std::string host_text(const NodeNetns& netns) {
  std::string text;
  for (const HostEnd& end : netns.host_ends) {
    text += (text.empty() ? "" : ", ") + end.inside + " is " + end.name + " (" + std::to_string(end.ifindex) +
            ") on the host";
    if (!end.bridge.empty()) text += ", a port of " + end.bridge;
  }
  return text;
}

std::string text_of_record(const Record& record) {
  std::string text = record.key.alias(record.pod) + "\n";
  line(text, "namespace", "gone: " + record.netns + " was inode " + std::to_string(record.netns_id.inode));
  line(text, "cure", "isthmus gc");
  return text;
}

}  // namespace

std::string find_text(const std::string& what, const std::vector<Match>& matches) {
  std::string text;
  for (const Match& match : matches) {
    if (!text.empty()) text += "\n";
    text += printable_text(what) + ": " + printable_text(match.because) + "\n";
    if (match.netns == nullptr) {
      text += text_of_record(*match.record);
      continue;
    }
    const NodeNetns& netns = *match.netns;
    const std::string inode = std::to_string(netns.seen.inode);
    line(text, "namespace", netns.is_host ? "the host's, net:[" + inode + "]" : "net:[" + inode + "]");
    if (!netns.is_host) line(text, "names", names_text(netns));
    line(text, "addresses", addresses_text(netns, true));
    if (!netns.is_host) line(text, "links", host_text(netns));
    line(text, "pod", netns.pod);
    line(text, "container", netns.container_id);
    line(text, "looks like", netns.runtime);
    line(text, "held by", holders_text(netns));
    for (const Record& record : netns.records)
      line(text, "attachment", record.key.alias(record.pod));
    line(text, "problem", netns.problem);
    if (netns.is_host) continue;
    std::string name = netns.ip_netns_name();
    line(text, "get in", "isthmus exec " + (name.empty() ? inode : name) + " -- COMMAND");
    if (std::string way = way_into(netns.seen); !way.empty()) line(text, "", "nsenter --net=" + way + " COMMAND");
  }
  return text;
}

}  // namespace isthmus
