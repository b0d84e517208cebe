/* cache_values.c - what a cache segment does with values: get, put in its six modes, delete, increment, touch, flush.
 *
 * An operation locks the shard of its key and does all of its work under that lock. If memory is short in its own shard it
 * gives the lock back, makes room everywhere, and starts again from the beginning. */
#include "models/keyvalue/cache_layout.h"

#define ATTEMPTS_MAX 64

typedef struct spot {
  uint64_t hash;
  uint32_t shard;
} spot;

static spot spot_of(const med_cache_segment *segment, med_slice key) {
  spot at = {med_hash64(key.bytes, key.len, segment->hash_seed), 0};
  at.shard = med_cache_shard_of(segment, at.hash);
  /* Waiting for memory is most of what a lookup costs: it begins before the lock is taken. */
  __builtin_prefetch(&med_cache_table_of(segment, at.shard)[at.hash & (segment->table_len - 1)]);
  return at;
}

static void describe(const med_cache_chunk *item, med_cache_hit *hit) {
  hit->flags = item->flags;
  hit->cas = item->cas;
  hit->expires_us = item->expires_us;
  hit->lease = 0;
  hit->value_len = item->value_len;
}

static int copy_out(med_cache_segment *segment, uint32_t number, med_buffer *value) {
  if (value == NULL) return MEDLEY_OK;
  size_t len = med_cache_chunk_at(segment, number)->value_len;
  value->len = 0;
  if (value->capacity < len && !med_buffer_reserve(value, len)) return MEDLEY_NO_MEMORY;
  if (len > 0) med_cache_item_read(segment, number, value->bytes, len);
  value->len = len;
  return MEDLEY_OK;
}

/* The key's value, or 0: nothing is there while a transaction holds the key or all keys. */
static uint32_t find_value(med_cache_segment *segment, spot at, med_slice key, int64_t now_us) {
  uint32_t number = med_cache_item_find_live(segment, at.shard, at.hash, key, now_us);
  if (number == 0 || med_cache_chunk_at(segment, number)->kind != MED_CACHE_VALUE) return 0;
  return med_cache_all_held(segment) ? 0 : number;
}

/* ---- Reading ---- */
int med_cache_segment_look(med_cache_segment *segment, med_slice key, int64_t now_us, med_cache_hit *hit) {
  if (key.len > MED_CACHE_KEY_SIZE_MAX) return MEDLEY_NOT_FOUND;
  spot at = spot_of(segment, key);
  int rc = med_cache_lock_shard(segment, at.shard);
  if (rc != MEDLEY_OK) return rc;
  uint32_t number = find_value(segment, at, key, now_us);
  if (number != 0) describe(med_cache_chunk_at(segment, number), hit);
  med_cache_unlock_shard(segment, at.shard);
  return number != 0 ? MEDLEY_OK : MEDLEY_NOT_FOUND;
}

/* A new expiry may move the item in or out of what a volatile policy may evict. */
static void set_expiry(med_cache_segment *segment, uint32_t shard, uint32_t number, int64_t expires_us) {
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  bool was_volatile = item->expires_us != 0;
  item->expires_us = expires_us;
  if (expires_us != 0) med_cache_note_due(&segment->shards[shard], expires_us);
  if (was_volatile == (expires_us != 0)) return;
  med_cache_list_id before = (med_cache_list_id)item->list;
  med_cache_item_unlist(segment, shard, number);
  med_cache_item_enlist(segment, shard, number, before);
}

static int get(med_cache_segment *segment, med_slice key, const int64_t *expires_us, int64_t now_us, med_buffer *value,
               med_cache_hit *hit) {
  if (key.len > MED_CACHE_KEY_SIZE_MAX) return MEDLEY_NOT_FOUND;
  spot at = spot_of(segment, key);
  int rc = med_cache_lock_shard(segment, at.shard);
  if (rc != MEDLEY_OK) return rc;
  uint32_t number = find_value(segment, at, key, now_us);
  if (number == 0) {
    segment->shards[at.shard].misses++;
    rc = MEDLEY_NOT_FOUND;
  } else if ((rc = copy_out(segment, number, value)) == MEDLEY_OK) {
    segment->shards[at.shard].hits++;
    if (expires_us != NULL) set_expiry(segment, at.shard, number, *expires_us);
    med_cache_item_used(segment, at.shard, number, now_us);
    describe(med_cache_chunk_at(segment, number), hit);
  }
  med_cache_unlock_shard(segment, at.shard);
  return rc;
}

