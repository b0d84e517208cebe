/* cache_layout.h - the bytes of a cache segment, and what the files cache_*.c of this folder share. Not for others.
 *
 *   header   magic, whom it belongs to, bounds, slots of committing transactions, the chunk pool
 *   shards   shard_count of them: mutex, lists, counters
 *   tables   shard_count * table_len chunk numbers: heads of the hash chains
 *   chunks   chunk_count of 128 bytes; chunk 0 is never given out, so that 0 is "none"
 *
 * An item is a chain of chunks: its first one begins with the item's head (56 bytes) and has 72 bytes of payload, each
 * further one has a link and 124 bytes. The payload is the key, then the value. A lease and a hold are items without value.
 *
 * Locks, in the order in which they are taken: control (slots), shards in ascending order, pool. An operation takes one
 * shard, and under it the pool; only what empties the segment takes more than one shard. All of them are robust.
 *
 * Everything in the segment is suspect: numbers of chunks are clamped, walks are bounded, the geometry is computed once
 * and kept in the process. */
#ifndef MED_KEYVALUE_CACHE_LAYOUT_H
#define MED_KEYVALUE_CACHE_LAYOUT_H

#include "models/keyvalue/cache_segment.h"

#include <pthread.h>
#include <stdatomic.h>

#define MED_CACHE_MAGIC UINT64_C(0x6d65646c63616368) /* "medlcach" */
#define MED_CACHE_LAYOUT_VERSION 1
#define MED_CACHE_CHUNK_SIZE 128
#define MED_CACHE_HEAD_PAYLOAD 72
#define MED_CACHE_LINK_PAYLOAD 124
#define MED_CACHE_SHARDS_MAX 16
#define MED_CACHE_SLOT_COUNT 1024
#define MED_CACHE_PATH_SIZE 1024

typedef enum med_cache_kind {
  MED_CACHE_FREE = 0,
  MED_CACHE_VALUE = 1,
  MED_CACHE_LEASE = 2, /* cas: the token; expires_us: its end */
  MED_CACHE_HOLD = 3   /* cas: the token of the transaction; flags: its slot */
} med_cache_kind;

typedef enum med_cache_list_id {
  MED_CACHE_NO_LIST = 0, /* what no policy may evict */
  MED_CACHE_HOT = 1,     /* the segmented policy: new */
  MED_CACHE_WARM = 2,    /*   used again and again */
  MED_CACHE_COLD = 3,    /*   goes next */
  MED_CACHE_RING = 4,    /* every other policy: what it may evict */
  MED_CACHE_LEASES = 5,
  MED_CACHE_LIST_COUNT = 6
} med_cache_list_id;

enum {                             /* marks of an item */
       MED_CACHE_FETCHED = 1 << 0, /* used once since it came or moved */
       MED_CACHE_ACTIVE = 1 << 1,  /* used twice */
       MED_CACHE_LOST = 1 << 2     /* hold: somebody wrote meanwhile, so its value is not to be stored */
};

typedef struct med_cache_chunk {
  uint32_t next; /* of the chain, or of the pool's free list; in a further chunk 124 bytes of payload follow */
  uint32_t hash_next;
  uint32_t newer, older; /* in its list */
  uint64_t hash;
  uint64_t cas;
  int64_t expires_us;
  uint32_t value_len;
  uint32_t flags;
  uint16_t key_len;
  uint8_t kind;
  uint8_t list;
  uint8_t marks;
  uint8_t frequency;     /* LFU: a logarithmic counter */
  uint16_t used_minutes; /* LFU: when it was last counted down, modulo 2^16 */
  uint8_t payload[MED_CACHE_HEAD_PAYLOAD];
} med_cache_chunk;
_Static_assert(sizeof(med_cache_chunk) == MED_CACHE_CHUNK_SIZE, "a chunk is 128 bytes");

typedef struct med_cache_list {
  uint32_t newest, oldest;
  uint64_t chunks; /* of all its items */
} med_cache_list;

typedef struct med_cache_shard {
  pthread_mutex_t mutex;
  med_cache_list lists[MED_CACHE_LIST_COUNT];
  uint64_t cas_count; /* never goes back, not even when the segment empties itself */
  uint64_t random;
  uint64_t items, chunks; /* of values; chunks: of everything */
  uint64_t hold_chunks;
  uint64_t hits, misses, sets, evictions, expirations;
  /* Nothing in the shard is due before due_us, so nobody looks for it. Found anew with each lap of the crawler. */
  int64_t due_us, lap_due_us;
  uint32_t crawl_position;
} __attribute__((aligned(128))) med_cache_shard;

