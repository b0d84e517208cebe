/* thread.h - a thread of the library's own, which has ended before the handle that it works for is closed. */
#ifndef MED_STORAGE_THREAD_H
#define MED_STORAGE_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/* False if there can be none. It takes no signals: those are for the program's threads. */
static inline bool med_thread_start(pthread_t *thread, void *(*run)(void *), void *context) {
  sigset_t all, kept;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &kept);
  int code = pthread_create(thread, NULL, run, context);
  pthread_sigmask(SIG_SETMASK, &kept, NULL);
  return code == 0;
}

#endif
