/* read.c - walking a table's rows. */
#include "models/widecolumn/read.h"

#include "models/widecolumn/derived.h"
#include "models/widecolumn/tiers.h"
#include "models/widecolumn/value_key.h"

struct med_wide_reader {
  med_txn *txn;
  const med_wide_table *table;
  int64_t now_s;
  med_wide_tiers tiers;
  bool reverse, distinct,
      whole; /* whole: all rows of each partition are asked for, so static columns may stand alone */
  bool ended;
  bool by_key;      /* `from` is the key of the one row that there may be: it is looked up, and nothing is sought */
  bool looked_up;   /* that is done */
  med_key from, to; /* of tree keys: from <= key < to */
  med_key at;       /* where the next record is looked for: >= at, or < at in reverse */
  med_key current;  /* of the last entry */
  med_key resumed;  /* the partition of the row that the reading goes on behind; len 0: none */
  /* The present partition */
  med_arena partition_arena;
  med_key partition; /* its key; len 0: none yet */
  med_slice *partition_values;
  med_wide_partition record;
  bool any_row; /* a live row of it has been answered, or it need not be asked */
  bool first;
  /* The present row */
  med_arena arena;
  med_slice *clustering_values;
  med_wide_row row;
  uint64_t visited;
};

static medley_error *slot(const med_wide_reader *reader) { return med_txn_error(reader->txn); }

int med_wide_reader_open(med_txn *txn, const med_wide_table *table, med_wide_reader **reader) {
  med_wide_reader *made = med_alloc_zero(sizeof *made);
  *reader = NULL;
  if (made == NULL) return med_error_no_memory(med_txn_error(txn));
  made->txn = txn;
  made->table = table;
  made->now_s = med_txn_now_us(txn) / 1000000;
  med_wide_tiers_init(&made->tiers, txn, table);
  med_wide_reader_tokens(made, INT64_MIN, INT64_MAX);
  *reader = made;
  return MEDLEY_OK;
}

void med_wide_reader_close(med_wide_reader *reader) {
  if (reader == NULL) return;
  med_wide_tiers_clear(&reader->tiers);
  med_arena_clear(&reader->partition_arena);
  med_arena_clear(&reader->arena);
  med_free(reader);
}

static void begin(med_wide_reader *reader, bool reverse, bool whole) {
  reader->reverse = reverse;
  reader->whole = whole;
  reader->ended = reader->by_key = reader->looked_up = false;
  reader->partition.len = reader->resumed.len = 0;
  reader->any_row = true;
  reader->at = reverse ? reader->to : reader->from;
  med_wide_tiers_within(&reader->tiers, &reader->from, &reader->to);
}

/* The end of all keys that begin with prefix. A key of a table is never only FF. */
static void after(med_key *key, const med_key *prefix) { (void)med_key_after_prefix(key, med_key_slice(prefix)); }

void med_wide_reader_tokens(med_wide_reader *reader, int64_t from, int64_t to) {
  med_key last;
  med_wide_token_prefix(reader->table->id, from, &reader->from);
  med_wide_token_prefix(reader->table->id, to, &last);
  after(&reader->to, &last);
  begin(reader, false, true);
}

void med_wide_reader_only_records(med_wide_reader *reader) { med_wide_tiers_only_records(&reader->tiers); }

void med_wide_reader_columns(med_wide_reader *reader, const bool *wanted, bool times) {
  med_wide_tiers_columns(&reader->tiers, wanted, times);
}

void med_wide_reader_windows(med_wide_reader *reader, const med_wide_window_span *span) {
  med_wide_tiers_span(&reader->tiers, span);
}

void med_wide_reader_distinct(med_wide_reader *reader, bool distinct) { reader->distinct = distinct; }

int med_wide_reader_partition(med_wide_reader *reader, const med_slice *values, const med_wide_range *range,
                              bool reverse) {
  med_key partition, rows;
  bool hashed;
  int rc = med_wide_partition_key(reader->table, values, &partition, &hashed, slot(reader));
  if (rc != MEDLEY_OK) return rc;
  med_wide_row_key(&partition, med_slice_of("", 0), &rows);
  if (range == NULL) {
    /* Windows have rows alone: what else a partition has would stand in each of them. */
    reader->from = reader->table->time_window == NULL ? partition : rows;
    after(&reader->to, &reader->from);
  } else {
    reader->from = rows;
    med_wide_key_extend(&reader->from, range->from);
    if (range->to.bytes == NULL) {
      after(&reader->to, &rows);
    } else {
      reader->to = rows;
      med_wide_key_extend(&reader->to, range->to);
    }
  }
  begin(reader, reverse, range == NULL);
  reader->by_key = reader->table->clustering_count == 0 || (range != NULL && range->is_row);
  if (reader->by_key && range == NULL) reader->from = rows;
  return MEDLEY_OK;
}

