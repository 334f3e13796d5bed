// Keeping signal handlers out of what is about to be started.
#pragma once

#include <signal.h>

namespace isthmus {

// For as long as it lives, the calling thread takes no signal. A thread or process that is started meanwhile inherits
// that: no handler of this process runs in a foreign namespace, or in a child before it has set its own signals.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace isthmus