int med_cache_segment_get(med_cache_segment *segment, med_slice key, int64_t now_us, med_buffer *value,
                          med_cache_hit *hit) {
  return get(segment, key, NULL, now_us, value, hit);
}

int med_cache_segment_get_and_touch(med_cache_segment *segment, med_slice key, int64_t expires_us, int64_t now_us,
                                    med_buffer *value, med_cache_hit *hit) {
  return get(segment, key, &expires_us, now_us, value, hit);
}

int med_cache_segment_touch(med_cache_segment *segment, med_slice key, int64_t expires_us, int64_t now_us) {
  med_cache_hit hit;
  return get(segment, key, &expires_us, now_us, NULL, &hit);
}

/* ---- Writing ---- */
/* What a mode says to a key that is not there (number 0), there, or held. OK: go on. */
static int check_mode(const med_cache_segment *segment, const med_cache_change *change, uint32_t number) {
  if (number == 0) {
    return change->mode == MEDLEY_CACHE_SET || change->mode == MEDLEY_CACHE_ADD ? MEDLEY_OK : MEDLEY_NOT_FOUND;
  }
  if (change->mode == MEDLEY_CACHE_ADD) return MEDLEY_EXISTS;
  const med_cache_chunk *item = med_cache_chunk_at(segment, number);
  if (change->mode == MEDLEY_CACHE_CAS && item->cas != change->cas) return MEDLEY_CONSTRAINT;
  if (change->mode != MEDLEY_CACHE_APPEND && change->mode != MEDLEY_CACHE_PREPEND) return MEDLEY_OK;
  return change->value.len > segment->value_size_max - item->value_len ? MEDLEY_TOO_BIG : MEDLEY_OK;
}

static int put_while_held(const med_cache_change *change, med_cache_chunk *hold) {
  if (change->mode == MEDLEY_CACHE_ADD) return MEDLEY_EXISTS;
  if (change->mode != MEDLEY_CACHE_SET) return MEDLEY_NOT_FOUND;
  if (hold != NULL) hold->marks |= MED_CACHE_LOST;
  return MEDLEY_OK;
}

static int overwrite(med_cache_segment *segment, spot at, uint32_t number, med_slice value, int64_t now_us) {
  if (!med_cache_item_become(segment, at.shard, number, MED_CACHE_VALUE, value.len, now_us)) return MEDLEY_FULL;
  med_cache_item_write(segment, number, 0, value);
  return MEDLEY_OK;
}

static int append(med_cache_segment *segment, spot at, uint32_t number, med_slice value, int64_t now_us) {
  size_t before = med_cache_chunk_at(segment, number)->value_len;
  size_t after = before + value.len;
  if (!med_cache_item_become(segment, at.shard, number, MED_CACHE_VALUE, after, now_us)) return MEDLEY_FULL;
  med_cache_item_write(segment, number, before, value);
  return MEDLEY_OK;
}

static int prepend(med_cache_segment *segment, spot at, uint32_t number, med_slice value, int64_t now_us) {
  med_buffer old = {0};
  int rc = copy_out(segment, number, &old);
  if (rc == MEDLEY_OK) {
    size_t after = old.len + value.len;
    if (!med_cache_item_become(segment, at.shard, number, MED_CACHE_VALUE, after, now_us)) rc = MEDLEY_FULL;
  }
  if (rc == MEDLEY_OK) {
    med_cache_item_write(segment, number, 0, value);
    med_cache_item_write(segment, number, value.len, med_slice_of(old.bytes, old.len));
  }
  med_buffer_clear(&old);
  return rc;
}

/* The value of an item that is there, a lease included. It ends in no list. */
static int change_value(med_cache_segment *segment, spot at, uint32_t number, const med_cache_change *change,
                        int64_t now_us) {
  switch (change->mode) {
    case MEDLEY_CACHE_APPEND: return append(segment, at, number, change->value, now_us);
    case MEDLEY_CACHE_PREPEND: return prepend(segment, at, number, change->value, now_us);
    default: return overwrite(segment, at, number, change->value, now_us);
  }
}

