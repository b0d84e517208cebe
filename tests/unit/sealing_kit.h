/* sealing_kit.h - one store in a folder of its own, an open write transaction, and a table k.t in it: for tests of segments that use the model
 * without its languages. Everything is in one set of variables; a test program has one store at a time. */
#ifndef SEALING_KIT_H
#define SEALING_KIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

#define OK(expression)                                                                                  \
  do {                                                                                                  \
    int rc_ = (expression);                                                                             \
    ck_assert_msg(rc_ == MEDLEY_OK, "%s: %s: %s", #expression, medley_status_name(rc_), error.message); \
  } while (0)

static inline void sealing_open(void) {
  medley_options options;
  medley_options_init(&options);
  options.durability = MEDLEY_RELAXED;
  options.map_size_bytes = (uint64_t)1 << 30;
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

#endif
