/* segment_scan.c - vectors of columns, decoded when they are asked for. Comparing them: segment_match.c. */
#include "models/widecolumn/segment_scan.h"

#include "models/widecolumn/row.h"
#include "models/widecolumn/segment_scan_state.h"
#include "models/widecolumn/window_directory.h"

int med_wide_segment_scan_open(med_txn *txn, const med_wide_table *table, med_wide_segment_scan **opened) {
  med_wide_segment_scan *scan = med_alloc_zero(sizeof *scan);
  *opened = NULL;
  if (scan == NULL) return med_error_no_memory(med_txn_error(txn));
  scan->txn = txn;
  scan->table = table;
  scan->now_s = med_txn_now_us(txn) / 1000000;
  scan->table_id = table->id;
  scan->span = MED_WIDE_WINDOWS_ALL;
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &scan->cursor);
  if (rc != MEDLEY_OK) {
    med_free(scan);
    return rc;
  }
  *opened = scan;
  return MEDLEY_OK;
}

void med_wide_segment_scan_only(med_wide_segment_scan *scan, const med_key *from, const med_key *to) {
  scan->bounded = true;
  scan->from = *from;
  scan->to = *to;
}

void med_wide_segment_scan_expired(med_wide_segment_scan *scan, int64_t at_s) { scan->now_s = at_s; }

void med_wide_segment_scan_windows(med_wide_segment_scan *scan, const med_wide_window_span *span) {
  scan->span = *span;
}

static void leave(med_wide_segment_scan *scan) {
  for (size_t i = 0; scan->entered && i < scan->segment.column_count + MED_WIDE_SEGMENT_FIXED; i++)
    med_column_reader_close(scan->columns[i].reader);
  scan->entered = false;
}

void med_wide_segment_scan_close(med_wide_segment_scan *scan) {
  if (scan == NULL) return;
  leave(scan);
  for (size_t i = 0; i < scan->cursor_count; i++) med_cursor_close(scan->cursors[i]);
  med_free(scan->cursors);
  med_cursor_close(scan->cursor);
  med_arena_clear(&scan->arena);
  med_free(scan);
}

int med_wide_scan_damaged(const med_wide_segment_scan *scan) {
  return med_error_set(med_txn_error(scan->txn), MEDLEY_CORRUPT,
                       "wide-column: segment %llu: a column is not that of its record",
                       (unsigned long long)scan->segment.id);
}

static int make_cursors(med_wide_segment_scan *scan, size_t count) {
  if (count <= scan->cursor_count) return MEDLEY_OK;
  med_cursor **cursors = med_realloc(scan->cursors, count * sizeof *cursors);
  if (cursors == NULL) return med_error_no_memory(med_txn_error(scan->txn));
  memset(cursors + scan->cursor_count, 0, (count - scan->cursor_count) * sizeof *cursors);
  scan->cursors = cursors;
  scan->cursor_count = count;
  return MEDLEY_OK;
}

static int make_columns(med_wide_segment_scan *scan) {
  size_t count = scan->segment.column_count, size = (count + MED_WIDE_SEGMENT_FIXED) * sizeof *scan->columns;
  int rc = make_cursors(scan, count + MED_WIDE_SEGMENT_FIXED);
  if (rc != MEDLEY_OK) return rc;
  scan->columns = med_arena_alloc(&scan->arena, size);
  if (scan->columns == NULL) return med_error_no_memory(med_txn_error(scan->txn));
  memset(scan->columns, 0, size);
  scan->lacks = false;
  for (size_t i = 0; i < count; i++) {
    med_wide_scanned *of = &scan->columns[i];
    of->id = scan->segment.columns[i].id;
    of->type = scan->segment.columns[i].type;
    of->number = (uint64_t)MED_WIDE_SEGMENT_COLUMN + of->id;
    const med_wide_column *column = med_wide_table_column_by_id(scan->table, of->id);
    of->kept = column != NULL && column->role == MED_WIDE_REGULAR;
    if (column == NULL) scan->lacks = true;
  }
  for (size_t i = 0; i < MED_WIDE_SEGMENT_FIXED; i++) {
    scan->columns[count + i].number = i;
    scan->columns[count + i].type = i == MED_WIDE_SEGMENT_RESTS ? MED_COLUMN_TEXTS : MED_COLUMN_INTEGERS;
  }
  return MEDLEY_OK;
}

