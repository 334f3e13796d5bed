// The command line of `isthmus gc`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugin/commands/command_text.h"
#include "plugin/reap/item.h"

namespace isthmus {

struct GcOptions {
  ReapOptions reap;
  bool dry_run = false;
  bool yes = false;
  bool json = false;
  bool host = false;  // enter the mount namespace of pid 1 first
  std::optional<std::size_t> limit;
  std::string plan;       // written
  std::string from_plan;  // read
  std::string textfile;
  std::chrono::milliseconds deadline{std::chrono::seconds(60)};
};

// What to do instead of a run: print the text, exit with the status.
struct GcUsage {
  int status = 0;
  std::string text;
};
std::variant<GcOptions, GcUsage> parse_gc_options(const std::vector<std::string_view>& arguments);

CommandText describe_gc();

// "90s", "10m", "1h30m", "2d", "1w", "500ms"; a bare number, months and years are refused: nullopt.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace isthmus
