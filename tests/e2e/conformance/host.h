// Looking at the private host: pictures to compare, and questions about links, addresses and routes.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace isthmus::test {

using Json = nlohmann::json;

// Variable that marks the environment of everything we start, so that what is left of it can be found.
inline constexpr const char* kMarker = "ISTHMUS_CONFORMANCE_RUN";

// What the host looks like, one line a fact: links, addresses, routes and rules of the host and of the given named
// namespaces, nf_tables, mounts, files below /run and /etc/netns, and processes that we started. Without what has
// nothing to do with any one attachment: the store's boot id, lock and cursors, empty directories, the state of `lo`;
// and without the notes of released names, which stay as long as the name of the namespace does.
class Picture {
 public:
  explicit Picture(const std::vector<std::string>& pods);
  // What changed from this picture to the present.
  std::vector<std::string> changes() const;

 private:
  std::vector<std::string> pods_;
  std::set<std::string> facts_;
};

// Waits up to a second for the present to be as in `before`; names every line more or less.
testing::AssertionResult nothing_changed_since(const Picture& before);

// `ip -j ARGS`; an empty array when it prints nothing.
Json ip_json(const std::string& args);
// The link, or null.
Json link_in(const std::string& pod, const std::string& ifname);
Json host_link(const std::string& ifname);
std::set<std::string> host_links();
// "10.244.1.2/32", both families, without link-local ones.
std::set<std::string> addresses_in(const std::string& pod, const std::string& ifname);
// Routes of the main table, or of `table`; `family` is "-4" or "-6".
Json routes_in(const std::string& pod, const std::string& family, const std::string& table = "main");
// The first route with this destination ("default" for all), or null.
Json find_route(const Json& routes, const std::string& destination);
// One echo request from `pod` (empty: the host) is answered within a second.
bool reaches(const std::string& pod, const std::string& address);

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& content);
bool exists(const std::string& path);
// Names in a directory, sorted; empty if there is none.
std::set<std::string> names_in(const std::string& directory);
// Pids of processes that carry the marker.
std::vector<int> marked_processes();

}  // namespace isthmus::test
