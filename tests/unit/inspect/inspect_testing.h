// A node made by hand.
#pragma once

#include "plugin/inspect/node.h"

namespace isthmus::test {

inline LinkWithAddresses link_at(int ifindex,
                                 const char* name,
                                 const char* mac,
                                 std::vector<std::string> addresses = {}) {
  LinkWithAddresses one;
  one.link.ifindex = ifindex;
  one.link.name = name;
  one.link.kind = "veth";
  one.link.mac = *MacAddress::parse(mac);
  one.link.up = one.link.running = true;
  for (const std::string& address : addresses)
    one.addresses.push_back(*Prefix::parse(address));
  return one;
}

inline Record record_of(const char* container, const char* pod, const std::string& netns, ino_t inode) {
  Record record{.key = {*NetworkName::parse("net"), *ContainerId::parse(container), *IfName::parse("eth0")}};
  record.phase = Record::Phase::complete;
  record.pod = pod;
  record.netns = netns;
  record.netns_id.inode = inode;
  record.host_ifname = "ist0";
  record.host_mac = "02:00:00:00:00:01";
  record.addresses = {*Prefix::parse("10.1.2.3/24")};
  record.created = 1000;
  return record;
}

inline NetnsMount mount_at(const char* path, ino_t inode) {
  NetnsMount mount;
  mount.mount_point = path;
  mount.inode = inode;
  return mount;
}

}  // namespace isthmus::test
