#include "plugin/inspect/attachments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/inspect/inspect_testing.h"

namespace isthmus {
namespace {

using test::link_at;
using test::mount_at;
using test::record_of;

ino_t task_in_seven(const std::string& path) { return path == "/proc/7/ns/net" ? 70 : 0; }

AttachmentState state_of(const Record& record,
                         const std::vector<LinkWithAddresses>& host,
                         const std::vector<NetnsMount>& mounts) {
  return judge_attachments({record}, host, mounts, task_in_seven).at(0).state;
}

TEST(Attachments, AreJudgedByWhatTheKernelStillHas) {
  const Record record = record_of("a", "ns/web", "/var/run/netns/a", 42);
  const std::vector<NetnsMount> here = {mount_at("/run/netns/a", 42)};
  std::vector<LinkWithAddresses> host = {link_at(5, "ist0", "02:00:00:00:00:01")};
  EXPECT_EQ(state_of(record, host, here), AttachmentState::ok);
  EXPECT_EQ(state_of(record, host, {}), AttachmentState::netns_gone);
  EXPECT_EQ(state_of(record, host, {mount_at("/run/netns/a", 43)}), AttachmentState::netns_gone);
  EXPECT_EQ(state_of(record, {}, here), AttachmentState::link_missing);
  EXPECT_EQ(state_of(record, {link_at(5, "ist0", "02:00:00:00:00:02")}, here), AttachmentState::link_missing);
  host[0].link.running = false;
  EXPECT_EQ(state_of(record, host, here), AttachmentState::no_carrier);
  host[0].link.up = false;
  EXPECT_EQ(state_of(record, host, here), AttachmentState::link_down);
  Record intent = record;
  intent.phase = Record::Phase::intent;
  EXPECT_EQ(state_of(intent, {}, {}), AttachmentState::unfinished);
}

TEST(Attachments, AProcessesNamespaceIsFoundByItsInode) {
  const std::vector<LinkWithAddresses> host = {link_at(5, "ist0", "02:00:00:00:00:01")};
  EXPECT_EQ(state_of(record_of("a", "", "/proc/7/ns/net", 70), host, {}), AttachmentState::ok);
  EXPECT_EQ(state_of(record_of("a", "", "/proc/7/ns/net", 71), host, {}), AttachmentState::netns_gone);
  EXPECT_EQ(state_of(record_of("a", "", "/proc/8/ns/net", 70), host, {}), AttachmentState::netns_gone);
}

TEST(Attachments, JsonHasWholeIdsIntegersAndTimes) {
  auto listed = judge_attachments({record_of("abc", "ns/web", "/run/netns/a", 42)}, {}, {}, task_in_seven);
  auto json = nlohmann::json::parse(attachments_json(listed, {"bad"}, 1060));
  EXPECT_EQ(json["apiVersion"], "isthmus/v1");
  EXPECT_EQ(json["kind"], "AttachmentList");
  const auto& item = json["items"].at(0);
  EXPECT_EQ(item["created"], "1970-01-01T00:16:40Z");
  EXPECT_EQ(item["ageSeconds"], 60);
  EXPECT_EQ(item["netnsInode"], 42);
  EXPECT_EQ(item["addresses"], nlohmann::json::array({"10.1.2.3/24"}));
  EXPECT_EQ(item["state"], "netns-gone");
  EXPECT_EQ(json["problems"], nlohmann::json::array({"bad"}));
  EXPECT_EQ(nlohmann::json::parse(attachments_json({}, {}, 0))["items"], nlohmann::json::array());
}

}  // namespace
}  // namespace isthmus
