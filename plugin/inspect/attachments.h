// `isthmus list`: every attachment of this node, by its record, and whether the kernel still has what the record says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "netns/netns_mounts.h"
#include "plugin/attachment/record.h"
#include "plugin/inspect/node.h"
#include "plugin/inspect/table.h"

namespace isthmus {

enum class AttachmentState {
  ok,
  unfinished,    // ADD is at work, or was killed: only the intent is on disk
  netns_gone,    // its path leads to no namespace, or to another one
  link_missing,  // the host has no link of that name with that MAC
  link_down,
  no_carrier,  // the container's end is down
};
std::string_view to_text(AttachmentState state);

struct ListedAttachment {
  Record record;
  AttachmentState state = AttachmentState::ok;
};

// Pure: from records, the host's links, and the network namespaces mounted here. `task_netns` answers for paths below
// /proc: the inode, or 0.
std::vector<ListedAttachment> judge_attachments(std::vector<Record> records,
                                                const std::vector<LinkWithAddresses>& host,
                                                const std::vector<NetnsMount>& mounts,
                                                ino_t (*task_netns)(const std::string& path));

// Inode of the namespace behind /proc/PID/ns/net; 0 when there is none.
ino_t inode_of_task_netns(const std::string& path);

// `now`: seconds since the epoch.
Table attachment_table(const std::vector<ListedAttachment>& attachments, std::int64_t now);
std::string attachments_json(const std::vector<ListedAttachment>& attachments,
                             const std::vector<std::string>& problems,
                             std::int64_t now);

}  // namespace isthmus
