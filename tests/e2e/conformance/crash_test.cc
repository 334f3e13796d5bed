// Z, I11, I12: many at once, killed at any instant, and after a reboot.
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

TEST_F(Conformance, Z01_I12_ManyAtOnceAllSucceedWithoutALeak) {
  constexpr int kPods = 100;
  for (int i = 0; i < kPods; ++i)
    make_pod("p" + std::to_string(i));
  auto all = [&](const char* verb) {
    std::vector<Process> running;
    for (int i = 0; i < kPods; ++i) {
      const std::string name = "p" + std::to_string(i);
      running.push_back(call(verb, conf()).id(name).pod(name).start());
    }
    std::vector<Outcome> outcomes;
    for (Process& process : running)
      outcomes.push_back(process.finish(std::chrono::seconds(40)));
    return outcomes;
  };
  std::set<std::string> addresses;
  for (const Outcome& outcome : all("ADD"))
    addresses.insert(address_of(result_of(outcome)));
  EXPECT_EQ(addresses.size(), std::size_t{kPods}) << "an address was given twice";
  EXPECT_EQ(leases().size(), std::size_t{kPods});
  for (const auto& [address, holder] : leases())
    EXPECT_FALSE(holder.empty()) << address;
  for (const std::string& some : {*addresses.begin(), *addresses.rbegin()})
    EXPECT_TRUE(reaches("", some));
  for (const Outcome& outcome : all("DEL"))
    EXPECT_TRUE(succeeded(outcome));
  EXPECT_TRUE(leases().empty() && records().empty());
  EXPECT_TRUE(host_links().empty());
}

TEST_F(Conformance, I12_LastAddressesOfAPoolAreNeverGivenTwice) {
  Json small = conf();
  small["ipam"]["subnet"] = "10.244.1.0/28";  // 13 without network, broadcast and gateway
  std::vector<Process> running;
  for (int i = 0; i < 30; ++i)
    running.push_back(call("ADD", small).id("c" + std::to_string(i)).ifname("e" + std::to_string(i)).start());
  std::set<std::string> addresses;
  int successes = 0;
  for (Process& process : running) {
    Outcome outcome = process.finish(std::chrono::seconds(30));
    if (outcome.status != 0) {
      EXPECT_TRUE(failed(outcome));
      continue;
    }
    ++successes;
    addresses.insert(address_of(result_of(outcome)));
  }
  EXPECT_EQ(successes, 13);
  EXPECT_EQ(addresses.size(), 13U);
  EXPECT_EQ(leases().size(), 13U);
  EXPECT_EQ(host_links().size(), 13U);
}

TEST_F(Conformance, Z02_SameContainerOnTwoNetworksAtOnce) {
  const Picture before = picture();
  Json net2 = conf();
  net2["name"] = "net2";
  net2["ipam"]["subnet"] = "10.244.2.0/24";
  for (int i = 0; i < 10; ++i) {
    Process first = call("ADD", conf()).start();
    Process second = call("ADD", net2).ifname("eth1").start();
    Json on_net1 = result_of(first.finish());
    Json on_net2 = result_of(second.finish());
    EXPECT_EQ(addresses_in("pod", "eth0"), std::set<std::string>{address_of(on_net1) + "/32"});
    EXPECT_EQ(addresses_in("pod", "eth1"), std::set<std::string>{address_of(on_net2) + "/32"});
    EXPECT_TRUE(reaches("", address_of(on_net1)));
    EXPECT_TRUE(reaches("", address_of(on_net2)));
    Process del1 = call("DEL", conf()).start();
    Process del2 = call("DEL", net2).ifname("eth1").start();
    EXPECT_TRUE(succeeded(del1.finish()));
    EXPECT_TRUE(succeeded(del2.finish()));
  }
  EXPECT_TRUE(nothing_changed_since(before));
}

