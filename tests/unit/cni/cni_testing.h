// What the tests of plugin/cni share: golden files and a short way to parse a configuration.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>

#include "plugin/cni/netconf.h"

namespace isthmus::test {

// Contents of tests/golden/NAME without the newline at the end.
inline std::string golden(const std::string& name) {
  std::string path = std::string(ISTHMUS_GOLDEN_DIR) + "/" + name;
  std::FILE* file = std::fopen(path.c_str(), "r");
  EXPECT_NE(file, nullptr) << path;
  std::string text;
  char buffer[4096];
  while (file != nullptr) {
    std::size_t got = std::fread(buffer, 1, sizeof buffer, file);
    if (got == 0) break;
    text.append(buffer, got);
  }
  if (file != nullptr) std::fclose(file);
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

using Environment = std::map<std::string, std::string, std::less<>>;

inline Getenv getenv_of(Environment environment) {
  return [environment = std::move(environment)](std::string_view name) -> std::optional<std::string> {
    auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
}

inline Environment full_environment() {
  return {
      {"CNI_CONTAINERID", "c1"}, {"CNI_NETNS", "/run/netns/c1"}, {"CNI_IFNAME", "eth0"}, {"CNI_PATH", "/opt/cni/bin"}};
}

inline Answer<NetConf> parse(const std::string& text, Verb verb = Verb::add, const std::string& cni_args = {}) {
  Environment environment = full_environment();
  environment["CNI_ARGS"] = cni_args;
  auto invocation = parse_invocation(verb, getenv_of(environment));
  if (!invocation) return std::move(invocation).error();
  return parse_netconf(text, *invocation);
}

// {"cniVersion": "1.1.0", "name": "pods", "type": "isthmus", MEMBERS}
inline std::string conf(const std::string& members) {
  return R"({"cniVersion":"1.1.0","name":"pods","type":"isthmus")" + (members.empty() ? "" : "," + members) + "}";
}

inline Result<Settings, CniError> settings_of(const std::string& members,
                                              Verb verb = Verb::add,
                                              const std::string& cni_args = {}) {
  auto parsed = parse(conf(members), verb, cni_args);
  if (!parsed) return std::move(parsed).error();
  return parsed->settings;
}

// The error of a configuration that parses, but whose own keys are wrong.
inline CniError settings_error(const std::string& members, Verb verb = Verb::add, const std::string& cni_args = {}) {
  auto parsed = parse(conf(members), verb, cni_args);
  EXPECT_TRUE(parsed) << parsed.error().msg;
  if (!parsed) return CniError(0, "parse_netconf failed");
  EXPECT_FALSE(parsed->settings) << "no error in " << members;
  return parsed->settings ? CniError(0, "no error") : parsed->settings.error();
}

// Settings with {"ipam": {"type": "isthmus", MEMBERS}} and further members of the configuration.
inline std::string embedded(const std::string& members, const std::string& further = {}) {
  return R"("ipam":{"type":"isthmus",)" + members + "}" + (further.empty() ? "" : "," + further);
}

inline EmbeddedIpamConf ipam_of(const std::string& members, const std::string& cni_args = {}) {
  auto settings = settings_of(members, Verb::add, cni_args);
  EXPECT_TRUE(settings) << settings.error().msg;
  if (!settings) return {};
  const auto* ipam = std::get_if<EmbeddedIpamConf>(&settings->ipam);
  EXPECT_NE(ipam, nullptr);
  return ipam == nullptr ? EmbeddedIpamConf() : *ipam;
}

}  // namespace isthmus::test
