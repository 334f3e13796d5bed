// stdin of every verb: parse_netconf(), peek_version() and the answer to VERSION.
#include "plugin/cni/netconf.h"

#include "plugin/cni/json_value.h"
#include "plugin/cni/version_answer.h"
#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {
namespace {

Invocation invocation_of(Verb verb) {
  Invocation invocation{verb, {}, {}, "/run/netns/x", {}, "/opt/cni/bin", false};
  invocation.container_id = *ContainerId::parse("c1");
  invocation.ifname = *IfName::parse("eth0");
  return invocation;
}

void require_legal(const Settings& settings) {
  if (settings.mtu) require(Mtu::from(settings.mtu->octets()).operator bool(), "an MTU is one");
  if (settings.mac) require(MacAddress::parse(settings.mac->text()).operator bool(), "a MAC address is one");
  if (settings.bridge) require(IfName::parse(settings.bridge->name.text()).operator bool(), "a bridge's name is one");
  if (const auto* delegated = std::get_if<DelegatedIpam>(&settings.ipam)) {
    require(!delegated->type.empty() && delegated->type.find('/') == std::string::npos, "a delegate is a file name");
  }
  const auto* embedded = std::get_if<EmbeddedIpamConf>(&settings.ipam);
  if (embedded == nullptr) return;
  require(check_sets(embedded->sets).operator bool(), "accepted range sets are legal ones");
  for (const RangeSet& set : embedded->sets) {
    for (const IpRange& range : set) {
      require(range.subnet == range.subnet.network(), "a subnet has no host bits", range.subnet.text());
      require(range.subnet.contains(range.first) && range.subnet.contains(range.last), "a range lies in its subnet");
      require(range.first <= range.last, "a range does not end before its start");
      require(!range.allows(range.gateway), "the gateway is not handed out");
    }
  }
}

void require_legal(const NetConf& conf, Bytes input, Verb verb) {
  require(conf.stdin_bytes == as_text(input), "a delegate gets the bytes that came");
  require(NetworkName::parse(conf.name.text()).operator bool(), "a network's name is one");
  require(conf.state_dir.starts_with('/'), "the state directory is absolute", conf.state_dir);
  if (conf.settings) {
    require_legal(*conf.settings);
  } else {
    require_clear(conf.settings.error());
  }
  if (conf.prev_result && conf.version >= SpecVersion::v0_3_0) {
    auto printed = to_json(*conf.prev_result, kNewestVersion);
    require(printed && *parse_result(*printed, conf.version, "it") == *conf.prev_result, "prevResult can be passed on");
  }
  require(verb == Verb::gc || !conf.valid_attachments, "only GC has a list of attachments");
  if (!conf.valid_attachments) return;
  for (const AttachmentRef& ref : *conf.valid_attachments) {
    require(ContainerId::parse(ref.container_id).operator bool(), "a container id is one", ref.container_id);
    require(IfName::parse(ref.ifname).operator bool(), "an interface's name is one", ref.ifname);
  }
}

}  // namespace

int fuzz_netconf(Bytes input) {
  for (Verb verb : {Verb::add, Verb::del, Verb::check, Verb::gc, Verb::status}) {
    auto conf = parse_netconf(std::string(as_text(input)), invocation_of(verb));
    if (!conf) {
      require_clear(conf.error());
      continue;
    }
    require_legal(*conf, input, verb);
    auto peeked = peek_version(as_text(input));
    require(conf->version == peeked.value_or(kVersionWhenAbsent), "both readers see the same version");
  }
  std::string answer = version_answer(as_text(input));
  auto version = peek_version(answer);
  require(version && answer.ends_with('\n'), "VERSION answers with a version whatever comes", answer);
  require(*version == peek_version(as_text(input)).value_or(kNewestVersion), "a supported version is echoed", answer);
  return 0;
}

}  // namespace isthmus::fuzz
