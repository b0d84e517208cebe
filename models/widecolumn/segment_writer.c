/* segment_writer.c - a vector of rows is collected, turned into columns, and written.
 *
 * Rows of a source are noted as runs first, and moved column by column once its vector ends or the writer's is full: so a run of few rows costs
 * little more than its values. */
#include "models/widecolumn/segment_writer.h"

#include <assert.h>

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

/* Rows of the source that become rows of the vector. */
typedef struct moved_rows {
  uint16_t from, to, count;
} moved_rows;

struct med_wide_segment_writer {
  med_txn *txn;
  const med_wide_sealed_columns *list;
  med_wide_segment segment;
  column *columns; /* MED_WIDE_SEGMENT_FIXED, then those of the list */
  size_t column_count;
  column *keys[2 * MED_WIDE_KEY_COLUMNS_MAX]; /* of each column of the key, NULL where it is not kept by itself */
  size_t filled;                              /* rows of the present vector */
  uint64_t whole;                             /* vectors that were written */
  const med_wide_source_vector *source;       /* where the runs' rows are */
  moved_rows runs[MED_VECTOR_ROWS];
  size_t run_count;
  med_wide_key_walk walk;
  med_slice partition[MED_WIDE_KEY_COLUMNS_MAX]; /* values of the walk's partition, if it is not hashed */
  med_arena arena;                               /* the columns */
  med_arena bytes;                               /* texts of the vector */
  med_arena partition_bytes;
};

static bool make_column(med_wide_segment_writer *writer, uint64_t number, uint16_t id, med_wide_kind kind) {
  column *made = &writer->columns[writer->column_count++];
  *made = (column){.number = number, .id = id, .kind = kind, .type = med_wide_segment_type(kind)};
  size_t size = made->type == MED_COLUMN_TEXTS ? sizeof(med_slice) : sizeof(int64_t);
  made->values.integers = med_arena_alloc(&writer->arena, MED_VECTOR_ROWS * size);
  return made->values.integers != NULL;
}

static bool make_columns(med_wide_segment_writer *writer, const med_wide_sealed_columns *list) {
  assert(list->count <= MED_WIDE_SEGMENT_COLUMNS_MAX);
  writer->columns = med_arena_alloc(&writer->arena, (MED_WIDE_SEGMENT_FIXED + list->count) * sizeof *writer->columns);
  bool ok = writer->columns != NULL;
  for (uint64_t i = 0; ok && i < MED_WIDE_SEGMENT_FIXED; i++)
    ok = make_column(writer, i, 0, i == MED_WIDE_SEGMENT_RESTS ? MED_WIDE_BLOB : MED_WIDE_BIGINT);
  for (size_t i = 0; ok && i < list->count; i++) {
    const med_wide_column *of = list->columns[i];
    ok = make_column(writer, (uint64_t)MED_WIDE_SEGMENT_COLUMN + of->id, of->id, of->type.kind);
    if (of->role != MED_WIDE_REGULAR)
      writer->keys[of - list->table->columns] = &writer->columns[writer->column_count - 1];
  }
  return ok;
}

int med_wide_segment_writer_open(med_txn *txn, const med_wide_sealed_columns *columns,
                                 med_wide_segment_writer **opened) {
  med_wide_segment_writer *writer = med_alloc_zero(sizeof *writer);
  *opened = NULL;
  if (writer == NULL) return med_error_no_memory(med_txn_error(txn));
  writer->txn = txn;
  writer->list = columns;
  writer->segment.table_id = columns->table->id;
  int rc = make_columns(writer, columns) ? MEDLEY_OK : med_error_no_memory(med_txn_error(txn));
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
  med_arena_clear(&writer->partition_bytes);
  med_free(writer);
}

uint64_t med_wide_segment_writer_rows(const med_wide_segment_writer *writer) { return writer->segment.rows; }
uint64_t med_wide_segment_writer_bytes(const med_wide_segment_writer *writer) { return writer->segment.bytes; }
uint64_t med_wide_segment_writer_vectors(const med_wide_segment_writer *writer) { return writer->whole; }

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
  if (med_rows_count(of->present) == rows) return;
  for (size_t row = 0; row < rows; row++) {
    if (med_rows_has(of->present, row)) continue;
    if (of->type == MED_COLUMN_TEXTS)
      of->values.texts[row] = med_slice_of("", 0);
    else
      of->values.integers[row] = 0;
  }
}

