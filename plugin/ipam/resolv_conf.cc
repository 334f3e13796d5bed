#include "plugin/ipam/resolv_conf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "netns/unique_fd.h"

namespace isthmus {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 16;

std::vector<std::string> words_of(std::string_view line) {
  constexpr std::string_view kSpace = " \t\r\v\f";
  std::vector<std::string> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
    if (line.empty()) return words;
    words.emplace_back(line.substr(0, line.find_first_of(kSpace)));
    line.remove_prefix(words.back().size());
  }
}

void parse_line(std::string_view line, CniDns& dns) {
  std::vector<std::string> words = words_of(line);
  if (words.size() < 2 || words[0].starts_with('#') || words[0].starts_with(';')) return;
  const std::string keyword = std::move(words[0]);
  words.erase(words.begin());
  if (keyword == "nameserver") dns.nameservers.push_back(words[0]);
  if (keyword == "domain") dns.domain = words[0];
  if (keyword == "options") dns.options.insert(dns.options.end(), words.begin(), words.end());
  if (keyword == "search") dns.search = std::move(words);
}

}  // namespace

CniDns parse_resolv_conf(std::string_view text) {
  CniDns dns;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    parse_line(text.substr(0, end), dns);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return dns;
}

Result<CniDns> read_resolv_conf(const std::string& path) {
  auto failed = [&](int err, std::string detail) {
    return Error{"read 'resolvConf'", "'" + path + "'",  err,
                 std::move(detail),   "bad-resolv-conf", "correct 'ipam.resolvConf' or create the file"};
  };
  // Non-blocking, so that a FIFO does not hold us.
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return failed(errno, {});
  struct stat found {};
  if (fstat(file.ref().number(), &found) != 0) return failed(errno, {});
  if (!S_ISREG(found.st_mode)) return failed(0, "it is no regular file");
  std::string text;
  std::array<char, 4096> buffer;
  while (true) {
    ssize_t got = read(file.ref().number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno, {});
    if (got == 0) return parse_resolv_conf(text);
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxBytes) return failed(0, "more than " + std::to_string(kMaxBytes) + " bytes");
  }
}

}  // namespace isthmus
