// Real packets: two pods on two links of the host, and a world behind it that knows no way back to the pods, so that
// only what is masqueraded is ever answered.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "tests/netns/netlink/nftables_host.h"

namespace isthmus::test {
namespace {

// Sockets stay in the namespace they were made in, so the test uses all of them from its own thread.
UniqueFd socket_in(const NetnsFd& netns, int family, int type) {
  auto made = run_in<ContainerSide>(netns, [&](const InNamespace<ContainerSide>&) -> Result<UniqueFd> {
    return UniqueFd(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  });
  EXPECT_TRUE(made);
  return *std::move(made);
}

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  static Endpoint at(const IpAddress& address, std::uint16_t port) {
    Endpoint out;
    auto bytes = address.bytes();
    if (address.family() == Family::v4) {
      auto& to = reinterpret_cast<sockaddr_in&>(out.storage);
      to = {AF_INET, htons(port), {}, {}};
      memcpy(&to.sin_addr, bytes.data(), bytes.size());
      out.size = sizeof to;
    } else {
      auto& to = reinterpret_cast<sockaddr_in6&>(out.storage);
      to = {AF_INET6, htons(port), 0, {}, 0};
      memcpy(&to.sin6_addr, bytes.data(), bytes.size());
      out.size = sizeof to;
    }
    return out;
  }
  std::string text() {
    char host[INET6_ADDRSTRLEN] = "";
    if (storage.ss_family == AF_INET) inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in&>(storage).sin_addr, host, 64);
    if (storage.ss_family == AF_INET6)
      inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6&>(storage).sin6_addr, host, 46);
    return host;
  }
};

bool ready(const UniqueFd& fd, short events) {
  pollfd waiting{fd.ref().number(), events, 0};
  return poll(&waiting, 1, 1500) == 1;
}

