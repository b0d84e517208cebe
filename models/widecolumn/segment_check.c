/* segment_check.c - a segment read in full. */
#include "models/widecolumn/segment_check.h"

#include "models/widecolumn/plain_row.h"
#include "models/widecolumn/value.h"
#include "storage/column_check.h"
#include "storage/column_reader.h"

/* A column of the key that stands in the segment by itself. */
typedef struct key_column {
  const med_wide_column *of;
  size_t at; /* in the key */
  med_column_reader *reader;
  med_vector_rows rows;
  union {
    int64_t integers[MED_VECTOR_ROWS];
    med_slice texts[MED_VECTOR_ROWS];
  } values;
} key_column;

typedef struct keys_check {
  med_txn *txn;
  const med_wide_table *table;
  const med_wide_segment *segment;
  key_column *columns;
  size_t column_count;
  med_arena arena, row_arena;
  med_column_reader *token_reader, *rest_reader;
  med_vector_rows token_rows, rest_rows;
  int64_t tokens[MED_VECTOR_ROWS];
  med_slice rests[MED_VECTOR_ROWS];
  med_key key, last;
} keys_check;

static int contradicts(med_txn *txn, const med_wide_segment *segment, const char *what) {
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: segment %llu of table %u: %s",
                       (unsigned long long)segment->id, segment->table_id, what);
}

static int check_column(med_txn *txn, const med_wide_segment *segment, uint64_t number, med_column_type type,
                        uint64_t *key_count) {
  med_page_run run;
  uint64_t pages = 0;
  med_wide_segment_run(segment, number, &run);
  int rc = med_column_check(txn, &run, type, segment->rows);
  if (rc == MEDLEY_OK) rc = med_page_run_count(txn, &run, &pages);
  *key_count += pages;
  return rc;
}

/* The header of a column that was checked. */
static int get_group(med_txn *txn, const med_wide_segment *segment, uint64_t number, med_column_type type,
                     med_column_group *group) {
  med_column_reader *reader;
  const med_column_group *header;
  med_page_run run;
  med_wide_segment_run(segment, number, &run);
  int rc = med_column_reader_open(txn, &run, type, &reader);
  if (rc == MEDLEY_OK) rc = med_column_reader_group(reader, 0, &header);
  if (rc == MEDLEY_OK) *group = *header;
  med_column_reader_close(reader);
  return rc == MEDLEY_NOT_FOUND ? contradicts(txn, segment, "a column has fewer rows than there are") : rc;
}

/* A column that every segment has: no row is without. */
static int check_fixed(med_txn *txn, const med_wide_segment *segment, uint64_t number, uint64_t *key_count) {
  med_column_group group;
  med_column_type type = number == MED_WIDE_SEGMENT_RESTS ? MED_COLUMN_TEXTS : MED_COLUMN_INTEGERS;
  int rc = check_column(txn, segment, number, type, key_count);
  if (rc == MEDLEY_OK) rc = get_group(txn, segment, number, type, &group);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < group.vectors; i++) {
    if (group.zones[i].nulls > 0) return contradicts(txn, segment, "a row has no key, time or marker");
  }
  if (number == MED_WIDE_SEGMENT_MARKERS && (group.min.integer < 0 || group.max.integer > 1))
    return contradicts(txn, segment, "a marker is neither there nor not");
  return MEDLEY_OK;
}

/* Two columns of integers that were checked. */
static int have_same_rows(med_txn *txn, const med_wide_segment *segment, uint64_t a, uint64_t b, bool *same) {
  med_column_reader *readers[2] = {NULL};
  med_vector_rows rows[2];
  int rc = MEDLEY_OK;
  for (int i = 0; rc == MEDLEY_OK && i < 2; i++) {
    med_page_run run;
    med_wide_segment_run(segment, i == 0 ? a : b, &run);
    rc = med_column_reader_open(txn, &run, MED_COLUMN_INTEGERS, &readers[i]);
  }
  *same = true;
  for (uint64_t at = 0; rc == MEDLEY_OK && *same && at * MED_VECTOR_ROWS < segment->rows; at++) {
    for (int i = 0; rc == MEDLEY_OK && i < 2; i++) rc = med_column_reader_present(readers[i], at, &rows[i]);
    *same = rc == MEDLEY_OK && memcmp(rows[0].present, rows[1].present, sizeof rows[0].present) == 0;
  }
  for (int i = 0; i < 2; i++) med_column_reader_close(readers[i]);
  return rc;
}

