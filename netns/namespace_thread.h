// The thread rule. The main thread never changes namespace. run_in() and RunningIn start a fresh thread with all
// signals blocked, which enters the namespace, proves where it is, runs one function with a pass that only this thread
// can own, and ends. It never goes back, so going back cannot fail. Nothing may fork, clone or exec while it lives,
// work that the main thread does meanwhile included.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "netns/netns_fd.h"
#include "netns/result.h"

namespace isthmus {

// Which namespace a socket or a setting belongs to. Types, not values: swapping the two does not compile.
struct HostSide {
  static constexpr const char* kName = "host";
};
struct ContainerSide {
  static constexpr const char* kName = "container";
};

// Fails with [internal] while a namespace thread lives: for whoever is about to make a process. Its copy of the sockets
// would keep the namespace alive, and its copy of a lock that the thread holds would never be released.
Status refuse_beside_namespace_thread();

namespace detail {
// One thread inside `netns`, which must outlive it; it begins at once.
class NamespaceThread {
 public:
  // On the processor of the caller, who is about to wait: to wake another one costs more than a short `body`.
  enum class Place { any_processor, same_processor };
  NamespaceThread(const NetnsFd& netns, std::function<void()> body, Place place);
  ~NamespaceThread();
  NamespaceThread(const NamespaceThread&) = delete;
  NamespaceThread& operator=(const NamespaceThread&) = delete;
  // Waits for the end. Fails if the thread could not start, enter, or prove where it is, or if `body` threw.
  Status join();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

int current_thread_id();
// Fails with [internal] on every thread but the main one.
Status require_main_thread();
}  // namespace detail

// The pass: proof that the holder stands in the namespace of `Side`. Sockets and settings can only be born from one.
// It is bound to the thread that got it: here() is false anywhere else.
template <class Side>
class InNamespace {
 public:
  InNamespace(const InNamespace&) = delete;
  InNamespace& operator=(const InNamespace&) = delete;
  bool here() const { return thread_ == detail::current_thread_id(); }

 private:
  InNamespace() : thread_(detail::current_thread_id()) {}
  template <class S, class F>
  friend auto run_in(const NetnsFd& netns, F function) -> std::invoke_result_t<F, const InNamespace<S>&>;
  template <class S, class Answer>
  friend class RunningIn;
  template <class F>
  friend auto run_at_home(F function) -> std::invoke_result_t<F, const InNamespace<HostSide>&>;
  int thread_;
};

// Runs `function` in `netns` and returns what it returns, which must be a Result by value.
template <class Side, class F>
auto run_in(const NetnsFd& netns, F function) -> std::invoke_result_t<F, const InNamespace<Side>&> {
  using Answer = std::invoke_result_t<F, const InNamespace<Side>&>;
  static_assert(!std::is_reference_v<Answer>, "nothing may outlive the thread by reference");
  std::optional<Answer> answer;
  detail::NamespaceThread thread(
      netns,
      [&] {
        InNamespace<Side> pass;
        answer.emplace(function(pass));
      },
      detail::NamespaceThread::Place::same_processor);
  TRY_OK(thread.join());
  return *std::move(answer);
}

// The same for a caller who goes on and fetches what `function` returned when it is needed, and must not touch what
// `function` uses before. It is worth the two processors if it takes longer than to wake one, some 100 us.
template <class Side, class Answer>
class RunningIn {
 public:
  // `netns` must outlive this.
  template <class F>
  RunningIn(const NetnsFd& netns, F function)
      : thread_(
            netns,
            [this, function = std::move(function)] {
              InNamespace<Side> pass;
              answer_.emplace(function(pass));
            },
            detail::NamespaceThread::Place::any_processor) {}

  // Waits for the thread. Once.
  Answer join() {
    TRY_OK(thread_.join());
    return *std::move(answer_);
  }

 private:
  std::optional<Answer> answer_;
  detail::NamespaceThread thread_;  // ends before the answer goes
};

// The host's pass. The main thread was born at home and never leaves, so no thread is needed; every other thread may be
// in a container and is refused.
template <class F>
auto run_at_home(F function) -> std::invoke_result_t<F, const InNamespace<HostSide>&> {
  TRY_OK(detail::require_main_thread());
  InNamespace<HostSide> pass;
  return function(pass);
}

}  // namespace isthmus
