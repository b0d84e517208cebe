/* row_key.c - keys of partitions, rows and index entries. */
#include "models/widecolumn/row_key.h"

#include "models/widecolumn/pack.h"
#include "models/widecolumn/record.h"
#include "models/widecolumn/token.h"
#include "models/widecolumn/value_key.h"

#define VALUE_SIZE_MAX 65535 /* of a partition key's column, as in Cassandra */
#define HASH_SIZE 16
#define FIXED_SIZE (MED_WIDE_TAIL_OFFSET + 9) /* 04 table token form */

_Static_assert(FIXED_SIZE + MED_WIDE_PARTITION_INLINE_MAX + 1 + MED_WIDE_CLUSTERING_MAX == MED_WIDE_ROW_KEY_MAX &&
                   MED_WIDE_ROW_KEY_MAX < MED_KEY_SIZE_MAX,
               "behind every row's key there is a next one that a key can be");

void med_wide_table_prefix(uint32_t table_id, med_key *key) {
  med_key_init(key);
  med_key_add_u8(key, MED_WIDE_KEY_ROW);
  med_key_add_u32(key, table_id);
}

void med_wide_token_prefix(uint32_t table_id, int64_t token, med_key *key) {
  med_wide_table_prefix(table_id, key);
  med_key_add_i64(key, token);
}

static int damaged(medley_error *error) { return med_error_set(error, MEDLEY_CORRUPT, "wide-column: a damaged key"); }

void med_wide_key_extend(med_key *key, med_slice bytes) {
  size_t room = MED_KEY_SIZE_MAX - (size_t)key->len;
  size_t len = bytes.len < room ? bytes.len : room;
  if (len > 0) memcpy(key->bytes + key->len, bytes.bytes, len);
  key->len = (uint16_t)(key->len + len);
}

static int add_parts(const med_wide_column *columns, const med_slice *values, size_t count, med_buffer *parts,
                     medley_error *error) {
  for (size_t i = 0; i < count; i++) {
    int rc = med_wide_key_add(&columns[i].type, values[i], columns[i].descending, parts);
    if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(error);
    if (rc != MEDLEY_OK)
      return med_error_set(error, rc, "wide-column: a value of key column %.*s is beyond what a key can hold",
                           (int)columns[i].name.len, (const char *)columns[i].name.bytes);
  }
  return MEDLEY_OK;
}

bool med_wide_partition_pack(const med_wide_table *table, const med_slice *values, med_buffer *whole) {
  bool ok = true;
  for (size_t i = 0; ok && i < table->partition_count; i++) ok = med_pack_bytes(whole, values[i]);
  return ok;
}

int med_wide_partition_unpack(const med_wide_table *table, med_slice whole, med_slice *values, medley_error *error) {
  bool ok = true;
  for (size_t i = 0; ok && i < table->partition_count; i++)
    ok = med_unpack_bytes(&whole, &values[i]) &&
         med_wide_value_check(&table->columns[i].type, values[i], NULL) == MEDLEY_OK;
  return ok && whole.len == 0
             ? MEDLEY_OK
             : med_error_set(error, MEDLEY_CORRUPT, "wide-column: the key of a partition is missing or damaged");
}

/* A decimal loses the zeros at its end in a key, and what contains one does: then the parts are not the values, of which the token is made. */
static int gives_back(const med_wide_table *table, const med_slice *values, med_slice parts, bool *same) {
  med_buffer value = {0};
  int rc = MEDLEY_OK;
  *same = true;
  for (size_t i = 0; rc == MEDLEY_OK && *same && i < table->partition_count; i++) {
    value.len = 0;
    rc = med_wide_key_take(&table->columns[i].type, false, &parts, &value);
    *same = rc == MEDLEY_OK && med_slice_equal(med_slice_of(value.bytes, value.len), values[i]);
  }
  med_buffer_clear(&value);
  return rc;
}

static bool may_lose(const med_wide_table *table) {
  for (size_t i = 0; i < table->partition_count; i++) {
    med_wide_kind kind = table->columns[i].type.kind;
    if (kind == MED_WIDE_DECIMAL || kind == MED_WIDE_FLOAT || kind == MED_WIDE_DOUBLE || kind == MED_WIDE_VARINT ||
        kind >= MED_WIDE_LIST)
      return true;
  }
  return false;
}

