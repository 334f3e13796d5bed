#include "tests/torture/snapshot.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "netlink/masquerade.h"
#include "netns/namespace_thread.h"
#include "tests/e2e/conformance/host.h"

namespace isthmus::test {
namespace {

std::string hex(const void* data, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    auto byte = static_cast<const unsigned char*>(data)[i];
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// The attributes of these types, in the order of the message.
std::string attributes(const nlmsghdr* message, std::size_t header, std::initializer_list<int> types) {
  std::string text;
  const auto* attribute =
      reinterpret_cast<const rtattr*>(static_cast<const char*>(NLMSG_DATA(message)) + NLMSG_ALIGN(header));
  auto left = static_cast<int>(message->nlmsg_len - NLMSG_SPACE(header));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    const int type = attribute->rta_type & NLA_TYPE_MASK;
    if (std::find(types.begin(), types.end(), type) == types.end()) continue;
    text += " " + std::to_string(type) + "=" + hex(RTA_DATA(attribute), RTA_PAYLOAD(attribute));
  }
  return text;
}

template <class Header>
const Header& header_of(const nlmsghdr* message) {
  return *static_cast<const Header*>(NLMSG_DATA(message));
}

std::string link_fact(const nlmsghdr* message) {
  const auto& link = header_of<ifinfomsg>(message);
  const bool up = (link.ifi_flags & IFF_UP) != 0 && (link.ifi_flags & IFF_LOOPBACK) == 0;
  return "link " + std::to_string(link.ifi_index) + (up ? " up" : "") +
         attributes(message, sizeof link, {IFLA_IFNAME, IFLA_ADDRESS, IFLA_MTU, IFLA_MASTER, IFLA_IFALIAS});
}

std::string address_fact(const nlmsghdr* message) {
  const auto& address = header_of<ifaddrmsg>(message);
  if (address.ifa_index == 1) return {};  // `lo` gets its own when a container uses it
  return "address on " + std::to_string(address.ifa_index) + "/" + std::to_string(address.ifa_prefixlen) +
         attributes(message, sizeof address, {IFA_ADDRESS, IFA_LOCAL});
}

std::string route_fact(const nlmsghdr* message) {
  const auto& route = header_of<rtmsg>(message);
  // Those of an address of our own appear when it is no longer tentative, and anycast ones come and go with forwarding.
  if ((route.rtm_flags & RTM_F_CLONED) != 0) return {};
  if (route.rtm_type == RTN_ANYCAST || route.rtm_type == RTN_LOCAL) return {};
  std::string text = "route /" + std::to_string(route.rtm_dst_len) + " proto " + std::to_string(route.rtm_protocol) +
                     " type " + std::to_string(route.rtm_type) +
                     attributes(message, sizeof route, {RTA_DST, RTA_GATEWAY, RTA_OIF, RTA_PRIORITY, RTA_TABLE});
  return text.find(std::to_string(RTA_OIF) + "=01000000") != std::string::npos ? std::string() : text;
}

std::string neighbour_fact(const nlmsghdr* message) {
  const auto& neighbour = header_of<ndmsg>(message);
  if ((neighbour.ndm_state & NUD_NOARP) != 0) return {};
  return "neighbour on " + std::to_string(neighbour.ndm_ifindex) + attributes(message, sizeof neighbour, {NDA_DST});
}

std::string rule_fact(const nlmsghdr* message) {
  return "rule" + attributes(message, sizeof(fib_rule_hdr), {FRA_PRIORITY, FRA_TABLE, FRA_IIFNAME, FRA_SRC, FRA_DST});
}

// Sends a dump request and gives each answer to `each`, until the end.
void ask_all(int socket, const void* request, std::size_t size, const std::function<void(const nlmsghdr*)>& each) {
  ASSERT_EQ(send(socket, request, size, 0), static_cast<ssize_t>(size));
  alignas(nlmsghdr) static std::array<char, 65536> buffer;
  for (;;) {
    ssize_t got = recv(socket, buffer.data(), buffer.size(), 0);
    ASSERT_GT(got, 0) << strerror(errno);
    auto left = static_cast<unsigned>(got);
    for (auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return;
      each(message);
    }
  }
}

template <class Payload>
struct Request {
  nlmsghdr header{};
  Payload payload{};
  explicit Request(int type) {
    header.nlmsg_len = sizeof *this;
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  }
};

}  // namespace

Eye::Eye(const std::string& path) {
  auto open_here = [&] { socket_ = UniqueFd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)); };
  if (path.empty()) {
    open_here();
  } else {
    std::thread([&] {
      UniqueFd netns(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (netns && setns(netns.ref().number(), CLONE_NEWNET) == 0) open_here();
    }).join();
  }
  EXPECT_TRUE(socket_) << path << ": " << strerror(errno);
}