void med_wide_reader_skip_partition(med_wide_reader *reader) {
  if (reader->partition.len == 0) return;
  reader->any_row = true;
  if (reader->reverse)
    reader->at = reader->partition;
  else
    after(&reader->at, &reader->partition);
}

int med_wide_reader_resume(med_wide_reader *reader, med_slice tail) {
  med_wide_place place;
  med_key key;
  med_wide_table_prefix(reader->table->id, &key);
  if (tail.len > MED_KEY_SIZE_MAX - (size_t)key.len)
    return med_error_set(slot(reader), MEDLEY_CORRUPT, "wide-column: a place to go on from that is none");
  med_wide_key_extend(&key, tail);
  int rc = med_wide_key_place(reader->table, med_key_slice(&key), &place, slot(reader));
  if (rc != MEDLEY_OK) return rc;
  reader->by_key = false;
  if (reader->distinct) {
    med_key partition = {.len = (uint16_t)place.partition.len};
    memcpy(partition.bytes, place.partition.bytes, place.partition.len);
    after(&reader->at, &partition);
    return MEDLEY_OK;
  }
  reader->at = key;
  if (!reader->reverse) reader->at.bytes[reader->at.len++] = 0;
  /* Its rows were answered before: static columns do not stand alone any more. */
  reader->partition.len = 0;
  reader->any_row = true;
  reader->resumed.len = (uint16_t)place.partition.len;
  memcpy(reader->resumed.bytes, place.partition.bytes, place.partition.len);
  return MEDLEY_OK;
}

/* ---- A partition begins ---- */
static int enter_partition(med_wide_reader *reader, const med_wide_place *place) {
  med_arena_reset(&reader->partition_arena);
  reader->partition.len = (uint16_t)place->partition.len;
  memcpy(reader->partition.bytes, place->partition.bytes, place->partition.len);
  reader->first = true;
  const med_wide_table *table = reader->table;
  reader->partition_values = med_arena_alloc(&reader->partition_arena, table->partition_count * sizeof(med_slice));
  if (reader->partition_values == NULL) return med_error_no_memory(slot(reader));
  med_wide_partition_init(&reader->record);
  int rc = MEDLEY_OK;
  if (place->hashed || med_wide_table_has_static(table))
    rc = med_wide_tiers_partition(&reader->tiers, &reader->partition, &reader->partition_arena, &reader->record);
  if (rc != MEDLEY_OK) return rc;
  if (place->hashed)
    return med_wide_partition_unpack(table, reader->record.whole_key, reader->partition_values, slot(reader));
  return med_wide_key_values(table->columns, table->partition_count, place->parts, &reader->partition_arena,
                             reader->partition_values, slot(reader));
}

static int decode_clustering(med_wide_reader *reader, const med_wide_place *place) {
  const med_wide_table *table = reader->table;
  reader->clustering_values = med_arena_alloc(&reader->arena, (table->clustering_count + 1) * sizeof(med_slice));
  if (reader->clustering_values == NULL) return med_error_no_memory(slot(reader));
  return med_wide_key_values(med_wide_clustering(table), table->clustering_count, place->clustering, &reader->arena,
                             reader->clustering_values, slot(reader));
}

static int decode_row(med_wide_reader *reader, const med_wide_place *place, const med_wide_found *found) {
  med_arena_reset(&reader->arena);
  int rc = med_wide_tiers_row(&reader->tiers, found, &reader->arena, &reader->row);
  return rc == MEDLEY_OK ? decode_clustering(reader, place) : rc;
}

