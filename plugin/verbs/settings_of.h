// The settings of a call that needs them.
#pragma once

#include "plugin/verbs/verbs.h"

namespace isthmus {

// Fails with the error the configuration was read with, or with [unsupported] for what this version does not do yet: a
// container must never get less than its configuration says.
Answer<const Settings*> settings_of(const Call& call);

}  // namespace isthmus
