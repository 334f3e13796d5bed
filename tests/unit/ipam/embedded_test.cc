// ipam.h with the embedded store. (I11: what holds for a delegate holds here.)
#include "tests/unit/ipam/ipam_testing.h"

namespace isthmus {
namespace {

using test::get_file;
using test::ip;
using test::names_in;
using test::put_file;
using test::TestCall;

class EmbeddedIpam : public ::testing::Test {
 protected:
  std::string config(const std::string& ipam, const std::string& further = {}) const {
    return R"({"cniVersion":"1.1.0","name":"pods","type":"isthmus","stateDir":")" + state() +
           R"(","ipam":{"type":"isthmus",)" + ipam + "}" + further + "}";
  }
  std::string both() const { return config(R"("ranges":[[{"subnet":"10.1.0.0/29"}],[{"subnet":"fd00::/64"}]])"); }
  std::string state() const { return dir_ / "state"; }
  std::vector<std::string> leases() const { return names_in(state() + "/networks/pods/leases"); }
  static std::string addresses(const Answer<Lease>& lease) {
    if (!lease) return lease.error().msg;
    std::string text;
    for (const auto& leased : lease->addresses)
      text += leased.address.text() + " via " + leased.gateway->text() + " ";
    return text;
  }

  test::TempDir dir_;
};

TEST_F(EmbeddedIpam, I11_OneAddressOfEachSetWithItsGateway) {
  TestCall add(Verb::add, both());
  EXPECT_EQ(addresses(acquire_lease(add)), "10.1.0.2/29 via 10.1.0.1 fd00::2/64 via fd00::1 ");
  EXPECT_EQ(leases(), (std::vector<std::string>{"10.1.0.2", "fd00::2"}));
}

TEST_F(EmbeddedIpam, I11_TheGatewayIsThatOfTheRangeTheAddressIsFrom) {
  TestCall add(Verb::add,
               config(R"("ranges":[[{"subnet":"10.1.0.0/30"},{"subnet":"10.2.0.0/24","gateway":"10.2.0.254"}]])"));
  EXPECT_EQ(addresses(acquire_lease(add)), "10.1.0.2/30 via 10.1.0.1 ");
  TestCall second(Verb::add,
                  config(R"("ranges":[[{"subnet":"10.1.0.0/30"},{"subnet":"10.2.0.0/24","gateway":"10.2.0.254"}]])"),
                  {{"CNI_CONTAINERID", "c2"}});
  EXPECT_EQ(addresses(acquire_lease(second)), "10.2.0.1/24 via 10.2.0.254 ");
}

TEST_F(EmbeddedIpam, I11_AllAreGivenBackWhenOneFails) {
  put_file(state() + "/networks/pods/leases/fd00::9", "other\neth0\n");
  ASSERT_EQ(chmod(state().c_str(), 0700), 0);
  TestCall add(Verb::add, config(R"("ranges":[[{"subnet":"10.1.0.0/29"}],[{"subnet":"fd00::/64"}]])",
                                 R"(,"runtimeConfig":{"ips":["fd00::9"]})"));
  EXPECT_EQ(addresses(acquire_lease(add)),
            "cannot take address fd00::9: 'eth0' of container other holds it [ip-taken]");
  EXPECT_EQ(leases(), std::vector<std::string>{"fd00::9"});
}

TEST_F(EmbeddedIpam, K07_RequestedAddressesAreHonoured) {
  TestCall args(Verb::add, both(), {{"CNI_ARGS", "IP=10.1.0.5/29,fd00::77"}});
  EXPECT_EQ(addresses(acquire_lease(args)), "10.1.0.5/29 via 10.1.0.1 fd00::77/64 via fd00::1 ");
  TestCall one(Verb::add, both(), {{"CNI_ARGS", "IP=fd00::78"}, {"CNI_CONTAINERID", "c2"}});
  EXPECT_EQ(addresses(acquire_lease(one)), "10.1.0.2/29 via 10.1.0.1 fd00::78/64 via fd00::1 ");
}

TEST_F(EmbeddedIpam, K07_ARequestedAddressThatCannotBeHadIsAnErrorAndTakesNothing) {
  for (const char* wanted : {"IP=10.9.0.1", "IP=10.1.0.1", "IP=10.1.0.7", "IP=10.1.0.3,10.1.0.4"}) {
    TestCall add(Verb::add, both(), {{"CNI_ARGS", wanted}});
    auto lease = acquire_lease(add);
    ASSERT_FALSE(lease) << wanted;
    EXPECT_NE(lease.error().msg.find("[ip-not-in-range]"), std::string::npos) << lease.error().msg;
    EXPECT_TRUE(leases().empty());
  }
}

TEST_F(EmbeddedIpam, A09_DnsComesFromTheFileTheConfigurationNames) {
  put_file(dir_ / "resolv.conf", "nameserver 10.0.0.53\nsearch example.org\n");
  TestCall add(Verb::add, config(R"("subnet":"10.1.0.0/24","routes":[{"dst":"0.0.0.0/0"}],"resolvConf":")" +
                                 (dir_ / "resolv.conf") + "\""));
  auto lease = acquire_lease(add);
  ASSERT_TRUE(lease) << lease.error().msg;
  EXPECT_EQ(lease->dns.nameservers, std::vector<std::string>{"10.0.0.53"});
  EXPECT_EQ(lease->routes.size(), 1U);
  TestCall missing(Verb::add, config(R"("subnet":"10.1.0.0/24","resolvConf":"/no/such/file")"),
                   {{"CNI_CONTAINERID", "c2"}});
  auto failed = acquire_lease(missing);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().msg.find("'/no/such/file'"), std::string::npos) << failed.error().msg;
  EXPECT_EQ(leases().size(), 1U) << "nothing was taken for it";
}

