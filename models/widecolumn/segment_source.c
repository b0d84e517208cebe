/* segment_source.c - vectors decoded whole, their texts copied, their order proven. */
#include "models/widecolumn/segment_source.h"

#include "models/widecolumn/segment_expiry.h"

struct med_wide_segment_source {
  med_txn *txn;
  const med_wide_sealed_columns *columns;
  med_wide_segment_scan *scan;
  med_key to;
  med_key last; /* of the vector before; no bytes: there was none */
  med_wide_source_vector vector;
  med_arena room, bytes; /* of all vectors; of the present one's texts */
};

static bool make_room(med_wide_segment_source *source) {
  size_t count = source->columns->count;
  source->vector.columns = med_arena_alloc(&source->room, (count + 1) * sizeof *source->vector.columns);
  return source->vector.columns != NULL;
}

int med_wide_segment_source_open(med_txn *txn, const med_wide_sealed_columns *columns, const med_key *from,
                                 const med_key *to, med_wide_segment_source **opened) {
  med_wide_segment_source *source = med_alloc_zero(sizeof *source);
  *opened = NULL;
  if (source == NULL) return med_error_no_memory(med_txn_error(txn));
  source->txn = txn;
  source->columns = columns;
  source->to = *to;
  int rc = make_room(source) ? MEDLEY_OK : med_error_no_memory(med_txn_error(txn));
  if (rc == MEDLEY_OK) rc = med_wide_segment_scan_open(txn, columns->table, &source->scan);
  if (rc != MEDLEY_OK) {
    med_wide_segment_source_close(source);
    return rc;
  }
  med_wide_segment_scan_only(source->scan, from, to);
  med_wide_segment_scan_expired(source->scan, med_wide_segment_purged_s(txn, columns->table));
  *opened = source;
  return MEDLEY_OK;
}

void med_wide_segment_source_close(med_wide_segment_source *source) {
  if (source == NULL) return;
  med_wide_segment_scan_close(source->scan);
  med_arena_clear(&source->room);
  med_arena_clear(&source->bytes);
  med_free(source);
}

static int damaged(const med_wide_segment_source *source, const char *what) {
  return med_error_set(med_txn_error(source->txn), MEDLEY_CORRUPT, "wide-column: table %u: %s of a segment",
                       (unsigned)source->columns->table->id, what);
}

/* ---- Copies ---- */
/* The texts behind each other, in memory of the source. */
static int copy_texts(med_wide_segment_source *source, med_wide_vector *vector) {
  size_t size = 1, rows = source->vector.rows;
  const med_slice *texts = vector->values.texts;
  for (size_t row = 0; row < rows; row++) size += texts[row].len;
  med_slice *copies = med_arena_alloc(&source->bytes, rows * sizeof *copies);
  uint8_t *to = med_arena_alloc(&source->bytes, size);
  if (copies == NULL || to == NULL) return med_error_no_memory(med_txn_error(source->txn));
  for (size_t row = 0; row < rows; row++) {
    if (texts[row].len > 0) memcpy(to, texts[row].bytes, texts[row].len);
    copies[row] = med_slice_of(to, texts[row].len);
    to += texts[row].len;
  }
  vector->values.texts = copies;
  return MEDLEY_OK;
}

/* A scan's vector stays as it is until the next one, but for texts. */
static int take(med_wide_segment_source *source, const med_wide_vector *found, med_column_type type,
                med_wide_vector *vector) {
  *vector = *found;
  return type == MED_COLUMN_TEXTS && found->values.texts != NULL ? copy_texts(source, vector) : MEDLEY_OK;
}

static int take_fixed(med_wide_segment_source *source) {
  int rc = MEDLEY_OK;
  for (uint64_t i = 0; rc == MEDLEY_OK && i < MED_WIDE_SEGMENT_FIXED; i++) {
    const med_wide_vector *found;
    rc = med_wide_segment_scan_fixed(source->scan, i, &found);
    if (rc == MEDLEY_OK)
      rc = take(source, found, i == MED_WIDE_SEGMENT_RESTS ? MED_COLUMN_TEXTS : MED_COLUMN_INTEGERS,
                &source->vector.fixed[i]);
  }
  return rc;
}

static int take_columns(med_wide_segment_source *source) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < source->columns->count; i++) {
    const med_wide_column *column = source->columns->columns[i];
    const med_wide_vector *found;
    rc = med_wide_segment_scan_vector(source->scan, column, &found);
    if (rc == MEDLEY_OK) rc = take(source, found, med_wide_segment_type(column->type.kind), &source->vector.columns[i]);
  }
  return rc;
}

