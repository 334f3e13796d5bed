// stopwatch PLUGIN CONFIGURATION CNI_PATH TALLY: a host of its own (network and mount namespaces, /run, /var/lib/cni)
// in which one plugin is called and timed. bench.py has one for each contestant and tells them in turn what to do, one
// line each:
//
//   netns COUNT             there are namespaces c1 ... cCOUNT
//   run VERB N              one call for container N -> "WALL_NS CPU_US PEAK_KB FAULTS"
//   count WHAT VERB N       the same below tally(1 of this directory) -> its report and a "."
//   many WIDTH SCRIPT A B   for containers A ... B, WIDTH at once, the verbs of SCRIPT, joined by "+"
//                           -> "ELAPSED_NS" and the wall time of each call in ns
//   shell COMMAND           in this host -> "WALL_NS CPU_US"
//
// A time is from before posix_spawn(3) until wait4(2) has the process's end, as a runtime waits. A call that fails ends
// this program with the plugin's answer on stderr.
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "stopwatch: %s: %m\n", what.c_str());
  std::exit(1);
}

long nanoseconds(Clock::duration duration) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count());
}

int memory(const std::string& content) {
  int fd = memfd_create("stopwatch", MFD_CLOEXEC);
  if (fd < 0 || write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size())) fail("memfd");
  lseek(fd, 0, SEEK_SET);
  return fd;
}

std::string content(int fd) {
  std::string text(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
  if (pread(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) fail("read an answer");
  return text;
}

std::string file(const char* path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(path);
  std::string text = content(fd);
  close(fd);
  return text;
}

void mount_tmpfs(const char* path) {
  mkdir(path, 0755);
  if (mount("tmpfs", path, "tmpfs", 0, "mode=0755") != 0) fail(std::string("mount ") + path);
}

void enter_own_host() {
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) fail("unshare");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) fail("make mounts private");
  mount_tmpfs("/run");
  mount_tmpfs("/var/lib/cni");
  mkdir("/run/netns", 0755);
  if (std::system("ip link set lo up; sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1") != 0)
    fail("ip");
}

struct Started {
  pid_t pid;
  int answer;
  long container;
  std::size_t step;
  Clock::time_point start;
};

struct Ended {
  long wall;
  rusage use;
};

class Host {
 public:
  Host(std::string plugin, const char* configuration, std::string cni_path, std::string tally)
      : plugin_(std::move(plugin)),
        configuration_(file(configuration)),
        path_(std::move(cni_path)),
        tally_(std::move(tally)) {}

