// The kernel's side of a netlink conversation, played from a fuzz target's input. Linked with --wrap, the sockets of
// netlink/ get their answers from here: requests, sequence numbers, dumps and their restarts are the product's own.
#pragma once

#include "netlink/netfilter_socket.h"
#include "netlink/route_socket.h"
#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {

// Answers from here on: datagrams, each behind its size as two bytes, the low one first. A message with a sequence
// number below 64 answers that one of the last datagram's requests. When all are read, receiving fails.
void set_answers(Bytes answers);
// How many datagrams have been received since.
std::size_t datagrams_received();

// Sockets of this process, for the targets' use only.
RouteSocket<HostSide>& route_socket();
NetfilterSocket& netfilter_socket();

}  // namespace isthmus::fuzz
