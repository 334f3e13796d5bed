// A process a test starts, which does something, says so, and waits until it is let go. For holders of namespaces.
#pragma once

#include <sys/types.h>

#include <functional>

namespace isthmus::test {

class Child {
 public:
  // Forks; returns when `prepare` has returned in the child. The child then sleeps until the object goes, which ends it
  // by SIGKILL and reaps it. `prepare` must not use GoogleTest. Reports a failure of the test if it returns false.
  explicit Child(const std::function<bool()>& prepare);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }
  // Ends it now.
  void end();

 private:
  pid_t pid_ = -1;
};

}  // namespace isthmus::test
