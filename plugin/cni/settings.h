// Keys of a network configuration that are isthmus's own.
#pragma once

#include "plugin/cni/json_reader.h"
#include "plugin/cni/netconf.h"

namespace isthmus {

// Each takes the whole configuration. Failures have a word where it says more than [bad-config].
Result<std::string> read_state_dir(const JsonObject& network);
Result<LogConf> read_log(const JsonObject& network);
Result<Settings> read_settings(const JsonObject& network, const Invocation& invocation);

}  // namespace isthmus
