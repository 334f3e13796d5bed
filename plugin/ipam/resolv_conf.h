// A file like /etc/resolv.conf, read for IPAM's "resolvConf" (resolv.conf(5)).
#pragma once

#include <string>
#include <string_view>

#include "netns/result.h"
#include "plugin/cni/cni_result.h"

namespace isthmus {

// nameserver and options add up; of domain and of search the last one wins. Comments, unknown keywords and keywords
// without a value are skipped.
CniDns parse_resolv_conf(std::string_view text);

// Follows symbolic links: the path is the administrator's. Fails with [bad-resolv-conf], also for a missing file.
Result<CniDns> read_resolv_conf(const std::string& path);

}  // namespace isthmus
