#include "netns/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace isthmus {
namespace {

// A directory of the test's own, and an umask that would spoil every mode.
class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "isthmus-file-XXXXXX";
    ASSERT_NE(mkdtemp(path_.data()), nullptr);
    auto dir = open_directory(path_);
    ASSERT_TRUE(dir);
    dir_ = *std::move(dir);
    old_umask_ = umask(0077);
  }
  void TearDown() override {
    umask(old_umask_);
    std::filesystem::remove_all(path_);
  }

  FdRef dir() const { return dir_.ref(); }
  std::string at(const std::string& name) const { return path_ + "/" + name; }
  mode_t mode_of(const std::string& path) const {
    struct stat found {};
    EXPECT_EQ(lstat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777;
  }
  std::size_t entries() const {
    std::filesystem::directory_iterator all(path_);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  void put(const std::string& name, const std::string& bytes) {
    auto status = write_file_atomically(dir(), name, bytes, 0600);
    ASSERT_TRUE(status) << status.error().text();
  }
  std::string get(const std::string& name) {
    auto bytes = read_small_file(dir(), name, 1 << 20);
    return bytes ? *bytes : bytes.error().text();
  }

  std::string path_;
  UniqueFd dir_;
  mode_t old_umask_ = 0;
};

TEST_F(FileTest, WhatIsWrittenIsRead) {
  std::string bytes(10000, 'x');
  bytes += std::string("\0\n", 2);
  put("a", bytes);
  EXPECT_EQ(get("a"), bytes);
  put("a", "");
  EXPECT_EQ(get("a"), "");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(FileTest, TheModeIsExactWhateverTheUmask) {
  auto status = write_file_atomically(dir(), "a", "x", 0664);
  ASSERT_TRUE(status);
  EXPECT_EQ(mode_of(at("a")), 0664U);
}

TEST_F(FileTest, AReaderOfTheOldFileKeepsTheOldBytes) {
  put("a", "old");
  UniqueFd reader(open(at("a").c_str(), O_RDONLY | O_CLOEXEC));
  put("a", "new and longer");
  char buffer[16] = {};
  EXPECT_EQ(read(reader.ref().number(), buffer, sizeof buffer), 3);
  EXPECT_STREQ(buffer, "old");
}

TEST_F(FileTest, APlantedLinkIsReplacedAndItsTargetUntouched) {
  put("victim", "precious");
  ASSERT_EQ(symlink(at("victim").c_str(), at("a").c_str()), 0);
  put("a", "ours");
  EXPECT_EQ(get("victim"), "precious");
  EXPECT_EQ(get("a"), "ours");
}

TEST_F(FileTest, ALeftTemporaryFileIsNeitherUsedNorInTheWay) {
  std::string left = std::string(kTempPrefix) + std::to_string(getpid()) + ".0";
  put(left, "of a process that was killed, or one in another pid namespace that is alive");
  std::string before = get(left);
  put("a", "ours");
  EXPECT_EQ(get("a"), "ours");
  EXPECT_EQ(get(left), before);
}

TEST_F(FileTest, AFailedReplacementTakesTheTemporaryFileBack) {
  ASSERT_EQ(mkdir(at("a").c_str(), 0700), 0);
  auto status = write_file_atomically(dir(), "a", "x", 0600);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().err, EISDIR);
  EXPECT_EQ(status.error().object, "'" + at("a") + "'");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(FileTest, AbsentIsENOENTWithThePath) {
  auto bytes = read_small_file(dir(), "nothing", 10);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().err, ENOENT);
  EXPECT_EQ(bytes.error().object, "'" + at("nothing") + "'");
}

TEST_F(FileTest, AnAbsolutePathKeepsItsOwnErrno) {
  auto bytes = read_small_file(FdRef::borrow(AT_FDCWD), path_, 10);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().err, EINVAL) << "a directory";
  EXPECT_EQ(bytes.error().object, "'" + path_ + "'");
  errno = EIO;
  path_of(FdRef::borrow(AT_FDCWD));
  EXPECT_EQ(errno, EIO);
}

TEST_F(FileTest, TheLimitIsInclusive) {
  put("a", "12345");
  EXPECT_TRUE(read_small_file(dir(), "a", 5));
  auto longer = read_small_file(dir(), "a", 4);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().err, EFBIG);
}

