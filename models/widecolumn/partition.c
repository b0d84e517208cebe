/* partition.c - a partition's own record. */
#include "models/widecolumn/partition.h"

#include "models/widecolumn/pack.h"
#include "models/widecolumn/segment_rows.h"

/* The first byte of the record. */
enum {
  PARTITION_DELETED = 1,
  PARTITION_TOMBSTONES = 2,
  PARTITION_KEY = 4,
  PARTITION_STATICS = 8,
  PARTITION_FLAGS = 15
};
/* A tombstone's first byte: whether its range ends. */
enum { RANGE_ENDS = 1 };

bool med_wide_range_has(const med_wide_range *range, med_slice parts) {
  return med_slice_compare(range->from, parts) <= 0 &&
         (range->to.bytes == NULL || med_slice_compare(parts, range->to) < 0);
}

void med_wide_partition_init(med_wide_partition *partition) {
  *partition = (med_wide_partition){.deleted_us = MED_WIDE_NO_TIMESTAMP, .whole_key = med_slice_of("", 0)};
  med_wide_row_init(&partition->statics);
}

static bool put_tombstone(const med_wide_tombstone *tombstone, med_buffer *bytes) {
  bool ends = tombstone->range.to.bytes != NULL;
  return med_buffer_append_byte(bytes, ends ? RANGE_ENDS : 0) && med_pack_bytes(bytes, tombstone->range.from) &&
         (!ends || med_pack_bytes(bytes, tombstone->range.to)) && med_pack_signed(bytes, tombstone->deleted_us);
}

static bool encode(const med_wide_partition *partition, med_buffer *bytes) {
  bool deleted = partition->deleted_us != MED_WIDE_NO_TIMESTAMP, statics = !med_wide_row_is_empty(&partition->statics);
  int flags = (deleted ? PARTITION_DELETED : 0) | (partition->tombstone_count > 0 ? PARTITION_TOMBSTONES : 0) |
              (partition->whole_key.len > 0 ? PARTITION_KEY : 0) | (statics ? PARTITION_STATICS : 0);
  bool ok = med_buffer_append_byte(bytes, (uint8_t)flags);
  if (deleted) ok = ok && med_pack_signed(bytes, partition->deleted_us);
  if (flags & PARTITION_KEY) ok = ok && med_pack_bytes(bytes, partition->whole_key);
  if (flags & PARTITION_TOMBSTONES) ok = ok && med_pack_number(bytes, partition->tombstone_count);
  for (size_t i = 0; ok && i < partition->tombstone_count; i++) ok = put_tombstone(&partition->tombstones[i], bytes);
  return ok && (!statics || med_wide_row_encode(&partition->statics, bytes));
}

static bool take_tombstone(med_slice *left, med_wide_tombstone *tombstone) {
  if (left->len == 0) return false;
  uint8_t flags = *(const uint8_t *)left->bytes;
  *left = med_slice_of((const uint8_t *)left->bytes + 1, left->len - 1);
  tombstone->range.to = med_slice_of(NULL, 0);
  return flags <= RANGE_ENDS && med_unpack_bytes(left, &tombstone->range.from) &&
         (flags == 0 || med_unpack_bytes(left, &tombstone->range.to)) &&
         med_unpack_signed(left, &tombstone->deleted_us);
}

static bool take_tombstones(med_slice *left, med_arena *arena, med_wide_partition *partition, bool *memory) {
  uint64_t count;
  if (!med_unpack_number(left, &count) || count > left->len) return false;
  partition->tombstones = med_arena_alloc(arena, ((size_t)count + 1) * sizeof *partition->tombstones);
  *memory = partition->tombstones != NULL;
  for (uint64_t i = 0; *memory && i < count; i++) {
    if (!take_tombstone(left, &partition->tombstones[i])) return false;
  }
  partition->tombstone_count = (size_t)count;
  return *memory;
}

static int decode(med_slice bytes, med_arena *arena, med_wide_partition *partition, medley_error *error) {
  bool memory = true;
  uint8_t flags = bytes.len > 0 ? *(const uint8_t *)bytes.bytes : 0xFF;
  med_slice left = med_slice_of((const uint8_t *)bytes.bytes + 1, bytes.len > 0 ? bytes.len - 1 : 0);
  bool ok = flags <= PARTITION_FLAGS;
  if (ok && flags & PARTITION_DELETED) ok = med_unpack_signed(&left, &partition->deleted_us);
  if (ok && flags & PARTITION_KEY) ok = med_unpack_bytes(&left, &partition->whole_key);
  if (ok && flags & PARTITION_TOMBSTONES) ok = take_tombstones(&left, arena, partition, &memory);
  if (!memory) return med_error_no_memory(error);
  if (ok && flags & PARTITION_STATICS) return med_wide_row_decode(left, arena, &partition->statics, error);
  return ok && left.len == 0 ? MEDLEY_OK
                             : med_error_set(error, MEDLEY_CORRUPT, "wide-column: a partition's record is damaged");
}

