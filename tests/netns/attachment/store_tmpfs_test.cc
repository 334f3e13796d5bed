// State on a tmpfs: it dies with the namespaces it tells of.
#include <gmock/gmock.h>

#include <fstream>

#include "plugin/attachment/store.h"
#include "tests/support/private_host.h"
#include "tests/support/temp_dir.h"

namespace isthmus {
namespace {

class StoreOnTmpfs : public test::PrivateHost {
 protected:
  const AttachmentKey key_{*NetworkName::parse("pods"), *ContainerId::parse("c1"), *IfName::parse("eth0")};
  static StateStore open() {
    auto store = StateStore::open("/run/isthmus");
    EXPECT_TRUE(store) << store.error().text();
    return *std::move(store);
  }
};

TEST_F(StoreOnTmpfs, NeedsNoNoteOfTheBoot) {
  ASSERT_TRUE(open().write({.key = key_}));
  EXPECT_THAT(test::names_in("/run/isthmus"), ::testing::ElementsAre("networks"));
  EXPECT_TRUE(*open().read(key_));
  auto existing = StateStore::open_existing("/run/isthmus");
  ASSERT_TRUE(existing && *existing);
}

TEST_F(StoreOnTmpfs, WithANoteOfAnotherBootItIsDiscardedAsAnywhere) {
  ASSERT_TRUE(open().write({.key = key_}));
  std::ofstream("/run/isthmus/boot_id") << "another\n";
  EXPECT_FALSE(*open().read(key_));
  ASSERT_TRUE(open().write({.key = key_}));
  EXPECT_TRUE(*open().read(key_));
}

}  // namespace
}  // namespace isthmus
