/* cache_eviction.c - which item goes when memory is short.
 *
 * The policy works within one shard. Keys are spread by hash, so what is oldest there is about as old as what is oldest
 * everywhere.
 *
 * The default keeps three lists, after memcached's doc/new_lru.txt:
 *
 *     new ──► HOT ──oldest, used twice──► WARM ──oldest, still used──┐
 *              │                          ▲  ▲ │                     │
 *              └──oldest, not──► COLD ────┘  └─┼─────────────────────┘
 *                                │ used twice  │
 *                    evicted ◄───┘◄────────────┘ oldest, not used again
 *
 * A scan puts every item in once, so all of it runs from HOT through COLD and out, and never pushes anything out of WARM:
 * only what was used twice gets there. HOT is bounded to 20 % and WARM to 40 % of the memory. Differs from memcached: no
 * thread moves the items, each new one pays for a few steps; WARM does not age by COLD's age, since then a long scan would
 * empty it after all.
 *
 * All other policies keep one ring of what they may evict. LRU: a used item moves to the new end, the old end goes. LFU and
 * TTL: of the oldest few the least used, or the one due next, goes and the others move to the new end, so that over one lap
 * each item is compared with others (Redis samples at random instead; both approximate). RANDOM: a few items, a random
 * number of them, move on, and the next one goes: per lap every item is hit with the same chance. */
#include "models/keyvalue/cache_layout.h"

#define HOT_PERCENT 20
#define WARM_PERCENT 40
#define BALANCE_STEPS 8
#define SAMPLE_SIZE 16
#define RANDOM_STEPS 8
#define ROOM_ITEMS 4          /* evicted from one shard before it is the next one's turn */
#define ROOM_CRAWL 4096       /* buckets looked at for what has expired, where the policy finds nothing */
#define ROOM_PASSES_MAX 65536 /* others may take what is freed */
/* LFU, the constants of Redis: a new item is not the next victim; one million uses fill the counter. */
#define LFU_NEW 5
#define LFU_LOG_FACTOR 10

/* ---- Lists ---- */
static void push_newest(med_cache_segment *segment, uint32_t shard, uint32_t number, med_cache_list_id id) {
  med_cache_list *list = &segment->shards[shard].lists[id];
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  item->list = (uint8_t)id;
  if (id == MED_CACHE_NO_LIST) return;
  item->newer = 0;
  item->older = list->newest;
  if (list->newest != 0)
    med_cache_chunk_at(segment, list->newest)->newer = number;
  else
    list->oldest = number;
  list->newest = number;
  list->chunks += med_cache_item_chunks(segment, item);
}

void med_cache_item_unlist(med_cache_segment *segment, uint32_t shard, uint32_t number) {
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  if (item->list == MED_CACHE_NO_LIST || item->list >= MED_CACHE_LIST_COUNT) return;
  med_cache_list *list = &segment->shards[shard].lists[item->list];
  if (item->newer != 0)
    med_cache_chunk_at(segment, item->newer)->older = item->older;
  else
    list->newest = item->older;
  if (item->older != 0)
    med_cache_chunk_at(segment, item->older)->newer = item->newer;
  else
    list->oldest = item->newer;
  list->chunks -= med_cache_item_chunks(segment, item);
  item->list = MED_CACHE_NO_LIST;
}

static void move_newest(med_cache_segment *segment, uint32_t shard, uint32_t number, med_cache_list_id id) {
  if (segment->shards[shard].lists[id].newest == number) return;
  med_cache_item_unlist(segment, shard, number);
  push_newest(segment, shard, number, id);
}

/* ---- The segmented policy ---- */
static void balance(med_cache_segment *segment, uint32_t shard) {
  med_cache_list *lists = segment->shards[shard].lists;
  for (int step = 0; step < BALANCE_STEPS; step++) {
    med_cache_list_id from;
    if (lists[MED_CACHE_HOT].chunks * 100 > segment->share * HOT_PERCENT)
      from = MED_CACHE_HOT;
    else if (lists[MED_CACHE_WARM].chunks * 100 > segment->share * WARM_PERCENT)
      from = MED_CACHE_WARM;
    else
      return;
    uint32_t number = lists[from].oldest;
    if (number == 0) return;
    med_cache_chunk *item = med_cache_chunk_at(segment, number);
    med_cache_list_id to = (item->marks & MED_CACHE_ACTIVE) != 0 ? MED_CACHE_WARM : MED_CACHE_COLD;
    item->marks &= (uint8_t) ~(MED_CACHE_ACTIVE | MED_CACHE_FETCHED);
    med_cache_item_unlist(segment, shard, number);
    push_newest(segment, shard, number, to);
  }
}

