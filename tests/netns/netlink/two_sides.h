// A private host with one container's namespace, and a socket on either side.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "netlink/link.h"
#include "netlink/route_socket.h"
#include "netns/netns_fd.h"
#include "tests/support/private_host.h"

namespace isthmus::test {

inline Deadline soon() { return Deadline::in(std::chrono::seconds(5)); }

inline IfName ifname(std::string_view text) { return *IfName::parse(text); }
inline MacAddress mac(std::string_view text) { return *MacAddress::parse(text); }
inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
inline Prefix prefix(std::string_view text) { return *Prefix::parse(text); }

inline NetnsFd open_netns(const NamedNetns& netns) { return *NetnsFd::open(*NetnsPath::parse(netns.path()), soon()); }

inline RouteSocket<HostSide> host_socket() {
  return *run_at_home([](const InNamespace<HostSide>& pass) { return RouteSocket<HostSide>::open(pass); });
}

inline RouteSocket<ContainerSide> container_socket(const NetnsFd& netns) {
  return *run_in<ContainerSide>(
      netns, [](const InNamespace<ContainerSide>& pass) { return RouteSocket<ContainerSide>::open(pass); });
}

// `ip -j ...` in the host's or, with a name, in that namespace.
inline nlohmann::json ip_json(const std::string& arguments, const std::string& netns = {}) {
  std::string in = netns.empty() ? "" : "-n " + netns + " ";
  auto parsed = nlohmann::json::parse(shell("ip -j " + in + arguments), nullptr, false);
  EXPECT_FALSE(parsed.is_discarded()) << arguments;
  return parsed;
}

class TwoSides : public PrivateHost {
 protected:
  void SetUp() override {
    PrivateHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    container_.emplace("web");
    netns_.emplace(open_netns(*container_));
    host_.emplace(host_socket());
    inside_.emplace(container_socket(*netns_));
  }

  VethSpec spec(const std::string& host_name = "ist0", const std::string& container_name = "eth0") {
    return {ifname(host_name), mac("02:00:00:00:00:01"), ifname(container_name), mac("02:00:00:00:00:02"), {}, {}};
  }
  VethIndexes veth(const std::string& host_name = "ist0", const std::string& container_name = "eth0") {
    auto made = create_veth(*host_, *inside_, *netns_, spec(host_name, container_name));
    EXPECT_TRUE(made) << made.error().text();
    return made ? *made : VethIndexes{};
  }
  // A veth with both ends up.
  VethIndexes live_veth() {
    VethIndexes made = veth();
    Batch host;
    change_link(host, made.host, "ist0", {.up = true});
    EXPECT_TRUE(host_->commit(std::move(host)));
    Batch inside;
    change_link(inside, made.container, "eth0", {.up = true});
    EXPECT_TRUE(inside_->commit(std::move(inside)));
    return made;
  }
  void TearDown() override {
    if (host_) shell("ip link | grep -o 'ist[0-9a-z]*' | sort -u | sed 's/^/link delete /' | ip -batch -");
  }

  std::optional<NamedNetns> container_;
  std::optional<NetnsFd> netns_;
  std::optional<RouteSocket<HostSide>> host_;
  std::optional<RouteSocket<ContainerSide>> inside_;
};

}  // namespace isthmus::test
