// The state store between processes: locks, SIGKILL, and a discard that many begin at once.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>

#include "netns/boot_id.h"
#include "plugin/attachment/store.h"
#include "tests/support/temp_dir.h"

namespace isthmus {
namespace {

using std::chrono::milliseconds;
using test::names_in;
using test::put_file;

AttachmentKey key_of(const std::string& id) {
  return {*NetworkName::parse("pods"), *ContainerId::parse(id), *IfName::parse("eth0")};
}

class StoreRaceTest : public ::testing::Test {
 protected:
  std::string state() const { return dir_ / "state"; }

  // A process that opens the store, does `work`, says so, and then waits to be killed.
  pid_t child_that(const std::function<bool(StateStore&)>& work) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto store = StateStore::open(state());
      char answer = store && work(*store) ? 'y' : 'n';
      if (write(ready[1], &answer, 1) != 1) _exit(1);
      while (true)
        pause();
    }
    char answer = '?';
    EXPECT_EQ(read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    close(ready[0]);
    close(ready[1]);
    return pid;
  }
  static void kill_and_wait(pid_t pid) {
    kill(pid, SIGKILL);
    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
  }

  test::TempDir dir_;
};

TEST_F(StoreRaceTest, Z04_ABusyAttachmentNamesItsHolderUntilThatIsKilled) {
  pid_t holder =
      child_that([](StateStore& store) { return bool(store.lock(key_of("c1"), Deadline::in(milliseconds(0)))); });
  auto store = StateStore::open(state());
  ASSERT_TRUE(store);
  auto busy = store->lock(key_of("c1"), Deadline::in(milliseconds(60)));
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().word, "attachment-busy");
  EXPECT_NE(busy.error().text().find("pid " + std::to_string(holder) + " ("), std::string::npos) << busy.error().text();
  EXPECT_FALSE(*store->try_lock(key_of("c1")));
  EXPECT_TRUE(store->lock(key_of("c2"), Deadline::in(milliseconds(0)))) << "another attachment is free";
  kill_and_wait(holder);
  EXPECT_TRUE(store->lock(key_of("c1"), Deadline::in(milliseconds(1000))));
}

TEST_F(StoreRaceTest, WaitingEndsWhenTheHolderUnlocks) {
  auto store = StateStore::open(state());
  ASSERT_TRUE(store && store->lock(key_of("c1"), Deadline::in(milliseconds(0))));
  pid_t waiter = fork();
  if (waiter == 0) {
    auto own = StateStore::open(state());
    if (!own || *own->try_lock(key_of("c1"))) _exit(1);
    _exit(own->lock(key_of("c1"), Deadline::in(milliseconds(10000))) ? 0 : 2);
  }
  usleep(50000);
  store->unlock(key_of("c1"));
  int status = -1;
  EXPECT_EQ(waitpid(waiter, &status, 0), waiter);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(*store->try_lock(key_of("c1")));
}

TEST_F(StoreRaceTest, ReadingAndWritingDropNoLock) {
  pid_t holder = child_that([](StateStore& store) {
    if (!store.lock(key_of("c1"), Deadline::in(milliseconds(0)))) return false;
    Record record{.key = key_of("c1")};
    return store.write(record) && store.read(key_of("c1")) && store.list(key_of("c1").network) &&
           store.remove(key_of("c1"));
  });
  auto store = StateStore::open(state());
  EXPECT_FALSE(*store->try_lock(key_of("c1")));
  kill_and_wait(holder);
}

TEST_F(StoreRaceTest, Z03_KilledAtAnyMomentARecordIsCompleteAbsentOrTheOneBefore) {
  unsigned pause_us = 0;
  for (int round = 0; round < 150; ++round) {
    pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto store = StateStore::open(state());
      Record record{.key = key_of("c" + std::to_string(round % 5))};
      while (store) {
        record.phase = record.phase == Record::Phase::intent ? Record::Phase::complete : Record::Phase::intent;
        record.config = std::string(record.phase == Record::Phase::intent ? 20000 : 100, 'x');
        if (!store->write(record)) break;
        if (record.phase == Record::Phase::complete && !store->remove(record.key)) break;
      }
      _exit(1);
    }
    usleep(pause_us);
    pause_us = (pause_us + 31) % 2000;
    kill(pid, SIGKILL);
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it could not write";
    auto store = StateStore::open(state());
    auto listed = store->list(key_of("c1").network);
    ASSERT_TRUE(listed);
    for (const auto& [name, record] : *listed)
      EXPECT_TRUE(record) << name << ": " << record.error().text();
  }
  auto store = StateStore::open(state());
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(store->remove(key_of("c" + std::to_string(i))));
  EXPECT_TRUE(names_in(state() + "/networks").empty()) << "a temporary file stayed behind";
}

TEST_F(StoreRaceTest, Z05_ManyDiscardAnOldBootAtOnceAndSomeAreKilled) {
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 200; ++i)
      put_file(state() + "/networks/old/leases/10.1.0." + std::to_string(i), "x\ny\n");
    ASSERT_EQ(chmod(state().c_str(), 0700), 0);
    put_file(state() + "/boot_id", std::string(36, 'a' + static_cast<char>(round)) + "\n");
    std::vector<pid_t> children;
    for (int i = 0; i < 12; ++i) {
      pid_t pid = fork();
      if (pid == 0) {
        auto store = StateStore::open(state());
        Record record{.key = key_of("c" + std::to_string(i))};
        _exit(store && store->write(record) ? 0 : 1);
      }
      children.push_back(pid);
    }
    usleep(static_cast<unsigned>(500 * round));
    kill(children[0], SIGKILL);
    kill(children[1], SIGKILL);
    for (std::size_t i = 0; i < children.size(); ++i) {
      int status = -1;
      EXPECT_EQ(waitpid(children[i], &status, 0), children[i]);
      if (i > 1) {
        EXPECT_EQ(status, 0);
      }
    }
    auto store = StateStore::open(state());
    ASSERT_TRUE(store);
    EXPECT_FALSE(std::filesystem::exists(state() + "/networks/old"));
    EXPECT_FALSE(std::filesystem::exists(state() + "/networks.old"));
    EXPECT_GE(store->list(key_of("c1").network)->size(), 10U) << "a record of this boot was discarded";
  }
}

}  // namespace
}  // namespace isthmus
