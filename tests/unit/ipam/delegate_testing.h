// Plugins that a test writes as shell scripts.
#pragma once

#include <string>

#include "plugin/ipam/delegate.h"
#include "tests/unit/ipam/ipam_testing.h"

namespace isthmus::test {

class DelegateTest : public ::testing::Test {
 protected:
  // An executable `fake` in the test's directory; returns its path. $DIR is that directory.
  std::string script(const std::string& body, mode_t mode = 0755) {
    put_file(dir_ / "fake", "#!/bin/sh\nDIR='" + dir_.path() + "'\n" + body + "\n", mode);
    return dir_ / "fake";
  }
  Answer<std::string> run(const std::string& body,
                          const std::string& input = "{}",
                          std::chrono::milliseconds time = std::chrono::seconds(10)) {
    return run_delegate(script(body), Verb::add, input, Deadline::in(time));
  }
  CniError failure(const std::string& body, std::chrono::milliseconds time = std::chrono::seconds(10)) {
    auto answer = run(body, "{}", time);
    EXPECT_FALSE(answer) << "it answered: " << *answer;
    return answer ? CniError(0, "no error") : answer.error();
  }

  TempDir dir_;
};

inline bool process_is_alive(pid_t pid) {
  // A zombie is not alive; its parent may be somebody who never waits.
  std::string stat = get_file("/proc/" + std::to_string(pid) + "/stat");
  auto end = stat.rfind(") ");
  return end != std::string::npos && stat[end + 2] != 'Z' && stat[end + 2] != 'X';
}

inline bool dies_within(pid_t pid, std::chrono::milliseconds time) {
  for (auto deadline = Deadline::in(time); !deadline.passed(); usleep(1000)) {
    if (!process_is_alive(pid)) return true;
  }
  return !process_is_alive(pid);
}

}  // namespace isthmus::test
