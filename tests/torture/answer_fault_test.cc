// Reads bring less than was asked for, the kernel's answers are cut, lost, or of a dump that was interrupted.
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tests/torture/fault.h"

namespace isthmus::test {
namespace {

class AnswerFault : public Fault {};

// Files, /proc and pipes: what may bring less at any time. The others hold messages.
bool can_be_short(const Stop& stop) {
  if (!stop.entry || !stop.own_program || stop.argument[2] < 2) return false;
  if (!stop.is(SYS_read) && !stop.is(SYS_pread64)) return false;
  struct stat found {};
  const std::string path = "/proc/" + std::to_string(stop.thread) + "/fd/" + std::to_string(stop.argument[0]);
  return stat(path.c_str(), &found) == 0 && (S_ISREG(found.st_mode) || S_ISFIFO(found.st_mode));
}

// Cuts the `turn`th read, or with 0 all of them.
Meddler short_read(int turn, unsigned long length, Stop& at) {
  return [turn, length, &at, watch = Watch(), seen = 0](const Stop& stop) mutable {
    watch.see(stop);
    if (!watch.loaded() || !can_be_short(stop) || (++seen != turn && turn != 0)) return Order{};
    at = stop;
    return Order{Do::shorten, 0, static_cast<long>(std::min(length, stop.argument[2] - 1))};
  };
}

// A short read is no failure: everything is as without it.
TEST_P(AnswerFault, ShortReads) {
  Tally tally("a short read");
  with_victims([&](const Victim& victim) {
    victim.prepare();
    const Traced whole = finish(victim.command);
    victim.after(tally, "undisturbed", whole);
    auto same = [&](const std::string& where, const Traced& traced) {
      if (traced.status != whole.status || (victim.same_output && traced.out != whole.out))
        tally.wrong(where, told(traced) + "instead of " + told(whole));
    };
    at_each_chance(tally, victim, victim.costly ? 250 : 9, same,
                   [&](int turn, Stop& at) { return short_read(turn, 1, at); });
    at_each_chance(tally, victim, victim.costly ? 250 : 25, same,
                   [&](int turn, Stop& at) { return short_read(turn, 100, at); });
    Stop at;
    victim.prepare();
    const Traced traced = trace(victim.command, short_read(0, victim.costly ? 100 : 1, at));
    tally.point();
    same(std::string(victim.name) + ", every read", traced);
    victim.after(tally, std::string(victim.name) + ", every read", traced);
  });
}

// The length that a receive gives the kernel, in a register or in the memory of the program.
class Room {
 public:
  Order cut(const Stop& stop) {
    constexpr std::size_t kLess = 20;  // than any answer
    is_cut_ = true;
    if (stop.is(SYS_recvfrom)) return {Do::shorten, 0, kLess};
    msghdr message{};
    iovec part{};
    is_cut_ = read_memory(stop.thread, stop.argument[1], &message, sizeof message) &&
              read_memory(stop.thread, reinterpret_cast<unsigned long>(message.msg_iov), &part, sizeof part);
    place_ = reinterpret_cast<unsigned long>(message.msg_iov) + offsetof(iovec, iov_len);
    whole_ = part.iov_len;
    is_cut_ = is_cut_ && write_memory(stop.thread, place_, &kLess, sizeof kLess);
    return {};
  }
  // Whether this receive was cut.
  bool restore(const Stop& stop) {
    if (is_cut_ && stop.is(SYS_recvmsg)) write_memory(stop.thread, place_, &whole_, sizeof whole_);
    return std::exchange(is_cut_, false);
  }