/* The first one, or the one behind the segment that begins so. */
static int find_segment(med_wide_segment_scan *scan, const med_key *before) {
  med_key place;
  int rc;
  med_wide_table_prefix(scan->table_id, &place);
  if (before == NULL && scan->bounded)
    rc = med_wide_segment_at(scan->txn, scan->cursor, med_key_slice(&scan->from), &scan->arena, &scan->segment);
  else
    rc = med_wide_segment_behind(scan->txn, scan->cursor, med_key_slice(before != NULL ? before : &place), &scan->arena,
                                 &scan->segment);
  bool beyond = rc == MEDLEY_OK && scan->bounded &&
                med_slice_compare(med_key_slice(&scan->segment.first), med_key_slice(&scan->to)) >= 0;
  return beyond ? MEDLEY_NOT_FOUND : rc;
}

/* Windows follow one another as their times do. */
static int next_window(med_wide_segment_scan *scan) {
  med_wide_table window;
  int rc = MEDLEY_NOT_FOUND;
  while (scan->span.first <= scan->span.last) {
    rc = med_wide_window_next(scan->txn, scan->cursor, scan->table, scan->span.first, true, &window);
    if (rc != MEDLEY_OK) return rc;
    if (window.window_number > scan->span.last) return MEDLEY_NOT_FOUND;
    scan->table_id = window.id;
    scan->in_window = true;
    if (window.window_number == INT64_MAX)
      scan->span = (med_wide_window_span){1, 0};
    else
      scan->span.first = window.window_number + 1;
    if (window.flags & MED_WIDE_TABLE_SEGMENTS) return MEDLEY_OK;
    rc = MEDLEY_NOT_FOUND;
  }
  return rc;
}

/* The first one of the next window that has any. */
static int find_in_windows(med_wide_segment_scan *scan, const med_key *before) {
  int rc = scan->in_window ? find_segment(scan, before) : MEDLEY_NOT_FOUND;
  while (rc == MEDLEY_NOT_FOUND) {
    rc = next_window(scan);
    if (rc != MEDLEY_OK) return rc;
    rc = find_segment(scan, NULL);
  }
  return rc;
}

static int next_segment(med_wide_segment_scan *scan) {
  med_key first, last;
  bool follows = scan->entered;
  if (follows) {
    first = scan->segment.first;
    last = scan->segment.last;
  }
  leave(scan);
  med_arena_reset(&scan->arena);
  const med_key *before = follows ? &first : NULL;
  int rc = scan->table->time_window != NULL ? find_in_windows(scan, before) : find_segment(scan, before);
  if (rc != MEDLEY_OK) return rc;
  follows = follows && med_get_u32(first.bytes + 1) == scan->segment.table_id;
  if (follows && med_slice_compare(med_key_slice(&last), med_key_slice(&scan->segment.first)) >= 0)
    return med_error_set(med_txn_error(scan->txn), MEDLEY_CORRUPT, "wide-column: segment %llu overlaps the one before",
                         (unsigned long long)scan->segment.id);
  rc = make_columns(scan);
  if (rc != MEDLEY_OK) return rc;
  scan->entered = true;
  scan->vector = 0;
  return MEDLEY_OK;
}

/* ---- Columns ---- */
static int open_column(med_wide_segment_scan *scan, med_wide_scanned *of) {
  med_page_run run;
  if (of->reader != NULL) return MEDLEY_OK;
  med_wide_segment_run(&scan->segment, of->number, &run);
  int rc = med_column_reader_open(scan->txn, &run, of->type, &of->reader);
  size_t at = (size_t)(of - scan->columns);
  if (rc == MEDLEY_OK && scan->cursors[at] == NULL) rc = med_cursor_open(scan->txn, run.tree, &scan->cursors[at]);
  if (rc == MEDLEY_OK) med_column_reader_use(of->reader, scan->cursors[at]);
  return rc;
}

