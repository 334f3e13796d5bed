// A host of the test's own: fresh network and mount namespaces for the whole test program, with an empty /run and
// /etc/netns. Nothing a test does there can be seen on the machine. Without the privilege for it, tests skip and say
// why (ISTHMUS_NO_SKIP=1, as in CI, makes that a failure).
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace isthmus::test {

// Derive test suites that need a kernel from this.
class PrivateHost : public ::testing::Test {
 protected:
  static void SetUpTestSuite();  // enters the private host, once a process
  void SetUp() override;         // skips when that failed
};

// A network namespace pinned at /run/netns/NAME in the private host, removed when the object goes.
class NamedNetns {
 public:
  explicit NamedNetns(std::string name);
  ~NamedNetns();
  NamedNetns(const NamedNetns&) = delete;
  NamedNetns& operator=(const NamedNetns&) = delete;
  const std::string& path() const { return path_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::string path_;
};

// Runs a shell command in the private host; returns its stdout, fails the test when it exits with another status than
// 0.
std::string shell(const std::string& command);

}  // namespace isthmus::test
