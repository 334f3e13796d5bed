// Running another IPAM plugin, as section 4 of the CNI specification says.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netns/deadline.h"
#include "plugin/cni/error.h"
#include "plugin/cni/invocation.h"

namespace isthmus {

// Variables that take the place of our own in a delegate's environment: name and value. Needed where the call that the
// delegate is to see is not the one we were started with, as for an attachment that GC takes down from its record.
using Overrides = std::vector<std::pair<std::string, std::string>>;

struct ChildOutcome;

// First regular file (links followed) of that name along CNI_PATH; empty and relative elements are skipped.
// Fails with [ipam-not-found] naming the type and the directories searched, or [env-missing] without any CNI_PATH.
Answer<std::string> find_plugin(std::string_view cni_path, std::string_view type);

// Runs `executable` with our environment, only CNI_COMMAND (and `overrides`) replaced, and exactly `stdin_bytes` as its
// stdin. It gets private pipes, a process group of its own, default signals, and SIGKILL when we die
// (PR_SET_PDEATHSIG); at the deadline the group is killed. Its stderr is copied to ours after it ended. Returns its
// stdout (at most 4 MiB) on exit 0. Its error object (exit != 0) is returned unchanged: same code, msg and details.
// Everything else that can go wrong (garbage, silence, a signal, the deadline) fails with [ipam-failed], [ipam-timeout]
// or [ipam-garbage], with its text.
Answer<std::string> run_delegate(const std::string& executable,
                                 Verb verb,
                                 const std::string& stdin_bytes,
                                 Deadline deadline,
                                 const Overrides& overrides = {});

// Of a program that ended by itself with another status than 0: its error object, or [ipam-failed] for silence on
// stdout, or [ipam-garbage] with the beginning of what it printed.
CniError error_of_delegate(const std::string& executable, Verb verb, const ChildOutcome& outcome);

}  // namespace isthmus
