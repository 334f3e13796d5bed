// `isthmus gc --from-plan`.
#include "plugin/reap/report.h"
#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {
namespace {

constexpr const char* kBoot = "7a1c6ce4-0d51-4b0a-9d1c-6f2f4f7f4f3e";

}  // namespace

int fuzz_plan(Bytes input) {
  std::string text(as_text(input));
  auto plan = parse_plan(text, kBoot);
  if (!plan) {
    require_clear(plan.error(), "reap-plan");
    return 0;
  }
  require(text.find(kBoot) != std::string::npos || text.find('\\') != std::string::npos,
          "only this boot's plan counts");
  for (const std::string& key : *plan)
    require(!key.empty(), "what is to be reaped has an identity");
  require(!parse_plan(text, "another boot"), "another boot's plan is refused");
  auto again = parse_plan(text, kBoot);
  require(again && *again == *plan, "a plan is read the same way twice");
  return 0;
}

}  // namespace isthmus::fuzz
