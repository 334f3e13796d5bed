// ipam.h with a delegate.
#include <chrono>

#include "tests/unit/ipam/delegate_testing.h"

namespace isthmus {
namespace {

using std::chrono::milliseconds;
using test::get_file;
using test::TestCall;

class DelegatedIpamTest : public test::DelegateTest {
 protected:
  static std::string config(const std::string& version = "1.1.0") {
    return R"({"cniVersion":")" + version + R"(","name":"pods","type":"isthmus","ipam":{"type":"fake","x": [1,  2]}})";
  }
  TestCall::Variables path() const { return {{"CNI_PATH", dir_.path()}}; }
  // Notes each command and its stdin; answers ADD with the given body.
  void fake(const std::string& on_add, const std::string& otherwise = ":") {
    script("cat > $DIR/stdin.$CNI_COMMAND; echo $CNI_COMMAND >> $DIR/commands\nif [ $CNI_COMMAND = ADD ]; then\n" +
           on_add + "\nelse\n" + otherwise + "\nfi");
  }
  std::string commands() const { return get_file(dir_ / "commands"); }
  CniError add_error() {
    TestCall add(Verb::add, config(), path());
    auto lease = acquire_lease(add);
    EXPECT_FALSE(lease);
    return lease ? CniError(0, "no error") : lease.error();
  }
};

TEST_F(DelegatedIpamTest, I03_ItGetsOurStdinAndItsAnswerIsTheLease) {
  fake(R"(echo '{"cniVersion":"1.1.0","ips":[{"address":"10.5.0.9/24","gateway":"10.5.0.1"},{"address":"fd05::9/64"}],
           "routes":[{"dst":"0.0.0.0/0"}],"dns":{"nameservers":["10.5.0.53"]}}')");
  TestCall add(Verb::add, config(), path());
  auto lease = acquire_lease(add);
  ASSERT_TRUE(lease) << lease.error().msg;
  ASSERT_EQ(lease->addresses.size(), 2U);
  EXPECT_EQ(lease->addresses[0].address.text(), "10.5.0.9/24");
  EXPECT_EQ(lease->addresses[0].gateway->text(), "10.5.0.1");
  EXPECT_EQ(lease->addresses[1].address.text(), "fd05::9/64");
  EXPECT_FALSE(lease->addresses[1].gateway);
  EXPECT_EQ(lease->routes.size(), 1U);
  EXPECT_EQ(lease->dns.nameservers, std::vector<std::string>{"10.5.0.53"});
  EXPECT_EQ(get_file(dir_ / "stdin.ADD"), config());
  EXPECT_EQ(commands(), "ADD\n");
}

TEST_F(DelegatedIpamTest, I07_OlderResultsAndOnesWithoutVersionAreRead) {
  fake(
      R"(echo '{"cniVersion":"0.2.0","ip4":{"ip":"10.5.0.9/24","gateway":"10.5.0.1","routes":[{"dst":"10.0.0.0/8"}]}}')");
  TestCall newest(Verb::add, config(), path());
  auto lease = acquire_lease(newest);
  ASSERT_TRUE(lease) << lease.error().msg;
  EXPECT_EQ(lease->addresses.at(0).address.text(), "10.5.0.9/24");
  EXPECT_EQ(lease->routes.size(), 1U);
  fake(R"(echo '{"ip4":{"ip":"10.5.0.10/24"}}')");
  TestCall old(Verb::add, config("0.2.0"), path());
  auto unversioned = acquire_lease(old);
  ASSERT_TRUE(unversioned) << unversioned.error().msg;
  EXPECT_EQ(unversioned->addresses.at(0).address.text(), "10.5.0.10/24");
}

TEST_F(DelegatedIpamTest, I06_GarbageNothingOrNoAddressIsAnErrorAndUndone) {
  for (const char* body :
       {"echo garbage", ":", R"(echo '{"cniVersion":"1.1.0"}')", R"(echo '{"cniVersion":"1.1.0","ips":[]}')",
        R"(echo '{"cniVersion":"1.1.0","ips":[{"address":"10.5.0.9"}]}')", R"(echo '{"cniVersion":"9.9.9"}')"}) {
    fake(body);
    CniError error = add_error();
    EXPECT_NE(error.msg.find("[ipam-garbage]"), std::string::npos) << error.msg;
    EXPECT_EQ(commands(), "ADD\nDEL\n") << body;
    EXPECT_EQ(get_file(dir_ / "stdin.DEL"), config());
    std::filesystem::remove(dir_ / "commands");
  }
}

TEST_F(DelegatedIpamTest, I09_ItsFailedAddIsFollowedByADelAndItsErrorStaysTheFirst) {
  fake(R"(echo '{"code":11,"msg":"pool busy"}'; exit 1)", R"(echo '{"code":99,"msg":"DEL failed too"}'; exit 1)");
  EXPECT_EQ(add_error(), CniError(11, "pool busy"));
  EXPECT_EQ(commands(), "ADD\nDEL\n");
}

TEST_F(DelegatedIpamTest, I10_TheUndoOfOneThatHungHasTimeOfItsOwn) {
  fake("sleep 60", "sleep 0.2; echo undone > $DIR/undone");
  TestCall add(Verb::add, config(), path(), milliseconds(200));
  auto lease = acquire_lease(add);
  ASSERT_FALSE(lease);
  EXPECT_NE(lease.error().msg.find("[ipam-timeout]"), std::string::npos);
  EXPECT_EQ(get_file(dir_ / "undone"), "undone\n");
}

TEST_F(DelegatedIpamTest, I02_AMissingOneTakesNothingAndIsNotUndone) {
  CniError error = add_error();
  EXPECT_NE(error.msg.find("cannot find IPAM plugin 'fake'"), std::string::npos) << error.msg;
}

TEST_F(DelegatedIpamTest, D06_G07_DelCheckAndGcAreItsAnswers) {
  fake(":");
  TestCall del(Verb::del, config(), path());
  TestCall check(Verb::check, config(), path());
  TestCall gc(Verb::gc, config(), path());
  std::vector<IpAddress> known = {test::ip("10.5.0.9")};
  EXPECT_TRUE(release_lease(del, nullptr));
  EXPECT_TRUE(release_lease(del, &known));
  EXPECT_TRUE(check_lease(check, known));
  EXPECT_TRUE(collect_leases(gc, {}));
  EXPECT_EQ(commands(), "DEL\nDEL\nCHECK\nGC\n");
  EXPECT_EQ(get_file(dir_ / "stdin.GC"), config());
  fake(":", R"(echo '{"code":77,"msg":"no"}'; exit 1)");
  EXPECT_EQ(release_lease(del, nullptr).error(), CniError(77, "no"));
  EXPECT_EQ(check_lease(check, known).error(), CniError(77, "no"));
  EXPECT_EQ(collect_leases(gc, {}).error(), CniError(77, "no"));
}

TEST_F(DelegatedIpamTest, D08_ADelThatCannotBeDoneIsNotMistakenForOneWithoutWork) {
  TestCall del(Verb::del, config(), path());
  auto released = release_lease(del, nullptr);
  ASSERT_FALSE(released);
  EXPECT_EQ(released.error().msg.find("not found"), std::string::npos) << released.error().msg;
}

TEST_F(DelegatedIpamTest, T02_T03_StatusIsItsOwnOrFiftyWithoutIt) {
  TestCall status(Verb::status, config(), path());
  auto missing = ipam_status(status);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, 50U);
  fake(":");
  EXPECT_TRUE(ipam_status(status));
  fake(":", R"(echo '{"code":51,"msg":"limited"}'; exit 1)");
  EXPECT_EQ(ipam_status(status).error(), CniError(51, "limited"));
}

TEST_F(DelegatedIpamTest, T05_StatusOfAHangingOneAnswersInASecond) {
  fake(":", "sleep 60");
  TestCall status(Verb::status, config(), path(), milliseconds(20000));
  auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(ipam_status(status));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(10000));
}

}  // namespace
}  // namespace isthmus
