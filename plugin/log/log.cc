#include "plugin/log/log.h"

#include <fcntl.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "netns/helper_process.h"

namespace isthmus {
namespace {

constexpr const char* kIdent = "isthmus";

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::debug:
      break;
  }
  return spdlog::level::debug;
}

bool is_level(std::string_view text) {
  return text == "error" || text == "warn" || text == "warning" || text == "info" || text == "debug";
}

void set_target(LogConf& conf, std::string_view target) {
  if (is_level(target)) {
    conf.level = target;
  } else if (target == "stderr" || target == "syslog") {
    conf.file.clear();
    conf.to_stderr = target == "stderr";
  } else if (target.starts_with('/')) {
    conf.file = target;
    conf.to_stderr = false;
  }
}

LogConf with_override(LogConf conf, std::string_view override) {
  auto colon = override.find(':');
  if (colon != std::string_view::npos && is_level(override.substr(0, colon))) {
    set_target(conf, override.substr(0, colon));
    override.remove_prefix(colon + 1);
  }
  set_target(conf, override);
  return conf;
}

spdlog::level::level_enum threshold_of(const LogConf& conf) {
  return conf.level == "warning" ? spdlog::level::warn : spdlog::level::from_str(conf.level);
}

// A symbolic link may have been planted, a pipe would wait for its reader, and others' files are not ours to grow.
UniqueFd open_log_file(const std::string& path) {
  UniqueFd file(
      open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  struct stat found {};
  if (file && (fstat(file.ref().number(), &found) != 0 || !S_ISREG(found.st_mode) || found.st_nlink != 1)) return {};
  return file;
}

// One write(2) a line, so that lines of concurrent calls stay whole.
class FileSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    // The path is anybody's, a FUSE mount that does not answer included; the runtime waits for our exit.
    constexpr std::chrono::milliseconds kPatience{500};
    static_cast<void>(run_in_helper(Deadline::in(kPatience), [&]() -> HelperAnswer {
      UniqueFd file = open_log_file(path_);
      if (!file || write(file.ref().number(), line.data(), line.size()) < 0) return {errno, {}};
      return {};
    }));
  }
  void flush_() override {}

 private:
  std::string path_;
};

spdlog::sink_ptr make_sink(const LogConf& conf) {
  if (conf.to_stderr) return std::make_shared<spdlog::sinks::stderr_sink_st>();
  if (!conf.file.empty()) return std::make_shared<FileSink>(conf.file);
  return std::make_shared<spdlog::sinks::syslog_sink_st>(kIdent, LOG_PID, LOG_DAEMON, false);
}

}  // namespace

LogLine& LogLine::add(std::string_view key, std::string_view value) {
  if (value.empty()) return *this;
  if (!text_.empty()) text_ += ' ';
  text_ += key;
  text_ += '=';
  bool quote = value.find_first_of(" \"=") != std::string_view::npos;
  if (quote) text_ += '"';
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    // Names come from strangers, and a terminal may show the log: no escape sequence, no second line.
    if (byte < 0x20 || byte >= 0x7f) {
      text_ += fmt::format("\\x{:02x}", byte);
    } else {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
  }
  if (quote) text_ += '"';
  return *this;
}

bool is_logged(const LogConf& configured, std::string_view override, LogLevel level) {
  const LogConf conf = with_override(configured, override);
  if (to_spdlog(level) < threshold_of(conf)) return false;
  const bool to_syslog = !conf.to_stderr && conf.file.empty();
  return !to_syslog || access(_PATH_LOG, F_OK) == 0;
}

void log_line(const LogConf& configured, std::string_view override, LogLevel level, const std::string& text) {
  const LogConf conf = with_override(configured, override);
  const auto threshold = threshold_of(conf);
  if (to_spdlog(level) < threshold) return;
  try {
    spdlog::logger logger(kIdent, make_sink(conf));
    logger.set_level(threshold);
    // Syslog has a time and a name of its own.
    logger.set_pattern(conf.to_stderr || !conf.file.empty() ? "%Y-%m-%dT%H:%M:%S.%e%z isthmus[%P] %l %v" : "%v");
    logger.log(to_spdlog(level), "{}", text);
    logger.flush();
  } catch (const spdlog::spdlog_ex&) {
    // Nobody is left to tell: stdout belongs to the runtime, and the answer is out.
  }
}

}  // namespace isthmus
