#include "plugin/cni/bridge_conf.h"

#include "cni_testing.h"

namespace isthmus {
namespace {

using test::settings_error;
using test::settings_of;

BridgeConf bridge(const std::string& members) {
  auto settings = settings_of("\"mode\":\"bridge\"" + (members.empty() ? "" : "," + members));
  EXPECT_TRUE(settings && settings->bridge) << members;
  return *settings->bridge;
}

TEST(BridgeConf, DefaultsAreTheOfficialPlugins) { EXPECT_EQ(bridge(""), BridgeConf{.name = *IfName::parse("cni0")}); }

TEST(BridgeConf, EveryKey) {
  BridgeConf all = bridge(R"("bridge":"br7","isDefaultGateway":true,"forceAddress":true,"hairpinMode":true,
      "portIsolation":true,"macspoofchk":true,"enabledad":true,"vlan":100,
      "vlanTrunk":[{"minID":200,"maxID":300},{"id":7}])");
  BridgeConf wanted{.name = *IfName::parse("br7"),
                    .is_gateway = true,
                    .is_default_gateway = true,
                    .force_address = true,
                    .hairpin = true,
                    .isolated = true,
                    .mac_spoof_check = true,
                    .duplicate_detection = true,
                    .vlans = {100, {{200, 300}, {7, 7}}, true}};
  EXPECT_EQ(all, wanted);
  EXPECT_TRUE(bridge(R"("promiscMode":true)").promiscuous);
  EXPECT_TRUE(bridge(R"("disableContainerInterface":true)").disable_container_interface);
}

TEST(BridgeConf, VlanZeroIsNone) { EXPECT_TRUE(bridge(R"("vlan":0)").vlans.empty()); }

TEST(BridgeConf, TheDefaultVlanStaysWhenAskedForOrUsed) {
  EXPECT_FALSE(bridge(R"("vlan":100,"preserveDefaultVlan":true)").vlans.drop_default);
  EXPECT_FALSE(bridge(R"("vlan":1)").vlans.drop_default);
  EXPECT_TRUE(bridge(R"("vlanTrunk":[{"id":7}])").vlans.drop_default);
}

TEST(BridgeConf, S07_WrongValuesAreNamed) {
  for (auto [members, part] : std::map<std::string, std::string>{
           {R"("bridge":"a/b")", "'bridge'"},
           {R"("bridge":"a-name-of-16-byte")", "'bridge'"},
           {R"("isGateway":"yes")", "'isGateway': expected true or false"},
           {R"("vlan":4095)", "4095 is no VLAN"},
           {R"("vlan":-1)", "-1 is no VLAN"},
           {R"("vlanTrunk":[{"minID":5}])", "'minID' and 'maxID' need each other"},
           {R"("vlanTrunk":[{"minID":9,"maxID":5}])", "'minID' is more than 'maxID'"},
           {R"("vlanTrunk":[{}])", "it needs 'id'"},
           {R"("vlanTrunk":{"id":5})", "'vlanTrunk': expected a list"},
           {R"("hairpinMode":true,"promiscMode":true)", "exclude each other"},
           {R"("disableContainerInterface":true,"ipam":{"type":"isthmus","subnet":"10.0.0.0/24"})", "no 'ipam'"},
           {R"("isDefaultGatway":true)", "did you mean 'isDefaultGateway'"},
       }) {
    EXPECT_NE(settings_error("\"mode\":\"bridge\"," + members).msg.find(part), std::string::npos)
        << members << ": " << settings_error("\"mode\":\"bridge\"," + members).msg;
  }
}

}  // namespace
}  // namespace isthmus