 private:
  bool is_cut_ = false;
  unsigned long place_ = 0;
  std::size_t whole_ = 0;
};

Meddler cut_answer(int turn, Stop& at) {
  return [turn, &at, watch = Watch(), room = Room(), seen = 0](const Stop& stop) mutable {
    watch.see(stop);
    if (!watch.receives(stop)) return Order{};
    if (stop.entry) return seen == turn - 1 ? room.cut(stop) : Order{};
    const bool was_cut = room.restore(stop);
    if (stop.result <= 0) return Order{};
    ++seen;
    if (!was_cut) return Order{};
    at = stop;
    // MSG_TRUNC asks for the length that the datagram had, which is more than the room that the program knows of.
    const bool tells_length = stop.is(SYS_recvfrom) && (stop.argument[3] & MSG_TRUNC) != 0;
    return tells_length ? Order{Do::answer, 0, static_cast<long>(stop.argument[2] + 1)} : Order{};
  };
}

// ADD leaves nothing, the others say that they have not finished; with_victims() knows.
TEST_P(AnswerFault, TruncatedAnswers) {
  Tally tally("a truncated answer");
  with_victims([&](const Victim& victim) {
    at_each_chance(
        tally, victim, victim.costly ? 40 : 6, [](const std::string&, const Traced&) {}, cut_answer);
  });
}

// Marks what the kernel answered as an interrupted dump.
void interrupt_dump(const Stop& stop) {
  std::array<char, 32768> bytes;
  iovec part{};
  msghdr message{};
  unsigned long address = stop.argument[1];
  if (stop.is(SYS_recvmsg)) {
    if (!read_memory(stop.thread, address, &message, sizeof message) ||
        !read_memory(stop.thread, reinterpret_cast<unsigned long>(message.msg_iov), &part, sizeof part)) {
      return;
    }
    address = reinterpret_cast<unsigned long>(part.iov_base);
  }
  const auto size = std::min(bytes.size(), static_cast<std::size_t>(stop.result));
  if (!read_memory(stop.thread, address, bytes.data(), size)) return;
  for (std::size_t at = 0; at + sizeof(nlmsghdr) <= size;) {
    nlmsghdr header{};
    memcpy(&header, bytes.data() + at, sizeof header);
    if (header.nlmsg_len < sizeof header) break;
    if ((header.nlmsg_flags & NLM_F_MULTI) != 0) header.nlmsg_flags |= NLM_F_DUMP_INTR;
    memcpy(bytes.data() + at, &header, sizeof header);
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
  write_memory(stop.thread, address, bytes.data(), size);
}

Meddler interrupt(int turn, Stop& at) {
  return [turn, &at, watch = Watch(), seen = 0](const Stop& stop) mutable {
    watch.see(stop);
    if (stop.entry || stop.result <= 0 || !watch.receives(stop) || ++seen != turn) return Order{};
    at = stop;
    interrupt_dump(stop);
    return Order{};
  };
}

// Each dump in turn is marked as interrupted by a change: it is asked for again.
TEST_P(AnswerFault, InterruptedDumps) {
  Tally tally("an interrupted dump");
  with_victims([&](const Victim& victim) {
    auto succeeded = [&](const std::string& where, const Traced& traced) {
      if (traced.status != 0) tally.wrong(where, told(traced));
    };
    at_each_chance(tally, victim, victim.costly ? 60 : 9, succeeded, interrupt);
  });
}

Meddler lose_from(int turn, Stop& at) {
  return [turn, &at, watch = Watch(), seen = 0](const Stop& stop) mutable {
    watch.see(stop);
    if (!stop.entry || !watch.receives(stop) || ++seen < turn) return Order{};
    if (at.index == 0) at = stop;
    return Order{Do::fail, ENOBUFS};
  };
}

// From one on, every answer is lost for want of room. The verb cannot know what it has done then, so all it has to do
// is to end soon, with its reason, and to leave nothing that the next DEL does not find.
TEST_P(AnswerFault, LostAnswers) {
  Tally tally("all answers lost");
  for (Victim victim : {add_victim(), del_victim()}) {
    victim.after = [this](Tally& sum, const std::string& where, const Traced& traced) {
      expect_words(sum, where, traced);
      expect_success(sum, where, "DEL", del_);
    };
    at_each_chance(
        tally, victim, 5, [](const std::string&, const Traced&) {}, lose_from);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, AnswerFault, testing::ValuesIn(kNetworkKinds), name_of);

}  // namespace
}  // namespace isthmus::test