/* Both columns have the same rows, and the record says when the first and the last of them expire. */
static int check_expiries(med_txn *txn, const med_wide_segment *segment, uint64_t *key_count) {
  med_column_group groups[2];
  int rc = MEDLEY_OK;
  for (uint64_t i = 0; rc == MEDLEY_OK && i < 2; i++) {
    rc = check_column(txn, segment, MED_WIDE_SEGMENT_EXPIRIES + i, MED_COLUMN_INTEGERS, key_count);
    if (rc == MEDLEY_OK) rc = get_group(txn, segment, MED_WIDE_SEGMENT_EXPIRIES + i, MED_COLUMN_INTEGERS, &groups[i]);
  }
  if (rc != MEDLEY_OK) return rc;
  const med_column_group *expiries = &groups[0], *ttls = &groups[1];
  bool right = expiries->nulls < expiries->rows && expiries->min.integer == segment->first_expiry_s &&
               expiries->max.integer <= UINT32_MAX && ttls->min.integer > 0 && ttls->max.integer <= UINT32_MAX;
  right = right && segment->last_expiry_s == (expiries->nulls == 0 ? (uint32_t)expiries->max.integer : 0);
  if (right) rc = have_same_rows(txn, segment, MED_WIDE_SEGMENT_EXPIRIES, MED_WIDE_SEGMENT_TTLS, &right);
  if (rc != MEDLEY_OK) return rc;
  return right ? MEDLEY_OK : contradicts(txn, segment, "its times to live are not what its record says");
}

/* All integers between two that are values of the type are, too. */
static bool is_value(const med_wide_type *type, int64_t number) {
  uint8_t bytes[8];
  medley_error ignored = {0};
  med_slice value = med_wide_segment_of_integer(type->kind, number, bytes);
  return med_wide_value_check(type, value, &ignored) == MEDLEY_OK &&
         med_wide_segment_integer(type->kind, value) == number;
}

/* The columns of a table that were dropped are those whose ids it has given, and no longer has. */
static int check_own(med_txn *txn, const med_wide_table *table, const med_wide_segment *segment,
                     const med_wide_segment_column *own, uint64_t *key_count) {
  med_column_group group;
  uint64_t number = (uint64_t)MED_WIDE_SEGMENT_COLUMN + own->id;
  const med_wide_column *column = med_wide_table_column_by_id(table, own->id);
  if (column == NULL && own->id >= table->next_column_id)
    return contradicts(txn, segment, "a column that its table never had");
  bool fits = column == NULL || (column->role == MED_WIDE_REGULAR && !med_wide_type_is_complex(&column->type)) ||
              med_wide_segment_keeps(column);
  if (!fits || (column != NULL && med_wide_segment_type(column->type.kind) != own->type))
    return contradicts(txn, segment, "a column has another type than the table's");
  int rc = check_column(txn, segment, number, own->type, key_count);
  if (rc != MEDLEY_OK || column == NULL || own->type != MED_COLUMN_INTEGERS) return rc;
  rc = get_group(txn, segment, number, own->type, &group);
  if (rc != MEDLEY_OK || group.nulls == group.rows) return rc;
  return is_value(&column->type, group.min.integer) && is_value(&column->type, group.max.integer)
             ? MEDLEY_OK
             : contradicts(txn, segment, "a number is no value of its column");
}

