/* segment.c - the directory of segments, and the bits of rows that are gone. */
#include "models/widecolumn/segment.h"

#include "models/widecolumn/pack.h"
#include "models/widecolumn/record.h"

#define CHUNK_SIZE (MED_WIDE_GONE_ROWS / 8)

static int damaged(med_txn *txn, const char *what) {
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: %s", what);
}

static void segment_key(uint8_t first, const med_wide_segment *segment, med_key *key) {
  med_key_init(key);
  med_key_add_u8(key, first);
  med_key_add_u32(key, segment->table_id);
  med_key_add_u64(key, segment->id);
}

size_t med_wide_segment_column_at(const med_wide_segment *segment, uint16_t id) {
  size_t low = 0, high = segment->column_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (segment->columns[middle].id < id)
      low = middle + 1;
    else
      high = middle;
  }
  return low < segment->column_count && segment->columns[low].id == id ? low : segment->column_count;
}

void med_wide_segment_run(const med_wide_segment *segment, uint64_t column, med_page_run *run) {
  med_key prefix;
  segment_key(MED_WIDE_KEY_PAGE, segment, &prefix);
  med_page_run_init(run, MED_TREE_WIDE, med_key_slice(&prefix), column);
}

void med_wide_segment_prefix(uint32_t table_id, med_key *prefix) {
  med_key_init(prefix);
  med_key_add_u8(prefix, MED_WIDE_KEY_SEGMENT);
  med_key_add_u32(prefix, table_id);
}

/* ---- The directory ---- its keys are those of rows with another first byte. */
static bool set_key(uint8_t first, med_slice row_key, med_key *key) {
  if (row_key.len < MED_WIDE_TAIL_OFFSET || row_key.len > MED_KEY_SIZE_MAX) return false;
  memcpy(key->bytes, row_key.bytes, row_key.len);
  key->bytes[0] = first;
  key->len = (uint16_t)row_key.len;
  return true;
}

static bool take_columns(med_slice *record, med_arena *arena, med_wide_segment *segment, bool *memory) {
  uint64_t count, id, type, last = 0;
  if (!med_unpack_number(record, &count) || count > MED_WIDE_COLUMNS_MAX) return false;
  segment->column_count = (size_t)count;
  segment->columns = med_arena_alloc(arena, ((size_t)count + 1) * sizeof *segment->columns);
  *memory = segment->columns != NULL;
  for (size_t i = 0; *memory && i < count; i++) {
    if (!med_unpack_number(record, &id) || !med_unpack_number(record, &type)) return false;
    if (id <= last || id > UINT16_MAX || type < MED_COLUMN_INTEGERS || type > MED_COLUMN_TEXTS) return false;
    segment->columns[i] = (med_wide_segment_column){(uint16_t)id, (med_column_type)type};
    last = id;
  }
  return *memory;
}

/* What is behind the columns, if any row expires. */
static bool take_expiries(med_slice record, med_wide_segment *segment) {
  uint64_t first, last;
  segment->first_expiry_s = segment->last_expiry_s = 0;
  if (record.len == 0) return true;
  if (!med_unpack_number(&record, &first) || !med_unpack_number(&record, &last) || record.len > 0) return false;
  if (first == 0 || first > UINT32_MAX || last > UINT32_MAX || (last > 0 && last < first)) return false;
  segment->first_expiry_s = (uint32_t)first;
  segment->last_expiry_s = (uint32_t)last;
  return true;
}

