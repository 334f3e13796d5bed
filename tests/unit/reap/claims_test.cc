#include "plugin/reap/claims.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace isthmus {
namespace {

const Deadline kDeadline = Deadline::in(std::chrono::seconds(10));

class ClaimsAndOwners : public ::testing::Test {
 protected:
  Runtimes runtimes(const std::string& alive) {
    std::string file = dir_.path() + "/alive";
    std::ofstream(file) << alive;
    return *Runtimes::ask({{"none"}, file}, kDeadline);
  }
  test::TempDir dir_;
};

TEST_F(ClaimsAndOwners, APathInAnyFormOfTextIsAClaim) {
  const std::set<std::string> directories = {"/run/netns"};
  for (const char* text :
       {R"({"netns":"/var/run/netns/a"})", R"({"path": "/run/netns/a"})", "NetworkNamespacePath=/run/netns/a\n",
        "/run/netns/a", R"({"x":"{\"netns\":\"/run/netns/a\"}"})", "['/run/netns/a']"}) {
    Claims claims;
    claims.read_text(text, {"file", ""}, directories);
    EXPECT_EQ(claims.on("/run/netns/a", runtimes("")), std::vector<std::string>{"file"}) << text;
    EXPECT_TRUE(claims.on("/run/netns/ab", runtimes("")).empty());
    EXPECT_TRUE(claims.on("/run/netns/", runtimes("")).empty());
  }
  Claims claims;
  claims.read_text("/run/netns/a/b /run/netns/abc", {"file", ""}, directories);
  EXPECT_TRUE(claims.on("/run/netns/ab", runtimes("")).empty());
}

TEST_F(ClaimsAndOwners, ATraceOfADeniedContainerClaimsNothing) {
  Claims claims;
  claims.read_text("\"/run/netns/a\"", {"cache", "c1"}, {"/run/netns"});
  EXPECT_TRUE(claims.on("/run/netns/a", runtimes("c2\n")).empty());
  EXPECT_EQ(claims.on("/run/netns/a", runtimes("c1\n")).size(), 1U);
  // That there is no runtime denies nothing.
  EXPECT_EQ(claims.on("/run/netns/a", *Runtimes::ask({{"none"}, ""}, kDeadline)).size(), 1U);
}

TEST_F(ClaimsAndOwners, TheLibrarysCacheNamesItsContainer) {
  EXPECT_EQ(container_of_cache(R"({"kind":"cniCacheV1","containerId":"abc","config":"x"})"), "abc");
  EXPECT_EQ(container_of_cache(R"({"containerId" : "abc"})"), "abc");
  EXPECT_EQ(container_of_cache("{}"), "");
  EXPECT_EQ(container_of_cache(R"({"containerId)"), "");
  EXPECT_EQ(container_of_cache(R"({"containerId":"abc)"), "");
}

TEST_F(ClaimsAndOwners, AListIsTakenLineByLine) {
  Runtimes list = runtimes("# comment\n\n c1 \r\nc2");
  EXPECT_EQ(list.about({"c1"}, "").says, OwnerSays::alive);
  EXPECT_EQ(list.about({"c3", "c2"}, "").says, OwnerSays::alive);
  EXPECT_EQ(list.about({"c3"}, "").says, OwnerSays::gone);
  EXPECT_EQ(list.about({}, "containerd").says, OwnerSays::gone);
  // nerdctl's ids have the namespace in front.
  EXPECT_EQ(list.about({"default-c1"}, "").says, OwnerSays::alive);
}

TEST_F(ClaimsAndOwners, WhoDoesNotAnswerLeavesEverythingOpen) {
  auto silent = Runtimes::ask({{"containerd:///absent.sock"}, ""}, kDeadline);
  ASSERT_TRUE(silent);
  EXPECT_EQ(silent->about({"c1"}, "").says, OwnerSays::unasked);
  EXPECT_FALSE(silent->deny("c1"));
}

TEST_F(ClaimsAndOwners, AnUnknownRuntimeAndAnAbsentListAreErrors) {
  EXPECT_EQ(Runtimes::ask({{"nobody"}, ""}, kDeadline).error().word, "reap-runtime");
  EXPECT_FALSE(Runtimes::ask({{"none"}, "/absent"}, kDeadline));
}

}  // namespace
}  // namespace isthmus
