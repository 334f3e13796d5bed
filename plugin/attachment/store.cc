#include "plugin/attachment/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "netns/file.h"
#include "plugin/attachment/store_released.h"
#include "plugin/cni/hash.h"
#include "plugin/cni/json_value.h"
#include "plugin/ipam/state_dir.h"
#include "plugin/ipam/unlinked_file.h"

namespace isthmus {
namespace {

// How often the directory may be pruned between opening it and putting a record there.
constexpr int kPruneTries = 64;

std::string directory_of(const NetworkName& network) { return "networks/" + network.text(); }

// The same for each writing of one record, so that a SIGKILL leaves at most one and remove() knows where.
std::string temporary_name(const std::string& file_name) { return ".t" + hex_digits(hash_text(file_name), 16); }

// False: there is a record already.
Result<bool> write_first(FdRef dir, const std::string& name, std::string_view bytes) {
  TRY(UnlinkedFile file, UnlinkedFile::write(dir, bytes));
  return file.link_as(name);
}

Status replace(FdRef dir, const std::string& name, std::string_view bytes, const std::function<Status()>& last) {
  const std::string temporary = temporary_name(name);
  auto failed = [&](int err) {
    unlinkat(dir.number(), temporary.c_str(), 0);
    return state_error(err, "write record", path_of(dir) + "/" + name);
  };
  UniqueFd file(openat(dir.number(), temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failed(errno);
  if (fchmod(file.ref().number(), 0600) != 0) return failed(errno);
  if (int err = write_all(file.ref(), bytes); err != 0) return failed(err);
  if (auto ready = last ? last() : done; !ready) {
    unlinkat(dir.number(), temporary.c_str(), 0);
    return ready;
  }
  if (renameat(dir.number(), temporary.c_str(), dir.number(), name.c_str()) != 0) return failed(errno);
  return done;
}

Status remove_file(FdRef dir, const std::string& name) {
  unlinkat(dir.number(), temporary_name(name).c_str(), 0);
  if (unlinkat(dir.number(), name.c_str(), 0) == 0 || errno == ENOENT) return done;
  return state_error(errno, "remove record", path_of(dir) + "/" + name);
}

}  // namespace

Result<std::optional<UniqueFd>> StateStore::attachments(const NetworkName& network) const {
  return open_beneath(dir_.ref(), directory_of(network) + "/attachments");
}

Status StateStore::write(const Record& record, const std::function<Status()>& last) {
  const std::string name = record.key.file_name();
  const std::string bytes = to_json(record);
  for (int attempt = 0;; ++attempt) {
    TRY(UniqueFd dir, make_beneath(dir_.ref(), directory_of(record.key.network) + "/attachments"));
    if (record.phase == Record::Phase::intent && !last) {
      auto first = write_first(dir.ref(), name, bytes);
      if (first && *first) return done;
    }
    auto written = replace(dir.ref(), name, bytes, last);
    // With the record of its intent in there, nobody prunes the directory of a `last` step.
    if (written || last || written.error().err != ENOENT || attempt == kPruneTries) return written;
  }
}

Result<Record> StateStore::read_record_file(FdRef dir, const NetworkName& network, const std::string& file_name) const {
  TRY(std::string bytes, read_small_file(dir, file_name, kMaxJsonBytes));
  auto record = parse_record(bytes);
  if (record && (record->key.network != network || record->key.file_name() != file_name)) {
    record = Error{"read a record", {}, 0, "it is of another attachment than its name says", "bad-record", {}};
  }
  if (!record) record.error().object = "'" + path_of(dir) + "/" + file_name + "'";
  return record;
}

Result<std::optional<Record>> StateStore::read(const AttachmentKey& key) const {
  std::optional<Record> nothing;
  TRY(auto dir, attachments(key.network));
  if (!dir) return nothing;
  // Absent is usual, and an error about it would have to find out the directory's path.
  const std::string name = key.file_name();
  if (faccessat(dir->ref().number(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) return nothing;
  auto record = read_record_file(dir->ref(), key.network, name);
  if (record) return std::optional<Record>(*std::move(record));
  if (record.error().err == ENOENT) return nothing;
  return std::move(record.error()).with_word("bad-record");
}

bool StateStore::is_damaged(const Error& unreadable) {
  const bool content = unreadable.err == 0;
  return content || is_no_file_of_ours(unreadable);
}

Status StateStore::remove(const AttachmentKey& key) {
  TRY(auto dir, attachments(key.network));
  if (dir) TRY_OK(remove_file(dir->ref(), key.file_name()));
  prune(key.network);
  return done;
}

Status StateStore::retire(const Record& record) {
  const std::string name = released_name(record);
  TRY(auto dir, attachments(record.key.network));
  // Where it cannot be kept it is removed as any other: that only takes a proof away.
  if (dir && has_its_name(record)) {
    if (auto released = make_beneath(dir_.ref(), kReleased)) {
      renameat(dir->ref().number(), record.key.file_name().c_str(), released->ref().number(), name.c_str());
      sweep_some_released(released->ref(), name);
    }
  } else if (auto released = open_beneath(dir_.ref(), kReleased); released && *released) {
    sweep_some_released((*released)->ref(), name);
  }
  if (dir) TRY_OK(remove_file(dir->ref(), record.key.file_name()));
  prune(record.key.network);
  return done;
}

Status StateStore::discard(const NetworkName& network, const std::string& file_name) {
  if (file_name.empty() || file_name.find('/') != std::string::npos) {
    return Error{"remove record", "'" + file_name + "'", 0, "that is no file name", "internal", {}};
  }
  TRY(auto dir, attachments(network));
  if (dir) TRY_OK(remove_file(dir->ref(), file_name));
  prune(network);
  return done;
}

void StateStore::prune(const NetworkName& network) {
  // rmdir(2) is the test for emptiness and the removal in one; who is about to use a directory makes it again.
  for (const char* leaf : {"/attachments", "/leases", ""}) {
    unlinkat(dir_.ref().number(), (directory_of(network) + leaf).c_str(), AT_REMOVEDIR);
  }
}

Result<std::vector<StateStore::Listed>> StateStore::list(const NetworkName& network) const {
  std::vector<Listed> listed;
  TRY(auto dir, attachments(network));
  if (!dir) return listed;
  TRY(auto names, list_names(dir->ref()));
  std::sort(names.begin(), names.end());
  for (std::string& name : names) {
    auto record = read_record_file(dir->ref(), network, name);
    if (!record && record.error().err == ENOENT) continue;  // its DEL was faster
    if (!record) record.error().word = "bad-record";
    listed.push_back({std::move(name), std::move(record)});
  }
  return listed;
}

Result<bool> StateStore::has_other(const AttachmentKey& key) const {
  TRY(auto dir, attachments(key.network));
  if (!dir) return false;
  bool other = false;
  const std::string own = key.file_name();
  TRY_OK(walk_names(dir->ref(), [&](std::string_view name) {
    other = name != own;
    return !other;
  }));
  return other;
}

Result<std::vector<std::string>> StateStore::networks() const {
  TRY(auto dir, open_beneath(dir_.ref(), "networks"));
  if (!dir) return std::vector<std::string>();
  TRY(auto names, list_names(dir->ref()));
  auto is_there = [&](const std::string& path) { return faccessat(dir->ref().number(), path.c_str(), F_OK, 0) == 0; };
  std::erase_if(
      names, [&](const std::string& name) { return !is_there(name + "/attachments") && !is_there(name + "/leases"); });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace isthmus
