/* groups.h - totals over all rows of a table, by groups of equal values: sealed rows by columns, the others one by one.
 *
 * Values become numbers (a dictionary's codes once for each segment, others by hashing), pairs of numbers become groups, and a vector's
 * rows are added to the totals of their groups. Order does not matter: groups come as they first appeared.
 *
 * Where no vector has to be looked at, headers answer: of a segment none of whose rows is gone, whose bounds say that every row passes (or that none
 * does), and of which only integers are totalled, without keys. Where many rows are sealed and the snapshot still is the newest one, half of the
 * segments are a second thread's, which has ended when the call returns.
 *
 * Null is a group of its own. A NaN counts as null, as SQL sees it; -0 and 0 are one value.
 * Nobody may write in the transaction meanwhile. Threads and lifetime: as the transaction's; what is made outlives it. */
#ifndef MED_WIDECOLUMN_GROUPS_H
#define MED_WIDECOLUMN_GROUPS_H

#include "models/widecolumn/group_totals.h"
#include "models/widecolumn/segment_scan.h"

#define MED_WIDE_GROUP_KEYS_MAX 4
#define MED_WIDE_GROUP_TOTALS_MAX 8
#define MED_WIDE_GROUP_TESTS_MAX 16
#define MED_WIDE_GROUPS_MAX ((uint32_t)1 << 22)
#define MED_WIDE_GROUPS_SHARE_ROWS 250000

typedef struct med_wide_group_test {
  const med_wide_column *column;
  med_compare compare;
  med_slice value; /* of the column; not NaN */
} med_wide_group_test;

typedef struct med_wide_group_query {
  const med_wide_column *keys[MED_WIDE_GROUP_KEYS_MAX];
  const med_wide_column *totals[MED_WIDE_GROUP_TOTALS_MAX];
  med_wide_group_test tests[MED_WIDE_GROUP_TESTS_MAX]; /* all of them hold */
  bool bounds[MED_WIDE_GROUP_TOTALS_MAX];              /* of a total of integers, min and max are wanted */
  size_t key_count, total_count, test_count;
  bool only_sealed;           /* rows that are not sealed, records and those of runs, are somebody else's to add */
  uint64_t share_rows;        /* sealed rows from which on a second thread helps; 0: MED_WIDE_GROUPS_SHARE_ROWS */
  int (*poll)(void *context); /* now and then; what it answers but OK ends the work */
  void *poll_context;
} med_wide_group_query;

/* Whether the column can be a key, be added up (or counted), be compared: of the key or regular, no collection or counter; a key is no real. */
bool med_wide_groups_take_key(const med_wide_column *column);
bool med_wide_groups_take_total(const med_wide_column *column);
bool med_wide_groups_take_test(const med_wide_column *column);

typedef struct med_wide_groups med_wide_groups;
/* TOO_BIG if there are more than MED_WIDE_GROUPS_MAX; UNSUPPORTED, without a message, if a segment does not have a column of the key by
 * itself; CORRUPT, NO_MEMORY, poll's. */
MEDLEY_MUST_USE int med_wide_groups_make(med_txn *txn, const med_wide_table *table, const med_wide_group_query *query,
                                         med_wide_groups **groups);
void med_wide_groups_free(med_wide_groups *groups);

/* The numbers of the groups that have rows (without keys there is one group, with or without), in order of these keys, of which each is below key_count: null
 * first, or last where it descends; else as they appeared. NULL: memory is short. med_free. */
typedef struct med_wide_group_order {
  size_t key;
  bool descending;
} med_wide_group_order;
uint32_t *med_wide_groups_list(const med_wide_groups *groups, const med_wide_group_order *orders, size_t order_count,
                               uint32_t *count);

/* Numbers below `count`, of which some may have no rows: they are no groups. */
uint32_t med_wide_groups_count(const med_wide_groups *groups);
uint64_t med_wide_groups_rows(const med_wide_groups *groups, uint32_t group);
const med_wide_total *med_wide_groups_total(const med_wide_groups *groups, uint32_t group, size_t total);
/* The value of a key column; false: null. An integer, or a text, which lives as long as the groups. */
bool med_wide_groups_key(const med_wide_groups *groups, uint32_t group, size_t key, int64_t *integer, med_slice *text);

#endif
