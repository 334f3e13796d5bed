// The file helpers on a file system that has no room left.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "netns/file.h"
#include "tests/support/private_host.h"

namespace isthmus {
namespace {

class FullDisk : public test::PrivateHost {
 protected:
  void SetUp() override {
    PrivateHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_EQ(mkdir("/run/small", 0700), 0);
    ASSERT_EQ(mount("tmpfs", "/run/small", "tmpfs", 0, "size=4k,nr_inodes=4"), 0);
    auto dir = open_directory("/run/small");
    ASSERT_TRUE(dir);
    dir_ = *std::move(dir);
  }
  void TearDown() override {
    dir_.reset();
    umount2("/run/small", MNT_DETACH);
    rmdir("/run/small");
  }
  static std::size_t entries() {
    std::filesystem::directory_iterator all("/run/small");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  UniqueFd dir_;
};

TEST_F(FullDisk, TheOldFileStaysAndNoTemporaryFileDoes) {
  ASSERT_TRUE(write_file_atomically(dir_.ref(), "a", "old", 0600));
  auto status = write_file_atomically(dir_.ref(), "a", std::string(8192, 'x'), 0600);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().err, ENOSPC);
  EXPECT_EQ(status.error().object, "'/run/small/a'");
  EXPECT_EQ(entries(), 1U);
  auto left = read_small_file(dir_.ref(), "a", 100);
  ASSERT_TRUE(left);
  EXPECT_EQ(*left, "old");
}

TEST_F(FullDisk, NoInodeLeftIsAnErrorToo) {
  while (true) {
    std::string name = "f" + std::to_string(entries());
    if (auto made = write_file_atomically(dir_.ref(), name, "", 0600); !made) break;
    ASSERT_LT(entries(), 10U);
  }
  std::size_t before = entries();
  auto file = write_file_atomically(dir_.ref(), "one-more", "x", 0600);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().err, ENOSPC);
  auto directory = open_or_make_directory(dir_.ref(), "d", 0700);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().err, ENOSPC);
  EXPECT_EQ(entries(), before);
}

TEST_F(FullDisk, AReadOnlyFileSystemIsEROFS) {
  ASSERT_EQ(mount(nullptr, "/run/small", nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  EXPECT_EQ(write_file_atomically(dir_.ref(), "a", "x", 0600).error().err, EROFS);
  EXPECT_EQ(open_or_make_directory(dir_.ref(), "d", 0700).error().err, EROFS);
}

}  // namespace
}  // namespace isthmus
