// One line per call, to syslog unless the configuration or ISTHMUS_LOG says otherwise; never to stdout. Only log.cc
// sees spdlog, and nothing of it is constructed before there is a line to write: most calls of a day are STATUS and
// CHECK and say nothing.
#pragma once

#include <string>
#include <string_view>

#include "plugin/cni/netconf.h"

namespace isthmus {

enum class LogLevel { error, warn, info, debug };

// "verb=ADD result=ok dur_ms=3 pod=default/web ...": values with spaces or quotes are quoted, control bytes are
// escaped.
class LogLine {
 public:
  LogLine& add(std::string_view key, std::string_view value);  // an empty value is left out
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Whether a line of this level is written at all: not to a syslog that nobody listens to. For the arguments see
// log_line().
bool is_logged(const LogConf& conf, std::string_view override, LogLevel level);

// `override` is ISTHMUS_LOG: a level ("debug"), a target ("stderr", "syslog", "/path/to/file"), or "level:target".
// A target that cannot be written is no error: the call has been answered by then.
void log_line(const LogConf& conf, std::string_view override, LogLevel level, const std::string& text);

}  // namespace isthmus
