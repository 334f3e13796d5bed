#include "netns/host_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns/unique_fd.h"

namespace isthmus {

Status enter_host_mounts() {
  auto failed = [](const char* hint) {
    Error error = errno_error("enter the mount namespace of pid 1", {}, "host-mounts");
    error.hint = hint;
    return error;
  };
  UniqueFd host(open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!host) return failed("it needs the host's pid namespace (hostPID: true) and CAP_SYS_PTRACE");
  struct stat target {};
  struct stat own {};
  if (fstat(host.ref().number(), &target) != 0 || stat("/proc/self/ns/mnt", &own) != 0) return failed("");
  if (target.st_ino == own.st_ino) return done;
  if (setns(host.ref().number(), CLONE_NEWNS) != 0) return failed("it needs CAP_SYS_ADMIN and CAP_SYS_CHROOT");
  if (chdir("/") != 0) return failed("");
  return done;
}

}  // namespace isthmus