/* A transaction between begin and end of its commit. Written under the control lock, read without it. */
typedef struct med_cache_slot {
  _Atomic uint32_t state; /* med_cache_slot_state */
  _Atomic uint32_t pid;
  _Atomic uint64_t pid_start; /* /proc/PID/stat: when it started, so that a number used again is noticed */
  _Atomic uint64_t token;
  _Atomic uint64_t since_ms; /* of the monotonic clock */
} med_cache_slot;
typedef enum med_cache_slot_state {
  MED_CACHE_SLOT_FREE = 0,
  MED_CACHE_SLOT_KEYS = 1, /* holds keys one by one */
  MED_CACHE_SLOT_ALL = 2,  /* holds the whole segment */
  MED_CACHE_SLOT_DROP = 3 /* holds all of it, and it is dropped with the commit: if the owner dies, in doubt, at once */
} med_cache_slot_state;

typedef struct med_cache_pool {
  pthread_mutex_t mutex;
  _Atomic uint32_t free_count; /* in the list and never used yet; read without the lock as a hint */
  uint32_t free_head;
  uint32_t unused_next; /* chunks from here on were never given out */
} __attribute__((aligned(128))) med_cache_pool;

typedef struct med_cache_header {
  _Atomic uint64_t magic; /* written last */
  uint32_t layout_version;
  uint32_t header_size; /* sizeof: another C library's mutex is another layout */
  char boot_id[40];     /* /proc/sys/kernel/random/boot_id: memory of another boot is nobody's */
  uint8_t identity[16];
  uint64_t device, inode, bucket_id, size_bytes;
  uint32_t eviction;
  uint32_t reserved;
  uint64_t hash_seed;
  char database_path[MED_CACHE_PATH_SIZE]; /* so that a segment whose database was deleted can be found out */
  _Atomic uint32_t dropped;
  _Atomic uint32_t broken; /* a process died inside: empty it before use */
  _Atomic uint32_t epoch;
  _Atomic uint32_t all_count; /* slots in state ALL */
  pthread_mutex_t control;
  uint64_t token_count;
  med_cache_slot slots[MED_CACHE_SLOT_COUNT];
  med_cache_pool pool;
} med_cache_header;

struct med_cache_segment {
  med_cache_header *header;
  med_cache_shard *shards;
  uint32_t *tables;
  uint8_t *chunks;
  size_t map_size;
  uint32_t shard_count; /* a power of two, and so is table_len */
  uint32_t table_len;
  uint32_t chunk_count;
  uint32_t hold_reserve; /* chunks that values leave to holds */
  uint64_t share;        /* chunks of one shard, if all were equal */
  medley_eviction eviction;
  size_t value_size_max;
  uint64_t hash_seed;
  uint32_t pid;
  uint64_t pid_start;
  _Atomic uint32_t turn; /* where making room begins */
  int fd;                /* -1: no name */
  char *path;
};

static inline med_cache_chunk *med_cache_chunk_at(const med_cache_segment *segment, uint32_t number) {
  if (number >= segment->chunk_count) number = 0;
  return (med_cache_chunk *)(void *)(segment->chunks + (size_t)number * MED_CACHE_CHUNK_SIZE);
}
/* Something in the segment cannot be: some other program wrote into it. It empties itself at the next lock of a shard. */
static inline void med_cache_suspect(const med_cache_segment *segment) { atomic_store(&segment->header->broken, 1); }
static inline bool med_cache_suspected(const med_cache_segment *segment) {
  return atomic_load_explicit(&segment->header->broken, memory_order_relaxed) != 0;
}
static inline uint32_t med_cache_shard_of(const med_cache_segment *segment, uint64_t hash) {
  return (uint32_t)(hash >> 40) & (segment->shard_count - 1);
}
static inline uint32_t *med_cache_table_of(const med_cache_segment *segment, uint32_t shard) {
  return segment->tables + (size_t)shard * segment->table_len;
}

