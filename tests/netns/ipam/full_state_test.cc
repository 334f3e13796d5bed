// Leases on a file system that is full or read-only.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "plugin/ipam/lease_store.h"
#include "tests/support/private_host.h"
#include "tests/unit/ipam/ipam_testing.h"

namespace isthmus {
namespace {

using test::ip;
using test::names_in;
using test::set_of;
using test::TestCall;

class FullState : public test::PrivateHost {
 protected:
  void SetUp() override {
    PrivateHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_EQ(mkdir("/run/state", 0700), 0);
  }
  void TearDown() override {
    while (umount2("/run/state", MNT_DETACH) == 0) {
    }
    rmdir("/run/state");
  }
  static void mount_state(const char* options) {
    ASSERT_EQ(mount("tmpfs", "/run/state", "tmpfs", 0, options), 0) << strerror(errno);
  }
  // Until nothing more fits, not even a byte.
  static void fill() {
    int fd = open("/run/state/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
    std::string block(4096, 'x');
    while (write(fd, block.data(), block.size()) > 0) {
    }
    close(fd);
  }
  static std::string config() {
    return R"({"cniVersion":"1.1.0","name":"pods","type":"isthmus","stateDir":"/run/state",
               "ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.0.0/24"}],[{"subnet":"fd00::/64"}]]}})";
  }
  static std::vector<std::string> leases() { return names_in("/run/state/networks/pods/leases"); }
};

TEST_F(FullState, I12_WithoutRoomNoLeaseIsTakenAndNoneIsTorn) {
  mount_state("size=64k,mode=0700");
  TestCall first(Verb::add, config());
  ASSERT_TRUE(acquire_lease(first));
  fill();
  TestCall second(Verb::add, config(), {{"CNI_CONTAINERID", "c2"}});
  auto lease = acquire_lease(second);
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code, 5U);
  EXPECT_NE(lease.error().msg.find("(ENOSPC)"), std::string::npos) << lease.error().msg;
  EXPECT_NE(lease.error().msg.find("[state-unwritable]; make room"), std::string::npos) << lease.error().msg;
  EXPECT_EQ(leases(), (std::vector<std::string>{"10.1.0.2", "fd00::2"}));
  TestCall del(Verb::del, config());
  auto released = release_lease(del, nullptr);
  EXPECT_TRUE(released) << "a full disk must not keep DEL from working: " << released.error().msg;
  EXPECT_TRUE(leases().empty());
}

TEST_F(FullState, I12_WithoutInodesAllThatWasTakenIsGivenBack) {
  // root, networks, pods, leases, cursor.0 and one lease: the second set's cursor finds no inode.
  mount_state("nr_inodes=7,mode=0700");
  TestCall add(Verb::add, config());
  auto lease = acquire_lease(add);
  ASSERT_FALSE(lease);
  EXPECT_NE(lease.error().msg.find("[state-unwritable]"), std::string::npos) << lease.error().msg;
  EXPECT_TRUE(leases().empty());
}

TEST_F(FullState, T02_StatusKnowsAFullFileSystem) {
  mount_state("size=64k,mode=0700");
  TestCall status(Verb::status, config());
  EXPECT_TRUE(ipam_status(status));
  fill();
  auto full = ipam_status(status);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, 50U);
  EXPECT_NE(full.error().msg.find("(ENOSPC)"), std::string::npos) << full.error().msg;
}

TEST_F(FullState, T02_ReadOnlyIsKnownToStatusAndRefusedByAdd) {
  mount_state("size=64k,mode=0700");
  TestCall add(Verb::add, config());
  ASSERT_TRUE(acquire_lease(add));
  ASSERT_EQ(mount(nullptr, "/run/state", nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  TestCall second(Verb::add, config(), {{"CNI_CONTAINERID", "c2"}});
  auto lease = acquire_lease(second);
  ASSERT_FALSE(lease);
  EXPECT_NE(lease.error().msg.find("(EROFS) [state-unwritable]; choose"), std::string::npos) << lease.error().msg;
  TestCall status(Verb::status, config());
  auto refused = ipam_status(status);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 50U);
  TestCall del(Verb::del, config());
  EXPECT_FALSE(release_lease(del, nullptr)) << "the lease is still there, and that must be said";
  EXPECT_EQ(leases().size(), 2U);
}

}  // namespace
}  // namespace isthmus
