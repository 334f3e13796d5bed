#include "plugin/cni/version_answer.h"

#include "plugin/cni/netconf.h"

namespace isthmus {

std::string version_answer(std::string_view stdin_bytes) {
  SpecVersion version = peek_version(stdin_bytes).value_or(kNewestVersion);
  // Of these texts none needs quoting.
  std::string answer = R"({"cniVersion":")";
  answer.append(to_text(version)).append(R"(","supportedVersions":[)");
  for (std::size_t i = 0; i < kVersionNames.size(); ++i)
    answer.append(i == 0 ? "\"" : ",\"").append(kVersionNames[i]).append("\"");
  return answer + "]}\n";
}

std::string supported_versions() {
  std::string text;
  for (auto name : kVersionNames)
    text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

}  // namespace isthmus
