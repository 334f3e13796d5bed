#include "plugin/reap/item.h"

namespace isthmus {

std::string_view to_text(ReapKind kind) {
  switch (kind) {
    case ReapKind::name:
      return "name";
    case ReapKind::file:
      return "file";
    case ReapKind::attachment:
      return "attachment";
    case ReapKind::lease:
      break;
  }
  return "lease";
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
    case ReapKind::lease:
      text += " " + network + " " + name + " " + holder.container_id + " " + holder.ifname;
      break;
  }
  return text;
}

}  // namespace isthmus
