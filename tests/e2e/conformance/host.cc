#include "tests/e2e/conformance/host.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/support/private_host.h"

namespace isthmus::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Flags that the kernel changes some time after the change that caused them.
std::string without_late_flags(std::string line) {
  for (const char* flag : {" linkdown", " tentative", " dead"}) {
    std::size_t at = line.find(flag);
    if (at != std::string::npos) line.erase(at, std::string(flag).size());
  }
  return line;
}

void add_links(const std::string& where, const Json& links, std::set<std::string>& facts) {
  for (const Json& link : links) {
    if (link.value("ifname", "") == "lo") continue;
    const Json flags = link.value("flags", Json::array());
    bool up = std::find(flags.begin(), flags.end(), "UP") != flags.end();
    facts.insert(where + " link " + link.value("ifname", "?") + " " + link.value("address", "") + " mtu " +
                 std::to_string(link.value("mtu", 0)) + (up ? " up " : " down ") + link.value("ifalias", "") + " " +
                 link.value("master", ""));
  }
}

// ip(8) of one namespace in one shell, sections parted by a line of '='.
void add_network(const std::string& pod, std::set<std::string>& facts) {
  const std::string n = pod.empty() ? "" : " -n " + pod;
  const std::string where = pod.empty() ? "host" : pod;
  add_links(where, ip_json((pod.empty() ? "" : "-n " + pod + " ") + "link show"), facts);
  std::string text =
      shell("{ ip -o" + n + " addr show; ip -o" + n + " -4 route show table all; ip -o" + n +
            " -6 route show table all; ip -o" + n + " rule; ip -o" + n + " -6 rule; ip -o" + n +
            " neigh show nud permanent; } 2>&1 | sed 's/^[0-9]*: //; s/  */ /g; s/valid_lft .*//' | grep -vw lo; true");
  for (const std::string& line : lines_of(text))
    facts.insert(where + " " + without_late_flags(line));
}

bool no_fact(const std::string& path) {
  const std::string name = fs::path(path).filename();
  return name == "boot_id" || name == "lock" || name.starts_with("cursor.") || name.starts_with("last_reserved_ip") ||
         path.starts_with("/run/isthmus/released/") || path.starts_with("/run/fake/") ||
         path.starts_with("/run/netns/");
}

void add_files(const std::string& root, std::set<std::string>& facts) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, error), end; it != end && !error; it.increment(error)) {
    const std::string path = it->path();
    if (it->is_directory(error) || no_fact(path)) continue;
    // Content too: a verb that must change nothing must not rewrite a record either.
    facts.insert("file " + path + " " + std::to_string(std::hash<std::string>{}(read_file(path))));
  }
}

std::set<std::string> present_facts(const std::vector<std::string>& pods) {
  std::set<std::string> facts;
  add_network("", facts);
  for (const std::string& pod : pods)
    add_network(pod, facts);
  for (const std::string& line : lines_of(shell("nft list ruleset")))
    facts.insert("nft " + line);
  for (const std::string& line : lines_of(shell("cut -d' ' -f4,5 /proc/self/mountinfo | sort")))
    facts.insert("mount " + line);
  add_files("/run", facts);
  add_files("/etc/netns", facts);
  for (int pid : marked_processes()) {
    std::string command = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    std::replace(command.begin(), command.end(), '\0', ' ');
    facts.insert("process " + std::to_string(pid) + " " + command);
  }
  return facts;
}

}  // namespace

Picture::Picture(const std::vector<std::string>& pods) : pods_(pods), facts_(present_facts(pods)) {}

std::vector<std::string> Picture::changes() const {
  const std::set<std::string> now = present_facts(pods_);
  std::vector<std::string> result;
  for (const std::string& fact : facts_) {
    // A process that ended leaves nothing; an earlier DEL's sender may have been in the picture.
    if (!now.contains(fact) && !fact.starts_with("process ")) result.push_back("- " + fact);
  }
  for (const std::string& fact : now)
    if (!facts_.contains(fact)) result.push_back("+ " + fact);
  return result;
}

testing::AssertionResult nothing_changed_since(const Picture& before) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::vector<std::string> changes = before.changes();
  while (!changes.empty() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    changes = before.changes();
  }
  if (changes.empty()) return testing::AssertionSuccess();
  auto result = testing::AssertionFailure() << "the host changed:";
  for (const std::string& change : changes)
    result << "\n  " << change;
  return result;
}

Json ip_json(const std::string& args) {
  const std::string text = shell("ip -j " + args + " 2>/dev/null; true");
  Json parsed = Json::parse(text.empty() ? "[]" : text, nullptr, false);
  return parsed.is_array() ? parsed : Json::array();
}

Json link_in(const std::string& pod, const std::string& ifname) {
  Json links = ip_json("-d -n " + pod + " link show " + ifname);
  return links.empty() ? Json() : links[0];
}

Json host_link(const std::string& ifname) {
  Json links = ip_json("-d link show " + ifname);
  return links.empty() ? Json() : links[0];
}

std::set<std::string> host_links() {
  std::set<std::string> names;
  for (const Json& link : ip_json("link show"))
    names.insert(link.value("ifname", "?"));
  names.erase("lo");
  return names;
}

std::set<std::string> addresses_in(const std::string& pod, const std::string& ifname) {
  std::set<std::string> result;
  for (const Json& link : ip_json("-n " + pod + " addr show " + ifname))
    for (const Json& address : link.value("addr_info", Json::array()))
      if (address.value("scope", "") != "link")
        result.insert(address.value("local", "") + "/" + std::to_string(address.value("prefixlen", 0)));
  return result;
}

Json routes_in(const std::string& pod, const std::string& family, const std::string& table) {
  return ip_json("-d " + family + " -n " + pod + " route show table " + table);
}

Json find_route(const Json& routes, const std::string& destination) {
  for (const Json& route : routes)
    if (route.value("dst", "") == destination) return route;
  return {};
}

bool reaches(const std::string& pod, const std::string& address) {
  const std::string in = pod.empty() ? "" : "ip netns exec " + pod + " ";
  const std::string ping = in + "ping -q -c1 -W1 " + address + " >/dev/null 2>&1";
  // The first request may be lost while a busy kernel still takes note of the link's carrier.
  return shell("{ " + ping + " || " + ping + "; } && echo yes; true") == "yes\n";
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  if (!file.flush()) ADD_FAILURE() << "cannot write " << path;
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::set<std::string> names_in(const std::string& directory) {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    names.insert(entry.path().filename());
  return names;
}

std::vector<int> marked_processes() {
  std::vector<int> pids;
  const std::string marker = std::string(kMarker) + "=" + std::to_string(getpid()) + '\0';
  for (const std::string& name : names_in("/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_file("/proc/" + name + "/environ").find(marker) != std::string::npos) pids.push_back(std::stoi(name));
  }
  return pids;
}

}  // namespace isthmus::test
