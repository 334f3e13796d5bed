#include "plugin/inspect/find.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/inspect/inspect_testing.h"

namespace isthmus {
namespace {

using test::link_at;
using test::mount_at;
using test::record_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const std::string kSidecar = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

// Task 701 is of the pod's second container.
ProcessLookup processes() {
  return {[](long pid) -> ino_t { return pid == 700 ? 102
                                         : pid == 6 ? 100
                                                    : 0; },
          [](std::string_view beginning) {
            return kSidecar.starts_with(beginning) ? std::vector<TaskOfContainer>{{701, kSidecar, 101}}
                                                   : std::vector<TaskOfContainer>{};
          }};
}

// The host with a veth into "web", and a container that has no name here.
class Find : public ::testing::Test {
 protected:
  Find() {
    node_.host = {link_at(1, "lo", "02:00:00:00:00:0f", {"127.0.0.1/8"}),
                  link_at(6, "veth6", "02:00:00:00:00:06", {"10.0.0.1/24"})};
    NodeNetns host;
    host.seen.inode = 100;
    host.is_host = true;
    host.links = node_.host;
    NodeNetns web;
    web.seen.inode = 101;
    web.seen.names = {mount_at("/run/netns/web", 101)};
    web.links = {link_at(2, "eth0", "02:00:00:00:00:02", {"10.0.0.2/24", "fd00::2/64"})};
    web.host_ends = {{"eth0", 6, "veth6", ""}};
    web.pod = "shop/cart";
    web.container_id = kId;
    NodeNetns other;
    other.seen.inode = 102;
    other.links = {link_at(2, "eth0", "02:00:00:00:00:03")};
    other.seen.copies = {{mount_at("/run/netns/hidden", 102), 77}};
    other.seen.copies_seen = 1;
    node_.namespaces = {host, web, other};
    node_.records = {record_of("dead", "shop/gone", "/run/netns/gone", 103)};
  }
  std::vector<ino_t> found(std::string_view what) {
    std::vector<ino_t> inodes;
    for (const Match& match : find_in_node(node_, what, processes()))
      inodes.push_back(match.netns != nullptr ? match.netns->seen.inode : 0);
    return inodes;
  }
  Node node_;
};

TEST_F(Find, TakesWhateverAPersonHasInHand) {
  for (const char* web : {"10.0.0.2",           "10.0.0.2/24",           "ip:10.0.0.2", "fd00::2",   "FD00:0::2",
                          "02:00:00:00:00:02",  "mac:02-00-00-00-00-02", "web",         "name:web",  "/run/netns/web",
                          "/var/run/netns/web", "path:/run/netns/web",   "shop/cart",   "cart",      "pod:cart",
                          "0123456789ab",       "container:0123",        "101",         "net:[101]", "inode:101"}) {
    EXPECT_THAT(found(web), ElementsAre(101)) << web;
  }
  for (const char* other : {"700", "pid:700", "hidden", "/run/netns/hidden", "102"})
    EXPECT_THAT(found(other), ElementsAre(102)) << other;
}

TEST_F(Find, ALinkOfTheHostLeadsToItsOtherEndFirst) {
  EXPECT_THAT(found("veth6"), ElementsAre(101, 100));
  EXPECT_THAT(found("02:00:00:00:00:06"), ElementsAre(101, 100));
  EXPECT_THAT(found("ifindex:6"), ElementsAre(101, 100));
  EXPECT_THAT(found("pid:6"), ElementsAre(100));
  EXPECT_THAT(found("6"), ElementsAre(100, 101)) << "as a pid and as an index";
  EXPECT_THAT(found("if:eth0"), ElementsAre(101, 102));
}

TEST_F(Find, EveryContainerOfAPodLeadsToThatOfThePod) {
  for (const std::string& sidecar : {kSidecar, kSidecar.substr(0, 12), "container:" + kSidecar, std::string("fedc")})
    EXPECT_THAT(found(sidecar), ElementsAre(101)) << sidecar;
  EXPECT_THAT(find_in_node(node_, kSidecar, processes())[0].because, HasSubstr("pid 701 of container fedcba98"));
  EXPECT_THAT(found("pod:" + kSidecar), ElementsAre());
}

TEST_F(Find, NamesARecordWhoseNamespaceIsGone) {
  for (const char* gone : {"10.1.2.3", "dead", "shop/gone", "gone", "/run/netns/gone"}) {
    auto matches = find_in_node(node_, gone, processes());
    ASSERT_EQ(matches.size(), 1u) << gone;
    EXPECT_EQ(matches[0].netns, nullptr);
    EXPECT_THAT(find_text(gone, matches), HasSubstr("gone: /run/netns/gone was inode 103"));
  }
}

TEST_F(Find, FindsNothingWhereNothingIs) {
  for (const char* nothing : {"", "10.0.0.9", "02:00:00:00:00:77", "nosuch", "/run/netns", "pid:101", "ip:web", "abc",
                              "99999", "name:", "shop/", "net:[700]", "net:[6]"}) {
    EXPECT_THAT(found(nothing), ElementsAre()) << nothing;
  }
}

TEST_F(Find, TellsHowToGetIn) {
  std::string text = find_text("10.0.0.2", find_in_node(node_, "10.0.0.2", processes()));
  EXPECT_THAT(text, HasSubstr("10.0.0.2/24 is an address of eth0"));
  EXPECT_THAT(text, HasSubstr("eth0 is veth6 (6) on the host"));
  EXPECT_THAT(text, HasSubstr("isthmus exec web -- COMMAND"));
  EXPECT_THAT(text, HasSubstr("nsenter --net=/run/netns/web COMMAND"));
  text = find_text("102", find_in_node(node_, "102", processes()));
  EXPECT_THAT(text, HasSubstr("none on this host; /run/netns/hidden in the mount namespace of pid 77"));
  EXPECT_THAT(text, HasSubstr("isthmus exec 102 -- COMMAND"));
  EXPECT_THAT(text, HasSubstr("nsenter --net=/proc/77/root/run/netns/hidden COMMAND"));
}

}  // namespace
}  // namespace isthmus
