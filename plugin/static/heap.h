// What dlmalloc, which toolchain.sh compiles, needs to be told of this program.
#pragma once
#include <pthread.h>
#include <sched.h>
#include <stddef.h>

// The first megabyte is there when the program starts, among its other variables: to have memory mapped elsewhere costs
// page tables too. What is more comes from mmap(2).
static inline void* heap_more(ptrdiff_t size) {
  static char area[1 << 20] __attribute__((aligned(4096)));
  static ptrdiff_t used;
  if (size < 0 || size > (ptrdiff_t)sizeof area - used) return (void*)-1;
  void* start = area + used;
  used += size;
  return start;
}

// dlmalloc takes its lock for each piece of memory. One exchange serves two threads that hardly ever meet, and costs
// half of a mutex.
static inline int heap_lock(pthread_mutex_t* lock) {
  while (__atomic_exchange_n((volatile char*)lock, 1, __ATOMIC_ACQUIRE))
    sched_yield();
  return 0;
}

static inline int heap_unlock(pthread_mutex_t* lock) {
  __atomic_store_n((volatile char*)lock, 0, __ATOMIC_RELEASE);
  return 0;
}

#define pthread_mutex_lock heap_lock
#define pthread_mutex_unlock heap_unlock
