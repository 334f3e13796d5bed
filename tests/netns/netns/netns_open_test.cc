// What NetnsFd::open says of everything that can stand at a path.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "netns/netns_fd.h"
#include "netns/netns_resolve.h"
#include "tests/support/private_host.h"

namespace isthmus {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class NetnsOpen : public test::PrivateHost {
 protected:
  void SetUp() override {
    PrivateHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    std::filesystem::create_directories("/run/odd");
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all("/run/odd", ignored);
  }

  static Result<NetnsFd> try_open(const std::string& text) {
    auto path = NetnsPath::parse(text);
    if (!path) return std::move(path).error();
    return NetnsFd::open(*path, Deadline::in(seconds(20)));
  }
  // The error of an opening that has to fail, with what every such error has.
  static Error refusal(const std::string& text) {
    auto opened = try_open(text);
    if (opened) {
      ADD_FAILURE() << text << " was opened";
      return {};
    }
    EXPECT_EQ(opened.error().object, "'" + text + "'");
    return std::move(opened).error();
  }
  static std::size_t open_descriptors() {
    std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
};

TEST_F(NetnsOpen, ANamedNamespaceByBothPaths) {
  test::NamedNetns web("web");
  auto direct = try_open("/run/netns/web");
  ASSERT_TRUE(direct) << direct.error().text();
  struct stat file {};
  ASSERT_EQ(stat("/run/netns/web", &file), 0);
  EXPECT_EQ(direct->id().inode, file.st_ino);
  EXPECT_EQ(direct->id().device, file.st_dev);
  ASSERT_EQ(symlink("/run", "/run/odd/run"), 0);
  auto linked = try_open("/run/odd/run/netns/web");
  ASSERT_TRUE(linked) << linked.error().text();
  EXPECT_EQ(direct->id(), linked->id());
}

TEST_F(NetnsOpen, TheDescriptorIsReadOnlyAndCloexec) {
  test::NamedNetns web("web");
  auto opened = try_open("/run/netns/web");
  ASSERT_TRUE(opened);
  int flags = fcntl(opened->ref().number(), F_GETFL);
  EXPECT_EQ(flags & (O_ACCMODE | O_PATH), O_RDONLY);
  EXPECT_EQ(fcntl(opened->ref().number(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(NetnsOpen, OnceMoreByThePathOnlyWhereTheNamesAreAndTheSameFile) {
  test::NamedNetns web("web");
  test::NamedNetns other("other");
  auto opened = try_open("/run/netns/web");
  ASSERT_TRUE(opened);
  auto again = [&](const char* path) { return detail::reopen_by_path(*NetnsPath::parse(path), opened->id()); };
  EXPECT_TRUE(again("/run/netns/web"));
  EXPECT_TRUE(again("/var/run/netns/web"));
  EXPECT_FALSE(again("/run/netns/other")) << "something else has taken the name";
  EXPECT_FALSE(again("/proc/self/ns/net"));
  ASSERT_EQ(symlink("/run/netns/web", "/run/netns/linked"), 0);
  EXPECT_FALSE(again("/run/netns/linked"));
  ASSERT_EQ(mkfifo("/run/netns/fifo", 0600), 0);
  EXPECT_FALSE(again("/run/netns/fifo")) << "and it does not hang";
  for (const char* path : {"/run/netns/linked", "/run/netns/fifo"})
    EXPECT_EQ(unlink(path), 0);
  EXPECT_TRUE(try_open("/run/netns/web"));
}

TEST_F(NetnsOpen, OurOwnByEveryPathInProc) {
  auto own = own_netns_id();
  ASSERT_TRUE(own) << own.error().text();
  std::string pid = std::to_string(getpid());
  for (const std::string& path :
       {std::string("/proc/self/ns/net"), std::string("/proc/thread-self/ns/net"), "/proc/" + pid + "/ns/net",
        "/proc/" + pid + "/task/" + pid + "/ns/net", "/proc/self/task/" + pid + "/ns/net",
        std::string("/proc/self/root/proc/self/ns/net")}) {
    auto opened = try_open(path);
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_EQ(opened->id(), *own) << path;
  }
}

TEST_F(NetnsOpen, TwoNamespacesHaveTwoIds) {
  test::NamedNetns one("one");
  test::NamedNetns two("two");
  auto first = try_open(one.path());
  auto second = try_open(two.path());
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->id(), second->id());
  EXPECT_NE(first->id(), *own_netns_id());
}

TEST_F(NetnsOpen, MissingIsSaidWithThePath) {
  for (const char* path : {"/run/netns/nothing", "/run/nowhere/at/all", "/proc/4194304/ns/net", "/proc/self/ns/wrong",
                           "/proc/self/task/4194304/ns/net"}) {
    Error error = refusal(path);
    EXPECT_EQ(error.word, "netns-missing") << path;
    EXPECT_EQ(error.err, ENOENT) << path;
    EXPECT_FALSE(error.hint.empty()) << path;
  }
  EXPECT_THAT(refusal("/run/netns/nothing").text(),
              HasSubstr("cannot open network namespace '/run/netns/nothing': No such file or directory (ENOENT)"));
}

TEST_F(NetnsOpen, ADanglingLinkIsMissing) {
  ASSERT_EQ(symlink("/run/nowhere", "/run/odd/link"), 0);
  EXPECT_EQ(refusal("/run/odd/link").word, "netns-missing");
}

TEST_F(NetnsOpen, ACircleOfLinksCannotBeOpened) {
  ASSERT_EQ(symlink("/run/odd/circle", "/run/odd/circle"), 0);
  Error error = refusal("/run/odd/circle");
  EXPECT_EQ(error.word, "netns-open");
  EXPECT_EQ(error.err, ELOOP);
}

TEST_F(NetnsOpen, APlainFileIsWhatAnUnmountedNamespaceLeaves) {
  { UniqueFd file(open("/run/odd/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0000)); }
  Error error = refusal("/run/odd/file");
  EXPECT_EQ(error.word, "netns-not-a-netns");
  EXPECT_EQ(error.detail, "it is a plain file");
  EXPECT_THAT(error.hint, HasSubstr("unmounted"));
}

TEST_F(NetnsOpen, OtherFilesAreSaidByKind) {
  EXPECT_EQ(refusal("/run/odd").detail, "it is a directory");
  EXPECT_EQ(refusal("/dev/null").detail, "it is a device");
  EXPECT_EQ(refusal("/proc/self/ns").word, "netns-not-a-netns");
  EXPECT_EQ(refusal("/proc/self/net/dev").word, "netns-not-a-netns");
}

TEST_F(NetnsOpen, AFifoDoesNotHang) {
  ASSERT_EQ(mkfifo("/run/odd/fifo", 0600), 0);
  Error error = refusal("/run/odd/fifo");
  EXPECT_EQ(error.word, "netns-not-a-netns");
  EXPECT_EQ(error.detail, "it is a FIFO");
}

TEST_F(NetnsOpen, OtherNamespacesAreSaidByType) {
  EXPECT_EQ(refusal("/proc/self/ns/mnt").detail, "it is a mount namespace");
  EXPECT_EQ(refusal("/proc/self/ns/pid").detail, "it is a pid namespace");
  EXPECT_EQ(refusal("/proc/self/ns/uts").word, "netns-not-a-netns");
}

TEST_F(NetnsOpen, NothingLeaksWhateverIsSaid) {
  test::NamedNetns web("web");
  ASSERT_EQ(mkfifo("/run/odd/fifo", 0600), 0);
  std::size_t before = open_descriptors();
  for (const char* path : {"/run/netns/web", "/proc/self/ns/net", "/proc/self/ns/mnt", "/run/odd/fifo", "/run/odd/no",
                           "/dev/null", "/proc/4194304/ns/net"}) {
    (void)static_cast<bool>(try_open(path));
    EXPECT_EQ(open_descriptors(), before) << path;
  }
}

// A FUSE connection nobody serves: the first look at it waits for the server's INIT answer, for ever.
class DeadFuse {
 public:
  DeadFuse() : device_(open("/dev/fuse", O_RDWR | O_CLOEXEC)) {
    if (!device_ || mkdir("/run/fuse", 0755) != 0) return;
    std::string options =
        "fd=" + std::to_string(device_.ref().number()) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
    mounted_ = mount("nobody", "/run/fuse", "fuse", 0, options.c_str()) == 0;
  }
  ~DeadFuse() {
    device_.reset();  // ends the connection, and with it every wait
    umount2("/run/fuse", MNT_DETACH);
    rmdir("/run/fuse");
  }
  DeadFuse(const DeadFuse&) = delete;
  DeadFuse& operator=(const DeadFuse&) = delete;
  bool mounted() const { return mounted_; }

 private:
  UniqueFd device_;
  bool mounted_ = false;
};

TEST_F(NetnsOpen, ADeadFileServerCostsTheDeadlineAndNoMore) {
  DeadFuse fuse;
  if (!fuse.mounted()) GTEST_SKIP() << "no FUSE here";
  auto path = NetnsPath::parse("/run/fuse/netns/web");
  ASSERT_TRUE(path);
  auto start = Deadline::Clock::now();
  auto opened = NetnsFd::open(*path, Deadline::in(std::chrono::milliseconds(200)));
  auto took = Deadline::Clock::now() - start;
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().word, "netns-timeout");
  EXPECT_EQ(opened.error().err, ETIMEDOUT);
  EXPECT_GE(took, std::chrono::milliseconds(200));
  EXPECT_LT(took, seconds(5));
}

TEST_F(NetnsOpen, ADeadFileServersRootIsRefusedWithoutAskingIt) {
  DeadFuse fuse;
  if (!fuse.mounted()) GTEST_SKIP() << "no FUSE here";
  Error error = refusal("/run/fuse");
  EXPECT_EQ(error.word, "netns-not-a-netns");
}

}  // namespace
}  // namespace isthmus