/* ---- Keys ---- */
int med_wide_source_compare(const med_wide_source_vector *vector, size_t row, int64_t token, med_slice rest) {
  int64_t own = vector->fixed[MED_WIDE_SEGMENT_TOKENS].values.integers[row];
  if (own != token) return own < token ? -1 : 1;
  return med_slice_compare(vector->fixed[MED_WIDE_SEGMENT_RESTS].values.texts[row], rest);
}

void med_wide_source_key(const med_wide_source_vector *vector, size_t row, uint32_t table_id, med_key *key) {
  med_slice rest = vector->fixed[MED_WIDE_SEGMENT_RESTS].values.texts[row];
  med_wide_token_prefix(table_id, vector->fixed[MED_WIDE_SEGMENT_TOKENS].values.integers[row], key);
  memcpy(key->bytes + key->len, rest.bytes, rest.len);
  key->len = (uint16_t)(key->len + rest.len);
}

/* Rows ascend, also from vector to vector, and end before the range does. */
static int check_keys(med_wide_segment_source *source) {
  const med_wide_source_vector *vector = &source->vector;
  const int64_t *tokens = vector->fixed[MED_WIDE_SEGMENT_TOKENS].values.integers;
  const med_slice *rests = vector->fixed[MED_WIDE_SEGMENT_RESTS].values.texts;
  size_t room = MED_KEY_SIZE_MAX - MED_WIDE_TAIL_OFFSET - 8;
  uint32_t table_id = source->columns->table->id;
  med_key key;
  for (size_t row = 0; row < vector->rows; row++) {
    if (rests[row].len == 0 || rests[row].len >= room) return damaged(source, "a key that is none in a row");
    if (row > 0 && med_wide_source_compare(vector, row - 1, tokens[row], rests[row]) >= 0)
      return damaged(source, "keys that are not in order in rows");
  }
  med_wide_source_key(vector, 0, table_id, &key);
  if (source->last.len > 0 && med_slice_compare(med_key_slice(&source->last), med_key_slice(&key)) >= 0)
    return damaged(source, "keys that are not in order in rows");
  med_wide_source_key(vector, vector->rows - 1, table_id, &source->last);
  return med_slice_compare(med_key_slice(&source->last), med_key_slice(&source->to)) < 0
             ? MEDLEY_OK
             : damaged(source, "a key behind its end in a row");
}

/* ---- Sizes ---- */
static void add_sizes(med_wide_source_vector *vector, const med_wide_column *column, const med_wide_vector *of) {
  bool texts = med_wide_segment_type(column->type.kind) == MED_COLUMN_TEXTS;
  size_t size = MED_WIDE_PLAIN_CELL_SIZE + (texts ? 0 : med_wide_kind_size(column->type.kind));
  if (column->role != MED_WIDE_REGULAR || of->values.texts == NULL) return;
  for (size_t row = 0; row < vector->rows; row++) {
    if (!med_rows_has(of->present, row)) continue;
    vector->sizes[row] += (uint32_t)(size + (texts ? of->values.texts[row].len : 0));
  }
}

static void find_sizes(med_wide_segment_source *source) {
  med_wide_source_vector *vector = &source->vector;
  const med_slice *rests = vector->fixed[MED_WIDE_SEGMENT_RESTS].values.texts;
  for (size_t row = 0; row < vector->rows; row++)
    vector->sizes[row] = (uint32_t)med_wide_plain_row_size(MED_WIDE_TAIL_OFFSET + 8 + rests[row].len);
  for (size_t i = 0; i < source->columns->count; i++)
    add_sizes(vector, source->columns->columns[i], &vector->columns[i]);
}

int med_wide_segment_source_next(med_wide_segment_source *source, const med_wide_source_vector **vector) {
  int rc = med_wide_segment_scan_next(source->scan, &source->vector.rows, source->vector.live);
  if (rc != MEDLEY_OK) return rc;
  *vector = &source->vector;
  med_arena_reset(&source->bytes);
  rc = take_fixed(source);
  if (rc == MEDLEY_OK) rc = take_columns(source);
  if (rc == MEDLEY_OK) rc = check_keys(source);
  if (rc == MEDLEY_OK) find_sizes(source);
  return rc;
}
