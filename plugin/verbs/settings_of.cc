#include "plugin/verbs/settings_of.h"

namespace isthmus {

Answer<const Settings*> settings_of(const Call& call) {
  if (!call.conf.settings) return call.conf.settings.error();
  const Settings& settings = *call.conf.settings;
  auto unsupported = [](const std::string& what, const std::string& hint) {
    return Error{
        "do what the configuration says", {}, 0, what + " is not supported by this version", "unsupported", hint};
  };
  if (settings.mode != Mode::ptp) return unsupported("'mode': 'bridge'", "use 'mode': 'ptp'");
  if (settings.ip_masq) return unsupported("'ipMasq': true", "masquerade the pods' range on the host");
  return &settings;
}

}  // namespace isthmus
