// Files of the state directory: records.
#include "plugin/attachment/record.h"

#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {

int fuzz_record(Bytes input) {
  auto record = parse_record(as_text(input));
  if (!record) {
    require_clear(record.error(), "bad-record");
    return 0;
  }
  require(NetworkName::parse(record->key.network.text()).operator bool(), "a network's name is one");
  require(ContainerId::parse(record->key.container_id.text()).operator bool(), "a container id is one");
  require(IfName::parse(record->key.ifname.text()).operator bool(), "an interface's name is one");
  std::string file = record->key.file_name();
  require(file.size() <= 255 && file.find('/') == std::string::npos, "a record's file name is one", file);
  std::string printed = to_json(*record);
  require(printed.find('\n') == printed.size() - 1, "a record is one line");
  auto again = parse_record(printed);
  require(again && *again == *record, "what is written is what was read", printed);
  return 0;
}

}  // namespace isthmus::fuzz
