// The environment a runtime calls a plugin with (CNI specification, section 2, "Parameters").
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/ip.h"
#include "netlink/names.h"
#include "netns/netns_fd.h"
#include "plugin/cni/error.h"
#include "plugin/cni/ids.h"

namespace isthmus {

enum class Verb { add, del, check, gc, status, version };
// "ADD" ...
std::string_view to_text(Verb verb);

// CNI_ARGS, read leniently: unknown keys, a trailing ';' and any order are fine, '=' may stand in a value.
struct CniArgs {
  std::string raw;                // CNI_ARGS as given
  std::string pod_namespace;      // K8S_POD_NAMESPACE; empty when absent, like all text here
  std::string pod_name;           // K8S_POD_NAME
  std::string pod_uid;            // K8S_POD_UID
  std::optional<MacAddress> mac;  // MAC
  std::vector<std::string> ips;   // IP, a comma list of addresses with or without prefix length
  // "ns/name", "name", or empty.
  std::string pod() const;
};

// Fails with code 4 [bad-args] for a malformed value of one of the keys above.
Answer<CniArgs> parse_cni_args(std::string_view text);

// Nullopt for a variable that is not set; a set but empty one counts as unset.
using Getenv = std::function<std::optional<std::string>(std::string_view)>;

struct Invocation {
  Verb verb;
  // Empty optionals only for verbs that do not require the variable.
  std::optional<ContainerId> container_id;
  std::optional<IfName> ifname;
  std::string netns;  // CNI_NETNS as given, because results must repeat it byte for byte; empty when absent
  CniArgs args;
  std::string path;             // CNI_PATH
  bool netns_override = false;  // CNI_NETNS_OVERRIDE is "1" or "true" in any case

  const ContainerId& id() const { return *container_id; }
  const IfName& interface() const { return *ifname; }
};

// Nullopt: CNI_COMMAND is not set. Reports an unknown command only in check_verb, because bad stdin goes first (skel).
// Only variables the verb requires are validated; all missing ones are named in one error, code 4 [env-missing].
// Illegal values: code 4 [bad-container-id], [bad-ifname], [bad-args]; on DEL a malformed value in CNI_ARGS is dropped,
// because the ADD that refused it is followed by a DEL that must not.
Answer<Invocation> parse_invocation(Verb verb, const Getenv& getenv);

// Fails with code 4 [unknown-command], quoting the text. Exact upper-case words only.
Answer<Verb> parse_verb(std::string_view text);

}  // namespace isthmus