static void fill(med_wide_reader *reader, med_slice key, bool is_row, med_wide_entry *entry) {
  reader->current.len = 0;
  med_wide_key_extend(&reader->current, key);
  if (!is_row) med_wide_row_init(&reader->row);
  *entry = (med_wide_entry){
      .partition = reader->partition_values,
      .clustering = is_row ? reader->clustering_values : NULL,
      .row = &reader->row,
      .statics = &reader->record.statics,
      .token = (int64_t)(med_get_u64(reader->partition.bytes + MED_WIDE_TAIL_OFFSET) ^ (UINT64_C(1) << 63)),
      .first = reader->first,
      .tail = med_slice_of(reader->current.bytes + MED_WIDE_TAIL_OFFSET,
                           (size_t)reader->current.len - MED_WIDE_TAIL_OFFSET),
      .visited = reader->visited};
  reader->first = false;
}

/* Whether the partition that ends here is an entry by its static columns alone. */
static bool stands_alone(med_wide_reader *reader, med_wide_entry *entry) {
  if (reader->any_row || reader->partition.len == 0) return false;
  reader->any_row = true;
  if (!med_wide_row_is_live(&reader->record.statics, reader->now_s)) return false;
  med_key own;
  med_wide_partition_record_key(&reader->partition, &own);
  fill(reader, med_key_slice(&own), false, entry);
  return true;
}

static int look_up(med_wide_reader *reader, med_wide_found *found) {
  if (reader->looked_up) return MEDLEY_NOT_FOUND;
  reader->looked_up = true;
  int rc = med_wide_tiers_get(&reader->tiers, med_key_slice(&reader->from), found);
  if (rc == MEDLEY_OK) reader->visited++;
  return rc;
}

/* The next row or record within the bounds, and the place behind it. */
static int step(med_wide_reader *reader, med_wide_found *found) {
  if (reader->by_key) return look_up(reader, found);
  med_slice at = med_key_slice(&reader->at);
  int rc = reader->reverse ? med_wide_tiers_seek_before(&reader->tiers, at, found)
                           : med_wide_tiers_seek(&reader->tiers, at, found);
  if (rc != MEDLEY_OK) return rc;
  if (reader->reverse ? med_slice_compare(found->key, med_key_slice(&reader->from)) < 0
                      : med_slice_compare(found->key, med_key_slice(&reader->to)) >= 0)
    return MEDLEY_NOT_FOUND;
  reader->visited++;
  return MEDLEY_OK;
}

/* The key has been taken apart, so there is room for one byte more. */
static void pass(med_wide_reader *reader, med_slice key) {
  med_key_set(&reader->at, key);
  if (!reader->reverse) reader->at.bytes[reader->at.len++] = 0;
}

/* A key of the present partition needs no more than its last parts to be taken. */
static bool is_of_partition(const med_wide_reader *reader, med_slice key, med_wide_place *place) {
  size_t len = reader->partition.len;
  if (len == 0 || key.len <= len || key.len > MED_WIDE_ROW_KEY_MAX) return false;
  if (memcmp(key.bytes, reader->partition.bytes, len) != 0) return false;
  place->sub = ((const uint8_t *)key.bytes)[len];
  place->clustering = med_slice_of((const uint8_t *)key.bytes + len + 1, key.len - len - 1);
  return place->sub == MED_WIDE_SUB_ROW;
}

/* OK with an entry, NOT_FOUND if the record is none. */
static int take_record(med_wide_reader *reader, const med_wide_place *place, const med_wide_found *found,
                       med_wide_entry *entry) {
  if (place->sub == MED_WIDE_SUB_PARTITION) return MEDLEY_NOT_FOUND;
  int rc = decode_row(reader, place, found);
  if (rc != MEDLEY_OK) return rc;
  if (!med_wide_row_is_live(&reader->row, reader->now_s)) return MEDLEY_NOT_FOUND;
  reader->any_row = true;
  fill(reader, found->key, true, entry);
  return MEDLEY_OK;
}