static int take(med_txn *txn, med_slice key, med_slice value, med_arena *arena, med_wide_segment *segment) {
  med_buffer space = {0};
  med_slice record, tail;
  bool memory = true;
  int rc = med_wide_record_open(txn, value, &space, &record);
  /* No row's key is as long as a key may be: whoever walks asks for it with one byte more. */
  bool ok = rc == MEDLEY_OK && set_key(MED_WIDE_KEY_ROW, key, &segment->first) && key.len > MED_WIDE_TAIL_OFFSET + 8 &&
            key.len < MED_KEY_SIZE_MAX;
  ok = ok && med_unpack_number(&record, &segment->id) && med_unpack_number(&record, &segment->rows) &&
       med_unpack_number(&record, &segment->bytes) && med_unpack_bytes(&record, &tail) &&
       take_columns(&record, arena, segment, &memory) && take_expiries(record, segment);
  ok = ok && segment->rows > 0 && segment->rows <= MED_WIDE_SEGMENT_ROWS_MAX && tail.len > 8 &&
       tail.len < MED_KEY_SIZE_MAX - MED_WIDE_TAIL_OFFSET;
  if (ok) {
    segment->table_id = med_get_u32(segment->first.bytes + 1);
    segment->last = segment->first;
    memcpy(segment->last.bytes + MED_WIDE_TAIL_OFFSET, tail.bytes, tail.len);
    segment->last.len = (uint16_t)(MED_WIDE_TAIL_OFFSET + tail.len);
    ok = med_slice_compare(med_key_slice(&segment->first), med_key_slice(&segment->last)) <= 0;
  }
  med_buffer_clear(&space);
  if (!memory) return med_error_no_memory(med_txn_error(txn));
  if (rc != MEDLEY_OK) return rc;
  return ok ? MEDLEY_OK : damaged(txn, "the record of a segment is damaged");
}

static bool of_table(med_slice found, med_slice key) {
  return found.len >= MED_WIDE_TAIL_OFFSET && *(const uint8_t *)found.bytes == MED_WIDE_KEY_SEGMENT &&
         memcmp((const uint8_t *)found.bytes + 1, (const uint8_t *)key.bytes + 1, 4) == 0;
}

static int take_before(med_txn *txn, med_cursor *cursor, const med_key *to, med_arena *arena,
                       med_wide_segment *segment) {
  med_slice found, value;
  int rc = med_cursor_seek_before(cursor, med_key_slice(to), &found, &value);
  if (rc != MEDLEY_OK) return rc;
  return of_table(found, med_key_slice(to)) ? take(txn, found, value, arena, segment) : MEDLEY_NOT_FOUND;
}

int med_wide_segment_at(med_txn *txn, med_cursor *cursor, med_slice key, med_arena *arena, med_wide_segment *segment) {
  med_key to;
  if (!set_key(MED_WIDE_KEY_SEGMENT, key, &to)) return damaged(txn, "a key that is none");
  if (to.len < MED_KEY_SIZE_MAX) to.bytes[to.len++] = 0; /* what is not behind the key is before this */
  return take_before(txn, cursor, &to, arena, segment);
}

int med_wide_segment_before(med_txn *txn, med_cursor *cursor, med_slice key, med_arena *arena,
                            med_wide_segment *segment) {
  med_key to;
  if (!set_key(MED_WIDE_KEY_SEGMENT, key, &to)) return damaged(txn, "a key that is none");
  return take_before(txn, cursor, &to, arena, segment);
}

int med_wide_segment_behind(med_txn *txn, med_cursor *cursor, med_slice key, med_arena *arena,
                            med_wide_segment *segment) {
  med_key from;
  med_slice found, value;
  if (!set_key(MED_WIDE_KEY_SEGMENT, key, &from)) return damaged(txn, "a key that is none");
  if (from.len < MED_KEY_SIZE_MAX) from.bytes[from.len++] = 0;
  int rc = med_cursor_seek(cursor, med_key_slice(&from), &found, &value);
  if (rc != MEDLEY_OK) return rc;
  return of_table(found, key) ? take(txn, found, value, arena, segment) : MEDLEY_NOT_FOUND;
}

int med_wide_segment_put(med_txn *txn, const med_wide_segment *segment) {
  med_key key;
  med_buffer record = {0};
  const med_key *last = &segment->last;
  if (!set_key(MED_WIDE_KEY_SEGMENT, med_key_slice(&segment->first), &key)) return damaged(txn, "a key that is none");
  bool ok = med_pack_number(&record, segment->id) && med_pack_number(&record, segment->rows) &&
            med_pack_number(&record, segment->bytes) &&
            med_pack_bytes(
                &record, med_slice_of(last->bytes + MED_WIDE_TAIL_OFFSET, (size_t)last->len - MED_WIDE_TAIL_OFFSET)) &&
            med_pack_number(&record, segment->column_count);
  for (size_t i = 0; ok && i < segment->column_count; i++)
    ok = med_pack_number(&record, segment->columns[i].id) && med_pack_number(&record, segment->columns[i].type);
  if (segment->first_expiry_s > 0)
    ok = ok && med_pack_number(&record, segment->first_expiry_s) && med_pack_number(&record, segment->last_expiry_s);
  int rc = ok ? med_wide_record_put(txn, med_key_slice(&key), med_slice_of(record.bytes, record.len))
              : med_error_no_memory(med_txn_error(txn));
  med_buffer_clear(&record);
  return rc;
}

