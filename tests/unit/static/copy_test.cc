// memcpy and memmove of the C library that this program is linked with: in the static binary they are ours.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace {

constexpr std::size_t kLongest = 200;
using Area = std::array<unsigned char, kLongest * 3>;

Area numbered() {
  Area area;
  for (std::size_t i = 0; i < area.size(); ++i)
    area[i] = static_cast<unsigned char>(i * 7 + i / 256);
  return area;
}

// What must come out, byte for byte, through a second area.
Area moved(const Area& area, std::size_t to, std::size_t from, std::size_t size) {
  Area wanted = area;
  for (std::size_t i = 0; i < size; ++i)
    wanted[to + i] = area[from + i];
  return wanted;
}

// The compiler must not know which function this is, or it would copy by itself.
void* (*volatile const copy)(void*, const void*, std::size_t) = memcpy;
void* (*volatile const move)(void*, const void*, std::size_t) = memmove;

TEST(Copy, EverySizeFromEveryAlignment) {
  for (std::size_t size = 0; size <= kLongest; ++size) {
    for (std::size_t offset = 0; offset < 17; ++offset) {
      Area area = numbered();
      const Area wanted = moved(area, 2 * kLongest - offset, offset, size);
      EXPECT_EQ(copy(area.data() + 2 * kLongest - offset, area.data() + offset, size),
                area.data() + 2 * kLongest - offset);
      ASSERT_EQ(area, wanted) << size << " bytes from " << offset;
    }
  }
}

TEST(Copy, MovesOverItself) {
  for (std::size_t size = 0; size <= kLongest; ++size) {
    for (std::size_t to = kLongest - 40; to <= kLongest + 40; ++to) {
      Area area = numbered();
      const Area wanted = moved(area, to, kLongest, size);
      EXPECT_EQ(move(area.data() + to, area.data() + kLongest, size), area.data() + to);
      ASSERT_EQ(area, wanted) << size << " bytes by " << to << " - " << kLongest;
    }
  }
}

}  // namespace
