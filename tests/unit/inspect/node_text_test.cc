#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/inspect/cni_cache.h"
#include "plugin/inspect/namespaces.h"
#include "tests/unit/inspect/inspect_testing.h"

namespace isthmus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kContainerId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

TEST(Cgroup, NamesAContainerByItsSixtyFourDigits) {
  EXPECT_EQ(container_of_cgroup("0::/kubepods/besteffort/pod1-2/" + kContainerId + "\n"), kContainerId);
  EXPECT_EQ(container_of_cgroup("0::/system.slice/docker-" + kContainerId + ".scope\n"), kContainerId);
  EXPECT_EQ(container_of_cgroup("0::/libpod-" + kContainerId), kContainerId);
  EXPECT_EQ(container_of_cgroup("0::/" + kContainerId + "0\n"), "");
  EXPECT_EQ(container_of_cgroup("0::/user.slice\n"), "");
  const std::string outer(64, 'a');
  EXPECT_EQ(
      container_of_cgroup("0::/docker-" + outer + ".scope/kubepods/pod1/cri-containerd-" + kContainerId + ".scope\n"),
      kContainerId);
  EXPECT_EQ(container_of_cgroup("2:cpu:/\n1:pids:/" + kContainerId + "\n0::/docker/" + outer), kContainerId);
}

TEST(Holes, OfOneCauseAreOneLine) {
  auto texts =
      sum_up_holes({"pid 1: Permission denied", "pid 2: Permission denied", "descriptors of pid 3: I/O error"});
  EXPECT_THAT(texts, ElementsAre("descriptors of pid 3: I/O error",
                                 "pid 1: Permission denied (and 1 more like it); needs CAP_SYS_PTRACE"));
}

TEST(CniCache, TellsThePodOfANamespace) {
  auto cached = parse_cni_cache(R"({"kind":"cniCacheV1","containerId":"abc","networkName":"n","ifName":"eth0",
    "netns":"/var/run/netns/cni-1","cniArgs":[["K8S_POD_NAMESPACE","ns"],["K8S_POD_NAME","web"],["x"]]})");
  EXPECT_EQ(cached.netns, "/var/run/netns/cni-1");
  EXPECT_EQ(cached.container_id, "abc");
  EXPECT_EQ(cached.pod, "ns/web");
  for (const char* other : {"", "[]", "{}", "{\"netns\":7,\"cniArgs\":3}", "{\"netns\"", "{\"result\":[]}",
                            "{\"result\":{\"interfaces\":7}}", "{\"result\":{\"interfaces\":[7,{\"sandbox\":7}]}}"}) {
    EXPECT_EQ(parse_cni_cache(other).netns, "") << other;
  }
}

TEST(CniCache, OfAnOldLibraryTellsTheNamespaceInItsResult) {
  auto cached = parse_cni_cache(R"({"kind":"cniCacheV1","containerId":"abc","cniArgs":[["K8S_POD_NAME","web"]],
    "result":{"cniVersion":"1.0.0","interfaces":[{"name":"veth1"},{"name":"eth0","sandbox":"/var/run/netns/netns-1"}]}})");
  EXPECT_EQ(cached.netns, "/var/run/netns/netns-1");
  EXPECT_EQ(cached.pod, "web");
}

TEST(NetnsText, SaysWhatHoldsANamespace) {
  NodeNetns netns;
  EXPECT_EQ(held_by(netns), "nothing that can be seen");
  netns.seen.copies = {{test::mount_at("/run/netns/x", 1), 17}};
  netns.seen.copies_seen = 1;
  EXPECT_EQ(held_by(netns), "a mount at /run/netns/x, seen by pid 17");
  netns.sockets = 1;
  EXPECT_EQ(held_by(netns), "1 socket and a mount at /run/netns/x, seen by pid 17");
  netns.seen.names = {test::mount_at("/run/netns/x", 1)};
  EXPECT_EQ(held_by(netns), "1 socket and a name");
  netns.sockets = 0;
  EXPECT_EQ(held_by(netns), "only a name");
  netns.seen.holders.tasks = 2;
  netns.seen.holders.named = {{NetnsHolder::Kind::task, 7, 8, -1, "nginx"}};
  EXPECT_EQ(held_by(netns), "2 tasks: thread 8 of pid 7 (nginx)");
}

TEST(NetnsText, ShowsAddressesThatSayMoreThanLinkLocal) {
  NodeNetns netns;
  netns.links = {test::link_at(1, "lo", "02:00:00:00:00:09", {"10.9.9.9/32"}),
                 test::link_at(2, "eth0", "02:00:00:00:00:02", {"10.0.0.2/24", "fe80::1/64", "fd00::2/64"})};
  EXPECT_EQ(addresses_text(netns, false), "10.0.0.2,fd00::2");
  EXPECT_EQ(addresses_text(netns, true), "10.0.0.2/24,fd00::2/64");
}

}  // namespace
}  // namespace isthmus
