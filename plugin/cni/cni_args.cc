#include "plugin/cni/cni_args.h"

namespace isthmus {
namespace {

// Calls `take` with each part between separators that is not empty.
template <class F>
AnswerStatus for_each_part(std::string_view text, char separator, F take) {
  while (!text.empty()) {
    std::size_t end = text.find(separator);
    std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!part.empty()) TRY_OK(take(part));
  }
  return done;
}

Error bad_args(std::string_view key, const Error& cause) {
  return Error{"use", std::string(key) + " in CNI_ARGS = " + cause.object, 0, cause.detail, "bad-args", cause.hint};
}

AnswerStatus take_mac(std::string_view value, CniArgs& args) {
  if (value.empty()) return done;
  auto mac = MacAddress::parse(value);
  if (!mac) return bad_args("MAC", mac.error());
  args.mac = *mac;
  return done;
}

AnswerStatus take_ips(std::string_view value, CniArgs& args) {
  args.ips.clear();
  return for_each_part(value, ',', [&](std::string_view part) -> AnswerStatus {
    auto address = parse_requested_address(part);
    if (!address) return bad_args("IP", address.error());
    args.ips.emplace_back(part);
    return done;
  });
}

AnswerStatus take_pair(std::string_view pair, CniArgs& args) {
  std::size_t equals = pair.find('=');
  std::string_view key = pair.substr(0, equals);
  std::string_view value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
  if (key == "K8S_POD_NAMESPACE") args.pod_namespace = value;
  if (key == "K8S_POD_NAME") args.pod_name = value;
  if (key == "K8S_POD_UID") args.pod_uid = value;
  if (key == "MAC") return take_mac(value, args);
  if (key == "IP") return take_ips(value, args);
  return done;
}

}  // namespace

Answer<CniArgs> parse_cni_args(std::string_view text) {
  CniArgs args;
  args.raw = text;
  TRY_OK(for_each_part(text, ';', [&](std::string_view pair) { return take_pair(pair, args); }));
  return args;
}

CniArgs salvage_cni_args(std::string_view text) {
  CniArgs args;
  args.raw = text;
  auto status = for_each_part(text, ';', [&](std::string_view pair) -> AnswerStatus {
    static_cast<void>(take_pair(pair, args));
    return done;
  });
  static_cast<void>(status);
  return args;
}

Result<IpAddress> parse_requested_address(std::string_view text) {
  if (text.find('/') == std::string_view::npos) return IpAddress::parse(text);
  TRY(Prefix prefix, Prefix::parse(text));
  return prefix.address();
}

std::string CniArgs::pod() const { return pod_namespace.empty() ? pod_name : pod_namespace + "/" + pod_name; }

}  // namespace isthmus
