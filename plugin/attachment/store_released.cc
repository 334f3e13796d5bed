// Records of attachments that are gone whose namespace still had its name.
#include "plugin/attachment/store_released.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "netns/file.h"
#include "plugin/attachment/netns_name.h"
#include "plugin/attachment/store.h"
#include "plugin/cni/hash.h"
#include "plugin/cni/json_value.h"
#include "plugin/ipam/state_dir.h"

namespace isthmus {
namespace {

constexpr std::uint64_t kReleasedPurpose = 300;  // none of key.cc's or store_lock.cc's

// What one DEL may look at, however many there are: the first ones of the directory, and some from further behind, so
// that names that stay do not hide others that have gone.
constexpr std::size_t kListed = 128;
constexpr std::size_t kFirst = 1;
constexpr std::size_t kLooks = 2;

Result<Record> read_released(FdRef dir, const std::string& name) {
  TRY(std::string bytes, read_small_file(dir, name, kMaxJsonBytes));
  return parse_record(bytes);
}

// The path in a record as to_json() writes it, without reading the rest, which costs as much as a whole ADD's own work.
// Empty when it takes more than a look: only where `ip netns` and the runtimes have their names no look can wait.
std::string netns_in(std::string_view json) {
  constexpr std::string_view kKey = "\"netns\":\"";
  auto start = json.find(kKey);
  if (start == std::string_view::npos) return {};
  std::string_view rest = json.substr(start + kKey.size());
  std::string_view path = rest.substr(0, rest.find('"'));
  if (path.find('\\') != std::string_view::npos || path.find("/..") != std::string_view::npos) return {};
  return path.starts_with("/run/netns/") || path.starts_with("/var/run/netns/") ? std::string(path) : std::string();
}

// One that cannot be read proves nothing. Nearly always the runtime has removed the name since.
void sweep_one(FdRef dir, const std::string& name) {
  auto bytes = read_small_file(dir, name, kMaxJsonBytes);
  if (!bytes) return;
  std::string path = netns_in(*bytes);
  bool gone = !path.empty() && faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
  if (!gone) {
    auto record = parse_record(*bytes);
    gone = !record || !has_its_name(*record);
  }
  if (gone) unlinkat(dir.number(), name.c_str(), 0);
}

}  // namespace

bool has_its_name(const Record& record) {
  // /proc/PID/ns/net is no name that anybody could leave behind.
  return record.netns_cookie != 0 && !record.netns.starts_with("/proc/") &&
         look_at_netns_name(record) == NetnsName::same;
}

std::string released_name(const Record& record) {
  const AttachmentKey& key = record.key;
  std::string whose = key.network.text() + "/" + key.container_id.text() + "/" + key.ifname.text() + "/" +
                      std::to_string(record.netns_cookie);
  return hex_digits(hash_text(whose, kReleasedPurpose), 16) + ":" +
         record.netns.substr(record.netns.rfind('/') + 1).substr(0, 200);
}

void sweep_some_released(FdRef released, const std::string& but) {
  std::vector<std::string> names;
  auto walked = walk_names(released, [&](std::string_view name) {
    if (name != but) names.emplace_back(name);
    return names.size() < kListed;
  });
  if (!walked) return;
  for (std::size_t look = 0; look < kLooks && look < names.size(); ++look) {
    // Any number will do that is not the same at each call.
    auto number = static_cast<std::size_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    std::size_t which = look < kFirst ? look : look + (number * 2654435761U >> 16) % (names.size() - look);
    std::swap(names[look], names[which]);
    sweep_one(released, names[look]);
  }
}

Status StateStore::sweep_released() {
  TRY(auto dir, open_beneath(dir_.ref(), kReleased));
  if (!dir) return done;
  TRY(auto names, list_names(dir->ref()));
  for (const std::string& name : names)
    sweep_one(dir->ref(), name);
  return done;
}

Result<std::vector<Record>> StateStore::released() const {
  std::vector<Record> records;
  TRY(auto dir, open_beneath(dir_.ref(), kReleased));
  if (!dir) return records;
  TRY(auto names, list_names(dir->ref()));
  for (const std::string& name : names) {
    if (auto record = read_released(dir->ref(), name)) records.push_back(*std::move(record));
  }
  return records;
}

}  // namespace isthmus
