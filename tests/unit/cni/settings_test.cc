#include "cni_testing.h"
#include "plugin/cni/netconf.h"

namespace isthmus {
namespace {

using test::conf;
using test::parse;
using test::settings_error;
using test::settings_of;

Settings good(const std::string& members, Verb verb = Verb::add, const std::string& cni_args = {}) {
  auto settings = settings_of(members, verb, cni_args);
  EXPECT_TRUE(settings) << members << ": " << settings.error().msg;
  return settings ? *std::move(settings) : Settings();
}

TEST(Settings, DefaultsAreTheOfficialPtps) {
  Settings settings = good("");
  EXPECT_FALSE(settings.bridge.has_value());
  EXPECT_FALSE(settings.mtu.has_value());
  EXPECT_FALSE(settings.ip_masq);
  EXPECT_FALSE(settings.mac.has_value());
  EXPECT_FALSE(settings.dns.has_value());
  EXPECT_TRUE(std::holds_alternative<NoIpam>(settings.ipam));
  auto parsed = parse(conf(""));
  EXPECT_EQ(parsed->state_dir, "/run/isthmus");
  EXPECT_EQ(parsed->log, LogConf());
}

TEST(Settings, EverythingGiven) {
  auto parsed = parse(conf(R"("mode":"bridge","MTU":1450,"ipmasq":true,"stateDir":"/run/x","log":{"level":"warning",
      "file":"/var/log/x.log","stderr":true},"dns":{"nameservers":["10.0.0.10"],"writeNetnsResolvConf":true})"));
  ASSERT_TRUE(parsed && parsed->settings) << parsed->settings.error().msg;
  EXPECT_EQ(parsed->settings->bridge->name.text(), "cni0");
  EXPECT_EQ(parsed->settings->mtu->octets(), 1450u);
  EXPECT_TRUE(parsed->settings->ip_masq);
  EXPECT_TRUE(parsed->settings->write_netns_resolv_conf);
  EXPECT_EQ(parsed->settings->dns->nameservers, std::vector<std::string>{"10.0.0.10"});
  EXPECT_EQ(parsed->state_dir, "/run/x");
  EXPECT_EQ(parsed->log, (LogConf{"warn", "/var/log/x.log", true}));
}

TEST(Settings, S07_WrongValuesAreCode7AndNamed) {
  for (auto [members, part] : std::map<std::string, std::string>{
           {R"("mode":"macvlan")", "'mode': 'macvlan' is no mode"},
           {R"("mode":5)", "'mode': expected a string"},
           {R"("mtu":-1)", "'mtu' = -1"},
           {R"("mtu":20)", "'mtu' = 20"},
           {R"("mtu":70000)", "'mtu' = 70000"},
           {R"("mtu":1500.5)", "'mtu': expected an integer, found the number 1500.5"},
           {R"("ipMasq":"yes")", "'ipMasq': expected true or false, found the string 'yes'"},
           {R"("stateDir":"run/x")", "'stateDir': 'run/x' is no absolute path"},
           {R"("stateDir":"/run/\u0000")", "'stateDir'"},
           {R"("log":"debug")", "'log': expected an object"},
           {R"("log":{"level":"loud"})", "'log.level': 'loud' is no level"},
           {R"("log":{"file":"x.log"})", "'log.file': 'x.log' is no absolute path"},
           {R"("dns":{"nameservers":"10.0.0.1"})", "'dns.nameservers': expected a list"},
           {R"("dns":{"nameservers":["10.0.0.1\nsearch evil"]})", "'dns.nameservers': '10.0.0.1\\x0asearch evil'"},
           {R"("dns":{"domain":"a b"})", "'dns.domain': 'a b' is not one word"},
           {R"("ipam":"host-local")", "'ipam': expected an object"},
           {R"("ipam":{"type":"../host-local"})", "'ipam.type': '../host-local' is no file name"},
           {R"("ipam":{"type":5})", "'ipam.type': expected a string"}}) {
    CniError error = settings_error(members);
    EXPECT_EQ(error.code, 7u) << error.msg;
    EXPECT_NE(error.msg.find(part), std::string::npos) << error.msg;
  }
  EXPECT_EQ(good(R"("mtu":0)").mtu, std::nullopt);
}

TEST(Settings, S04_SlipsAreCode2WithKeyValueAndWhatWasMeant) {
  for (auto [members, part] : std::map<std::string, std::string>{
           {R"("mtuu":1400)", "'mtuu' = 1400: there is no such key, did you mean 'mtu'?"},
           {R"("ipMask":true)", "'ipMask' = true: there is no such key, did you mean 'ipMasq'?"},
           {R"("moed":"ptp")", "'moed' = 'ptp': there is no such key, did you mean 'mode'?"},
           {R"("isGatway":true)", "did you mean 'isGateway'?"},
           {R"("dns":{"nameserver":["x"]})",
            "'dns.nameserver' = [...]: there is no such key, did you mean 'nameservers'?"},
           {R"("log":{"levle":"info"})", "'log.levle' = 'info'"},
           {R"("ipam":{"type":"isthmus","subnett":"10.1.0.0/16"})", "'ipam.subnett' = '10.1.0.0/16'"},
           {R"("ipam":{"type":"isthmus","ranges":[[{"subnet":"10.1.0.0/16","rangeStrat":"x"}]]})",
            "'ipam.ranges[0][0].rangeStrat'"},
           {R"("ipam":{"type":"isthmus","subnet":"10.1.0.0/16","routes":[{"dst":"0.0.0.0/0","prioritiy":5}]})",
            "'ipam.routes[0].prioritiy' = 5"}}) {
    CniError error = settings_error(members);
    EXPECT_EQ(error.code, 2u) << error.msg;
    EXPECT_NE(error.msg.find(part), std::string::npos) << error.msg;
    EXPECT_NE(error.msg.find("[unknown-key]"), std::string::npos) << error.msg;
  }
}

TEST(Settings, S04_KeysOfTheOfficialPluginsAndOfDelegatesAreNoSlips) {
  good(
      R"("bridge":"cni0","isGateway":true,"vlan":"x","vlanTrunk":5,"enabledad":true,"MACSPOOFCHK":true,"promiscMode":1)");
  good(R"("ipMasqBackend":"nftables","forceAddress":false,"disableContainerInterface":true,"portIsolation":true)");
  good(R"("ipam":{"type":"host-local","subnett":"10.1.0.0/16","rangee":[]})");
  good(R"("ipam":{"type":"isthmus","subnet":"10.1.0.0/16","dataDir":"/var/lib/cni"})");
  good(R"("id":1,"gw":"10.0.0.1","labels":{},"uplink":"eth0","mac":"x")");
}

TEST(Settings, K01_CapabilitiesInEitherSpelling) {
  for (const char* dns : {R"({"servers":["10.0.0.10"],"searches":["svc"],"options":["ndots:5"]})",
                          R"({"Servers":["10.0.0.10"],"Searches":["svc"],"Options":["ndots:5"]})"}) {
    Settings settings = good(R"("runtimeConfig":{"Dns":)" + std::string(dns) + R"(,"MAC":"02:00:00:00:00:77"})");
    EXPECT_EQ(*settings.dns, (CniDns{{"10.0.0.10"}, "", {"svc"}, {"ndots:5"}}));
    EXPECT_EQ(settings.mac->text(), "02:00:00:00:00:77");
  }
}

TEST(Settings, K02_ForeignCapabilitiesAndArgsAreIgnored) {
  good(R"("runtimeConfig":{"portMappings":5,"bandwidth":[],"infinibandGUID":{},"aliases":{"a":[]},
      "io.kubernetes.cri.pod-annotations":null,"ips":5,"ipRanges":5},"args":{"labels":5,"cni":{"promisc":"x"}})");
}

TEST(Settings, K03_MalformedCapability) {
  for (auto [members, part] : std::map<std::string, std::string>{
           {R"("runtimeConfig":{"mac":"junk"})", "'runtimeConfig.mac' = 'junk' as a MAC address"},
           {R"("runtimeConfig":{"mac":5})", "'runtimeConfig.mac': expected a string"},
           {R"("runtimeConfig":{"dns":{"servers":"x"}})", "'runtimeConfig.dns.servers': expected a list"},
           {R"("runtimeConfig":[])", "'runtimeConfig': expected an object"},
           {R"("args":{"cni":{"mac":"01:00:5e:00:00:01"}})", "'args.cni.mac' = '01:00:5e:00:00:01'"}}) {
    CniError error = settings_error(members);
    EXPECT_EQ(error.code, 7u) << error.msg;
    EXPECT_NE(error.msg.find(part), std::string::npos) << error.msg;
  }
}

TEST(Settings, K04_MacPrecedence) {
  std::string runtime = R"("runtimeConfig":{"mac":"02:00:00:00:00:01"})";
  std::string args = R"("args":{"cni":{"mac":"02:00:00:00:00:02"}})";
  std::string cni_args = "MAC=02:00:00:00:00:03";
  EXPECT_EQ(good(runtime + "," + args, Verb::add, cni_args).mac->text(), "02:00:00:00:00:01");
  EXPECT_EQ(good(args, Verb::add, cni_args).mac->text(), "02:00:00:00:00:02");
  EXPECT_EQ(good("", Verb::add, cni_args).mac->text(), "02:00:00:00:00:03");
  EXPECT_EQ(good(R"("runtimeConfig":{"mac":""})", Verb::add, cni_args).mac->text(), "02:00:00:00:00:03");
}

TEST(Settings, A09_DnsOfTheRuntimeReplacesTheConfigurationsAsAWhole) {
  std::string own = R"("dns":{"nameservers":["10.0.0.1"],"domain":"x"})";
  EXPECT_EQ(*good(own + R"(,"runtimeConfig":{"dns":{"servers":["10.0.0.2"]}})").dns,
            (CniDns{{"10.0.0.2"}, "", {}, {}}));
  EXPECT_EQ(*good(own + R"(,"runtimeConfig":{"dns":{"servers":null,"Options":null}})").dns,
            (CniDns{{"10.0.0.1"}, "x", {}, {}}));
  EXPECT_EQ(good(R"("dns":{"writeNetnsResolvConf":true})").dns, std::nullopt);
}

TEST(Settings, IpamTypes) {
  for (const char* none : {R"("ipam":null)", R"("ipam":{})", R"("ipam":{"type":""})"})
    EXPECT_TRUE(std::holds_alternative<NoIpam>(good(none).ipam)) << none;
  auto parsed = parse(conf(R"("ipam":{"type":"host-local","subnet":"10.0.0.0/8"})"));
  EXPECT_EQ(std::get<DelegatedIpam>(parsed->settings->ipam).type, "host-local");
  EXPECT_EQ(parsed->ipam_type, "host-local");
}

}  // namespace
}  // namespace isthmus
