/* store_locks.c - locks between processes: open file description locks on bytes of the data file that lie far behind any data. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "storage/txn.h"

#define LOCK_POLL_US_MIN 20
#define LOCK_POLL_US_MAX 1000

int64_t med_store_monotonic_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool med_store_may_start_threads(const med_store *store) {
  return (store->options.flags & MEDLEY_OPEN_NO_THREADS) == 0 && store->has_processors;
}

static off_t offset_of(med_store_lock_place place) { return ((off_t)1 << 62) + (off_t)place; }

int med_store_set_lock(const med_store *store, short type, med_store_lock_place place) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset_of(place), .l_len = 1};
  int rc;
  do rc = fcntl(store->data_fd, F_OFD_SETLK, &lock);
  while (rc != 0 && errno == EINTR);
  return rc;
}

bool med_store_sees_lock(const med_store *store, med_store_lock_place place) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset_of(place), .l_len = 1};
  return fcntl(store->data_fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Polled, because an OFD lock cannot be waited for with a timeout. */
int med_store_lock_within(const med_store *store, short type, med_store_lock_place place, uint32_t timeout_ms,
                          const char *what, medley_error *error) {
  if (med_store_set_lock(store, type, place) == 0) return MEDLEY_OK;
  int64_t end = med_store_monotonic_us() + (int64_t)timeout_ms * 1000;
  long pause_us = LOCK_POLL_US_MIN;
  while (errno == EAGAIN || errno == EACCES) {
    if (med_store_monotonic_us() >= end) {
      return med_error_set(error, MEDLEY_BUSY, "%s: another process held it for %u ms", what, timeout_ms);
    }
    struct timespec pause = {0, pause_us * 1000};
    nanosleep(&pause, NULL);
    if (pause_us < LOCK_POLL_US_MAX) pause_us *= 2;
    if (med_store_set_lock(store, type, place) == 0) return MEDLEY_OK;
  }
  return med_error_set_foreign(error, MEDLEY_IO, errno, "%s: %s", what, strerror(errno));
}

int med_store_lock(med_store *store, uint32_t timeout_ms, medley_error *error) {
  if (store->options.flags & MEDLEY_OPEN_MEMORY) return MEDLEY_OK;
  return med_store_lock_within(store, F_WRLCK, MED_LOCK_WRITER, timeout_ms, "write lock", error);
}

void med_store_unlock(med_store *store) {
  if (store->options.flags & MEDLEY_OPEN_MEMORY) return;
  (void)med_store_set_lock(store, F_UNLCK, MED_LOCK_WRITER);
}

int med_store_show_pin(med_store *store, bool pinned, medley_error *error) {
  if (med_store_set_lock(store, pinned ? F_RDLCK : F_UNLCK, MED_LOCK_PIN) == 0) return MEDLEY_OK;
  return med_error_set_foreign(error, MEDLEY_IO, errno, "checkpoint: cannot lock: %s", strerror(errno));
}

bool med_store_sees_pin(const med_store *store) { return med_store_sees_lock(store, MED_LOCK_PIN); }
