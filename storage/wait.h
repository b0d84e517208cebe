/* wait.h - a thread sleeps until a word of memory has another value: Linux's futex (Drepper, "Futexes Are Tricky", 2011).
 *
 * In place of a condition variable where many threads wait for one: who is woken need not take a mutex again, one after the other, and who wakes
 * him touches none of his memory afterwards, so it may be gone by then.
 *   waiter:  while (atomic_load(&word) == value) med_wait_while(&word, value, NULL);
 *   waker:   atomic_store(&word, other); med_wake_all(&word);
 * Threads: any of one process. */
#ifndef MED_STORAGE_WAIT_H
#define MED_STORAGE_WAIT_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleeps if *word is still value; may also return for no reason. until: by CLOCK_MONOTONIC, NULL for ever. False once that time has come. */
static inline bool med_wait_while(_Atomic uint32_t *word, uint32_t value, const struct timespec *until) {
  return syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value, until, NULL, FUTEX_BITSET_MATCH_ANY) ==
             0 ||
         errno != ETIMEDOUT;
}

static inline void med_wake_all(_Atomic uint32_t *word) {
  (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
}

#endif
