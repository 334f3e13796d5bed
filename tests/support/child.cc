#include "tests/support/child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace isthmus::test {

Child::Child(const std::function<bool()>& prepare) {
  int ends[2];
  if (pipe(ends) != 0) {
    ADD_FAILURE() << "pipe: " << strerror(errno);
    return;
  }
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    errno = 0;
    int answer = prepare() ? 0 : errno == 0 ? EINVAL : errno;
    if (write(ends[1], &answer, sizeof answer) != sizeof answer) _exit(1);
    close(ends[1]);
    while (true)
      pause();
  }
  close(ends[1]);
  int answer = EPIPE;
  if (read(ends[0], &answer, sizeof answer) != sizeof answer) answer = EPIPE;
  close(ends[0]);
  if (answer != 0) ADD_FAILURE() << "the child could not prepare: " << strerror(answer);
}

Child::~Child() { end(); }

void Child::end() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace isthmus::test
