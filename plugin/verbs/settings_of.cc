#include "plugin/verbs/settings_of.h"

namespace isthmus {

Answer<const Settings*> settings_of(const Call& call) {
  if (!call.conf.settings) return call.conf.settings.error();
  return &*call.conf.settings;
}

}  // namespace isthmus
