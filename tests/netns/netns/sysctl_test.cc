#include "netns/sysctl.h"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "tests/support/private_host.h"

namespace isthmus {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSetting = "ipv4/conf/lo/rp_filter";

Sysctl<HostSide> at_home() {
  return *run_at_home(
      [](const InNamespace<HostSide>& pass) -> Result<Sysctl<HostSide>> { return Sysctl<HostSide>(pass); });
}

class SysctlTest : public test::PrivateHost {
 protected:
  void SetUp() override {
    PrivateHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    pod_.emplace("pod");
    auto path = NetnsPath::parse(pod_->path());
    auto netns = NetnsFd::open(*path, Deadline::in(std::chrono::seconds(20)));
    ASSERT_TRUE(netns) << netns.error().text();
    auto opened = run_in<ContainerSide>(*netns, [](const InNamespace<ContainerSide>& pass) {
      return Sysctl<ContainerSide>::open(pass, SysctlFamilies::both);
    });
    ASSERT_TRUE(opened) << opened.error().text();
    container_.emplace(*std::move(opened));
    host_.emplace(at_home());
  }
  void TearDown() override {
    container_.reset();
    host_.reset();
    pod_.reset();
  }
  // What the kernel shows inside, seen without our code.
  static std::string inside(const std::string& setting) {
    std::string text = test::shell("nsenter --net=/run/netns/pod cat /proc/sys/net/" + setting);
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  std::optional<test::NamedNetns> pod_;
  std::optional<Sysctl<ContainerSide>> container_;
  std::optional<Sysctl<HostSide>> host_;
};

TEST_F(SysctlTest, TheMainThreadWritesTheContainersSettingAndNotTheHosts) {
  auto host_before = host_->read(kSetting);
  ASSERT_TRUE(host_before) << host_before.error().text();
  ASSERT_NE(*host_before, "2");
  auto status = container_->write(kSetting, "2");
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_EQ(inside(kSetting), "2");
  EXPECT_EQ(*container_->read(kSetting), "2");
  EXPECT_EQ(*host_->read(kSetting), *host_before);
}

TEST_F(SysctlTest, TheHostsSettingIsTheHosts) {
  ASSERT_TRUE(host_->write("ipv4/conf/lo/log_martians", "1"));
  EXPECT_EQ(test::shell("cat /proc/sys/net/ipv4/conf/lo/log_martians"), "1\n");
  EXPECT_EQ(inside("ipv4/conf/lo/log_martians"), *container_->read("ipv4/conf/lo/log_martians"));
  EXPECT_EQ(*container_->read("ipv4/conf/lo/log_martians"), "0");
}

TEST_F(SysctlTest, Ipv6WorksTheSameWay) {
  if (access("/proc/sys/net/ipv6", F_OK) != 0) GTEST_SKIP() << "no IPv6 here";
  ASSERT_TRUE(container_->write("ipv6/conf/lo/accept_ra", "0"));
  EXPECT_EQ(inside("ipv6/conf/lo/accept_ra"), "0");
  EXPECT_NE(*host_->read("ipv6/conf/lo/accept_ra"), "0");
}

TEST_F(SysctlTest, ALinkMadeLaterIsFound) {
  ASSERT_FALSE(container_->read("ipv4/conf/eth0/forwarding"));
  test::shell("nsenter --net=/run/netns/pod ip link add eth0 type veth peer name eth1");
  EXPECT_TRUE(container_->read("ipv4/conf/eth0/forwarding"));
  EXPECT_FALSE(host_->read("ipv4/conf/eth0/forwarding"));
}

TEST_F(SysctlTest, AnAbsentSettingIsENOENT) {
  auto value = container_->read("ipv4/conf/lo/no_such_thing");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().err, ENOENT);
  auto status = container_->write("ipv4/conf/lo/no_such_thing", "1");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().err, ENOENT);
  EXPECT_EQ(status.error().word, "sysctl-write");
  EXPECT_EQ(status.error().object, "'net/ipv4/conf/lo/no_such_thing' in the container");
}

TEST_F(SysctlTest, AValueTheKernelRefusesIsAnError) {
  auto status = container_->write(kSetting, "many");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().err, EINVAL);
  EXPECT_THAT(status.error().text(), HasSubstr("cannot write 'many' to 'net/ipv4/conf/lo/rp_filter' in the container"));
}

TEST_F(SysctlTest, SettingsOutsideTheTwoFamiliesAreRefused) {
  for (const char* setting : {"core/somaxconn", "ipv4", "ipv4/", "", "/ipv4/ip_forward"}) {
    auto value = container_->read(setting);
    ASSERT_FALSE(value) << setting;
    EXPECT_EQ(value.error().word, "internal") << setting;
  }
}

// As in a privileged container that runs the plugin: /proc/sys is there, but read-only.
TEST_F(SysctlTest, AReadOnlyProcDoesNoHarmToAValueThatIsRightAlready) {
  ASSERT_EQ(mount("/proc/sys", "/proc/sys", nullptr, MS_BIND, nullptr), 0);
  int remounted = mount(nullptr, "/proc/sys", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr);
  auto now = host_->read(kSetting);
  auto same = host_->write(kSetting, *now);
  auto other = host_->write(kSetting, *now == "1" ? "2" : "1");
  umount2("/proc/sys", MNT_DETACH);
  ASSERT_EQ(remounted, 0);
  EXPECT_TRUE(same) << same.error().text();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().err, EROFS);
  EXPECT_EQ(other.error().word, "sysctl-write");
  EXPECT_THAT(other.error().hint, HasSubstr("read-only"));
}

}  // namespace
}  // namespace isthmus
