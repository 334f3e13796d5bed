// What a plugin asks the kernel before it acts, for the floor. Answers are received and thrown away.
#pragma once

namespace isthmus::bench {

// Reads a link, and with `all` its addresses and routes.
void look_at_link(int socket, int index, bool all);
// Whether a name is free.
void look_for_link(int socket, const char* name);
// The way to the world, whose MTU the pod gets.
void look_for_uplink(int socket, bool v6);
// Whether the host forwards what comes from the pod.
void look_whether_forwarding(int socket, bool v6);
// Whether a table with its rules is there, as a plugin that keeps one has to.
void look_at_masquerade();

}  // namespace isthmus::bench
