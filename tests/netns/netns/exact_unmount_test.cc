#include "netns/exact_unmount.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include "netns/netns_probe.h"
#include "tests/support/child.h"
#include "tests/support/private_host.h"

namespace isthmus {
namespace {

using test::Child;
using test::NamedNetns;
using test::PrivateHost;
using test::shell;

NetnsMount mount_at(const std::string& path, MountSource source = MountSource::automatic) {
  auto mounts = own_netns_mounts(source);
  if (mounts) {
    // The last one is on top.
    for (auto mount = mounts->rbegin(); mount != mounts->rend(); ++mount)
      if (mount->mount_point == path) return *mount;
  }
  ADD_FAILURE() << "no mount at " << path;
  return {};
}

class ExactUnmount : public PrivateHost {
 protected:
  UniqueFd dir_ = UniqueFd(open("/run/netns", O_RDONLY | O_DIRECTORY));
  static bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }
  static bool mounted(const std::string& path) {
    auto mounts = own_netns_mounts();
    for (const auto& mount : *mounts)
      if (mount.mount_point == path) return true;
    return false;
  }
};

TEST_F(ExactUnmount, ExpiresWhatNobodyLooksAt) {
  NamedNetns a("quiet");
  const NetnsMount judged = mount_at(a.path());
  EXPECT_EQ(*expire_exactly(dir_.ref(), "quiet", judged), ExpireOutcome::armed);
  // Reading the mount table is no use of a mount.
  EXPECT_EQ(mount_at(a.path()), judged);
  EXPECT_EQ(*expire_exactly(dir_.ref(), "quiet", judged), ExpireOutcome::unmounted);
  EXPECT_FALSE(mounted(a.path()));
  EXPECT_EQ(*expire_exactly(dir_.ref(), "quiet", judged), ExpireOutcome::changed);
}

TEST_F(ExactUnmount, DoesNotExpireWhatSomebodyLooksAtOrWhatIsAnother) {
  auto name = std::make_unique<NamedNetns>("busy");
  const std::string path = name->path();
  NetnsMount judged = mount_at(path);
  EXPECT_EQ(*expire_exactly(dir_.ref(), "busy", judged), ExpireOutcome::armed);
  EXPECT_TRUE(exists(path));  // a look
  EXPECT_EQ(*expire_exactly(dir_.ref(), "busy", judged), ExpireOutcome::armed);
  UniqueFd use(open(path.c_str(), O_RDONLY));
  EXPECT_EQ(*expire_exactly(dir_.ref(), "busy", judged), ExpireOutcome::busy);
  use.reset();
  EXPECT_EQ(*expire_exactly(dir_.ref(), "busy", judged), ExpireOutcome::armed);
  name.reset();
  name = std::make_unique<NamedNetns>("busy");
  EXPECT_EQ(*expire_exactly(dir_.ref(), "busy", judged), ExpireOutcome::changed);
  judged = mount_at(path);
  ASSERT_EQ(mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr), 0);
  EXPECT_EQ(*expire_exactly(dir_.ref(), "busy", judged), ExpireOutcome::covered);
  EXPECT_EQ(umount2(path.c_str(), MNT_DETACH), 0);
}

TEST_F(ExactUnmount, BothSourcesAgree) {
  NamedNetns a("a b");
  NamedNetns c("c");
  auto calls = own_netns_mounts();
  auto text = own_netns_mounts(MountSource::mountinfo);
  ASSERT_TRUE(calls && text);
  ASSERT_EQ(calls->size(), text->size());
  for (std::size_t i = 0; i < calls->size(); ++i) {
    NetnsMount one = (*calls)[i];
    EXPECT_NE(one.unique_id, 0U);
    one.unique_id = 0;
    EXPECT_EQ(one, (*text)[i]);
  }
}

