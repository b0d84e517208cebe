/* segment_writer.c - a vector of rows is collected, turned into columns, and written. */
#include "models/widecolumn/segment_writer.h"

#include <assert.h>
#include <stdlib.h>

#include "storage/column_writer.h"

/* One column: the vector that is being filled. */
typedef struct column {
  uint64_t number; /* MED_WIDE_SEGMENT_... */
  uint16_t id;     /* of the table's column; 0: one that every segment has */
  med_wide_kind kind;
  med_column_type type;
  med_column_writer *writer; /* NULL: no row has had a value yet */
  uint64_t present[MED_VECTOR_WORDS];
  union {
    int64_t *integers;
    double *reals;
    med_slice *texts;
  } values;
} column;

struct med_wide_segment_writer {
  med_txn *txn;
  const med_wide_table *table;
  med_wide_segment segment;
  column *columns; /* those that every segment has, then the table's by id */
  size_t column_count;
  column *keys[2 * MED_WIDE_KEY_COLUMNS_MAX]; /* of each column of the key, NULL where it is not kept by itself */
  size_t filled;                              /* rows of the present vector */
  uint64_t whole;                             /* vectors that were written */
  med_arena arena;                            /* the columns */
  med_arena bytes;                            /* texts of the vector */
};

static int compare_ids(const void *a, const void *b) {
  const med_wide_column *const *left = a, *const *right = b;
  return (*left)->id < (*right)->id ? -1 : (*left)->id > (*right)->id;
}

bool med_wide_sealed_columns_list(const med_wide_table *table, med_arena *arena, med_wide_sealed_columns *list) {
  list->count = 0;
  list->columns = med_arena_alloc(arena, (table->column_count + 1) * sizeof *list->columns);
  if (list->columns == NULL) return false;
  for (size_t i = 0; i < table->column_count; i++) {
    const med_wide_column *of = &table->columns[i];
    if (of->role == MED_WIDE_REGULAR && !med_wide_type_is_complex(&of->type)) list->columns[list->count++] = of;
  }
  qsort(list->columns, list->count, sizeof *list->columns, compare_ids);
  return true;
}

bool med_wide_segment_keeps(const med_wide_column *of) {
  med_wide_kind kind = of->type.kind;
  return (of->role == MED_WIDE_PARTITION || of->role == MED_WIDE_CLUSTERING) &&
         (med_wide_segment_type(kind) == MED_COLUMN_INTEGERS || kind == MED_WIDE_TEXT || kind == MED_WIDE_ASCII ||
          kind == MED_WIDE_BLOB);
}

bool med_wide_row_is_plain(const med_wide_sealed_columns *columns, const med_wide_row *row) {
  size_t at = 0;
  if (row->deleted_us != MED_WIDE_NO_TIMESTAMP || row->marker.expiry_s != 0) return false;
  if (!row->marker.present && row->count == 0) return false;
  int64_t timestamp_us = row->marker.present ? row->marker.timestamp_us : row->cells[0].timestamp_us;
  for (size_t i = 0; i < row->count; i++, at++) {
    const med_wide_cell *cell = &row->cells[i];
    while (at < columns->count && columns->columns[at]->id < cell->column_id) at++;
    if (at == columns->count || columns->columns[at]->id != cell->column_id) return false;
    if (cell->has_path || cell->tombstone || cell->expiry_s != 0 || cell->timestamp_us != timestamp_us) return false;
    med_wide_kind kind = columns->columns[at]->type.kind;
    if (med_wide_segment_type(kind) != MED_COLUMN_TEXTS && cell->value.len != med_wide_kind_size(kind)) return false;
  }
  return true;
}

static bool make_column(med_wide_segment_writer *writer, uint64_t number, uint16_t id, med_wide_kind kind) {
  column *made = &writer->columns[writer->column_count++];
  *made = (column){.number = number, .id = id, .kind = kind, .type = med_wide_segment_type(kind)};
  size_t size = made->type == MED_COLUMN_TEXTS ? sizeof(med_slice) : sizeof(int64_t);
  made->values.integers = med_arena_alloc(&writer->arena, MED_VECTOR_ROWS * size);
  return made->values.integers != NULL;
}

