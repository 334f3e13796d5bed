// Configurations as real runtimes send them, in each one's spelling of keys.
#include "cni_testing.h"
#include "plugin/cni/netconf.h"

namespace isthmus {
namespace {

using test::golden;
using test::parse;

TEST(Samples, K01_ContainerdWritesGoNames) {
  auto conf =
      parse(golden("stdin/containerd_add.json"), Verb::add,
            "K8S_POD_UID=u;IgnoreUnknown=1;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web");
  ASSERT_TRUE(conf && conf->settings) << (conf ? conf->settings.error().msg : conf.error().msg);
  EXPECT_EQ(conf->version, SpecVersion::v1_1_0);
  EXPECT_EQ(conf->settings->mtu->octets(), 1450u);
  EXPECT_TRUE(conf->settings->ip_masq);
  EXPECT_EQ(conf->settings->mac->text(), "0a:00:00:00:00:77");
  EXPECT_EQ(*conf->settings->dns, (CniDns{{"10.96.0.10"}, "", {"default.svc.cluster.local", "svc.cluster.local"}, {}}));
  const auto& ipam = std::get<EmbeddedIpamConf>(conf->settings->ipam);
  ASSERT_EQ(ipam.sets.size(), 3u);
  EXPECT_EQ(ipam.sets[0][0].subnet.text(), "10.244.7.0/24");
  EXPECT_EQ(ipam.sets[1][0].first.text(), "10.244.1.10");
  EXPECT_EQ(ipam.sets[2][0].gateway.text(), "fd00:244:1::1");
  EXPECT_EQ(ipam.routes.size(), 3u);
  EXPECT_EQ(ipam.routes[1].scope, std::uint8_t{0});
  ASSERT_TRUE(conf->prev_result.has_value());
  EXPECT_EQ(conf->prev_result->ips[0].interface, 0);
}

TEST(Samples, K01_CrioWritesTheNamesOfTheConventions) {
  auto conf = parse(golden("stdin/crio_add.json"));
  ASSERT_TRUE(conf && conf->settings) << (conf ? conf->settings.error().msg : conf.error().msg);
  EXPECT_EQ(*conf->settings->dns, (CniDns{{"10.96.0.10"}, "", {"svc.cluster.local"}, {"ndots:5"}}));
  EXPECT_EQ(conf->settings->mac->text(), "02:00:00:00:00:78");
  const auto& ipam = std::get<EmbeddedIpamConf>(conf->settings->ipam);
  EXPECT_EQ(ipam.requested, std::vector{*IpAddress::parse("10.85.0.9")});
}

TEST(Samples, G02_CriosFirstGcSaysNull) {
  auto conf = parse(golden("stdin/crio_gc.json"), Verb::gc);
  ASSERT_TRUE(conf && conf->settings);
  ASSERT_TRUE(conf->valid_attachments.has_value());
  EXPECT_TRUE(conf->valid_attachments->empty());
}

TEST(Samples, S04_PodmansBridgeConfigurationAsPtp) {
  auto conf = parse(golden("stdin/podman_add.json"), Verb::add,
                    "IgnoreUnknown=1;K8S_POD_NAME=web;MAC=02:00:00:00:00:79;IP=10.89.0.9");
  ASSERT_TRUE(conf && conf->settings) << (conf ? conf->settings.error().msg : conf.error().msg);
  EXPECT_EQ(conf->settings->mac->text(), "02:00:00:00:00:79");
  EXPECT_EQ(conf->ipam_type, "host-local");
}

}  // namespace
}  // namespace isthmus
