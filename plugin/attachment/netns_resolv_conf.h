// /etc/netns/NAME/resolv.conf, which `ip netns exec NAME` binds over /etc/resolv.conf (man 8 ip-netns). Made on request
// for namespaces under /run/netns; never takes the place of a file that is not ours, never removes one that was
// changed.
#pragma once

#include <optional>
#include <string>

#include "netns/netns_fd.h"
#include "plugin/attachment/record.h"
#include "plugin/cni/cni_result.h"

namespace isthmus {

struct ResolvConfFile {
  OwnedFile file;       // for the record, which has to be on disk first
  std::string content;  // names the attachment, so that no two write the same
};

// Decides path and content without writing. nullopt when the namespace has no name under /run/netns or `dns` is empty.
std::optional<ResolvConfFile> plan_resolv_conf(const NetnsPath& netns, const AttachmentKey& key, const CniDns& dns);

// Fails with [resolv-conf-taken] when a file is there, [resolv-conf-write] for all else.
Status write_resolv_conf(const ResolvConfFile& file);

// Removes the file if its content is still ours, and its directory if we made it and it is empty. Absent is done.
// Fails with [resolv-conf-remove].
Status remove_resolv_conf(const OwnedFile& file);

}  // namespace isthmus
