// One rtnetlink conversation with the kernel, bound for life to the namespace it was born in.
// It knows sequence numbers, acknowledgements, extended acks, truncation, interrupted dumps and deadlines; it does not
// know what a link is. The only receive loop of the folder. (man 7 netlink, man 7 rtnetlink)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "netlink/message.h"
#include "netns/deadline.h"
#include "netns/namespace_thread.h"
#include "netns/result.h"

namespace isthmus {

// Several changes sent in one datagram (64 at most; longer batches take several) with one acknowledgement at its end.
// The kernel carries out the ones behind a failure in the same datagram as well, so a failed batch is undone by the
// caller, never finished.
class Batch {
 public:
  // `doing` and `object` name the change in an error: "add address", "'10.1.2.3/32' to 'eth0'".
  void add(Message message, std::string doing, std::string object);
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

 private:
  friend class RouteConversation;
  struct Entry {
    Message message;
    std::string doing;
    std::string object;
  };
  std::vector<Entry> entries_;
};

// What both sides share. Use RouteSocket<Side>.
class RouteConversation {
 public:
  RouteConversation(RouteConversation&&) noexcept;
  RouteConversation& operator=(RouteConversation&&) noexcept;
  ~RouteConversation();

  // Sends all, waits for the acknowledgement of the last. Returns the error of the first change that failed, with the
  // kernel's extended-ack text. An empty batch is a success without a system call.
  Status commit(Batch batch);

  // One request, one acknowledgement; replies that come before it (NLM_F_ECHO, RTM_GETLINK ...) go to `on_reply`.
  Status ask(Message message,
             const std::string& doing,
             const std::string& object,
             const std::function<void(const Reply&)>& on_reply);

  // A question about one thing, which the kernel answers by one message, or by an error. An acknowledgement behind the
  // answer would say nothing more, and is not asked for.
  Status query(Message message,
               const std::string& doing,
               const std::string& object,
               const std::function<void(const Reply&)>& on_reply);

  // A dump. Tried again when the kernel says it was interrupted (NLM_F_DUMP_INTR), five times in all, then it fails
  // with [netlink-busy]; `on_restart` must forget what came before.
  Status dump(Message message,
              const std::string& doing,
              const std::function<void()>& on_restart,
              const std::function<void(const Reply&)>& on_reply);

  // SO_NETNS_COOKIE (Linux 5.14): never used again within a boot. 0 where the kernel has none.
  std::uint64_t netns_cookie() const;

  // No call above sends or waits beyond this moment: then it fails with [netlink-timeout]. What has been sent is
  // carried out inside sendmsg(2), waits for RTNL included, which nothing can cut short. Without a deadline a call
  // waits 30 s.
  void set_deadline(Deadline deadline);

 protected:
  static Result<RouteConversation> open_here(const char* side, bool right_thread);

 private:
  struct State;
  explicit RouteConversation(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

template <class Side>
class RouteSocket : public RouteConversation {
 public:
  // Fails with [netlink-open].
  static Result<RouteSocket> open(const InNamespace<Side>& pass) {
    TRY(RouteConversation base, open_here(Side::kName, pass.here()));
    return RouteSocket(std::move(base));
  }

 private:
  explicit RouteSocket(RouteConversation base) : RouteConversation(std::move(base)) {}
};

}  // namespace isthmus
