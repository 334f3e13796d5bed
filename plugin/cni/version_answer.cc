#include "plugin/cni/version_answer.h"

#include <nlohmann/json.hpp>

#include "plugin/cni/netconf.h"

namespace isthmus {

std::string version_answer(std::string_view stdin_bytes) {
  SpecVersion version = peek_version(stdin_bytes).value_or(kNewestVersion);
  nlohmann::ordered_json answer;
  answer["cniVersion"] = to_text(version);
  for (auto name : kVersionNames)
    answer["supportedVersions"].push_back(name);
  return answer.dump() + "\n";
}

std::string supported_versions() {
  std::string text;
  for (auto name : kVersionNames)
    text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

}  // namespace isthmus
