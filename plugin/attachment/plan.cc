#include "plugin/attachment/plan.h"

namespace isthmus {
namespace {

std::string link_change_text(const LinkChange& change) {
  std::string text;
  if (change.no_ipv6_address_generation) text += " without addresses of its own making";
  if (change.alias) text += " with alias '" + *change.alias + "'";
  if (change.master_ifindex) text += " as a port";
  if (change.promiscuous) text += " promiscuous";
  if (change.arp_notify) text += " announcing addresses";
  if (change.up) text += " up";
  if (change.announce_mac) text += " announced as " + change.announce_mac->text();
  return text;
}

struct Describe {
  std::string operator()(const EnsureBridge& step) const {
    return (step.ifindex ? "use bridge " : "create bridge ") + step.spec.name.text();
  }
  std::string operator()(const EnsureVlanLink& step) const {
    return "ensure link " + step.name.text() + " into VLAN " + std::to_string(step.vlan) + " of the bridge";
  }
  std::string operator()(const CreateVeth& step) const {
    return "create veth " + step.spec.host_name.text() + " with peer " + step.spec.container_name.text() +
           " in the container";
  }
  std::string operator()(const SetSysctl& step) const {
    return "set " + step.setting + " of " + std::string(to_text(step.end)) + " to " + step.value;
  }
  std::string operator()(const ChangeLink& step) const {
    return "set " + std::string(to_text(step.end)) + link_change_text(step.change);
  }
  std::string operator()(const AddAddress& step) const {
    return "add address " + step.spec.prefix.text() + " to " + std::string(to_text(step.end));
  }
  std::string operator()(const DeleteAddress& step) const {
    return "delete address " + step.prefix.text() + " from " + std::string(to_text(step.end));
  }
  std::string operator()(const SetNeighbour& step) const {
    return "set neighbour " + step.spec.address.text() + " at " + step.spec.mac.text() + " on " +
           std::string(to_text(step.end));
  }
  std::string operator()(const SetBridgePort& step) const {
    return std::string("make the host's veth a port") + (step.flags.hairpin ? " with hairpin" : "") +
           (step.flags.isolated ? " isolated" : "") + (step.vlans.empty() ? "" : " of VLANs");
  }
  std::string operator()(const GuardMac& step) const { return "let in only " + step.only.text(); }
  std::string operator()(const AwaitForwarding&) const { return "wait until the port forwards"; }
  std::string operator()(const AwaitAddresses&) const { return "wait until no address is tentative"; }
  std::string operator()(const AddRoute& step) const {
    return "add route " + describe(step.spec) + " by " + std::string(to_text(step.end));
  }
  std::string operator()(const EnableForwarding& step) const {
    return std::string("enable ") + (step.family == Family::v4 ? "IPv4" : "IPv6") + " forwarding on the host";
  }
};

}  // namespace

std::string_view to_text(End end) {
  switch (end) {
    case End::host_veth:
      return "the host's veth";
    case End::bridge:
      return "the bridge";
    case End::vlan:
      return "the host's link into the VLAN";
    case End::container_veth:
      return "the container's veth";
    case End::container_lo:
      return "the container's lo";
  }
  return "?";
}

std::string describe(const Step& step) { return std::visit(Describe{}, step); }

}  // namespace isthmus
