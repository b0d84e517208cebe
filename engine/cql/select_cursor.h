/* select_cursor.h - a SELECT that runs, as its files share it: rows are found (select_rows.c), put into groups and order (select_groups.c), and
 * cut into pages (select_pages.c).
 *
 * Threads and lifetime: as of select.h. */
#ifndef MED_CQL_SELECT_CURSOR_H
#define MED_CQL_SELECT_CURSOR_H

#include "engine/cql/aggregate.h"
#include "engine/cql/select.h"

typedef struct med_cql_sorted_row {
  const medley_value *values;
  const med_slice *clustering; /* NULL: of a partition that has only static columns */
} med_cql_sorted_row;

struct med_cql_select_cursor {
  med_cql_run *run;
  const med_cql_select_plan *plan;
  med_cql_bounds bounds;
  int64_t now_s;
  /* Where rows come from */
  med_wide_reader *reader;
  med_wide_index_reader *index;
  const med_cql_test *indexed;   /* which entries the index is asked for */
  size_t partition_at, range_at; /* the next place to read */
  bool reading;                  /* there are more rows where the last one was */
  uint64_t visited;
  /* The page: rows that it may still have, and the place of its last one */
  bool paged;
  uint64_t page_left;
  uint64_t page_hash; /* of the statement and its values */
  med_key page_tail;
  size_t page_partition_len;        /* of page_tail; 0: no row yet */
  const med_slice *page_clustering; /* of the row behind which a page of groups begins */
  /* Limits */
  uint64_t limit, partition_limit; /* UINT64_MAX: none */
  uint64_t answered, in_partition; /* rows, or groups */
  /* The group that is being put together */
  med_cql_accumulator *accumulators;
  med_arena group_arena;
  med_wide_entry group; /* a copy of its first row; nothing, if only sealed rows are in it */
  bool grouping, ended;
  bool begun; /* the table's sealed rows have been asked for their totals */
  /* Rows to be sorted */
  med_arena answer_arena; /* of them, or of the group that is shown */
  med_cql_sorted_row *sorted;
  size_t sorted_count, sorted_at, sorted_bytes;
  bool is_sorted;
  /* The present row */
  med_arena arena;
  medley_value *row;
};

/* ---- select_rows.c ---- */
/* The next row that is an answer, or goes into a group; NOT_FOUND at the end. */
MEDLEY_MUST_USE int med_cql_select_entry(med_cql_select_cursor *cursor, med_wide_entry *entry);
/* The row as it is shown, with as many values as the statement has columns. entry NULL: there is none. */
MEDLEY_MUST_USE int med_cql_select_show(med_cql_select_cursor *cursor, const med_wide_entry *entry, med_arena *arena,
                                        medley_value *row);

/* ---- select_groups.c ---- */
bool med_cql_select_in_group(const med_cql_select_cursor *cursor, const med_wide_entry *entry);
/* ROW with the next group, or DONE. */
MEDLEY_MUST_USE int med_cql_select_group(med_cql_select_cursor *cursor, medley_value *row);
/* ROW with the next row or group in the order that is asked for, or DONE. */
MEDLEY_MUST_USE int med_cql_select_sorted(med_cql_select_cursor *cursor, const medley_value **row);

/* ---- select_pages.c ---- */
/* Before the first row. */
MEDLEY_MUST_USE int med_cql_select_open_page(med_cql_select_cursor *cursor, const med_cql_page *page);
/* A row is answered, or in the group that is: the page may end behind it. */
MEDLEY_MUST_USE int med_cql_select_remember(med_cql_select_cursor *cursor, med_slice tail);
/* The first row of a page may be of the partition in which the last page ended. */
bool med_cql_select_goes_on(const med_cql_select_cursor *cursor, const med_wide_entry *entry);

#endif
