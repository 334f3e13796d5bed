// Whose a link is by what the link itself says.
#pragma once

#include <optional>

#include "netlink/link.h"
#include "plugin/attachment/key.h"

namespace isthmus {

struct ReapItem;

// The attachment whose host's end the link is: named in its alias, which anybody can set, and confirmed by the MAC or
// the name that follow from the attachment. nullopt: it is none of ours.
std::optional<AttachmentKey> attachment_of_link(const LinkInfo& link);

// That of a link or a lease; nullopt when its names are not legal.
std::optional<AttachmentKey> key_of(const ReapItem& item);

}  // namespace isthmus
