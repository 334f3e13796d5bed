#include "plugin/inspect/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/inspect/inspect_testing.h"

namespace isthmus {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr HostNamespaces kHost{100, 900};

TaskSeen task_of(pid_t pid, pid_t tid, ino_t netns, ino_t mount_ns = 900, char state = 'S') {
  TaskSeen task;
  task.key = {pid, tid, 5};
  task.state = state;
  task.command = "daemon";
  task.netns = netns;
  task.mount_ns = mount_ns;
  return task;
}

Node node_with(ino_t inode, std::size_t tasks, bool named) {
  Node node;
  NodeNetns netns;
  netns.seen.inode = inode;
  netns.seen.holders.tasks = tasks;
  if (named) netns.seen.names = {test::mount_at("/run/netns/web", inode)};
  node.namespaces = {netns};
  return node;
}

Findings threads(const Samples& samples, const Node& node = {}) {
  Findings findings;
  check_threads(samples, node, kHost, findings);
  return findings;
}

TEST(DoctorThreads, OneThatIsAwayInEverySampleIsLost) {
  const std::vector<TaskSeen> away = {task_of(7, 7, 100), task_of(7, 8, 200)};
  const std::vector<TaskSeen> back = {task_of(7, 7, 100), task_of(7, 8, 100)};
  EXPECT_THAT(threads({away, back, away}), IsEmpty());
  auto lost = threads({away, away, away}, node_with(200, 3, true));
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].severity, Severity::warning);
  EXPECT_THAT(lost[0].what, HasSubstr("thread 8 of pid 7 (daemon) is in network namespace web"));
  EXPECT_THAT(lost[0].cure, HasSubstr("restart pid 7"));
}

TEST(DoctorThreads, OneThatAloneKeepsItsNamespaceIsCritical) {
  const std::vector<TaskSeen> away = {task_of(7, 7, 100), task_of(7, 8, 200)};
  auto lost = threads({away, away}, node_with(200, 1, false));
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].severity, Severity::critical);
}

TEST(DoctorThreads, ADaemonOfTheHostIsAtHomeThereHoweverManyAreLost) {
  const std::vector<TaskSeen> most = {task_of(7, 7, 200), task_of(7, 8, 100), task_of(7, 9, 200)};
  auto lost = threads({most, most});
  ASSERT_THAT(lost, SizeIs(2));
  EXPECT_THAT(lost[0].what, HasSubstr("it is the leader"));
}

TEST(DoctorThreads, InAContainerMostTasksAreAtHome) {
  const std::vector<TaskSeen> tasks = {task_of(7, 7, 300), task_of(7, 8, 200), task_of(7, 9, 200)};
  auto lost = threads({tasks, tasks});
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_THAT(lost[0].object, HasSubstr("thread 7"));
}

TEST(DoctorThreads, MountNamespacesCountToo) {
  const std::vector<TaskSeen> tasks = {task_of(7, 7, 100), task_of(7, 8, 100, 901)};
  auto lost = threads({tasks, tasks});
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_THAT(lost[0].what, HasSubstr("mount namespace mnt:[901]"));
}

TEST(DoctorStuck, ATaskThatSleepsAnewIsOnlyBusy) {
  TaskSeen busy = task_of(7, 7, 100, 900, 'D');
  busy.wchan = "io_schedule";
  TaskSeen later = busy;
  later.sleeps = 4;
  Findings findings;
  check_stuck({{busy}, {later}}, findings);
  EXPECT_THAT(findings, IsEmpty());
  check_stuck({{busy}, {busy}}, findings);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].what, HasSubstr("io_schedule"));
  findings.clear();
  busy.of_kernel = true;
  check_stuck({{busy}, {busy}}, findings);
  EXPECT_THAT(findings, IsEmpty());
}

TEST(DoctorCopies, OfOurNamesAreCriticalThoseOfANestedHostAreItsOwn) {
  Node node;
  for (ino_t inode : {301, 302, 303, 304, 305}) {
    NodeNetns netns;
    netns.seen.inode = inode;
    NetnsMount mount = test::mount_at("/run/netns/x", inode);
    mount.place = MountPlace{inode == 305 ? dev_t{99} : dev_t{24}, "/netns/x"};
    netns.seen.copies = {{mount, 0}};
    netns.seen.copies_seen = 1;
    node.namespaces.push_back(netns);
  }
  Findings findings;
  check_copies(node, 24, findings);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_EQ(findings[1].severity, Severity::critical);
  EXPECT_THAT(findings[1].what, HasSubstr("keeps 4 network namespaces"));
  EXPECT_THAT(findings[1].what, HasSubstr("and 1 more"));
}

TEST(DoctorVeths, OursWithoutARecordAndThoseThatEndNowhere) {
  Node node;
  auto ours = test::link_at(5, "ist0", "02:00:00:00:00:05");
  ours.link.alias = "isthmus net/a/eth0";
  auto nowhere = test::link_at(6, "veth6", "02:00:00:00:00:06");
  nowhere.link.peer_nsid = 3;
  node.host = {ours, nowhere};
  Findings findings;
  check_veths(node, findings);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].cure, "ip link delete ist0");
  EXPECT_THAT(findings[1].what, HasSubstr("link-netnsid 3"));
  node.records = {test::record_of("a", "", "/run/netns/a", 1)};
  node.namespaces.emplace_back().nsid = 3;
  findings.clear();
  check_veths(node, findings);
  EXPECT_THAT(findings, IsEmpty());
}

TEST(DoctorReport, SaysTheSameToPeopleProgramsAndMonitors) {
  Diagnosis diagnosis;
  diagnosis.findings = {{"cni", Severity::critical, "x", "x is\nwrong", "it hurts", "mend it"},
                        {"names", Severity::note, "y", "y is odd", "little", "nothing"}};
  diagnosis.holes = {"pid 1"};
  std::string text = diagnosis_text(diagnosis, false);
  EXPECT_THAT(text, HasSubstr("FAIL  x is?wrong\n      why   it hurts\n      cure  mend it\nNOTE  y is odd\n"));
  EXPECT_THAT(text, HasSubstr("1 finding, 1 note;"));
  EXPECT_THAT(text, HasSubstr("not seen: pid 1\n"));
  EXPECT_THAT(diagnosis_text(diagnosis, true), HasSubstr("\033[31mFAIL\033[0m  x"));
  auto json = nlohmann::json::parse(diagnosis_json(diagnosis));
  EXPECT_EQ(json["items"][0]["severity"], "critical");
  EXPECT_EQ(json["items"][1]["check"], "names");
  EXPECT_EQ(json["coverage"]["unreadable"][0], "pid 1");
  EXPECT_THAT(diagnosis_textfile(diagnosis),
              HasSubstr("isthmus_doctor_findings{check=\"cni\",severity=\"critical\"} 1\n"));
  EXPECT_THAT(diagnosis_textfile(diagnosis), HasSubstr("isthmus_doctor_holes 1\n"));
}

}  // namespace
}  // namespace isthmus
