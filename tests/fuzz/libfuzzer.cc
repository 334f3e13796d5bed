// libFuzzer's entry point for the target that FUZZ_TARGET names.
#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {
int FUZZ_TARGET(Bytes input);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return isthmus::fuzz::FUZZ_TARGET({data, size});
}
