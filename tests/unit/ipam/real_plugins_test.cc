// The official host-local and static as delegates, with their data in the test's own directory.
#include "tests/unit/ipam/ipam_testing.h"

namespace isthmus {
namespace {

using test::names_in;
using test::TestCall;

constexpr const char* kPlugins = "/usr/lib/cni";  // Debian: containernetworking-plugins

class RealPlugins : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(std::string(kPlugins) + "/host-local")) return;
    if (getenv("ISTHMUS_NO_SKIP") != nullptr) FAIL() << "containernetworking-plugins is not installed";
    GTEST_SKIP() << "containernetworking-plugins is not installed";
  }
  static void set_environment(const char* command) {
    setenv("CNI_COMMAND", command, 1);
    setenv("CNI_CONTAINERID", "c1", 1);
    setenv("CNI_IFNAME", "eth0", 1);
    setenv("CNI_NETNS", "/run/netns/c1", 1);
    setenv("CNI_PATH", kPlugins, 1);
  }
  void TearDown() override {
    for (const char* name : {"CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS", "CNI_PATH"})
      unsetenv(name);
  }
  test::TempDir dir_;
};

TEST_F(RealPlugins, HostLocalGivesAndTakesBack) {
  set_environment("ADD");
  std::string config =
      R"({"cniVersion":"1.0.0","name":"pods","type":"isthmus","ipam":{"type":"host-local","dataDir":")" + dir_.path() +
      R"(","ranges":[[{"subnet":"10.6.0.0/24"}],[{"subnet":"fd06::/64"}]],
                       "routes":[{"dst":"0.0.0.0/0"}]}})";
  TestCall add(Verb::add, config, {{"CNI_PATH", kPlugins}});
  auto lease = acquire_lease(add);
  ASSERT_TRUE(lease) << lease.error().msg;
  ASSERT_EQ(lease->addresses.size(), 2U);
  EXPECT_EQ(lease->addresses[0].address.text(), "10.6.0.2/24");
  EXPECT_EQ(lease->addresses[0].gateway->text(), "10.6.0.1");
  EXPECT_EQ(lease->addresses[1].address.text(), "fd06::2/64");
  EXPECT_EQ(lease->routes.size(), 1U);
  auto leases = names_in(dir_ / "pods");
  EXPECT_EQ(std::count(leases.begin(), leases.end(), "10.6.0.2"), 1);
  TestCall check(Verb::check, config, {{"CNI_PATH", kPlugins}});
  EXPECT_TRUE(check_lease(check, {}));
  TestCall del(Verb::del, config, {{"CNI_PATH", kPlugins}});
  auto released = release_lease(del, nullptr);
  EXPECT_TRUE(released) << released.error().msg;
  leases = names_in(dir_ / "pods");
  EXPECT_EQ(std::count(leases.begin(), leases.end(), "10.6.0.2"), 0);
  EXPECT_FALSE(check_lease(check, {}));
}

TEST_F(RealPlugins, StaticGivesWhatItIsTold) {
  set_environment("ADD");
  std::string config = R"({"cniVersion":"0.4.0","name":"pods","type":"isthmus","ipam":{"type":"static",
    "addresses":[{"address":"10.7.0.9/24","gateway":"10.7.0.1"}],"dns":{"nameservers":["10.7.0.53"]}}})";
  TestCall add(Verb::add, config, {{"CNI_PATH", kPlugins}});
  auto lease = acquire_lease(add);
  ASSERT_TRUE(lease) << lease.error().msg;
  EXPECT_EQ(lease->addresses.at(0).address.text(), "10.7.0.9/24");
  EXPECT_EQ(lease->dns.nameservers, std::vector<std::string>{"10.7.0.53"});
  TestCall del(Verb::del, config, {{"CNI_PATH", kPlugins}});
  EXPECT_TRUE(release_lease(del, nullptr));
}

TEST_F(RealPlugins, I05_ItsOwnErrorIsPassedOn) {
  set_environment("ADD");
  std::string config =
      R"({"cniVersion":"1.0.0","name":"pods","type":"isthmus","ipam":{"type":"host-local","dataDir":")" + dir_.path() +
      R"("}})";
  TestCall add(Verb::add, config, {{"CNI_PATH", kPlugins}});
  auto lease = acquire_lease(add);
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().msg, "no IP ranges specified");
}

}  // namespace
}  // namespace isthmus
