// Proving the target of a call before anything changes.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>

#include "netns/capabilities.h"
#include "netns/namespace_thread.h"
#include "netns/netns_fd.h"
#include "plugin/attachment/check.h"
#include "plugin/attachment/kernel.h"
#include "plugin/cni/error.h"
#include "plugin/cni/invocation.h"

namespace isthmus {

// CNI code 8, as the CNI library gives it; not in the specification's table, but callers know it.
inline constexpr unsigned kOwnNetnsCode = 8;

// Opens CNI_NETNS and proves that it is a network namespace and not ours (unless CNI_NETNS_OVERRIDE says so). A path
// like /proc/PID/ns/net names the host's namespace once the PID has been used again. Fails with [netns-...],
// [netns-own] (code 8).
Answer<NetnsFd> open_target(const Invocation& invocation, Deadline deadline);

// True when CNI_NETNS names the namespace of this process. A path that cannot be opened does not.
bool targets_own_netns(const Invocation& invocation, Deadline deadline);

CniError own_netns_error(const Invocation& invocation);

// What the verbs need: the network, other namespaces (SYS_PTRACE for /proc/PID/ns/net of another user's process) and
// files wherever a runtime keeps them.
inline constexpr std::initializer_list<int> kCapabilitiesOfVerbs = {kCapDacOverride, kCapDacReadSearch, kCapNetAdmin,
                                                                    kCapSysPtrace, kCapSysAdmin};

// The target, opened, and what a thread inside finds there while the caller reads the configuration, which this needs
// none of: the thread is begun by the constructor. No process may be made before view() has returned.
template <class View>
class Target {
 public:
  // `look` is for the thread and gets its pass; what it refers to must outlive this.
  template <class Look>
  Target(const Invocation& invocation, Deadline deadline, Look look) : netns_(open_target(invocation, deadline)) {
    if (!netns_) return;
    thread_.emplace(*netns_, [look = std::move(look)](const InNamespace<ContainerSide>& here) -> Result<View> {
      static_cast<void>(keep_only_capabilities(kCapabilitiesOfVerbs));
      return look(here);
    });
  }

  // Waits for the thread. Once. Fails like open_target() and run_in(), and as `look` failed.
  Answer<View> view() {
    if (!netns_) return netns_.error();
    TRY(View view, thread_->join());
    return view;
  }
  // After view() has returned one.
  const NetnsFd& netns() const { return *netns_; }

 private:
  Answer<NetnsFd> netns_;
  std::optional<RunningIn<ContainerSide, Result<View>>> thread_;
};

using AddTarget = Target<Kernel<ContainerSide>>;
using CheckTarget = Target<ContainerView>;

// In add.cc and check.cc: what these verbs can begin with.
std::unique_ptr<AddTarget> begin_add(const Invocation& invocation, Deadline deadline);
std::unique_ptr<CheckTarget> begin_check(const Invocation& invocation, Deadline deadline);

}  // namespace isthmus
