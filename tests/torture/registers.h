// The registers of a thread that ptrace(2) has stopped at a system call, for each processor.
#pragma once

#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <cstddef>

namespace isthmus::test {

// set_call: another system call than it wanted, -1 for none. set_result: what the call returns. set_length: the third
// argument.
#if defined(__x86_64__)
inline void set_call(pid_t thread, long number) {
  ptrace(PTRACE_POKEUSER, thread, offsetof(user_regs_struct, orig_rax), number);
}
inline void set_result(pid_t thread, long value) {
  ptrace(PTRACE_POKEUSER, thread, offsetof(user_regs_struct, rax), value);
}
inline void set_length(pid_t thread, unsigned long value) {
  ptrace(PTRACE_POKEUSER, thread, offsetof(user_regs_struct, rdx), value);
}
#elif defined(__aarch64__)
inline void set_call(pid_t thread, long number) {
  int wanted = static_cast<int>(number);
  iovec part{&wanted, sizeof wanted};
  ptrace(PTRACE_SETREGSET, thread, 0x404 /* NT_ARM_SYSTEM_CALL */, &part);
}
inline void set_register(pid_t thread, int number, unsigned long value) {
  user_regs_struct registers{};
  iovec part{&registers, sizeof registers};
  ptrace(PTRACE_GETREGSET, thread, 1 /* NT_PRSTATUS */, &part);
  registers.regs[number] = value;
  ptrace(PTRACE_SETREGSET, thread, 1, &part);
}
inline void set_result(pid_t thread, long value) { set_register(thread, 0, static_cast<unsigned long>(value)); }
inline void set_length(pid_t thread, unsigned long value) { set_register(thread, 2, value); }
#endif

}  // namespace isthmus::test
