#include "plugin/attachment/record.h"

#include <gtest/gtest.h>

#include <limits>

namespace isthmus {
namespace {

Record full_record() {
  Record record{.key = {*NetworkName::parse("pods"), *ContainerId::parse("c1"), *IfName::parse("eth0")}};
  record.phase = Record::Phase::complete;
  record.mode = "bridge";
  record.bridge = "cni0";
  record.gateway_link = "cni0.100";
  record.gateways = {*Prefix::parse("10.1.0.1/24")};
  record.hairpin = record.isolated = record.mac_guard = true;
  record.masquerade = {"pods"};
  record.masquerade_sources = {{"pods", *Prefix::parse("10.1.0.0/24")}};
  record.pod = "default/web";
  record.netns = "/run/netns/cni-1";
  record.netns_id = {4, 4026532000};
  record.netns_cookie = std::numeric_limits<std::uint64_t>::max();
  record.host_ifname = "ist0123456789ab";
  record.host_mac = "02:00:00:00:00:01";
  record.container_mac = "02:00:00:00:00:02";
  record.host_ifindex = 17;
  record.addresses = {*Prefix::parse("10.1.0.2/24"), *Prefix::parse("fd00::2/64")};
  record.routes = {RouteSpec{.destination = *Prefix::parse("0.0.0.0/0"), .gateway = *IpAddress::parse("10.1.0.1")},
                   RouteSpec{.destination = *Prefix::parse("10.9.0.0/16"),
                             .gateway = *IpAddress::parse("10.1.0.9"),
                             .onlink = true,
                             .scope = std::uint8_t{0},
                             .table = 100U,
                             .priority = 7U,
                             .mtu = 1400U,
                             .advmss = 1360U}};
  record.ipam_type = "host-local";
  record.config = "{\"name\": \"pods\",\n \"x\": \"\\u00e4 \xc3\xa4\"}\n";
  record.cni_args = "IgnoreUnknown=1;K8S_POD_NAME=web";
  record.cni_path = "/opt/cni/bin:/usr/lib/cni";
  record.resolv_conf = OwnedFile{"/etc/netns/x/resolv.conf", 0xfedcba9876543210U, true};
  record.created = 1700000000;
  return record;
}

TEST(Record, WhatIsWrittenIsRead) {
  for (Record record : {full_record(), Record{.key = full_record().key}}) {
    auto read = parse_record(to_json(record));
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, record);
  }
}

TEST(Record, IsOneLine) {
  std::string json = to_json(full_record());
  EXPECT_EQ(json.find('\n'), json.size() - 1);
}

TEST(Record, BytesThatAreNoTextDoNotBreakIt) {
  Record record = full_record();
  record.netns = "/run/\xff\xfe";
  EXPECT_TRUE(parse_record(to_json(record)));
}

TEST(Record, Z06_TornAnywhereItIsABadRecordAndNeverAnotherOne) {
  std::string json = to_json(full_record());
  for (std::size_t size = 0; size + 2 < json.size(); ++size) {
    auto read = parse_record(json.substr(0, size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().word, "bad-record");
  }
}

std::string with(const std::string& from, const std::string& to) {
  std::string json = to_json(full_record());
  auto at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << json;
  return json.replace(at, from.size(), to);
}

TEST(Record, AnotherFormIsABadRecord) {
  for (const std::string& json : {
           std::string("null"),
           std::string("[]"),
           std::string("{}"),
           std::string(100000, '['),
           with("\"format\":2", "\"format\":1"),
           with("\"format\":2,", ""),
           with("\"network\":\"pods\"", "\"network\":\"../pods\""),
           with("\"container_id\":\"c1\"", "\"container_id\":\"\""),
           with("\"ifname\":\"eth0\"", "\"ifname\":\"a/b\""),
           with("\"phase\":\"complete\"", "\"phase\":\"done\""),
           with("\"mode\":\"bridge\"", "\"mode\":null"),
           with("\"mode\":\"bridge\"", "\"mode\":1"),
           with("\"host_ifindex\":17", "\"host_ifindex\":\"17\""),
           with("\"host_ifindex\":17", "\"host_ifindex\":99999999999"),
           with("\"host_ifindex\":17", "\"host_ifindex\":1.5"),
           with("\"10.1.0.2/24\"", "\"10.1.0.2\""),
           with("\"10.1.0.2/24\"", "5"),
           with("\"dst\":\"0.0.0.0/0\"", "\"dst\":\"\""),
           with("\"made_directory\":true", "\"made_directory\":\"yes\""),
           with("\"content_hash\":", "\"hash\":"),
           with("\"created\":1700000000", "\"since\":1700000000"),
       }) {
    auto read = parse_record(json);
    ASSERT_FALSE(read) << json.substr(0, 300);
    EXPECT_EQ(read.error().word, "bad-record") << read.error().text();
  }
}

}  // namespace
}  // namespace isthmus
