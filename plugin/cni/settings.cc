#include "plugin/cni/settings.h"

#include <limits.h>
#include <algorithm>
#include <array>

#include "netlink/quoted.h"
#include "plugin/cni/config_keys.h"
#include "plugin/cni/ipam_conf.h"
#include "plugin/cni/json_network.h"

namespace isthmus {
namespace {

// Room for the longest network name and file name below it.
constexpr std::size_t kLongestStateDir = PATH_MAX - 1024;

bool is_absolute_path(const std::string& text) { return text.starts_with('/') && text.find('\0') == std::string::npos; }

Result<std::optional<BridgeConf>> read_mode(const JsonObject& network) {
  JsonField field = network.field("mode");
  TRY(std::string text, field.text());
  if (text.empty() || text == "ptp") return std::optional<BridgeConf>();
  if (text == "bridge") {
    TRY(BridgeConf bridge, read_bridge(network));
    return std::optional(std::move(bridge));
  }
  return field.error(in_quotes(text) + " is no mode; the modes are 'ptp' and 'bridge'");
}

// 0 means "choose", as with the official plugins.
Result<std::optional<Mtu>> read_mtu(const JsonField& field) {
  TRY(std::optional<std::int64_t> octets, field.integer());
  if (!octets || *octets == 0) return std::optional<Mtu>();
  auto mtu = Mtu::from(*octets);
  if (!mtu) return field.error(mtu.error()).with_word("bad-mtu");
  return std::optional(*mtu);
}

// The first way that says anything wins (CNI conventions; bridge.go): what loses is not even read.
Result<std::optional<MacAddress>> read_mac(const JsonObject& network, const Invocation& invocation) {
  TRY(JsonObject runtime, network.field("runtimeConfig").object());
  TRY(JsonObject args, network.field("args").object());
  TRY(JsonObject args_cni, args.field("cni").object());
  for (const JsonField& field : {runtime.field("mac"), args_cni.field("mac")}) {
    TRY(std::string text, field.text());
    if (text.empty()) continue;
    auto mac = MacAddress::parse(text);
    if (!mac) return field.error(mac.error()).with_word("bad-mac");
    return std::optional(*mac);
  }
  return invocation.args.mac;
}

// A line of resolv.conf is words with white space between; more than a word in one place would be another directive.
Status check_words(const JsonField& field, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    auto breaks = [](char byte) { return static_cast<unsigned char>(byte) <= ' ' || byte == '\x7f'; };
    if (word.empty() || std::any_of(word.begin(), word.end(), breaks))
      return field.error(in_quotes(word) + " is not one word");
  }
  return done;
}

Status check_dns(const JsonObject& object, const CniDns& dns, const char* servers_key, const char* search_key) {
  TRY_OK(check_words(object.field(servers_key), dns.nameservers));
  TRY_OK(check_words(object.field(search_key), dns.search));
  TRY_OK(check_words(object.field("options"), dns.options));
  if (dns.domain.empty()) return done;
  return check_words(object.field("domain"), {dns.domain});
}

// The capability has names of its own for the same things (CNI conventions, "dns").
Result<CniDns> read_dns_capability(const JsonObject& network) {
  CniDns dns;
  TRY(JsonObject runtime, network.field("runtimeConfig").object());
  TRY(JsonObject object, runtime.field("dns").object());
  TRY(dns.nameservers, object.field("servers").texts());
  TRY(dns.search, object.field("searches").texts());
  TRY(dns.options, object.field("options").texts());
  TRY_OK(check_dns(object, dns, "servers", "searches"));
  return dns;
}

Status read_dns_settings(const JsonObject& network, Settings& settings) {
  TRY(JsonObject object, network.field("dns").object());
  TRY_OK(refuse_slips(object, dns_keys()));
  TRY(CniDns configured, read_dns(object));
  TRY_OK(check_dns(object, configured, "nameservers", "search"));
  TRY(settings.write_netns_resolv_conf, object.field("writeNetnsResolvConf").boolean());
  TRY(CniDns from_runtime, read_dns_capability(network));
  if (!from_runtime.empty()) {
    settings.dns = std::move(from_runtime);
  } else if (!configured.empty()) {
    settings.dns = std::move(configured);
  }
  return done;
}

}  // namespace

Result<std::string> read_state_dir(const JsonObject& network) {
  JsonField field = network.field("stateDir");
  TRY(std::string text, field.text());
  if (text.empty()) return std::string(kDefaultStateDir);
  if (!is_absolute_path(text)) return field.error(in_quotes(text) + " is no absolute path");
  if (text.size() > kLongestStateDir)
    return field.error("the path is longer than " + std::to_string(kLongestStateDir) + " bytes");
  return text;
}

Result<LogConf> read_log(const JsonObject& network) {
  constexpr std::array<std::string_view, 4> kLevels = {"error", "warn", "info", "debug"};
  LogConf log;
  TRY(JsonObject object, network.field("log").object());
  TRY_OK(refuse_slips(object, log_keys()));
  TRY(std::string level, object.field("level").text());
  if (level == "warning") level = "warn";
  if (!level.empty()) {
    if (std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end())
      return object.field("level").error(in_quotes(level) + " is no level; the levels are error, warn, info and debug");
    log.level = std::move(level);
  }
  TRY(log.file, object.field("file").text());
  if (!log.file.empty() && !is_absolute_path(log.file))
    return object.field("file").error(in_quotes(log.file) + " is no absolute path");
  TRY(log.to_stderr, object.field("stderr").boolean());
  return log;
}

Result<Settings> read_settings(const JsonObject& network, const Invocation& invocation) {
  Settings settings;
  TRY_OK(refuse_slips(network, network_keys()));
  TRY(settings.bridge, read_mode(network));
  TRY(settings.mtu, read_mtu(network.field("mtu")));
  TRY(settings.ip_masq, network.field("ipMasq").boolean());
  TRY(settings.mac, read_mac(network, invocation));
  TRY_OK(read_dns_settings(network, settings));
  TRY(settings.ipam, read_ipam(network, invocation));
  return settings;
}

}  // namespace isthmus
