// The owners' word: which containers the runtimes of this host know. "No process in it" proves nothing about a
// namespace (a pod in back-off has none for hours); "nobody knows its container" does.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/result.h"
#include "plugin/reap/verdict.h"

namespace isthmus {

struct RuntimeQuestion {
  // Empty: every runtime that is found by its socket or its state. "none": the caller asserts that there is none.
  // "containerd:///run/k3s/containerd/containerd.sock" and so on: only these, and they must answer.
  std::vector<std::string> runtimes;
  // A file with the ids of containers that are alive, one a line: an answer besides the runtimes'. Empty: none.
  std::string alive_file;
};

class Runtimes {
 public:
  // Never fails: who does not answer makes every answer "unasked". Fails only for a runtime's name that cannot be read
  // [reap-runtime], or an alive_file that cannot.
  static Result<Runtimes> ask(const RuntimeQuestion& question, Deadline deadline);

  struct Answer {
    OwnerSays says = OwnerSays::unasked;
    std::string text;
  };
  // About a namespace made for these containers. None: about a name that only looks like one of `by`, which then must
  // be among those that answered; otherwise `by` is empty.
  Answer about(const std::vector<std::string>& container_ids, const std::string& by) const;
  // Every runtime answered, at least one did, and none knows it: a trace of it on disk is a leftover. That there is no
  // runtime denies nothing: who uses the library without one (cnitool) leaves traces too.
  bool deny(const std::string& container_id) const;
  // For the report: "containerd: 12 containers".
  const std::vector<std::string>& asked() const { return asked_; }

 private:
  void add_answer(const std::string& name, const std::string& lines);
  bool knows(const std::string& container_id, std::string& who) const;
  bool is_here(const std::string& name, const std::string& socket);
  void ask_containerd(const std::string& socket, Deadline deadline);
  void ask_crio(const std::string& socket, Deadline deadline);
  void ask_podman(Deadline deadline);
  void ask_docker(Deadline deadline);
  void find_all(Deadline deadline);

  std::set<std::pair<std::string, std::string>> known_;  // container id, runtime
  std::vector<std::string> asked_;
  std::vector<std::string> silent_;  // "containerd does not answer: ..."
  bool none_asserted_ = false;
  bool has_list_ = false;
};

}  // namespace isthmus
