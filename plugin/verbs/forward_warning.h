// What STATUS and CHECK say when somebody else's rules drop what the host forwards.
#pragma once

#include <string>

#include "netlink/netfilter_socket.h"

namespace isthmus {

// Names the chains, and how to let containers through; empty when there is none, or nf_tables cannot be read. A warning
// and no failure: whether a rule of that chain lets our traffic pass only traffic can tell, and a node must not be
// taken out of service for a guess.
std::string forward_warning(NetfilterSocket& socket);

}  // namespace isthmus
