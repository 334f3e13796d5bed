// Masquerade of a network's attachments (`ipMasq`): which subnets, held for whom, and when the last one lets go.
// The ranges of the embedded IPAM are known: they are held once, for the network, and ADD only reads. What a delegate
// gives is known per address: its subnet is held for the network too, a bare address for the attachment alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netlink/masquerade.h"
#include "plugin/attachment/store.h"

namespace isthmus {

// What masquerade needs for an attachment with these addresses; empty without `ipMasq`.
std::vector<MasqueradeSource> masquerade_sources_of(const AttachmentKey& key,
                                                    const Settings& settings,
                                                    const std::vector<Prefix>& addresses);

// Every owner the attachment may hold subnets for, before its addresses are known: for the record that is written
// first.
std::vector<std::string> masquerade_owners_of(const AttachmentKey& key, const Settings& settings);

// Puts the sources in force, with the network locked against a DEL that takes the last attachment away. The
// attachment's record must be on disk. Fails as ensure_masquerade() does, or with [attachment-busy].
Status start_masquerade(StateStore& store,
                        const NetworkName& network,
                        const std::vector<MasqueradeSource>& sources,
                        Deadline deadline);

// The socket that undoing will need, when by the look of it something is to be deleted from nf_tables: this attachment
// is the last to hold a subnet. Whoever opens it before the link is deleted can leave it to the process that waits out
// the link's grace period: deleting from nf_tables has one too, and closing the socket last is what waits for it.
// Nullopt: nothing will be deleted, or it could not be had yet.
std::optional<NetfilterSocket> socket_to_stop_masquerade(const StateStore& store,
                                                         const AttachmentKey& key,
                                                         const std::vector<std::string>& owners,
                                                         Deadline deadline);

// Removes the record, and before it what only this attachment holds: its own addresses, and the network's subnets when
// it is the network's last. In this order, so that a kill leaves a record to try again from. `record` is what is on
// disk, if that can be read. `early` may save opening a socket.
Status stop_masquerade_and_forget(StateStore& store,
                                  const AttachmentKey& key,
                                  const std::optional<Record>& record,
                                  const std::vector<std::string>& owners,
                                  Deadline deadline,
                                  std::optional<NetfilterSocket> early = std::nullopt);

// When the state directory is lost: who else is attached is then told by the links alone. The link of this attachment
// must be gone.
Status stop_masquerade_without_state(const AttachmentKey& key,
                                     const std::vector<std::string>& owners,
                                     Deadline deadline);

// What only this attachment holds goes, and its record stays: other than above, others are those whose records hold the
// same, because a record may have been left without. Reads every record of the network.
Status stop_masquerade(StateStore& store, const Record& record, Deadline deadline);

// What is held for an owner of whom no record tells goes. False: there is one. For `isthmus gc`.
Result<bool> remove_unheld_masquerade(StateStore& store, const std::string& owner, Deadline deadline);

}  // namespace isthmus
