#include "netlink/route_socket.h"

#include <asm/socket.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include "netlink/kernel_socket.h"

namespace isthmus {
namespace {

using std::chrono::seconds;

constexpr seconds kLongestWait{30};  // for a conversation whose owner has set no deadline
constexpr int kMostDumpAttempts = 5;
constexpr int kMostLost = 64;  // answers of one dump that the kernel may drop, or we cut off, before we give up
constexpr std::size_t kLongDump = 2048;  // bytes in one datagram, behind which more are to be expected
// Each error of a batch is a message in the socket's receive queue; this many fit there under any rmem_default.
constexpr std::size_t kMostInDatagram = 64;

Error refused(Verdict verdict, const std::string& doing, const std::string& object) {
  return Error{doing, object, verdict.err, std::move(verdict.detail), {}, {}};
}

}  // namespace

struct RouteConversation::State {
  KernelSocket socket;
  std::optional<Deadline> deadline;
  std::uint32_t last_sequence = 0;

  struct Failure {
    std::size_t index;
    Verdict verdict;
  };

  Deadline until() const { return deadline ? *deadline : Deadline::in(kLongestWait); }
  enum class EndsWith { acknowledgement, reply };
  Result<std::optional<Failure>, int> exchange(std::span<nlmsghdr* const> messages,
                                               EndsWith end,
                                               const std::function<void(const Reply&)>& on_reply);
  Status ask(nlmsghdr* message,
             EndsWith end,
             const std::string& doing,
             const std::string& object,
             const std::function<void(const Reply&)>& on_reply);
  Status commit_datagram(std::span<Batch::Entry> entries);

  enum class DumpEnd { complete, interrupted };
  struct DumpVerdict {
    DumpEnd end;
    Verdict verdict;
  };
  Result<DumpVerdict, int> dump_once(nlmsghdr* message, const std::function<void(const Reply&)>& on_reply);
};

// Sends the messages as one datagram and reads until the last one is acknowledged or replied to. Answers with another
// sequence number belong to a request that was given up.
Result<std::optional<RouteConversation::State::Failure>, int> RouteConversation::State::exchange(
    std::span<nlmsghdr* const> messages,
    EndsWith last,
    const std::function<void(const Reply&)>& on_reply) {
  Deadline end = until();
  if (end.passed()) return ETIMEDOUT;
  std::uint32_t first = last_sequence + 1;
  std::array<iovec, kMostInDatagram> pieces;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    messages[i]->nlmsg_seq = ++last_sequence;
    pieces[i] = {messages[i], NLMSG_ALIGN(messages[i]->nlmsg_len)};
  }
  if (last == EndsWith::acknowledgement) messages.back()->nlmsg_flags |= NLM_F_ACK;
  if (int err = socket.send(std::span(pieces).first(messages.size())); err != 0) return err;

  std::optional<Failure> failure;
  for (;;) {
    TRY(auto datagram, socket.receive(end));
    MessageReader reader(datagram);
    while (const nlmsghdr* message = reader.next()) {
      std::size_t index = message->nlmsg_seq - first;
      if (index >= messages.size()) continue;
      if (message->nlmsg_type != NLMSG_ERROR) {
        on_reply(Reply(message));
        if (last == EndsWith::reply && index + 1 == messages.size()) return failure;
        continue;
      }
      Verdict verdict = read_verdict(message);
      if (verdict.err != 0 && !failure) failure = Failure{index, std::move(verdict)};
      if (index + 1 == messages.size()) return failure;
    }
  }
}

Status RouteConversation::State::ask(nlmsghdr* message,
                                     EndsWith end,
                                     const std::string& doing,
                                     const std::string& object,
                                     const std::function<void(const Reply&)>& on_reply) {
  auto answer = exchange({&message, 1}, end, on_reply);
  if (!answer) return no_verdict(answer.error(), doing, object);
  if (*answer) return refused(std::move((*answer)->verdict), doing, object);
  return done;
}

Status RouteConversation::State::commit_datagram(std::span<Batch::Entry> entries) {
  std::array<nlmsghdr*, kMostInDatagram> messages;
  std::ranges::transform(entries, messages.begin(), [](Batch::Entry& entry) { return entry.message.raw(); });
  auto answer = exchange(std::span(messages).first(entries.size()), EndsWith::acknowledgement, [](const Reply&) {});
  if (!answer) return no_verdict(answer.error(), entries[0].doing, entries[0].object);
  if (!*answer) return done;
  const Batch::Entry& failed = entries[(*answer)->index];
  return refused(std::move((*answer)->verdict), failed.doing, failed.object);
}

