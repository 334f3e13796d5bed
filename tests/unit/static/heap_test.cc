// The heap of the C library that this program is linked with: in the static binary it is not the C library's own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <thread>
#include <vector>

namespace {

// The compiler must not know which functions these are, or it would leave them out.
void* (*volatile const allocate)(std::size_t) = std::malloc;
void* (*volatile const allocate_zeroed)(std::size_t, std::size_t) = std::calloc;

TEST(Heap, WhatWasUsedComesBackZeroed) {
  for (std::size_t size : {1u, 24u, 300u, 5000u, 300000u}) {
    void* used = allocate(size);
    ASSERT_NE(used, nullptr);
    std::fill_n(static_cast<unsigned char*>(used), size, 0xff);
    std::free(used);
    auto* zeroed = static_cast<unsigned char*>(allocate_zeroed(size, 1));
    ASSERT_NE(zeroed, nullptr);
    EXPECT_TRUE(std::all_of(zeroed, zeroed + size, [](unsigned char byte) { return byte == 0; })) << size;
    std::free(zeroed);
  }
}

TEST(Heap, TooMuchIsRefused) {
  errno = 0;
  EXPECT_EQ(allocate(SIZE_MAX / 2), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  EXPECT_EQ(allocate_zeroed(SIZE_MAX / 2, 3), nullptr);
}

TEST(Heap, KeepsToAnAlignment) {
  struct alignas(256) Wide {
    char byte;
  };
  std::vector<std::unique_ptr<Wide>> some;
  for (int i = 0; i < 50; ++i) {
    some.push_back(std::make_unique<Wide>());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(some.back().get()) % 256, 0u);
  }
}

TEST(Heap, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (unsigned char mark = 1; mark <= 4; ++mark) {
    threads.emplace_back([mark] {
      std::vector<std::vector<unsigned char>> mine(64);
      for (std::size_t round = 0; round < 20000; ++round) {
        auto& piece = mine[(round * 31) % mine.size()];
        ASSERT_TRUE(std::all_of(piece.begin(), piece.end(), [mark](unsigned char byte) { return byte == mark; }));
        piece = std::vector<unsigned char>((round * 97) % 3000 + 1, mark);
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
}

}  // namespace