int med_wide_reader_next(med_wide_reader *reader, med_wide_entry *entry) {
  while (!reader->ended) {
    med_wide_found found = {0};
    med_wide_place place = {0};
    int rc = step(reader, &found);
    reader->ended = rc == MEDLEY_NOT_FOUND;
    bool same = rc == MEDLEY_OK && is_of_partition(reader, found.key, &place);
    if (rc == MEDLEY_OK && !same) rc = med_wide_key_place(reader->table, found.key, &place, slot(reader));
    if (rc != MEDLEY_OK && !reader->ended) return rc;
    same = same || (!reader->ended && reader->partition.len > 0 &&
                    med_slice_equal(place.partition, med_key_slice(&reader->partition)));
    /* The record that was found is then looked for again in the next step. */
    if (!same && stands_alone(reader, entry)) return MEDLEY_OK;
    if (reader->ended) break;
    if (!same) {
      rc = enter_partition(reader, &place);
      if (rc != MEDLEY_OK) return rc;
      reader->any_row = !reader->whole || med_slice_equal(place.partition, med_key_slice(&reader->resumed));
    }
    pass(reader, found.key);
    rc = take_record(reader, &place, &found, entry);
    if (rc == MEDLEY_OK && reader->distinct) med_wide_reader_skip_partition(reader);
    if (rc != MEDLEY_NOT_FOUND) return rc;
  }
  return MEDLEY_NOT_FOUND;
}

/* The place of a tail; its partition is the present one. */
static int go_to(med_wide_reader *reader, med_slice tail, med_wide_place *place) {
  med_wide_table_prefix(reader->table->id, &reader->at);
  med_wide_key_extend(&reader->at, tail);
  int rc = med_wide_key_place(reader->table, med_key_slice(&reader->at), place, slot(reader));
  if (rc != MEDLEY_OK || med_slice_equal(place->partition, med_key_slice(&reader->partition))) return rc;
  return enter_partition(reader, place);
}

int med_wide_reader_at(med_wide_reader *reader, med_slice tail, med_wide_entry *entry) {
  med_wide_found found;
  med_wide_place place;
  int rc = go_to(reader, tail, &place);
  if (rc != MEDLEY_OK) return rc;
  bool is_row = place.sub == MED_WIDE_SUB_ROW;
  if (is_row) {
    rc = med_wide_tiers_get(&reader->tiers, med_key_slice(&reader->at), &found);
    if (rc == MEDLEY_OK) rc = decode_row(reader, &place, &found);
    if (rc != MEDLEY_OK) return rc;
  }
  if (!med_wide_row_is_live(is_row ? &reader->row : &reader->record.statics, reader->now_s)) return MEDLEY_NOT_FOUND;
  fill(reader, med_key_slice(&reader->at), is_row, entry);
  return MEDLEY_OK;
}

int med_wide_reader_key(med_wide_reader *reader, med_slice tail, med_wide_entry *entry) {
  med_wide_place place;
  int rc = go_to(reader, tail, &place);
  if (rc == MEDLEY_OK && place.sub != MED_WIDE_SUB_ROW)
    rc = med_error_set(slot(reader), MEDLEY_CORRUPT, "wide-column: a sealed row without a row's key");
  if (rc != MEDLEY_OK) return rc;
  med_arena_reset(&reader->arena);
  med_wide_row_init(&reader->row);
  rc = decode_clustering(reader, &place);
  if (rc == MEDLEY_OK) fill(reader, med_key_slice(&reader->at), true, entry);
  return rc;
}

/* ---- Ranges of clustering keys ---- */
/* The least bytes that are greater than all that begin with these; false if there are none. */
static bool make_successor(med_buffer *bytes) {
  while (bytes->len > 0 && (uint8_t)bytes->bytes[bytes->len - 1] == 0xFF) bytes->len--;
  if (bytes->len == 0) return false;
  bytes->bytes[bytes->len - 1]++;
  return true;
}

/* One end of the range: prefix alone, or prefix and the bound's value; behind: what begins so is on the near side of the end. An end that has
 * no bytes is none. */
static int make_end(const med_wide_column *column, const med_buffer *prefix, const med_wide_bound *bound, bool behind,
                    med_arena *arena, med_slice *end, medley_error *error) {
  med_buffer bytes = {0};
  int rc = med_buffer_append(&bytes, prefix->bytes, prefix->len) ? MEDLEY_OK : MEDLEY_NO_MEMORY;
  if (rc == MEDLEY_OK && bound != NULL) rc = med_wide_key_add(&column->type, bound->value, column->descending, &bytes);
  bool ok = true;
  if (rc == MEDLEY_OK && behind && !make_successor(&bytes))
    *end = med_slice_of(NULL, 0);
  else if (rc == MEDLEY_OK)
    *end = med_wide_copy(arena, med_slice_of(bytes.len > 0 ? bytes.bytes : "", bytes.len), &ok);
  med_buffer_clear(&bytes);
  if (rc == MEDLEY_NO_MEMORY || !ok) return med_error_no_memory(error);
  return rc == MEDLEY_OK ? rc : med_error_set(error, rc, "wide-column: a value is beyond what a key can hold");
}

