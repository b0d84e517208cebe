/* mutation.h - changing rows: what INSERT, UPDATE and DELETE come down to, with indexes and views kept right in the same transaction.
 *
 * Timestamps. A table in which no statement ever gave a timestamp (MED_WIDE_TABLE_TIMESTAMPS is not set) needs no memory of what was
 * deleted: there is one writer, so what comes later is younger; a delete is a delete, and reads do not slow down with it. From the
 * first explicit timestamp on the table settles writes as Cassandra does and keeps tombstones for its gc_grace_seconds; what was
 * deleted before that is not remembered. The caller sets the flag (med_wide_table_note) before he applies such a write, and
 * MED_WIDE_TABLE_EXPIRES before one with a time to live.
 *
 * A row of a table with time windows (time_window.h) is written to the window of its key, which is made if there is none; RANGE, with the window's
 * bounds, if that is past. What is deleted there is gone already. Such a table takes no explicit timestamps: UNSUPPORTED, of med_wide_table_note.
 * A table that is append_only takes rows with a marker whose key is not there, or EXISTS; all else is UNSUPPORTED by name.
 *
 * What is given has been checked against the schema: values are of their columns' types, keys are complete. A failed call leaves
 * what the caller's mark undoes. Threads and lifetime: as the transaction's; the arena is for the call and may be reset after it. */
#ifndef MED_WIDECOLUMN_MUTATION_H
#define MED_WIDECOLUMN_MUTATION_H

#include "models/widecolumn/partition.h"

typedef enum med_wide_change_kind {
  MED_WIDE_CHANGE_SET,            /* column = value; null deletes */
  MED_WIDE_CHANGE_ADD,            /* list: appended; set: united; map: put */
  MED_WIDE_CHANGE_PREPEND,        /* list */
  MED_WIDE_CHANGE_REMOVE,         /* list: every equal element; set; map: value is a set of keys */
  MED_WIDE_CHANGE_SET_ELEMENT,    /* map[element] = value; null deletes */
  MED_WIDE_CHANGE_SET_AT,         /* list[index] = value; null deletes; RANGE if there is none */
  MED_WIDE_CHANGE_REMOVE_ELEMENT, /* of a set or map */
  MED_WIDE_CHANGE_SET_FIELD,      /* user type: field number index = value */
  MED_WIDE_CHANGE_ADD_COUNTER     /* index is added; wraps as in Cassandra */
} med_wide_change_kind;

typedef struct med_wide_change {
  med_wide_change_kind kind;
  const med_wide_column *column;
  med_slice value;   /* serialized; NULL bytes: null */
  med_slice element; /* serialized */
  int64_t index;
} med_wide_change;

typedef struct med_wide_write {
  const med_wide_table *table;
  const med_slice *partition;  /* values */
  const med_slice *clustering; /* values; NULL: the partition's static columns */
  int64_t timestamp_us;
  uint32_t ttl_s; /* 0: none */
  bool marker;    /* an INSERT: the row is there though all columns are null */
  bool may_wait;  /* its statement reads nothing: the write may be put off (arrivals.h) */
  const med_wide_change *changes;
  size_t change_count;
} med_wide_write;

/* Sets flags of a table if they are not set; *changed: the catalog has a new version, and the caller's `table` is of an old one. */
MEDLEY_MUST_USE int med_wide_table_note(med_txn *txn, const med_wide_table *table, uint32_t flags, bool *changed);

MEDLEY_MUST_USE int med_wide_apply(med_txn *txn, const med_wide_write *write, med_arena *arena);

/* Deletes one row. */
MEDLEY_MUST_USE int med_wide_delete_row(med_txn *txn, const med_wide_table *table, const med_slice *partition,
                                        const med_slice *clustering, int64_t timestamp_us, med_arena *arena);
/* Deletes the rows of a range of a partition; range NULL: the whole partition, static columns with it. */
MEDLEY_MUST_USE int med_wide_delete_range(med_txn *txn, const med_wide_table *table, const med_slice *partition,
                                          const med_wide_range *range, int64_t timestamp_us, med_arena *arena);

/* EXISTS: the table is append-only, and has a row of the key. */
int med_wide_refuse_present(med_txn *txn, const med_wide_table *table);
/* A row that was put off: what its INSERT gave (arrivals.h), written over what is there. */
typedef struct med_wide_arrived_row {
  const med_wide_table *table;
  med_slice key;
  med_slice record;      /* its value, whole */
  const uint16_t *nulls; /* ids of columns that become null */
  size_t null_count;
} med_wide_arrived_row;
MEDLEY_MUST_USE int med_wide_apply_arrived(med_txn *txn, const med_wide_arrived_row *arrived, med_arena *arena);

/* Puts a row in place of what is there, deleting it if it is empty, and brings what is derived from it up to date. For whoever changes rows
 * otherwise: sweep.c. */
MEDLEY_MUST_USE int med_wide_row_replace(med_txn *txn, const med_wide_table *table, const med_slice *partition,
                                         const med_slice *clustering, const med_wide_row *row, med_arena *arena);

#endif