static int store(med_cache_segment *segment, spot at, uint32_t number, const med_cache_change *change, int64_t now_us) {
  med_cache_list_id before = MED_CACHE_NO_LIST;
  bool was_value = false;
  if (number == 0) {
    number = med_cache_item_add(segment, at.shard, at.hash, change->key, MED_CACHE_VALUE, change->value.len, now_us);
    if (number == 0) return MEDLEY_FULL;
    med_cache_item_write(segment, number, 0, change->value);
  } else {
    was_value = med_cache_chunk_at(segment, number)->kind == MED_CACHE_VALUE;
    before = (med_cache_list_id)med_cache_chunk_at(segment, number)->list;
    int rc = change_value(segment, at, number, change, now_us);
    if (rc != MEDLEY_OK) return rc;
  }
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  if (change->mode != MEDLEY_CACHE_APPEND && change->mode != MEDLEY_CACHE_PREPEND) {
    item->flags = change->flags;
    if (!was_value || !change->keep_expiry) item->expires_us = change->expires_us;
  }
  if (item->expires_us != 0) med_cache_note_due(&segment->shards[at.shard], item->expires_us);
  item->cas = med_cache_next_cas(segment, at.shard);
  if (!was_value) med_cache_item_new(item, now_us);
  med_cache_item_enlist(segment, at.shard, number, before);
  if (was_value) med_cache_item_used(segment, at.shard, number, now_us);
  segment->shards[at.shard].sets++;
  return MEDLEY_OK;
}

static int put_locked(med_cache_segment *segment, spot at, const med_cache_change *change, int64_t now_us) {
  (void)med_cache_item_crawl(segment, at.shard, MED_CACHE_CRAWL_STEP, now_us);
  uint32_t number = med_cache_item_find_live(segment, at.shard, at.hash, change->key, now_us);
  med_cache_chunk *item = number != 0 ? med_cache_chunk_at(segment, number) : NULL;
  if (item != NULL && item->kind == MED_CACHE_HOLD) return put_while_held(change, item);
  if (med_cache_all_held(segment)) return put_while_held(change, NULL);
  int rc = check_mode(segment, change, item != NULL && item->kind == MED_CACHE_VALUE ? number : 0);
  return rc == MEDLEY_OK ? store(segment, at, number, change, now_us) : rc;
}

int med_cache_segment_put(med_cache_segment *segment, const med_cache_change *change, int64_t now_us) {
  if (change->key.len > MED_CACHE_KEY_SIZE_MAX || change->value.len > segment->value_size_max) return MEDLEY_TOO_BIG;
  spot at = spot_of(segment, change->key);
  for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    int rc = med_cache_lock_shard(segment, at.shard);
    if (rc != MEDLEY_OK) return rc;
    rc = put_locked(segment, at, change, now_us);
    med_cache_unlock_shard(segment, at.shard);
    if (rc != MEDLEY_FULL) return rc;
    uint32_t needed = med_cache_chunks_for(change->key.len, change->value.len);
    if (!med_cache_make_room(segment, needed, now_us)) break;
  }
  return MEDLEY_FULL;
}

int med_cache_segment_delete(med_cache_segment *segment, med_slice key, int64_t now_us) {
  if (key.len > MED_CACHE_KEY_SIZE_MAX) return MEDLEY_NOT_FOUND;
  spot at = spot_of(segment, key);
  int rc = med_cache_lock_shard(segment, at.shard);
  if (rc != MEDLEY_OK) return rc;
  (void)med_cache_item_crawl(segment, at.shard, MED_CACHE_CRAWL_STEP, now_us);
  uint32_t number = med_cache_item_find_live(segment, at.shard, at.hash, key, now_us);
  rc = MEDLEY_NOT_FOUND;
  if (number != 0 && med_cache_chunk_at(segment, number)->kind == MED_CACHE_HOLD) {
    med_cache_chunk_at(segment, number)->marks |= MED_CACHE_LOST;
  } else if (number != 0) {
    if (med_cache_chunk_at(segment, number)->kind == MED_CACHE_VALUE && !med_cache_all_held(segment)) rc = MEDLEY_OK;
    med_cache_item_remove(segment, at.shard, number);
  }
  med_cache_unlock_shard(segment, at.shard);
  return rc;
}

/* ---- Numbers ---- */
int med_cache_number_add(const char *text, size_t len, uint64_t by, bool decrement, uint64_t *result) {
  if (len == 0 || len > MED_CACHE_NUMBER_SIZE) return MEDLEY_TYPE;
  uint64_t number = 0;
  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9') return MEDLEY_TYPE;
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (number > (UINT64_MAX - digit) / 10) return MEDLEY_TYPE;
    number = number * 10 + digit;
  }
  if (decrement)
    *result = number > by ? number - by : 0;
  else
    *result = number + by;
  return MEDLEY_OK;
}

