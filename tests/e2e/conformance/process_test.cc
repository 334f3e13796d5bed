// P: what the plugin does with its pipes, its exit status and its children.
#include <gmock/gmock.h>

#include <csignal>
#include <thread>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// One successful call of each verb, in an order in which they can succeed.
std::vector<std::pair<std::string, Outcome>> successes(const Json& conf,
                                                       const std::map<std::string, std::string>& env) {
  std::vector<std::pair<std::string, Outcome>> outcomes;
  auto run = [&](const std::string& verb, const Json& with) {
    Call call(verb, with);
    for (const auto& [name, value] : env)
      call.env(name, value);
    outcomes.emplace_back(verb, call.run());
    return outcomes.back().second.out;
  };
  run("VERSION", conf);
  run("STATUS", conf);
  Json result = Json::parse(run("ADD", conf), nullptr, false);
  run("CHECK", with_prev(conf, result));
  run("GC", with_valid(conf, {{"c1", "eth0"}}));
  run("DEL", conf);
  return outcomes;
}

TEST_F(Conformance, P01_ExitStatusTellsSuccessFromFailure) {
  for (const auto& [verb, outcome] : successes(conf(), {}))
    EXPECT_TRUE(succeeded(outcome)) << verb;
  Json broken = conf();
  broken["name"] = "-n";
  for (const char* verb : {"ADD", "CHECK", "DEL", "GC", "STATUS"})
    EXPECT_TRUE(failed(run(verb, broken))) << verb;
}

TEST_F(Conformance, P02_FailurePrintsOneErrorObjectInTheRequestsVersion) {
  for (const std::string& version : kVersions) {
    Json broken = conf(version);
    broken["name"] = "a/b";
    for (const char* verb : {"ADD", "DEL"})
      EXPECT_EQ(error_of(run(verb, broken)).value("cniVersion", ""), version) << verb;
  }
  Json broken = conf();
  broken["name"] = 5;
  for (const char* verb : {"ADD", "CHECK", "DEL", "GC", "STATUS"}) {
    Json error = error_of(run(verb, broken));
    EXPECT_EQ(error.value("cniVersion", ""), newest_version()) << verb;
    EXPECT_THAT(error.value("msg", ""), Not(HasSubstr("\n"))) << verb;
  }
}

TEST_F(Conformance, P03_AddPrintsOneJsonValue) {
  Outcome outcome = run("ADD", conf());
  ASSERT_EQ(outcome.status, 0) << outcome.out;
  Json result = Json::parse(outcome.out, nullptr, false);
  EXPECT_TRUE(result.is_object()) << outcome.out;
  EXPECT_TRUE(result.contains("cniVersion"));
}

TEST_F(Conformance, P04_AddThatFailsLatePrintsOnlyTheError) {
  // The result exists, but 0.2.0 cannot express it.
  Json no_addresses = conf("0.2.0");
  no_addresses.erase("ipam");
  EXPECT_TRUE(failed(run("ADD", no_addresses)));
  // The state directory fills up while the address is being asked for.
  shell("mkdir /run/small && mount -t tmpfs -o size=64k,nr_inodes=64 tmpfs /run/small");
  FakePlugin fake("filler");
  fake.on("ADD",
          "i=0; while [ $i -lt 80 ]; do true > /run/small/fill$i || break; i=$((i+1)); done 2>/dev/null\n"
          "head -c 70000 /dev/zero > /run/small/fill0 2>/dev/null\n"
          "echo '{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"10.9.0.2/24\",\"gateway\":\"10.9.0.1\"}]}'");
  Json full = delegated_conf("filler");
  full["stateDir"] = "/run/small/state";
  EXPECT_TRUE(failed(run("ADD", full)));
  EXPECT_GE(fake.count("DEL"), 1U);
  EXPECT_TRUE(host_links().empty());
}

