// Doing it. Each mount is taken by identity or not at all; addresses are given back only when the namespace that had
// them is dead; the first unexpected errno stops the run, because then the world is not what we think it is.
#pragma once

#include <functional>
#include <vector>

#include "netns/result.h"
#include "plugin/reap/survey.h"

namespace isthmus {

struct ReapRun {
  std::size_t reaped = 0;
  std::size_t held = 0;     // the name has gone, the namespace lives on
  std::size_t skipped = 0;  // changed under us: somebody else did it
  std::size_t failed = 0;
};

// What will be done, in order, for the plan: fills in `steps` of every leaked item.
void plan_steps(std::vector<ReapItem>& items, const ReapOptions& options);

// More than ten and more than half of all names in one run: our idea of the world is wrong. nullopt: go on.
std::optional<Error> circuit_breaker(const std::vector<ReapItem>& items, std::optional<std::size_t> explicit_limit);

// Reaps at most `limit` of the leaked items. `interrupted` is asked between items.
// Fails with [reap-stopped] at the first errno nobody expected; what was done is in the items all the same.
Result<ReapRun> reap(Survey& survey,
                     const ReapOptions& options,
                     std::size_t limit,
                     const std::function<bool()>& interrupted);

}  // namespace isthmus
