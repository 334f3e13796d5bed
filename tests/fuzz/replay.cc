// Each fuzz target with its corpus, and with every beginning of what is short, in the ordinary build.
// usage: fuzz_replay CORPUS
#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "netns/file.h"
#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {

#define FUZZ_TARGET(name) int fuzz_##name(Bytes input);
#include "targets.inc"
#undef FUZZ_TARGET

namespace {

struct Target {
  const char* name;
  int (*run)(Bytes);
};
constexpr Target kTargets[] = {
#define FUZZ_TARGET(name) {#name, fuzz_##name},
#include "targets.inc"
#undef FUZZ_TARGET
};
constexpr std::size_t kLargestInput = std::size_t{1} << 20;
constexpr std::size_t kShort = 400;

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> files;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), closedir);
  if (!stream) return files;
  while (const dirent* entry = readdir(stream.get()))
    if (entry->d_name[0] != '.') files.push_back(directory + "/" + entry->d_name);
  std::ranges::sort(files);
  return files;
}

// False when there is nothing to run it with.
bool replay(const Target& target, const std::string& corpus) {
  auto files = files_in(corpus + "/" + target.name);
  std::size_t inputs = 0;
  for (const std::string& file : files) {
    auto text = read_small_file(FdRef::borrow(AT_FDCWD), file, kLargestInput);
    require(text.operator bool(), "a file of the corpus can be read", file);
    // Seen when the target ends the process.
    std::fprintf(stderr, "%s\n", file.c_str());
    std::size_t from = text->size() <= kShort ? 0 : text->size();
    for (std::size_t size = from; size <= text->size(); ++size, ++inputs) {
      // A block of its own, so that what is behind it is not part of the input's.
      std::vector<std::uint8_t> bytes(text->begin(), text->begin() + static_cast<std::ptrdiff_t>(size));
      target.run(bytes);
    }
  }
  std::printf("%s: %zu files, %zu inputs\n", target.name, files.size(), inputs);
  return inputs > 0;
}

}  // namespace
}  // namespace isthmus::fuzz

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  bool all = true;
  for (const auto& target : isthmus::fuzz::kTargets)
    all = isthmus::fuzz::replay(target, argv[1]) && all;
  return all ? 0 : 1;
}