TEST_F(EmbeddedIpam, D02_DelReleasesWithAndWithoutKnowingTheAddresses) {
  TestCall add(Verb::add, both());
  TestCall del(Verb::del, both());
  ASSERT_TRUE(acquire_lease(add));
  EXPECT_TRUE(release_lease(del, nullptr));
  EXPECT_TRUE(leases().empty());
  ASSERT_TRUE(acquire_lease(add));
  std::vector<IpAddress> known = {ip("10.1.0.3"), ip("fd00::3")};
  EXPECT_TRUE(release_lease(del, &known));
  EXPECT_TRUE(leases().empty());
  EXPECT_TRUE(release_lease(del, &known)) << "again";
}

TEST_F(EmbeddedIpam, D02_DelOfNothingMakesNothing) {
  TestCall del(Verb::del, both());
  EXPECT_TRUE(release_lease(del, nullptr));
  EXPECT_TRUE(names_in(dir_.path()).empty());
}

TEST_F(EmbeddedIpam, S08_DelReleasesAlsoWhenTheRestOfTheConfigurationIsWrong) {
  TestCall add(Verb::add, both());
  ASSERT_TRUE(acquire_lease(add));
  TestCall del(Verb::del, config(R"("subnet":"10.1.0.0/99")"));
  ASSERT_FALSE(del->conf.settings);
  EXPECT_TRUE(release_lease(del, nullptr));
  EXPECT_TRUE(leases().empty());
}

TEST_F(EmbeddedIpam, C03_CheckNamesALeaseThatWasLost) {
  TestCall add(Verb::add, both());
  ASSERT_TRUE(acquire_lease(add));
  TestCall check(Verb::check, both());
  EXPECT_TRUE(check_lease(check, {ip("10.1.0.2"), ip("fd00::2")}));
  put_file(state() + "/networks/pods/leases/10.1.0.2", "c9\neth0\n");
  auto lost = check_lease(check, {ip("10.1.0.2")});
  ASSERT_FALSE(lost);
  EXPECT_NE(lost.error().msg.find(
                "cannot confirm the lease of 10.1.0.2: 'eth0' of container 'c9' holds it instead [lease-lost]"),
            std::string::npos)
      << lost.error().msg;
  EXPECT_FALSE(check_lease(check, {ip("10.1.0.3")}));
}

TEST_F(EmbeddedIpam, G01_GcReleasesWhatIsNotKept) {
  for (const char* id : {"c1", "c2", "c3"}) {
    TestCall add(Verb::add, both(), {{"CNI_CONTAINERID", id}});
    ASSERT_TRUE(acquire_lease(add));
  }
  put_file(state() + "/networks/pods/leases/10.1.0.6", "torn");
  TestCall gc(Verb::gc, both());
  std::vector<AttachmentRef> asked;
  auto may_release = [&](const AttachmentRef& holder) {
    asked.push_back(holder);
    return holder.container_id != "c3";
  };
  EXPECT_TRUE(collect_leases(gc, {{"c1", "eth0"}, {"c2", "eth1"}}, may_release));
  EXPECT_EQ(leases(), (std::vector<std::string>{"10.1.0.2", "10.1.0.4", "fd00::2", "fd00::4"}));
  EXPECT_EQ(asked.size(), 3U) << "each holder is asked for once";
  EXPECT_TRUE(collect_leases(gc, {}));
  EXPECT_TRUE(leases().empty());
}

TEST_F(EmbeddedIpam, T01_StatusIsGoodAndChangesNothing) {
  TestCall status(Verb::status, both());
  auto ready = ipam_status(status);
  EXPECT_TRUE(ready) << ready.error().msg;
  EXPECT_TRUE(names_in(dir_.path()).empty());
}

TEST_F(EmbeddedIpam, T02_StatusOfAFullPoolIsFifty) {
  std::string small = config(R"("ranges":[[{"subnet":"fd00::/64"}],[{"subnet":"10.1.0.0/30"}]])");
  TestCall add(Verb::add, small);
  ASSERT_TRUE(acquire_lease(add));
  TestCall status(Verb::status, small);
  auto full = ipam_status(status);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, 50U);
  EXPECT_NE(full.error().msg.find("[ipam-exhausted]"), std::string::npos);
  EXPECT_NE(full.error().msg.find("10.1.0."), std::string::npos) << full.error().msg;
}

TEST_F(EmbeddedIpam, WithoutIpamThereIsNothingToDo) {
  TestCall call(Verb::add, R"({"cniVersion":"1.1.0","name":"pods","type":"isthmus","ipam":{}})");
  auto lease = acquire_lease(call);
  ASSERT_TRUE(lease) << lease.error().msg;
  EXPECT_EQ(*lease, Lease{});
  EXPECT_TRUE(release_lease(call, nullptr) && check_lease(call, {}) && collect_leases(call, {}) && ipam_status(call));
}

}  // namespace
}  // namespace isthmus
