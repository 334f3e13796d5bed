#include "netns/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace isthmus {

static_assert(kCapNetAdmin == CAP_NET_ADMIN && kCapSysAdmin == CAP_SYS_ADMIN);

Result<bool> has_capability(int capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return errno_error("read the capabilities of this process");
  const auto word = static_cast<std::size_t>(CAP_TO_INDEX(capability));
  return (sets[word].effective & CAP_TO_MASK(capability)) != 0;
}

}  // namespace isthmus