TEST_F(Conformance, P05_LogsNeverReachStdout) {
  Json noisy = conf();
  noisy["log"] = {{"level", "debug"}, {"stderr", true}};
  std::string logged;
  for (const auto& [verb, outcome] : successes(noisy, {})) {
    EXPECT_TRUE(succeeded(outcome)) << verb;
    logged += outcome.err;
  }
  EXPECT_FALSE(logged.empty()) << "no log at all, so nothing was proved";
  Json to_file = conf();
  to_file["log"] = {{"level", "debug"}, {"file", "/run/isthmus.log"}};
  for (const auto& [verb, outcome] : successes(to_file, {{"ISTHMUS_LOG", "debug"}}))
    EXPECT_TRUE(succeeded(outcome)) << verb;
  EXPECT_FALSE(read_file("/run/isthmus.log").empty());
}

TEST_F(Conformance, P06_VerbsWithoutResultPrintNothing) {
  for (const auto& [verb, outcome] : successes(conf(), {})) {
    EXPECT_TRUE(succeeded(outcome)) << verb;
    if (verb == "ADD" || verb == "VERSION") continue;
    EXPECT_EQ(outcome.out, "") << verb;
  }
}

TEST_F(Conformance, P07_OutOfMemoryIsStillOneErrorObject) {
#if defined(ISTHMUS_ASAN)
  GTEST_SKIP() << "AddressSanitizer needs the address space that this test takes away";
#endif
  const Picture before = picture();
  std::string huge = conf().dump();
  huge.insert(1, "\"padding\":\"" + std::string(std::size_t{96} << 20U, 'x') + "\",");
  Call starved("ADD", huge);
  starved.setup.memory_limit = std::size_t{128} << 20U;
  EXPECT_TRUE(failed(starved.run()));
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, P08_AddWhoseResultNobodyCanReadIsRolledBack) {
  const Picture before = picture();
  Call unread = call("ADD", conf());
  unread.setup.stdout_kind = ProcessSetup::Stdout::nobody_reads;
  Outcome outcome = unread.run();
  EXPECT_EQ(outcome.signal, 0);
  EXPECT_GT(outcome.status, 0);
  EXPECT_TRUE(nothing_changed_since(before));

  Call full = call("ADD", conf());
  full.setup.stdout_kind = ProcessSetup::Stdout::full;
  EXPECT_GT(full.run().status, 0);
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, P09_NoDescendantKeepsThePipesOrOutlivesAKill) {
  // A delegate that leaves a child with its descriptors behind.
  FakePlugin leaver("leaver");
  leaver.leases("10.9.0.2/24", "10.9.0.1");
  leaver.on("ADD", "sleep 15 & cat $DIR/ADD.answer");
  Outcome left = run("ADD", delegated_conf("leaver"));
  EXPECT_TRUE(succeeded(left));
  EXPECT_LT(left.ms, 10000);
  for (int pid : marked_processes())
    kill(pid, SIGKILL);
  // A kill while the delegate hangs.
  FakePlugin hanger("hanger");
  hanger.on("ADD", "exec sleep 60");
  Process plugin = call("ADD", delegated_conf("hanger")).id("c2").ifname("eth1").start();
  for (int i = 0; i < 200 && hanger.count("ADD") == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_EQ(hanger.count("ADD"), 1U);
  plugin.signal(SIGKILL);
  Outcome killed = plugin.finish(std::chrono::seconds(5));
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_FALSE(killed.timed_out) << "something still holds the runtime's pipes";
  for (int i = 0; i < 100 && !marked_processes().empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(marked_processes().empty()) << "the delegate outlived us";
}

TEST_F(Conformance, P10_StdinLargerThanAPipeIsReadToItsEnd) {
  Json large = conf();
  large["args"] = {{"cni", {{"labels", Json::array({{{"key", "k"}, {"value", std::string(1U << 20U, 'v')}}})}}}};
  EXPECT_TRUE(succeeded(run("ADD", large)));
  EXPECT_TRUE(succeeded(run("DEL", large)));
  // Also when a delegate gets all of it and does not read it.
  FakePlugin deaf("deaf");
  write_file(
      std::string(kFakeBin) + "/deaf",
      "#!/bin/sh\necho '{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"10.9.0.2/24\",\"gateway\":\"10.9.0.1\"}]}'");
  large["ipam"] = {{"type", "deaf"}};
  EXPECT_TRUE(succeeded(run("ADD", large)));
}

}  // namespace
}  // namespace isthmus::test