// Kills `victim` after a pause in its life that is different each time, then expects a bare DEL to clean up.
template <class Start>
void kill_and_clean(int rounds, const Json& conf, Start start) {
  std::minstd_rand random(42);
  unsigned longest_us = 8000;  // follows the machine, so that about half of the victims are still at work
  int killed = 0;
  for (int i = 0; i < rounds; ++i) {
    Process victim = start();
    usleep(static_cast<useconds_t>(random() % longest_us));
    victim.signal(SIGKILL);
    const bool in_time = victim.finish().signal == SIGKILL;
    longest_us = in_time ? longest_us + longest_us / 8 : longest_us - longest_us / 8 + 10;
    killed += in_time ? 1 : 0;
    Call del("DEL", conf);
    if (i % 3 == 0) del.without("CNI_NETNS");
    EXPECT_TRUE(succeeded(del.run())) << "round " << i;
    EXPECT_TRUE(host_links().empty()) << "round " << i;
    EXPECT_TRUE(link_in("pod", "eth0").is_null()) << "round " << i;
  }
  EXPECT_GT(killed, rounds / 5) << "hardly any was killed in time: nothing was proved";
}

TEST_F(Conformance, Z03_D02_AddKilledAtAnyInstantIsCleanedByDel) {
  const Picture before = picture();
  const Json with = dual_stack_conf();
  kill_and_clean(150, with, [&] { return Call("ADD", with).start(); });
  EXPECT_TRUE(leases().empty()) << "a lease leaked";
  EXPECT_TRUE(records().empty()) << "a record leaked";
  EXPECT_TRUE(nothing_changed_since(before));
  add(with);
}

TEST_F(Conformance, Z03_DelKilledAtAnyInstantIsFinishedByTheNext) {
  const Picture before = picture();
  const Json with = dual_stack_conf();
  kill_and_clean(80, with, [&] {
    add(with);
    return Call("DEL", with).start();
  });
  EXPECT_TRUE(leases().empty() && records().empty());
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, Z03_GcFindsWhatAKilledAddLeft) {
  const Picture before = picture();
  const Json with = dual_stack_conf();
  std::minstd_rand random(7);
  for (int i = 0; i < 60; ++i) {
    Process victim = Call("ADD", with).start();
    usleep(static_cast<useconds_t>(random() % 12000U));
    victim.signal(SIGKILL);
    victim.finish();
    EXPECT_TRUE(succeeded(run("GC", with_valid(with, {})))) << "round " << i;
    EXPECT_TRUE(host_links().empty()) << "round " << i;
  }
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, Z04_LockOfAKilledHolderIsFree) {
  FakePlugin slow("slow");
  slow.leases("10.9.0.2/24", "10.9.0.1").on("ADD", "exec sleep 30");
  Process holder = call("ADD", delegated_conf("slow")).start();
  for (int i = 0; i < 300 && slow.count("ADD") == 0; ++i)
    usleep(10000);
  holder.signal(SIGKILL);
  holder.finish();
  slow.leases("10.9.0.2/24", "10.9.0.1");
  Outcome deleted = run("DEL", delegated_conf("slow"));
  EXPECT_TRUE(succeeded(deleted));
  EXPECT_LT(deleted.ms, 10000);
  EXPECT_TRUE(succeeded(run("ADD", delegated_conf("slow"))));
}

TEST_F(Conformance, Z05_AfterARebootTheLeaseIsFreed) {
  for (const char* verb : {"DEL", "GC"}) {
    make_pod("pod");
    Json result = add(conf());
    ASSERT_EQ(leases().size(), 1U);
    // Links and namespaces died with the kernel; the state directory was not on a tmpfs.
    shell("ip link del " + host_end_of(result));
    remove_pod("pod");
    write_file(std::string(kStateDir) + "/boot_id", "00000000-0000-0000-0000-000000000000\n");
    Json with = with_valid(conf(), {});
    EXPECT_TRUE(succeeded(run(verb, with))) << verb;
    EXPECT_TRUE(leases().empty()) << verb;
  }
  // The same container comes back under its old id.
  make_pod("pod");
  shell("ip link del " + host_end_of(add(conf())));
  remove_pod("pod");
  write_file(std::string(kStateDir) + "/boot_id", "00000000-0000-0000-0000-000000000000\n");
  make_pod("pod");
  add(conf());
  EXPECT_EQ(leases().size(), 1U);
  EXPECT_EQ(records().size(), 1U);
}

