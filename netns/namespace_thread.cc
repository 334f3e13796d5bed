#include "netns/namespace_thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "netns/signals.h"

namespace isthmus {
namespace {

std::atomic<int> living_threads = 0;

Status enter(const NetnsFd& netns) {
  if (setns(netns.ref().number(), CLONE_NEWNET) != 0) {
    return errno_error("enter the network namespace", {}, "netns-enter");
  }
  // In a thread only /proc/thread-self is honest; /proc/self would name the main thread's namespace.
  TRY(NetnsId now, own_netns_id());
  if (now != netns.id()) {
    return Error{"enter the network namespace", {}, 0, "the thread is in another one after setns", "netns-enter", {}};
  }
  return done;
}

// While this lives, a new thread takes the processor of the one that makes it. Where there are more processors than
// fit, all stays as it is.
class SameProcessor {
 public:
  SameProcessor() {
    const int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(here), &only);
    changed_ = sched_setaffinity(0, sizeof only, &only) == 0;
  }
  ~SameProcessor() {
    if (changed_) sched_setaffinity(0, sizeof before_, &before_);
  }
  SameProcessor(const SameProcessor&) = delete;
  SameProcessor& operator=(const SameProcessor&) = delete;

 private:
  cpu_set_t before_;
  bool changed_ = false;
};

}  // namespace

int detail::current_thread_id() { return static_cast<int>(syscall(SYS_gettid)); }

Status refuse_beside_namespace_thread() {
  if (living_threads == 0) return done;
  return Error{"start a process", {}, 0, "a thread is in a container's namespace", "internal", {}};
}

Status detail::require_main_thread() {
  if (current_thread_id() == getpid()) return done;
  return Error{"work in the host's namespace", {}, 0, "this is not the main thread", "internal", {}};
}

namespace detail {

// A stack that is there already: mapping one and its guard, and giving them back, is four system calls. For one thread
// at a time; a second one gets its own from the C library.
class OwnStack {
 public:
  OwnStack() : mine_(!taken_.test_and_set()) {
    pthread_attr_init(&attributes_);
    if (mine_) pthread_attr_setstack(&attributes_, memory_, sizeof memory_);
  }
  ~OwnStack() {
    pthread_attr_destroy(&attributes_);
    if (mine_) taken_.clear();
  }
  OwnStack(const OwnStack&) = delete;
  OwnStack& operator=(const OwnStack&) = delete;
  const pthread_attr_t* attributes() const { return &attributes_; }

 private:
  // Forty times the three pages that CHECK takes: nothing below run_in() recurses. It has no guard.
  static constexpr std::size_t kSize = std::size_t{512} << 10;
  static inline std::atomic_flag taken_;
  alignas(4096) static inline std::byte memory_[kSize];
  pthread_attr_t attributes_;
  bool mine_;
};

struct NamespaceThread::State {
  const NetnsFd& netns;
  std::function<void()> body;
  std::optional<Error> failure;
  OwnStack stack;
  pthread_t thread{};
  bool runs = false;

  int start(Place place);
  void run();
  void wait();
};

int NamespaceThread::State::start(Place place) {
  AllSignalsBlocked blocked;
  std::optional<SameProcessor> same;
  if (place == Place::same_processor) same.emplace();
  auto main = [](void* state) -> void* {
    static_cast<State*>(state)->run();
    return nullptr;
  };
  ++living_threads;
  int err = pthread_create(&thread, stack.attributes(), main, this);
  // A C library or a sanitizer with thread-local data larger than that.
  if (err == EINVAL) err = pthread_create(&thread, nullptr, main, this);
  runs = err == 0;
  if (!runs) --living_threads;
  return err;
}

void NamespaceThread::State::run() {
  try {
    if (auto entered = enter(netns); !entered) {
      failure = std::move(entered).error();
    } else {
      body();
    }
  } catch (const std::exception& bug) {
    failure = Error{"work in the network namespace", {}, 0, bug.what(), "internal", {}};
  } catch (...) {
    failure = Error{"work in the network namespace", {}, 0, "an exception of unknown type", "internal", {}};
  }
}

void NamespaceThread::State::wait() {
  if (!runs) return;
  pthread_join(thread, nullptr);
  --living_threads;
  runs = false;
}

NamespaceThread::NamespaceThread(const NetnsFd& netns, std::function<void()> body, Place place)
    : state_(new State{.netns = netns, .body = std::move(body)}) {
  if (int err = state_->start(place); err != 0)
    state_->failure = errno_error_from(err, "start the namespace thread", {}, "thread-start");
}

NamespaceThread::~NamespaceThread() { state_->wait(); }

Status NamespaceThread::join() {
  state_->wait();
  if (state_->failure) return *std::move(state_->failure);
  return done;
}

}  // namespace detail

}  // namespace isthmus
