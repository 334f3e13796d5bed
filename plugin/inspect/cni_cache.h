// What the CNI library remembers of every ADD on this node, whichever plugin answered it: /var/lib/cni/results.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isthmus {

struct CachedAttachment {
  std::string netns;         // path
  std::string container_id;  // of the pod's sandbox, on Kubernetes
  std::string network;
  std::string ifname;
  std::string pod;  // "ns/name", "name" of a runtime without namespaces; empty when the runtime did not say
};

// Files that are no such cache are skipped: they are the library's, and of its versions.
std::vector<CachedAttachment> read_cni_cache(const std::string& directory = "/var/lib/cni/results");

// One file. Empty netns: it is none.
CachedAttachment parse_cni_cache(std::string_view json);

}  // namespace isthmus