size_t med_cache_number_text(uint64_t number, char text[MED_CACHE_NUMBER_SIZE]) {
  char digits[MED_CACHE_NUMBER_SIZE];
  size_t len = 0;
  do digits[len++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  for (size_t i = 0; i < len; i++) text[i] = digits[len - 1 - i];
  return len;
}

static int increment_locked(med_cache_segment *segment, spot at, uint32_t number, uint64_t by, bool decrement,
                            int64_t now_us, uint64_t *result) {
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  char text[MED_CACHE_NUMBER_SIZE];
  if (item->value_len > sizeof text) return MEDLEY_TYPE;
  med_cache_item_read(segment, number, text, item->value_len);
  int rc = med_cache_number_add(text, item->value_len, by, decrement, result);
  if (rc != MEDLEY_OK) return rc;
  med_cache_change change = {.mode = MEDLEY_CACHE_SET, .flags = item->flags, .expires_us = item->expires_us};
  change.value = med_slice_of(text, med_cache_number_text(*result, text));
  return store(segment, at, number, &change, now_us);
}

int med_cache_segment_increment(med_cache_segment *segment, med_slice key, uint64_t by, bool decrement, int64_t now_us,
                                uint64_t *result) {
  if (key.len > MED_CACHE_KEY_SIZE_MAX) return MEDLEY_NOT_FOUND;
  spot at = spot_of(segment, key);
  for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    int rc = med_cache_lock_shard(segment, at.shard);
    if (rc != MEDLEY_OK) return rc;
    uint32_t number = find_value(segment, at, key, now_us);
    rc = MEDLEY_NOT_FOUND;
    if (number != 0) rc = increment_locked(segment, at, number, by, decrement, now_us, result);
    med_cache_unlock_shard(segment, at.shard);
    if (rc != MEDLEY_FULL) return rc;
    if (!med_cache_make_room(segment, 1, now_us)) break; /* the longest number needs one more chunk */
  }
  return MEDLEY_FULL;
}

/* ---- All of it ---- */
static void flush_shard(med_cache_segment *segment, uint32_t shard) {
  const uint32_t *table = med_cache_table_of(segment, shard);
  for (uint32_t bucket = 0; bucket < segment->table_len; bucket++) {
    uint32_t number = table[bucket];
    for (uint32_t steps = 0; number != 0 && !med_cache_suspected(segment); steps++) {
      if (steps > segment->chunk_count) med_cache_suspect(segment);
      med_cache_chunk *item = med_cache_chunk_at(segment, number);
      uint32_t next = item->hash_next;
      if (item->kind == MED_CACHE_HOLD)
        item->marks |= MED_CACHE_LOST;
      else
        med_cache_item_remove(segment, shard, number);
      number = next;
    }
  }
}

int med_cache_segment_flush(med_cache_segment *segment) {
  for (uint32_t shard = 0; shard < segment->shard_count; shard++) {
    int rc = med_cache_lock_shard(segment, shard);
    if (rc != MEDLEY_OK) return rc;
    flush_shard(segment, shard);
    med_cache_unlock_shard(segment, shard);
  }
  return MEDLEY_OK;
}

int med_cache_segment_stat(med_cache_segment *segment, medley_cache_stats *stats) {
  memset(stats, 0, sizeof *stats);
  stats->size_bytes = segment->header->size_bytes;
  for (uint32_t i = 0; i < segment->shard_count; i++) {
    int rc = med_cache_lock_shard(segment, i);
    if (rc != MEDLEY_OK) return rc;
    const med_cache_shard *shard = &segment->shards[i];
    stats->items += shard->items;
    stats->bytes += shard->chunks * MED_CACHE_CHUNK_SIZE;
    stats->hits += shard->hits;
    stats->misses += shard->misses;
    stats->sets += shard->sets;
    stats->evictions += shard->evictions;
    stats->expirations += shard->expirations;
    med_cache_unlock_shard(segment, i);
  }
  return MEDLEY_OK;
}

/* ---- Leases ---- */
static uint64_t add_lease(med_cache_segment *segment, spot at, med_slice key, int64_t now_us) {
  med_cache_list *leases = &segment->shards[at.shard].lists[MED_CACHE_LEASES];
  /* Misses of keys that are never filled must not take the memory of values. */
  while (leases->chunks * 16 > segment->share && leases->oldest != 0 && !med_cache_suspected(segment)) {
    med_cache_item_remove(segment, at.shard, leases->oldest);
  }
  uint32_t number = med_cache_item_add(segment, at.shard, at.hash, key, MED_CACHE_LEASE, 0, now_us);
  if (number == 0) return 0;
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  item->cas = med_cache_next_cas(segment, at.shard);
  item->expires_us = now_us > INT64_MAX - MED_CACHE_LEASE_US ? INT64_MAX : now_us + MED_CACHE_LEASE_US;
  med_cache_note_due(&segment->shards[at.shard], item->expires_us);
  med_cache_item_enlist(segment, at.shard, number, MED_CACHE_NO_LIST);
  return item->cas;
}