/* *of is NULL if no row of the segment has a value of the column. */
int med_wide_scan_column(med_wide_segment_scan *scan, const med_wide_column *column, med_wide_scanned **of) {
  size_t at = med_wide_segment_column_at(&scan->segment, column->id);
  *of = at < scan->segment.column_count ? &scan->columns[at] : NULL;
  if (*of == NULL) return MEDLEY_OK;
  if ((*of)->type != med_wide_segment_type(column->type.kind)) return med_wide_scan_damaged(scan);
  return open_column(scan, *of);
}

int med_wide_scan_take_rows(const med_wide_segment_scan *scan, int rc, const med_vector_rows *rows, uint64_t *present) {
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && rows->rows != scan->rows)) return med_wide_scan_damaged(scan);
  if (rc == MEDLEY_OK) memcpy(present, rows->present, sizeof rows->present);
  return rc;
}

static int make_room(med_wide_segment_scan *scan, med_wide_scanned *of) {
  size_t size = of->type == MED_COLUMN_TEXTS ? sizeof(med_slice) : sizeof(int64_t);
  if (of->values == NULL) of->values = med_arena_alloc(&scan->arena, MED_VECTOR_ROWS * size);
  return of->values != NULL ? MEDLEY_OK : med_error_no_memory(med_txn_error(scan->txn));
}

/* The column is open. */
int med_wide_scan_decode(med_wide_segment_scan *scan, med_wide_scanned *of) {
  med_vector_rows rows;
  if (of->decoded) return MEDLEY_OK;
  int rc = make_room(scan, of);
  if (rc != MEDLEY_OK) return rc;
  switch (of->type) {
    case MED_COLUMN_INTEGERS:
      rc = med_column_reader_integers(of->reader, scan->vector, &rows, of->values);
      of->vector.values.integers = of->values;
      break;
    case MED_COLUMN_REALS:
      rc = med_column_reader_reals(of->reader, scan->vector, &rows, of->values);
      of->vector.values.reals = of->values;
      break;
    default:
      rc = med_column_reader_texts(of->reader, scan->vector, &rows, of->values);
      of->vector.values.texts = of->values;
      break;
  }
  rc = med_wide_scan_take_rows(scan, rc, &rows, of->vector.present);
  of->decoded = rc == MEDLEY_OK;
  return rc;
}

/* As decode, but of `wanted` alone where that is less; then others may ask for all. The column is open. */
static int decode_some(med_wide_segment_scan *scan, med_wide_scanned *of, const uint64_t *wanted) {
  med_vector_rows rows;
  if (of->decoded || of->type != MED_COLUMN_INTEGERS) return med_wide_scan_decode(scan, of);
  int rc = make_room(scan, of);
  if (rc != MEDLEY_OK) return rc;
  rc = med_column_reader_integers_of(of->reader, scan->vector, wanted, &rows, of->values);
  of->vector.values.integers = of->values;
  return med_wide_scan_take_rows(scan, rc, &rows, of->vector.present);
}

/* A column besides the table's: NULL values where no row of the segment expires. */
static int decode_fixed(med_wide_segment_scan *scan, uint64_t number, const med_wide_vector **vector) {
  med_wide_scanned *of = &scan->columns[scan->segment.column_count + number];
  *vector = &of->vector;
  if (of->decoded || (number >= MED_WIDE_SEGMENT_FULL && scan->segment.first_expiry_s == 0)) return MEDLEY_OK;
  int rc = open_column(scan, of);
  if (rc == MEDLEY_OK) rc = med_wide_scan_decode(scan, of);
  if (rc != MEDLEY_OK || number >= MED_WIDE_SEGMENT_FULL || med_rows_count(of->vector.present) == scan->rows) return rc;
  of->decoded = false;
  return med_wide_scan_damaged(scan);
}

/* The rows that have a value; the column is open. */
static int find_present(med_wide_segment_scan *scan, med_wide_scanned *of, uint64_t *present) {
  med_vector_rows rows;
  if (!of->decoded)
    return med_wide_scan_take_rows(scan, med_column_reader_present(of->reader, scan->vector, &rows), &rows, present);
  memcpy(present, of->vector.present, sizeof of->vector.present);
  return MEDLEY_OK;
}