static int check_columns(med_txn *txn, const med_wide_table *table, const med_wide_segment *segment,
                         uint64_t *key_count) {
  int rc = MEDLEY_OK;
  for (uint64_t i = 0; rc == MEDLEY_OK && i < MED_WIDE_SEGMENT_FULL; i++) rc = check_fixed(txn, segment, i, key_count);
  if (rc == MEDLEY_OK && segment->first_expiry_s > 0) rc = check_expiries(txn, segment, key_count);
  for (size_t i = 0; rc == MEDLEY_OK && i < segment->column_count; i++)
    rc = check_own(txn, table, segment, &segment->columns[i], key_count);
  return rc;
}

static int check_key(keys_check *work, size_t row, bool first) {
  med_slice rest = work->rests[row];
  med_wide_token_prefix(work->segment->table_id, work->tokens[row], &work->key);
  if (!med_rows_has(work->token_rows.present, row) || !med_rows_has(work->rest_rows.present, row) ||
      rest.len > MED_KEY_SIZE_MAX - (size_t)work->key.len)
    return contradicts(work->txn, work->segment, "a row has no key");
  if (rest.len > 0) memcpy(work->key.bytes + work->key.len, rest.bytes, rest.len);
  work->key.len = (uint16_t)(work->key.len + rest.len);
  const med_key *before = first ? &work->segment->first : &work->last;
  int order = med_slice_compare(med_key_slice(before), med_key_slice(&work->key));
  if (first ? order != 0 : order >= 0)
    return contradicts(work->txn, work->segment, first ? "its first key is another one" : "its keys are not in order");
  work->last = work->key;
  return MEDLEY_OK;
}

/* ---- Columns of the key ---- */
static int open_key_columns(keys_check *work) {
  const med_wide_table *table = work->table;
  work->columns = med_arena_alloc(&work->arena, (work->segment->column_count + 1) * sizeof *work->columns);
  if (work->columns == NULL) return med_error_no_memory(med_txn_error(work->txn));
  for (size_t i = 0; i < work->segment->column_count; i++) {
    const med_wide_column *column = med_wide_table_column_by_id(table, work->segment->columns[i].id);
    if (column == NULL || column->role == MED_WIDE_REGULAR) continue;
    key_column *made = &work->columns[work->column_count++];
    med_page_run run;
    made->of = column;
    made->at = (size_t)(column - table->columns);
    med_wide_segment_run(work->segment, (uint64_t)MED_WIDE_SEGMENT_COLUMN + column->id, &run);
    int rc = med_column_reader_open(work->txn, &run, med_wide_segment_type(column->type.kind), &made->reader);
    if (rc != MEDLEY_OK) {
      work->column_count--;
      return rc;
    }
  }
  return MEDLEY_OK;
}

static int read_key_columns(keys_check *work, uint64_t vector) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < work->column_count; i++) {
    key_column *of = &work->columns[i];
    rc = med_wide_segment_type(of->of->type.kind) == MED_COLUMN_INTEGERS
             ? med_column_reader_integers(of->reader, vector, &of->rows, of->values.integers)
             : med_column_reader_texts(of->reader, vector, &of->rows, of->values.texts);
  }
  return rc;
}

static bool is_that_value(const key_column *of, size_t row, med_slice value) {
  bool present = med_rows_has(of->rows.present, row);
  if (med_wide_segment_type(of->of->type.kind) == MED_COLUMN_TEXTS)
    return present && med_slice_equal(of->values.texts[row], value);
  return present && of->values.integers[row] == med_wide_segment_integer(of->of->type.kind, value);
}

