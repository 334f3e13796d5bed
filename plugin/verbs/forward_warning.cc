#include "plugin/verbs/forward_warning.h"

#include "netlink/forward_policy.h"

namespace isthmus {

std::string forward_warning(NetfilterSocket& socket) {
  auto chains = dropping_forward_chains(socket);
  if (!chains || chains->empty()) return {};
  std::string names;
  for (const DroppingChain& chain : *chains)
    names += (names.empty() ? "'" : ", '") + chain.text() + "'";
  return "forwarded packets are dropped by policy in nf_tables chain " + names +
         ", unless a rule there accepts them; if containers reach nobody, accept their subnets there, or with Docker: "
         "iptables -I DOCKER-USER -j ACCEPT -s SUBNET, and once more with -d SUBNET";
}

}  // namespace isthmus