class NftablesTraffic : public NftablesHost {
 protected:
  void SetUp() override {
    NftablesHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    shell("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    // A link-local address that is still tentative would hold back the neighbour solicitations of the first second.
    for (const char* in : {"", "ip netns exec pod1 ", "ip netns exec pod2 ", "ip netns exec world "}) {
      shell(std::string(in) + "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
    }
    link("pod1", "10.22.0", "fd22");
    link("pod2", "10.23.0", "fd23");
    link("world", "192.0.2", "2001:db8");
    for (const char* pod : {"pod1", "pod2"}) {
      std::string in = std::string("ip -n ") + pod;
      shell(in + " route add default dev eth0 via " + (pod[3] == '1' ? "10.22.0.1" : "10.23.0.1"));
      shell(in + " -6 route add default dev eth0 via " + (pod[3] == '1' ? "fd22::1" : "fd23::1"));
    }
  }
  void TearDown() override {
    if (IsSkipped()) return;
    shell("for d in host-pod1 host-pod2 host-world; do ip link delete $d; done");
    NftablesHost::TearDown();
  }

  static void link(const std::string& name, const std::string& v4, const std::string& v6) {
    shell("ip link add host-" + name + " type veth peer name eth0 netns " + name + " && ip link set host-" + name +
          " up && ip addr add " + v4 + ".1/24 dev host-" + name + " && ip addr add " + v6 + "::1/64 nodad dev host-" +
          name + " && ip -n " + name + " link set lo up && ip -n " + name + " link set eth0 up && ip -n " + name +
          " addr add " + v4 + ".5/24 dev eth0 && ip -n " + name + " addr add " + v6 + "::5/64 nodad dev eth0");
  }

  // Who the server believes the client to be; empty when they do not reach each other.
  static std::string tcp_source(const NetnsFd& from, const NetnsFd& to, const std::string& address) {
    Endpoint server = Endpoint::at(ip(address), 8080);
    auto listener = socket_in(to, server.storage.ss_family, SOCK_STREAM);
    int one = 1;
    setsockopt(listener.ref().number(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    EXPECT_EQ(bind(listener.ref().number(), server.raw(), server.size), 0) << strerror(errno);
    EXPECT_EQ(listen(listener.ref().number(), 1), 0);
    auto client = socket_in(from, server.storage.ss_family, SOCK_STREAM);
    if (connect(client.ref().number(), server.raw(), server.size) != 0 && errno != EINPROGRESS) return strerror(errno);
    if (!ready(listener, POLLIN)) return "";
    Endpoint peer;
    UniqueFd accepted(accept4(listener.ref().number(), peer.raw(), &peer.size, SOCK_CLOEXEC));
    EXPECT_TRUE(accepted);
    // Both ways, not only the handshake.
    EXPECT_EQ(send(accepted.ref().number(), "hello", 5, 0), 5);
    char got[5];
    EXPECT_TRUE(ready(client, POLLIN));
    EXPECT_EQ(recv(client.ref().number(), got, sizeof got, 0), 5);
    return peer.text();
  }

  static std::string udp_source(const NetnsFd& from, const NetnsFd& to, const std::string& address) {
    Endpoint server = Endpoint::at(ip(address), 8053);
    auto receiver = socket_in(to, server.storage.ss_family, SOCK_DGRAM);
    EXPECT_EQ(bind(receiver.ref().number(), server.raw(), server.size), 0) << strerror(errno);
    auto sender = socket_in(from, server.storage.ss_family, SOCK_DGRAM);
    if (sendto(sender.ref().number(), "hello", 5, 0, server.raw(), server.size) != 5) return strerror(errno);
    if (!ready(receiver, POLLIN)) return "";
    Endpoint peer;
    char got[16];
    EXPECT_EQ(recvfrom(receiver.ref().number(), got, sizeof got, 0, peer.raw(), &peer.size), 5);
    return peer.text();
  }

  static bool pings(const std::string& address) {
    return shell("ip netns exec pod1 ping -c1 -w2 -i0.2 " + address + " >/dev/null && echo yes || echo no") == "yes\n";
  }

  NamedNetns pod1_{"pod1"}, pod2_{"pod2"}, world_{"world"};
  NetnsFd pod1_fd_ = open_netns(pod1_), pod2_fd_ = open_netns(pod2_), world_fd_ = open_netns(world_);
  const std::vector<MasqueradeSource> all_{source("one", "10.22.0.0/24"), source("one", "fd22::/64"),
                                           source("two", "10.23.0.0/24"), source("two", "fd23::/64")};
};

TEST_F(NftablesTraffic, TheWorldSeesTheHost) {
  EXPECT_EQ(udp_source(pod1_fd_, world_fd_, "192.0.2.5"), "10.22.0.5");
  EXPECT_FALSE(pings("192.0.2.5"));
  EXPECT_FALSE(pings("2001:db8::5"));
  ensure(all_);
  EXPECT_TRUE(pings("192.0.2.5"));
  EXPECT_TRUE(pings("2001:db8::5"));
  EXPECT_EQ(tcp_source(pod1_fd_, world_fd_, "192.0.2.5"), "192.0.2.1");
  EXPECT_EQ(tcp_source(pod1_fd_, world_fd_, "2001:db8::5"), "2001:db8::1");
  EXPECT_EQ(udp_source(pod2_fd_, world_fd_, "192.0.2.5"), "192.0.2.1");
  EXPECT_EQ(udp_source(pod2_fd_, world_fd_, "2001:db8::5"), "2001:db8::1");
}

TEST_F(NftablesTraffic, PodsSeeEachOther) {
  ensure(all_);
  EXPECT_EQ(tcp_source(pod1_fd_, pod2_fd_, "10.23.0.5"), "10.22.0.5");
  EXPECT_EQ(tcp_source(pod1_fd_, pod2_fd_, "fd23::5"), "fd22::5");
  EXPECT_EQ(udp_source(pod2_fd_, pod1_fd_, "10.22.0.5"), "10.23.0.5");
  EXPECT_EQ(udp_source(pod2_fd_, pod1_fd_, "fd22::5"), "fd23::5");
}

TEST_F(NftablesTraffic, WhoHoldsNothingIsNotMasqueraded) {
  ensure({all_[0], all_[1]});
  EXPECT_EQ(udp_source(pod2_fd_, world_fd_, "192.0.2.5"), "10.23.0.5");
  EXPECT_EQ(udp_source(pod2_fd_, world_fd_, "2001:db8::5"), "fd23::5");
  // To a pod of no network of ours, a pod is anybody.
  EXPECT_EQ(udp_source(pod1_fd_, pod2_fd_, "10.23.0.5"), "10.23.0.1");
}

TEST_F(NftablesTraffic, NestedSubnetsCountAsOne) {
  ensure({source("wide", "10.0.0.0/8"), source("narrow", "10.22.0.0/24"), source("six", "fd00::/8")});
  EXPECT_EQ(tcp_source(pod1_fd_, world_fd_, "192.0.2.5"), "192.0.2.1");
  EXPECT_EQ(tcp_source(pod1_fd_, pod2_fd_, "10.23.0.5"), "10.22.0.5");
  remove({"wide"});
  EXPECT_EQ(tcp_source(pod1_fd_, world_fd_, "192.0.2.5"), "192.0.2.1");
  EXPECT_EQ(udp_source(pod2_fd_, world_fd_, "192.0.2.5"), "10.23.0.5");
  EXPECT_EQ(udp_source(pod2_fd_, world_fd_, "2001:db8::5"), "2001:db8::1");
}

TEST_F(NftablesTraffic, MulticastKeepsItsSource) {
  ensure(all_);
  // A forwarded multicast packet needs a multicast router, so the rule is put to the test from the host itself, which
  // passes the same hook with an address of the subnet.
  auto host = *NetnsFd::open(*NetnsPath::parse("/proc/self/ns/net"), soon());
  EXPECT_EQ(udp_source(host, world_fd_, "192.0.2.5"), "192.0.2.1");
  for (const char* group : {"239.1.2.3", "ff1e::1234"}) {
    Endpoint to = Endpoint::at(ip(group), 8053);
    auto receiver = socket_in(world_fd_, to.storage.ss_family, SOCK_DGRAM);
    Endpoint any = Endpoint::at(IpAddress::any(ip(group).family()), 8053);
    ASSERT_EQ(bind(receiver.ref().number(), any.raw(), any.size), 0);
    auto index = static_cast<int>(ip_json("link show dev eth0", "world")[0]["ifindex"]);
    group_req join{static_cast<std::uint32_t>(index), to.storage};
    int level = to.storage.ss_family == AF_INET ? int{IPPROTO_IP} : int{IPPROTO_IPV6};
    ASSERT_EQ(setsockopt(receiver.ref().number(), level, MCAST_JOIN_GROUP, &join, sizeof join), 0) << strerror(errno);
    auto sender = socket_in(host, to.storage.ss_family, SOCK_DGRAM);
    Endpoint from = Endpoint::at(ip(std::string_view(group).starts_with("2") ? "10.22.0.1" : "fd22::1"), 0);
    ASSERT_EQ(bind(sender.ref().number(), from.raw(), from.size), 0);
    ASSERT_EQ(setsockopt(sender.ref().number(), SOL_SOCKET, SO_BINDTODEVICE, "host-world", 10), 0);
    ASSERT_EQ(sendto(sender.ref().number(), "hello", 5, 0, to.raw(), to.size), 5) << strerror(errno);
    ASSERT_TRUE(ready(receiver, POLLIN)) << group;
    Endpoint peer;
    char got[16];
    EXPECT_EQ(recvfrom(receiver.ref().number(), got, sizeof got, 0, peer.raw(), &peer.size), 5);
    EXPECT_EQ(peer.text(), from.text());
  }
}

TEST_F(NftablesTraffic, SomebodysOwnRuleAtTheUsualPriorityWins) {
  shell("ip addr add 192.0.2.77/24 dev host-world");
  ensure(all_);
  run_nft(
      "table ip theirs { chain post { type nat hook postrouting priority srcnat; "
      "ip saddr 10.22.0.5 snat to 192.0.2.77; }; }");
  EXPECT_EQ(tcp_source(pod1_fd_, world_fd_, "192.0.2.5"), "192.0.2.77");
  EXPECT_EQ(tcp_source(pod2_fd_, world_fd_, "192.0.2.5"), "192.0.2.1");
}

}  // namespace
}  // namespace isthmus::test
