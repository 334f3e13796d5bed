#include "netns/boot_id.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace isthmus {
namespace {

TEST(BootId, IsAUuidAndStaysTheSame) {
  auto first = boot_id();
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->size(), 36U);
  EXPECT_EQ(std::count(first->begin(), first->end(), '-'), 4);
  EXPECT_EQ(first->find_first_not_of("0123456789abcdef-"), std::string::npos);
  EXPECT_EQ(*boot_id(), *first);
}

}  // namespace
}  // namespace isthmus
