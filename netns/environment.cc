#include "netns/environment.h"

#include <algorithm>
#include <array>

namespace isthmus {
namespace {

constexpr std::array<std::string_view, 20> kUnsafe = {"GCONV_PATH",  "GETCONF_DIR", "GLIBC_TUNABLES",   "HOSTALIASES",
                                                      "LOCALDOMAIN", "LOCPATH",     "NIS_PATH",         "NLSPATH",
                                                      "RES_OPTIONS", "TZDIR",       "BASH_ENV",         "ENV",
                                                      "SHELLOPTS",   "BASHOPTS",    "RESOLV_HOST_CONF", "PS4",
                                                      "IFS",         "PYTHONPATH",  "PERL5OPT",         "PERL5LIB"};

}  // namespace

bool is_unsafe_for_children(std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  for (std::string_view prefix : {"LD_", "MALLOC_", "BASH_FUNC_"})
    if (name.starts_with(prefix)) return true;
  return std::find(kUnsafe.begin(), kUnsafe.end(), name) != kUnsafe.end();
}

}  // namespace isthmus
