// A private host with an empty ruleset, read back by the `nft` program.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "netlink/masquerade.h"
#include "netlink/masquerade_table.h"
#include "netlink/netfilter_socket.h"
#include "tests/netns/netlink/two_sides.h"

namespace isthmus::test {

inline NetfilterSocket netfilter() {
  return *run_at_home(
      [](const auto& pass) { return NetfilterSocket::open(pass, Deadline::in(std::chrono::seconds(25))); });
}

inline MasqueradeSource source(std::string owner, std::string_view subnet) {
  return {std::move(owner), prefix(subnet)};
}

// Runs a script of the `nft` program.
inline void run_nft(const std::string& script) { shell("nft -f - <<'END'\n" + script + "\nEND"); }

// Every object of that kind ("table", "chain", "rule", "set") in the ruleset.
inline std::vector<nlohmann::json> nft_objects(const std::string& kind) {
  std::vector<nlohmann::json> found;
  auto all = nlohmann::json::parse(shell("nft -j list ruleset"), nullptr, false);
  for (const auto& object : all["nftables"])
    if (object.contains(kind)) found.push_back(object[kind]);
  return found;
}

// The elements of a set of our table, as `nft` prints them, sorted.
inline std::vector<std::string> nft_elements(const std::string& set) {
  std::vector<std::string> found;
  for (const auto& object : nft_objects("set")) {
    if (object["name"] != set || object["table"] != "isthmus" || !object.contains("elem")) continue;
    for (const auto& element : object["elem"]) {
      const auto& prefix = element.contains("prefix") ? element["prefix"] : element;
      found.push_back(prefix.is_string()        ? prefix.get<std::string>()
                      : prefix.contains("addr") ? prefix["addr"].get<std::string>() + "/" + prefix["len"].dump()
                                                : prefix.dump());
    }
  }
  std::ranges::sort(found);
  return found;
}

class NftablesHost : public PrivateHost {
 protected:
  void SetUp() override {
    PrivateHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    shell("nft flush ruleset");
  }
  void TearDown() override {
    if (!IsSkipped()) shell("nft flush ruleset");
  }

  static bool in_force(const std::vector<MasqueradeSource>& sources) {
    auto socket = netfilter();
    auto answer = masquerades(socket, sources);
    EXPECT_TRUE(answer) << answer.error().text();
    return answer && *answer;
  }
  static void ensure(const std::vector<MasqueradeSource>& sources) {
    auto socket = netfilter();
    auto status = ensure_masquerade(socket, sources);
    EXPECT_TRUE(status) << status.error().text();
  }
  static void remove(const std::vector<std::string>& owners) {
    auto socket = netfilter();
    auto status = remove_masquerade(socket, owners);
    EXPECT_TRUE(status) << status.error().text();
  }
  static std::vector<MasqueradeSource> held() {
    auto socket = netfilter();
    auto answer = masquerade_sources(socket);
    EXPECT_TRUE(answer) << answer.error().text();
    return answer ? *answer : std::vector<MasqueradeSource>{};
  }
  // Grows with every transaction of anybody.
  static std::uint32_t generation() {
    auto socket = netfilter();
    auto request = nft::get_generation();
    auto answers = socket.ask(std::span(&request, 1), "read the generation", "");
    EXPECT_TRUE(answers);
    return answers ? nft::read_generation(answers->of(0)) : 0;
  }
  static std::string ruleset() { return shell("nft list ruleset"); }
};

}  // namespace isthmus::test
