// A stable 64-bit hash of names, the same on every machine and in every release: names on disk and in the kernel derive
// from it. FNV-1a with the finalizer of SplitMix64, so that short names spread over all bits. Not for adversaries:
// who finds a collision only makes us try the next name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace isthmus {

constexpr std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0) {
  std::uint64_t hash = 0xcbf29ce484222325U ^ (seed * 0x9e3779b97f4a7c15U);
  for (char byte : text) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3U;
  }
  hash ^= hash >> 30;
  hash *= 0xbf58476d1ce4e5b9U;
  hash ^= hash >> 27;
  hash *= 0x94d049bb133111ebU;
  return hash ^ (hash >> 31);
}

// The lowest digits of a hash in lower case hexadecimal, with leading zeros.
inline std::string hex_digits(std::uint64_t hash, std::size_t digits) {
  std::string text(digits, '0');
  for (; digits > 0; hash >>= 4)
    text[--digits] = "0123456789abcdef"[hash & 0xf];
  return text;
}

}  // namespace isthmus