/* The bounds of what expires; last_expiry_s is 0 from the first row on that does not. */
static void note_expiries(med_wide_segment_writer *writer) {
  const column *of = &writer->columns[MED_WIDE_SEGMENT_EXPIRIES];
  med_wide_segment *segment = &writer->segment;
  med_integer_total total = {0};
  med_column_total_integers(of->values.integers, of->present, &total);
  bool all = total.count == writer->filled && (writer->whole == 0 || segment->last_expiry_s > 0);
  if (total.count > 0 && (segment->first_expiry_s == 0 || total.min < segment->first_expiry_s))
    segment->first_expiry_s = (uint32_t)total.min;
  segment->last_expiry_s = !all ? 0 : total.max > segment->last_expiry_s ? (uint32_t)total.max : segment->last_expiry_s;
}

static int write_vector(med_wide_segment_writer *writer) {
  int rc = med_wide_segment_writer_settle(writer);
  if (rc == MEDLEY_OK) note_expiries(writer);
  for (size_t i = 0; rc == MEDLEY_OK && i < writer->column_count; i++) {
    column *of = &writer->columns[i];
    if (of->writer == NULL && !med_rows_any(of->present)) continue;
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

/* ---- Runs ---- */
static void add_range(uint64_t *rows, size_t at, size_t count) {
  while (count > 0) {
    size_t bit = at % 64, some = count < 64 - bit ? count : 64 - bit;
    rows[at / 64] |= UINT64_MAX >> (64 - some) << bit;
    at += some;
    count -= some;
  }
}

/* Which rows of the vector have a value: where the source has one in every row, all that are moved. */
static void move_present(const med_wide_segment_writer *writer, const med_wide_vector *from, const uint64_t *moved,
                         uint64_t *present) {
  if (med_rows_count(from->present) == writer->source->rows) {
    for (size_t i = 0; i < MED_VECTOR_WORDS; i++) present[i] |= moved[i];
    return;
  }
  for (size_t i = 0; i < writer->run_count; i++) {
    const moved_rows *of = &writer->runs[i];
    for (size_t row = 0; row < of->count; row++) {
      if (med_rows_has(from->present, of->from + row)) med_rows_add(present, of->to + row);
    }
  }
}

/* Numbers, or the bits of them. */
static void move_numbers(const med_wide_segment_writer *writer, const int64_t *from, int64_t *to) {
  for (size_t i = 0; i < writer->run_count; i++) {
    const moved_rows *of = &writer->runs[i];
    for (size_t row = 0; row < of->count; row++) to[of->to + row] = from[of->from + row];
  }
}

static bool move_texts(med_wide_segment_writer *writer, const med_slice *from, med_slice *to) {
  size_t size = 1;
  for (size_t i = 0; i < writer->run_count; i++) {
    const moved_rows *of = &writer->runs[i];
    for (size_t row = 0; row < of->count; row++) size += from[of->from + row].len;
  }
  uint8_t *copies = med_arena_alloc(&writer->bytes, size);
  if (copies == NULL) return false;
  for (size_t i = 0; i < writer->run_count; i++) {
    const moved_rows *of = &writer->runs[i];
    for (size_t row = 0; row < of->count; row++) {
      med_slice text = from[of->from + row];
      if (text.len > 0) memcpy(copies, text.bytes, text.len);
      to[of->to + row] = med_slice_of(copies, text.len);
      copies += text.len;
    }
  }
  return true;
}

static bool move_column(med_wide_segment_writer *writer, const med_wide_vector *from, const uint64_t *moved,
                        column *to) {
  if (from->values.integers == NULL) return true; /* no row of its segment has a value */
  move_present(writer, from, moved, to->present);
  if (to->type == MED_COLUMN_TEXTS) return move_texts(writer, from->values.texts, to->values.texts);
  if (to->type == MED_COLUMN_REALS) {
    for (size_t i = 0; i < writer->run_count; i++) {
      const moved_rows *of = &writer->runs[i];
      memcpy(to->values.reals + of->to, from->values.reals + of->from, of->count * sizeof(double));
    }
    return true;
  }
  move_numbers(writer, from->values.integers, to->values.integers);
  return true;
}

int med_wide_segment_writer_settle(med_wide_segment_writer *writer) {
  uint64_t moved[MED_VECTOR_WORDS] = {0};
  bool ok = true;
  if (writer->run_count == 0) return MEDLEY_OK;
  const med_wide_source_vector *source = writer->source;
  const moved_rows *last = &writer->runs[writer->run_count - 1];
  for (size_t i = 0; i < writer->run_count; i++) add_range(moved, writer->runs[i].to, writer->runs[i].count);
  for (size_t i = 0; ok && i < writer->column_count; i++) {
    bool own = i >= MED_WIDE_SEGMENT_FIXED;
    const med_wide_vector *from = own ? &source->columns[i - MED_WIDE_SEGMENT_FIXED] : &source->fixed[i];
    ok = move_column(writer, from, moved, &writer->columns[i]);
  }
  if ((size_t)last->to + last->count == writer->filled)
    med_wide_source_key(source, (size_t)last->from + last->count - 1, writer->segment.table_id, &writer->segment.last);
  writer->run_count = 0;
  return ok ? MEDLEY_OK : med_error_no_memory(med_txn_error(writer->txn));
}

int med_wide_segment_writer_add_rows(med_wide_segment_writer *writer, const med_wide_source_vector *from, size_t first,
                                     size_t count, size_t bytes) {
  med_wide_segment *segment = &writer->segment;
  int rc = MEDLEY_OK;
  assert(writer->run_count == 0 || writer->source == from);
  writer->source = from;
  if (segment->rows == 0 && count > 0) med_wide_source_key(from, first, segment->table_id, &segment->first);
  segment->rows += count;
  segment->bytes += bytes;
  while (rc == MEDLEY_OK && count > 0) {
    size_t room = MED_VECTOR_ROWS - writer->filled, some = count < room ? count : room;
    writer->runs[writer->run_count++] = (moved_rows){(uint16_t)first, (uint16_t)writer->filled, (uint16_t)some};
    writer->filled += some;
    first += some;
    count -= some;
    if (writer->filled == MED_VECTOR_ROWS) rc = write_vector(writer);
  }
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
  const med_wide_table *table = writer->list->table;
  medley_error *error = med_txn_error(writer->txn);
  bool fresh;
  int rc;
  MED_TRY(med_wide_key_walk_place(&writer->walk, table, key, &place, &fresh, error));
  if (fresh && !place.hashed) {
    med_arena_reset(&writer->partition_bytes);
    MED_TRY(med_wide_key_values(table->columns, table->partition_count, place.parts, &writer->partition_bytes,
                                writer->partition, error));
  }
  MED_TRY(med_wide_key_values(med_wide_clustering(table), table->clustering_count, place.clustering, &writer->bytes,
                              values, error));
  if ((!place.hashed && !put_keys(writer, 0, table->partition_count, writer->partition)) ||
      !put_keys(writer, table->partition_count, table->clustering_count, values))
    return med_error_no_memory(error);
done:
  return rc;
}

static bool put_row(med_wide_segment_writer *writer, med_slice key, const med_wide_plain_row *row) {
  const uint8_t *tail = (const uint8_t *)key.bytes + MED_WIDE_TAIL_OFFSET;
  med_slice rest = med_slice_of(tail + 8, key.len - MED_WIDE_TAIL_OFFSET - 8);
  put_integer(writer, MED_WIDE_SEGMENT_TOKENS, (int64_t)(med_get_u64(tail) ^ UINT64_C(1) << 63));
  put_integer(writer, MED_WIDE_SEGMENT_TIMES, row->timestamp_us);
  put_integer(writer, MED_WIDE_SEGMENT_MARKERS, row->marked);
  if (row->expiry_s > 0) {
    put_integer(writer, MED_WIDE_SEGMENT_EXPIRIES, row->expiry_s);
    put_integer(writer, MED_WIDE_SEGMENT_TTLS, row->ttl_s);
  }
  bool ok = put_value(writer, &writer->columns[MED_WIDE_SEGMENT_RESTS], rest);
  for (size_t i = 0; ok && i < writer->list->count; i++) {
    if (row->values[i].bytes != NULL)
      ok = put_value(writer, &writer->columns[MED_WIDE_SEGMENT_FIXED + i], row->values[i]);
  }
  return ok;
}

int med_wide_segment_writer_add(med_wide_segment_writer *writer, med_slice key, const med_wide_plain_row *row,
                                size_t bytes) {
  med_wide_segment *segment = &writer->segment;
  if (!put_row(writer, key, row)) return med_error_no_memory(med_txn_error(writer->txn));
  int rc = put_key(writer, key);
  if (rc != MEDLEY_OK) return rc;
  if (segment->rows == 0) med_key_set(&segment->first, key);
  med_key_set(&segment->last, key);
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
