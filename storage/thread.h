/* thread.h - a thread of the library's own, which has ended before the handle that it works for is closed. */
#ifndef MED_STORAGE_THREAD_H
#define MED_STORAGE_THREAD_H

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>

static inline bool med_thread_start_as(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                                       void *context) {
  sigset_t all, kept;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &kept);
  int code = pthread_create(thread, attributes, run, context);
  pthread_sigmask(SIG_SETMASK, &kept, NULL);
  return code == 0;
}

/* False if there can be none. It takes no signals: those are for the program's threads. */
static inline bool med_thread_start(pthread_t *thread, void *(*run)(void *), void *context) {
  return med_thread_start_as(thread, NULL, run, context);
}

/* The same for one that works while this one does, on another processor: the kernel often begins a new thread on the processor of the one that
 * started it, where it would wait until that one has done its part. */
static inline bool med_thread_start_beside(pthread_t *thread, void *(*run)(void *), void *context) {
  cpu_set_t others;
  pthread_attr_t attributes;
  int here = sched_getcpu();
  if (here < 0 || sched_getaffinity(0, sizeof others, &others) != 0 || CPU_COUNT(&others) < 2)
    return med_thread_start(thread, run, context);
  CPU_CLR((size_t)here, &others);
  if (pthread_attr_init(&attributes) != 0) return false;
  bool started = pthread_attr_setaffinity_np(&attributes, sizeof others, &others) == 0 &&
                 med_thread_start_as(thread, &attributes, run, context);
  pthread_attr_destroy(&attributes);
  return started;
}

#endif
