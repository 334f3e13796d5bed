// The command lines of list, find, exec and doctor.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugin/commands/gc_options.h"
#include "plugin/inspect/doctor.h"
#include "plugin/inspect/table.h"

namespace isthmus {

// What list, find and doctor have in common.
struct LookOptions {
  std::string state_dir;
  TableStyle style;
  bool json = false;
  bool colour = false;    // on a terminal, without NO_COLOR, or asked for
  std::size_t width = 0;  // of the terminal; 0: standard output is none
  bool progress = false;  // standard error is a terminal
  std::chrono::milliseconds deadline{std::chrono::seconds(20)};
};

struct ListOptions {
  LookOptions look;
  bool all = false;
  std::string bridge;
  std::string network;
};

struct FindOptions {
  LookOptions look;
  std::string what;
};

struct ExecOptions {
  std::string state_dir;
  std::string where;
  std::vector<std::string> command;
};

struct DoctorOptions {
  LookOptions look;
  DoctorQuestion question;  // but for its node
  bool here = false;
  std::string textfile;
};

template <class Options>
using Parsed = std::variant<Options, GcUsage>;

// `name`: list or ps, for the usage text.
Parsed<ListOptions> parse_list_options(const std::vector<std::string_view>& arguments, std::string_view name);
Parsed<FindOptions> parse_find_options(const std::vector<std::string_view>& arguments);
// Everything behind WHERE is the command, with or without "--" before it. Usage errors have status 125.
Parsed<ExecOptions> parse_exec_options(const std::vector<std::string_view>& arguments);

// Of list, find, exec and doctor.
std::vector<CommandText> describe_look_commands();

Parsed<DoctorOptions> parse_doctor_options(const std::vector<std::string_view>& arguments);

}  // namespace isthmus