static void segmented_used(med_cache_segment *segment, uint32_t shard, uint32_t number) {
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  if ((item->marks & MED_CACHE_FETCHED) == 0) {
    item->marks |= MED_CACHE_FETCHED;
    return;
  }
  if (item->list != MED_CACHE_COLD) {
    item->marks |= MED_CACHE_ACTIVE;
    return;
  }
  item->marks &= (uint8_t)~MED_CACHE_FETCHED;
  med_cache_item_unlist(segment, shard, number);
  push_newest(segment, shard, number, MED_CACHE_WARM);
  balance(segment, shard);
}

/* ---- LFU's counter ---- one byte that grows with the logarithm of the uses and falls by one a minute */
static uint16_t minutes_of(int64_t now_us) { return (uint16_t)((uint64_t)now_us / 60000000); }

static void count_down(med_cache_chunk *item, int64_t now_us) {
  uint16_t idle = (uint16_t)(minutes_of(now_us) - item->used_minutes);
  item->frequency = (uint8_t)(idle >= item->frequency ? 0 : item->frequency - idle);
  item->used_minutes = minutes_of(now_us);
}

static uint64_t random_next(med_cache_shard *shard) { /* xorshift64 of Marsaglia */
  uint64_t x = shard->random != 0 ? shard->random : 1;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return shard->random = x;
}

static void count_up(med_cache_shard *shard, med_cache_chunk *item, int64_t now_us) {
  count_down(item, now_us);
  if (item->frequency == UINT8_MAX) return;
  uint64_t above = item->frequency > LFU_NEW ? item->frequency - LFU_NEW : 0;
  if (random_next(shard) % (above * LFU_LOG_FACTOR + 1) == 0) item->frequency++;
}

/* ---- What the others call ---- */
static bool is_volatile_policy(medley_eviction eviction) {
  return eviction == MEDLEY_EVICT_VOLATILE_LRU || eviction == MEDLEY_EVICT_VOLATILE_LFU ||
         eviction == MEDLEY_EVICT_VOLATILE_RANDOM || eviction == MEDLEY_EVICT_VOLATILE_TTL;
}

void med_cache_item_new(med_cache_chunk *item, int64_t now_us) {
  item->marks = 0;
  item->frequency = LFU_NEW;
  item->used_minutes = minutes_of(now_us);
}

void med_cache_item_enlist(med_cache_segment *segment, uint32_t shard, uint32_t number, med_cache_list_id before) {
  const med_cache_chunk *item = med_cache_chunk_at(segment, number);
  if (item->kind == MED_CACHE_LEASE) {
    push_newest(segment, shard, number, MED_CACHE_LEASES);
  } else if (item->kind != MED_CACHE_VALUE || segment->eviction == MEDLEY_EVICT_NONE) {
    return;
  } else if (segment->eviction == MEDLEY_EVICT_SEGMENTED_LRU) {
    push_newest(segment, shard, number, before == MED_CACHE_WARM ? MED_CACHE_WARM : MED_CACHE_HOT);
    balance(segment, shard);
  } else if (!is_volatile_policy(segment->eviction) || item->expires_us != 0) {
    push_newest(segment, shard, number, MED_CACHE_RING);
  }
}

void med_cache_item_used(med_cache_segment *segment, uint32_t shard, uint32_t number, int64_t now_us) {
  med_cache_chunk *item = med_cache_chunk_at(segment, number);
  if (item->list == MED_CACHE_NO_LIST) return;
  switch (segment->eviction) {
    case MEDLEY_EVICT_SEGMENTED_LRU: segmented_used(segment, shard, number); break;
    case MEDLEY_EVICT_ALLKEYS_LRU:
    case MEDLEY_EVICT_VOLATILE_LRU: move_newest(segment, shard, number, MED_CACHE_RING); break;
    case MEDLEY_EVICT_ALLKEYS_LFU:
    case MEDLEY_EVICT_VOLATILE_LFU: count_up(&segment->shards[shard], item, now_us); break;
    default: break;
  }
}

/* ---- Victims ---- */
static uint32_t oldest_but(const med_cache_segment *segment, uint32_t shard, med_cache_list_id id, uint32_t except) {
  uint32_t number = segment->shards[shard].lists[id].oldest;
  return number != 0 && number == except ? med_cache_chunk_at(segment, number)->newer : number;
}

static uint32_t segmented_victim(const med_cache_segment *segment, uint32_t shard, uint32_t except) {
  static const med_cache_list_id order[] = {MED_CACHE_COLD, MED_CACHE_HOT, MED_CACHE_WARM};
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    uint32_t number = oldest_but(segment, shard, order[i], except);
    if (number != 0) return number;
  }
  return 0;
}