static int hash_values(const med_wide_table *table, const med_slice *values, uint8_t hash[HASH_SIZE],
                       medley_error *error) {
  med_buffer whole = {0};
  bool ok = med_wide_partition_pack(table, values, &whole);
  if (ok) med_hash128(whole.bytes, whole.len, hash);
  med_buffer_clear(&whole);
  return ok ? MEDLEY_OK : med_error_no_memory(error);
}

int med_wide_partition_key(const med_wide_table *table, const med_slice *values, med_key *key, bool *hashed,
                           medley_error *error) {
  med_buffer parts = {0};
  uint8_t hash[HASH_SIZE];
  bool same = true;
  int rc;
  for (size_t i = 0; i < table->partition_count; i++) {
    if (values[i].len > VALUE_SIZE_MAX)
      return med_error_set(error, MEDLEY_TOO_BIG, "Key length of %zu is longer than maximum of %d", values[i].len,
                           VALUE_SIZE_MAX);
  }
  MED_TRY(add_parts(table->columns, values, table->partition_count, &parts, error));
  if (may_lose(table)) rc = gives_back(table, values, med_slice_of(parts.bytes, parts.len), &same);
  if (rc != MEDLEY_OK) {
    rc = rc == MEDLEY_NO_MEMORY ? med_error_no_memory(error) : damaged(error);
    goto done;
  }
  *hashed = !same || parts.len > MED_WIDE_PARTITION_INLINE_MAX;
  med_wide_token_prefix(table->id, med_wide_token_of_values(values, table->partition_count), key);
  med_key_add_u8(key, *hashed ? MED_WIDE_FORM_HASH : MED_WIDE_FORM_PARTS);
  if (*hashed) MED_TRY(hash_values(table, values, hash, error));
  med_wide_key_extend(key, *hashed ? med_slice_of(hash, HASH_SIZE) : med_slice_of(parts.bytes, parts.len));
done:
  med_buffer_clear(&parts);
  return rc;
}

int med_wide_clustering_parts(const med_wide_table *table, const med_slice *values, size_t count, med_buffer *parts,
                              medley_error *error) {
  size_t start = parts->len;
  int rc = add_parts(med_wide_clustering(table), values, count, parts, error);
  if (rc == MEDLEY_OK && parts->len - start > MED_WIDE_CLUSTERING_MAX) {
    rc = med_error_set(error, MEDLEY_TOO_BIG, "a clustering key of %zu bytes is longer than maximum of %d",
                       parts->len - start, MED_WIDE_CLUSTERING_MAX);
    parts->len = start;
  }
  return rc;
}

void med_wide_row_key(const med_key *partition, med_slice parts, med_key *key) {
  *key = *partition;
  med_key_add_u8(key, MED_WIDE_SUB_ROW);
  med_wide_key_extend(key, parts);
}

void med_wide_partition_record_key(const med_key *partition, med_key *key) {
  *key = *partition;
  med_key_add_u8(key, MED_WIDE_SUB_PARTITION);
}

/* ---- Taken apart ---- */
/* How many bytes the key columns take at the front of parts; they are read and forgotten. */
static int parts_len(const med_wide_table *table, med_slice parts, size_t *len, medley_error *error) {
  med_slice left = parts;
  med_buffer value = {0};
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < table->partition_count; i++) {
    value.len = 0;
    rc = med_wide_key_take(&table->columns[i].type, false, &left, &value);
  }
  med_buffer_clear(&value);
  if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(error);
  *len = parts.len - left.len;
  return rc == MEDLEY_OK ? MEDLEY_OK : damaged(error);
}

