// The settings of a call that needs them.
#pragma once

#include "plugin/verbs/verbs.h"

namespace isthmus {

// Fails with the error the configuration was read with.
Answer<const Settings*> settings_of(const Call& call);

}  // namespace isthmus
