// What the tests of plugin/ipam share.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "plugin/cni/netconf.h"
#include "plugin/ipam/ipam.h"
#include "tests/support/temp_dir.h"

namespace isthmus::test {

inline IpAddress ip(const std::string& text) {
  auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return *address;
}

inline IpRange range(const IpRangeText& text) {
  auto made = make_range(text);
  EXPECT_TRUE(made) << made.error().text();
  return *made;
}

inline RangeSet set_of(const std::string& subnet, const std::vector<std::string>& exclude = {}) {
  return {range({subnet, "", "", "", exclude})};
}

inline NetworkName network(const std::string& name) { return *NetworkName::parse(name); }

// Runs `work` in a process of its own; its exit status is 0 when that returns true.
inline pid_t in_child(const std::function<bool()>& work) {
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    _exit(work() ? 0 : 1);
  }
  return pid;
}

inline int wait_for(pid_t pid) {
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

// One call with its configuration, parsed as a real one.
class TestCall {
 public:
  using Variables = std::map<std::string, std::string>;

  TestCall(Verb verb,
           std::string config,
           Variables variables = {},
           std::chrono::milliseconds time = std::chrono::seconds(10))
      : invocation_(parse(verb, std::move(variables))),
        conf_(parse_config(std::move(config), invocation_)),
        call_{invocation_, conf_, Deadline::in(time)} {}
  TestCall(const TestCall&) = delete;
  TestCall& operator=(const TestCall&) = delete;
  const IpamCall* operator->() const { return &call_; }
  operator const IpamCall&() const { return call_; }  // NOLINT(google-explicit-constructor)

 private:
  static Invocation parse(Verb verb, Variables variables) {
    variables.try_emplace("CNI_CONTAINERID", "c1");
    variables.try_emplace("CNI_IFNAME", "eth0");
    variables.try_emplace("CNI_NETNS", "/run/netns/c1");
    variables.try_emplace("CNI_PATH", "/nowhere");
    auto parsed = parse_invocation(verb, [&](std::string_view name) -> std::optional<std::string> {
      auto found = variables.find(std::string(name));
      if (found == variables.end()) return std::nullopt;
      return found->second;
    });
    EXPECT_TRUE(parsed) << parsed.error().msg;
    return *std::move(parsed);
  }
  static NetConf parse_config(std::string config, const Invocation& invocation) {
    auto parsed = parse_netconf(std::move(config), invocation);
    EXPECT_TRUE(parsed) << parsed.error().msg;
    return *std::move(parsed);
  }

  Invocation invocation_;
  NetConf conf_;
  IpamCall call_;
};

}  // namespace isthmus::test