static bool make_columns(med_wide_segment_writer *writer, const med_wide_table *table) {
  med_wide_sealed_columns own;
  if (!med_wide_sealed_columns_list(table, &writer->arena, &own)) return false;
  size_t keys = table->partition_count + table->clustering_count;
  for (size_t i = 0; i < keys; i++) {
    if (med_wide_segment_keeps(&table->columns[i])) own.columns[own.count++] = &table->columns[i];
  }
  qsort(own.columns, own.count, sizeof *own.columns, compare_ids);
  assert(own.count <= MED_WIDE_SEGMENT_COLUMNS_MAX);
  writer->columns = med_arena_alloc(&writer->arena, (MED_WIDE_SEGMENT_FIXED + own.count) * sizeof *writer->columns);
  bool ok = writer->columns != NULL;
  for (uint64_t i = 0; ok && i < MED_WIDE_SEGMENT_FIXED; i++)
    ok = make_column(writer, i, 0, i == MED_WIDE_SEGMENT_RESTS ? MED_WIDE_BLOB : MED_WIDE_BIGINT);
  for (size_t i = 0; ok && i < own.count; i++) {
    const med_wide_column *of = own.columns[i];
    ok = make_column(writer, (uint64_t)MED_WIDE_SEGMENT_COLUMN + of->id, of->id, of->type.kind);
    if (of->role != MED_WIDE_REGULAR) writer->keys[of - table->columns] = &writer->columns[writer->column_count - 1];
  }
  return ok;
}

int med_wide_segment_writer_open(med_txn *txn, const med_wide_table *table, med_wide_segment_writer **opened) {
  med_wide_segment_writer *writer = med_alloc_zero(sizeof *writer);
  *opened = NULL;
  if (writer == NULL) return med_error_no_memory(med_txn_error(txn));
  writer->txn = txn;
  writer->table = table;
  writer->segment.table_id = table->id;
  int rc = make_columns(writer, table) ? MEDLEY_OK : med_error_no_memory(med_txn_error(txn));
  if (rc == MEDLEY_OK) rc = med_txn_next_id(txn, &writer->segment.id);
  if (rc != MEDLEY_OK) {
    med_wide_segment_writer_close(writer);
    return rc;
  }
  *opened = writer;
  return MEDLEY_OK;
}

void med_wide_segment_writer_close(med_wide_segment_writer *writer) {
  if (writer == NULL) return;
  for (size_t i = 0; i < writer->column_count; i++) med_column_writer_close(writer->columns[i].writer);
  med_arena_clear(&writer->arena);
  med_arena_clear(&writer->bytes);
  med_free(writer);
}

uint64_t med_wide_segment_writer_rows(const med_wide_segment_writer *writer) { return writer->segment.rows; }
uint64_t med_wide_segment_writer_bytes(const med_wide_segment_writer *writer) { return writer->segment.bytes; }

/* ---- Vectors ---- */
static int add_vector(med_wide_segment_writer *writer, const column *of, const uint64_t *present, size_t rows) {
  if (of->type == MED_COLUMN_INTEGERS)
    return med_column_writer_add_integers(of->writer, writer->txn, of->values.integers, present, rows);
  if (of->type == MED_COLUMN_REALS)
    return med_column_writer_add_reals(of->writer, writer->txn, of->values.reals, present, rows);
  return med_column_writer_add_texts(of->writer, writer->txn, of->values.texts, present, rows);
}

/* A column begins with its first value; the vectors before are empty. */
static int begin_column(med_wide_segment_writer *writer, column *of) {
  static const uint64_t none[MED_VECTOR_WORDS] = {0};
  med_page_run run;
  med_wide_segment_run(&writer->segment, of->number, &run);
  int rc = med_column_writer_open(&run, of->type, &of->writer, med_txn_error(writer->txn));
  for (uint64_t i = 0; rc == MEDLEY_OK && i < writer->whole; i++) rc = add_vector(writer, of, none, MED_VECTOR_ROWS);
  return rc;
}

/* Rows without a value have to have one in memory that may be read. */
static void fill_gaps(column *of, size_t rows) {
  for (size_t row = 0; row < rows; row++) {
    if (med_rows_has(of->present, row)) continue;
    if (of->type == MED_COLUMN_TEXTS)
      of->values.texts[row] = med_slice_of("", 0);
    else
      of->values.integers[row] = 0;
  }
}

static int write_vector(med_wide_segment_writer *writer) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < writer->column_count; i++) {
    column *of = &writer->columns[i];
    if (of->writer == NULL && med_rows_count(of->present) == 0) continue;
    fill_gaps(of, writer->filled);
    if (of->writer == NULL) rc = begin_column(writer, of);
    if (rc == MEDLEY_OK) rc = add_vector(writer, of, of->present, writer->filled);
    memset(of->present, 0, sizeof of->present);
  }
  writer->whole++;
  writer->filled = 0;
  med_arena_reset(&writer->bytes);
  return rc;
}

/* ---- Rows ---- */
static void put_integer(med_wide_segment_writer *writer, uint64_t number, int64_t value) {
  column *of = &writer->columns[number];
  of->values.integers[writer->filled] = value;
  med_rows_add(of->present, writer->filled);
}