  void make_namespaces(long count) {
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    for (; namespaces_ < count; ++namespaces_) {
      std::string path = "/run/netns/c" + std::to_string(namespaces_ + 1);
      close(open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0444));
      if (unshare(CLONE_NEWNET) != 0) fail("unshare");
      if (mount("/proc/self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) != 0) fail("mount " + path);
      if (setns(own, CLONE_NEWNET) != 0) fail("setns");
    }
    close(own);
  }

  Started start(const std::string& verb, long container, const std::vector<std::string>& before = {}, int report = -1) {
    std::string name = "c" + std::to_string(container);
    std::vector<std::string> environment = {
        "CNI_COMMAND=" + verb, "CNI_CONTAINERID=" + name, "CNI_NETNS=/run/netns/" + name,
        "CNI_IFNAME=eth0",     "CNI_PATH=" + path_,       "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    std::string input = configuration_;
    // The verb is of that version of the specification.
    if (auto version = input.find("1.0.0"); verb == "STATUS" && version != std::string::npos)
      input.replace(version, 5, "1.1.0");
    if (auto result = results_.find(container); verb == "CHECK" && result != results_.end()) {
      input.insert(input.rfind('}'), ",\"prevResult\":" + result->second);
    }
    std::vector<std::string> words = before;
    words.push_back(plugin_);
    int in = memory(input);
    Started started{0, memory(""), container, 0, {}};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_adddup2(&files, started.answer, 1);
    if (report >= 0) posix_spawn_file_actions_adddup2(&files, report, 3);
    auto arguments = pointers(words);
    auto variables = pointers(environment);
    started.start = Clock::now();
    if (posix_spawn(&started.pid, arguments[0], &files, nullptr, arguments.data(), variables.data()) != 0)
      fail(words[0]);
    posix_spawn_file_actions_destroy(&files);
    close(in);
    return started;
  }

  Ended end(const Started& started, const std::string& verb, int status, const rusage& use) {
    Ended ended{nanoseconds(Clock::now() - started.start), use};
    std::string answer = content(started.answer);
    close(started.answer);
    if (status != 0) {
      std::fprintf(stderr, "stopwatch: %s %s c%ld: status %d: %s\n", plugin_.c_str(), verb.c_str(), started.container,
                   status, answer.c_str());
      std::exit(1);
    }
    if (verb == "ADD") results_[started.container] = answer;
    return ended;
  }

  Ended run(const std::string& verb, long container) {
    Started started = start(verb, container);
    int status = 0;
    rusage use{};
    if (wait4(started.pid, &status, 0, &use) < 0) fail("wait4");
    return end(started, verb, status, use);
  }

  std::string count(const std::string& what, const std::string& verb, long container) {
    int report = memory("");
    Started started = start(verb, container, {tally_, what}, report);
    int status = 0;
    rusage use{};
    if (wait4(started.pid, &status, 0, &use) < 0) fail("wait4");
    end(started, verb, status, use);
    std::string text = content(report);
    close(report);
    return text;
  }

  void many(std::size_t width, const std::vector<std::string>& script, long from, long to) {
    std::map<pid_t, Started> running;
    std::vector<long> walls;
    auto begin = Clock::now();
    auto launch = [&](long container, std::size_t step) {
      Started started = start(script[step], container);
      started.step = step;
      running.emplace(started.pid, started);
    };
    while (from <= to || !running.empty()) {
      while (from <= to && running.size() < width)
        launch(from++, 0);
      int status = 0;
      rusage use{};
      pid_t pid = wait4(-1, &status, 0, &use);
      auto found = running.find(pid);
      if (found == running.end()) continue;
      Started started = found->second;
      running.erase(found);
      walls.push_back(end(started, script[started.step], status, use).wall);
      if (started.step + 1 < script.size()) launch(started.container, started.step + 1);
    }
    std::printf("%ld", nanoseconds(Clock::now() - begin));
    for (long wall : walls)
      std::printf(" %ld", wall);
    std::printf("\n");
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts)
      out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  }

  std::string plugin_;
  std::string configuration_;
  std::string path_;
  std::string tally_;
  long namespaces_ = 0;
  std::map<long, std::string> results_;
};

long cpu_us(const rusage& use) {
  return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000L + use.ru_utime.tv_usec + use.ru_stime.tv_usec;
}

void shell(const std::string& command) {
  auto begin = Clock::now();
  pid_t pid = fork();
  if (pid == 0) {
    int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  rusage use{};
  wait4(pid, &status, 0, &use);
  std::printf("%ld %ld\n", nanoseconds(Clock::now() - begin), cpu_us(use));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);)
    parts.push_back(part);
  return parts;
}

void obey(Host& host, const std::string& line) {
  auto words = split(line, ' ');
  if (words[0] == "netns") {
    host.make_namespaces(std::stol(words[1]));
    std::printf("ok\n");
  } else if (words[0] == "run") {
    Ended ended = host.run(words[1], std::stol(words[2]));
    std::printf("%ld %ld %ld %ld\n", ended.wall, cpu_us(ended.use), ended.use.ru_maxrss, ended.use.ru_minflt);
  } else if (words[0] == "count") {
    std::printf("%s.\n", host.count(words[1], words[2], std::stol(words[3])).c_str());
  } else if (words[0] == "many") {
    host.many(std::stoul(words[1]), split(words[2], '+'), std::stol(words[3]), std::stol(words[4]));
  } else if (words[0] == "shell") {
    shell(line.substr(6));
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: stopwatch PLUGIN CONFIGURATION CNI_PATH TALLY <COMMANDS\n");
    return 2;
  }
  Host host(argv[1], argv[2], argv[3], argv[4]);
  enter_own_host();
  std::string line;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    obey(host, line);
    line.clear();
  }
}
