#include "netns/capabilities.h"

#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace isthmus {

static_assert(kCapDacOverride == CAP_DAC_OVERRIDE && kCapDacReadSearch == CAP_DAC_READ_SEARCH && kCapKill == CAP_KILL);
static_assert(kCapNetAdmin == CAP_NET_ADMIN && kCapSysChroot == CAP_SYS_CHROOT && kCapSysPtrace == CAP_SYS_PTRACE);
static_assert(kCapSysAdmin == CAP_SYS_ADMIN);

namespace {

using CapabilitySets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

// The kernel writes its own version into it where it does not know this one.
__user_cap_header_struct own_header() { return {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0}; }

Result<CapabilitySets> own_capabilities() {
  __user_cap_header_struct header = own_header();
  CapabilitySets sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return errno_error("read the capabilities of this process");
  return sets;
}

}  // namespace

Result<bool> has_capability(int capability) {
  TRY(CapabilitySets sets, own_capabilities());
  const auto word = static_cast<std::size_t>(CAP_TO_INDEX(capability));
  return (sets[word].effective & CAP_TO_MASK(capability)) != 0;
}

Status keep_only_capabilities(std::initializer_list<int> kept) {
  // What execve(2) left in the process, which costs no system call.
  if (getauxval(AT_UID) != 0 || getauxval(AT_EUID) != 0) return done;
  TRY(CapabilitySets sets, own_capabilities());
  std::array<std::uint32_t, _LINUX_CAPABILITY_U32S_3> mask{};
  for (int capability : kept)
    mask[static_cast<std::size_t>(CAP_TO_INDEX(capability))] |= CAP_TO_MASK(capability);
  // The inheritable set stays: it says what others get, and gives us nothing.
  for (std::size_t word = 0; word < sets.size(); ++word) {
    sets[word].effective &= mask[word];
    sets[word].permitted &= mask[word];
  }
  __user_cap_header_struct header = own_header();
  if (syscall(SYS_capset, &header, sets.data()) != 0) return errno_error("give up capabilities of this process");
  return done;
}

}  // namespace isthmus
