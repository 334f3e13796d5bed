#include "plugin/inspect/cni_cache.h"

#include <dirent.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "netns/file.h"

namespace isthmus {
namespace {

constexpr std::size_t kLargestCacheFile = std::size_t{1} << 20;

std::string text_of(const nlohmann::json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// CNI_ARGS as the library keeps them: [["K8S_POD_NAME", "web"], ...].
std::string pod_of_arguments(const nlohmann::json& arguments) {
  std::string ns;
  std::string name;
  if (!arguments.is_array()) return {};
  for (const auto& pair : arguments) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) continue;
    if (pair[0] == "K8S_POD_NAMESPACE") ns = pair[1].get<std::string>();
    if (pair[0] == "K8S_POD_NAME") name = pair[1].get<std::string>();
  }
  return name.empty() || ns.empty() ? name : ns + "/" + name;
}

// Of a library before 1.2, which does not note the namespace itself: where the result says that the container's link
// is.
std::string netns_of_result(const nlohmann::json& document) {
  auto result = document.find("result");
  if (result == document.end() || !result->is_object()) return {};
  auto interfaces = result->find("interfaces");
  if (interfaces == result->end() || !interfaces->is_array()) return {};
  for (const auto& link : *interfaces) {
    if (!link.is_object()) continue;
    if (std::string sandbox = text_of(link, "sandbox"); !sandbox.empty()) return sandbox;
  }
  return {};
}

}  // namespace

CachedAttachment parse_cni_cache(std::string_view json) {
  CachedAttachment cached;
  auto document = nlohmann::json::parse(json, nullptr, false);
  if (document.is_discarded() || !document.is_object()) return cached;
  cached.netns = text_of(document, "netns");
  if (cached.netns.empty()) cached.netns = netns_of_result(document);
  cached.container_id = text_of(document, "containerId");
  cached.network = text_of(document, "networkName");
  cached.ifname = text_of(document, "ifName");
  if (auto arguments = document.find("cniArgs"); arguments != document.end()) cached.pod = pod_of_arguments(*arguments);
  return cached;
}

std::vector<CachedAttachment> read_cni_cache(const std::string& directory) {
  std::vector<CachedAttachment> all;
  auto dir = open_directory(directory);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(dir ? opendir(directory.c_str()) : nullptr, closedir);
  if (!stream) return all;
  while (const dirent* entry = readdir(stream.get())) {
    if (entry->d_name[0] == '.') continue;
    auto text = read_small_file(dir->ref(), entry->d_name, kLargestCacheFile);
    if (!text) continue;
    CachedAttachment cached = parse_cni_cache(*text);
    if (!cached.netns.empty()) all.push_back(std::move(cached));
  }
  return all;
}

}  // namespace isthmus
