#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "plugin/inspect/doctor.h"
#include "plugin/inspect/json.h"
#include "plugin/inspect/table.h"
#include "plugin/reap/verdict.h"

namespace isthmus {
namespace {

struct Label {
  const char* word;
  const char* colour;
};

Label label_of(Severity severity) {
  constexpr std::array kLabels = {Label{"NOTE", ""}, Label{"WARN", "\033[33m"}, Label{"FAIL", "\033[31m"}};
  return kLabels[static_cast<std::size_t>(severity)];
}

void metric(std::string& text, const char* name, const char* help) {
  text += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " gauge\n";
}

}  // namespace

std::string diagnosis_text(const Diagnosis& diagnosis, bool colour) {
  std::string text;
  for (const Finding& finding : diagnosis.findings) {
    const Label label = label_of(finding.severity);
    const bool coloured = colour && *label.colour != '\0';
    text += coloured ? std::string(label.colour) + label.word + "\033[0m  " : std::string(label.word) + "  ";
    text += printable_text(finding.what) + "\n";
    text += "      why   " + printable_text(finding.why) + "\n      cure  " + printable_text(finding.cure) + "\n";
  }
  const std::size_t notes = diagnosis.findings.size() - diagnosis.count(Severity::warning);
  text += plural(diagnosis.count(Severity::warning), "finding") + ", " + plural(notes, "note") + "; " +
          plural(diagnosis.tasks_seen, "task") + ", " + plural(diagnosis.namespaces_seen, "network namespace") +
          " seen in " + short_duration(diagnosis.took) + "\n";
  for (const std::string& hole : diagnosis.holes)
    text += "not seen: " + printable_text(hole) + "\n";
  return text;
}

std::string diagnosis_json(const Diagnosis& diagnosis) {
  nlohmann::ordered_json document;
  document["apiVersion"] = "isthmus/v1";
  document["kind"] = "Diagnosis";
  document["generatedAt"] = rfc3339(time(nullptr));
  document["tookMilliseconds"] = diagnosis.took.count();
  document["coverage"] = {
      {"tasks", diagnosis.tasks_seen}, {"namespaces", diagnosis.namespaces_seen}, {"unreadable", diagnosis.holes}};
  document["items"] = nlohmann::ordered_json::array();
  for (const Finding& finding : diagnosis.findings) {
    document["items"].push_back({{"check", finding.check},
                                 {"severity", to_text(finding.severity)},
                                 {"object", finding.object},
                                 {"what", finding.what},
                                 {"why", finding.why},
                                 {"cure", finding.cure}});
  }
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string diagnosis_textfile(const Diagnosis& diagnosis) {
  std::string text;
  metric(text, "isthmus_doctor_findings", "What the last run found, by check and severity.");
  for (std::string_view check : kChecks) {
    for (Severity severity : {Severity::critical, Severity::warning, Severity::note}) {
      std::size_t count = 0;
      for (const Finding& finding : diagnosis.findings)
        count += finding.check == check && finding.severity == severity ? 1 : 0;
      text += "isthmus_doctor_findings{check=\"" + std::string(check) + "\",severity=\"" +
              std::string(to_text(severity)) + "\"} " + std::to_string(count) + "\n";
    }
  }
  metric(text, "isthmus_doctor_holes", "What the last run could not see.");
  text += "isthmus_doctor_holes " + std::to_string(diagnosis.holes.size()) + "\n";
  metric(text, "isthmus_doctor_last_run_timestamp_seconds", "When the last run ended.");
  text += "isthmus_doctor_last_run_timestamp_seconds " + std::to_string(time(nullptr)) + "\n";
  return text;
}

}  // namespace isthmus
