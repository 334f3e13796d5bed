// T: STATUS says whether ADD could work, cheaply and without touching anything.
#include <gmock/gmock.h>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;

TEST_F(Conformance, T01_ReadyIsSilence) {
  FakePlugin fake("fake");
  for (const Json& with : {conf(), dual_stack_conf(), delegated_conf("fake")}) {
    Outcome outcome = run("STATUS", with);
    EXPECT_EQ(outcome.status, 0) << outcome.out;
    EXPECT_EQ(outcome.out, "");
  }
}

testing::AssertionResult not_available(const Outcome& outcome) {
  if (auto well_formed = failed(outcome); !well_formed) return well_formed;
  const unsigned code = error_of(outcome)["code"];
  if (code == 50 || code == 51) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "not 50 or 51: " << outcome.out;
}

TEST_F(Conformance, T02_NotReadyIsCode50) {
  EXPECT_TRUE(not_available(run("STATUS", delegated_conf("absent"))));
  shell("mkdir /run/ro && mount -t tmpfs -o ro tmpfs /run/ro");
  Json unwritable = conf();
  unwritable["stateDir"] = "/run/ro/state";
  EXPECT_TRUE(not_available(run("STATUS", unwritable)));
  Call powerless = call("STATUS", conf());
  powerless.setup.without_net_admin = true;
  EXPECT_TRUE(not_available(powerless.run()));
}

TEST_F(Conformance, T02_ExhaustedPoolIsCode50) {
  Json small = conf();
  small["ipam"]["subnet"] = "10.244.1.0/30";
  EXPECT_TRUE(succeeded(run("STATUS", small)));
  add(small);
  Outcome outcome = run("STATUS", small);
  EXPECT_TRUE(not_available(outcome));
  EXPECT_THAT(error_text(outcome), HasSubstr("10.244.1."));
  EXPECT_TRUE(succeeded(run("DEL", small)));
  EXPECT_TRUE(succeeded(run("STATUS", small)));
}

TEST_F(Conformance, T03_DelegateIsAskedAndItsErrorPassedOn) {
  FakePlugin fake("fake");
  EXPECT_TRUE(succeeded(run("STATUS", delegated_conf("fake"))));
  EXPECT_EQ(fake.calls(), std::vector<std::string>{"STATUS"});
  fake.fails("STATUS", 51, "the pool is degraded", "see the pool");
  Json error = error_of(run("STATUS", delegated_conf("fake")));
  EXPECT_EQ(error["code"], 51);
  EXPECT_EQ(error["msg"], "the pool is degraded");
  EXPECT_EQ(error.value("details", ""), "see the pool");
}

TEST_F(Conformance, T04_OtherVerbsDoNotDependOnStatus) {
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1").fails("STATUS", 50, "not now");
  const Json with = delegated_conf("fake");
  const Picture before = picture();
  EXPECT_TRUE(failed_with(50, run("STATUS", with)));
  Json result = add(with);
  EXPECT_TRUE(failed_with(50, run("STATUS", with)));
  EXPECT_TRUE(succeeded(run("CHECK", with_prev(with, result))));
  EXPECT_TRUE(succeeded(run("GC", with_valid(with, {{"c1", "eth0"}}))));
  EXPECT_TRUE(succeeded(run("DEL", with)));
  EXPECT_TRUE(nothing_changed_since(before));
  // The same with a full embedded pool.
  Json small = conf();
  small["ipam"]["subnet"] = "10.244.1.0/30";
  result = add(small);
  EXPECT_TRUE(failed_with(50, run("STATUS", small)));
  EXPECT_TRUE(succeeded(run("CHECK", with_prev(small, result))));
  EXPECT_TRUE(succeeded(run("DEL", small)));
}

TEST_F(Conformance, T06_StatusChangesNothingAndDelaysNobody) {
  // Before anything else was called there is no state, and STATUS makes none.
  EXPECT_TRUE(succeeded(run("STATUS", conf())));
  EXPECT_TRUE(names_in(std::string(kStateDir) + "/networks").empty());
  add(conf());
  const Picture before = picture();
  double slowest = 0;
  for (int i = 0; i < 50; ++i) {
    Outcome outcome = run("STATUS", conf());
    EXPECT_TRUE(succeeded(outcome));
    slowest = std::max(slowest, outcome.ms);
  }
  EXPECT_LT(slowest, 5000);
  EXPECT_TRUE(nothing_changed_since(before));
  // A crowd of them beside an ADD.
  make_pod("other");
  std::vector<Process> crowd;
  for (int i = 0; i < 20; ++i)
    crowd.push_back(call("STATUS", conf()).start());
  Outcome added = call("ADD", conf()).id("c2").pod("other").run();
  EXPECT_TRUE(succeeded(added));
  EXPECT_LT(added.ms, 10000);
  for (Process& process : crowd)
    EXPECT_TRUE(succeeded(process.finish()));
}

}  // namespace
}  // namespace isthmus::test
