/* inject.h - what a test tells the preloaded fault injector: which call fails, and how.
 *
 * The injector (inject.c) exports one fault_inject_control named fault_inject; the test finds it with dlsym. Without the
 * injector preloaded there is none, and the test says so. */
#ifndef FAULT_INJECT_H
#define FAULT_INJECT_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum fault_inject_kind {
  FAULT_INJECT_NONE = 0,
  FAULT_INJECT_MEMORY, /* malloc, calloc, realloc, posix_memalign */
  FAULT_INJECT_IO,     /* open, write, flush, truncate, map, read, lock, look at, remove: files that are watched */
  FAULT_INJECT_LMDB    /* calls of LMDB (inject_lmdb.c); `error` may be one of its own codes */
} fault_inject_kind;

/* Instead of an errno: half of the bytes are written (read); other calls are not touched. */
#define FAULT_INJECT_SHORT (-1)
/* Instead of an errno: the process kills itself when the call has been made: a kill at the worst moments. */
#define FAULT_INJECT_KILL (-2)

/* LMDB's own words for what can befall it, for those who do not see its header. */
#define FAULT_LMDB_DAMAGED (-30796)  /* MDB_CORRUPTED */
#define FAULT_LMDB_MAP_FULL (-30792) /* MDB_MAP_FULL */

typedef struct fault_inject_control {
  volatile int kind;      /* set last: arms the injector */
  int error;              /* errno, or FAULT_INJECT_SHORT; memory always fails with ENOMEM */
  long at;                /* the call that fails, from 1 */
  unsigned kill_delay_us; /* how long the process stays where it is before it kills itself */
  long repeat;            /* how many calls fail from there on */
  volatile long seen;     /* calls of that kind since arming */
  volatile long failed;   /* calls that were made to fail */
  const char *last_call;  /* name of the last one that was made to fail */
  char folder[520];       /* with its final slash */
  char beside[2][64];     /* how other paths begin that are watched, too; empty: none */
} fault_inject_control;

/* Between the injector's own files: whether this call of that kind is the one that fails. */
bool fault_inject_due(int kind, const char *call);

static inline fault_inject_control *fault_inject_find(void) {
  return (fault_inject_control *)dlsym(RTLD_DEFAULT, "fault_inject");
}

#endif
