/* segment_scan.c - vectors of columns, decoded when they are asked for. */
#include "models/widecolumn/segment_scan.h"

#include "storage/column_reader.h"

typedef struct scanned {
  uint64_t number; /* MED_WIDE_SEGMENT_... */
  uint16_t id;     /* of the table's column */
  bool kept;       /* the table has the column still */
  med_column_type type;
  med_column_reader *reader; /* NULL: not asked for yet */
  bool decoded;              /* `vector` is the present one's; of texts only what is present */
  med_wide_vector vector;
} scanned;

struct med_wide_segment_scan {
  med_txn *txn;
  const med_wide_table *table;
  med_cursor *cursor;
  bool entered;
  med_wide_segment segment;
  uint64_t vector;  /* the present one */
  size_t rows;      /* of it */
  scanned *columns; /* the segment's, and behind them its markers */
  bool lacks;       /* the table has dropped one of them: rows may be left without a value */
  med_arena arena;  /* of the segment */
  uint32_t codes[MED_VECTOR_ROWS];
  med_slice texts[MED_VECTOR_ROWS];
};

int med_wide_segment_scan_open(med_txn *txn, const med_wide_table *table, med_wide_segment_scan **opened) {
  med_wide_segment_scan *scan = med_alloc_zero(sizeof *scan);
  *opened = NULL;
  if (scan == NULL) return med_error_no_memory(med_txn_error(txn));
  scan->txn = txn;
  scan->table = table;
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &scan->cursor);
  if (rc != MEDLEY_OK) {
    med_free(scan);
    return rc;
  }
  *opened = scan;
  return MEDLEY_OK;
}

static void leave(med_wide_segment_scan *scan) {
  for (size_t i = 0; scan->entered && i <= scan->segment.column_count; i++)
    med_column_reader_close(scan->columns[i].reader);
  scan->entered = false;
}

void med_wide_segment_scan_close(med_wide_segment_scan *scan) {
  if (scan == NULL) return;
  leave(scan);
  med_cursor_close(scan->cursor);
  med_arena_clear(&scan->arena);
  med_free(scan);
}

static int damaged(const med_wide_segment_scan *scan) {
  return med_error_set(med_txn_error(scan->txn), MEDLEY_CORRUPT,
                       "wide-column: segment %llu: a column is not that of its record",
                       (unsigned long long)scan->segment.id);
}

static int make_columns(med_wide_segment_scan *scan) {
  size_t count = scan->segment.column_count, size = (count + 1) * sizeof *scan->columns;
  scan->columns = med_arena_alloc(&scan->arena, size);
  if (scan->columns == NULL) return med_error_no_memory(med_txn_error(scan->txn));
  memset(scan->columns, 0, size);
  scan->lacks = false;
  for (size_t i = 0; i < count; i++) {
    scanned *of = &scan->columns[i];
    of->id = scan->segment.columns[i].id;
    of->type = scan->segment.columns[i].type;
    of->number = (uint64_t)MED_WIDE_SEGMENT_COLUMN + of->id;
    const med_wide_column *column = med_wide_table_column_by_id(scan->table, of->id);
    of->kept = column != NULL && column->role == MED_WIDE_REGULAR;
    if (!of->kept) scan->lacks = true;
  }
  scan->columns[count].number = MED_WIDE_SEGMENT_MARKERS;
  scan->columns[count].type = MED_COLUMN_INTEGERS;
  return MEDLEY_OK;
}

static int next_segment(med_wide_segment_scan *scan) {
  med_key place;
  med_wide_table_prefix(scan->table->id, &place);
  if (scan->entered) place = scan->segment.first;
  leave(scan);
  med_arena_reset(&scan->arena);
  int rc = med_wide_segment_behind(scan->txn, scan->cursor, med_key_slice(&place), &scan->arena, &scan->segment);
  if (rc == MEDLEY_OK) rc = make_columns(scan);
  if (rc != MEDLEY_OK) return rc;
  scan->entered = true;
  scan->vector = 0;
  return MEDLEY_OK;
}

