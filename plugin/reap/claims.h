// Who names a network namespace on disk: the library's cache of attachments, bundles of runtimes, units of systemd, the
// administrator's list. Whoever names it may want it back, with or without a process in it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "netns/deadline.h"
#include "plugin/reap/runtimes.h"

namespace isthmus {

struct Claim {
  std::string file;
  std::string container_id;  // whose trace it is; empty: somebody else's
};

class Claims {
 public:
  // Reads every place once. `directories` are those names may stand in, "/run/netns". What cannot be read is in
  // holes().
  static Claims collect(const std::set<std::string>& directories, Deadline deadline);

  // Texts for the evidence. A trace of a container that `runtimes` deny is a leftover and claims nothing.
  std::vector<std::string> on(const std::string& path, const Runtimes& runtimes) const;
  const std::vector<std::string>& holes() const { return holes_; }

  // Notes every path below one of the directories (also behind /var, where /run is a link) in `text`.
  void read_text(const std::string& text, const Claim& claim, const std::set<std::string>& directories);

 private:
  void read_file(const std::string& path, const std::string& container_id, const std::set<std::string>& directories);
  void read_places(const std::set<std::string>& directories, Deadline deadline);
  std::map<std::string, std::vector<Claim>> by_path_;
  std::vector<std::string> holes_;
};

// The container id of a file of the library's cache: "NETWORK-CONTAINERID-IFNAME", where only the second is sure to be
// of one piece in the text "containerId". Empty when it is not there.
std::string container_of_cache(const std::string& json);

}  // namespace isthmus
