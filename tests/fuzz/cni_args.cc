// CNI_ARGS and the other variables of a call.
#include "plugin/cni/cni_args.h"

#include <array>

#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {
namespace {

void require_legal(const CniArgs& args) {
  if (args.mac) require(MacAddress::parse(args.mac->text()).operator bool(), "a MAC address is one", args.mac->text());
  for (const std::string& ip : args.ips)
    require(parse_requested_address(ip).operator bool(), "a requested address is one", ip);
}

// The input's lines, a variable each; the last one takes all the rest.
struct Environment {
  static constexpr std::array<std::string_view, 4> kLines = {"CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS", "CNI_ARGS"};
  std::array<std::string, kLines.size()> values;

  explicit Environment(std::string_view text) {
    for (std::size_t i = 0; i < kLines.size(); ++i) {
      std::size_t end = i + 1 < kLines.size() ? text.find('\n') : text.npos;
      values[i] = text.substr(0, end);
      text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
  }
  std::optional<std::string> get(std::string_view name) const {
    for (std::size_t i = 0; i < kLines.size(); ++i)
      if (kLines[i] == name && !values[i].empty()) return values[i];
    return std::nullopt;
  }
};

}  // namespace

int fuzz_cni_args(Bytes input) {
  auto args = parse_cni_args(as_text(input));
  CniArgs salvaged = salvage_cni_args(as_text(input));
  require(salvaged.raw == as_text(input), "the raw text is kept");
  require_legal(salvaged);
  if (args) {
    require_legal(*args);
    require(args->pod() == salvaged.pod() && args->mac == salvaged.mac && args->ips == salvaged.ips,
            "what is well-formed is read the same way by DEL");
  } else {
    require_clear(args.error(), "bad-args");
  }

  Environment environment(as_text(input));
  for (Verb verb : {Verb::add, Verb::del, Verb::check, Verb::gc, Verb::status}) {
    auto invocation = parse_invocation(verb, [&](std::string_view name) { return environment.get(name); });
    if (!invocation) {
      require_clear(invocation.error());
    } else if (verb == Verb::add || verb == Verb::del || verb == Verb::check) {
      require(ContainerId::parse(invocation->id().text()).operator bool(), "a container id is one");
      require(IfName::parse(invocation->interface().text()).operator bool(), "an interface's name is one");
      require(invocation->netns == environment.values[2], "CNI_NETNS is kept byte for byte");
    }
  }
  return 0;
}

}  // namespace isthmus::fuzz