static int drop_prefix(med_txn *txn, const med_key *prefix) {
  med_key to;
  size_t deleted;
  (void)med_key_after_prefix(&to, med_key_slice(prefix)); /* it begins with 07 or 08 */
  return med_txn_delete_range(txn, MED_TREE_WIDE, med_key_slice(prefix), med_key_slice(&to), SIZE_MAX, &deleted);
}

int med_wide_segment_drop(med_txn *txn, const med_wide_segment *segment) {
  med_key key;
  int rc;
  segment_key(MED_WIDE_KEY_PAGE, segment, &key);
  MED_TRY(drop_prefix(txn, &key));
  segment_key(MED_WIDE_KEY_GONE, segment, &key);
  MED_TRY(drop_prefix(txn, &key));
  (void)set_key(MED_WIDE_KEY_SEGMENT, med_key_slice(&segment->first), &key);
  rc = med_wide_record_delete(txn, med_key_slice(&key));
  if (rc == MEDLEY_NOT_FOUND) rc = damaged(txn, "a segment is missing in its directory");
done:
  return rc;
}

/* ---- Rows that are gone ---- bit r % 8 of byte r / 8 of a chunk. */
static void chunk_key(const med_wide_segment *segment, uint32_t chunk, med_key *key) {
  segment_key(MED_WIDE_KEY_GONE, segment, key);
  med_key_add_u32(key, chunk);
}

int med_wide_segment_gone_chunk(med_txn *txn, const med_wide_segment *segment, uint32_t chunk, med_slice *bits) {
  med_key key;
  chunk_key(segment, chunk, &key);
  int rc = med_txn_get(txn, MED_TREE_WIDE, med_key_slice(&key), bits);
  if (rc == MEDLEY_NOT_FOUND) {
    *bits = med_slice_of(NULL, 0);
    return MEDLEY_OK;
  }
  return rc == MEDLEY_OK && bits->len != CHUNK_SIZE ? damaged(txn, "the bits of a segment are damaged") : rc;
}

int med_wide_segment_remove(med_txn *txn, const med_wide_segment *segment, uint64_t row) {
  uint8_t bytes[CHUNK_SIZE] = {0};
  med_slice bits;
  med_key key;
  uint32_t chunk = (uint32_t)(row / MED_WIDE_GONE_ROWS);
  size_t bit = (size_t)(row % MED_WIDE_GONE_ROWS);
  int rc = med_wide_segment_gone_chunk(txn, segment, chunk, &bits);
  if (rc != MEDLEY_OK) return rc;
  if (bits.len > 0) memcpy(bytes, bits.bytes, sizeof bytes);
  if (bytes[bit / 8] >> bit % 8 & 1) return damaged(txn, "a row of a segment is removed twice");
  bytes[bit / 8] = (uint8_t)(bytes[bit / 8] | 1u << bit % 8);
  chunk_key(segment, chunk, &key);
  return med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(bytes, sizeof bytes));
}

int med_wide_segment_count_gone(med_txn *txn, const med_wide_segment *segment, uint64_t *gone) {
  *gone = 0;
  for (uint32_t chunk = 0; (uint64_t)chunk * MED_WIDE_GONE_ROWS < segment->rows; chunk++) {
    med_slice bits;
    int rc = med_wide_segment_gone_chunk(txn, segment, chunk, &bits);
    if (rc != MEDLEY_OK) return rc;
    for (size_t i = 0; i < bits.len; i++) *gone += (uint64_t)__builtin_popcount(((const uint8_t *)bits.bytes)[i]);
  }
  return MEDLEY_OK;
}
