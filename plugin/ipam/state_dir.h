// Directories below the state directory. Nothing in it is reached through a symbolic link: whoever could plant one
// there could make root write elsewhere.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// How long a state directory outside /run may take to answer.
inline constexpr std::chrono::seconds kStateDirPatience{2};

// Whether open_state_dir() needs a helper process (netns/helper_process.h) for it.
bool opens_by_helper(const std::string& state_dir);

// The state directory; nullopt when there is none. Waits for it for kStateDirPatience, or until an earlier `deadline`:
// [state-unwritable]. Refuses one that is a symbolic link, that belongs to another user than we are, or that its group
// or others may write to: [state-untrusted]. Fails with [state-unwritable] for all else.
Result<std::optional<UniqueFd>> open_state_dir(const std::string& path,
                                               Deadline deadline = Deadline::in(kStateDirPatience));
// The same, made (0700, with its parents) when absent.
Result<UniqueFd> make_state_dir(const std::string& path);

// The directory at the relative `path` below `dir`; nullopt when it is not there. Fails with [state-untrusted] for a
// symbolic link or a file in its way.
Result<std::optional<UniqueFd>> open_beneath(FdRef dir, const std::string& path);
// The same, made (0700) where absent, however often another process prunes it meanwhile.
Result<UniqueFd> make_beneath(FdRef dir, const std::string& path);

// Names in a directory, in no order, and none of one that was removed. Those beginning with '.' are left out: they are
// temporary files.
Result<std::vector<std::string>> list_names(FdRef dir);
// The names list_names() would say, one by one until `take` wants no more: reads few of them, however many there are.
// `dir` is new: the place in a directory is that of all copies of a descriptor.
Status walk_names(FdRef dir, const std::function<bool(std::string_view)>& take);
// With the temporary files.
Result<std::vector<std::string>> list_all_names(FdRef dir);

// An Error about state from errno or `err`: [state-untrusted] for what a planted file causes, [state-unwritable] for
// the rest, with a hint for a full or a read-only file system.
Error state_error(int err, std::string doing, const std::string& path);

}  // namespace isthmus