/* ---- Columns ---- */
static int open_column(med_wide_segment_scan *scan, scanned *of) {
  med_page_run run;
  if (of->reader != NULL) return MEDLEY_OK;
  med_wide_segment_run(&scan->segment, of->number, &run);
  if (of->type != MED_COLUMN_TEXTS) {
    of->vector.integers = med_arena_alloc(&scan->arena, MED_VECTOR_ROWS * sizeof(int64_t));
    of->vector.reals = med_arena_alloc(&scan->arena, MED_VECTOR_ROWS * sizeof(double));
    if (of->vector.integers == NULL || of->vector.reals == NULL) return med_error_no_memory(med_txn_error(scan->txn));
  }
  return med_column_reader_open(scan->txn, &run, of->type, &of->reader);
}

/* *of is NULL if no row of the segment has a value of the column. */
static int find_column(med_wide_segment_scan *scan, const med_wide_column *column, scanned **of) {
  *of = NULL;
  for (size_t i = 0; i < scan->segment.column_count; i++) {
    if (scan->columns[i].id == column->id) *of = &scan->columns[i];
  }
  if (*of == NULL) return MEDLEY_OK;
  if ((*of)->type != med_wide_segment_type(column->type.kind)) return damaged(scan);
  return open_column(scan, *of);
}

static int take_rows(med_wide_segment_scan *scan, int rc, const med_vector_rows *rows, uint64_t *present) {
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && rows->rows != scan->rows)) return damaged(scan);
  if (rc == MEDLEY_OK) memcpy(present, rows->present, sizeof rows->present);
  return rc;
}

/* Of numbers; the column is open. */
static int decode(med_wide_segment_scan *scan, scanned *of) {
  med_vector_rows rows;
  if (of->decoded) return MEDLEY_OK;
  int rc = of->type == MED_COLUMN_INTEGERS
               ? med_column_reader_integers(of->reader, scan->vector, &rows, of->vector.integers)
               : med_column_reader_reals(of->reader, scan->vector, &rows, of->vector.reals);
  rc = take_rows(scan, rc, &rows, of->vector.present);
  of->decoded = rc == MEDLEY_OK;
  return rc;
}

/* The rows that have a value; the column is open. */
static int find_present(med_wide_segment_scan *scan, scanned *of, uint64_t *present) {
  med_vector_rows rows;
  if (of->type == MED_COLUMN_TEXTS)
    return take_rows(scan, med_column_reader_texts(of->reader, scan->vector, &rows, scan->texts), &rows, present);
  int rc = decode(scan, of);
  if (rc == MEDLEY_OK) memcpy(present, of->vector.present, sizeof of->vector.present);
  return rc;
}

int med_wide_segment_scan_vector(med_wide_segment_scan *scan, const med_wide_column *column,
                                 const med_wide_vector **vector) {
  static const med_wide_vector none = {0};
  scanned *of;
  int rc = find_column(scan, column, &of);
  if (rc != MEDLEY_OK) return rc;
  *vector = of != NULL ? &of->vector : &none;
  return of != NULL ? decode(scan, of) : MEDLEY_OK;
}

int med_wide_segment_scan_present(med_wide_segment_scan *scan, const med_wide_column *column, uint64_t *present) {
  scanned *of;
  memset(present, 0, MED_VECTOR_WORDS * sizeof *present);
  int rc = find_column(scan, column, &of);
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
  scanned *markers = &scan->columns[scan->segment.column_count];
  int rc = open_column(scan, markers);
  if (rc == MEDLEY_OK) rc = decode(scan, markers);
  if (rc != MEDLEY_OK) return rc;
  if (med_rows_count(markers->vector.present) != scan->rows) return damaged(scan);
  for (size_t row = 0; row < scan->rows; row++) {
    if (markers->vector.integers[row] != 0) med_rows_add(marked, row);
  }
  return MEDLEY_OK;
}

