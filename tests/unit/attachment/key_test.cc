#include "plugin/attachment/key.h"

#include <gtest/gtest.h>

#include <set>

namespace isthmus {
namespace {

AttachmentKey make_key(const std::string& network, const std::string& id, const std::string& ifname) {
  return {*NetworkName::parse(network), *ContainerId::parse(id), *IfName::parse(ifname)};
}

TEST(AttachmentKey, NamesAreTheSameOnEveryMachineAndInEveryRelease) {
  auto key = make_key("podnet", "c1", "eth0");
  EXPECT_EQ(key.host_ifname(0).text(), make_key("podnet", "c1", "eth0").host_ifname(0).text());
  // DEL by a newer binary has to find what an older one made: a change here is a break.
  EXPECT_EQ(key.host_ifname(0).text(), "ist4d1d2cbd6629");
}

TEST(AttachmentKey, EveryPartCounts) {
  std::set<std::string> names;
  std::set<MacAddress> macs;
  for (const auto& key : {make_key("n", "c", "eth0"), make_key("m", "c", "eth0"), make_key("n", "d", "eth0"),
                          make_key("n", "c", "eth1"), make_key("n", "ce", "th0")}) {
    for (int attempt = 0; attempt < AttachmentKey::kHostNameTries; ++attempt)
      names.insert(key.host_ifname(attempt).text());
    macs.insert(key.host_mac());
    macs.insert(key.container_mac());
  }
  EXPECT_EQ(names.size(), 5U * AttachmentKey::kHostNameTries);
  EXPECT_EQ(macs.size(), 10U);
}

TEST(AttachmentKey, MacsAreLocalUnicast) {
  auto key = make_key("n", "c", "eth0");
  for (const auto& mac : {key.host_mac(), key.container_mac()})
    EXPECT_EQ(mac.bytes()[0] & 0x03, 0x02);
}

TEST(AttachmentKey, FileNamesStayLegalAndDistinctAtAnyLength) {
  std::string id(300, 'a');
  auto one = make_key("n", id + "1", "eth0").file_name();
  auto two = make_key("n", id + "2", "eth0").file_name();
  EXPECT_LE(one.size(), 255U);
  EXPECT_NE(one, two);
  EXPECT_EQ(make_key("n", "c", "eth0").file_name(), "c:eth0");
}

TEST(AttachmentKey, AliasNamesThePodAndNothingATerminalObeys) {
  auto key = make_key("n", "c", "eth0");
  EXPECT_EQ(key.alias("default/web"), "isthmus n/c/eth0 pod default/web");
  EXPECT_EQ(key.alias("a\x1b[31mb\n"), "isthmus n/c/eth0 pod a?[31mb?");
  EXPECT_LE(key.alias(std::string(400, 'x')).size(), 255U);
}

}  // namespace
}  // namespace isthmus