int med_wide_segment_scan_vector(med_wide_segment_scan *scan, const med_wide_column *column,
                                 const med_wide_vector **vector) {
  static const med_wide_vector none = {0};
  med_wide_scanned *of;
  int rc = med_wide_scan_column(scan, column, &of);
  if (rc != MEDLEY_OK) return rc;
  *vector = of != NULL ? &of->vector : &none;
  return of != NULL ? med_wide_scan_decode(scan, of) : MEDLEY_OK;
}

int med_wide_segment_scan_some(med_wide_segment_scan *scan, const med_wide_column *column, const uint64_t *wanted,
                               const med_wide_vector **vector) {
  static const med_wide_vector none = {0};
  med_wide_scanned *of;
  int rc = med_wide_scan_column(scan, column, &of);
  if (rc != MEDLEY_OK) return rc;
  *vector = of != NULL ? &of->vector : &none;
  return of != NULL ? decode_some(scan, of, wanted) : MEDLEY_OK;
}

/* The rows and codes are those of the present vector; the column is open. */
static int give_texts(med_wide_segment_scan *scan, med_wide_scanned *of, med_wide_texts *texts) {
  med_vector_rows rows;
  const med_column_group *group;
  bool coded;
  int rc = med_column_reader_codes(of->reader, scan->vector, &rows, scan->codes, &coded);
  if (rc == MEDLEY_OK && !coded) {
    rc = med_wide_scan_decode(scan, of);
    texts->texts = of->vector.values.texts;
    memcpy(texts->present, of->vector.present, sizeof texts->present);
    return rc;
  }
  rc = med_wide_scan_take_rows(scan, rc, &rows, texts->present);
  if (rc == MEDLEY_OK) rc = med_column_reader_group(of->reader, 0, &group);
  if (rc == MEDLEY_OK) rc = med_column_reader_dictionary(of->reader, 0, &texts->texts);
  if (rc == MEDLEY_NOT_FOUND) return med_wide_scan_damaged(scan);
  if (rc != MEDLEY_OK) return rc;
  texts->codes = scan->codes;
  texts->text_count = group->dictionary_texts;
  return MEDLEY_OK;
}

int med_wide_segment_scan_fixed(med_wide_segment_scan *scan, uint64_t number, const med_wide_vector **vector) {
  return decode_fixed(scan, number, vector);
}

int med_wide_segment_scan_texts(med_wide_segment_scan *scan, const med_wide_column *column, med_wide_texts *texts) {
  med_wide_scanned *of;
  *texts = (med_wide_texts){.segment = scan->segment.id};
  int rc = med_wide_scan_column(scan, column, &of);
  return rc != MEDLEY_OK || of == NULL ? rc : give_texts(scan, of, texts);
}

int med_wide_segment_scan_stores(med_wide_segment_scan *scan, const med_wide_column *column, bool *stores) {
  med_wide_scanned *of;
  const med_column_group *group;
  *stores = column->role == MED_WIDE_REGULAR;
  if (*stores) return MEDLEY_OK;
  int rc = med_wide_scan_column(scan, column, &of);
  if (rc != MEDLEY_OK || of == NULL) return rc;
  rc = med_column_reader_group(of->reader, 0, &group);
  if (rc == MEDLEY_NOT_FOUND) return med_wide_scan_damaged(scan);
  *stores = rc == MEDLEY_OK && group->nulls == 0 && group->rows == scan->segment.rows;
  return rc;
}

int med_wide_segment_scan_present(med_wide_segment_scan *scan, const med_wide_column *column, uint64_t *present) {
  med_wide_scanned *of;
  memset(present, 0, MED_VECTOR_WORDS * sizeof *present);
  int rc = med_wide_scan_column(scan, column, &of);
  return rc != MEDLEY_OK || of == NULL ? rc : find_present(scan, of, present);
}

/* ---- Rows ---- */
static bool has_all(const uint64_t *rows, const uint64_t *of) {
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) {
    if (of[i] & ~rows[i]) return false;
  }
  return true;
}

