#include "plugin/reap/report.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "netlink/quoted.h"

namespace isthmus {
namespace {

constexpr std::array kVerdicts = {ReapVerdict::leaked, ReapVerdict::unknown, ReapVerdict::ageing, ReapVerdict::pinned,
                                  ReapVerdict::live};

std::string shown_name(const ReapItem& item) {
  bool has_path = item.kind == ReapKind::name || item.kind == ReapKind::file;
  bool usual = !has_path || directory_of(item.path) == "/run/netns";
  return without_controls(usual ? item.name : item.path);
}

std::string shown_state(const ReapItem& item) {
  return std::string(item.outcome == ReapItem::Outcome::none ? to_text(item.judgement.verdict) : to_text(item.outcome));
}

std::size_t rank(const ReapItem& item) {
  return static_cast<std::size_t>(std::find(kVerdicts.begin(), kVerdicts.end(), item.judgement.verdict) -
                                  kVerdicts.begin());
}

std::string summary(const ReapReport& report) {
  std::string text;
  for (ReapVerdict verdict : kVerdicts) {
    auto count = std::count_if(report.items.begin(), report.items.end(),
                               [&](const ReapItem& item) { return item.judgement.verdict == verdict; });
    if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(to_text(verdict));
  }
  return text.empty() ? "no names" : text;
}

// The number behind the line that begins with `sample` and a blank; 0 when there is none.
std::uint64_t value_before(std::string_view previous, const std::string& sample) {
  std::size_t at = previous.starts_with(sample + " ") ? 0 : previous.find("\n" + sample + " ");
  if (at == std::string_view::npos) return 0;
  std::string_view rest = previous.substr(previous.find(' ', at + 1) + 1);
  std::uint64_t value = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return value;
}

void header(std::string& text, const char* name, const char* help, const char* type) {
  text += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

template <class Matches>
std::uint64_t count_items(const ReapReport& report, Matches matches) {
  return static_cast<std::uint64_t>(std::count_if(report.items.begin(), report.items.end(), matches));
}

}  // namespace

std::size_t findings_left(const std::vector<ReapItem>& items) {
  return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const ReapItem& item) {
    if (item.outcome == ReapItem::Outcome::reaped) return false;
    auto verdict = item.judgement.verdict;
    return verdict == ReapVerdict::leaked || verdict == ReapVerdict::unknown || verdict == ReapVerdict::ageing;
  }));
}

std::string to_table(const ReapReport& report) {
  std::vector<const ReapItem*> sorted;
  std::size_t width = 4;
  for (const ReapItem& item : report.items) {
    sorted.push_back(&item);
    width = std::max(width, shown_name(item).size());
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ReapItem* a, const ReapItem* b) { return rank(*a) < rank(*b); });
  auto padded = [](std::string text, std::size_t to) {
    return text.append(to > text.size() ? to - text.size() : 0, ' ');
  };
  std::string text;
  if (!sorted.empty())
    text = padded("NAME", width) + "  " + padded("KIND", 10) + "  " + padded("VERDICT", 8) + "REASON\n";
  for (const ReapItem* item : sorted) {
    std::string reason = item->judgement.reason;
    if (!item->copies.empty()) reason += "; copy " + item->copies.front();
    if (!item->outcome_text.empty()) reason += ": " + item->outcome_text;
    text += padded(shown_name(*item), width) + "  " + padded(std::string(to_text(item->kind)), 10) + "  " +
            padded(shown_state(*item), 8) + without_controls(reason) + "\n";
  }
  text += summary(report) + "; " + std::to_string(report.coverage.tasks_read) + " of " +
          std::to_string(report.coverage.tasks_seen) + " tasks, " + std::to_string(report.coverage.descriptors) +
          " descriptors, " + std::to_string(report.coverage.mount_namespaces_read) + " of " +
          std::to_string(report.coverage.mount_namespaces_seen) + " other mount namespaces seen in " +
          short_duration(report.took) + "\n";
  for (const std::string& hole : report.coverage.holes)
    text += "not seen: " + without_controls(hole) + "\n";
  for (const std::string& ignored : report.coverage.ignored)
    text += "ignored: " + without_controls(ignored) + "\n";
  for (const std::string& scope : report.coverage.scope)
    text += "out of scope: " + without_controls(scope) + "\n";
  return text;
}

std::string to_textfile(const ReapReport& report, std::string_view previous) {
  std::string text;
  header(text, "isthmus_gc_reaped_total", "Leaked things that isthmus gc took away.", "counter");
  for (ReapKind kind :
       {ReapKind::name, ReapKind::file, ReapKind::attachment, ReapKind::link, ReapKind::lease, ReapKind::rule}) {
    std::string sample = "isthmus_gc_reaped_total{kind=\"" + std::string(to_text(kind)) + "\"}";
    std::uint64_t now = count_items(
        report, [&](const ReapItem& item) { return item.kind == kind && item.outcome == ReapItem::Outcome::reaped; });
    text += sample + " " + std::to_string(value_before(previous, sample) + now) + "\n";
  }
  header(text, "isthmus_gc_errors_total", "Things that isthmus gc could not take away.", "counter");
  std::uint64_t failed =
      count_items(report, [](const ReapItem& item) { return item.outcome == ReapItem::Outcome::failed; });
  text +=
      "isthmus_gc_errors_total " + std::to_string(value_before(previous, "isthmus_gc_errors_total") + failed) + "\n";
  header(text, "isthmus_gc_kept", "What the last run left, by verdict.", "gauge");
  for (ReapVerdict verdict : kVerdicts) {
    std::uint64_t kept = count_items(report, [&](const ReapItem& item) {
      return item.judgement.verdict == verdict && item.outcome != ReapItem::Outcome::reaped;
    });
    text += "isthmus_gc_kept{verdict=\"" + std::string(to_text(verdict)) + "\"} " + std::to_string(kept) + "\n";
  }
  header(text, "isthmus_gc_holes", "What the last run could not see.", "gauge");
  text += "isthmus_gc_holes " + std::to_string(report.coverage.holes.size()) + "\n";
  header(text, "isthmus_gc_duration_seconds", "How long the last run took.", "gauge");
  std::string ms = std::to_string(report.took.count() % 1000);
  text += "isthmus_gc_duration_seconds " + std::to_string(report.took.count() / 1000) + "." +
          std::string(3 - ms.size(), '0') + ms + "\n";
  header(text, "isthmus_gc_last_run_timestamp_seconds", "When the last run ended.", "gauge");
  text += "isthmus_gc_last_run_timestamp_seconds " + std::to_string(time(nullptr)) + "\n";
  return text;
}

}  // namespace isthmus
