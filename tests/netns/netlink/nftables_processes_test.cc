// Many processes at once, as runtimes start plugins.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "tests/netns/netlink/nftables_host.h"

namespace isthmus::test {
namespace {

constexpr int kProcesses = 20;

class NftablesProcesses : public NftablesHost {
 protected:
  // Runs `body(i)` in that many processes; each must return success.
  template <class Body>
  static void at_once(Body body) {
    std::array<int, 2> gate{};
    ASSERT_EQ(pipe(gate.data()), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
      pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        close(gate[1]);
        char nothing;
        // Ends when all have been started.
        if (read(gate[0], &nothing, 1) != 0) _exit(2);
        Status status = body(i);
        if (!status) std::fprintf(stderr, "process %d: %s\n", i, status.error().text().c_str());
        _exit(status ? 0 : 1);
      }
      children.push_back(child);
    }
    close(gate[0]);
    close(gate[1]);
    for (pid_t child : children) {
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
  }
  static std::vector<MasqueradeSource> own(int i) {
    return {source("net" + std::to_string(i), "10." + std::to_string(i) + ".0.0/16"),
            source("net" + std::to_string(i), "fd00:" + std::to_string(i) + "::/64"),
            source("net" + std::to_string(i), "10.0.0.0/8")};
  }
};

TEST_F(NftablesProcesses, TheFirstOnesMakeOneTable) {
  at_once([](int i) -> Status {
    auto socket = netfilter();
    TRY_OK(ensure_masquerade(socket, own(i)));
    TRY(bool there, masquerades(socket, own(i)));
    if (!there) return Error{"find", "own subnets", 0, "after ensure", {}, {}};
    return done;
  });
  EXPECT_EQ(nft_objects("table").size(), 1u);
  EXPECT_EQ(nft_objects("rule").size(), 2u);
  EXPECT_EQ(held().size(), 3u * kProcesses);
  EXPECT_EQ(nft_elements("sources4"), std::vector<std::string>{"10.0.0.0/8"});
  EXPECT_EQ(nft_elements("sources6").size(), std::size_t{kProcesses});
}

TEST_F(NftablesProcesses, TheSameForAll) {
  at_once([](int) {
    auto socket = netfilter();
    return ensure_masquerade(socket, own(7));
  });
  EXPECT_EQ(held().size(), 3u);
  EXPECT_EQ(nft_objects("rule").size(), 2u);
}

TEST_F(NftablesProcesses, ComeAndGo) {
  at_once([](int i) -> Status {
    for (int round = 0; round < 10; ++round) {
      auto socket = netfilter();
      TRY_OK(ensure_masquerade(socket, own(i)));
      TRY(bool there, masquerades(socket, own(i)));
      if (!there) return Error{"find", "own subnets", 0, "while others come and go", {}, {}};
      TRY_OK(remove_masquerade(socket, {"net" + std::to_string(i)}));
    }
    return done;
  });
  EXPECT_EQ(ruleset(), "");
}

TEST_F(NftablesProcesses, WhileOthersChangeTheirTables) {
  at_once([](int i) -> Status {
    if (i < 2) {
      for (int round = 0; round < 20; ++round) {
        run_nft("add table ip t" + std::to_string(i) + "\ndelete table ip t" + std::to_string(i));
      }
      return done;
    }
    auto socket = netfilter();
    TRY_OK(ensure_masquerade(socket, own(i)));
    return i % 2 == 0 ? Status(done) : remove_masquerade(socket, {"net" + std::to_string(i)});
  });
  EXPECT_EQ(held().size(), 3u * (kProcesses - 2) / 2);
}

}  // namespace
}  // namespace isthmus::test