int med_cache_segment_lease(med_cache_segment *segment, med_slice key, int64_t now_us, med_buffer *value,
                            med_cache_hit *hit) {
  memset(hit, 0, sizeof *hit);
  if (key.len > MED_CACHE_KEY_SIZE_MAX) return MEDLEY_NOT_FOUND;
  spot at = spot_of(segment, key);
  int rc = med_cache_lock_shard(segment, at.shard);
  if (rc != MEDLEY_OK) return rc;
  uint32_t number = med_cache_item_find_live(segment, at.shard, at.hash, key, now_us);
  bool closed = med_cache_all_held(segment);
  if (number != 0 && !closed && med_cache_chunk_at(segment, number)->kind == MED_CACHE_VALUE) {
    rc = copy_out(segment, number, value);
    if (rc == MEDLEY_OK) {
      segment->shards[at.shard].hits++;
      med_cache_item_used(segment, at.shard, number, now_us);
      describe(med_cache_chunk_at(segment, number), hit);
    }
  } else {
    segment->shards[at.shard].misses++;
    if (number == 0 && !closed) hit->lease = add_lease(segment, at, key, now_us);
    rc = MEDLEY_NOT_FOUND;
  }
  med_cache_unlock_shard(segment, at.shard);
  return rc;
}

/* The lease's item if it is still good. */
static uint32_t find_lease(med_cache_segment *segment, spot at, med_slice key, uint64_t lease, int64_t now_us) {
  uint32_t number = med_cache_item_find_live(segment, at.shard, at.hash, key, now_us);
  if (number == 0) return 0;
  const med_cache_chunk *item = med_cache_chunk_at(segment, number);
  bool good = item->kind == MED_CACHE_LEASE && item->cas == lease && !med_cache_all_held(segment);
  return good ? number : 0;
}

int med_cache_segment_fill(med_cache_segment *segment, med_slice key, uint64_t lease, med_slice value, uint32_t flags,
                           int64_t expires_us, int64_t now_us) {
  if (key.len > MED_CACHE_KEY_SIZE_MAX || value.len > segment->value_size_max) return MEDLEY_TOO_BIG;
  med_cache_change change = {
      .mode = MEDLEY_CACHE_SET, .key = key, .value = value, .flags = flags, .expires_us = expires_us};
  spot at = spot_of(segment, key);
  for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    int rc = med_cache_lock_shard(segment, at.shard);
    if (rc != MEDLEY_OK) return rc;
    (void)med_cache_item_crawl(segment, at.shard, MED_CACHE_CRAWL_STEP, now_us);
    uint32_t number = find_lease(segment, at, key, lease, now_us);
    rc = number != 0 ? store(segment, at, number, &change, now_us) : MEDLEY_CONSTRAINT;
    med_cache_unlock_shard(segment, at.shard);
    if (rc != MEDLEY_FULL) return rc;
    if (!med_cache_make_room(segment, med_cache_chunks_for(key.len, value.len), now_us)) break;
  }
  return MEDLEY_FULL;
}

int med_cache_segment_check_lease(med_cache_segment *segment, med_slice key, uint64_t lease, int64_t now_us) {
  if (key.len > MED_CACHE_KEY_SIZE_MAX) return MEDLEY_CONSTRAINT;
  spot at = spot_of(segment, key);
  int rc = med_cache_lock_shard(segment, at.shard);
  if (rc != MEDLEY_OK) return rc;
  if (find_lease(segment, at, key, lease, now_us) == 0) rc = MEDLEY_CONSTRAINT;
  med_cache_unlock_shard(segment, at.shard);
  return rc;
}

void med_cache_segment_void_lease(med_cache_segment *segment, med_slice key, uint64_t lease) {
  if (key.len > MED_CACHE_KEY_SIZE_MAX) return;
  spot at = spot_of(segment, key);
  if (med_cache_lock_shard(segment, at.shard) != MEDLEY_OK) return;
  uint32_t number = med_cache_item_find(segment, at.shard, at.hash, key);
  if (number != 0) {
    const med_cache_chunk *item = med_cache_chunk_at(segment, number);
    if (item->kind == MED_CACHE_LEASE && item->cas == lease) med_cache_item_remove(segment, at.shard, number);
  }
  med_cache_unlock_shard(segment, at.shard);
}

