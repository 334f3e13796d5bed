// One nf_tables conversation with the kernel, bound for life to the host's namespace it was born in. It knows sequence
// numbers, transactions, extended acks, interrupted dumps and deadlines; it does not know what a rule is.
//
// Closing any netfilter socket waits until the kernel has freed what was deleted before in that namespace, a grace
// period of some 7 ms; nothing here can change that. Whoever deletes should leave a copy of the descriptor to a process
// that waits anyway: delete_link_without_grace().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "netlink/nft_message.h"
#include "netns/deadline.h"
#include "netns/namespace_thread.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// What came back: of(i) are the replies to request i. None: that object is not there.
class NftAnswers {
 public:
  explicit NftAnswers(std::size_t requests) : replies_(requests) {}
  std::span<const NftReply> of(std::size_t request) const { return replies_[request]; }

 private:
  friend class NetfilterSocket;
  std::vector<std::unique_ptr<std::byte[]>> datagrams_;
  std::vector<std::vector<NftReply>> replies_;
};

class NetfilterSocket {
 public:
  // No call below waits for the kernel beyond `deadline`: then it fails with [netlink-timeout].
  // Fails with [nft-open], on a kernel without netfilter for one.
  static Result<NetfilterSocket> open(const InNamespace<HostSide>& pass, Deadline deadline);
  Deadline deadline() const { return deadline_; }
  // For a process that is to close it last, delete_link_without_grace().
  FdRef ref() const { return fd_.ref(); }

  // Reads, sent as one datagram. Each brings one reply, or none when the object is not there; one with NLM_F_DUMP, of
  // which there may be one, as the last, brings any number. Starts over when a dump was interrupted.
  // `doing` and `object` name the whole in an error. Fails with [nft-failed].
  Result<NftAnswers> ask(std::span<NftMessage> requests, const std::string& doing, const std::string& object);

  // All changes in one transaction: every one or none. `generation` is the NFTA_GEN_ID the changes were worked out for.
  // False: somebody has changed the ruleset since; nothing was done, at the cost of one system call. Such a refusal is
  // the only one that is cheap: every other failure costs the kernel a grace period of some 7 ms.
  // Fails with [nft-failed] and the kernel's extended-ack text.
  Result<bool> commit(std::span<NftMessage> changes,
                      std::uint32_t generation,
                      const std::string& doing,
                      const std::string& object);

 private:
  enum class DumpEnd { complete, interrupted };
  NetfilterSocket(UniqueFd fd, Deadline deadline);
  int send(std::span<const std::byte> datagram) const;
  Result<std::span<const std::byte>, int> receive();
  Result<DumpEnd> read_answers(std::uint32_t first, NftAnswers& answers, const std::string& doing, const std::string&);

  UniqueFd fd_;
  Deadline deadline_;
  std::uint32_t last_sequence_ = 0;
  std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace isthmus
