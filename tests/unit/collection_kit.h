/* collection_kit.h - a database file for tests of collections: transactions, reopening, marks, a clock, odd names. */
#ifndef COLLECTION_KIT_H
#define COLLECTION_KIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/keyvalue/collection.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

typedef struct collection_kit {
  char folder[64];
  char path[96];
  int64_t clock_us;
  uint64_t seed;
  med_store *store;
  med_member *member;
  med_kv kv;
  med_arena arena;
  medley_error error;
} collection_kit;

#define KIT_OK(kit, expression)                                                                                      \
  do {                                                                                                               \
    int kit_rc = (expression);                                                                                       \
    ck_assert_msg(kit_rc == MEDLEY_OK, "%s: %s: %s", #expression, medley_status_name(kit_rc), (kit)->error.message); \
  } while (0)

static inline int64_t kit_clock(void *context) { return *(int64_t *)context; }

static inline void kit_begin(collection_kit *kit) {
  KIT_OK(kit, med_writer_begin(kit->member, false, 10000, &kit->error));
  kit->kv.txn = med_member_txn(kit->member);
  KIT_OK(kit, med_kv_open(kit->kv.txn, med_slice_of_text("0"), true, &kit->kv));
  med_arena_reset(&kit->arena);
}

static inline void kit_commit(collection_kit *kit) {
  KIT_OK(kit, med_writer_commit(kit->member, &kit->error));
  kit->kv.txn = NULL;
}

static inline void kit_open_store(collection_kit *kit) {
  medley_options options;
  medley_options_init(&options);
  options.durability = MEDLEY_RELAXED;
  options.clock_us = kit_clock;
  options.clock_context = &kit->clock_us;
  options.map_size_bytes = (uint64_t)4 << 30;
  options.seed = kit->seed;
  KIT_OK(kit, med_store_open(kit->path, &options, &kit->store, &kit->error));
  KIT_OK(kit, med_member_open(kit->store, &kit->member));
}

/* A new file with a transaction begun. */
static inline void kit_open(collection_kit *kit, uint64_t seed) {
  memset(kit, 0, sizeof *kit);
  kit->clock_us = (int64_t)1700000000 * 1000000;
  kit->seed = seed | 1;
  snprintf(kit->folder, sizeof kit->folder, "/tmp/medley-collection-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(kit->folder));
  snprintf(kit->path, sizeof kit->path, "%s/db.medley", kit->folder);
  kit_open_store(kit);
  kit_begin(kit);
}

static inline void kit_close_store(collection_kit *kit) {
  kit_commit(kit);
  med_member_close(kit->member);
  med_store_close(kit->store);
}

/* Commits, closes the file, opens it again, begins. */
static inline void kit_reopen(collection_kit *kit) {
  kit_close_store(kit);
  kit_open_store(kit);
  kit_begin(kit);
}

static inline void kit_next_transaction(collection_kit *kit) {
  kit_commit(kit);
  kit_begin(kit);
}

static inline void kit_close(collection_kit *kit) {
  char lock[112];
  kit_close_store(kit);
  med_arena_clear(&kit->arena);
  snprintf(lock, sizeof lock, "%s-lock", kit->path);
  unlink(kit->path);
  unlink(lock);
  rmdir(kit->folder);
}

/* Number n of a fixed population of names: mostly short ones; some as long as a key holds, some much longer with equal
 * beginnings, some with zeros and bytes FF; number 0 is empty. */
enum { KIT_NAME_MAX = 9000 };
static inline size_t kit_name(uint64_t n, char bytes[KIT_NAME_MAX]) {
  if (n == 0) return 0;
  size_t len = (size_t)snprintf(bytes, KIT_NAME_MAX, "name:%llu", (unsigned long long)n);
  if (n % 17 == 3) {
    size_t longer = n % 2 ? MED_PART_NAME_MAX : MED_PART_LONG_NAME;
    memset(bytes + len, 'k', longer - len);
    len = longer;
  } else if (n % 17 == 5) { /* the number stands behind what a key can hold */
    memset(bytes, 'z', 600);
    len = 600 + (size_t)snprintf(bytes + 600, KIT_NAME_MAX - 600, "%llu", (unsigned long long)n);
  } else if (n % 171 == 7) {
    memset(bytes, 'y', 8000);
    len = 8000 + (size_t)snprintf(bytes + 8000, KIT_NAME_MAX - 8000, "%llu", (unsigned long long)n);
  } else if (n % 17 == 9) {
    bytes[0] = (char)0xFF;
    bytes[2] = 0;
  }
  return len;
}

static inline med_slice kit_name_slice(uint64_t n, char bytes[KIT_NAME_MAX]) {
  return med_slice_of(bytes, kit_name(n, bytes));
}

/* A value made of a number, so that a model remembers the number alone: mostly short, some of several records. */
enum { KIT_VALUE_MAX = 70000 };
static inline med_slice kit_value(uint32_t number, char *bytes) {
  size_t len = number % 23 == 0 ? 4000 + number % 200 : number % 101 == 0 ? 9000 + number % 60000 : number % 40;
  for (size_t i = 0; i < len; i++) bytes[i] = (char)((number >> (i % 4 * 8)) + i);
  if (len >= 4) memcpy(bytes, &number, 4);
  return med_slice_of(bytes, len);
}

/* How many parts of any object there are: 0 once everything is removed and swept. */
static inline uint64_t kit_part_count(collection_kit *kit) {
  med_cursor *cursor;
  med_slice key;
  uint64_t count = 0;
  uint8_t prefix = 2;
  KIT_OK(kit, med_cursor_open(kit->kv.txn, MED_TREE_KV, &cursor));
  int rc = med_cursor_seek(cursor, med_slice_of(&prefix, 1), &key, NULL);
  while (rc == MEDLEY_OK && key.len > 0 && *(const uint8_t *)key.bytes == prefix) {
    count++;
    rc = med_cursor_next(cursor, &key, NULL);
  }
  med_cursor_close(cursor);
  return count;
}

static inline void kit_sweep_all(collection_kit *kit) {
  bool left = true;
  while (left) {
    size_t swept;
    KIT_OK(kit, med_kv_sweep(kit->kv.txn, 1000, &swept, &left));
  }
}

static inline void kit_problem(void *context, const char *problem) {
  printf("problem: %s\n", problem);
  fflush(stdout);
  ++*(uint64_t *)context;
}

/* Every structure of the collection agrees with every other. */
static inline void kit_check(collection_kit *kit, const char *key) {
  med_kv_meta meta;
  uint64_t printed = 0, count = 0;
  int rc = med_kv_find(&kit->kv, med_slice_of_text(key), &meta);
  if (rc == MEDLEY_NOT_FOUND) return;
  KIT_OK(kit, rc);
  KIT_OK(kit, med_collection_check(&kit->kv, med_slice_of_text(key), &meta, kit_problem, &printed, &count));
  ck_assert_uint_eq(count, 0);
}

#endif