static int find_markers(med_wide_segment_scan *scan, uint64_t *marked) {
  const med_wide_vector *markers;
  int rc = decode_fixed(scan, MED_WIDE_SEGMENT_MARKERS, &markers);
  for (size_t row = 0; rc == MEDLEY_OK && row < scan->rows; row++) {
    if (markers->values.integers[row] != 0) med_rows_add(marked, row);
  }
  return rc;
}

/* A row is there as long as it has a marker or a value; a dropped column's values are none. */
static int leave_out_empty(med_wide_segment_scan *scan, uint64_t *live) {
  uint64_t there[MED_VECTOR_WORDS] = {0}, present[MED_VECTOR_WORDS];
  int rc = find_markers(scan, there);
  for (size_t i = 0; rc == MEDLEY_OK && i < scan->segment.column_count && !has_all(there, live); i++) {
    med_wide_scanned *of = &scan->columns[i];
    if (!of->kept) continue;
    rc = open_column(scan, of);
    if (rc == MEDLEY_OK) rc = find_present(scan, of, present);
    for (size_t word = 0; rc == MEDLEY_OK && word < MED_VECTOR_WORDS; word++) there[word] |= present[word];
  }
  med_wide_scan_and_rows(live, there);
  return rc;
}

static int leave_out_expired(med_wide_segment_scan *scan, uint64_t *live) {
  const med_wide_vector *expiries;
  uint64_t expired[MED_VECTOR_WORDS];
  int rc = decode_fixed(scan, MED_WIDE_SEGMENT_EXPIRIES, &expiries);
  if (rc != MEDLEY_OK) return rc;
  med_column_compare_integers(expiries->values.integers, scan->rows, MED_LESS_EQUAL, scan->now_s, expired);
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) live[i] &= ~(expired[i] & expiries->present[i]);
  return MEDLEY_OK;
}

static bool has_expired(const med_wide_segment_scan *scan) {
  return scan->segment.first_expiry_s > 0 && (int64_t)scan->segment.first_expiry_s <= scan->now_s;
}

/* A vector's rows are whole words of a chunk's bits. */
static int find_live(med_wide_segment_scan *scan, uint64_t *live) {
  med_slice bits;
  uint64_t row = scan->vector * MED_VECTOR_ROWS;
  int rc = med_wide_segment_gone_chunk(scan->txn, &scan->segment, (uint32_t)(row / MED_WIDE_GONE_ROWS), &bits);
  med_rows_fill(live, scan->rows);
  if (rc != MEDLEY_OK) return rc;
  const uint8_t *bytes = (const uint8_t *)bits.bytes;
  for (size_t i = 0; bits.len > 0 && i < MED_VECTOR_ROWS / 8; i++)
    live[i / 8] &= ~((uint64_t)bytes[row % MED_WIDE_GONE_ROWS / 8 + i] << 8 * (i % 8));
  if (has_expired(scan)) rc = leave_out_expired(scan, live);
  return rc == MEDLEY_OK && scan->lacks ? leave_out_empty(scan, live) : rc;
}

int med_wide_segment_scan_next(med_wide_segment_scan *scan, size_t *rows, uint64_t *live) {
  if (scan->entered) scan->vector++;
  if (!scan->entered || scan->vector * MED_VECTOR_ROWS >= scan->segment.rows) {
    int rc = next_segment(scan);
    if (rc != MEDLEY_OK) return rc;
  }
  uint64_t left = scan->segment.rows - scan->vector * MED_VECTOR_ROWS;
  scan->rows = left < MED_VECTOR_ROWS ? (size_t)left : MED_VECTOR_ROWS;
  for (size_t i = 0; i < scan->segment.column_count + MED_WIDE_SEGMENT_FIXED; i++) scan->columns[i].decoded = false;
  *rows = scan->rows;
  return find_live(scan, live);
}

