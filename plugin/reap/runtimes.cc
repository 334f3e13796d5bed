#include "plugin/reap/runtimes.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "netns/file.h"
#include "plugin/reap/ask_program.h"

namespace isthmus {
namespace {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// Calls back with each line that is not empty, without blanks around it.
template <class F>
std::size_t each_word_line(std::string_view text, F f) {
  std::size_t lines = 0;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t'))
      line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t'))
      line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    f(std::string(line));
    ++lines;
  }
  return lines;
}

std::string why(const Error& error, const std::string& program) {
  if (error.err == ENOENT) return "there is no '" + program + "' to ask it with";
  if (error.err != 0) return strerror(error.err);
  return "'" + program + "': " + error.detail;
}

// Who listens at a socket works with the names of its own mount namespace: in another one than ours (kubensmnt, a unit
// with private mounts) it may be right that a container is gone, and the name here be another's. Empty: it is ours.
std::string in_another_mount_namespace(const std::string& socket) {
  UniqueFd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!connection || socket.size() >= sizeof address.sun_path) return "its socket cannot be asked";
  socket.copy(address.sun_path, socket.size());
  if (connect(connection.ref().number(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return strerror(errno);
  }
  ucred listener{};
  socklen_t size = sizeof listener;
  if (getsockopt(connection.ref().number(), SOL_SOCKET, SO_PEERCRED, &listener, &size) != 0) return strerror(errno);
  struct stat theirs {};
  struct stat ours {};
  // 0: it is outside our pid namespace.
  const std::string pid = std::to_string(listener.pid);
  if (listener.pid == 0 || stat(("/proc/" + pid + "/ns/mnt").c_str(), &theirs) != 0 ||
      stat("/proc/self/ns/mnt", &ours) != 0) {
    return "which mount namespace it works in cannot be seen (pid " + pid + ")";
  }
  if (theirs.st_ino == ours.st_ino) return {};
  return "it works in another mount namespace (pid " + pid + "): the names here may not be those it means";
}

constexpr std::array kContainerdSockets = {"/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock"};
constexpr const char* kCrioSocket = "/run/crio/crio.sock";
constexpr const char* kDockerSocket = "/run/docker.sock";

}  // namespace

void Runtimes::add_answer(const std::string& name, const std::string& lines) {
  std::size_t count = each_word_line(lines, [&](std::string id) { known_.emplace(std::move(id), name); });
  asked_.push_back(name + ": " + std::to_string(count) + (count == 1 ? " container" : " containers"));
}

bool Runtimes::is_here(const std::string& name, const std::string& socket) {
  std::string elsewhere = in_another_mount_namespace(socket);
  if (elsewhere.empty()) return true;
  silent_.push_back(name + " cannot be relied on: " + elsewhere);
  return false;
}

void Runtimes::ask_containerd(const std::string& socket, Deadline deadline) {
  if (!is_here("containerd", socket)) return;
  auto namespaces = ask_program({"ctr", "--address", socket, "--timeout", "2s", "namespaces", "list", "-q"}, deadline);
  std::string ids;
  std::string failure = namespaces ? "" : why(namespaces.error(), "ctr");
  if (namespaces) {
    each_word_line(*namespaces, [&](const std::string& name) {
      auto list = ask_program({"ctr", "--address", socket, "--timeout", "2s", "-n", name, "containers", "list", "-q"},
                              deadline);
      if (!list && failure.empty()) failure = why(list.error(), "ctr");
      if (list) ids += *list + "\n";
    });
  }
  if (failure.empty()) {
    add_answer("containerd", ids);
  } else {
    silent_.push_back("containerd does not answer: " + failure);
  }
}

void Runtimes::ask_crio(const std::string& socket, Deadline deadline) {
  if (!is_here("CRI-O", socket)) return;
  auto pods = ask_program({"crictl", "--runtime-endpoint", "unix://" + socket, "pods", "-q", "--no-trunc"}, deadline);
  if (pods) return add_answer("CRI-O", *pods);
  silent_.push_back("CRI-O does not answer: " + why(pods.error(), "crictl"));
}

void Runtimes::ask_podman(Deadline deadline) {
  auto list = ask_program({"podman", "ps", "-a", "-q", "--no-trunc"}, deadline);
  if (list) return add_answer("podman", *list);
  silent_.push_back("podman does not answer: " + why(list.error(), "podman"));
}

void Runtimes::ask_docker(Deadline deadline) {
  if (!is_here("docker", kDockerSocket)) return;
  auto list = ask_program({"docker", "ps", "-a", "-q", "--no-trunc"}, deadline);
  if (list) return add_answer("docker", *list);
  silent_.push_back("docker does not answer: " + why(list.error(), "docker"));
}

// A runtime is known by its socket, or by what it keeps in /run: one that was here and is not running cannot be asked.
void Runtimes::find_all(Deadline deadline) {
  bool any = false;
  for (const char* socket : kContainerdSockets) {
    if (!exists(socket)) continue;
    ask_containerd(socket, deadline);
    any = true;
  }
  if (!any && exists("/run/containerd/io.containerd.runtime.v2.task")) {
    silent_.emplace_back("containerd was here (/run/containerd) and is not running");
  }
  if (exists(kCrioSocket)) {
    ask_crio(kCrioSocket, deadline);
  } else if (exists("/run/crio")) {
    silent_.emplace_back("CRI-O was here (/run/crio) and is not running");
  }
  if (exists("/run/libpod") || exists("/run/containers/storage")) ask_podman(deadline);
  if (exists(kDockerSocket)) ask_docker(deadline);
}

Result<Runtimes> Runtimes::ask(const RuntimeQuestion& question, Deadline deadline) {
  Runtimes runtimes;
  for (const std::string& name : question.runtimes) {
    std::size_t colon = name.find("://");
    std::string scheme = name.substr(0, colon);
    std::string socket = colon == std::string::npos ? std::string() : name.substr(colon + 3);
    if (name == "none") {
      runtimes.none_asserted_ = true;
    } else if (scheme == "containerd") {
      runtimes.ask_containerd(socket.empty() ? kContainerdSockets[0] : socket, deadline);
    } else if (scheme == "crio") {
      runtimes.ask_crio(socket.empty() ? kCrioSocket : socket, deadline);
    } else if (name == "podman") {
      runtimes.ask_podman(deadline);
    } else if (name == "docker") {
      runtimes.ask_docker(deadline);
    } else {
      return Error{"ask the runtime",
                   "'" + name + "'",
                   0,
                   "",
                   "reap-runtime",
                   "containerd[://SOCKET], crio[://SOCKET], podman, docker or none"};
    }
  }
  if (question.runtimes.empty()) runtimes.find_all(deadline);
  if (!question.alive_file.empty()) {
    TRY(std::string text, read_small_file(FdRef::borrow(AT_FDCWD), question.alive_file, std::size_t{64} << 20));
    runtimes.has_list_ = true;
    runtimes.add_answer("the list " + question.alive_file, text);
  }
  return runtimes;
}

bool Runtimes::knows(const std::string& container_id, std::string& who) const {
  // nerdctl gives "NAMESPACE-ID" to CNI, podman the id itself.
  for (const std::string& id : {container_id, container_id.substr(container_id.rfind('-') + 1)}) {
    auto found = known_.lower_bound({id, ""});
    if (found == known_.end() || found->first != id) continue;
    who = found->second;
    return true;
  }
  return false;
}

bool Runtimes::deny(const std::string& container_id) const {
  std::string who;
  return silent_.empty() && !asked_.empty() && !knows(container_id, who);
}

Runtimes::Answer Runtimes::about(const std::vector<std::string>& container_ids, const std::string& by) const {
  for (const std::string& id : container_ids) {
    std::string who;
    if (knows(id, who)) return {OwnerSays::alive, who + " knows container " + id.substr(0, 13)};
  }
  if (!silent_.empty()) return {OwnerSays::unasked, silent_.front()};
  if (asked_.empty() && !none_asserted_) {
    return {OwnerSays::unasked,
            "no runtime was found that could say whether it is gone; --runtime none asserts that "
            "there is none"};
  }
  bool asked_the_one = by.empty() || none_asserted_ || has_list_;
  for (const std::string& name : asked_)
    asked_the_one = asked_the_one || name.starts_with(by + ":");
  if (!asked_the_one) return {OwnerSays::unasked, "it looks like " + by + "'s, and that was not found running"};
  std::string names;
  for (const std::string& name : asked_)
    names += (names.empty() ? "" : ", ") + name.substr(0, name.find(':'));
  if (names.empty()) return {OwnerSays::gone, "there is no runtime on this host"};
  return {OwnerSays::gone, names + (container_ids.empty() ? " has nothing to do with it" : " knows no such container")};
}

}  // namespace isthmus
