#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>

#include "tests/unit/ipam/delegate_testing.h"

namespace isthmus {
namespace {

using std::chrono::milliseconds;
using test::get_file;
using test::put_file;

class Delegate : public test::DelegateTest {};

TEST_F(Delegate, I01_TheFirstRegularFileAlongThePathIsFound) {
  put_file(dir_ / "b/fake", "");
  put_file(dir_ / "c/fake", "");
  std::filesystem::create_directories(dir_ / "a/fake");  // a directory of that name is none
  std::string path = ":relative:" + dir_ / "a" + "::" + dir_ / "gone" + ":" + dir_ / "b" + ":" + dir_ / "c";
  auto found = find_plugin(path, "fake");
  ASSERT_TRUE(found) << found.error().msg;
  EXPECT_EQ(*found, dir_ / "b" + "/fake");
  std::filesystem::remove(dir_ / "b/fake");
  ASSERT_EQ(symlink("../c/fake", (dir_ / "b/fake").c_str()), 0);
  EXPECT_EQ(*find_plugin(path, "fake"), dir_ / "b" + "/fake") << "links are followed";
}

TEST_F(Delegate, I01_TheCurrentDirectoryIsNeverSearched) {
  put_file(dir_ / "fake", "");
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(dir_.path());
  for (const char* path : {":", ".", "./", "::", ".:"})
    EXPECT_FALSE(find_plugin(path, "fake")) << path;
  std::filesystem::current_path(before);
}

TEST_F(Delegate, I02_WhatCannotBeFoundIsNamedWithThePlaces) {
  auto absent = find_plugin(dir_ / "x" + ":" + dir_ / "y", "fake");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().msg, "cannot find IPAM plugin 'fake': no such file in " + dir_ / "x" + ", " + dir_ / "y" +
                                    " [ipam-not-found]; install it there, or correct 'ipam.type'");
  for (const char* type : {"", "../fake", "/bin/true", "a/b"}) {
    auto refused = find_plugin("/bin:/usr/bin", type);
    ASSERT_FALSE(refused) << type;
    EXPECT_NE(refused.error().msg.find("[ipam-not-found]"), std::string::npos);
  }
  auto no_path = find_plugin("", "fake");
  ASSERT_FALSE(no_path);
  EXPECT_EQ(no_path.error().code, 4U);
}

TEST_F(Delegate, I02_WhatCannotBeExecutedSaysWhy) {
  CniError plain = run_delegate(script("exit 0", 0644), Verb::add, "{}", Deadline::in(milliseconds(5000))).error();
  EXPECT_EQ(plain.msg, "cannot run IPAM plugin '" + dir_ / "fake" +
                           "' for ADD: Permission denied (EACCES) [ipam-failed]; "
                           "chmod a+x " +
                           dir_ / "fake");
  put_file(dir_ / "fake", "#!/no/such/interpreter\n", 0755);
  CniError orphan = run_delegate(dir_ / "fake", Verb::add, "{}", Deadline::in(milliseconds(5000))).error();
  EXPECT_NE(orphan.msg.find("its interpreter or loader is missing [ipam-failed]"), std::string::npos) << orphan.msg;
  put_file(dir_ / "fake", "just text", 0755);
  CniError text = run_delegate(dir_ / "fake", Verb::add, "{}", Deadline::in(milliseconds(5000))).error();
  EXPECT_NE(text.msg.find("(ENOEXEC)"), std::string::npos) << text.msg;
}

TEST_F(Delegate, I02_AFileStillBeingWrittenIsTriedAgain) {
  std::string path = script("echo '{}'");
  int writer = open(path.c_str(), O_WRONLY);
  ASSERT_GE(writer, 0);
  // A script is not text-busy for its shell, so a program it is.
  std::filesystem::copy_file("/bin/cat", dir_ / "cat");
  close(writer);
  writer = open((dir_ / "cat").c_str(), O_WRONLY);
  ASSERT_GE(writer, 0);
  pid_t closer = test::in_child([&] {
    usleep(50000);
    return true;
  });
  close(writer);  // only the child has it open now, for 50 ms
  auto answer = run_delegate(dir_ / "cat", Verb::add, "hello", Deadline::in(milliseconds(5000)));
  test::wait_for(closer);
  ASSERT_TRUE(answer) << answer.error().msg;
  EXPECT_EQ(*answer, "hello");
}

TEST_F(Delegate, I03_StdinArrivesByteByByteAlsoWhenLarge) {
  std::string input = "{\"padding\": \"";
  while (input.size() < 300000)
    input += "0123456789 \xc3\xa4 \\n ";
  input += "\"}\n\n";
  auto answer = run("cat > $DIR/stdin; cat $DIR/stdin", input);
  ASSERT_TRUE(answer) << answer.error().msg;
  EXPECT_EQ(get_file(dir_ / "stdin"), input);
  EXPECT_EQ(*answer, input);
  // Output before all input is read must not deadlock either.
  auto both = run("cat", input);
  ASSERT_TRUE(both) << both.error().msg;
  EXPECT_EQ(*both, input);
}

TEST_F(Delegate, I03_StdinThatNobodyReadsDoesNotHurt) {
  auto answer = run("exec <&-; echo '{}'", std::string(300000, ' '));
  ASSERT_TRUE(answer) << answer.error().msg;
  EXPECT_EQ(*answer, "{}\n");
}

TEST_F(Delegate, I03_TheEnvironmentIsOursButForTheCommand) {
  setenv("CNI_COMMAND", "DEL", 1);
  setenv("CNI_CONTAINERID", "c1", 1);
  setenv("ODD", "a=b c\nd", 1);
  auto answer = run("tr '\\0' '\\n' < /proc/self/environ > $DIR/env; echo '{}'");
  auto overridden = run_delegate(script("echo \"$CNI_COMMAND $CNI_CONTAINERID $CNI_NETNS\""), Verb::gc, "{}",
                                 Deadline::in(milliseconds(5000)), {{"CNI_CONTAINERID", "c2"}, {"CNI_NETNS", ""}});
  std::string expected;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    std::string text = *variable;
    expected += (text.starts_with("CNI_COMMAND=") ? "CNI_COMMAND=ADD" : text) + "\n";
  }
  unsetenv("CNI_COMMAND");
  unsetenv("CNI_CONTAINERID");
  unsetenv("ODD");
  ASSERT_TRUE(answer) << answer.error().msg;
  EXPECT_EQ(get_file(dir_ / "env"), expected);
  ASSERT_TRUE(overridden) << overridden.error().msg;
  EXPECT_EQ(*overridden, "GC c2 \n");
}