int med_wide_segment_scan_key(med_wide_segment_scan *scan, size_t row, med_key *key) {
  const med_wide_vector *tokens, *rests;
  int rc = decode_fixed(scan, MED_WIDE_SEGMENT_TOKENS, &tokens);
  if (rc == MEDLEY_OK) rc = decode_fixed(scan, MED_WIDE_SEGMENT_RESTS, &rests);
  if (rc != MEDLEY_OK) return rc;
  med_wide_token_prefix(scan->segment.table_id, tokens->values.integers[row], key);
  med_slice rest = rests->values.texts[row];
  if (rest.len == 0 || rest.len >= MED_KEY_SIZE_MAX - (size_t)key->len) return med_wide_scan_damaged(scan);
  memcpy(key->bytes + key->len, rest.bytes, rest.len);
  key->len = (uint16_t)(key->len + rest.len);
  return MEDLEY_OK;
}

int med_wide_segment_scan_time(med_wide_segment_scan *scan, size_t row, int64_t *timestamp_us) {
  const med_wide_vector *times;
  int rc = decode_fixed(scan, MED_WIDE_SEGMENT_TIMES, &times);
  if (rc == MEDLEY_OK) *timestamp_us = times->values.integers[row];
  return rc;
}

int med_wide_segment_scan_expiry(med_wide_segment_scan *scan, size_t row, int64_t *expiry_s) {
  const med_wide_vector *expiries;
  int rc = decode_fixed(scan, MED_WIDE_SEGMENT_EXPIRIES, &expiries);
  *expiry_s = rc == MEDLEY_OK && med_rows_has(expiries->present, row) ? expiries->values.integers[row] : 0;
  return rc;
}

/* The header of an open column: a segment is one group. */
int med_wide_scan_header_of(med_wide_segment_scan *scan, med_wide_scanned *of, const med_column_group **group) {
  int rc = med_column_reader_group(of->reader, 0, group);
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && (*group)->rows != scan->segment.rows))
    return med_wide_scan_damaged(scan);
  return rc;
}

/* ---- Headers ---- */
int med_wide_segment_scan_header(med_wide_segment_scan *scan, const med_wide_column *column,
                                 const med_column_group **header) {
  med_wide_scanned *of;
  *header = NULL;
  int rc = med_wide_scan_column(scan, column, &of);
  return rc != MEDLEY_OK || of == NULL ? rc : med_wide_scan_header_of(scan, of, header);
}

int med_wide_segment_scan_bounds(med_wide_segment_scan *scan, const med_wide_column *column, bool *any, int64_t *min,
                                 int64_t *max) {
  const med_column_group *group;
  int rc = med_wide_segment_scan_header(scan, column, &group);
  *any = rc == MEDLEY_OK && group != NULL && group->zones[scan->vector].nulls < scan->rows;
  if (!*any) return rc;
  *min = group->zones[scan->vector].min.integer;
  *max = group->zones[scan->vector].max.integer;
  return MEDLEY_OK;
}

int med_wide_segment_scan_ask(med_wide_segment_scan *scan, const med_wide_column *column, med_compare compare,
                              int64_t constant, bool *some, bool *all) {
  const med_column_group *group;
  int rc = med_wide_segment_scan_header(scan, column, &group);
  *some = *all = false;
  if (rc != MEDLEY_OK || group == NULL || group->nulls == group->rows) return rc;
  int64_t min = group->min.integer, max = group->max.integer;
  *some = med_column_may_match_integers(min, max, compare, constant);
  *all = group->nulls == 0 && !med_column_may_match_integers(min, max, med_compare_opposite(compare), constant);
  return MEDLEY_OK;
}

int med_wide_segment_scan_whole(med_wide_segment_scan *scan, bool *whole) {
  uint64_t gone;
  int rc = med_wide_segment_count_gone(scan->txn, &scan->segment, &gone);
  *whole = rc == MEDLEY_OK && gone == 0 && !scan->lacks && !has_expired(scan);
  return rc;
}

uint64_t med_wide_segment_scan_rows(const med_wide_segment_scan *scan) { return scan->segment.rows; }

bool med_wide_segment_scan_is_first(const med_wide_segment_scan *scan) { return scan->vector == 0; }

void med_wide_segment_scan_skip(med_wide_segment_scan *scan) {
  scan->vector = (scan->segment.rows + MED_VECTOR_ROWS - 1) / MED_VECTOR_ROWS;
}
