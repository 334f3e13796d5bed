#include "netns/mountinfo.h"

#include <sys/sysmacros.h>

#include <charconv>

namespace isthmus {
namespace {

template <class Number>
bool read_number(std::string_view text, Number& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// Cuts the next field off; fields are separated by single blanks.
std::string_view next_field(std::string_view& line) {
  std::size_t blank = line.find(' ');
  std::string_view field = line.substr(0, blank);
  line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  return field;
}

bool read_device(std::string_view text, dev_t& device) {
  std::size_t colon = text.find(':');
  unsigned major = 0;
  unsigned minor = 0;
  if (colon == std::string_view::npos) return false;
  if (!read_number(text.substr(0, colon), major) || !read_number(text.substr(colon + 1), minor)) return false;
  device = makedev(major, minor);
  return true;
}

std::optional<MountLine> parse_line(std::string_view line) {
  MountLine mount;
  if (!read_number(next_field(line), mount.id) || !read_number(next_field(line), mount.parent_id)) return std::nullopt;
  if (!read_device(next_field(line), mount.device)) return std::nullopt;
  mount.root = unescape_mount_path(next_field(line));
  mount.mount_point = unescape_mount_path(next_field(line));
  next_field(line);  // options
  // Any number of tags, then a lone hyphen.
  while (true) {
    if (line.empty()) return std::nullopt;
    std::string_view tag = next_field(line);
    if (tag == "-") break;
    if (tag.starts_with("shared:")) mount.shared = true;
  }
  mount.fs_type = next_field(line);
  next_field(line);  // source, which may be empty
  mount.super_options = line;
  if (mount.root.empty() || mount.mount_point.empty() || mount.fs_type.empty()) return std::nullopt;
  return mount;
}

bool is_octal(char digit) { return digit >= '0' && digit <= '7'; }

}  // namespace

std::string unescape_mount_path(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool escape = text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' && is_octal(text[i + 1]) &&
                  is_octal(text[i + 2]) && is_octal(text[i + 3]);
    if (escape) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

Mountinfo parse_mountinfo(std::string_view text) {
  Mountinfo table;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    if (auto mount = parse_line(line)) {
      table.lines.push_back(*std::move(mount));
    } else {
      ++table.odd;
    }
  }
  return table;
}

std::optional<ino_t> netns_inode_of_root(std::string_view root) {
  constexpr std::string_view kPrefix = "net:[";
  if (!root.starts_with(kPrefix) || !root.ends_with(']')) return std::nullopt;
  ino_t inode = 0;
  if (!read_number(root.substr(kPrefix.size(), root.size() - kPrefix.size() - 1), inode)) return std::nullopt;
  return inode;
}

std::optional<MountPlace> place_on(dev_t parent_device,
                                   std::string_view parent_root,
                                   std::string_view parent_mount_point,
                                   std::string_view mount_point) {
  if (parent_mount_point == "/") parent_mount_point = {};
  if (parent_root == "/") parent_root = {};
  if (!mount_point.starts_with(parent_mount_point)) return std::nullopt;
  std::string_view rest = mount_point.substr(parent_mount_point.size());
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  return MountPlace{parent_device, std::string(parent_root) + std::string(rest)};
}

}  // namespace isthmus