/* A row is there as long as it has a marker or a value; a dropped column's values are none. */
static int leave_out_empty(med_wide_segment_scan *scan, uint64_t *live) {
  uint64_t there[MED_VECTOR_WORDS] = {0}, present[MED_VECTOR_WORDS];
  int rc = find_markers(scan, there);
  for (size_t i = 0; rc == MEDLEY_OK && i < scan->segment.column_count && !has_all(there, live); i++) {
    scanned *of = &scan->columns[i];
    if (!of->kept) continue;
    rc = open_column(scan, of);
    if (rc == MEDLEY_OK) rc = find_present(scan, of, present);
    for (size_t word = 0; rc == MEDLEY_OK && word < MED_VECTOR_WORDS; word++) there[word] |= present[word];
  }
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) live[i] &= there[i];
  return rc;
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
  return scan->lacks ? leave_out_empty(scan, live) : MEDLEY_OK;
}

int med_wide_segment_scan_next(med_wide_segment_scan *scan, size_t *rows, uint64_t *live) {
  if (scan->entered) scan->vector++;
  if (!scan->entered || scan->vector * MED_VECTOR_ROWS >= scan->segment.rows) {
    int rc = next_segment(scan);
    if (rc != MEDLEY_OK) return rc;
  }
  uint64_t left = scan->segment.rows - scan->vector * MED_VECTOR_ROWS;
  scan->rows = left < MED_VECTOR_ROWS ? (size_t)left : MED_VECTOR_ROWS;
  for (size_t i = 0; i <= scan->segment.column_count; i++) scan->columns[i].decoded = false;
  *rows = scan->rows;
  return find_live(scan, live);
}

/* ---- Texts ---- */
static bool compares(int order, med_compare compare) {
  switch (compare) {
    case MED_LESS: return order < 0;
    case MED_LESS_EQUAL: return order <= 0;
    case MED_EQUAL: return order == 0;
    case MED_NOT_EQUAL: return order != 0;
    case MED_GREATER_EQUAL: return order >= 0;
    default: return order > 0;
  }
}

/* By the dictionary: each of its texts is compared once for the vector. */
static int match_codes(med_wide_segment_scan *scan, scanned *of, const med_vector_rows *rows, med_compare compare,
                       med_slice constant, uint64_t *selected) {
  const med_column_group *group;
  const med_slice *texts;
  int rc = med_column_reader_group(of->reader, 0, &group);
  if (rc == MEDLEY_OK) rc = med_column_reader_dictionary(of->reader, 0, &texts);
  if (rc == MEDLEY_NOT_FOUND) return damaged(scan);
  if (rc != MEDLEY_OK) return rc;
  size_t count = group->dictionary_texts;
  uint8_t *matches = med_alloc(count + 1);
  if (matches == NULL) return med_error_no_memory(med_txn_error(scan->txn));
  matches[0] = 0;
  for (size_t i = 0; i < count; i++) matches[i] = compares(med_slice_compare(texts[i], constant), compare);
  med_column_match_codes(scan->codes, rows->rows, matches, selected);
  med_free(matches);
  return MEDLEY_OK;
}

int med_wide_segment_scan_texts(med_wide_segment_scan *scan, const med_wide_column *column, med_compare compare,
                                med_slice constant, uint64_t *selected) {
  scanned *of;
  med_vector_rows rows;
  uint64_t present[MED_VECTOR_WORDS];
  bool coded;
  memset(selected, 0, MED_VECTOR_WORDS * sizeof *selected);
  int rc = find_column(scan, column, &of);
  if (rc != MEDLEY_OK || of == NULL) return rc;
  rc = take_rows(scan, med_column_reader_codes(of->reader, scan->vector, &rows, scan->codes, &coded), &rows, present);
  if (rc != MEDLEY_OK) return rc;
  if (coded) {
    rc = match_codes(scan, of, &rows, compare, constant, selected);
  } else {
    rc = take_rows(scan, med_column_reader_texts(of->reader, scan->vector, &rows, scan->texts), &rows, present);
    for (size_t row = 0; rc == MEDLEY_OK && row < rows.rows; row++) {
      if (compares(med_slice_compare(scan->texts[row], constant), compare)) med_rows_add(selected, row);
    }
  }
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) selected[i] &= present[i];
  return rc;
}
