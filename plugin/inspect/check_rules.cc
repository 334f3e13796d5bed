// What others undid of what attachments need from the host: forwarding, masquerade, a forward chain that lets pass.
#include <fcntl.h>

#include <set>

#include "netlink/forward_policy.h"
#include "netlink/masquerade.h"
#include "netns/file.h"
#include "netns/namespace_thread.h"
#include "plugin/inspect/doctor.h"

namespace isthmus {
namespace {

bool is_off(const std::string& setting) {
  auto text = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/sys/net/" + setting, 64);
  return text && text->starts_with('0');
}

void check_forwarding(const std::vector<Record>& records, Findings& findings) {
  bool v4 = false;
  bool v6 = false;
  for (const Record& record : records)
    for (const Prefix& address : record.addresses)
      (address.family() == Family::v4 ? v4 : v6) = true;
  auto off = [&](const char* name) {
    findings.push_back(
        {"rules", Severity::critical, name, std::string(name) + " is 0, and containers here have addresses",
         "no packet of theirs leaves this node or reaches another container",
         std::string("sysctl -w ") + name + "=1 ; then find who sets it to 0, in /etc/sysctl.d for one"});
  };
  if (v4 && is_off("ipv4/ip_forward")) off("net.ipv4.ip_forward");
  if (v6 && is_off("ipv6/conf/all/forwarding")) off("net.ipv6.conf.all.forwarding");
}

Status check_masquerade(NetfilterSocket& socket, const std::vector<Record>& records, Findings& findings) {
  std::set<std::string> wanted;
  for (const Record& record : records)
    wanted.insert(record.masquerade.begin(), record.masquerade.end());
  if (wanted.empty()) return done;
  TRY(auto held, masquerade_sources(socket));
  std::set<std::string> owners;
  for (const MasqueradeSource& source : held)
    owners.insert(source.owner);
  TRY(bool in_force, masquerades(socket, held));
  std::set<std::string> networks;
  for (const Record& record : records) {
    bool any = record.masquerade.empty();
    // Any of its owners may have had nothing to hold.
    for (const std::string& owner : record.masquerade)
      any = any || owners.contains(owner);
    if (!any || (!in_force && !record.masquerade.empty())) networks.insert(record.key.network.text());
  }
  for (const std::string& network : networks) {
    findings.push_back({"rules", Severity::critical, "masquerade of " + network,
                        "the masquerade rules of network " + network + " are gone or incomplete (table inet isthmus)",
                        "its containers reach nothing beyond this node: answers do not find their addresses",
                        "isthmus repair ; then find who flushes the ruleset"});
  }
  return done;
}

Status check_policy(NetfilterSocket& socket, Findings& findings) {
  TRY(auto chains, dropping_forward_chains(socket));
  for (const DroppingChain& chain : chains) {
    findings.push_back(
        {"rules", Severity::warning, chain.text(), "chain " + chain.text() + " drops what no rule of it accepts",
         "unless one of its rules accepts them, containers reach neither each other nor the world",
         chain.family == "inet" || chain.family == "bridge"
             ? "nft list chain " + chain.text() + " ; nft insert rule " + chain.text() + " iifname \"ist*\" accept"
             : (chain.family == "ip6" ? std::string("ip6tables") : std::string("iptables")) +
                   " -I FORWARD -i ist+ -j ACCEPT ; the same with -o ist+"});
  }
  return done;
}

}  // namespace

void check_rules(const Node& node, Deadline deadline, Findings& findings, std::vector<std::string>& holes) {
  if (node.records.empty()) return;  // nobody here needs any of it of us
  check_forwarding(node.records, findings);
  auto socket = run_at_home([&](const auto& here) { return NetfilterSocket::open(here, deadline); });
  if (!socket) {
    holes.push_back(socket.error().text());
    return;
  }
  for (const Status& status : {check_masquerade(*socket, node.records, findings), check_policy(*socket, findings)})
    if (!status) holes.push_back(status.error().text());
}

}  // namespace isthmus
