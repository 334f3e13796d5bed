// What both modes of the floor are made of.
#pragma once

#include <net/if.h>

#include <array>

#include "tests/bench/floor_message.h"

namespace isthmus::bench {

struct Asked {
  bool v4 = false;
  bool v6 = false;
  bool masquerade = false;
  bool bridge = false;
  unsigned number = 0;
  char host_name[IFNAMSIZ];
  unsigned char address4[4];
  unsigned char address6[16] = {0xfd, 0, 0, 0x90};
  // Of the container's end.
  std::array<unsigned char, 6> mac() const {
    return {2, 2, 0, 0, static_cast<unsigned char>(number >> 8), static_cast<unsigned char>(number)};
  }
  const unsigned char gateway4[4] = {10, 90, 0, 1};
  const unsigned char gateway6[16] = {0xfd, 0, 0, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
};

Asked read_request();
int open_netns();
int index_of(const char* name);
int open_proc();
// `format` has %s where the link's name goes, below /proc/sys/net/ipv6/conf.
void put_setting(int proc, const char* format, const char* link, const char* value);

// A socket of the container's namespace and its settings; the process stays there.
struct Inside {
  explicit Inside(int netns);
  int socket;
  int proc;
};

// `bridge`: the ifindex of the host's end's master, or 0.
void make_veth(int host, const Asked& asked, int netns, int bridge);
// A taken lease is a file.
void lease(const Asked& asked, bool take);

// With `announcing` IPv4 addresses are announced whenever the MAC is set, which IPv6 needs a setting for.
void without_address_generation(Buffer& message, int index, bool announcing = false);
void up(Buffer& message, int index, const char* alias, bool last = false);
void address(Buffer& message, int index, const unsigned char* bytes, bool v6, unsigned char length);
// `to` and `via` may be absent: a default route, or one to a neighbour.
void route(Buffer& message, int index, const unsigned char* to, const unsigned char* via, bool v6, bool last = false);

// The whole ADD but for reading the request and telling the answer.
void attach_to_bridge(const Asked& asked);
// Appended to `message`.
void forget_neighbours(Buffer& message, const Asked& asked);

}  // namespace isthmus::bench