// Reads to the end even when the dump is known to be spoilt: a second one cannot start on this socket before.
Result<RouteConversation::State::DumpVerdict, int> RouteConversation::State::dump_once(
    nlmsghdr* message,
    const std::function<void(const Reply&)>& on_reply) {
  Deadline end = until();
  if (end.passed()) return ETIMEDOUT;
  message->nlmsg_seq = ++last_sequence;
  message->nlmsg_flags |= NLM_F_DUMP;
  iovec piece{message, message->nlmsg_len};
  if (int err = socket.send({&piece, 1}); err != 0) return err;

  DumpEnd state = DumpEnd::complete;
  std::size_t size = 0;
  for (int lost = 0;;) {
    if (size > kLongDump) socket.make_room();
    auto datagram = socket.receive(end);
    const int err = datagram ? 0 : datagram.error();
    if ((err == ENOBUFS || err == EMSGSIZE) && ++lost <= kMostLost && !end.passed()) {
      if (err == EMSGSIZE) socket.make_room();
      state = DumpEnd::interrupted;
      continue;
    }
    if (!datagram) return err;
    size = datagram->size();
    MessageReader reader(*datagram);
    while (const nlmsghdr* part = reader.next()) {
      if (part->nlmsg_seq != last_sequence) continue;
      if ((part->nlmsg_flags & NLM_F_DUMP_INTR) != 0) state = DumpEnd::interrupted;
      if (part->nlmsg_type == NLMSG_DONE || part->nlmsg_type == NLMSG_ERROR) {
        return DumpVerdict{state, read_verdict(part)};
      }
      on_reply(Reply(part));
    }
  }
}

void Batch::add(Message message, std::string doing, std::string object) {
  entries_.push_back({std::move(message), std::move(doing), std::move(object)});
}

RouteConversation::RouteConversation(std::unique_ptr<State> state) : state_(std::move(state)) {}
RouteConversation::RouteConversation(RouteConversation&&) noexcept = default;
RouteConversation& RouteConversation::operator=(RouteConversation&&) noexcept = default;
RouteConversation::~RouteConversation() = default;

Status RouteConversation::commit(Batch batch) {
  std::span<Batch::Entry> rest(batch.entries_);
  while (!rest.empty()) {
    std::size_t count = std::min(rest.size(), kMostInDatagram);
    TRY_OK(state_->commit_datagram(rest.first(count)));
    rest = rest.subspan(count);
  }
  return done;
}

Status RouteConversation::ask(Message message,
                              const std::string& doing,
                              const std::string& object,
                              const std::function<void(const Reply&)>& on_reply) {
  return state_->ask(message.raw(), State::EndsWith::acknowledgement, doing, object, on_reply);
}

Status RouteConversation::query(Message message,
                                const std::string& doing,
                                const std::string& object,
                                const std::function<void(const Reply&)>& on_reply) {
  return state_->ask(message.raw(), State::EndsWith::reply, doing, object, on_reply);
}

Status RouteConversation::dump(Message message,
                               const std::string& doing,
                               const std::function<void()>& on_restart,
                               const std::function<void(const Reply&)>& on_reply) {
  for (int attempt = 1;; ++attempt) {
    auto answer = state_->dump_once(message.raw(), on_reply);
    if (!answer) return no_verdict(answer.error(), doing, {});
    if (answer->verdict.err != 0) return refused(std::move(answer->verdict), doing, {});
    if (answer->end == State::DumpEnd::complete) return done;
    if (attempt == kMostDumpAttempts) {
      return Error{doing, {}, EAGAIN, "the kernel's table changed during each of 5 attempts", "netlink-busy", {}};
    }
    on_restart();
  }
}

std::uint64_t RouteConversation::netns_cookie() const {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(state_->socket.ref().number(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0) return 0;
  return cookie;
}

void RouteConversation::set_deadline(Deadline deadline) { state_->deadline = deadline; }

Result<RouteConversation> RouteConversation::open_here(const char* side, bool right_thread) {
  if (!right_thread) {
    return Error{"open a rtnetlink socket", {}, 0, "the pass belongs to another thread", "internal", {}};
  }
  TRY(KernelSocket socket, KernelSocket::open(0, side));
  return RouteConversation(std::make_unique<State>(State{std::move(socket), std::nullopt, 0}));
}

}  // namespace isthmus
