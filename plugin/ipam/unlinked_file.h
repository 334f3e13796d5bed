// A finished file that has no name yet, so that a name can only ever lead to a complete one (open(2), O_TMPFILE).
#pragma once

#include <string>
#include <string_view>

#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

class UnlinkedFile {
 public:
  // Mode 0600 whatever the umask. `dir` must outlive the object. Where the file system knows no O_TMPFILE the file has
  // a temporary name beginning with '.', which the destructor removes and a SIGKILL leaves behind.
  static Result<UnlinkedFile> write(FdRef dir, std::string_view bytes);
  UnlinkedFile(UnlinkedFile&& other) noexcept = default;
  UnlinkedFile& operator=(UnlinkedFile&&) = delete;
  ~UnlinkedFile();

  // Gives it a name in its directory. False: the name is taken. Fails with err ENOENT when the directory was removed.
  Result<bool> link_as(const std::string& name) const;

 private:
  UnlinkedFile(FdRef dir, UniqueFd file) : dir_(dir), file_(std::move(file)) {}
  static Result<UnlinkedFile> create(FdRef dir);
  FdRef dir_;
  UniqueFd file_;
  std::string temporary_name_;  // empty: none
};

// Writes all of it. Returns 0 or errno; EINTR and short writes are gone on with.
int write_all(FdRef file, std::string_view bytes);

}  // namespace isthmus
