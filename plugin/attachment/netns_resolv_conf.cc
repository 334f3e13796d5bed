#include "plugin/attachment/netns_resolv_conf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "netns/file.h"
#include "plugin/cni/hash.h"

namespace isthmus {
namespace {

constexpr std::string_view kDirectory = "/etc/netns/";
constexpr std::string_view kResolvConf = "/resolv.conf";
constexpr std::size_t kLargest = 65536;

std::string directory_of(const OwnedFile& file) { return file.path.substr(0, file.path.size() - kResolvConf.size()); }

// Its name follows from the record, so that undo finds it after a kill.
std::string temporary_of(const OwnedFile& file) { return ".isthmus-" + std::to_string(file.content_hash); }

// The path comes from a file: a record that was tampered with must not lead anywhere else.
bool is_path_of_ours(const std::string& path) {
  if (!path.starts_with(kDirectory) || !path.ends_with(kResolvConf)) return false;
  if (path.size() <= kDirectory.size() + kResolvConf.size()) return false;
  const std::string name = path.substr(kDirectory.size(), path.size() - kDirectory.size() - kResolvConf.size());
  return name != "." && name != ".." && name.find('/') == std::string::npos;
}

std::string join(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words)
    line += " " + word;
  return line;
}

std::string content_of(const AttachmentKey& key, const CniDns& dns) {
  std::string text = "# isthmus " + key.network.text() + "/" + key.container_id.text() + "/" + key.ifname.text() + "\n";
  for (const auto& server : dns.nameservers)
    text += "nameserver " + server + "\n";
  if (!dns.search.empty()) {
    text += "search" + join(dns.search) + "\n";
  } else if (!dns.domain.empty()) {
    text += "domain " + dns.domain + "\n";
  }
  if (!dns.options.empty()) text += "options" + join(dns.options) + "\n";
  return text;
}

Result<UniqueFd> make_directory_for(const OwnedFile& file) {
  TRY(UniqueFd parent, open_or_make_path(std::string(kDirectory.substr(0, kDirectory.size() - 1)), 0755));
  std::string name = directory_of(file).substr(kDirectory.size());
  return open_or_make_directory(parent.ref(), name, 0755);
}

}  // namespace

std::optional<ResolvConfFile> plan_resolv_conf(const NetnsPath& netns, const AttachmentKey& key, const CniDns& dns) {
  if (netns.name().empty() || dns.empty()) return std::nullopt;
  ResolvConfFile planned;
  planned.file.path = std::string(kDirectory) + std::string(netns.name()) + std::string(kResolvConf);
  planned.content = content_of(key, dns);
  planned.file.content_hash = hash_text(planned.content);
  planned.file.made_directory = access(directory_of(planned.file).c_str(), F_OK) != 0;
  return planned;
}

Status write_resolv_conf(const ResolvConfFile& planned) {
  const std::string& path = planned.file.path;
  // All by this descriptor: a symbolic link in the directory's place leads nowhere.
  TRY(UniqueFd directory, make_directory_for(planned.file));
  // A finished file gets its name by link(2), which never replaces: neither a reader nor a crash sees half of it.
  std::string temporary = temporary_of(planned.file);
  const int dir = directory.ref().number();
  unlinkat(dir, temporary.c_str(), 0);
  UniqueFd fd(openat(dir, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd) return errno_error("create", "'" + directory_of(planned.file) + "/" + temporary + "'", "resolv-conf-write");
  bool written = fchmod(fd.ref().number(), 0644) == 0 &&
                 write(fd.ref().number(), planned.content.data(), planned.content.size()) ==
                     static_cast<ssize_t>(planned.content.size());
  bool linked = written && linkat(dir, temporary.c_str(), dir, kResolvConf.data() + 1, 0) == 0;
  int err = errno;
  unlinkat(dir, temporary.c_str(), 0);
  if (linked) return done;
  if (err != EEXIST) return errno_error_from(err, "write", "'" + path + "'", "resolv-conf-write");
  return errno_error_from(err, "write", "'" + path + "'", "resolv-conf-taken")
      .with_hint("the file is somebody else's; remove it or unset dns.writeNetnsResolvConf");
}

Status remove_resolv_conf(const OwnedFile& file) {
  if (!is_path_of_ours(file.path)) {
    return Error{"remove", "'" + file.path + "'", 0, "the record names a path that isthmus never writes", "bad-record",
                 {}};
  }
  UniqueFd directory(open(directory_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) {
    // What is no directory, or leads to another, is not what we wrote into.
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return done;
    return errno_error("open directory", "'" + directory_of(file) + "'", "resolv-conf-remove");
  }
  unlinkat(directory.ref().number(), temporary_of(file).c_str(), 0);
  auto content = read_small_file(directory.ref(), "resolv.conf", kLargest);
  if (!content && content.error().err != ENOENT && !is_no_file_of_ours(content.error())) {
    return std::move(content).error().with_word("resolv-conf-remove");
  }
  if (content && hash_text(*content) == file.content_hash &&
      unlinkat(directory.ref().number(), "resolv.conf", 0) != 0 && errno != ENOENT) {
    return errno_error("remove", "'" + file.path + "'", "resolv-conf-remove");
  }
  if (file.made_directory) rmdir(directory_of(file).c_str());  // ENOTEMPTY: somebody uses it now
  return done;
}

}  // namespace isthmus
