// Which directories hold names of network namespaces, and whose a name is by its looks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isthmus {

// Where `ip netns`, containerd, CRI-O, podman and Docker put names, and the roots the caller adds.
class ManagedDirectories {
 public:
  explicit ManagedDirectories(std::vector<std::string> roots);
  // True for a path that stands directly in one of them.
  bool holds(std::string_view path) const;
  // Those without a pattern, for looking at files without a mount.
  const std::vector<std::string>& fixed() const { return fixed_; }

 private:
  std::vector<std::string> fixed_;
};

// "containerd" for "cni-1f0c9c2e-8a1b-...", "docker" for twelve hexadecimal digits in Docker's directory, "podman" for
// "netns-UUID", "CRI-O" for a UUID; empty for everything else.
std::string runtime_of_name(std::string_view path);

// "/run/x" for "/var/run/x", which is the same on every host with a merged /run.
std::string canonical_run_path(std::string_view path);

std::string directory_of(std::string_view path);
std::string last_part(std::string_view path);

}  // namespace isthmus
