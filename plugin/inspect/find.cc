#include "plugin/inspect/find.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "plugin/reap/managed.h"

namespace isthmus {
namespace {

constexpr std::size_t kShortestId = 4;
constexpr std::array<std::string_view, 9> kKinds = {"ip",    "mac",       "if",  "ifindex", "pid",
                                                    "inode", "container", "pod", "name"};

std::optional<long> number_of(std::string_view text) {
  long number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

class Finder {
 public:
  Finder(const Node& node, std::string_view what, const ProcessLookup& processes)
      : node_(node), what_(what), processes_(processes) {
    for (std::string_view kind : kKinds) {
      if (!what.starts_with(std::string(kind) + ":")) continue;
      kind_ = kind;
      what_ = what.substr(kind.size() + 1);
    }
    // As the links in /proc/PID/ns show a namespace.
    if (what.starts_with("net:[") && what.ends_with(']')) {
      kind_ = "inode";
      what_ = what.substr(5, what.size() - 6);
    }
    if (what.starts_with("path:")) {
      kind_ = "path";
      what_ = what.substr(5);
    }
  }

  std::vector<Match> find() {
    if (what_.empty()) return {};
    if (asks("ip")) by_address();
    if (asks("mac")) by_mac();
    if (asks("name")) by_name();
    if (asks("path") || asks("name")) by_path();
    if (asks("pod")) by_pod();
    if (asks("container")) by_container();
    if (asks("if")) by_link_name();
    if (auto number = number_of(what_)) by_number(*number);
    return std::move(matches_);
  }

 private:
  bool asks(std::string_view kind) const { return kind_.empty() || kind_ == kind; }

  void add(const NodeNetns& netns, std::string because) {
    for (const Match& match : matches_)
      if (match.netns == &netns) return;
    matches_.push_back({std::move(because), &netns, nullptr});
  }

  // The namespace the record speaks of, if it is there; else the record alone.
  void add(const Record& record, const std::string& because) {
    for (const NodeNetns& netns : node_.namespaces) {
      for (const Record& of : netns.records)
        if (of.key == record.key) return add(netns, because);
    }
    matches_.push_back({because, nullptr, &record});
  }

  template <class F>
  void each_link(F f) {
    for (const NodeNetns& netns : node_.namespaces)
      for (const LinkWithAddresses& one : netns.links)
        f(netns, one);
  }

  void by_address() {
    auto address = IpAddress::parse(what_.substr(0, what_.find('/')));
    if (!address) return;
    each_link([&](const NodeNetns& netns, const LinkWithAddresses& one) {
      for (const Prefix& prefix : one.addresses)
        if (prefix.address() == *address) add(netns, prefix.text() + " is an address of " + one.link.name);
    });
    for (const Record& record : node_.records) {
      for (const Prefix& prefix : record.addresses) {
        if (prefix.address() == *address) add(record, prefix.text() + " was given to " + record.key.alias(record.pod));
      }
    }
  }

  void by_mac() {
    auto mac = MacAddress::parse(what_);
    if (!mac) return;
    each_link([&](const NodeNetns& netns, const LinkWithAddresses& one) {
      if (one.link.mac != *mac) return;
      std::string because = mac->text() + " is the MAC address of " + one.link.name;
      if (netns.is_host) other_ends(one.link, because + " on the host, whose other end is ");
      add(netns, because);
    });
  }

  // The namespaces of the other ends of a link of the host.
  void other_ends(const LinkInfo& host_link, const std::string& because) {
    for (const NodeNetns& netns : node_.namespaces) {
      for (const HostEnd& end : netns.host_ends)
        if (end.ifindex == host_link.ifindex) add(netns, because + end.inside);
    }
  }

  void by_link_name() {
    each_link([&](const NodeNetns& netns, const LinkWithAddresses& one) {
      if (one.link.name != what_) return;
      if (netns.is_host) other_ends(one.link, one.link.name + " is a link of the host, whose other end is ");
      add(netns, one.link.name + " is a link in it");
    });
  }

  void by_name() {
    for (const NodeNetns& netns : node_.namespaces) {
      for (const NetnsMount& name : netns.seen.names)
        if (last_part(name.mount_point) == what_) add(netns, name.mount_point + " is mounted from it");
      for (const auto& copy : netns.seen.copies) {
        if (last_part(copy.mount.mount_point) == what_) {
          add(netns,
              copy.mount.mount_point + " is mounted from it, as pid " + std::to_string(copy.example) + " sees it");
        }
      }
    }
    if (what_ == "host" || what_ == "(host)")
      for (const NodeNetns& netns : node_.namespaces)
        if (netns.is_host) add(netns, "it is the host's");
  }

  void by_path() {
    if (!what_.starts_with('/')) return;
    const std::string path = canonical_run_path(what_);
    for (const NodeNetns& netns : node_.namespaces) {
      for (const NetnsMount& name : netns.seen.names)
        if (canonical_run_path(name.mount_point) == path) add(netns, path + " is mounted from it");
      for (const auto& copy : netns.seen.copies) {
        if (canonical_run_path(copy.mount.mount_point) == path) {
          add(netns, path + " is mounted from it, as pid " + std::to_string(copy.example) + " sees it");
        }
      }
    }
    for (const Record& record : node_.records)
      if (canonical_run_path(record.netns) == path) add(record, path + " is what ADD was called with");
  }

  void by_pod() {
    auto fits = [&](const std::string& pod) {
      return !pod.empty() && (pod == what_ || pod.substr(pod.find('/') + 1) == what_);
    };
    for (const NodeNetns& netns : node_.namespaces)
      if (fits(netns.pod)) add(netns, "it is that of pod " + netns.pod);
    for (const Record& record : node_.records)
      if (fits(record.pod)) add(record, "pod " + record.pod + " has an attachment");
  }

  void by_container() {
    if (what_.size() < kShortestId) return;
    // A number is rather a pid; whole ids and their beginnings otherwise.
    if (kind_.empty() && is_hex(what_) && what_.size() < 8 && number_of(what_)) return;
    for (const NodeNetns& netns : node_.namespaces)
      if (netns.container_id.starts_with(what_)) add(netns, "it is that of container " + netns.container_id);
    for (const Record& record : node_.records) {
      if (record.key.container_id.text().starts_with(what_)) {
        add(record, "container " + record.key.container_id.text() + " has an attachment");
      }
    }
    if (!is_hex(what_)) return;
    // A pod's other containers than the sandbox, and those in the host's network, have no entry anywhere.
    for (const TaskOfContainer& task : processes_.tasks_of_container(what_)) {
      for (const NodeNetns& netns : node_.namespaces) {
        if (netns.seen.inode != task.netns) continue;
        add(netns, "pid " + std::to_string(task.pid) + " of container " + task.container_id + " is in it");
      }
    }
  }

  void by_number(long number) {
    const std::string text = std::to_string(number);
    ino_t of_pid = asks("pid") ? processes_.netns_of_pid(number) : 0;
    for (const NodeNetns& netns : node_.namespaces) {
      if (asks("inode") && netns.seen.inode == static_cast<ino_t>(number)) add(netns, "it is inode " + text);
      if (of_pid != 0 && netns.seen.inode == of_pid) add(netns, "task " + text + " is in it");
    }
    if (!asks("ifindex")) return;
    for (const LinkWithAddresses& one : node_.host) {
      if (one.link.ifindex == number) {
        other_ends(one.link, "link " + text + " of the host is " + one.link.name + ", whose other end is ");
        for (const NodeNetns& netns : node_.namespaces)
          if (netns.is_host) add(netns, "link " + text + " of the host is " + one.link.name);
      }
    }
  }

  const Node& node_;
  std::string_view what_;
  std::string_view kind_;
  const ProcessLookup& processes_;
  std::vector<Match> matches_;
};

}  // namespace

std::vector<Match> find_in_node(const Node& node, std::string_view what, const ProcessLookup& processes) {
  return Finder(node, what, processes).find();
}

}  // namespace isthmus