static bool put_value(med_wide_segment_writer *writer, column *of, med_slice value) {
  bool ok = true;
  if (of->type == MED_COLUMN_INTEGERS) of->values.integers[writer->filled] = med_wide_segment_integer(of->kind, value);
  if (of->type == MED_COLUMN_REALS) of->values.reals[writer->filled] = med_wide_segment_real(value);
  if (of->type == MED_COLUMN_TEXTS) of->values.texts[writer->filled] = med_wide_copy(&writer->bytes, value, &ok);
  med_rows_add(of->present, writer->filled);
  return ok;
}

static void set_key(med_key *key, med_slice bytes) {
  memcpy(key->bytes, bytes.bytes, bytes.len);
  key->len = (uint16_t)bytes.len;
}

static bool put_keys(med_wide_segment_writer *writer, size_t first, size_t count, const med_slice *values) {
  bool ok = true;
  for (size_t i = 0; ok && i < count; i++) {
    column *of = writer->keys[first + i];
    if (of != NULL) ok = put_value(writer, of, values[i]);
  }
  return ok;
}

/* The columns of a row's key; of a partition key that is only a hash there are none. */
static int put_key(med_wide_segment_writer *writer, med_slice key) {
  med_slice values[MED_WIDE_KEY_COLUMNS_MAX];
  med_wide_place place;
  const med_wide_table *table = writer->table;
  medley_error *error = med_txn_error(writer->txn);
  int rc;
  MED_TRY(med_wide_key_place(table, key, &place, error));
  if (!place.hashed) {
    MED_TRY(med_wide_key_values(table->columns, table->partition_count, place.parts, &writer->bytes, values, error));
    if (!put_keys(writer, 0, table->partition_count, values)) return med_error_no_memory(error);
  }
  MED_TRY(med_wide_key_values(med_wide_clustering(table), table->clustering_count, place.clustering, &writer->bytes,
                              values, error));
  if (!put_keys(writer, table->partition_count, table->clustering_count, values)) return med_error_no_memory(error);
done:
  return rc;
}

static bool put_row(med_wide_segment_writer *writer, med_slice key, const med_wide_row *row) {
  const uint8_t *tail = (const uint8_t *)key.bytes + MED_WIDE_TAIL_OFFSET;
  med_slice rest = med_slice_of(tail + 8, key.len - MED_WIDE_TAIL_OFFSET - 8);
  put_integer(writer, MED_WIDE_SEGMENT_TOKENS, (int64_t)(med_get_u64(tail) ^ UINT64_C(1) << 63));
  put_integer(writer, MED_WIDE_SEGMENT_TIMES,
              row->marker.present ? row->marker.timestamp_us : row->cells[0].timestamp_us);
  put_integer(writer, MED_WIDE_SEGMENT_MARKERS, row->marker.present);
  bool ok = put_value(writer, &writer->columns[MED_WIDE_SEGMENT_RESTS], rest);
  size_t at = MED_WIDE_SEGMENT_FIXED; /* columns and cells are both in the order of ids */
  for (size_t i = 0; ok && i < row->count; i++) {
    while (at < writer->column_count && writer->columns[at].id < row->cells[i].column_id) at++;
    assert(at < writer->column_count && writer->columns[at].id == row->cells[i].column_id);
    ok = put_value(writer, &writer->columns[at], row->cells[i].value);
  }
  return ok;
}

int med_wide_segment_writer_add(med_wide_segment_writer *writer, med_slice key, const med_wide_row *row, size_t bytes) {
  med_wide_segment *segment = &writer->segment;
  assert(segment->rows == 0 || med_slice_compare(med_key_slice(&segment->last), key) < 0);
  if (!put_row(writer, key, row)) return med_error_no_memory(med_txn_error(writer->txn));
  int rc = put_key(writer, key);
  if (rc != MEDLEY_OK) return rc;
  if (segment->rows == 0) set_key(&segment->first, key);
  set_key(&segment->last, key);
  segment->rows++;
  segment->bytes += bytes;
  writer->filled++;
  return writer->filled == MED_VECTOR_ROWS ? write_vector(writer) : MEDLEY_OK;
}

int med_wide_segment_writer_finish(med_wide_segment_writer *writer, med_arena *arena, med_wide_segment *segment) {
  int rc = writer->filled > 0 ? write_vector(writer) : MEDLEY_OK;
  *segment = writer->segment;
  segment->columns = med_arena_alloc(arena, (writer->column_count + 1) * sizeof *segment->columns);
  if (segment->columns == NULL) return med_error_no_memory(med_txn_error(writer->txn));
  for (size_t i = 0; rc == MEDLEY_OK && i < writer->column_count; i++) {
    column *of = &writer->columns[i];
    if (of->writer == NULL) continue;
    rc = med_column_writer_finish(of->writer, writer->txn);
    if (of->id != 0) segment->columns[segment->column_count++] = (med_wide_segment_column){of->id, of->type};
  }
  return rc;
}
