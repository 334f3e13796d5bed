#include <algorithm>
#include <array>

#include "plugin/cni/error.h"

namespace isthmus {
namespace {

// Codes below 100 as in section 5 of the CNI specification, 8 and 999 as in the CNI library; 100 and up are ours.
constexpr std::array kWords = {
    // 1: a version of the specification that is not ours, or that cannot say it.
    ErrorWord{"cni-version", 1},
    ErrorWord{"result-not-expressible", 1},
    // 2: a key that is not ours.
    ErrorWord{"unknown-key", 2},
    // 4: environment.
    ErrorWord{"bad-args", 4},
    ErrorWord{"bad-container-id", 4},
    ErrorWord{"bad-ifname", 4},
    ErrorWord{"env-missing", 4},
    ErrorWord{"netns-path", 4},
    ErrorWord{"unknown-command", 4},
    // 5: input and output.
    ErrorWord{"state-unwritable", 5},
    ErrorWord{"stdin-read", 5},
    ErrorWord{"stdin-timeout", 5},
    ErrorWord{"stdin-too-large", 5},
    ErrorWord{"stdout-write", 5},
    ErrorWord{"system-call", 5},
    // 6: decoding.
    ErrorWord{"bad-json", 6},
    // 7: configuration.
    ErrorWord{"bad-address", 7},
    ErrorWord{"bad-attachments", 7},
    ErrorWord{"bad-config", 7},
    ErrorWord{"bad-mac", 7},
    ErrorWord{"bad-mtu", 7},
    ErrorWord{"bad-network-name", 7},
    ErrorWord{"bad-prefix", 7},
    ErrorWord{"bad-range", 7},
    ErrorWord{"bad-resolv-conf", 7},
    ErrorWord{"bad-result", 7},
    ErrorWord{"ipam-no-gateway", 7},
    ErrorWord{"prev-result-missing", 7},
    ErrorWord{"reap-plan", 7},
    ErrorWord{"reap-runtime", 7},
    // 8: the plugin's own namespace.
    ErrorWord{"netns-own", 8},
    // 11: another try may help.
    ErrorWord{"attachment-busy", 11},
    ErrorWord{"ipam-timeout", 11},
    ErrorWord{"netlink-busy", 11},
    ErrorWord{"netlink-timeout", 11},
    ErrorWord{"netns-timeout", 11},
    ErrorWord{"reap-busy", 11},
    // 50: the plugin cannot serve ADD.
    ErrorWord{"capability-missing", 50},
    // 100: namespaces and threads.
    ErrorWord{"holder-unclear", 100},
    ErrorWord{"bad-column", 100},
    ErrorWord{"doctor-scope", 100},
    ErrorWord{"exec-mounts", 100},
    ErrorWord{"exec-where", 100},
    ErrorWord{"host-mounts", 100},
    ErrorWord{"mountinfo", 100},
    ErrorWord{"netns-changed", 100},
    ErrorWord{"netns-dying", 100},
    ErrorWord{"netns-enter", 100},
    ErrorWord{"netns-missing", 100},
    ErrorWord{"netns-no-way-in", 100},
    ErrorWord{"netns-not-a-netns", 100},
    ErrorWord{"netns-open", 100},
    ErrorWord{"reap-root", 100},
    ErrorWord{"reap-stopped", 100},
    ErrorWord{"reap-too-many", 100},
    ErrorWord{"thread-self", 100},
    ErrorWord{"thread-start", 100},
    // 110: the kernel's network.
    ErrorWord{"address-conflict", 110},
    ErrorWord{"address-duplicate", 110},
    ErrorWord{"bridge-create", 110},
    ErrorWord{"bridge-enslaved", 110},
    ErrorWord{"bridge-not-one", 110},
    ErrorWord{"bridge-vlan", 110},
    ErrorWord{"host-ifname-taken", 110},
    ErrorWord{"ifname-taken", 110},
    ErrorWord{"kernel-refused", 110},
    ErrorWord{"link-delete", 110},
    ErrorWord{"netlink-failed", 110},
    ErrorWord{"netlink-open", 110},
    ErrorWord{"nft-failed", 110},
    ErrorWord{"nft-open", 110},
    ErrorWord{"port-down", 110},
    ErrorWord{"sysctl-open", 110},
    ErrorWord{"sysctl-write", 110},
    ErrorWord{"veth-create", 110},
    ErrorWord{"vlan-create", 110},
    // 120: addresses.
    ErrorWord{"ip-not-in-range", 120},
    ErrorWord{"ip-taken", 120},
    ErrorWord{"ipam-exhausted", 120},
    ErrorWord{"ipam-failed", 120},
    ErrorWord{"ipam-garbage", 120},
    ErrorWord{"ipam-not-found", 120},
    ErrorWord{"lease-lost", 120},
    // 130: state.
    ErrorWord{"already-attached", 130},
    ErrorWord{"bad-record", 130},
    ErrorWord{"boot-id", 130},
    ErrorWord{"check-failed", 130},
    ErrorWord{"resolv-conf-remove", 130},
    ErrorWord{"resolv-conf-taken", 130},
    ErrorWord{"resolv-conf-write", 130},
    ErrorWord{"state-untrusted", 130},
    // 999: a bug, as in the library.
    ErrorWord{"internal", 999},
    ErrorWord{"stopped", 999},
};

}  // namespace

std::span<const ErrorWord> error_words() { return kWords; }

unsigned code_of_word(std::string_view word) {
  const auto* found =
      std::find_if(kWords.begin(), kWords.end(), [&](const ErrorWord& row) { return row.word == word; });
  return found == kWords.end() ? 999 : found->code;
}

}  // namespace isthmus