/* ---- A transaction's commit: the keys ---- */
static int hold_locked(med_cache_segment *segment, spot at, const med_cache_commit *commit, med_slice key,
                       uint64_t base_cas, int64_t now_us) {
  med_cache_shard *shard = &segment->shards[at.shard];
  uint32_t number = med_cache_item_find(segment, at.shard, at.hash, key);
  bool is_hold = number != 0 && med_cache_chunk_at(segment, number)->kind == MED_CACHE_HOLD;
  bool is_base = base_cas == 0 || (number != 0 && med_cache_chunk_at(segment, number)->kind == MED_CACHE_VALUE &&
                                   med_cache_chunk_at(segment, number)->cas == base_cas);
  if (!is_hold && shard->hold_chunks * 4 > segment->share) return MEDLEY_FULL;
  if (number == 0) {
    number = med_cache_item_add(segment, at.shard, at.hash, key, MED_CACHE_HOLD, 0, now_us);
    if (number == 0) return MEDLEY_FULL;
  } else if (!med_cache_item_become(segment, at.shard, number, MED_CACHE_HOLD, 0, now_us)) {
    return MEDLEY_FULL;
  }
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  item->cas = commit->token;
  item->flags = commit->slot;
  item->expires_us = 0;
  med_cache_note_due(shard, now_us); /* its owner may die */
  item->marks = is_base ? 0 : MED_CACHE_LOST;
  return MEDLEY_OK;
}

int med_cache_commit_hold(med_cache_segment *segment, const med_cache_commit *commit, med_slice key, uint64_t base_cas,
                          int64_t now_us) {
  if (key.len > MED_CACHE_KEY_SIZE_MAX) return MEDLEY_TOO_BIG;
  spot at = spot_of(segment, key);
  int rc = med_cache_lock_shard(segment, at.shard);
  if (rc != MEDLEY_OK) return rc;
  rc = hold_locked(segment, at, commit, key, base_cas, now_us);
  med_cache_unlock_shard(segment, at.shard);
  return rc;
}

/* FULL if the value needs room that this shard does not have: the hold then stays for another attempt. */
static int release_locked(med_cache_segment *segment, spot at, const med_cache_commit *commit,
                          const med_cache_change *change, bool keep, int64_t now_us) {
  uint32_t number = med_cache_item_find(segment, at.shard, at.hash, change->key);
  if (number == 0) return MEDLEY_OK;
  const med_cache_chunk *item = med_cache_chunk_at(segment, number);
  bool is_hold = item->kind == MED_CACHE_HOLD;
  if (is_hold && item->cas == commit->token && item->flags == commit->slot) {
    if (keep && (item->marks & MED_CACHE_LOST) == 0) return store(segment, at, number, change, now_us);
    med_cache_item_remove(segment, at.shard, number);
  } else if (!is_hold && commit->epoch != atomic_load(&segment->header->epoch)) {
    /* The hold was lost when the segment emptied itself: what is here now may be older than the commit. */
    med_cache_item_remove(segment, at.shard, number);
  }
  return MEDLEY_OK;
}

void med_cache_commit_release(med_cache_segment *segment, const med_cache_commit *commit, med_slice key,
                              const med_slice *value, uint32_t flags, int64_t expires_us, int64_t now_us) {
  if (commit->token == 0 || key.len > MED_CACHE_KEY_SIZE_MAX) return;
  med_cache_change change = {.mode = MEDLEY_CACHE_SET, .key = key, .flags = flags, .expires_us = expires_us};
  bool keep = value != NULL && value->len <= segment->value_size_max && (expires_us == 0 || expires_us > now_us);
  if (keep) change.value = *value;
  spot at = spot_of(segment, key);
  for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (med_cache_lock_shard(segment, at.shard) != MEDLEY_OK) return;
    int rc = release_locked(segment, at, commit, &change, keep, now_us);
    med_cache_unlock_shard(segment, at.shard);
    if (rc != MEDLEY_FULL) return;
    /* The last attempt no longer asks for memory. */
    keep = attempt + 2 < ATTEMPTS_MAX &&
           med_cache_make_room(segment, med_cache_chunks_for(key.len, change.value.len), now_us);
  }
}
