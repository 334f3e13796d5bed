// P11, I10, T05: every wait has an end. The long deadlines run out side by side in one test.
#include <gmock/gmock.h>

#include <csignal>
#include <thread>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

// The longest of all tests, which the build runs beside the others: it does nothing but wait.
TEST_F(Conformance, P11_I10_HungDelegatesAndLocksAreGivenUp) {
  make_pod("other");
  const Picture before = picture();
  FakePlugin hanger("hanger");
  for (const char* verb : {"ADD", "CHECK", "DEL", "GC"})
    hanger.on(verb, "exec sleep 300");
  const Json hung = delegated_conf("hanger");
  // A stopped ADD holds the lock of its attachment.
  FakePlugin stopper("stopper");
  stopper.on("ADD", "exec sleep 300");
  Process holder = call("ADD", delegated_conf("stopper")).id("locked").pod("other").start();
  for (int i = 0; i < 300 && stopper.count("ADD") == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  holder.signal(SIGSTOP);

  Json gc_conf = with_valid(hung, {});
  gc_conf["name"] = "net2";
  struct Hung {
    const char* what;
    Process process;
    double most_ms;
  };
  std::vector<Hung> all;
  all.push_back({"GC", call("GC", gc_conf).start(), 30000});
  all.push_back({"DEL", call("DEL", hung).id("d").start(), 60000});
  all.push_back(
      {"DEL of a locked attachment", call("DEL", delegated_conf("stopper")).id("locked").pod("other").start(), 60000});
  // ADD may take its deadline and the time to undo: below the four minutes of the kubelet all the same.
  all.push_back({"ADD", call("ADD", hung).id("a").start(), 75000});
  for (Hung& one : all) {
    Outcome outcome = one.process.finish(std::chrono::seconds(80));
    EXPECT_TRUE(failed(outcome)) << one.what;
    EXPECT_LT(outcome.ms, one.most_ms) << one.what;
  }
  holder.signal(SIGKILL);
  holder.finish(std::chrono::seconds(2));
  // The delegates are dead; what could not be undone is, once they answer again.
  hanger.on("DEL", "");
  EXPECT_TRUE(succeeded(call("DEL", hung).id("a").run()));
  EXPECT_TRUE(succeeded(call("DEL", delegated_conf("stopper")).id("locked").pod("other").run()));
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, T05_P11_StatusOfAHungDelegateFailsWithinAboutASecond) {
  FakePlugin hanger("hanger");
  hanger.on("STATUS", "exec sleep 60");
  Outcome outcome = run("STATUS", delegated_conf("hanger"));
  EXPECT_TRUE(failed(outcome));
  EXPECT_LT(outcome.ms, 5000);
  for (int i = 0; i < 100 && !marked_processes().empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(marked_processes().empty());
}

TEST_F(Conformance, T05_StatusDoesNotWaitForAnAttachmentsLock) {
  FakePlugin slow("slow");
  slow.on("ADD", "exec sleep 60");
  Process holder = call("ADD", delegated_conf("slow")).start();
  for (int i = 0; i < 300 && slow.count("ADD") == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  holder.signal(SIGSTOP);
  for (const Json& with : {conf(), delegated_conf("slow")}) {
    Outcome outcome = run("STATUS", with);
    EXPECT_TRUE(succeeded(outcome));
    EXPECT_LT(outcome.ms, 5000);
  }
  holder.signal(SIGKILL);
}

}  // namespace
}  // namespace isthmus::test
