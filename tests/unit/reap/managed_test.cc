#include "plugin/reap/managed.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

TEST(Managed, HoldsWhatStandsDirectlyInAKnownDirectory) {
  ManagedDirectories managed({"/srv/names/", "/var/run/mine"});
  for (const char* inside : {"/run/netns/a", "/var/run/netns/a", "/run/docker/netns/1_default", "/srv/names/x",
                             "/run/mine/x", "/run/containerd/io.containerd.grpc.v1.cri/netns/cni-1"}) {
    EXPECT_TRUE(managed.holds(inside)) << inside;
  }
  for (const char* outside : {"/run/netns", "/run/netns/a/b", "/srv/other/x", "/mnt/run/netns/a", "", "a"}) {
    EXPECT_FALSE(managed.holds(outside)) << outside;
  }
}

TEST(Managed, TakesEachDirectoryOnce) {
  ManagedDirectories managed({"/run/netns", "/var/run/netns/", "/x", "/x"});
  EXPECT_EQ(managed.fixed(), (std::vector<std::string>{"/run/netns", "/run/docker/netns", "/x"}));
}

TEST(Managed, KnowsWhoseANameIs) {
  const char* uuid = "0a1b2c3d-1111-2222-3333-0123456789ab";
  EXPECT_EQ(runtime_of_name("/run/netns/cni-1f0c9c2e-8a1b-4c3d-9e8f-0123456789ab"), "containerd");
  EXPECT_EQ(runtime_of_name("/run/netns/cni-1-2-3-4-5"), "containerd");
  EXPECT_EQ(runtime_of_name(std::string("/run/netns/") + uuid), "CRI-O");
  EXPECT_EQ(runtime_of_name(std::string("/run/netns/netns-") + uuid), "podman");
  EXPECT_EQ(runtime_of_name("/run/docker/netns/0123456789ab"), "docker");
}

TEST(Managed, KnowsWhoseANameIsNot) {
  for (const char* other : {"/run/netns/web", "/run/netns/cni-", "/run/netns/cni-1-2-3-4", "/run/netns/cni-1-2-3-4-5-6",
                            "/run/netns/cni-1-2-3-4-g", "/run/netns/cni-1--3-4-5", "/run/netns/0123456789ab",
                            "/run/docker/netns/default", "/run/docker/netns/ingress_sbox", "/run/netns/netns-1",
                            "/run/netns/0A1B2C3D-1111-2222-3333-0123456789AB", "/run/netns/", ""}) {
    EXPECT_EQ(runtime_of_name(other), "") << other;
  }
}

}  // namespace
}  // namespace isthmus
