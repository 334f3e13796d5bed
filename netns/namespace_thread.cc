#include "netns/namespace_thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

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
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // The thread inherits the mask: no handler of ours ever runs in a foreign namespace.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  ++living_threads;
  int err = pthread_create(&thread, nullptr, thread_main, &job);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
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
    meanwhile();
  }
  if (job.failure) return *std::move(job.failure);
  return done;
}

}  // namespace isthmus
