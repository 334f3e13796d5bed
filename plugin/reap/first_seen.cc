#include "plugin/reap/first_seen.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <ctime>

#include "netns/file.h"
#include "plugin/ipam/state_dir.h"

namespace isthmus {
namespace {

constexpr std::size_t kLargestSeen = std::size_t{64} << 20;
constexpr std::string_view kForm = "isthmus-reap-seen 1 ";

std::int64_t now_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Cuts a number and the blank behind it off.
bool cut_number(std::string_view& line, std::int64_t& number) {
  auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return false;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
  return true;
}

bool parse_row(std::string_view line, std::map<std::string, SeenRow>& rows) {
  SeenRow row;
  std::int64_t scans = 0;
  if (!cut_number(line, row.clean_since_ms) || !cut_number(line, row.wall_ms) || !cut_number(line, scans)) return false;
  if (line.empty() || scans < 0 || scans > 1'000'000'000 || row.clean_since_ms < 0) return false;
  row.clean_scans = static_cast<int>(scans);
  rows[std::string(line)] = row;
  return true;
}

std::map<std::string, SeenRow> parse(std::string_view text, const std::string& boot_id) {
  std::map<std::string, SeenRow> rows;
  std::size_t end = text.find('\n');
  if (end == std::string_view::npos || text.substr(0, end) != std::string(kForm) + boot_id) return {};
  // Written in one step, so a torn line means that somebody else was at it.
  if (text.back() != '\n') return {};
  text.remove_prefix(end + 1);
  while (!text.empty()) {
    end = text.find('\n');
    if (!parse_row(text.substr(0, end), rows)) return {};
    text.remove_prefix(end + 1);
  }
  return rows;
}

// What cannot be removed is no reason to do less than the run is for.
void remove_left_temporaries(FdRef dir) {
  auto names = list_all_names(dir);
  if (!names) return;
  for (const std::string& name : *names)
    if (name.starts_with(kTempPrefix)) unlinkat(dir.number(), name.c_str(), 0);
}

}  // namespace

std::int64_t FirstSeen::monotonic_ms() { return now_of(CLOCK_MONOTONIC); }
std::int64_t FirstSeen::wall_ms() { return now_of(CLOCK_REALTIME); }

FirstSeen FirstSeen::load(const std::string& state_dir, const std::string& boot_id) {
  FirstSeen seen;
  seen.state_dir_ = state_dir;
  seen.boot_id_ = boot_id;
  auto state = open_state_dir(state_dir);
  if (!state || !*state) return seen;
  auto dir = open_beneath((**state).ref(), "reap");
  if (!dir || !*dir) return seen;
  auto text = read_small_file((**dir).ref(), "seen", kLargestSeen);
  if (text && !text->empty()) seen.before_ = parse(*text, boot_id);
  return seen;
}

SeenRow FirstSeen::note(const std::string& identity, bool clean, std::int64_t now_ms, std::int64_t wall_ms) {
  auto known = rows_.find(identity);
  if (known == rows_.end()) {
    auto old = before_.find(identity);
    known = rows_.emplace(identity, old == before_.end() ? SeenRow{now_ms, wall_ms, 0} : old->second).first;
  }
  SeenRow& row = known->second;
  // A time to come was not written in this boot.
  if (!clean || row.clean_since_ms > now_ms) row = SeenRow{now_ms, wall_ms, 0};
  if (clean) ++row.clean_scans;
  return row;
}

Status FirstSeen::save() const {
  TRY(UniqueFd state, make_state_dir(state_dir_));
  TRY(UniqueFd dir, make_beneath(state.ref(), "reap"));
  std::string text = std::string(kForm) + boot_id_ + "\n";
  for (const auto& [identity, row] : rows_) {
    text += std::to_string(row.clean_since_ms) + " " + std::to_string(row.wall_ms) + " " +
            std::to_string(row.clean_scans) + " " + identity + "\n";
  }
  remove_left_temporaries(dir.ref());
  auto written = write_file_atomically(dir.ref(), "seen", text, 0600);
  if (!written) return state_error(written.error().err, "write", state_dir_ + "/reap/seen");
  return done;
}

Result<UniqueFd> lock_reaping(const std::string& state_dir) {
  TRY(UniqueFd state, make_state_dir(state_dir));
  TRY(UniqueFd dir, make_beneath(state.ref(), "reap"));
  UniqueFd lock(openat(dir.ref().number(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return state_error(errno, "open", state_dir + "/reap/lock");
  if (flock(lock.ref().number(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return state_error(errno, "lock", state_dir + "/reap/lock");
  return Error{"begin", {}, 0, "another isthmus gc is at work", "reap-busy", "wait for it, or look with --dry-run"};
}

}  // namespace isthmus
