// dlmalloc takes its lock twice for each piece of memory. One exchange serves two threads that hardly ever meet, and
// costs half of a mutex.
#pragma once
#include <pthread.h>
#include <sched.h>

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
