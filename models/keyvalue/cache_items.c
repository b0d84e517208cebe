/* cache_items.c - the chunk pool of a cache segment, chains of chunks, and the hash table that finds them.
 *
 * Every change is ordered so that a failure (no memory) comes before the first write. A death in the middle needs no order:
 * the segment is then emptied. */
#include "models/keyvalue/cache_layout.h"

#define CRAWL_CHAIN_MAX 16
#define CHAIN_MAX 65536 /* a table is half as long as there are chunks: no honest chain comes near */
/* What a small value needs is evicted from its own shard, whose lock is held; a large one would empty that shard before
 * the others, so it goes back and takes from all in turn (med_cache_make_room). */
#define OWN_EVICTION_CHUNKS 64

/* ---- The pool ---- */
static uint32_t take_from_list(med_cache_segment *segment, uint32_t count, med_cache_chunk **last) {
  med_cache_pool *pool = &segment->header->pool;
  uint32_t head = pool->free_head;
  med_cache_chunk *chunk = med_cache_chunk_at(segment, head);
  for (uint32_t i = 1; i < count; i++) chunk = med_cache_chunk_at(segment, chunk->next);
  pool->free_head = chunk->next;
  chunk->next = 0;
  *last = chunk;
  return head;
}

static uint32_t take_unused(med_cache_segment *segment, uint32_t count) {
  med_cache_pool *pool = &segment->header->pool;
  uint32_t head = pool->unused_next;
  for (uint32_t i = 0; i < count; i++) {
    med_cache_chunk_at(segment, head + i)->next = i + 1 < count ? head + i + 1 : 0;
  }
  pool->unused_next += count;
  return head;
}

/* The first of `count` linked chunks; 0 if fewer than that and `reserve` are free. */
static uint32_t take(med_cache_segment *segment, uint32_t count, uint32_t reserve) {
  med_cache_pool *pool = &segment->header->pool;
  uint64_t needed = (uint64_t)count + reserve;
  if (atomic_load_explicit(&pool->free_count, memory_order_relaxed) < needed) return 0;
  if (!med_cache_lock_pool(segment)) return 0;
  uint32_t head = 0, free_count = atomic_load(&pool->free_count);
  if (free_count >= needed) {
    uint32_t unused = pool->unused_next < segment->chunk_count ? segment->chunk_count - pool->unused_next : 0;
    uint32_t listed = free_count > unused ? free_count - unused : 0;
    uint32_t from_list = listed < count ? listed : count;
    med_cache_chunk *last = NULL;
    if (from_list > 0) head = take_from_list(segment, from_list, &last);
    if (from_list < count) {
      uint32_t rest = take_unused(segment, count - from_list);
      if (last != NULL)
        last->next = rest;
      else
        head = rest;
    }
    atomic_store(&pool->free_count, free_count - count);
  }
  med_cache_unlock_pool(segment);
  return head;
}

static void give_back(med_cache_segment *segment, uint32_t head, uint32_t count) {
  med_cache_pool *pool = &segment->header->pool;
  med_cache_chunk *last = med_cache_chunk_at(segment, head);
  last->kind = MED_CACHE_FREE;
  for (uint32_t i = 1; i < count; i++) last = med_cache_chunk_at(segment, last->next);
  if (!med_cache_lock_pool(segment)) return; /* broken: all of it becomes free when it is emptied */
  last->next = pool->free_head;
  pool->free_head = head;
  atomic_fetch_add(&pool->free_count, count);
  med_cache_unlock_pool(segment);
}

static uint32_t take_or_evict(med_cache_segment *segment, uint32_t shard, uint32_t count, med_cache_kind kind,
                              uint32_t except, int64_t now_us) {
  uint32_t reserve = kind == MED_CACHE_HOLD ? 0 : segment->hold_reserve;
  for (;;) {
    uint32_t head = take(segment, count, reserve);
    if (head != 0 || count > OWN_EVICTION_CHUNKS || med_cache_suspected(segment)) return head;
    if (!med_cache_evict_one(segment, shard, except, now_us)) return 0;
  }
}

/* ---- Payload ---- */
typedef struct payload {
  const med_cache_segment *segment;
  med_cache_chunk *chunk;
  uint8_t *at;
  size_t room;
} payload;

static void payload_next(payload *place) {
  place->chunk = med_cache_chunk_at(place->segment, place->chunk->next);
  place->at = (uint8_t *)place->chunk + sizeof place->chunk->next;
  place->room = MED_CACHE_LINK_PAYLOAD;
}

static payload payload_at(const med_cache_segment *segment, uint32_t number, size_t offset) {
  payload place = {segment, med_cache_chunk_at(segment, number), NULL, MED_CACHE_HEAD_PAYLOAD};
  place.at = place.chunk->payload;
  while (offset > place.room) {
    offset -= place.room;
    payload_next(&place);
  }
  place.at += offset;
  place.room -= offset;
  return place;
}

