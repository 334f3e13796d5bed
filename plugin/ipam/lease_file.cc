#include "plugin/ipam/lease_file.h"

#include <algorithm>

namespace isthmus {

std::string lease_text(const AttachmentRef& holder) { return holder.container_id + "\n" + holder.ifname + "\n"; }

AttachmentRef parse_lease(std::string_view text) {
  std::size_t first = text.find('\n');
  if (first == std::string_view::npos || std::count(text.begin(), text.end(), '\n') != 2 || text.back() != '\n') {
    return {};
  }
  AttachmentRef holder{std::string(text.substr(0, first)),
                       std::string(text.substr(first + 1, text.size() - first - 2))};
  if (holder.container_id.empty() || holder.ifname.empty()) return {};
  return holder;
}

}  // namespace isthmus
