#include "plugin/inspect/json.h"

#include <ctime>
#include <nlohmann/json.hpp>

#include "plugin/inspect/find.h"
#include "plugin/inspect/namespaces.h"

namespace isthmus {
namespace {

using Json = nlohmann::ordered_json;

Json head(const char* kind, std::int64_t now) {
  Json document;
  document["apiVersion"] = "isthmus/v1";
  document["kind"] = kind;
  document["generatedAt"] = rfc3339(now);
  return document;
}

// Names are bytes, not UTF-8.
std::string text_of(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ratio(std::size_t part, std::size_t whole) { return std::to_string(part) + "/" + std::to_string(whole); }

Json coverage_of(const Node& node) {
  Json json;
  json["tasks"] = ratio(node.tasks_read, node.tasks_seen);
  json["descriptors"] = node.descriptors;
  json["mountNamespaces"] = ratio(node.mount_namespaces_read, node.mount_namespaces_seen);
  json["unreadable"] = node.holes;
  json["badRecords"] = node.bad_records;
  return json;
}

Json to_value(const LinkWithAddresses& one) {
  Json json;
  json["name"] = one.link.name;
  json["ifindex"] = one.link.ifindex;
  json["kind"] = one.link.kind;
  json["mac"] = one.link.mac ? one.link.mac->text() : "";
  json["mtu"] = one.link.mtu;
  json["up"] = one.link.up;
  json["addresses"] = Json::array();
  for (const Prefix& address : one.addresses)
    json["addresses"].push_back(address.text());
  return json;
}

Json holders_of(const NodeNetns& netns) {
  Json json;
  json["tasks"] = netns.seen.holders.tasks;
  json["descriptors"] = netns.seen.holders.descriptors;
  json["mounts"] = netns.seen.names.size() + netns.seen.copies_seen;
  json["sockets"] = netns.sockets < 0 ? Json(nullptr) : Json(netns.sockets);
  json["named"] = Json::array();
  for (const NetnsHolder& holder : netns.seen.holders.named) {
    Json one{{"pid", holder.pid}, {"tid", holder.tid}, {"command", holder.command}, {"text", describe(holder)}};
    if (holder.fd >= 0) one["fd"] = holder.fd;
    json["named"].push_back(std::move(one));
  }
  json["copies"] = Json::array();
  for (const auto& copy : netns.seen.copies)
    json["copies"].push_back(Json{{"path", copy.mount.mount_point}, {"pid", copy.example}});
  json["summary"] = held_by(netns);
  return json;
}

Json to_value(const NodeNetns& netns) {
  Json json;
  json["name"] = netns.label();
  json["inode"] = netns.seen.inode;
  json["host"] = netns.is_host;
  json["cookie"] = netns.cookie == 0 ? Json(nullptr) : Json(netns.cookie);
  json["nsid"] = netns.nsid ? Json(*netns.nsid) : Json(nullptr);
  json["paths"] = Json::array();
  for (const NetnsMount& name : netns.seen.names)
    json["paths"].push_back(name.mount_point);
  json["enter"] = way_into(netns.seen);
  json["pod"] = netns.pod;
  json["containerId"] = netns.container_id;
  json["runtime"] = netns.runtime;
  json["holders"] = holders_of(netns);
  json["links"] = Json::array();
  for (const LinkWithAddresses& link : netns.links)
    json["links"].push_back(to_value(link));
  json["hostEnds"] = Json::array();
  for (const HostEnd& end : netns.host_ends) {
    json["hostEnds"].push_back(
        Json{{"inside", end.inside}, {"name", end.name}, {"ifindex", end.ifindex}, {"bridge", end.bridge}});
  }
  json["problem"] = netns.problem;
  return json;
}

Json to_value(const ListedAttachment& one, std::int64_t now) {
  const Record& record = one.record;
  Json json;
  json["pod"] = record.pod;
  json["containerId"] = record.key.container_id.text();
  json["ifname"] = record.key.ifname.text();
  json["network"] = record.key.network.text();
  json["addresses"] = Json::array();
  for (const Prefix& address : record.addresses)
    json["addresses"].push_back(address.text());
  json["mac"] = record.container_mac;
  json["hostIfname"] = record.host_ifname;
  json["hostIfindex"] = record.host_ifindex;
  json["hostMac"] = record.host_mac;
  json["netns"] = record.netns;
  json["netnsInode"] = record.netns_id.inode;
  json["netnsCookie"] = record.netns_cookie;
  json["mode"] = record.mode;
  json["ipam"] = record.ipam_type;
  json["created"] = rfc3339(record.created);
  json["ageSeconds"] = std::max<std::int64_t>(0, now - record.created);
  json["state"] = to_text(one.state);
  return json;
}

}  // namespace

std::string rfc3339(std::int64_t seconds) {
  time_t moment = seconds;
  tm parts{};
  gmtime_r(&moment, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string netns_json(const Node& node) {
  Json document = head("NetnsList", time(nullptr));
  document["coverage"] = coverage_of(node);
  document["items"] = Json::array();
  for (const NodeNetns& netns : node.namespaces)
    document["items"].push_back(to_value(netns));
  return text_of(document);
}

std::string attachments_json(const std::vector<ListedAttachment>& attachments,
                             const std::vector<std::string>& problems,
                             std::int64_t now) {
  Json document = head("AttachmentList", now);
  document["problems"] = problems;
  document["items"] = Json::array();
  for (const ListedAttachment& one : attachments)
    document["items"].push_back(to_value(one, now));
  return text_of(document);
}

std::string find_json(const Node& node, const std::string& what, const std::vector<Match>& matches) {
  Json document = head("FindResult", time(nullptr));
  document["what"] = what;
  document["coverage"] = coverage_of(node);
  document["items"] = Json::array();
  for (const Match& match : matches) {
    Json json;
    json["because"] = match.because;
    if (match.record) json["record"] = match.record->key.file_name();
    json["netns"] = match.netns ? to_value(*match.netns) : Json(nullptr);
    document["items"].push_back(std::move(json));
  }
  return text_of(document);
}

}  // namespace isthmus
