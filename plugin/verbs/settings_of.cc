#include "plugin/verbs/settings_of.h"

namespace isthmus {

Answer<const Settings*> settings_of(const Call& call) {
  if (!call.conf.settings) return call.conf.settings.error();
  const Settings& settings = *call.conf.settings;
  if (settings.mode != Mode::ptp) {
    return Error{"do what the configuration says",
                 {},
                 0,
                 "'mode': 'bridge' is not supported by this version",
                 "unsupported",
                 "use 'mode': 'ptp'"};
  }
  return &settings;
}

}  // namespace isthmus
