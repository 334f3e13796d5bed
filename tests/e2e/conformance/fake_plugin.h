// An IPAM plugin made of shell: it writes down how it was called and does what the test told it to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/e2e/conformance/host.h"

namespace isthmus::test {

// Where fake plugins live; goes into CNI_PATH.
inline constexpr const char* kFakeBin = "/run/fake/bin";

class FakePlugin {
 public:
  // Makes /run/fake/bin/NAME, executable, which answers nothing and succeeds on every verb until told otherwise.
  explicit FakePlugin(std::string name, const std::string& bin = kFakeBin);

  // Shell lines to run on this verb, after the call was written down; "$DIR" is a directory of its own.
  FakePlugin& on(const std::string& verb, const std::string& script);
  FakePlugin& answers(const std::string& verb, const Json& answer);
  // An error object on stdout and exit 1.
  FakePlugin& fails(const std::string& verb, unsigned code, const std::string& msg, const std::string& details = "");
  // Answers ADD with one address and, unless empty, a gateway.
  FakePlugin& leases(const std::string& address, const std::string& gateway, const std::string& version = "1.1.0");

  const std::string& name() const { return name_; }
  // Verbs in the order of the calls.
  std::vector<std::string> calls() const;
  std::size_t count(const std::string& verb) const;
  // What the latest call with this verb got.
  std::string input_of(const std::string& verb) const;
  std::map<std::string, std::string> env_of(const std::string& verb) const;
  // A file the script wrote into "$DIR".
  std::string file(const std::string& name) const;
  const std::string& directory() const { return directory_; }

 private:
  std::string name_;
  std::string directory_;
};

}  // namespace isthmus::test