TEST_F(FileTest, LinesAreReadFromTheBeginning) {
  put("a", "one\ntwo\nthree\n");
  UniqueFd file(open(at("a").c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[100];
  for (int again = 0; again < 2; ++again) {
    ssize_t size = read_lines(file.ref(), buffer, 3);
    EXPECT_EQ(std::string_view(buffer, static_cast<std::size_t>(size)), "one\ntwo\nthree\n");
  }
  EXPECT_EQ(read_lines(file.ref(), std::span(buffer).first(5), 3), 5);
  EXPECT_EQ(read_lines(file.ref(), buffer, 9), 14) << "the end of the file ends it too";
  EXPECT_LT(read_lines(dir(), buffer, 1), 0);
  EXPECT_EQ(errno, EISDIR);
  ASSERT_EQ(mkfifo(at("fifo").c_str(), 0600), 0);
  UniqueFd fifo(open(at("fifo").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  EXPECT_EQ(read_lines(fifo.ref(), buffer, 1), 0);
}

TEST_F(FileTest, ReadingFollowsNoLinkAndWaitsForNoFifo) {
  put("a", "x");
  ASSERT_EQ(symlink("a", at("link").c_str()), 0);
  EXPECT_EQ(read_small_file(dir(), "link", 10).error().err, ELOOP);
  ASSERT_EQ(mkfifo(at("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_small_file(dir(), "fifo", 10).error().err, EINVAL);
  ASSERT_EQ(mkdir(at("dir").c_str(), 0700), 0);
  EXPECT_EQ(read_small_file(dir(), "dir", 10).error().err, EINVAL);
}

TEST_F(FileTest, ADirectoryIsMadeWithItsExactMode) {
  auto made = open_or_make_directory(dir(), "d", 0755);
  ASSERT_TRUE(made);
  EXPECT_EQ(mode_of(at("d")), 0755U);
}

TEST_F(FileTest, AnExistingDirectoryKeepsItsMode) {
  ASSERT_EQ(mkdir(at("d").c_str(), 0700), 0);
  ASSERT_TRUE(open_or_make_directory(dir(), "d", 0755));
  EXPECT_EQ(mode_of(at("d")), 0700U);
}

TEST_F(FileTest, ALinkOrAFileInPlaceOfADirectoryIsRefused) {
  ASSERT_EQ(symlink("/tmp", at("link").c_str()), 0);
  auto link = open_or_make_directory(dir(), "link", 0700);
  ASSERT_FALSE(link);
  EXPECT_TRUE(link.error().err == ENOTDIR || link.error().err == ELOOP) << link.error().text();
  put("file", "x");
  auto file = open_or_make_directory(dir(), "file", 0700);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().err, ENOTDIR);
}

TEST_F(FileTest, APathIsMadeWithItsParents) {
  auto made = open_or_make_path(at("x//y/z/"), 0711);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(mode_of(at("x")), 0711U);
  EXPECT_EQ(mode_of(at("x/y/z")), 0711U);
  EXPECT_EQ(path_of(made->ref()), at("x/y/z"));
  EXPECT_TRUE(open_or_make_path(at("x/y/z"), 0700));
  EXPECT_TRUE(open_or_make_path("/", 0700));
}

TEST_F(FileTest, APathFollowsTheLinksAnAdministratorMade) {
  ASSERT_EQ(mkdir(at("real").c_str(), 0700), 0);
  ASSERT_EQ(symlink("real", at("moved").c_str()), 0);
  auto made = open_or_make_path(at("moved/sub"), 0700);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(path_of(made->ref()), at("real/sub"));
}

TEST_F(FileTest, APathThatCannotBeNamesTheStepThatFailed) {
  put("file", "x");
  EXPECT_EQ(open_or_make_path(at("file/sub"), 0700).error().err, ENOTDIR);
  ASSERT_EQ(symlink("nowhere", at("dangling").c_str()), 0);
  auto dangling = open_or_make_path(at("dangling/sub"), 0700);
  ASSERT_FALSE(dangling);
  EXPECT_EQ(dangling.error().object, "'" + at("dangling") + "'");
  EXPECT_EQ(open_or_make_path("relative", 0700).error().err, EINVAL);
}

}  // namespace
}  // namespace isthmus
