// Results of any version: prevResult and what delegates print.
#include "plugin/cni/cni_result.h"

#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {
namespace {

// What is left of a result once a version has expressed it, read back and expressed again, is all that is left.
void require_stable(const CniResult& result, SpecVersion version) {
  auto printed = to_json(result, version);
  if (!printed) {
    require(version < SpecVersion::v0_3_0 && result.ips.empty(), "every result with an address can be expressed");
    return require_clear(printed.error(), "result-not-expressible");
  }
  // Another version than the text's, because the text must say its own.
  auto read = parse_result(*printed, kNewestVersion, "it");
  require(read.operator bool(), "what is printed can be read", *printed);
  auto again = to_json(*read, version);
  require(again && *again == *printed, "printing what was read gives the same text", *printed);
  if (version == kNewestVersion) require(*read == result, "the newest version expresses everything", *printed);
  if (version >= SpecVersion::v0_3_0) {
    require(read->ips == result.ips && read->dns == result.dns, "addresses and DNS are in every version", *printed);
  }
}

}  // namespace

int fuzz_result(Bytes input) {
  for (SpecVersion when_absent : {SpecVersion::v0_2_0, kNewestVersion}) {
    auto result = parse_result(as_text(input), when_absent, "prevResult");
    if (!result) {
      require_clear(result.error(), "bad-result");
      continue;
    }
    for (std::size_t i = 0; i < kVersionNames.size(); ++i)
      require_stable(*result, static_cast<SpecVersion>(i));
  }
  return 0;
}

}  // namespace isthmus::fuzz
