// `isthmus repair`: puts back on the host what somebody flushed, from the records, for all attachments at once.
#pragma once

#include <string_view>
#include <vector>

#include "plugin/commands/command_text.h"

namespace isthmus {

inline constexpr std::string_view kRepairSummary = "put back rules, routes and addresses that somebody took away";

CommandText describe_repair();

// Exit status: 0 all is in force, 1 something is missing and was not put back (--dry-run, or a link that is gone), 2
// could not look or usage, 3 partly failed.
int repair_command(const std::vector<std::string_view>& arguments);

}  // namespace isthmus
