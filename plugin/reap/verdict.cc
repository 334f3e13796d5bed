#include "plugin/reap/verdict.h"

#include <optional>

namespace isthmus {
namespace {

using Step = std::optional<ReapJudgement>;

ReapJudgement say(ReapVerdict verdict, std::string rule, std::string reason) {
  return {verdict, std::move(rule), std::move(reason)};
}

std::string first_of(const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  std::string more = texts.size() > 1 ? " and " + std::to_string(texts.size() - 1) + " more" : "";
  return texts.front() + more;
}

std::string count(std::size_t number, const char* one, const char* many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

// Row 1: what was not seen, or is not what it was.
Step not_seen(const ReapEvidence& seen) {
  constexpr auto kUnknown = ReapVerdict::unknown;
  if (!seen.holes.empty()) return say(kUnknown, "C1", "could not be seen: " + first_of(seen.holes));
  if (seen.identity_changed) return say(kUnknown, "I1", "something else was there at the second look");
  if (seen.covered) return say(kUnknown, "L6", "something is mounted over it");
  if (seen.stacked) return say(kUnknown, "L6", "another mount is on the same name");
  if (seen.age_contradicts) return say(kUnknown, "A2", "it is younger than the first look at it");
  return std::nullopt;
}

// Row 2: somebody uses it.
Step used(const ReapEvidence& seen) {
  std::string orphan = seen.owner == OwnerSays::gone ? "orphaned but in use: " : "";
  auto live = [&](const char* rule, const std::string& reason) {
    return say(ReapVerdict::live, rule, orphan + reason);
  };
  std::string by = seen.holders.empty() ? "" : ": " + first_of(seen.holders);
  if (seen.in_use) return live("L0", seen.in_use_by);
  if (seen.tasks > 0) return live("L1", count(seen.tasks, "task", "tasks") + by);
  if (seen.descriptors > 0) return live("L2", count(seen.descriptors, "descriptor", "descriptors") + by);
  if (seen.sockets > 0)
    return live("L3", count(static_cast<std::size_t>(seen.sockets), "socket", "sockets") + " inside");
  if (!seen.taps.empty()) return live("L4", "a virtual machine's device inside: " + first_of(seen.taps));
  if (seen.forwards_packets) return live("L4", "it forwards packets");
  return std::nullopt;
}

// Row 3: somebody means to keep it, or it is nothing we may judge.
Step kept(const ReapEvidence& seen) {
  constexpr auto kPinned = ReapVerdict::pinned;
  if (seen.is_host) return say(kPinned, "host", "it is the host's own network namespace");
  if (seen.other_user_namespace) return say(kPinned, "rootless", "it belongs to another user namespace");
  if (!seen.claims.empty()) return say(kPinned, "O3", "claimed by " + first_of(seen.claims));
  if (seen.owner == OwnerSays::alive) return say(kPinned, "O2", seen.owner_text);
  if (!seen.other_places.empty()) return say(kPinned, "L5", "also mounted " + first_of(seen.other_places));
  if (!seen.managed) return say(kPinned, "unmanaged", "it is in no managed directory");
  if (!seen.has_record && !seen.foreign_allowed) return say(kPinned, "O1", "no attachment of isthmus was made to it");
  return std::nullopt;
}

}  // namespace

std::string_view to_text(ReapVerdict verdict) {
  switch (verdict) {
    case ReapVerdict::live:
      return "live";
    case ReapVerdict::pinned:
      return "pinned";
    case ReapVerdict::ageing:
      return "ageing";
    case ReapVerdict::unknown:
      return "unknown";
    case ReapVerdict::leaked:
      break;
  }
  return "leaked";
}

std::string short_duration(std::chrono::milliseconds span) {
  auto ms = span.count();
  if (ms < 1000) return std::to_string(ms) + "ms";
  auto seconds = ms / 1000;
  auto two = [](auto big, const char* unit, auto small, const char* small_unit) {
    return std::to_string(big) + unit + (small != 0 ? std::to_string(small) + small_unit : "");
  };
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return two(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return two(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return two(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

bool is_clean(const ReapEvidence& evidence) { return !not_seen(evidence) && !used(evidence); }

ReapJudgement judge(const ReapEvidence& evidence, const ReapPolicy& policy) {
  for (auto* rule : {not_seen, used, kept}) {
    if (auto judgement = rule(evidence)) return *std::move(judgement);
  }
  if (evidence.owner_needed && evidence.owner != OwnerSays::gone) {
    return say(ReapVerdict::unknown, "O2", evidence.owner_text);
  }
  if (evidence.clean_for < policy.grace) {
    return say(ReapVerdict::ageing, "A1",
               "unused for " + short_duration(evidence.clean_for) + " of " + short_duration(policy.grace));
  }
  if (evidence.clean_scans < policy.min_scans) {
    return say(ReapVerdict::ageing, "A1",
               "seen unused in " + count(static_cast<std::size_t>(evidence.clean_scans), "scan", "scans") + " of " +
                   std::to_string(policy.min_scans));
  }
  std::string owner = evidence.owner_text.empty() ? std::string() : "; " + evidence.owner_text;
  return say(ReapVerdict::leaked, "leaked", "unused for " + short_duration(evidence.clean_for) + owner);
}

}  // namespace isthmus
