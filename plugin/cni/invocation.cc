#include "plugin/cni/invocation.h"

#include <array>

#include "netlink/quoted.h"
#include "plugin/cni/cni_args.h"
#include "plugin/cni/json_reader.h"

namespace isthmus {
namespace {

constexpr std::array<std::string_view, 6> kVerbNames = {"ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"};

// CNI specification, section 2; DEL works without a namespace, because it may be gone.
std::vector<std::string_view> required_variables(Verb verb) {
  switch (verb) {
    case Verb::add:
    case Verb::check:
      return {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"};
    case Verb::del:
      return {"CNI_CONTAINERID", "CNI_IFNAME"};
    case Verb::gc:
      return {"CNI_PATH"};
    case Verb::status:
    case Verb::version:
      return {};
  }
  return {};
}

// Verbs about one attachment; the others get empty or made-up values in its variables.
bool is_about_an_attachment(Verb verb) { return verb == Verb::add || verb == Verb::del || verb == Verb::check; }

std::string value_of(const Getenv& getenv, std::string_view name) { return getenv(name).value_or(std::string()); }

AnswerStatus refuse_missing(Verb verb, const Getenv& getenv) {
  std::string missing;
  for (std::string_view name : required_variables(verb))
    if (value_of(getenv, name).empty()) missing += (missing.empty() ? "" : ", ") + std::string(name);
  if (missing.empty()) return done;
  return Error{"run " + std::string(to_text(verb)), {}, 0, "the environment lacks " + missing, "env-missing", {}};
}

Error illegal(std::string_view variable, const Error& cause) {
  return Error{"use", std::string(variable) + " = " + cause.object, 0, cause.detail, cause.word, cause.hint};
}

AnswerStatus read_attachment(const Getenv& getenv, Invocation& invocation) {
  auto id = ContainerId::parse(value_of(getenv, "CNI_CONTAINERID"));
  if (!id) return illegal("CNI_CONTAINERID", id.error());
  auto ifname = IfName::parse(value_of(getenv, "CNI_IFNAME"));
  if (!ifname) return illegal("CNI_IFNAME", ifname.error());
  invocation.container_id = *std::move(id);
  invocation.ifname = *std::move(ifname);
  invocation.netns = value_of(getenv, "CNI_NETNS");
  std::string args = value_of(getenv, "CNI_ARGS");
  if (invocation.verb == Verb::del) {
    invocation.args = salvage_cni_args(args);
  } else {
    TRY(invocation.args, parse_cni_args(args));
  }
  return done;
}

}  // namespace

std::string_view to_text(Verb verb) { return kVerbNames[static_cast<std::size_t>(verb)]; }

Answer<Verb> parse_verb(std::string_view text) {
  for (std::size_t i = 0; i < kVerbNames.size(); ++i)
    if (kVerbNames[i] == text) return static_cast<Verb>(i);
  return Error{"run",
               "CNI_COMMAND = " + in_quotes(text),
               0,
               "the commands are ADD, DEL, CHECK, GC, STATUS and VERSION",
               "unknown-command",
               {}};
}

Answer<Invocation> parse_invocation(Verb verb, const Getenv& getenv) {
  TRY_OK(refuse_missing(verb, getenv));
  Invocation invocation{verb, {}, {}, {}, {}, {}, false};
  if (is_about_an_attachment(verb)) TRY_OK(read_attachment(getenv, invocation));
  invocation.path = value_of(getenv, "CNI_PATH");
  std::string override = value_of(getenv, "CNI_NETNS_OVERRIDE");
  invocation.netns_override = override == "1" || equal_ignoring_case(override, "true");
  return invocation;
}

}  // namespace isthmus
