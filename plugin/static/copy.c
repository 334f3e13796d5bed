// memcpy and memmove for x86_64. musl's own copy with a string instruction, whose start costs more than the whole of
// what we copy as a rule: names and messages of less than a hundred bytes. (docs/design.md has what was measured.)
#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__

typedef struct __attribute__((packed, may_alias)) {
  uint16_t value;
} two;
typedef struct __attribute__((packed, may_alias)) {
  uint32_t value;
} four;
typedef struct __attribute__((packed, may_alias)) {
  uint64_t value;
} eight;
typedef long long sixteen __attribute__((vector_size(16), aligned(1), may_alias));

// Both ends, which overlap where they must: all is read before anything is written, so the areas may overlap too.
#define COPY_ENDS(type)                                       \
  {                                                           \
    const type first = *(const type*)from;                    \
    const type last = *(const type*)(from + n - sizeof last); \
    *(type*)to = first;                                       \
    *(type*)(to + n - sizeof last) = last;                    \
  }

static void copy_few(char* to, const char* from, size_t n) {
  if (n >= 16)
    COPY_ENDS(sixteen)
  else if (n >= 8)
    COPY_ENDS(eight)
  else if (n >= 4)
    COPY_ENDS(four)
  else if (n >= 2)
    COPY_ENDS(two)
  else if (n)
    *to = *from;
}

static void copy_upwards(char* to, const char* from, size_t n) {
  const sixteen last = *(const sixteen*)(from + n - 16);
  char* const end = to + n - 16;
  for (; to < end; to += 16, from += 16)
    *(sixteen*)to = *(const sixteen*)from;
  *(sixteen*)end = last;
}

static void copy_downwards(char* to, const char* from, size_t n) {
  const sixteen first = *(const sixteen*)from;
  for (; n > 16; n -= 16)
    *(sixteen*)(to + n - 16) = *(const sixteen*)(from + n - 16);
  *(sixteen*)to = first;
}

void* memmove(void* to, const void* from, size_t n) {
  if (n <= 32)
    copy_few(to, from, n);
  else if ((uintptr_t)to - (uintptr_t)from >= n)
    copy_upwards(to, from, n);
  else
    copy_downwards(to, from, n);
  return to;
}

void* memcpy(void* restrict to, const void* restrict from, size_t n) {
  if (n <= 32)
    copy_few(to, from, n);
  else
    copy_upwards(to, from, n);
  return to;
}

#endif
