#include "plugin/attachment/plan.h"

namespace isthmus {
namespace {

std::string link_change_text(const LinkChange& change) {
  std::string text;
  if (change.no_ipv6_address_generation) text += " without addresses of its own making";
  if (change.alias) text += " with alias '" + *change.alias + "'";
  if (change.up) text += " up";
  return text;
}

struct Describe {
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
    case End::container_veth:
      return "the container's veth";
    case End::container_lo:
      return "the container's lo";
  }
  return "?";
}

std::string describe(const Step& step) { return std::visit(Describe{}, step); }

}  // namespace isthmus
