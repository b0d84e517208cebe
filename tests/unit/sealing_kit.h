/* sealing_kit.h - one store in a folder of its own, an open write transaction, and a table k.t in it: for tests of segments that use the model
 * without its languages. Everything is in one set of variables; a test program has one store at a time. */
#ifndef SEALING_KIT_H
#define SEALING_KIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "models/widecolumn/catalog.h"
#include "storage/writer.h"

static char folder[64], path[96];
static med_store *store;
static med_member *member;
static med_txn *txn;
static med_wide_catalog *catalog;
static const med_wide_table *table;
static med_arena arena;
static medley_error error;
static int64_t sealing_ahead_us; /* of the system's clock, for whoever begins from now on; it never goes back */

#define OK(expression)                                                                                  \
  do {                                                                                                  \
    int rc_ = (expression);                                                                             \
    ck_assert_msg(rc_ == MEDLEY_OK, "%s: %s: %s", #expression, medley_status_name(rc_), error.message); \
  } while (0)

static inline int64_t sealing_clock(void *context) {
  struct timespec now;
  (void)context;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + sealing_ahead_us;
}

static inline void sealing_open(void) {
  medley_options options;
  medley_options_init(&options);
  options.durability = MEDLEY_RELAXED;
  options.map_size_bytes = (uint64_t)1 << 30;
  options.clock_us = sealing_clock;
  snprintf(folder, sizeof folder, "/tmp/medley-sealing-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/db.medley", folder);
  OK(med_store_open(path, &options, &store, &error));
  OK(med_member_open(store, &member));
  OK(med_writer_begin(member, false, 10000, &error));
  txn = med_member_txn(member);
}

static inline void sealing_close(void) {
  char lock[128];
  med_wide_catalog_release(catalog);
  catalog = NULL;
  med_writer_rollback(member);
  med_member_close(member);
  med_store_close(store);
  med_arena_clear(&arena);
  unlink(path);
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(lock);
  rmdir(folder);
}

static inline void sealing_read_catalog(const char *name) {
  med_wide_catalog_release(catalog);
  catalog = NULL;
  OK(med_wide_catalog_open(txn, &catalog));
  table = med_wide_catalog_table(catalog, med_slice_of_text("k"), med_slice_of_text(name));
}

/* Its number is drawn, too, as all are. */
static inline void sealing_put_table(const med_wide_table *made) {
  OK(med_wide_catalog_put_table(txn, made));
  for (uint32_t drawn = 0; drawn < made->id;) OK(med_wide_catalog_next_id(txn, &drawn));
}

/* The same of a table k.`name` with these columns, whose ids ascend, and that property. Its number: `id`. */
static inline med_wide_table sealing_table(uint32_t id, const char *name, const med_wide_column *columns, size_t count,
                                           const med_wide_property *segment_rows) {
  med_wide_table made = {.id = id,
                         .keyspace = med_slice_of_text("k"),
                         .name = med_slice_of_text(name),
                         .columns = columns,
                         .column_count = count,
                         .next_column_id = (uint16_t)(columns[count - 1].id + 1),
                         .properties = segment_rows,
                         .property_count = 1};
  for (size_t i = 0; i < count; i++) {
    made.partition_count += columns[i].role == MED_WIDE_PARTITION;
    made.clustering_count += columns[i].role == MED_WIDE_CLUSTERING;
  }
  return made;
}

static inline med_wide_property sealing_rows(const char *segment_rows) {
  med_wide_property property = {med_slice_of_text(MED_WIDE_SEGMENT_ROWS_PROPERTY), med_slice_of_text(segment_rows)};
  return property;
}

/* It becomes `table`. */
static inline void sealing_make_table(uint32_t id, const char *name, const med_wide_column *columns, size_t count,
                                      const char *segment_rows) {
  med_wide_property property = sealing_rows(segment_rows);
  med_wide_table made = sealing_table(id, name, columns, count, &property);
  sealing_put_table(&made);
  sealing_read_catalog(name);
}

#endif
