// /proc/PID/mountinfo.
#include "netns/mountinfo.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {
namespace {

// As the kernel writes a path (fs/proc_namespace.c, mangle).
std::string escaped(const std::string& path) {
  std::string out;
  for (char c : path) {
    auto byte = static_cast<unsigned char>(c);
    if (c != ' ' && c != '\t' && c != '\n' && c != '\\' && c != '#') {
      out += c;
      continue;
    }
    out += '\\';
    for (int shift : {6, 3, 0})
      out += static_cast<char>('0' + ((byte >> shift) & 7));
  }
  return out;
}

}  // namespace

int fuzz_mountinfo(Bytes input) {
  std::string text(as_text(input));
  Mountinfo table = parse_mountinfo(text);
  auto ends = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  require(table.lines.size() + table.odd <= ends + 1, "no line is counted twice");
  for (const MountLine& line : table.lines) {
    require(!line.root.empty() && !line.mount_point.empty() && !line.fs_type.empty(), "a mount has all its parts");
    require(unescape_mount_path(escaped(line.mount_point)) == line.mount_point, "escaping is undone", line.mount_point);
    if (auto inode = netns_inode_of_root(line.root)) {
      require(netns_inode_of_root("net:[" + std::to_string(*inode) + "]") == inode, "an inode is read back", line.root);
    }
    auto place = place_on(line.device, line.root, "/", line.mount_point);
    if (!place) continue;
    require(place->device == line.device, "a place is on the parent's device");
    require(line.mount_point == "/" || place->path.ends_with(line.mount_point), "a place is below the parent's root");
  }
  // Every line is read on its own.
  Mountinfo twice = parse_mountinfo(text + "\n" + text);
  require(twice.odd == 2 * table.odd && twice.lines.size() == 2 * table.lines.size(), "lines do not depend on others");
  return 0;
}

}  // namespace isthmus::fuzz
