#include "plugin/reap/item.h"

#include <algorithm>

namespace isthmus {

std::string_view to_text(ReapKind kind) {
  switch (kind) {
    case ReapKind::name:
      return "name";
    case ReapKind::file:
      return "file";
    case ReapKind::attachment:
      return "attachment";
    case ReapKind::link:
      return "link";
    case ReapKind::lease:
      return "lease";
    case ReapKind::rule:
      break;
  }
  return "rule";
}

std::string_view to_text(ReapItem::Outcome outcome) {
  switch (outcome) {
    case ReapItem::Outcome::none:
      return "none";
    case ReapItem::Outcome::reaped:
      return "reaped";
    case ReapItem::Outcome::held:
      return "held";
    case ReapItem::Outcome::skipped:
      return "skipped";
    case ReapItem::Outcome::failed:
      break;
  }
  return "failed";
}

std::vector<std::string> containers_of(const ReapItem& item) {
  std::vector<std::string> containers;
  auto add = [&](const std::string& id) {
    if (std::find(containers.begin(), containers.end(), id) == containers.end()) containers.push_back(id);
  };
  for (const auto* records : {&item.records, &item.released})
    for (const Record& record : *records)
      add(record.key.container_id.text());
  if (!item.holder.container_id.empty()) add(item.holder.container_id);
  return containers;
}

std::string ReapItem::identity() const {
  auto number = [](auto value) { return std::to_string(value); };
  std::string text(to_text(kind));
  switch (kind) {
    case ReapKind::name:
      // The unique id alone would do; the others are for kernels without one.
      text += " " + number(mount.unique_id) + " " + number(mount.unique_id != 0 ? 0 : mount.old_id) + " " +
              number(mount.inode) + " " + number(mount.unique_id != 0 ? 0 : cookie);
      break;
    case ReapKind::file:
      if (file) text += " " + number(file->device) + " " + number(file->inode) + " " + number(file->born_ns);
      text += " " + number(mount.unique_id) + " " + number(mount.inode);
      break;
    case ReapKind::attachment:
      text += " " + name;
      for (const Record& record : records)
        text += " " + number(record.created) + " " + number(record.netns_cookie);
      break;
    case ReapKind::link:
      text += " " + name + " " + number(ifindex);
      break;
    case ReapKind::rule:
      text += " " + name;
      break;
    case ReapKind::lease:
      text += " " + network + " " + name + " " + holder.container_id + " " + holder.ifname;
      break;
  }
  return text;
}

}  // namespace isthmus
