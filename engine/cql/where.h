/* where.h - a WHERE clause against a table's key: which partitions, which rows of them, and what is left to be tested.
 *
 * Two steps: restrict sorts the relations by what they can do and refuses what Cassandra refuses; bounds takes the values and makes the
 * places to read. A relation that is not fully said by the places is also a test. */
#ifndef MED_CQL_WHERE_H
#define MED_CQL_WHERE_H

#include "engine/cql/run.h"

typedef enum med_cql_purpose { MED_CQL_FOR_SELECT, MED_CQL_FOR_UPDATE, MED_CQL_FOR_DELETE } med_cql_purpose;

typedef struct med_cql_restrictions {
  const med_wide_table *table;
  const med_cql_relation **partition;    /* for each column: = or IN, or NULL */
  const med_cql_relation **clustering;   /* for each column: = or IN, alone or in a tuple that begins there; or NULL */
  const med_cql_relation *lower, *upper; /* of the clustering column behind those, or of a tuple that begins with it */
  size_t equal_count;                    /* clustering columns before it */
  const med_cql_relation **tests;        /* what places do not say */
  size_t test_count;
  const med_cql_relation **tokens;
  size_t token_count;
  bool whole_key;                  /* every partition column has its = or IN */
  bool whole_row;                  /* and every clustering column */
  const med_wide_index *index;     /* of one of the tests: it finds the rows where there is no whole key */
  const med_cql_relation *indexed; /* that test: no filtering, also where the rows of a whole key are looked at */
  bool filters;                    /* rows must be looked at that are no answer */
} med_cql_restrictions;

MEDLEY_MUST_USE int med_cql_restrict(med_cql_run *run, const med_wide_table *table, const med_cql_where *where,
                                     med_cql_purpose purpose, med_cql_restrictions *restrictions);

/* The error for a relation of a clustering column that has none before it, or one that is no equality. */
int med_cql_refuse_gap(med_cql_run *run, const med_cql_restrictions *restrictions, const med_cql_relation *relation);

typedef struct med_cql_test { /* a relation with its values */
  const med_cql_relation *relation;
  const med_wide_column **columns;
  med_wide_type type; /* of what is compared, if it is one column, element or field */
  med_slice element;
  uint16_t field;
  med_slice *values; /* IN: all; else column_count of them */
  size_t count;
} med_cql_test;

typedef struct med_cql_bounds {
  const med_slice **partitions; /* values of each; in order of their tokens, each once; only with a whole key */
  size_t partition_count;
  med_wide_range *ranges; /* of each partition, in order, apart from each other; none: all rows */
  size_t range_count;
  bool all_rows;                /* no clustering column is restricted */
  const med_slice **rows;       /* clustering values, if the row is whole: as many as ranges */
  int64_t token_from, token_to; /* both inclusive */
  bool nothing;                 /* no row can match */
  med_cql_test *tests;
  size_t test_count;
  med_slice index_value;
} med_cql_bounds;

MEDLEY_MUST_USE int med_cql_bounds_make(med_cql_run *run, const med_cql_restrictions *restrictions,
                                        med_cql_bounds *bounds);

/* False for an operator that does not compare with one value. */
bool med_cql_comparison_of(med_cql_operator operation, med_compare *compare);
/* The windows of time that the tests leave over; all, if the table has none. */
med_wide_window_span med_cql_bounds_windows(const med_wide_table *table, const med_cql_bounds *bounds);

/* One relation with its values; for IF too. */
MEDLEY_MUST_USE int med_cql_test_make(med_cql_run *run, const med_wide_table *table, const med_cql_relation *relation,
                                      med_cql_test *test);
/* Whether a row passes. *ok false if memory is short. now_s: the reader's. */
bool med_cql_test_passes(const med_cql_test *test, const med_wide_table *table, const med_wide_entry *entry,
                         int64_t now_s, med_arena *arena, bool *ok);
/* What the test compares, of a relation that is not of a tuple: the column's value, element or field. */
med_slice med_cql_test_left(const med_cql_test *test, const med_wide_table *table, const med_wide_entry *entry,
                            int64_t now_s, med_arena *arena, bool *ok);
/* The value of a column in a row: of the key, static or regular. */
med_slice med_cql_column_value(const med_wide_table *table, const med_wide_column *column, const med_wide_entry *entry,
                               int64_t now_s, med_arena *arena, bool *ok);

#endif
