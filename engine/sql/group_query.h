/* group_query.h - totals of a wide-column table by groups, asked for in SQL, found by columns (models/widecolumn/groups.h).
 *
 * SQLite adds rows up one by one, and a virtual table cannot do it in its place. So a statement such as
 *
 *   SELECT page, count(*), avg(spent) FROM "site.action" WHERE time >= ? GROUP BY page HAVING … ORDER BY …
 *
 * becomes one that asks a table-valued function for the totals of every group, a row each, and leaves the rest to SQLite:
 *
 *   SELECT page, count(*), avg(spent) FROM medley_groups('site.action', 'by "page" of "spent" ca where "time" >=', ?) GROUP BY page …
 *
 * with the totals in the places of the aggregates. What is taken: one wide-column table, or a view that is SELECT * of one; GROUP BY its
 * columns; count, sum, total, avg, min, max of columns, anywhere in the statement; comparisons of columns with what is no column, joined
 * by AND. Everything else, and whatever finds its rows by a key or an index, is left as it is. A statement that does not compile never
 * comes here: errors are those of its own text.
 *
 * Answers are those of the statement itself, but for two: the last digits of sums of reals depend on their order, and a sum of
 * integers that is found by columns fails with overflow only if the whole does not fit. */
#ifndef MED_SQL_GROUP_QUERY_H
#define MED_SQL_GROUP_QUERY_H

#include "engine/sql/tables.h"
#include "engine/sql/tokens.h"
#include "models/widecolumn/groups.h"

/* stmt is the text, compiled as it is. Appends the statement to ask in its place, with the same columns and parameters; nothing if it is left.
 * What names mean is as the schemas of SQL and of CQL have it now. OK, NO_MEMORY. */
MEDLEY_MUST_USE int med_group_query_rewrite(medley_session *session, sqlite3_stmt *stmt, const char *text,
                                            size_t text_len, med_buffer *rewritten);

/* ---- Between the statement and medley_groups ---- */
enum { MED_GROUP_COUNT, MED_GROUP_SUM, MED_GROUP_TOTAL, MED_GROUP_MIN, MED_GROUP_MAX, MED_GROUP_FUNCTIONS };

/* What the second argument says. Names are slices of it, or of the statement. */
typedef struct med_group_spec {
  size_t key_count, total_count, test_count;
  med_buffer keys[MED_WIDE_GROUP_KEYS_MAX];
  med_buffer totals[MED_WIDE_GROUP_TOTALS_MAX];
  unsigned functions[MED_WIDE_GROUP_TOTALS_MAX]; /* bits of MED_GROUP_... */
  med_buffer tests[MED_WIDE_GROUP_TESTS_MAX];
  med_compare compares[MED_WIDE_GROUP_TESTS_MAX];
} med_group_spec;

void med_group_spec_clear(med_group_spec *spec);
/* OK; ERROR, without a message, if it is none; NO_MEMORY. */
MEDLEY_MUST_USE int med_group_spec_read(med_slice text, med_group_spec *spec);
/* False if memory is short. */
MEDLEY_MUST_USE bool med_group_spec_write(const med_group_spec *spec, med_buffer *text);
/* The operator of a comparison, and back. */
const char *med_group_spec_operator(med_compare compare);
bool med_group_spec_compare(const med_sql_token *token, med_compare *compare);

/* Of a column: as SQL shows it, numbers are numbers and texts are texts; other kinds are left to SQLite. */
bool med_group_takes_key(const med_wide_column *column);
bool med_group_takes_total(const med_wide_column *column, size_t function);
bool med_group_takes_test(const med_wide_column *column);

/* Columns of medley_groups, by names that nobody else gives. */
#define MED_GROUP_KEY_COLUMN "\"medley key %zu\""
#define MED_GROUP_ROWS_COLUMN "\"medley rows\""
#define MED_GROUP_TOTAL_COLUMN "\"medley %s %zu\""
extern const char *const med_group_function_names[MED_GROUP_FUNCTIONS];

/* Registers medley_groups. An SQLite code. */
int med_group_table_register(medley_session *session, sqlite3 *handle);

#endif
