// Records that outlive their attachment as long as the namespace has its name.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "plugin/attachment/store.h"
#include "tests/support/private_host.h"
#include "tests/support/temp_dir.h"

namespace isthmus {
namespace {

using test::NamedNetns;
using test::names_in;

Record record_in(const std::string& path, const std::string& id = "c1", std::uint64_t cookie = 7) {
  Record record{.key = {*NetworkName::parse("pods"), *ContainerId::parse(id), *IfName::parse("eth0")}};
  struct stat found {};
  EXPECT_EQ(stat(path.c_str(), &found), 0) << path;
  record.netns = path;
  record.netns_id = {found.st_dev, found.st_ino};
  record.netns_cookie = cookie;
  return record;
}

class Released : public test::PrivateHost {
 protected:
  StateStore open() { return *StateStore::open(dir_ / "state"); }
  void retire(const Record& record) {
    StateStore store = open();
    ASSERT_TRUE(store.write(record));
    auto retired = store.retire(record);
    ASSERT_TRUE(retired) << retired.error().text();
    EXPECT_EQ(*store.read(record.key), std::nullopt);
  }
  std::size_t kept() { return names_in(dir_ / "state/released").size(); }
  test::TempDir dir_;
};

TEST_F(Released, IsKeptWhileTheNameIsThere) {
  auto name = std::make_unique<NamedNetns>("one");
  Record record = record_in(name->path());
  retire(record);
  EXPECT_EQ(*open().released(), std::vector<Record>{record});
  EXPECT_TRUE(names_in(dir_ / "state/networks").empty()) << "the network has no attachment";
  ASSERT_TRUE(open().sweep_released());
  EXPECT_EQ(kept(), 1U);
  retire(record);
  EXPECT_EQ(kept(), 1U) << "released twice, it is one all the same";
  name.reset();
  ASSERT_TRUE(open().sweep_released());
  EXPECT_EQ(kept(), 0U);
}

TEST_F(Released, IsNotKeptWithoutProof) {
  NamedNetns name("two");
  retire(record_in(name.path(), "c1", 0));
  Record other = record_in(name.path());
  other.netns_id.inode += 1;
  retire(other);
  Record of_task = record_in(name.path());
  of_task.netns = "/proc/" + std::to_string(getpid()) + "/ns/net";
  of_task.netns_id = record_in(of_task.netns).netns_id;
  retire(of_task);
  Record gone = record_in(name.path());
  gone.netns = "/run/netns/never";
  retire(gone);
  EXPECT_EQ(kept(), 0U);
}

TEST_F(Released, EachNamespaceOfAContainerHasItsOwn) {
  NamedNetns one("a");
  NamedNetns two("b");
  retire(record_in(one.path(), "c1", 7));
  retire(record_in(two.path(), "c1", 8));
  retire(record_in(two.path(), "c2", 8));
  EXPECT_EQ(kept(), 3U);
}

// One DEL looks at a few, but one after the other they keep up, also beside names that stay.
TEST_F(Released, EachDelSweepsSome) {
  std::vector<std::unique_ptr<NamedNetns>> staying;
  for (int i = 0; i < 10; ++i) {
    staying.push_back(std::make_unique<NamedNetns>("stay" + std::to_string(i)));
    retire(record_in(staying.back()->path(), "stay" + std::to_string(i)));
  }
  for (int i = 0; i < 60; ++i) {
    NamedNetns going("go");
    retire(record_in(going.path(), "go" + std::to_string(i), 1000 + static_cast<std::uint64_t>(i)));
  }
  EXPECT_LE(kept(), 45U);
  EXPECT_GE(kept(), 11U);
}

}  // namespace
}  // namespace isthmus
