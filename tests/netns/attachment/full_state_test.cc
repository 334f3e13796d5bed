// Records on a file system that is full or read-only.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/attachment/store.h"
#include "tests/support/private_host.h"
#include "tests/support/temp_dir.h"

namespace isthmus {
namespace {

using test::names_in;

AttachmentKey key(const std::string& id) {
  return {*NetworkName::parse("pods"), *ContainerId::parse(id), *IfName::parse("eth0")};
}

class FullRecords : public test::PrivateHost {
 protected:
  void SetUp() override {
    PrivateHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_EQ(mkdir("/run/records", 0700), 0);
    ASSERT_EQ(mount("tmpfs", "/run/records", "tmpfs", 0, "size=64k,mode=0700"), 0);
  }
  void TearDown() override {
    while (umount2("/run/records", MNT_DETACH) == 0) {
    }
    rmdir("/run/records");
  }
  static void fill() {
    int fd = open("/run/records/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
    std::string block(4096, 'x');
    while (write(fd, block.data(), block.size()) > 0) {
    }
    close(fd);
  }
};

TEST_F(FullRecords, WithoutRoomTheOldRecordStaysAndNothingElse) {
  auto store = StateStore::open("/run/records");
  ASSERT_TRUE(store) << store.error().text();
  Record record{.key = key("c1")};
  ASSERT_TRUE(store->write(record));
  fill();
  Record larger = record;
  larger.phase = Record::Phase::complete;
  for (const Record& refused : {larger, Record{.key = key("c2")}}) {
    auto written = store->write(refused);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().word, "state-unwritable");
    EXPECT_EQ(written.error().err, ENOSPC);
  }
  EXPECT_EQ(*store->read(key("c1")), record);
  EXPECT_EQ(names_in("/run/records/networks/pods/attachments"), std::vector<std::string>{"c1:eth0"});
  auto removed = store->remove(key("c1"));
  EXPECT_TRUE(removed) << removed.error().text();
  EXPECT_TRUE(names_in("/run/records/networks").empty());
}

TEST_F(FullRecords, ReadOnlyIsReadableAndSaysSoOnWriting) {
  {
    auto store = StateStore::open("/run/records");
    ASSERT_TRUE(store && store->write(Record{.key = key("c1")}));
  }
  ASSERT_EQ(mount(nullptr, "/run/records", nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  auto store = StateStore::open_existing("/run/records");
  ASSERT_TRUE(store && *store);
  EXPECT_TRUE(*(**store).read(key("c1")));
  auto written = (**store).write(Record{.key = key("c2")});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().err, EROFS);
  EXPECT_FALSE((**store).remove(key("c1")));
}

}  // namespace
}  // namespace isthmus
