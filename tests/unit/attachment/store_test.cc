#include "plugin/attachment/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns/boot_id.h"
#include "tests/support/temp_dir.h"

namespace isthmus {
namespace {

using test::get_file;
using test::mode_of;
using test::names_in;
using test::put_file;

AttachmentKey key(const std::string& id, const std::string& network = "pods") {
  return {*NetworkName::parse(network), *ContainerId::parse(id), *IfName::parse("eth0")};
}

Record record_of(const AttachmentKey& of, Record::Phase phase = Record::Phase::intent) {
  Record record{.key = of};
  record.phase = phase;
  record.mode = "ptp";
  return record;
}

class StateStoreTest : public ::testing::Test {
 protected:
  StateStore open() {
    auto store = StateStore::open(state());
    EXPECT_TRUE(store) << store.error().text();
    return *std::move(store);
  }
  void write(StateStore& store, const Record& record) {
    auto written = store.write(record);
    ASSERT_TRUE(written) << written.error().text();
  }
  std::string state() const { return dir_ / "run/state"; }
  std::string network_dir(const std::string& name = "pods") const { return state() + "/networks/" + name; }
  std::string attachments() const { return network_dir() + "/attachments"; }

  test::TempDir dir_;
};

TEST_F(StateStoreTest, SaysWhetherANetworkHasAnotherAttachment) {
  StateStore store = open();
  EXPECT_FALSE(*store.has_other(key("c1"))) << "no such network";
  write(store, record_of(key("c1")));
  put_file(attachments() + "/.t0123456789abcdef", "left by a kill");
  EXPECT_FALSE(*store.has_other(key("c1"))) << "itself and a temporary file";
  EXPECT_TRUE(*store.has_other(key("c2")));
  // More names than are read at once.
  for (int i = 0; i < 100; ++i)
    put_file(attachments() + "/." + std::string(40, 'x') + std::to_string(i), "");
  EXPECT_FALSE(*store.has_other(key("c1")));
  write(store, record_of(key("c2")));
  EXPECT_TRUE(*store.has_other(key("c1")));
}

TEST_F(StateStoreTest, ARecordIsOneFilePrivateToUs) {
  mode_t before = umask(geteuid() == 0 ? 0777 : 0077);
  StateStore store = open();
  write(store, record_of(key("c1")));
  write(store, record_of(key("c2"), Record::Phase::complete));
  umask(before);
  EXPECT_EQ(names_in(attachments()), (std::vector<std::string>{"c1:eth0", "c2:eth0"}));
  EXPECT_EQ(mode_of(attachments() + "/c1:eth0"), 0600U);
  EXPECT_EQ(mode_of(attachments() + "/c2:eth0"), 0600U);
  for (const auto& directory : {dir_ / "run", state(), state() + "/networks", network_dir(), attachments()}) {
    EXPECT_EQ(mode_of(directory), 0700U) << directory;
  }
  EXPECT_EQ(get_file(state() + "/boot_id"), *boot_id() + "\n");
}

TEST_F(StateStoreTest, WhatIsWrittenIsReadAndReplaced) {
  StateStore store = open();
  EXPECT_EQ(*store.read(key("c1")), std::nullopt);
  write(store, record_of(key("c1")));
  EXPECT_EQ(*store.read(key("c1")), record_of(key("c1")));
  for (auto phase : {Record::Phase::complete, Record::Phase::intent}) {
    write(store, record_of(key("c1"), phase));
    EXPECT_EQ(*store.read(key("c1")), record_of(key("c1"), phase));
  }
  EXPECT_EQ(*store.read(key("c2")), std::nullopt);
  EXPECT_EQ(*store.read(key("c1", "other")), std::nullopt);
}

TEST_F(StateStoreTest, NamesThatAreTooLongForAFileWork) {
  StateStore store = open();
  AttachmentKey one = key(std::string(300, 'a') + "1");
  AttachmentKey two = key(std::string(300, 'a') + "2");
  write(store, record_of(one));
  write(store, record_of(two, Record::Phase::complete));
  EXPECT_EQ(*store.read(one), record_of(one));
  EXPECT_EQ(*store.read(two), record_of(two, Record::Phase::complete));
  EXPECT_EQ(store.list(one.network)->size(), 2U);
  EXPECT_TRUE(store.remove(one));
  EXPECT_EQ(*store.read(one), std::nullopt);
  EXPECT_TRUE(*store.read(two));
}

TEST_F(StateStoreTest, D01_AfterTheLastOneNothingIsLeftButTheCursor) {
  StateStore store = open();
  write(store, record_of(key("c1")));
  write(store, record_of(key("c2")));
  std::filesystem::create_directories(network_dir() + "/leases");
  EXPECT_EQ(*store.networks(), std::vector<std::string>{"pods"});
  EXPECT_TRUE(store.remove(key("c1")));
  EXPECT_TRUE(store.remove(key("c1"))) << "again";
  EXPECT_EQ(names_in(attachments()), std::vector<std::string>{"c2:eth0"});
  put_file(network_dir() + "/cursor.0", "10.1.0.2");
  EXPECT_TRUE(store.remove(key("c2")));
  EXPECT_EQ(names_in(network_dir()), std::vector<std::string>{"cursor.0"});
  EXPECT_TRUE(store.networks()->empty());
  write(store, record_of(key("c3", "layer2")));
  EXPECT_TRUE(store.remove(key("c3", "layer2")));
  EXPECT_FALSE(std::filesystem::exists(network_dir("layer2")));
  EXPECT_TRUE(store.remove(key("c4", "never")));
}

TEST_F(StateStoreTest, AHeldLeaseKeepsItsNetwork) {
  StateStore store = open();
  put_file(network_dir() + "/leases/10.1.0.2", "c1\neth0\n");
  EXPECT_EQ(*store.networks(), std::vector<std::string>{"pods"});
  EXPECT_TRUE(store.remove(key("c1")));
  EXPECT_TRUE(std::filesystem::exists(network_dir() + "/leases/10.1.0.2"));
}

TEST_F(StateStoreTest, Z06_TornAndForeignRecordsAreListedReadAsErrorsAndDiscarded) {
  StateStore store = open();
  write(store, record_of(key("c1")));
  put_file(attachments() + "/c2:eth0", "{\"format\":1,");
  put_file(attachments() + "/c3:eth0", to_json(record_of(key("c1"))));
  put_file(attachments() + "/notes", "");
  put_file(attachments() + "/.temporary", "half");
  put_file(dir_ / "secret", to_json(record_of(key("c4"))));
  ASSERT_EQ(symlink((dir_ / "secret").c_str(), (attachments() + "/c4:eth0").c_str()), 0);
  ASSERT_EQ(mkfifo((attachments() + "/c5:eth0").c_str(), 0600), 0);
  auto listed = store.list(*NetworkName::parse("pods"));
  ASSERT_TRUE(listed) << listed.error().text();
  std::string text;
  for (const auto& [name, record] : *listed)
    text += name + "=" + (record ? "ok" : record.error().word) + " ";
  EXPECT_EQ(text,
            "c1:eth0=ok c2:eth0=bad-record c3:eth0=bad-record c4:eth0=bad-record c5:eth0=bad-record "
            "notes=bad-record ");
  for (const char* id : {"c2", "c3", "c4", "c5"}) {
    auto read = store.read(key(id));
    ASSERT_FALSE(read) << id;
    EXPECT_EQ(read.error().word, "bad-record");
    EXPECT_NE(read.error().text().find(id + std::string(":eth0")), std::string::npos) << read.error().text();
    EXPECT_TRUE(store.discard(*NetworkName::parse("pods"), id + std::string(":eth0")));
    EXPECT_EQ(*store.read(key(id)), std::nullopt);
  }
  EXPECT_FALSE(store.discard(*NetworkName::parse("pods"), "../../boot_id"));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "secret"));
  // A record in the place of a torn one.
  put_file(attachments() + "/c2:eth0", "torn");
  write(store, record_of(key("c2")));
  EXPECT_TRUE(*store.read(key("c2")));
}

