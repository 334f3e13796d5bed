#include "tests/support/private_host.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

namespace isthmus::test {
namespace {

std::optional<std::string> enter_private_host() {
  auto failed = [](const char* what) { return std::string(what) + ": " + strerror(errno); };
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return failed("unshare(net, mount)");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("make / private");
  if (mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") != 0) return failed("mount /run");
  if (mkdir("/run/netns", 0755) != 0) return failed("mkdir /run/netns");
  // /etc stays readable, and what is made there (/etc/netns) is thrown away.
  if (mkdir("/run/.etc", 0755) != 0 || mkdir("/run/.etc-work", 0755) != 0) return failed("mkdir /run/.etc");
  if (mount("overlay", "/etc", "overlay", 0, "lowerdir=/etc,upperdir=/run/.etc,workdir=/run/.etc-work") != 0) {
    return failed("mount an overlay on /etc");
  }
  if (mkdir("/etc/netns", 0755) != 0 && errno != EEXIST) return failed("mkdir /etc/netns");
  shell("ip link set lo up");
  return std::nullopt;
}

const std::optional<std::string>& private_host_failure() {
  static const std::optional<std::string> failure = enter_private_host();
  return failure;
}

}  // namespace

void PrivateHost::SetUpTestSuite() { private_host_failure(); }

void PrivateHost::SetUp() {
  if (!private_host_failure()) return;
  if (getenv("ISTHMUS_NO_SKIP") != nullptr) FAIL() << *private_host_failure();
  GTEST_SKIP() << "no private host: " << *private_host_failure();
}

NamedNetns::NamedNetns(std::string name) : name_(std::move(name)), path_("/run/netns/" + name_) {
  // A thread of its own, because the namespace of a thread cannot be made without being in it.
  std::thread([this] {
    if (unshare(CLONE_NEWNET) != 0) return;
    int fd = open(path_.c_str(), O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0444);
    if (fd < 0) return;
    close(fd);
    mount("/proc/thread-self/ns/net", path_.c_str(), nullptr, MS_BIND, nullptr);
  }).join();
  struct stat found {};
  if (stat(path_.c_str(), &found) != 0) ADD_FAILURE() << "cannot make " << path_ << ": " << strerror(errno);
}

NamedNetns::~NamedNetns() {
  umount2(path_.c_str(), MNT_DETACH);
  unlink(path_.c_str());
}

std::string shell(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run: " << command;
    return out;
  }
  std::array<char, 4096> buffer;
  std::size_t got = 0;
  while ((got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0)
    out.append(buffer.data(), got);
  int status = pclose(pipe);
  if (status != 0) ADD_FAILURE() << command << " ended with status " << status << ", printed: " << out;
  return out;
}

}  // namespace isthmus::test
