#include "plugin/ipam/resolv_conf.h"

#include <sys/stat.h>

#include "tests/unit/ipam/ipam_testing.h"

namespace isthmus {
namespace {

TEST(ResolvConf, KeywordsAreReadAsTheResolverReadsThem) {
  CniDns dns = parse_resolv_conf(
      "# nameserver 9.9.9.9\n; options bad\n\n"
      "nameserver 10.0.0.53\n\tnameserver   fd00::53  \r\n"
      "domain old.example\ndomain example.org\n"
      "search a.example\nsearch b.example c.example\n"
      "options ndots:2 edns0\noptions rotate\n"
      "nameserver\nsortlist 10.0.0.0\nnameserver 10.0.0.54");
  EXPECT_EQ(dns.nameservers, (std::vector<std::string>{"10.0.0.53", "fd00::53", "10.0.0.54"}));
  EXPECT_EQ(dns.domain, "example.org");
  EXPECT_EQ(dns.search, (std::vector<std::string>{"b.example", "c.example"}));
  EXPECT_EQ(dns.options, (std::vector<std::string>{"ndots:2", "edns0", "rotate"}));
  EXPECT_TRUE(parse_resolv_conf("").empty());
}

TEST(ResolvConf, WhatIsNoReadableFileIsAnErrorThatNamesIt) {
  test::TempDir dir;
  ASSERT_EQ(mkfifo((dir / "fifo").c_str(), 0600), 0);
  test::put_file(dir / "huge", std::string(100000, '#'));
  for (const char* name : {"absent", "fifo", "huge", "."}) {
    auto dns = read_resolv_conf(dir / name);
    ASSERT_FALSE(dns) << name;
    EXPECT_EQ(dns.error().word, "bad-resolv-conf");
    EXPECT_NE(dns.error().text().find(dir / name), std::string::npos);
  }
  test::put_file(dir / "real", "nameserver 1.1.1.1\n");
  ASSERT_EQ(symlink("real", (dir / "link").c_str()), 0);
  auto dns = read_resolv_conf(dir / "link");
  ASSERT_TRUE(dns) << dns.error().text();
  EXPECT_EQ(dns->nameservers, std::vector<std::string>{"1.1.1.1"});
}

}  // namespace
}  // namespace isthmus
