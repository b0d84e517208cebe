/* cache_overlay.h - what one write transaction has done to cache buckets, in order, with marks.
 *
 * A list of entries, newest last, and a hash table from (bucket, key) to the newest entry of that key; each entry knows the
 * one before it of the same chain, so that taking entries off the end restores every older state.
 *
 * Threads and lifetime: as the session's. Bytes of an entry live until it is taken off. */
#ifndef MED_ENGINE_CACHE_OVERLAY_H
#define MED_ENGINE_CACHE_OVERLAY_H

#include "engine/cache_bucket.h"

#define MED_CACHE_OVERLAY_BYTES_MAX ((size_t)256 << 20)

typedef enum med_overlay_kind {
  MED_OVERLAY_SET = 1,
  MED_OVERLAY_DELETE = 2,
  MED_OVERLAY_LEASE = 3,  /* missing, and this session may fill */
  MED_OVERLAY_FLUSH = 4,  /* everything older in this bucket is gone */
  MED_OVERLAY_CREATE = 5, /* the bucket's name means this bucket */
  MED_OVERLAY_DROP = 6    /* the bucket's name means nothing */
} med_overlay_kind;

typedef struct med_overlay_entry {
  med_overlay_kind kind;
  uint32_t flags;
  med_cache_bucket *bucket; /* borrowed for the entry */
  uint64_t hash;
  uint32_t older; /* in its chain: index + 1 */
  uint32_t key_len;
  size_t value_len;
  char *bytes; /* key, then value */
  int64_t expires_us;
  uint64_t cas;      /* SET: its number; LEASE: its token */
  uint64_t base_cas; /* SET: not 0 if it was made from the segment's value of that number */
} med_overlay_entry;

typedef struct med_cache_overlay {
  med_overlay_entry *entries;
  uint32_t count, capacity;
  uint32_t *heads; /* index + 1 */
  uint32_t head_count;
  uint32_t flush_count, catalog_count; /* entries of FLUSH; of CREATE and DROP */
  size_t bytes;
} med_cache_overlay;

/* Takes over nothing: key and value are copied, the entry's bucket is to be borrowed for it by the caller, who keeps it on
 * failure. NO_MEMORY, TXN_TOO_BIG. */
MEDLEY_MUST_USE int med_overlay_add(med_cache_overlay *overlay, const med_overlay_entry *entry, med_slice key,
                                    med_slice value);
/* The newest entry that says something of the key: of its own, or a FLUSH behind it; NULL if there is none. */
const med_overlay_entry *med_overlay_find(const med_cache_overlay *overlay, const med_cache_bucket *bucket,
                                          med_slice key);
/* The newest CREATE or DROP of a name; NULL. */
const med_overlay_entry *med_overlay_find_name(const med_cache_overlay *overlay, med_slice name);
/* Whether the entry is what med_overlay_find would answer for its key. */
bool med_overlay_is_newest(const med_cache_overlay *overlay, const med_overlay_entry *entry);
/* Takes the newest entry off the list; the caller returns its bucket. */
med_cache_bucket *med_overlay_pop(med_cache_overlay *overlay);
void med_overlay_clear(med_cache_overlay *overlay); /* of an empty one: gives the memory back */

static inline med_slice med_overlay_key(const med_overlay_entry *entry) {
  return med_slice_of(entry->bytes, entry->key_len);
}
static inline med_slice med_overlay_value(const med_overlay_entry *entry) {
  return med_slice_of(entry->bytes + entry->key_len, entry->value_len);
}

#endif
