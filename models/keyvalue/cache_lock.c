/* cache_lock.c - mutexes shared by processes, what happens when one of their owners dies, and which committing
 * transactions are alive.
 *
 * A dead owner may have left any part of its shard or of the pool half-changed. It is never repaired: the finder marks the
 * segment as broken, and whoever locks a shard next empties all of it under all locks. `broken` is cleared last, so that a
 * death in the middle of emptying is only another reason to empty. */
#include "models/keyvalue/cache_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TRUST_PID_MS 1000 /* a process number is not used again so soon: no look into /proc before */

static uint64_t monotonic_ms(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t med_cache_process_start(uint32_t pid) {
  char path[40], text[512];
  snprintf(path, sizeof path, "/proc/%u/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t len = read(fd, text, sizeof text - 1);
  close(fd);
  if (len <= 0) return 0;
  text[len] = '\0';
  /* "pid (name) state ...": the name may contain anything, so the fields are counted behind the last parenthesis. */
  const char *at = strrchr(text, ')');
  if (at == NULL || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X') return 0;
  at++;
  for (int field = 2; field < 22 && at != NULL; field++) at = strchr(at + 1, ' ');
  return at == NULL ? 0 : strtoull(at + 1, NULL, 10) + 1; /* never 0 */
}

bool med_cache_init_mutex(pthread_mutex_t *mutex) {
  pthread_mutexattr_t attributes;
  if (pthread_mutexattr_init(&attributes) != 0) return false;
  bool ok = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
            pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
            pthread_mutex_init(mutex, &attributes) == 0;
  pthread_mutexattr_destroy(&attributes);
  return ok;
}

/* False if the mutex is unusable. */
static bool lock(med_cache_segment *segment, pthread_mutex_t *mutex) {
  int rc = pthread_mutex_lock(mutex);
  if (rc == EOWNERDEAD) {
    atomic_store(&segment->header->broken, 1);
    rc = pthread_mutex_consistent(mutex);
    if (rc != 0) pthread_mutex_unlock(mutex);
  }
  return rc == 0;
}

/* ---- Emptying ---- */
void med_cache_make_empty(med_cache_segment *segment) {
  for (uint32_t i = 0; i < segment->shard_count; i++) {
    med_cache_shard *shard = &segment->shards[i];
    memset(shard->lists, 0, sizeof shard->lists);
    shard->items = shard->chunks = shard->hold_chunks = 0;
    shard->crawl_position = 0;
    shard->due_us = shard->lap_due_us = INT64_MAX;
  }
  memset(segment->tables, 0, (size_t)segment->shard_count * segment->table_len * sizeof *segment->tables);
  med_cache_pool *pool = &segment->header->pool;
  pool->free_head = 0;
  pool->unused_next = 1;
  atomic_store(&pool->free_count, segment->chunk_count - 1);
  memset(segment->chunks, 0, MED_CACHE_CHUNK_SIZE);
}

static void count_all_slots(med_cache_header *header) {
  uint32_t count = 0;
  for (int i = 0; i < MED_CACHE_SLOT_COUNT; i++) count += atomic_load(&header->slots[i].state) >= MED_CACHE_SLOT_ALL;
  atomic_store(&header->all_count, count);
}

/* What the transactions in the slots held is forgotten with all else, so each of them now holds everything. */
static void empty_under_locks(med_cache_segment *segment) {
  med_cache_header *header = segment->header;
  for (int i = 0; i < MED_CACHE_SLOT_COUNT; i++) {
    uint32_t keys = MED_CACHE_SLOT_KEYS;
    atomic_compare_exchange_strong(&header->slots[i].state, &keys, MED_CACHE_SLOT_ALL);
  }
  count_all_slots(header);
  med_cache_make_empty(segment);
  atomic_fetch_add(&header->epoch, 1);
  atomic_store(&header->broken, 0);
}

static int empty_after_death(med_cache_segment *segment) {
  med_cache_header *header = segment->header;
  if (!lock(segment, &header->control)) return MEDLEY_CORRUPT;
  uint32_t locked = 0;
  while (locked < segment->shard_count && lock(segment, &segment->shards[locked].mutex)) locked++;
  int rc = MEDLEY_CORRUPT;
  if (locked == segment->shard_count && lock(segment, &header->pool.mutex)) {
    if (atomic_load(&header->broken)) empty_under_locks(segment);
    pthread_mutex_unlock(&header->pool.mutex);
    rc = MEDLEY_OK;
  }
  while (locked > 0) pthread_mutex_unlock(&segment->shards[--locked].mutex);
  pthread_mutex_unlock(&header->control);
  return rc;
}

int med_cache_lock_shard(med_cache_segment *segment, uint32_t shard) {
  med_cache_header *header = segment->header;
  for (;;) {
    if (!lock(segment, &segment->shards[shard].mutex)) return MEDLEY_CORRUPT;
    bool dropped = atomic_load_explicit(&header->dropped, memory_order_acquire);
    bool broken = atomic_load_explicit(&header->broken, memory_order_acquire);
    if (!dropped && !broken) return MEDLEY_OK;
    pthread_mutex_unlock(&segment->shards[shard].mutex);
    if (dropped) return MEDLEY_SCHEMA;
    int rc = empty_after_death(segment);
    if (rc != MEDLEY_OK) return rc;
  }
}

void med_cache_unlock_shard(med_cache_segment *segment, uint32_t shard) {
  pthread_mutex_unlock(&segment->shards[shard].mutex);
}

bool med_cache_lock_pool(med_cache_segment *segment) {
  if (!lock(segment, &segment->header->pool.mutex)) return false;
  /* A death with the pool locked leaves its shard's mutex behind as well; until that is seen, nothing is given out. */
  if (!atomic_load_explicit(&segment->header->broken, memory_order_acquire)) return true;
  pthread_mutex_unlock(&segment->header->pool.mutex);
  return false;
}

void med_cache_unlock_pool(med_cache_segment *segment) { pthread_mutex_unlock(&segment->header->pool.mutex); }

/* ---- Transactions that are committing ---- */
static bool slot_lives(const med_cache_segment *segment, const med_cache_slot *slot) {
  uint32_t pid = atomic_load(&slot->pid);
  uint64_t start = atomic_load(&slot->pid_start);
  if (pid == segment->pid && start == segment->pid_start) return true;
  if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) return false;
  if (monotonic_ms() - atomic_load(&slot->since_ms) < TRUST_PID_MS) return true;
  return med_cache_process_start(pid) == start;
}

bool med_cache_hold_lives(med_cache_segment *segment, const med_cache_chunk *hold) {
  if (hold->flags >= MED_CACHE_SLOT_COUNT) return false;
  const med_cache_slot *slot = &segment->header->slots[hold->flags];
  return atomic_load(&slot->state) != MED_CACHE_SLOT_FREE && atomic_load(&slot->token) == hold->cas &&
         slot_lives(segment, slot);
}

bool med_cache_all_held(med_cache_segment *segment) {
  med_cache_header *header = segment->header;
  if (atomic_load_explicit(&header->all_count, memory_order_acquire) == 0) return false;
  for (int i = 0; i < MED_CACHE_SLOT_COUNT; i++) {
    uint32_t state = atomic_load(&header->slots[i].state);
    if (state < MED_CACHE_SLOT_ALL) continue;
    if (slot_lives(segment, &header->slots[i])) return true;
    if (state == MED_CACHE_SLOT_DROP) {
      med_cache_segment_drop(segment); /* whether that commit came about, the catalog knows */
      return true;
    }
  }
  return false;
}

static void free_dead_slots(med_cache_segment *segment) {
  for (int i = 0; i < MED_CACHE_SLOT_COUNT; i++) {
    med_cache_slot *slot = &segment->header->slots[i];
    uint32_t state = atomic_load(&slot->state);
    if (state != MED_CACHE_SLOT_FREE && !slot_lives(segment, slot)) {
      if (state == MED_CACHE_SLOT_DROP) med_cache_segment_drop(segment);
      atomic_store(&slot->state, MED_CACHE_SLOT_FREE);
    }
  }
  count_all_slots(segment->header);
}

static med_cache_slot *free_slot(med_cache_segment *segment) {
  for (int i = 0; i < MED_CACHE_SLOT_COUNT; i++) {
    if (atomic_load(&segment->header->slots[i].state) == MED_CACHE_SLOT_FREE) return &segment->header->slots[i];
  }
  return NULL;
}

int med_cache_commit_begin(med_cache_segment *segment, med_cache_commit *commit) {
  med_cache_header *header = segment->header;
  commit->token = 0;
  if (atomic_load(&header->dropped)) return MEDLEY_SCHEMA;
  if (!lock(segment, &header->control)) return MEDLEY_CORRUPT;
  /* Dead holders of everything would slow each access: nobody else takes them out. */
  if (atomic_load(&header->all_count) > 0) free_dead_slots(segment);
  med_cache_slot *slot = free_slot(segment);
  if (slot == NULL) {
    free_dead_slots(segment);
    slot = free_slot(segment);
  }
  if (slot != NULL) {
    commit->slot = (uint32_t)(slot - header->slots);
    commit->token = ++header->token_count;
    commit->epoch = atomic_load(&header->epoch);
    atomic_store(&slot->pid, segment->pid);
    atomic_store(&slot->pid_start, segment->pid_start);
    atomic_store(&slot->since_ms, monotonic_ms());
    atomic_store(&slot->token, commit->token);
    atomic_store(&slot->state, MED_CACHE_SLOT_KEYS);
  }
  pthread_mutex_unlock(&header->control);
  return slot == NULL ? MEDLEY_BUSY : MEDLEY_OK;
}

static int set_state(med_cache_segment *segment, const med_cache_commit *commit, med_cache_slot_state state) {
  med_cache_header *header = segment->header;
  med_cache_slot *slot = &header->slots[commit->slot];
  if (!lock(segment, &header->control)) return MEDLEY_CORRUPT;
  if (atomic_load(&slot->token) == commit->token) atomic_store(&slot->state, state);
  count_all_slots(header);
  pthread_mutex_unlock(&header->control);
  return MEDLEY_OK;
}

int med_cache_commit_hold_all(med_cache_segment *segment, const med_cache_commit *commit, bool dropping) {
  int rc = set_state(segment, commit, dropping ? MED_CACHE_SLOT_DROP : MED_CACHE_SLOT_ALL);
  /* Whoever had a shard locked before sees the new state at its next lock; what it stored goes now. */
  if (rc == MEDLEY_OK) rc = med_cache_segment_flush(segment);
  return rc;
}

void med_cache_commit_reopen(med_cache_segment *segment, const med_cache_commit *commit) {
  if (set_state(segment, commit, MED_CACHE_SLOT_KEYS) != MEDLEY_OK) return; /* unusable: nobody gets in anyway */
}

void med_cache_commit_end(med_cache_segment *segment, med_cache_commit *commit) {
  if (commit->token == 0) return;
  if (set_state(segment, commit, MED_CACHE_SLOT_FREE) != MEDLEY_OK) return;
  commit->token = 0;
}
