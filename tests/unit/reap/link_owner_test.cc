#include "plugin/reap/link_owner.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

AttachmentKey key(const std::string& id) {
  return {*NetworkName::parse("pods"), *ContainerId::parse(id), *IfName::parse("eth0")};
}

LinkInfo link_of(const AttachmentKey& of, const std::string& pod = {}) {
  LinkInfo link;
  link.name = "anything";
  link.kind = "veth";
  link.alias = of.alias(pod);
  link.mac = of.host_mac();
  return link;
}

TEST(LinkOwner, IsReadFromTheAliasAndConfirmed) {
  EXPECT_EQ(attachment_of_link(link_of(key("c1"))), key("c1"));
  EXPECT_EQ(attachment_of_link(link_of(key("c1"), "default/web")), key("c1"));
  LinkInfo changed = link_of(key("c1"));
  changed.mac = *MacAddress::parse("02:00:00:00:00:01");
  EXPECT_EQ(attachment_of_link(changed), std::nullopt);
  changed.name = key("c1").host_ifname(1).text();
  EXPECT_EQ(attachment_of_link(changed), key("c1"));
}

TEST(LinkOwner, RefusesWhatIsNotOurs) {
  LinkInfo link = link_of(key("c1"));
  link.kind = "bridge";
  EXPECT_EQ(attachment_of_link(link), std::nullopt);
  for (const char* alias : {"", "isthmus", "isthmus ", "isthmus pods", "isthmus pods/c1", "isthmus pods/c1/",
                            "isthmus //", "isthmus pods/../eth0", "other pods/c1/eth0", "isthmus pods/c2/eth0"}) {
    link = link_of(key("c1"));
    link.alias = alias;
    EXPECT_EQ(attachment_of_link(link), std::nullopt) << alias;
  }
  // Cut at 255 bytes: what is left is another attachment's name, which nothing confirms.
  EXPECT_EQ(attachment_of_link(link_of(key(std::string(300, 'a')))), std::nullopt);
}

}  // namespace
}  // namespace isthmus
