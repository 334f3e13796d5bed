#include "netns/boot_id.h"

#include <fcntl.h>

#include "netns/file.h"

namespace isthmus {

Result<std::string> boot_id() {
  constexpr std::size_t kUuidLength = 36;
  const std::string path = "/proc/sys/kernel/random/boot_id";
  auto text = read_small_file(FdRef::borrow(AT_FDCWD), path, 64);
  if (!text) return Error{"read the boot id from", "'" + path + "'", text.error().err, {}, "boot-id", {}};
  if (text->ends_with('\n')) text->pop_back();
  if (text->size() != kUuidLength)
    return Error{"read the boot id from", "'" + path + "'", 0, "it says '" + *text + "'", "boot-id", {}};
  return text;
}

}  // namespace isthmus