static void write_at(const med_cache_segment *segment, uint32_t number, size_t offset, med_slice bytes) {
  payload place = payload_at(segment, number, offset);
  const uint8_t *from = bytes.bytes;
  for (size_t left = bytes.len; left > 0;) {
    if (place.room == 0) payload_next(&place);
    size_t part = left < place.room ? left : place.room;
    memcpy(place.at, from, part);
    place.at += part;
    place.room -= part;
    from += part;
    left -= part;
  }
}

static bool key_is(const med_cache_segment *segment, uint32_t number, med_slice key) {
  payload place = payload_at(segment, number, 0);
  const uint8_t *from = key.bytes;
  for (size_t left = key.len; left > 0;) {
    if (place.room == 0) payload_next(&place);
    size_t part = left < place.room ? left : place.room;
    if (memcmp(place.at, from, part) != 0) return false;
    place.room -= part;
    from += part;
    left -= part;
  }
  return true;
}

void med_cache_item_write(med_cache_segment *segment, uint32_t number, size_t value_offset, med_slice bytes) {
  write_at(segment, number, med_cache_chunk_at(segment, number)->key_len + value_offset, bytes);
}

void med_cache_item_read(med_cache_segment *segment, uint32_t number, char *value, size_t value_len) {
  payload place = payload_at(segment, number, med_cache_chunk_at(segment, number)->key_len);
  while (value_len > 0) {
    if (place.room == 0) payload_next(&place);
    size_t part = value_len < place.room ? value_len : place.room;
    memcpy(value, place.at, part);
    place.room = 0;
    value += part;
    value_len -= part;
  }
}

uint32_t med_cache_chunks_for(size_t key_len, size_t value_len) {
  size_t payload_len = key_len + value_len;
  if (payload_len <= MED_CACHE_HEAD_PAYLOAD) return 1;
  return 1 + (uint32_t)((payload_len - MED_CACHE_HEAD_PAYLOAD + MED_CACHE_LINK_PAYLOAD - 1) / MED_CACHE_LINK_PAYLOAD);
}

uint32_t med_cache_item_chunks(const med_cache_segment *segment, const med_cache_chunk *item) {
  if (item->value_len <= segment->value_size_max) return med_cache_chunks_for(item->key_len, item->value_len);
  med_cache_suspect(segment);
  return 1;
}

uint64_t med_cache_next_cas(med_cache_segment *segment, uint32_t shard) {
  return ++segment->shards[shard].cas_count * MED_CACHE_SHARDS_MAX + shard;
}

/* ---- Finding ---- */
uint32_t med_cache_item_find(med_cache_segment *segment, uint32_t shard, uint64_t hash, med_slice key) {
  uint32_t number = med_cache_table_of(segment, shard)[hash & (segment->table_len - 1)];
  for (uint32_t steps = 0; number != 0 && steps < CHAIN_MAX; steps++) {
    const med_cache_chunk *item = med_cache_chunk_at(segment, number);
    if (item->hash == hash && item->key_len == key.len) {
      if (item->next != 0) __builtin_prefetch(med_cache_chunk_at(segment, item->next)); /* most of the value */
      if (key_is(segment, number, key)) return number;
    }
    number = item->hash_next;
  }
  if (number != 0) med_cache_suspect(segment);
  return 0;
}

static bool is_due(med_cache_segment *segment, const med_cache_chunk *item, int64_t now_us) {
  if (item->kind == MED_CACHE_HOLD) return !med_cache_hold_lives(segment, item);
  return item->expires_us != 0 && item->expires_us <= now_us;
}

static void remove_due(med_cache_segment *segment, uint32_t shard, uint32_t number) {
  if (med_cache_chunk_at(segment, number)->kind == MED_CACHE_VALUE) segment->shards[shard].expirations++;
  med_cache_item_remove(segment, shard, number);
}

uint32_t med_cache_item_find_live(med_cache_segment *segment, uint32_t shard, uint64_t hash, med_slice key,
                                  int64_t now_us) {
  uint32_t number = med_cache_item_find(segment, shard, hash, key);
  if (number == 0) return 0;
  const med_cache_chunk *item = med_cache_chunk_at(segment, number);
  if (item->value_len > segment->value_size_max) {
    med_cache_suspect(segment);
    return 0;
  }
  if (!is_due(segment, item, now_us)) return number;
  remove_due(segment, shard, number);
  return 0;
}

