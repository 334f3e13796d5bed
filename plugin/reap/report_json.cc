#include <ctime>
#include <nlohmann/json.hpp>

#include "plugin/reap/report.h"

namespace isthmus {
namespace {

using Json = nlohmann::ordered_json;

std::string rfc3339_now() {
  time_t now = time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

const char* to_text(OwnerSays says) {
  return says == OwnerSays::gone ? "gone" : says == OwnerSays::alive ? "alive" : "unasked";
}

std::string ratio(std::size_t part, std::size_t whole) { return std::to_string(part) + "/" + std::to_string(whole); }

Json coverage_of(const ReapCoverage& coverage) {
  Json json;
  json["tasks"] = ratio(coverage.tasks_read, coverage.tasks_seen);
  json["descriptors"] = coverage.descriptors;
  json["mountNamespaces"] = ratio(coverage.mount_namespaces_read, coverage.mount_namespaces_seen);
  json["withoutTasksToo"] = coverage.walked;
  json["unreadable"] = coverage.holes;
  json["ignored"] = coverage.ignored;
  json["outOfScope"] = coverage.scope;
  json["runtimes"] = coverage.asked;
  return json;
}

Json owner_of(const ReapItem& item) {
  Json owner;
  Json pods = Json::array();
  for (const auto* records : {&item.records, &item.released})
    for (const Record& record : *records)
      if (!record.pod.empty()) pods.push_back(record.pod);
  owner["containers"] = containers_of(item);
  owner["pods"] = std::move(pods);
  owner["looksLike"] = item.runtime;
  owner["says"] = to_text(item.evidence.owner);
  owner["text"] = item.evidence.owner_text;
  owner["claims"] = item.evidence.claims;
  return owner;
}

Json holders_of(const ReapItem& item) {
  const ReapEvidence& seen = item.evidence;
  Json holders;
  holders["tasks"] = seen.tasks;
  holders["descriptors"] = seen.descriptors;
  holders["sockets"] = seen.sockets;
  holders["devices"] = seen.taps;
  holders["named"] = seen.holders;
  holders["copies"] = item.copies;
  holders["otherMounts"] = seen.other_places;
  return holders;
}

Json to_value(const ReapItem& item, const ReapReport& report, const Json& coverage) {
  Json json;
  json["name"] = item.name;
  json["path"] = item.path;
  json["kind"] = to_text(item.kind);
  json["verdict"] = to_text(item.judgement.verdict);
  json["reason"] = Json{{"rule", item.judgement.rule}, {"text", item.judgement.reason}};
  json["identity"] = Json{{"key", item.identity()},
                          {"mountId", item.mount.unique_id},
                          {"inode", item.mount.inode},
                          {"cookie", item.cookie}};
  json["age"] = Json{{"unusedSeconds", item.evidence.clean_for.count() / 1000},
                     {"scans", item.evidence.clean_scans},
                     {"graceSeconds", report.policy.grace.count() / 1000}};
  json["owner"] = owner_of(item);
  json["holders"] = holders_of(item);
  json["links"] = item.links;
  if (item.host_link) json["hostLink"] = *item.host_link;
  json["coverage"] = coverage;
  json["steps"] = item.steps;
  json["outcome"] = to_text(item.outcome);
  json["outcomeText"] = item.outcome_text;
  return json;
}

}  // namespace

std::string to_json(const ReapReport& report) {
  Json document;
  document["apiVersion"] = "isthmus/v1";
  document["kind"] = "ReapReport";
  document["generatedAt"] = rfc3339_now();
  document["boot"] = report.boot_id;
  document["dryRun"] = report.dry_run;
  document["tookMilliseconds"] = report.took.count();
  Json coverage = coverage_of(report.coverage);
  document["coverage"] = coverage;
  Json brief{{"tasks", coverage["tasks"]},
             {"mountNamespaces", coverage["mountNamespaces"]},
             {"unreadable", coverage["unreadable"]}};
  document["items"] = Json::array();
  for (const ReapItem& item : report.items)
    document["items"].push_back(to_value(item, report, brief));
  // Names are bytes, not UTF-8.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<std::set<std::string>> parse_plan(std::string_view json, const std::string& boot_id) {
  auto bad = [](const char* detail) {
    return Error{"use the plan", {}, 0, detail, "reap-plan", "make one with --plan FILE"};
  };
  auto document = nlohmann::json::parse(json, nullptr, false);
  if (document.is_discarded() || !document.is_object()) return bad("it is no JSON object");
  auto text = [](const nlohmann::json& object, const char* key) {
    auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text(document, "apiVersion") != "isthmus/v1" || text(document, "kind") != "ReapReport") {
    return bad("it is none that isthmus gc wrote");
  }
  if (text(document, "boot") != boot_id) return bad("it was made before the last boot");
  auto items = document.find("items");
  if (items == document.end() || !items->is_array()) return bad("it has no items");
  std::set<std::string> keys;
  for (const auto& item : *items) {
    if (!item.is_object() || text(item, "verdict") != "leaked") continue;
    auto identity = item.find("identity");
    if (identity == item.end() || !identity->is_object()) return bad("an item has no identity");
    std::string key = text(*identity, "key");
    if (key.empty()) return bad("an item has no identity");
    keys.insert(std::move(key));
  }
  return keys;
}

}  // namespace isthmus