int med_wide_partition_load(med_txn *txn, const med_wide_table *table, const med_key *key, med_arena *arena,
                            med_wide_partition *partition) {
  med_key record;
  med_slice bytes;
  med_buffer space = {0};
  medley_error *error = med_txn_error(txn);
  med_wide_partition_init(partition);
  med_wide_partition_record_key(key, &record);
  int rc = med_wide_record_get(txn, med_key_slice(&record), &space, &bytes);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  const void *copy = rc == MEDLEY_OK ? med_arena_copy(arena, bytes.bytes, bytes.len) : NULL;
  if (rc == MEDLEY_OK && copy == NULL) rc = med_error_no_memory(error);
  med_buffer_clear(&space);
  if (rc == MEDLEY_OK) rc = decode(med_slice_of(copy, bytes.len), arena, partition, error);
  if (rc == MEDLEY_OK) rc = med_wide_row_accept(&partition->statics, table, error);
  if (rc != MEDLEY_OK) med_wide_partition_init(partition);
  return rc;
}

static int has_sealed_rows(med_txn *txn, const med_key *key, const med_key *from, bool *there) {
  med_wide_segment_rows *sealed;
  med_slice found;
  int rc = med_wide_segment_rows_open(txn, med_get_u32(key->bytes + 1), &sealed);
  if (rc != MEDLEY_OK) return rc;
  rc = med_wide_segment_rows_seek(sealed, med_key_slice(from), &found);
  *there = rc == MEDLEY_OK && med_slice_starts_with(found, med_key_slice(from));
  med_wide_segment_rows_close(sealed);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int has_rows(med_txn *txn, const med_key *key, bool *there) {
  med_key from;
  med_cursor *cursor;
  med_slice at;
  med_wide_row_key(key, med_slice_of("", 0), &from);
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cursor_seek(cursor, med_key_slice(&from), &at, NULL);
  *there = rc == MEDLEY_OK && med_slice_starts_with(at, med_key_slice(&from));
  med_cursor_close(cursor);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  return *there ? MEDLEY_OK : has_sealed_rows(txn, key, &from, there);
}

int med_wide_partition_store(med_txn *txn, const med_key *key, const med_wide_partition *partition) {
  med_key record;
  bool needed = partition->deleted_us != MED_WIDE_NO_TIMESTAMP || partition->tombstone_count > 0 ||
                !med_wide_row_is_empty(&partition->statics);
  int rc = MEDLEY_OK;
  if (!needed && partition->whole_key.len > 0) rc = has_rows(txn, key, &needed);
  if (rc != MEDLEY_OK) return rc;
  med_wide_partition_record_key(key, &record);
  if (!needed) {
    rc = med_wide_record_delete(txn, med_key_slice(&record));
    return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  }
  med_buffer bytes = {0};
  rc = encode(partition, &bytes)
           ? med_wide_record_put(txn, med_key_slice(&record), med_slice_of(bytes.bytes, bytes.len))
           : med_error_no_memory(med_txn_error(txn));
  med_buffer_clear(&bytes);
  return rc;
}

int med_wide_partition_remember(med_txn *txn, const med_wide_table *table, const med_slice *values, const med_key *key,
                                med_arena *arena) {
  med_wide_partition partition;
  med_buffer packed = {0};
  int rc;
  MED_TRY(med_wide_partition_load(txn, table, key, arena, &partition));
  if (!med_wide_partition_pack(table, values, &packed)) {
    rc = med_error_no_memory(med_txn_error(txn));
    goto done;
  }
  med_slice whole = med_slice_of(packed.bytes, packed.len);
  if (partition.whole_key.len > 0) {
    if (!med_slice_equal(partition.whole_key, whole))
      rc = med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: two partition keys have one hash");
    goto done;
  }
  partition.whole_key = whole;
  rc = med_wide_partition_store(txn, key, &partition);
done:
  med_buffer_clear(&packed);
  return rc;
}

int64_t med_wide_partition_deleted(const med_wide_partition *partition, med_slice parts) {
  int64_t youngest = partition->deleted_us;
  for (size_t i = 0; i < partition->tombstone_count; i++) {
    const med_wide_tombstone *tombstone = &partition->tombstones[i];
    if (tombstone->deleted_us > youngest && med_wide_range_has(&tombstone->range, parts))
      youngest = tombstone->deleted_us;
  }
  return youngest;
}
