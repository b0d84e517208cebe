/* catalog.h - everything that is defined in one snapshot, by name; and changing it.
 *
 * A catalog is read whole, never changes, and is known by its version, a random number that every definition draws anew: whoever keeps
 * one compares the version of his transaction with it. A change is a put or drop of one description; it takes part in the
 * transaction like any write. Rows of what is dropped are freed in slices by med_wide_sweep (sweep.h).
 * Threads: a catalog may be read by any number of threads; retain and release are the owner's. */
#ifndef MED_WIDECOLUMN_CATALOG_H
#define MED_WIDECOLUMN_CATALOG_H

#include "models/widecolumn/schema.h"
#include "storage/store.h"

/* The version of the transaction's definitions; 0: nothing was ever defined. */
MEDLEY_MUST_USE int med_wide_catalog_version_now(med_txn *txn, uint64_t *version);
/* Reads all; one reference. */
MEDLEY_MUST_USE int med_wide_catalog_open(med_txn *txn, med_wide_catalog **catalog);
med_wide_catalog *med_wide_catalog_retain(med_wide_catalog *catalog);
void med_wide_catalog_release(med_wide_catalog *catalog); /* NULL is allowed */
uint64_t med_wide_catalog_version(const med_wide_catalog *catalog);

/* NULL if there is none. A view is a table with MED_WIDE_TABLE_VIEW. */
const med_wide_keyspace *med_wide_catalog_keyspace(const med_wide_catalog *catalog, med_slice name);
const med_wide_table *med_wide_catalog_table(const med_wide_catalog *catalog, med_slice keyspace, med_slice name);
const med_wide_user_type *med_wide_catalog_user_type(const med_wide_catalog *catalog, med_slice keyspace,
                                                     med_slice name);
/* *table is the one it belongs to. */
const med_wide_index *med_wide_catalog_index(const med_wide_catalog *catalog, med_slice keyspace, med_slice name,
                                             const med_wide_table **table);
/* In order of their names; of keyspace and name. */
const med_wide_keyspace *med_wide_catalog_keyspaces(const med_wide_catalog *catalog, size_t *count);
const med_wide_table *med_wide_catalog_tables(const med_wide_catalog *catalog, size_t *count);
const med_wide_user_type *med_wide_catalog_user_types(const med_wide_catalog *catalog, size_t *count);
/* For med_wide_type_parse: the keyspace of names without one, in an arena that the type outlives in. */
typedef struct med_wide_type_scope {
  const med_wide_catalog *catalog;
  med_slice keyspace;
  med_arena *arena;
  unsigned depth;
} med_wide_type_scope;
int med_wide_catalog_find_type(void *scope, med_slice keyspace, med_slice name, med_wide_type *type);

/* Changes. put: makes it or replaces the one of that name. The caller has seen to it that what it says makes sense. */
MEDLEY_MUST_USE int med_wide_catalog_put_keyspace(med_txn *txn, const med_wide_keyspace *keyspace);
MEDLEY_MUST_USE int med_wide_catalog_put_user_type(med_txn *txn, const med_wide_user_type *type);
MEDLEY_MUST_USE int med_wide_catalog_put_table(med_txn *txn, const med_wide_table *table);
MEDLEY_MUST_USE int med_wide_catalog_drop_keyspace(med_txn *txn, med_slice name); /* it is empty */
MEDLEY_MUST_USE int med_wide_catalog_drop_user_type(med_txn *txn, med_slice keyspace, med_slice name);
/* Its rows and those of its indexes wait for med_wide_sweep; its views are the caller's. */
MEDLEY_MUST_USE int med_wide_catalog_drop_table(med_txn *txn, const med_wide_table *table);
/* All that stands under a table's number, or a window's (window_directory.h). */
MEDLEY_MUST_USE int med_wide_catalog_drop_rows(med_txn *txn, uint32_t id);
MEDLEY_MUST_USE int med_wide_catalog_drop_index_rows(med_txn *txn, uint32_t index_id);
/* A number for a new table or index, from 1: of a counter of their own, since they have four bytes in every key. TOO_BIG when all are used up. */
MEDLEY_MUST_USE int med_wide_catalog_next_id(med_txn *txn, uint32_t *id);
/* The one that comes next: no table or index has it, or a higher one. */
MEDLEY_MUST_USE int med_wide_catalog_free_id(med_txn *txn, uint32_t *id);

#endif