TEST_F(Delegate, I04_StderrIsForwarded) {
  ::testing::internal::CaptureStderr();
  auto answer = run("echo 'a word of warning' >&2; echo '{}'");
  auto failed = run("echo 'the reason' >&2; exit 1");
  std::string forwarded = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(answer);
  EXPECT_FALSE(failed);
  EXPECT_EQ(forwarded, "a word of warning\nthe reason\n");
}

TEST_F(Delegate, I05_AnErrorObjectComesBackUnchanged) {
  CniError error =
      failure(R"(echo '{"cniVersion":"1.1.0","code":11,"msg":"try later, not found","details":"d"}'; exit 3)");
  EXPECT_EQ(error, CniError(11, "try later, not found", "d"));
}

TEST_F(Delegate, I05_GarbageSilenceAndSignalsAreErrorsWithTheirText) {
  EXPECT_NE(failure("echo nonsense; exit 2").msg.find("it ended with status 2, saying 'nonsense' [ipam-garbage]"),
            std::string::npos);
  EXPECT_NE(failure("echo '{\"msg\": \"no code\"}'; exit 2").msg.find("[ipam-garbage]"), std::string::npos);
  EXPECT_NE(failure("exit 2").msg.find("it ended with status 2 without a word [ipam-failed]"), std::string::npos);
  EXPECT_NE(failure("echo 'disk on fire' >&2; exit 2").msg.find("saying 'disk on fire' [ipam-failed]"),
            std::string::npos);
  EXPECT_NE(failure("kill -SEGV $$").msg.find("it was killed by signal 11 (SIGSEGV)"), std::string::npos);
  EXPECT_NE(failure("head -c 5000000 /dev/zero").msg.find("[ipam-garbage]"), std::string::npos);
}

TEST_F(Delegate, D08_WhatItSaysNeverMakesOurErrorLookLikeASuccess) {
  CniError error = failure("no-such-program-at-all");
  EXPECT_NE(error.msg.find("[ipam-failed]"), std::string::npos) << error.msg;
  EXPECT_EQ(error.msg.find("not found"), std::string::npos) << error.msg;
}

}  // namespace
}  // namespace isthmus