int med_wide_key_place(const med_wide_table *table, med_slice key, med_wide_place *place, medley_error *error) {
  const uint8_t *bytes = key.bytes;
  if (key.len < FIXED_SIZE + 1 || key.len > MED_WIDE_ROW_KEY_MAX) return damaged(error);
  place->token = (int64_t)(med_get_u64(bytes + MED_WIDE_TAIL_OFFSET) ^ (UINT64_C(1) << 63));
  uint8_t form = bytes[FIXED_SIZE - 1];
  place->hashed = form == MED_WIDE_FORM_HASH;
  size_t len = HASH_SIZE;
  med_slice rest = med_slice_of(bytes + FIXED_SIZE, key.len - FIXED_SIZE);
  int rc = place->hashed ? MEDLEY_OK : parts_len(table, rest, &len, error);
  if (rc != MEDLEY_OK) return rc;
  if (form > MED_WIDE_FORM_HASH || rest.len < len + 1) return damaged(error);
  place->parts = med_slice_of(rest.bytes, len);
  place->partition = med_slice_of(bytes, FIXED_SIZE + len);
  place->sub = bytes[FIXED_SIZE + len];
  place->clustering = med_slice_of(bytes + FIXED_SIZE + len + 1, rest.len - len - 1);
  if (place->sub > MED_WIDE_SUB_ROW || (place->sub == MED_WIDE_SUB_PARTITION && place->clustering.len > 0))
    return damaged(error);
  return MEDLEY_OK;
}

/* Whole numbers of a size, which most keys are made of: their bytes with the sign flipped. */
static size_t whole_number_size(med_wide_kind kind) {
  switch (kind) {
    case MED_WIDE_INT: return 4;
    case MED_WIDE_BIGINT:
    case MED_WIDE_TIMESTAMP: return 8;
    case MED_WIDE_SMALLINT: return 2;
    case MED_WIDE_TINYINT: return 1;
    default: return 0;
  }
}

static int take_whole_number(med_slice *parts, size_t size, bool descending, med_arena *arena, med_slice *value) {
  if (parts->len < size) return MEDLEY_CORRUPT;
  uint8_t *bytes = med_arena_alloc(arena, size);
  if (bytes == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < size; i++) bytes[i] = ((const uint8_t *)parts->bytes)[i] ^ (descending ? 0xFF : 0);
  bytes[0] ^= 0x80;
  *value = med_slice_of(bytes, size);
  *parts = med_slice_of((const uint8_t *)parts->bytes + size, parts->len - size);
  return MEDLEY_OK;
}

int med_wide_key_values(const med_wide_column *columns, size_t count, med_slice parts, med_arena *arena,
                        med_slice *values, medley_error *error) {
  med_buffer value = {0};
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    size_t size = whole_number_size(columns[i].type.kind);
    if (size > 0) {
      rc = take_whole_number(&parts, size, columns[i].descending, arena, &values[i]);
      continue;
    }
    value.len = 0;
    rc = med_wide_key_take(&columns[i].type, columns[i].descending, &parts, &value);
    void *copy = rc == MEDLEY_OK ? med_arena_alloc(arena, value.len + 1) : NULL;
    if (rc == MEDLEY_OK && copy == NULL) rc = MEDLEY_NO_MEMORY;
    if (rc != MEDLEY_OK) break;
    if (value.len > 0) memcpy(copy, value.bytes, value.len);
    values[i] = med_slice_of(copy, value.len);
  }
  med_buffer_clear(&value);
  if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(error);
  return rc == MEDLEY_OK && parts.len == 0 ? MEDLEY_OK : damaged(error);
}

/* ---- Index entries ---- */
int med_wide_index_prefix(uint32_t index_id, const med_wide_type *type, med_slice value, med_key *key,
                          medley_error *error) {
  med_key_init(key);
  med_key_add_u8(key, MED_WIDE_KEY_INDEX);
  med_key_add_u32(key, index_id);
  med_buffer part = {0};
  int rc = med_wide_key_add(type, value, false, &part);
  if (rc == MEDLEY_OK)
    (void)med_key_add_escaped(key, med_slice_of(part.bytes, part.len), MED_WIDE_INDEX_VALUE_ROOM);
  else
    rc = rc == MEDLEY_NO_MEMORY
             ? med_error_no_memory(error)
             : med_error_set(error, rc, "wide-column: an indexed value is beyond what a key can hold");
  med_buffer_clear(&part);
  return rc;
}

int med_wide_index_key(uint32_t index_id, const med_wide_type *type, med_slice value, med_slice tail, med_key *key,
                       bool *whole, medley_error *error) {
  int rc = med_wide_index_prefix(index_id, type, value, key, error);
  if (rc == MEDLEY_OK) *whole = med_key_add_bytes(key, tail, MED_KEY_SIZE_MAX - (size_t)key->len);
  return rc;
}
