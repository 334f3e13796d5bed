// What runtimes answer `isthmus gc`: lists of ids, and the traces that the CNI library keeps on disk.
#include "plugin/reap/runtimes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "netns/file.h"
#include "plugin/cni/ids.h"
#include "plugin/reap/claims.h"
#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {
namespace {

class OwnFile {
 public:
  OwnFile() { require(mkdtemp(directory_.data()) != nullptr, "a directory can be made", directory_); }
  ~OwnFile() {
    unlink(path().c_str());
    rmdir(directory_.c_str());
  }
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;
  std::string path() const { return directory_ + "/alive"; }

 private:
  std::string directory_ = "/tmp/isthmus-fuzz-XXXXXX";
};

// Every id of the list is alive, and none that is not in it.
void require_same_word(const Runtimes& runtimes, std::string_view text) {
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string line(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (!ContainerId::parse(line)) continue;
    require(runtimes.about({line}, {}).says == OwnerSays::alive, "a listed container is alive", line);
    require(!runtimes.deny(line), "a listed container is not denied", line);
  }
  require(runtimes.about({"no\nline"}, {}).says == OwnerSays::gone, "another container is not alive");
}

}  // namespace

int fuzz_runtimes(Bytes input) {
  std::string text(as_text(input));
  static const OwnFile file;
  auto written = write_file_atomically(FdRef::borrow(AT_FDCWD), file.path(), text, 0600);
  require(written.operator bool(), "the list can be written");
  auto asked = Runtimes::ask({{"none"}, file.path()}, Deadline::in(std::chrono::seconds(1)));
  require(asked.operator bool(), "a list can be read");
  const Runtimes& runtimes = *asked;
  require_same_word(runtimes, text);

  std::string id = container_of_cache(text);
  require(text.find(id) != std::string::npos, "a container's id stands in the file");
  Claims claims;
  claims.read_text(text, {"file", id}, {"/run/netns", "/var/run/netns"});
  std::size_t at = text.find("/run/netns/a\"");
  if (at == std::string::npos) return 0;
  // A leftover only when its container is known to be gone.
  require(claims.on("/run/netns/a", runtimes).empty() == (!id.empty() && runtimes.deny(id)),
          "whoever is named keeps its namespace");
  return 0;
}

}  // namespace isthmus::fuzz
