// Carrying out a plan: the only writes to the kernel in the life of an ADD.
#pragma once

#include "plugin/attachment/kernel.h"
#include "plugin/attachment/plan.h"

namespace isthmus {

struct World {
  const NetnsFd& netns;
  Kernel<HostSide>& host;
  Kernel<ContainerSide>& container;
  Deadline deadline;
};

// Carries out the steps in order, neighbouring changes of one side in one message batch. Stops at the first failure;
// what was done by then is undone from the record by undo(), never here: a killed process has to be undone the same
// way.
Result<VethIndexes> apply_plan(const Plan& plan, World& world);

}  // namespace isthmus