TEST_F(StateStoreTest, OpenExistingMakesNothing) {
  auto store = StateStore::open_existing(state());
  ASSERT_TRUE(store);
  EXPECT_FALSE(*store);
  EXPECT_TRUE(names_in(dir_.path()).empty());
  open();
  auto there = StateStore::open_existing(state());
  ASSERT_TRUE(there);
  EXPECT_TRUE(*there);
}

TEST_F(StateStoreTest, Z05_AnotherBootsStateIsDiscarded) {
  StateStore old = open();
  write(old, record_of(key("c1")));
  put_file(network_dir() + "/leases/10.1.0.2", "c1\neth0\n");
  put_file(network_dir() + "/attachments/.half", "");
  put_file(network_dir() + "/cursor.0", "10.1.0.2");
  put_file(state() + "/networks.old/pods/leases/10.1.0.9", "of a discard that was killed");
  std::string another(36, '0');
  put_file(state() + "/boot_id", another + "\n");
  auto existing = StateStore::open_existing(state());
  ASSERT_TRUE(existing);
  EXPECT_FALSE(*existing) << "it is another boot's";
  EXPECT_EQ(get_file(state() + "/boot_id"), another + "\n") << "and was not changed";
  StateStore store = open();
  EXPECT_EQ(*store.read(key("c1")), std::nullopt);
  EXPECT_EQ(names_in(state()), (std::vector<std::string>{"boot_id", "lock"}));
  EXPECT_EQ(get_file(state() + "/boot_id"), *boot_id() + "\n");
}