void Eye::dump(const std::string& where, int type, Facts& facts) const {
  Request<rtmsg> request(type);
  ask_all(socket_.ref().number(), &request, sizeof request, [&](const nlmsghdr* message) {
    std::string fact;
    switch (message->nlmsg_type) {
      case RTM_NEWLINK:
        fact = link_fact(message);
        break;
      case RTM_NEWADDR:
        fact = address_fact(message);
        break;
      case RTM_NEWROUTE:
        fact = route_fact(message);
        break;
      case RTM_NEWNEIGH:
        fact = neighbour_fact(message);
        break;
      case RTM_NEWRULE:
        fact = rule_fact(message);
        break;
      default:
        fact = "message of type " + std::to_string(message->nlmsg_type);
    }
    if (!fact.empty()) facts.insert(where + " " + fact);
  });
}

void Eye::see(const std::string& where, Facts& facts) const {
  for (int type : {RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH, RTM_GETRULE})
    dump(where, type, facts);
}

void see_nftables(Facts& facts) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  for (int type : {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETSET}) {
    Request<nfgenmsg> request(NFNL_SUBSYS_NFTABLES << 8 | type);
    int count = 0;
    ask_all(socket.ref().number(), &request, sizeof request, [&](const nlmsghdr* message) {
      // The first two attributes of all four are names: of the table, and of the object in it.
      facts.insert("nft " + std::to_string(type) + " #" + std::to_string(++count) +
                   attributes(message, sizeof(nfgenmsg), {1}));
    });
  }
  auto held = run_at_home([](const auto& here) -> Result<std::vector<MasqueradeSource>> {
    TRY(auto netfilter, NetfilterSocket::open(here, Deadline::in(std::chrono::seconds(5))));
    return masquerade_sources(netfilter);
  });
  ASSERT_TRUE(held) << held.error().text();
  for (const auto& source : *held)
    facts.insert("masquerade " + source.owner + " " + source.subnet.text());
}

void see_files(const std::string& root, Facts& facts) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, error), end; it != end && !error; it.increment(error)) {
    const std::string path = it->path();
    const std::string name = it->path().filename();
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0) continue;
    const mode_t mode = found.st_mode & 07777;
    if (S_ISDIR(found.st_mode)) {
      if (path.starts_with("/run/isthmus") && mode != 0700) facts.insert("mode of " + path);
      continue;
    }
    if (path.starts_with("/run/isthmus") && mode != 0600) facts.insert("mode of " + path);
    const bool stays = name == "boot_id" || name == "lock" || name.starts_with("cursor.") ||
                       name.starts_with("last_reserved_ip") || path == "/run/isthmus/reap/seen" ||
                       path.starts_with("/run/isthmus/released/");  // as long as the namespace has its name
    if (!stays) facts.insert("file " + path + " " + std::to_string(std::hash<std::string>{}(read_file(path))));
  }
}

void see_mounts(Facts& facts) {
  std::ifstream file("/proc/self/mountinfo");
  // Which namespace a name stands for is a matter of the test.
  for (std::string id, parent, device, root, place, rest; file >> id >> parent >> device >> root >> place;) {
    std::getline(file, rest);
    facts.insert("mount " + (root.starts_with("net:") ? "netns" : root) + " at " + place);
  }
}

std::vector<std::string> differences(const Facts& before, const Facts& now) {
  std::vector<std::string> result;
  for (const std::string& fact : before)
    if (!now.contains(fact)) result.push_back("- " + fact);
  for (const std::string& fact : now)
    if (!before.contains(fact)) result.push_back("+ " + fact);
  return result;
}

std::vector<std::string> collect_children(int milliseconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  for (;;) {
    pid_t child = waitpid(-1, nullptr, WNOHANG | __WALL);
    if (child > 0) continue;
    if (child < 0) return {};
    if (std::chrono::steady_clock::now() >= end) break;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  std::vector<std::string> left;
  const std::string ours = "\nPPid:\t" + std::to_string(getpid()) + "\n";
  for (const std::string& pid : names_in("/proc"))
    if (read_file("/proc/" + pid + "/status").find(ours) != std::string::npos)
      left.push_back("process " + pid + " " + read_file("/proc/" + pid + "/cmdline").substr(0, 60));
  return left;
}

}  // namespace isthmus::test