static bool crawl_bucket(med_cache_segment *segment, uint32_t shard, uint32_t number, int64_t now_us) {
  bool removed = false;
  for (int steps = 0; number != 0; steps++) {
    const med_cache_chunk *item = med_cache_chunk_at(segment, number);
    uint32_t next = item->hash_next;
    if (steps == CRAWL_CHAIN_MAX) { /* enough for one write: the rest of the chain in another lap */
      med_cache_note_due(&segment->shards[shard], now_us);
      break;
    }
    if (is_due(segment, item, now_us)) {
      remove_due(segment, shard, number);
      removed = true;
    } else if (item->kind == MED_CACHE_HOLD) {
      med_cache_note_due(&segment->shards[shard], now_us);
    } else if (item->expires_us != 0) {
      med_cache_note_due(&segment->shards[shard], item->expires_us);
    }
    number = next;
  }
  return removed;
}

bool med_cache_item_crawl(med_cache_segment *segment, uint32_t shard, uint32_t bucket_count, int64_t now_us) {
  med_cache_shard *state = &segment->shards[shard];
  const uint32_t *table = med_cache_table_of(segment, shard);
  bool removed = false;
  for (uint32_t i = 0; i < bucket_count && state->due_us <= now_us; i++) {
    if (crawl_bucket(segment, shard, table[state->crawl_position & (segment->table_len - 1)], now_us)) removed = true;
    state->crawl_position = (state->crawl_position + 1) & (segment->table_len - 1);
    if (state->crawl_position != 0) continue;
    state->due_us = state->lap_due_us;
    state->lap_due_us = INT64_MAX;
  }
  return removed;
}

/* ---- Changing ---- */
/* What the shard's counters know of an item: +1 when it comes, -1 when it goes. */
static void count_item(med_cache_segment *segment, uint32_t shard, const med_cache_chunk *item, int sign) {
  med_cache_shard *state = &segment->shards[shard];
  uint64_t chunks = (uint64_t)sign * med_cache_item_chunks(segment, item);
  state->chunks += chunks;
  if (item->kind == MED_CACHE_VALUE) state->items += (uint64_t)sign;
  if (item->kind == MED_CACHE_HOLD) state->hold_chunks += chunks;
}

uint32_t med_cache_item_add(med_cache_segment *segment, uint32_t shard, uint64_t hash, med_slice key,
                            med_cache_kind kind, size_t value_len, int64_t now_us) {
  uint32_t number = take_or_evict(segment, shard, med_cache_chunks_for(key.len, value_len), kind, 0, now_us);
  if (number == 0) return 0;
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  uint32_t chain = item->next;
  memset(item, 0, offsetof(med_cache_chunk, payload));
  item->next = chain;
  item->hash = hash;
  item->key_len = (uint16_t)key.len;
  item->value_len = (uint32_t)value_len;
  item->kind = (uint8_t)kind;
  write_at(segment, number, 0, key);
  uint32_t *head = &med_cache_table_of(segment, shard)[hash & (segment->table_len - 1)];
  item->hash_next = *head;
  *head = number;
  count_item(segment, shard, item, 1);
  return number;
}

void med_cache_item_remove(med_cache_segment *segment, uint32_t shard, uint32_t number) {
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  uint32_t *link = &med_cache_table_of(segment, shard)[item->hash & (segment->table_len - 1)];
  for (uint32_t steps = 0; *link != number && *link != 0 && steps < CHAIN_MAX; steps++) {
    link = &med_cache_chunk_at(segment, *link)->hash_next;
  }
  if (*link == number)
    *link = item->hash_next;
  else
    med_cache_suspect(segment);
  med_cache_item_unlist(segment, shard, number);
  count_item(segment, shard, item, -1);
  give_back(segment, number, med_cache_item_chunks(segment, item));
}

/* The chunk that is number `index` of the chain, from 0. */
static med_cache_chunk *chain_chunk(const med_cache_segment *segment, uint32_t number, uint32_t index) {
  med_cache_chunk *chunk = med_cache_chunk_at(segment, number);
  for (uint32_t i = 0; i < index; i++) chunk = med_cache_chunk_at(segment, chunk->next);
  return chunk;
}

bool med_cache_item_become(med_cache_segment *segment, uint32_t shard, uint32_t number, med_cache_kind kind,
                           size_t value_len, int64_t now_us) {
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  uint32_t before = med_cache_item_chunks(segment, item), after = med_cache_chunks_for(item->key_len, value_len);
  if (after > before) {
    uint32_t more = take_or_evict(segment, shard, after - before, kind, number, now_us);
    if (more == 0) return false;
    chain_chunk(segment, number, before - 1)->next = more;
  }
  med_cache_item_unlist(segment, shard, number);
  count_item(segment, shard, item, -1);
  if (after < before) {
    med_cache_chunk *last = chain_chunk(segment, number, after - 1);
    give_back(segment, last->next, before - after);
    last->next = 0;
  }
  item->kind = (uint8_t)kind;
  item->value_len = (uint32_t)value_len;
  count_item(segment, shard, item, 1);
  return true;
}
