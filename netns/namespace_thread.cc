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

struct Job {
  const NetnsFd* netns;
  const std::function<void()>* body;
  std::optional<Error> failure;
};

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

void* thread_main(void* argument) {
  Job& job = *static_cast<Job*>(argument);
  try {
    if (auto entered = enter(*job.netns); !entered) {
      job.failure = std::move(entered).error();
    } else {
      (*job.body)();
    }
  } catch (const std::exception& bug) {
    job.failure = Error{"work in the network namespace", {}, 0, bug.what(), "internal", {}};
  } catch (...) {
    job.failure = Error{"work in the network namespace", {}, 0, "an exception of unknown type", "internal", {}};
  }
  return nullptr;
}

// While this lives, a new thread takes the processor of the one that makes it, which then only waits: to wake another
// processor costs more than all that the thread has to do. Where there are more processors than fit, all stays as it
// is.
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

int start(pthread_t& thread, Job& job, const OwnStack& stack, bool on_same_processor) {
  AllSignalsBlocked blocked;
  std::optional<SameProcessor> same;
  if (on_same_processor) same.emplace();
  int err = pthread_create(&thread, stack.attributes(), thread_main, &job);
  // A C library or a sanitizer with thread-local data larger than that.
  if (err == EINVAL) err = pthread_create(&thread, nullptr, thread_main, &job);
  return err;
}

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

Status detail::run_on_fresh_thread(const NetnsFd& netns,
                                   const std::function<void()>& body,
                                   const std::function<void()>& meanwhile) {
  Job job{&netns, &body, std::nullopt};
  pthread_t thread;
  OwnStack stack;
  ++living_threads;
  int err = start(thread, job, stack, !meanwhile);
  if (err != 0) --living_threads;
  if (err != 0) return errno_error_from(err, "start the namespace thread", {}, "thread-start");
  struct Join {
    pthread_t thread;
    ~Join() {
      pthread_join(thread, nullptr);
      --living_threads;
    }
  };
  {
    Join join{thread};
    if (meanwhile) meanwhile();
  }
  if (job.failure) return *std::move(job.failure);
  return done;
}

}  // namespace isthmus
