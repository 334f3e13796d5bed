#include "netns/netns_probe.h"

#include <asm/socket.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "netns/file.h"
#include "netns/namespace_thread.h"

namespace isthmus {
namespace {

constexpr std::size_t kLargestFile = std::size_t{16} << 20;
constexpr const char* kWitness = "/proc/sys/net/core/somaxconn";

Result<std::string> read_here(const std::string& path) {
  return read_small_file(FdRef::borrow(AT_FDCWD), path, kLargestFile);
}

bool is_on(const std::string& setting) {
  auto text = read_here(setting);
  return text && !text->empty() && text->front() != '0';
}

struct LinkLine {
  std::string name;
  std::uint64_t sent = 0;
};

// A line of /proc/net/dev: "  eth0: 1 2 3 4 5 6 7 8 9 10 ...", where the tenth number counts packets sent.
bool parse_link_line(std::string_view line, LinkLine& link) {
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view name = line.substr(0, colon);
  name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
  link.name = name;
  line.remove_prefix(colon + 1);
  for (int field = 1; field <= 10; ++field) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), link.sent);
    if (error != std::errc()) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  }
  return true;
}

bool is_tap(FdRef socket, const std::string& name) {
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&driver);
  if (ioctl(socket.number(), SIOCETHTOOL, &request) != 0) return false;
  return strcmp(driver.driver, "tun") == 0 || (strcmp(driver.driver, "macvlan") == 0 && name.starts_with("macvtap"));
}

Status read_links(FdRef socket, NetnsInside& inside) {
  TRY(std::string text, read_here("/proc/thread-self/net/dev"));
  std::string_view rest = text;
  while (!rest.empty()) {
    std::size_t end = rest.find('\n');
    LinkLine link;
    if (parse_link_line(rest.substr(0, end), link)) {
      if (link.name != "lo") inside.sent_packets += link.sent;
      if (is_tap(socket, link.name)) inside.taps.push_back(link.name);
      inside.links.push_back(std::move(link.name));
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return done;
}

Result<NetnsInside> read_inside(NetnsId id) {
  NetnsInside inside;
  inside.id = id;
  TRY(std::string sockstat, read_here("/proc/thread-self/net/sockstat"));
  inside.sockets = sockets_of_sockstat(sockstat);
  if (inside.sockets < 0) {
    return Error{"count the sockets of a network namespace", {}, 0, "/proc/net/sockstat has another form", {}, {}};
  }
  // After the count, and a kind that leaves the count at once.
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("open a socket in a network namespace");
  socklen_t size = sizeof inside.cookie;
  if (getsockopt(socket.ref().number(), SOL_SOCKET, SO_NETNS_COOKIE, &inside.cookie, &size) != 0) inside.cookie = 0;
  TRY_OK(read_links(socket.ref(), inside));
  inside.forwards = is_on("/proc/sys/net/ipv4/ip_forward") || is_on("/proc/sys/net/ipv6/conf/all/forwarding");
  inside.witness = DeathWitness(UniqueFd(open(kWitness, O_RDONLY | O_CLOEXEC)));
  return inside;
}

Result<bool> is_of_another_user_namespace(const NetnsFd& netns) {
  UniqueFd owner(ioctl(netns.ref().number(), NS_GET_USERNS));
  // EPERM: it is outside ours, and not below it.
  if (!owner && errno == EPERM) return true;
  struct stat of_netns {};
  struct stat ours {};
  if (!owner || fstat(owner.ref().number(), &of_netns) != 0 || stat("/proc/self/ns/user", &ours) != 0) {
    return errno_error("ask for the owner of a network namespace");
  }
  return of_netns.st_ino != ours.st_ino;
}

}  // namespace

bool DeathWitness::dead() const {
  if (!setting_) return false;
  char byte = 0;
  return pread(setting_.ref().number(), &byte, 1, 0) < 0 && errno == ENOENT;
}

long sockets_of_sockstat(std::string_view text) {
  constexpr std::string_view kPrefix = "sockets: used ";
  std::size_t at = text.find(kPrefix);
  if (at == std::string_view::npos) return -1;
  long used = -1;
  std::from_chars(text.data() + at + kPrefix.size(), text.data() + text.size(), used);
  return used;
}

Result<NetnsInside> look_inside(const std::string& path, ino_t inode, Deadline deadline) {
  TRY(NetnsPath parsed, NetnsPath::parse(path));
  TRY(NetnsFd netns, NetnsFd::open(parsed, deadline));
  if (netns.id().inode != inode) {
    return Error{"look into network namespace", "'" + path + "'", 0, "another one is there now", "netns-changed", {}};
  }
  TRY(bool other_user_namespace, is_of_another_user_namespace(netns));
  TRY(NetnsInside inside,
      run_in<ContainerSide>(netns, [&](const InNamespace<ContainerSide>&) { return read_inside(netns.id()); }));
  inside.other_user_namespace = other_user_namespace;
  return inside;
}

}  // namespace isthmus
