/* cache_overlay.c - the list of a transaction's cache changes and its hash table. */
#include "engine/cache_overlay.h"

#define CAPACITY_MIN 16
#define COUNT_MAX (UINT32_MAX / 4)

static uint64_t hash_of(const med_cache_bucket *bucket, med_slice key) {
  return med_hash64(key.bytes, key.len, bucket->record.id);
}
static uint64_t flush_hash(const med_cache_bucket *bucket) { return bucket->record.id * UINT64_C(0x9e3779b97f4a7c15); }

static bool is_of_key(const med_overlay_entry *entry) {
  return entry->kind == MED_OVERLAY_SET || entry->kind == MED_OVERLAY_DELETE || entry->kind == MED_OVERLAY_LEASE;
}

static void link_entry(med_cache_overlay *overlay, uint32_t index) {
  uint32_t *head = &overlay->heads[overlay->entries[index].hash & (overlay->head_count - 1)];
  overlay->entries[index].older = *head;
  *head = index + 1;
}

static bool grow(med_cache_overlay *overlay) {
  uint32_t capacity = overlay->capacity == 0 ? CAPACITY_MIN : overlay->capacity * 2;
  uint32_t *heads = med_alloc_zero((size_t)capacity * sizeof *heads);
  med_overlay_entry *entries = NULL;
  if (heads != NULL) entries = med_realloc(overlay->entries, (size_t)capacity * sizeof *entries);
  if (entries == NULL) {
    med_free(heads);
    return false;
  }
  med_free(overlay->heads);
  overlay->entries = entries;
  overlay->capacity = overlay->head_count = capacity;
  overlay->heads = heads;
  for (uint32_t i = 0; i < overlay->count; i++) link_entry(overlay, i);
  return true;
}

int med_overlay_add(med_cache_overlay *overlay, const med_overlay_entry *entry, med_slice key, med_slice value) {
  if (overlay->count >= COUNT_MAX || value.len > MED_CACHE_OVERLAY_BYTES_MAX - overlay->bytes)
    return MEDLEY_TXN_TOO_BIG;
  if (overlay->count == overlay->capacity && !grow(overlay)) return MEDLEY_NO_MEMORY;
  char *bytes = NULL;
  if (key.len + value.len > 0) {
    bytes = med_alloc(key.len + value.len);
    if (bytes == NULL) return MEDLEY_NO_MEMORY;
    if (key.len > 0) memcpy(bytes, key.bytes, key.len);
    if (value.len > 0) memcpy(bytes + key.len, value.bytes, value.len);
  }
  med_overlay_entry *added = &overlay->entries[overlay->count];
  *added = *entry;
  added->bytes = bytes;
  added->key_len = (uint32_t)key.len;
  added->value_len = value.len;
  added->hash = is_of_key(entry) ? hash_of(entry->bucket, key) : flush_hash(entry->bucket);
  link_entry(overlay, overlay->count++);
  overlay->bytes += value.len;
  overlay->flush_count += entry->kind == MED_OVERLAY_FLUSH;
  overlay->catalog_count += entry->kind == MED_OVERLAY_CREATE || entry->kind == MED_OVERLAY_DROP;
  return MEDLEY_OK;
}

static uint32_t newest_of_key(const med_cache_overlay *overlay, const med_cache_bucket *bucket, med_slice key) {
  uint64_t hash = hash_of(bucket, key);
  uint32_t at = overlay->heads[hash & (overlay->head_count - 1)];
  while (at != 0) {
    const med_overlay_entry *entry = &overlay->entries[at - 1];
    if (entry->hash == hash && entry->bucket == bucket && is_of_key(entry) &&
        med_slice_equal(med_overlay_key(entry), key)) {
      return at;
    }
    at = entry->older;
  }
  return 0;
}

static uint32_t newest_flush(const med_cache_overlay *overlay, const med_cache_bucket *bucket) {
  uint32_t at = overlay->heads[flush_hash(bucket) & (overlay->head_count - 1)];
  while (at != 0) {
    const med_overlay_entry *entry = &overlay->entries[at - 1];
    if (entry->kind == MED_OVERLAY_FLUSH && entry->bucket == bucket) return at;
    at = entry->older;
  }
  return 0;
}

const med_overlay_entry *med_overlay_find(const med_cache_overlay *overlay, const med_cache_bucket *bucket,
                                          med_slice key) {
  if (overlay->count == 0) return NULL;
  uint32_t at = newest_of_key(overlay, bucket, key);
  if (overlay->flush_count > 0) {
    uint32_t flush = newest_flush(overlay, bucket);
    if (flush > at) at = flush;
  }
  return at != 0 ? &overlay->entries[at - 1] : NULL;
}

bool med_overlay_is_newest(const med_cache_overlay *overlay, const med_overlay_entry *entry) {
  return is_of_key(entry) && med_overlay_find(overlay, entry->bucket, med_overlay_key(entry)) == entry;
}

const med_overlay_entry *med_overlay_find_name(const med_cache_overlay *overlay, med_slice name) {
  if (overlay->catalog_count == 0) return NULL;
  for (uint32_t i = overlay->count; i-- > 0;) {
    const med_overlay_entry *entry = &overlay->entries[i];
    if (entry->kind != MED_OVERLAY_CREATE && entry->kind != MED_OVERLAY_DROP) continue;
    if (med_slice_equal(med_slice_of(entry->bucket->name, entry->bucket->name_len), name)) return entry;
  }
  return NULL;
}

med_cache_bucket *med_overlay_pop(med_cache_overlay *overlay) {
  med_overlay_entry *entry = &overlay->entries[--overlay->count];
  overlay->heads[entry->hash & (overlay->head_count - 1)] = entry->older;
  overlay->bytes -= entry->value_len;
  overlay->flush_count -= entry->kind == MED_OVERLAY_FLUSH;
  overlay->catalog_count -= entry->kind == MED_OVERLAY_CREATE || entry->kind == MED_OVERLAY_DROP;
  med_free(entry->bytes);
  return entry->bucket;
}

void med_overlay_clear(med_cache_overlay *overlay) {
  med_free(overlay->entries);
  med_free(overlay->heads);
  *overlay = (med_cache_overlay){0};
}
