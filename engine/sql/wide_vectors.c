/* wide_vectors.c - sealed rows of a scan by columns: only those that a statement asks for are decoded, a vector at a time.
 *
 * Records come first, and then all sealed rows, whatever their keys: a scan promises no order, and so a sealed row's key is not needed
 * unless it is asked for. Comparisons of regular columns are looked at here, at first by the bounds of a vector; those of the
 * time leave windows out. */
#include <stdlib.h>
#include <string.h>

#include "engine/sql/wide_tables.h"

static med_txn *txn_of(wide_cursor *cursor) { return med_session_txn(wide_table_of_cursor(cursor)->session); }

/* ---- The plan ---- */
/* "7:name> ": the column is 7, the operation stands behind the name. False if it is no such text. */
static bool read_test(const med_wide_table *table, const char **text, wide_test *test, med_wide_comparing *comparing) {
  char *end;
  unsigned long at = strtoul(*text, &end, 10);
  if (end == *text || *end != ':' || at >= table->column_count) return false;
  test->column = &table->columns[at];
  size_t name_len = test->column->name.len;
  if (strlen(end) < name_len + 3) return false;
  const char operation = end[1 + name_len];
  *comparing = operation == '>' ? MED_WIDE_AS_LOWER : operation == '<' ? MED_WIDE_AS_UPPER : MED_WIDE_AS_EQUAL;
  test->compare = operation == '>' ? MED_GREATER_EQUAL : operation == '<' ? MED_LESS_EQUAL : MED_EQUAL;
  *text = end + name_len + 3;
  return true;
}

int med_wide_vectors_plan(wide_cursor *cursor, int plan, const char *plan_text, sqlite3_value **argv) {
  const med_wide_table *table = cursor->definition;
  wide_vectors *vectors = &cursor->vectors;
  size_t count = (size_t)plan >> MED_WIDE_PLAN_NUMBER_SHIFT;
  vectors->wanted =
      table->flags & MED_WIDE_TABLE_SEGMENTS && !med_wide_table_has_static(table) && !med_txn_writes(txn_of(cursor));
  vectors->test_count = 0;
  vectors->windows = MED_WIDE_WINDOWS_ALL;
  for (size_t i = 0; i < count && i < MED_WIDE_PLAN_TESTS_MAX; i++) {
    wide_test *test = &vectors->tests[vectors->test_count];
    med_wide_comparing comparing;
    med_wide_match match;
    if (!read_test(table, &plan_text, test, &comparing)) break;
    int rc = med_wide_values_match(&test->column->type, argv[i], comparing, &cursor->places, &test->constant, &match);
    if (rc == MEDLEY_OK && match == MED_WIDE_MATCH_NOTHING) rc = MEDLEY_NOT_FOUND;
    if (rc != MEDLEY_OK) return rc;
    if (match != MED_WIDE_MATCH_VALUE) continue;
    med_wide_window_span_limit(table, test->column, test->compare, test->constant, &vectors->windows);
    vectors->test_count += vectors->wanted && test->column->role == MED_WIDE_REGULAR;
  }
  med_wide_reader_windows(cursor->reader, &vectors->windows);
  if (vectors->wanted) med_wide_reader_only_records(cursor->reader);
  return MEDLEY_OK;
}

void med_wide_vectors_close(wide_cursor *cursor) {
  med_wide_segment_scan_close(cursor->vectors.scan);
  cursor->vectors.scan = NULL;
  cursor->vectors.wanted = false;
}

/* ---- Rows ---- */
static int next_vector(wide_cursor *cursor) {
  wide_vectors *vectors = &cursor->vectors;
  size_t rows;
  int rc = med_session_poll(wide_table_of_cursor(cursor)->session);
  if (rc == MEDLEY_OK) rc = med_wide_segment_scan_next(vectors->scan, &rows, vectors->selected);
  for (size_t i = 0; rc == MEDLEY_OK && i < vectors->test_count; i++) {
    const wide_test *test = &vectors->tests[i];
    rc = med_wide_segment_scan_match(vectors->scan, test->column, test->compare, test->constant, vectors->selected);
    if (!med_rows_any(vectors->selected)) break;
  }
  vectors->word = 0;
  return rc;
}

int med_wide_vectors_next(wide_cursor *cursor) {
  wide_vectors *vectors = &cursor->vectors;
  if (vectors->scan == NULL) {
    int rc = med_wide_segment_scan_open(txn_of(cursor), cursor->definition, &vectors->scan);
    if (rc != MEDLEY_OK) return rc;
    med_wide_segment_scan_windows(vectors->scan, &vectors->windows);
    vectors->word = MED_VECTOR_WORDS;
  }
  vectors->has_key = false;
  for (;;) {
    while (vectors->word < MED_VECTOR_WORDS && vectors->selected[vectors->word] == 0) vectors->word++;
    if (vectors->word < MED_VECTOR_WORDS) break;
    int rc = next_vector(cursor);
    if (rc != MEDLEY_OK) return rc;
  }
  uint64_t *left = &vectors->selected[vectors->word];
  vectors->row = vectors->word * 64 + (size_t)__builtin_ctzll(*left);
  *left &= *left - 1;
  return MEDLEY_OK;
}

int med_wide_vectors_key(wide_cursor *cursor) {
  wide_vectors *vectors = &cursor->vectors;
  med_key key;
  if (vectors->has_key) return MEDLEY_OK;
  int rc = med_wide_segment_scan_key(vectors->scan, vectors->row, &key);
  if (rc != MEDLEY_OK) return rc;
  med_slice tail = med_slice_of(key.bytes + MED_WIDE_TAIL_OFFSET, (size_t)key.len - MED_WIDE_TAIL_OFFSET);
  rc = med_wide_reader_key(cursor->reader, tail, &cursor->entry);
  vectors->has_key = rc == MEDLEY_OK;
  return rc;
}

int med_wide_vectors_value(wide_cursor *cursor, const med_wide_column *column, uint8_t bytes[8], med_slice *value) {
  const wide_vectors *vectors = &cursor->vectors;
  const med_wide_vector *vector;
  med_wide_kind kind = column->type.kind;
  *value = med_slice_of(NULL, 0);
  if (med_wide_type_is_complex(&column->type)) return MEDLEY_OK; /* a row that has such values is not sealed */
  int rc = med_wide_segment_scan_vector(vectors->scan, column, &vector);
  if (rc != MEDLEY_OK || !med_rows_has(vector->present, vectors->row)) return rc;
  switch (med_wide_segment_type(kind)) {
    case MED_COLUMN_INTEGERS:
      *value = med_wide_segment_of_integer(kind, vector->values.integers[vectors->row], bytes);
      break;
    case MED_COLUMN_REALS: *value = med_wide_segment_of_real(kind, vector->values.reals[vectors->row], bytes); break;
    default: *value = vector->values.texts[vectors->row]; break;
  }
  return MEDLEY_OK;
}