/* Whether a is a better victim than b. */
static bool goes_before(const med_cache_segment *segment, const med_cache_chunk *a, const med_cache_chunk *b) {
  if (segment->eviction == MEDLEY_EVICT_VOLATILE_TTL) return a->expires_us < b->expires_us;
  return a->frequency < b->frequency;
}

static uint32_t sampled_victim(med_cache_segment *segment, uint32_t shard, uint32_t except, int64_t now_us) {
  uint32_t best = 0;
  uint32_t first_moved = 0;
  for (int i = 0; i < SAMPLE_SIZE; i++) {
    uint32_t number = segment->shards[shard].lists[MED_CACHE_RING].oldest;
    if (number == 0 || number == first_moved) break; /* once around */
    if (first_moved == 0) first_moved = number;
    med_cache_chunk *item = med_cache_chunk_at(segment, number);
    move_newest(segment, shard, number, MED_CACHE_RING);
    if (number == except) continue;
    count_down(item, now_us);
    if (best == 0 || goes_before(segment, item, med_cache_chunk_at(segment, best))) best = number;
  }
  return best;
}

static uint32_t random_victim(med_cache_segment *segment, uint32_t shard, uint32_t except) {
  uint64_t steps = random_next(&segment->shards[shard]) % RANDOM_STEPS;
  for (uint64_t i = 0; i < steps; i++) {
    uint32_t number = segment->shards[shard].lists[MED_CACHE_RING].oldest;
    if (number == 0) return 0;
    move_newest(segment, shard, number, MED_CACHE_RING);
  }
  return oldest_but(segment, shard, MED_CACHE_RING, except);
}

static uint32_t victim(med_cache_segment *segment, uint32_t shard, uint32_t except, int64_t now_us) {
  switch (segment->eviction) {
    case MEDLEY_EVICT_SEGMENTED_LRU: return segmented_victim(segment, shard, except);
    case MEDLEY_EVICT_ALLKEYS_LRU:
    case MEDLEY_EVICT_VOLATILE_LRU: return oldest_but(segment, shard, MED_CACHE_RING, except);
    case MEDLEY_EVICT_ALLKEYS_LFU:
    case MEDLEY_EVICT_VOLATILE_LFU:
    case MEDLEY_EVICT_VOLATILE_TTL: return sampled_victim(segment, shard, except, now_us);
    case MEDLEY_EVICT_ALLKEYS_RANDOM:
    case MEDLEY_EVICT_VOLATILE_RANDOM: return random_victim(segment, shard, except);
    case MEDLEY_EVICT_NONE: break;
  }
  return 0;
}

bool med_cache_evict_one(med_cache_segment *segment, uint32_t shard, uint32_t except, int64_t now_us) {
  uint32_t number = victim(segment, shard, except, now_us);
  if (number != 0) {
    const med_cache_chunk *item = med_cache_chunk_at(segment, number);
    if (item->expires_us != 0 && item->expires_us <= now_us)
      segment->shards[shard].expirations++;
    else
      segment->shards[shard].evictions++;
  } else {
    number = oldest_but(segment, shard, MED_CACHE_LEASES, except); /* a lease that goes is only void */
  }
  if (number == 0) return false;
  med_cache_item_remove(segment, shard, number);
  return true;
}

static bool has_room(const med_cache_segment *segment, uint32_t chunk_count) {
  return atomic_load(&segment->header->pool.free_count) >= (uint64_t)chunk_count + segment->hold_reserve;
}

static bool evict_some(med_cache_segment *segment, uint32_t shard, uint32_t chunk_count, int64_t now_us) {
  bool evicted = false;
  for (int item = 0; item < ROOM_ITEMS && !has_room(segment, chunk_count); item++) {
    if (!med_cache_evict_one(segment, shard, 0, now_us)) break;
    evicted = true;
  }
  if (evicted) return true;
  uint32_t buckets = segment->table_len < ROOM_CRAWL ? segment->table_len : ROOM_CRAWL;
  return med_cache_item_crawl(segment, shard, buckets, now_us);
}

bool med_cache_make_room(med_cache_segment *segment, uint32_t chunk_count, int64_t now_us) {
  for (uint32_t pass = 0; pass < ROOM_PASSES_MAX; pass++) {
    bool evicted = false;
    for (uint32_t i = 0; i < segment->shard_count; i++) {
      if (has_room(segment, chunk_count)) return true;
      uint32_t shard = atomic_fetch_add(&segment->turn, 1) & (segment->shard_count - 1);
      if (med_cache_lock_shard(segment, shard) != MEDLEY_OK) return false;
      if (evict_some(segment, shard, chunk_count, now_us)) evicted = true;
      med_cache_unlock_shard(segment, shard);
    }
    if (!evicted) break;
  }
  return has_room(segment, chunk_count);
}
