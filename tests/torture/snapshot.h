// What the host and a pod look like, read by netlink and not by programs: a test takes thousands of these.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "netns/unique_fd.h"

namespace isthmus::test {

// A route socket born in one network namespace.
class Eye {
 public:
  // Of the calling process's namespace, or of the one that `path` names.
  explicit Eye(const std::string& path = {});
  // Links, addresses, routes, rules and neighbours, one line each.
  void see(const std::string& where, std::set<std::string>& facts) const;

 private:
  void dump(const std::string& where, int type, std::set<std::string>& facts) const;
  UniqueFd socket_;
};

using Facts = std::set<std::string>;

// nf_tables: each table, chain, rule and set, and what our table holds.
void see_nftables(Facts& facts);
// Files with their modes and contents; without the store's boot id, locks and cursors, and without directories.
void see_files(const std::string& root, Facts& facts);
void see_mounts(Facts& facts);

// "- was here" and "+ is new".
std::vector<std::string> differences(const Facts& before, const Facts& now);

// Collects children that ended, ours and orphans given to us; those that live after the time are named.
std::vector<std::string> collect_children(int milliseconds);

}  // namespace isthmus::test