int med_wide_clustering_range(const med_wide_table *table, const med_slice *values, size_t count,
                              const med_wide_bound *lower, const med_wide_bound *upper, med_arena *arena,
                              med_wide_range *range, medley_error *error) {
  const med_wide_column *column = med_wide_clustering(table) + count;
  med_buffer prefix = {0};
  bool descending = (lower != NULL || upper != NULL) && column->descending;
  const med_wide_bound *first = descending ? upper : lower, *last = descending ? lower : upper;
  int rc = med_wide_clustering_parts(table, values, count, &prefix, error);
  if (rc == MEDLEY_OK)
    rc = make_end(column, &prefix, first, first != NULL && !first->inclusive, arena, &range->from, error);
  range->is_row = count == table->clustering_count && lower == NULL && upper == NULL;
  if (rc == MEDLEY_OK) rc = make_end(column, &prefix, last, last == NULL || last->inclusive, arena, &range->to, error);
  med_buffer_clear(&prefix);
  return rc;
}

/* ---- By an indexed value ---- */
struct med_wide_index_reader {
  med_txn *txn;
  med_cursor *cursor;
  med_key prefix, at;
  uint8_t tail[MED_KEY_SIZE_MAX];
};

int med_wide_index_reader_open(med_txn *txn, const med_wide_table *table, const med_wide_index *index, med_slice value,
                               med_wide_index_reader **reader) {
  med_arena arena = {0};
  med_wide_type type;
  medley_error *error = med_txn_error(txn);
  med_wide_index_reader *made = med_alloc_zero(sizeof *made);
  *reader = NULL;
  if (made == NULL) return med_error_no_memory(error);
  made->txn = txn;
  int rc = med_wide_index_type(table, index, &arena, &type) ? MEDLEY_OK : med_error_no_memory(error);
  if (rc == MEDLEY_OK) rc = med_wide_index_prefix(index->id, &type, value, &made->prefix, error);
  if (rc == MEDLEY_OK) rc = med_cursor_open(txn, MED_TREE_WIDE, &made->cursor);
  med_arena_clear(&arena);
  if (rc != MEDLEY_OK) {
    med_free(made);
    return rc;
  }
  made->at = made->prefix;
  *reader = made;
  return MEDLEY_OK;
}

void med_wide_index_reader_token(med_wide_index_reader *reader, int64_t token) {
  uint8_t bytes[8];
  med_put_u64(bytes, (uint64_t)token ^ UINT64_C(1) << 63);
  reader->at = reader->prefix;
  (void)med_key_add_bytes(&reader->at, med_slice_of(bytes, sizeof bytes), MED_KEY_SIZE_MAX - (size_t)reader->at.len);
}

void med_wide_index_reader_resume(med_wide_index_reader *reader, med_slice tail) {
  reader->at = reader->prefix;
  (void)med_key_add_bytes(&reader->at, tail, MED_KEY_SIZE_MAX - (size_t)reader->at.len);
  after(&reader->at, &reader->at); /* a tail that was cut fills the key: there is no room for one byte more */
}

int med_wide_index_reader_next(med_wide_index_reader *reader, med_slice *tail) {
  med_slice key, value;
  int rc = med_cursor_seek(reader->cursor, med_key_slice(&reader->at), &key, &value);
  if (rc != MEDLEY_OK) return rc;
  if (!med_slice_starts_with(key, med_key_slice(&reader->prefix))) return MEDLEY_NOT_FOUND;
  med_slice found = value.len > 0
                        ? value
                        : med_slice_of((const uint8_t *)key.bytes + reader->prefix.len, key.len - reader->prefix.len);
  if (found.len > sizeof reader->tail)
    return med_error_set(med_txn_error(reader->txn), MEDLEY_CORRUPT, "wide-column: a damaged entry of an index");
  memcpy(reader->tail, found.bytes, found.len);
  *tail = med_slice_of(reader->tail, found.len);
  (void)med_key_after_prefix(&reader->at, key); /* no entry's key begins with another one's, and none is only FF */
  return MEDLEY_OK;
}

void med_wide_index_reader_close(med_wide_index_reader *reader) {
  if (reader == NULL) return;
  med_cursor_close(reader->cursor);
  med_free(reader);
}