TEST_F(StateStoreTest, StateWithoutABootIdIsKept) {
  {
    StateStore store = open();
    write(store, record_of(key("c1")));
  }
  std::filesystem::remove(state() + "/boot_id");
  EXPECT_TRUE(*open().read(key("c1")));
}

TEST_F(StateStoreTest, ADirectoryOthersMayWriteToIsRefused) {
  open();
  for (mode_t mode : {0770, 0707, 0777, 01777}) {
    ASSERT_EQ(chmod(state().c_str(), mode), 0);
    auto store = StateStore::open(state());
    ASSERT_FALSE(store) << mode;
    EXPECT_EQ(store.error().word, "state-untrusted");
    EXPECT_FALSE(StateStore::open_existing(state()));
  }
  ASSERT_EQ(chmod(state().c_str(), 0755), 0);
  EXPECT_TRUE(StateStore::open(state())) << "readable by others is fine";
}

TEST_F(StateStoreTest, ADirectoryOfAnotherUserIsRefused) {
  std::filesystem::create_directories(state());
  if (chown(state().c_str(), 12345, 12345) != 0) GTEST_SKIP() << "only root can give a directory away";
  auto store = StateStore::open(state());
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text().find("it belongs to user 12345, not to us [state-untrusted]"), std::string::npos)
      << store.error().text();
}

TEST_F(StateStoreTest, ASymbolicLinkInItsPlaceIsRefused) {
  std::filesystem::create_directories(dir_ / "elsewhere");
  std::filesystem::create_directories(dir_ / "run");
  ASSERT_EQ(symlink((dir_ / "elsewhere").c_str(), state().c_str()), 0);
  for (const std::string& path : {state(), state() + "/", state() + "//"}) {
    auto store = StateStore::open(path);
    ASSERT_FALSE(store) << path;
    EXPECT_EQ(store.error().word, "state-untrusted");
  }
  EXPECT_TRUE(names_in(dir_ / "elsewhere").empty());
}

}  // namespace
}  // namespace isthmus