TEST_F(Conformance, Z06_TornStateDoesNotWedgeAnyVerb) {
  make_pod("other");
  Json kept = add(conf(), "c2", "other");
  const Picture before = picture();
  for (const char* torn : {"", "{", "{\"key\":", "null", "[]", "\0\0\0"}) {
    Json result = add(conf());
    write_file(record_path("c1:eth0"), torn);
    EXPECT_TRUE(succeeded(run("STATUS", conf()))) << torn;
    Outcome check = run("CHECK", with_prev(conf(), result));
    EXPECT_TRUE(check.status == 0 ? succeeded(check) : failed(check)) << torn;
    EXPECT_TRUE(succeeded(run("DEL", conf()))) << torn;
    EXPECT_TRUE(nothing_changed_since(before)) << torn;

    add(conf());
    write_file(record_path("c1:eth0"), torn);
    EXPECT_TRUE(succeeded(run("GC", with_valid(conf(), {{"c2", "eth0"}})))) << torn;
    EXPECT_TRUE(nothing_changed_since(before)) << "GC, " << torn;
  }
  // A torn record of somebody else, an empty lease, a torn cursor.
  write_file(record_path("c9:eth0"), "");
  for (const std::string& name : names_in("/run/isthmus/networks/net1"))
    if (name.starts_with("cursor.")) write_file("/run/isthmus/networks/net1/" + name, "zebra");
  add(conf());
  EXPECT_TRUE(succeeded(run("DEL", conf())));
  EXPECT_TRUE(reaches("", address_of(kept)));
}

TEST_F(Conformance, Z07_ChangingTablesUnderADumpDoNoHarm) {
  // Links and routes come and go while we work; interrupted dumps have to be tried again.
  ProcessSetup churn;
  churn.argv = {"/bin/sh", "-c",
                "i=0; while :; do i=$((i+1)); ip link add z$i type dummy; ip link set z$i up; "
                "ip route add 198.51.100.0/24 dev z$i; ip link del z$i; done 2>/dev/null"};
  churn.env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}, {kMarker, std::to_string(getpid())}};
  Process churning(churn);
  for (int i = 0; i < 60; ++i) {
    Json result = add(dual_stack_conf());
    EXPECT_TRUE(succeeded(run("CHECK", with_prev(dual_stack_conf(), result)))) << i;
    EXPECT_TRUE(succeeded(run("DEL", dual_stack_conf()))) << i;
  }
  EXPECT_TRUE(churning.running());
}

TEST_F(Conformance, I11_EmbeddedIpamLooksLikeADelegate) {
  // The same addresses once from the embedded store and once from the official host-local: the same picture.
  Json embedded = conf("1.0.0");
  Json delegated = embedded;
  delegated["ipam"].update({{"type", "host-local"}, {"dataDir", "/run/host-local"}});
  const Picture before = picture();
  Json first = add(embedded);
  const Json pod_first = routes_in("pod", "-4");
  EXPECT_TRUE(succeeded(run("CHECK", with_prev(embedded, first))));
  EXPECT_TRUE(failed(run("ADD", embedded)));
  EXPECT_TRUE(succeeded(run("DEL", embedded)));
  EXPECT_TRUE(nothing_changed_since(before));
  Json second = add(delegated);
  EXPECT_EQ(first, second);
  EXPECT_EQ(pod_first, routes_in("pod", "-4"));
  EXPECT_TRUE(succeeded(run("CHECK", with_prev(delegated, second))));
  EXPECT_TRUE(failed(run("ADD", delegated)));
  EXPECT_TRUE(succeeded(run("DEL", delegated)));
  shell("rm -f /run/host-local/net1/lock");
  EXPECT_TRUE(nothing_changed_since(before));
}

}  // namespace
}  // namespace isthmus::test
