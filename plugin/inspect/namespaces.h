// `isthmus list --all`: every network namespace, whoever made it.
#pragma once

#include <string>

#include "plugin/inspect/node.h"
#include "plugin/inspect/table.h"

namespace isthmus {

// Keeps those with a link whose host's end is a port of that bridge.
void keep_ports_of(Node& node, const std::string& bridge);

Table netns_table(const Node& node);

// What keeps it alive, in a few words: "2 tasks: pid 17 (nginx)", "only a name", "a socket that nobody has open".
std::string held_by(const NodeNetns& netns);

// Addresses but those of loopback and link-local scope, separated by commas; `with_length`: "10.0.0.2/24".
std::string addresses_text(const NodeNetns& netns, bool with_length);

// Pod, else container, else the runtime by the looks of the name; empty: nobody says.
std::string owner_text(const NodeNetns& netns);

}  // namespace isthmus
