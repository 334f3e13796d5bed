// Our few functions of libmnl, which this program is linked with, against those of the shared library.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <libmnl/libmnl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace isthmus {
namespace {

template <class Function>
struct Pair {
  Function* ours;
  Function* theirs;
};

class Libmnl : public ::testing::Test {
 protected:
  void SetUp() override {
    library_ = dlopen("libmnl.so.0", RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library_, nullptr) << dlerror();
  }
  void TearDown() override {
    if (library_ != nullptr) dlclose(library_);
  }
  template <class Function>
  Pair<Function> pair(const char* name, Function* ours) {
    auto* theirs = reinterpret_cast<Function*>(dlsym(library_, name));
    EXPECT_NE(theirs, nullptr) << name;
    EXPECT_NE(theirs, ours) << name << " is tested against itself";
    return {ours, theirs};
  }
  void* library_ = nullptr;
};
#define PAIR(function) pair(#function, &function)

using Buffer = std::array<std::byte, 64>;

TEST_F(Libmnl, BuildsTheSameBytesInAnyBuffer) {
  auto header = PAIR(mnl_nlmsg_put_header);
  auto extra = PAIR(mnl_nlmsg_put_extra_header);
  auto put = PAIR(mnl_attr_put_check);
  auto put_u32 = PAIR(mnl_attr_put_u32_check);
  auto nest_start = PAIR(mnl_attr_nest_start_check);
  auto nest_end = PAIR(mnl_attr_nest_end);
  for (std::size_t room = 20; room <= sizeof(Buffer); ++room) {
    for (std::size_t size = 0; size <= 12; ++size) {
      auto build = [&](auto which) {
        alignas(nlmsghdr) Buffer buffer;
        buffer.fill(std::byte{0});  // padding is left as it was in one version of libmnl and cleared in the next
        nlmsghdr* message = which(header)(buffer.data());
        which(extra)(message, 3);
        std::string verdicts;
        verdicts += which(put_u32)(message, room, 7, 0x01020304) ? '+' : '-';
        nlattr* nest = which(nest_start)(message, room, 2);
        verdicts += nest != nullptr ? '+' : '-';
        verdicts += which(put)(message, room, 0x1234, size, "abcdefghijkl") ? '+' : '-';
        if (nest != nullptr) which(nest_end)(message, nest);
        return verdicts + std::string(reinterpret_cast<char*>(buffer.data()), message->nlmsg_len);
      };
      EXPECT_EQ(build([](auto pair) { return pair.ours; }), build([](auto pair) { return pair.theirs; }))
          << room << " bytes of room for a payload of " << size;
    }
  }
}

TEST_F(Libmnl, JudgesTheSameLengths) {
  auto message_ok = PAIR(mnl_nlmsg_ok);
  auto attribute_ok = PAIR(mnl_attr_ok);
  for (int claimed = 0; claimed < 40; ++claimed) {
    for (int size = -1; size < 40; ++size) {
      nlmsghdr message{static_cast<std::uint32_t>(claimed), 0, 0, 0, 0};
      EXPECT_EQ(message_ok.ours(&message, size), message_ok.theirs(&message, size)) << claimed << " in " << size;
      nlattr attribute{static_cast<std::uint16_t>(claimed), 0};
      EXPECT_EQ(attribute_ok.ours(&attribute, size), attribute_ok.theirs(&attribute, size))
          << claimed << " in " << size;
    }
  }
}

TEST_F(Libmnl, ReadsTheSame) {
  struct {
    nlmsghdr message{36, 0, 0, 0, 0};
    nlattr attribute{11, static_cast<std::uint16_t>(NLA_F_NESTED | NLA_F_NET_BYTEORDER | 5)};
  } in;
  auto expect_same = [&](auto pair, auto* argument) { EXPECT_EQ(pair.ours(argument), pair.theirs(argument)); };
  expect_same(PAIR(mnl_nlmsg_get_payload), &in.message);
  expect_same(PAIR(mnl_nlmsg_get_payload_len), &in.message);
  expect_same(PAIR(mnl_attr_get_type), &in.attribute);
  expect_same(PAIR(mnl_attr_get_len), &in.attribute);
  expect_same(PAIR(mnl_attr_get_payload_len), &in.attribute);
  expect_same(PAIR(mnl_attr_get_payload), &in.attribute);
}

}  // namespace
}  // namespace isthmus