TEST_F(ExactUnmount, RemovesTheNameAndTheNamespaceDies) {
  NamedNetns web("web");
  NetnsMount judged = mount_at(web.path());
  auto file = file_below(dir_.ref(), "web");
  ASSERT_TRUE(file && *file);
  EXPECT_TRUE((*file)->is_plain_name());
  auto inside = look_inside(web.path(), judged.inode, Deadline::in(std::chrono::seconds(2)));
  ASSERT_TRUE(inside);
  EXPECT_NE(inside->cookie, 0U);
  EXPECT_FALSE(inside->witness.dead());

  auto unmounted = unmount_exactly(dir_.ref(), "web", judged);
  ASSERT_TRUE(unmounted) << unmounted.error().text();
  EXPECT_EQ(*unmounted, UnmountOutcome::unmounted);
  auto removed = remove_name(dir_.ref(), "web", **file);
  ASSERT_TRUE(removed) << removed.error().text();
  EXPECT_EQ(*removed, UnlinkOutcome::removed);
  EXPECT_FALSE(exists(web.path()));
  for (int tries = 0; tries < 200 && !inside->witness.dead(); ++tries)
    usleep(10'000);
  EXPECT_TRUE(inside->witness.dead());
  EXPECT_EQ(*remove_name(dir_.ref(), "web", **file), UnlinkOutcome::absent);
}

TEST_F(ExactUnmount, WithoutUniqueIdsAsWell) {
  NamedNetns web("web");
  NetnsMount judged = mount_at(web.path(), MountSource::mountinfo);
  ASSERT_EQ(judged.unique_id, 0U);
  EXPECT_EQ(*unmount_exactly(dir_.ref(), "web", judged), UnmountOutcome::unmounted);
}

TEST_F(ExactUnmount, LeavesAnotherMountOfThatNameAlone) {
  NetnsMount judged;
  {
    NamedNetns first("web");
    judged = mount_at(first.path());
  }
  NamedNetns second("web");
  EXPECT_EQ(*unmount_exactly(dir_.ref(), "web", judged), UnmountOutcome::changed);
  EXPECT_TRUE(mounted(second.path()));
}

TEST_F(ExactUnmount, SaysChangedForAPlainFileAndForNothing) {
  NetnsMount judged;
  {
    NamedNetns first("web");
    judged = mount_at(first.path());
  }
  EXPECT_EQ(*unmount_exactly(dir_.ref(), "web", judged), UnmountOutcome::changed);
  shell("touch /run/netns/web");
  EXPECT_EQ(*unmount_exactly(dir_.ref(), "web", judged), UnmountOutcome::changed);
  shell("rm /run/netns/web");
}

TEST_F(ExactUnmount, RefusesACoveredMount) {
  NamedNetns web("web");
  NamedNetns cover("cover");
  NetnsMount judged = mount_at(web.path());
  shell("mount --bind /run/netns/cover /run/netns/web");
  auto mounts = own_netns_mounts();
  for (const auto& mount : *mounts) {
    EXPECT_EQ(mount.covered, mount.unique_id == judged.unique_id) << mount.mount_point;
  }
  // By path the cover is there now.
  EXPECT_EQ(*unmount_exactly(dir_.ref(), "web", judged), UnmountOutcome::changed);
  EXPECT_EQ(*unmount_exactly(dir_.ref(), "web", mount_at(web.path())), UnmountOutcome::unmounted);
  EXPECT_EQ(*unmount_exactly(dir_.ref(), "web", judged), UnmountOutcome::unmounted);
}

TEST_F(ExactUnmount, DoesNotUnlinkAStackedName) {
  NamedNetns web("web");
  NamedNetns other("other");
  auto file = file_below(dir_.ref(), "web");
  ASSERT_TRUE(file && *file);
  shell("mount --bind /run/netns/other /run/netns/web");
  EXPECT_EQ(*unmount_exactly(dir_.ref(), "web", mount_at(web.path())), UnmountOutcome::unmounted);
  EXPECT_EQ(*remove_name(dir_.ref(), "web", **file), UnlinkOutcome::still_mounted);
  EXPECT_TRUE(mounted(web.path()));
}

TEST_F(ExactUnmount, DoesNotUnlinkAnotherFileOfThatName) {
  std::optional<NameFile> judged;
  {
    NamedNetns web("web");
    judged = *file_below(dir_.ref(), "web");
  }
  shell("echo text > /run/netns/web");
  EXPECT_EQ(*remove_name(dir_.ref(), "web", *judged), UnlinkOutcome::other_file);
  EXPECT_TRUE(exists("/run/netns/web"));
  shell("rm /run/netns/web; touch /run/netns/web");
  EXPECT_EQ(*remove_name(dir_.ref(), "web", *judged), UnlinkOutcome::other_file);
  shell("rm /run/netns/web");
}

// A copy in a private mount namespace survives umount(2) and goes with the file: nobody has to be ended for it.
TEST_F(ExactUnmount, UnlinkFreesACopyInAnotherMountNamespace) {
  for (auto propagation : {static_cast<unsigned long>(MS_PRIVATE), static_cast<unsigned long>(MS_SLAVE)}) {
    NamedNetns web("web");
    NetnsMount judged = mount_at(web.path());
    auto file = file_below(dir_.ref(), "web");
    auto inside = look_inside(web.path(), judged.inode, Deadline::in(std::chrono::seconds(2)));
    ASSERT_TRUE(inside && file && *file);
    Child monitor(
        [&] { return unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | propagation, nullptr) == 0; });
    ASSERT_EQ(*unmount_exactly(dir_.ref(), "web", judged), UnmountOutcome::unmounted);
    usleep(100'000);
    EXPECT_FALSE(inside->witness.dead());
    ASSERT_EQ(*remove_name(dir_.ref(), "web", **file), UnlinkOutcome::removed);
    for (int tries = 0; tries < 200 && !inside->witness.dead(); ++tries)
      usleep(10'000);
    EXPECT_TRUE(inside->witness.dead());
    EXPECT_EQ(waitpid(monitor.pid(), nullptr, WNOHANG), 0) << "the monitor lives on";
  }
}

TEST_F(ExactUnmount, RefusesADirectoryThatIsNone) {
  const Deadline deadline = Deadline::in(std::chrono::seconds(2));
  auto absent = open_name_directory("/run/absent", deadline);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().word, "reap-root");
  EXPECT_FALSE(open_name_directory("/proc/self/stat", deadline));
  EXPECT_TRUE(open_name_directory("/run/netns", deadline));
}

// One creator makes and removes a name as fast as it can; the reaper judges it, dawdles, and acts. The creator says
// which of its mounts somebody else took away; the reaper, which ones it had judged.
struct Race {
  std::set<std::uint64_t> taken;   // seen by the creator
  std::set<std::uint64_t> judged;  // unmounted, as the reaper believes
  std::size_t left_alone = 0;
  std::size_t fresh_ones_lost() const {
    std::size_t lost = 0;
    for (std::uint64_t id : taken)
      lost += judged.contains(id) ? 0 : 1;
    return lost;
  }
};

void create_and_remove(const std::atomic<bool>& stop, std::set<std::uint64_t>& taken) {
  unshare(CLONE_NEWNET);
  const auto bare = mount_of_file(FdRef::borrow(AT_FDCWD), "/run/netns");
  unsigned seed = 1;
  while (!stop) {
    close(open("/run/netns/race", O_CREAT | O_RDONLY | O_CLOEXEC, 0644));
    if (mount("/proc/thread-self/ns/net", "/run/netns/race", nullptr, MS_BIND, nullptr) != 0) continue;
    auto fresh = mount_of_file(FdRef::borrow(AT_FDCWD), "/run/netns/race");
    // On a busy machine the reaper may have been here already, and this is the file below.
    const bool known = fresh && bare && fresh->unique_id != bare->unique_id;
    usleep(static_cast<useconds_t>(rand_r(&seed) % 1000));
    if (umount2("/run/netns/race", MNT_DETACH) != 0 && known) taken.insert(fresh->unique_id);
    unlink("/run/netns/race");
  }
}

Race race(std::chrono::milliseconds span, const std::function<bool(const NetnsMount&)>& unmount) {
  Race result;
  std::atomic<bool> stop{false};
  std::thread creator([&] { create_and_remove(stop, result.taken); });
  const auto end = std::chrono::steady_clock::now() + span;
  unsigned seed = 2;
  while (std::chrono::steady_clock::now() < end) {
    NetnsMount judged;
    auto mounts = own_netns_mounts();
    for (const auto& mount : *mounts)
      if (mount.mount_point == "/run/netns/race") judged = mount;
    if (judged.unique_id == 0) continue;
    usleep(static_cast<useconds_t>(rand_r(&seed) % 1500));
    if (unmount(judged)) {
      result.judged.insert(judged.unique_id);
    } else {
      ++result.left_alone;
    }
  }
  stop = true;
  creator.join();
  std::printf("%zu unmounted, %zu left alone, %zu fresh mounts lost\n", result.judged.size(), result.left_alone,
              result.fresh_ones_lost());
  return result;
}

TEST_F(ExactUnmount, NeverHitsAFreshMount) {
  const char* seconds = getenv("ISTHMUS_RACE_SECONDS");
  auto exact = race(std::chrono::seconds(seconds != nullptr ? atoi(seconds) : 8), [&](const NetnsMount& judged) {
    auto outcome = unmount_exactly(dir_.ref(), "race", judged);
    return outcome && *outcome == UnmountOutcome::unmounted;
  });
  EXPECT_GT(exact.judged.size(), 20U);
  EXPECT_GT(exact.left_alone, 20U);
  EXPECT_EQ(exact.fresh_ones_lost(), 0U);
}

// The same by path, to see that the test above can fail.
TEST_F(ExactUnmount, WouldHitFreshMountsByPath) {
  auto by_path = race(std::chrono::milliseconds(1500), [](const NetnsMount& judged) {
    return umount2(judged.mount_point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0;
  });
  EXPECT_GT(by_path.fresh_ones_lost(), 0U);
}

}  // namespace
}  // namespace isthmus