/* What stands in them is what the row's key says; nothing, of a partition key that is a hash. */
static int check_key_columns(keys_check *work, size_t row) {
  med_slice values[2 * MED_WIDE_KEY_COLUMNS_MAX];
  const med_wide_table *table = work->table;
  med_wide_place place;
  medley_error *error = med_txn_error(work->txn);
  int rc;
  if (work->column_count == 0) return MEDLEY_OK;
  med_arena_reset(&work->row_arena);
  MED_TRY(med_wide_key_place(table, med_key_slice(&work->key), &place, error));
  if (!place.hashed)
    MED_TRY(med_wide_key_values(table->columns, table->partition_count, place.parts, &work->row_arena, values, error));
  MED_TRY(med_wide_key_values(med_wide_clustering(table), table->clustering_count, place.clustering, &work->row_arena,
                              values + table->partition_count, error));
  for (size_t i = 0; i < work->column_count; i++) {
    const key_column *of = &work->columns[i];
    bool right = place.hashed && of->at < table->partition_count ? !med_rows_has(of->rows.present, row)
                                                                 : is_that_value(of, row, values[of->at]);
    if (!right) return contradicts(work->txn, work->segment, "a column of the key is not what the key says");
  }
done:
  return rc;
}

static int check_keys(keys_check *work) {
  const med_wide_segment *segment = work->segment;
  med_page_run run;
  int rc;
  MED_TRY(open_key_columns(work));
  med_wide_segment_run(segment, MED_WIDE_SEGMENT_TOKENS, &run);
  MED_TRY(med_column_reader_open(work->txn, &run, MED_COLUMN_INTEGERS, &work->token_reader));
  med_wide_segment_run(segment, MED_WIDE_SEGMENT_RESTS, &run);
  MED_TRY(med_column_reader_open(work->txn, &run, MED_COLUMN_TEXTS, &work->rest_reader));
  for (uint64_t vector = 0; vector * MED_VECTOR_ROWS < segment->rows; vector++) {
    MED_TRY(med_column_reader_integers(work->token_reader, vector, &work->token_rows, work->tokens));
    MED_TRY(med_column_reader_texts(work->rest_reader, vector, &work->rest_rows, work->rests));
    MED_TRY(read_key_columns(work, vector));
    for (size_t row = 0; row < work->rest_rows.rows; row++) {
      MED_TRY(check_key(work, row, vector == 0 && row == 0));
      MED_TRY(check_key_columns(work, row));
    }
  }
  if (!med_slice_equal(med_key_slice(&work->last), med_key_slice(&segment->last)))
    rc = contradicts(work->txn, segment, "its last key is another one");
done:
  med_column_reader_close(work->token_reader);
  med_column_reader_close(work->rest_reader);
  for (size_t i = 0; i < work->column_count; i++) med_column_reader_close(work->columns[i].reader);
  return rc == MEDLEY_NOT_FOUND ? contradicts(work->txn, segment, "a column has fewer rows than there are") : rc;
}

static int check_gone(med_txn *txn, const med_wide_segment *segment, uint64_t *key_count) {
  for (uint32_t chunk = 0; (uint64_t)chunk * MED_WIDE_GONE_ROWS < segment->rows; chunk++) {
    med_slice bits;
    int rc = med_wide_segment_gone_chunk(txn, segment, chunk, &bits);
    if (rc != MEDLEY_OK) return rc;
    *key_count += bits.len > 0;
    uint64_t left = segment->rows - (uint64_t)chunk * MED_WIDE_GONE_ROWS;
    for (size_t bit = left < MED_WIDE_GONE_ROWS ? (size_t)left : MED_WIDE_GONE_ROWS; bit < bits.len * 8; bit++) {
      if (((const uint8_t *)bits.bytes)[bit / 8] >> bit % 8 & 1)
        return contradicts(txn, segment, "a row is gone that it does not have");
    }
  }
  return MEDLEY_OK;
}

int med_wide_segment_check(med_txn *txn, const med_wide_table *table, const med_wide_segment *segment,
                           uint64_t *key_count) {
  keys_check *work = med_alloc_zero(sizeof *work);
  if (work == NULL) return med_error_no_memory(med_txn_error(txn));
  work->txn = txn;
  work->table = table;
  work->segment = segment;
  int rc = check_columns(txn, table, segment, key_count);
  if (rc == MEDLEY_OK) rc = check_keys(work);
  if (rc == MEDLEY_OK) rc = check_gone(txn, segment, key_count);
  med_arena_clear(&work->arena);
  med_arena_clear(&work->row_arena);
  med_free(work);
  return rc;
}
