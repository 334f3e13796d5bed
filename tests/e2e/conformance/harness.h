// The conformance tests run the binary as a container runtime does and look at what it printed, how it ended and what
// the kernel and the state directory hold afterwards. Each test's name begins with the IDs of the numbered checks that
// it asserts (checks.tsv); tests/e2e/conformance_table makes the table from them.
//   ISTHMUS_BIN   the binary to test. With another name than isthmus, say /usr/lib/cni/ptp, the harness can be tried
//                 against an official plugin: its type, host-local and version 1.0.0 are used then.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/conformance/fake_plugin.h"
#include "tests/e2e/conformance/host.h"
#include "tests/e2e/conformance/process.h"
#include "tests/support/private_host.h"

namespace isthmus::test {

inline const std::vector<std::string> kVersions = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};
inline constexpr const char* kStateDir = "/run/isthmus";
inline constexpr const char* kOfficialPlugins = "/usr/lib/cni";

std::string plugin_path();
std::string plugin_type();
bool is_isthmus();
std::string newest_version();

// One call of the plugin: environment and stdin, each changeable.
class Call {
 public:
  Call(const std::string& verb, std::string input);
  Call(const std::string& verb, const Json& conf) : Call(verb, conf.dump()) {}
  Call& env(const std::string& name, const std::string& value);
  Call& without(const std::string& name);
  Call& id(const std::string& value) { return env("CNI_CONTAINERID", value); }
  Call& ifname(const std::string& value) { return env("CNI_IFNAME", value); }
  Call& netns(const std::string& path) { return env("CNI_NETNS", path); }
  Call& args(const std::string& value) { return env("CNI_ARGS", value); }
  Call& pod(const std::string& name) { return netns("/run/netns/" + name); }

  ProcessSetup setup;
  Process start() const { return Process(setup); }
  Outcome run(std::chrono::milliseconds timeout = std::chrono::seconds(20)) const { return start().finish(timeout); }
};

// Exit 0, and stdout either empty or one JSON value without an error's "code".
testing::AssertionResult succeeded(const Outcome& outcome);
// Exit != 0 and one error object on stdout with this code.
testing::AssertionResult failed_with(unsigned code, const Outcome& outcome);
// The same with any code.
testing::AssertionResult failed(const Outcome& outcome);
// The error object of a failed call, or null with a test failure.
Json error_of(const Outcome& outcome);
// msg and details together, as runtimes show them.
std::string error_text(const Outcome& outcome);
// The result of a successful ADD, or null with a test failure.
Json result_of(const Outcome& outcome);
// First address of a result of version 0.3.0 and up, without and with length.
std::string address_of(const Json& result);
std::string prefix_of(const Json& result);
// Name of the host's end in a result: the first interface that has no sandbox.
std::string host_end_of(const Json& result);

// The configuration with "prevResult".
Json with_prev(Json conf, const Json& result);
// The configuration with "cni.dev/valid-attachments" of (containerID, ifname) pairs.
Json with_valid(Json conf, const std::vector<std::pair<std::string, std::string>>& pairs);

class Conformance : public PrivateHost {
 protected:
  void SetUp() override;  // a fresh network namespace, /run and /etc/netns for each test; one pod named "pod"
  void TearDown() override;

  // ptp mode, network net1, 10.244.1.0/24, default route.
  static Json conf(const std::string& version = newest_version());
  static Json dual_stack_conf(const std::string& version = newest_version());
  // With "ipam" of this type only.
  static Json delegated_conf(const std::string& ipam_type, const std::string& version = newest_version());

  // A call with id "c1", ifname "eth0" and the pod "pod", with CNI_PATH of fakes and official plugins.
  static Call call(const std::string& verb, const Json& conf) { return {verb, conf}; }
  static Outcome run(const std::string& verb, const Json& conf) { return call(verb, conf).run(); }
  // ADD that must succeed; its result.
  static Json add(const Json& conf, const std::string& id = "c1", const std::string& pod = "pod");
  static Outcome del(const Json& conf, const std::string& id = "c1", const std::string& pod = "pod");

  // Makes another pod's namespace.
  const NamedNetns& make_pod(const std::string& name);
  void remove_pod(const std::string& name) { pods_.erase(name); }
  // Of the host and all pods made so far.
  Picture picture() const;

  // Address -> holder, as the state directory (or host-local's) says.
  static std::map<std::string, std::string> leases(const std::string& network = "net1");
  // "c1:eth0" ...
  static std::set<std::string> records(const std::string& network = "net1");
  static std::string record_path(const std::string& name, const std::string& network = "net1");

 private:
  std::map<std::string, std::unique_ptr<NamedNetns>> pods_;
};

}  // namespace isthmus::test