/* ---- cache_lock.c ---- */
/* OK with the shard locked and the segment usable; SCHEMA, CORRUPT with nothing locked. */
MEDLEY_MUST_USE int med_cache_lock_shard(med_cache_segment *segment, uint32_t shard);
void med_cache_unlock_shard(med_cache_segment *segment, uint32_t shard);
MEDLEY_MUST_USE bool med_cache_lock_pool(med_cache_segment *segment); /* false: unusable */
void med_cache_unlock_pool(med_cache_segment *segment);
MEDLEY_MUST_USE bool med_cache_init_mutex(pthread_mutex_t *mutex);
/* Sets lists, tables and pool to empty; counters stay. Nobody else may be inside. */
void med_cache_make_empty(med_cache_segment *segment);
/* Whether a transaction of a living process holds all of the segment. With a shard locked. */
bool med_cache_all_held(med_cache_segment *segment);
/* Whether the transaction behind a hold is still committing. */
bool med_cache_hold_lives(med_cache_segment *segment, const med_cache_chunk *hold);
uint64_t med_cache_process_start(uint32_t pid); /* 0: there is none, or it is dead and not yet collected */

/* ---- cache_items.c ---- all with the shard locked */
uint32_t med_cache_item_find(med_cache_segment *segment, uint32_t shard, uint64_t hash, med_slice key);
/* find, and what has expired or whose owner is dead is removed first. */
uint32_t med_cache_item_find_live(med_cache_segment *segment, uint32_t shard, uint64_t hash, med_slice key,
                                  int64_t now_us);
/* A new item of that kind, in no list, with room for value_len bytes; 0 if there is no memory. */
uint32_t med_cache_item_add(med_cache_segment *segment, uint32_t shard, uint64_t hash, med_slice key,
                            med_cache_kind kind, size_t value_len, int64_t now_us);
void med_cache_item_remove(med_cache_segment *segment, uint32_t shard, uint32_t number);
/* The item becomes one of that kind, in no list, with room for value_len bytes; the bytes that it had before stay as far
 * as they fit. False, and nothing changed, if there is no memory. */
MEDLEY_MUST_USE bool med_cache_item_become(med_cache_segment *segment, uint32_t shard, uint32_t number,
                                           med_cache_kind kind, size_t value_len, int64_t now_us);
void med_cache_item_write(med_cache_segment *segment, uint32_t number, size_t value_offset, med_slice bytes);
void med_cache_item_read(med_cache_segment *segment, uint32_t number, char *value, size_t value_len);
uint32_t med_cache_chunks_for(size_t key_len, size_t value_len);
uint32_t med_cache_item_chunks(const med_cache_segment *segment, const med_cache_chunk *item);
uint64_t med_cache_next_cas(med_cache_segment *segment, uint32_t shard);
/* Frees what is due in the next bucket_count buckets of the table: every write does a few. Whether anything was. */
#define MED_CACHE_CRAWL_STEP 2
/* The crawler has to come by at that time. */
static inline void med_cache_note_due(med_cache_shard *shard, int64_t due_us) {
  if (due_us < shard->due_us) shard->due_us = due_us;
  if (due_us < shard->lap_due_us) shard->lap_due_us = due_us;
}
bool med_cache_item_crawl(med_cache_segment *segment, uint32_t shard, uint32_t bucket_count, int64_t now_us);

/* ---- cache_eviction.c ---- all with the shard locked, but make_room */
/* Puts an item, which is in no list, where its kind and the policy want it. before: the list in which it was until now. */
void med_cache_item_enlist(med_cache_segment *segment, uint32_t shard, uint32_t number, med_cache_list_id before);
void med_cache_item_unlist(med_cache_segment *segment, uint32_t shard, uint32_t number);
void med_cache_item_used(med_cache_segment *segment, uint32_t shard, uint32_t number, int64_t now_us);
/* Sets LFU's counter of a new value. */
void med_cache_item_new(med_cache_chunk *item, int64_t now_us);
/* Removes one item, not `except`; false if the policy finds none. */
MEDLEY_MUST_USE bool med_cache_evict_one(med_cache_segment *segment, uint32_t shard, uint32_t except, int64_t now_us);
/* Without any lock: evicts here and there until that many chunks are free; false if nothing is left to evict. */
MEDLEY_MUST_USE bool med_cache_make_room(med_cache_segment *segment, uint32_t chunk_count, int64_t now_us);

#endif
