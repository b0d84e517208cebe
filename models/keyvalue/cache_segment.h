/* cache_segment.h - one cache bucket: a bounded piece of shared memory, used by all processes that have it attached.
 *
 * What it is: strings with expiry, eviction, cas numbers, leases, and the holds by which a transaction keeps its keys
 * missing while it commits. What it is not: names of buckets, transactions (engine/cache.h). Nothing here is durable and
 * nothing here waits for the disk.
 *
 * Threads: every function may be called by any thread of any process at any time; a value is copied out under the lock of
 * one shard. Time comes from the caller, in microseconds; an expiry of 0 is "never".
 *
 * If a process dies inside one of these functions, the next one that comes finds that the dead one's mutex was left
 * behind, and empties the whole segment: a cache may always do that. Transactions that were committing at that moment keep
 * the emptied segment closed (everything is missing, no leases) until they have ended.
 *
 * Every function that returns a status may also answer
 *   MEDLEY_SCHEMA   the bucket was dropped: close the segment and look its name up again (the error slot is not filled)
 *   MEDLEY_CORRUPT  a mutex of the segment is unusable
 *   MEDLEY_NO_MEMORY  the copy of a value did not fit into this process
 *
 * Differs from memcached: no slab classes (a value is a chain of 128-byte chunks out of one pool, so there is neither a
 * largest item of a page nor memory that belongs to the wrong class), true order of use instead of a background thread, and
 * a decrement does not pad with spaces. */
#ifndef MED_KEYVALUE_CACHE_SEGMENT_H
#define MED_KEYVALUE_CACHE_SEGMENT_H

#include "storage/bytes.h"
#include "storage/memory.h"
#include "storage/status.h"

#define MED_CACHE_SIZE_MIN ((uint64_t)1 << 20)
#define MED_CACHE_SIZE_MAX ((uint64_t)64 << 30)
#define MED_CACHE_KEY_SIZE_MAX 1024
#define MED_CACHE_LEASE_US ((int64_t)10 * 1000000) /* a caller has this long to compute and fill */

typedef struct med_cache_segment med_cache_segment;

/* Where a segment is. The name is made of all of it, so that another database, or the same bucket made again, never meets
 * an old segment. */
typedef struct med_cache_place {
  const char *directory; /* NULL: memory of this process alone, without a name */
  uint64_t device, inode;
  const uint8_t *identity; /* the database's 16 bytes */
  uint64_t bucket_id;
  const char *database_path; /* absolute; NULL or too long: unknown */
} med_cache_place;

/* Attaches the segment and makes it if it is not there, or if nobody else has it attached and it does not fit (another
 * boot, another layout, other bounds). fresh: what an unused segment of that name holds is thrown away. All of its memory
 * is reserved here, so that no later access can fail. FULL: no room; CANNOT_OPEN: no right, or not ours; UNSUPPORTED: a
 * process with another layout or other bounds has it attached; BUSY: being made by another for too long. */
MEDLEY_MUST_USE int med_cache_segment_open(const med_cache_place *place, uint64_t size_bytes, medley_eviction eviction,
                                           bool fresh, uint64_t seed, med_cache_segment **segment, medley_error *error);
void med_cache_segment_close(med_cache_segment *segment); /* NULL is allowed */
/* Everyone's later calls answer SCHEMA, and the name is removed. The segment is still to be closed. */
void med_cache_segment_drop(med_cache_segment *segment);
bool med_cache_segment_dropped(const med_cache_segment *segment);
/* Removes segments that nobody has attached: of this database those that `is_known` does not know, of others those whose
 * database file is no longer there. */
void med_cache_segment_sweep(const med_cache_place *place, bool (*is_known)(void *context, uint64_t bucket_id),
                             void *context);
/* The largest value: a quarter of the segment. */
size_t med_cache_segment_value_size_max(const med_cache_segment *segment);

/* What is known of a key besides its value. */
typedef struct med_cache_hit {
  uint32_t flags;
  uint64_t cas;
  int64_t expires_us;
  uint64_t lease; /* of med_cache_segment_lease: not 0 if the caller may fill */
  size_t value_len;
} med_cache_hit;

typedef struct med_cache_change {
  medley_cache_mode mode;
  med_slice key, value;
  uint32_t flags;
  int64_t expires_us;
  bool keep_expiry; /* of a present value; expires_us counts if there is none */
  uint64_t cas;     /* MEDLEY_CACHE_CAS */
} med_cache_change;

/* NOT_FOUND. value (may be NULL) is overwritten with the whole value. */
MEDLEY_MUST_USE int med_cache_segment_get(med_cache_segment *segment, med_slice key, int64_t now_us, med_buffer *value,
                                          med_cache_hit *hit);
/* The same without counting as a use, and without the value. */
MEDLEY_MUST_USE int med_cache_segment_look(med_cache_segment *segment, med_slice key, int64_t now_us,
                                           med_cache_hit *hit);
MEDLEY_MUST_USE int med_cache_segment_get_and_touch(med_cache_segment *segment, med_slice key, int64_t expires_us,
                                                    int64_t now_us, med_buffer *value, med_cache_hit *hit);
/* TOO_BIG; FULL if the policy finds nothing to evict; NOT_FOUND, EXISTS, CONSTRAINT by mode. A refused change changes
 * nothing. A key that a committing transaction holds: SET answers OK but the key stays missing, and so does the
 * transaction's own value (both would have to be ordered); ADD answers EXISTS, the others NOT_FOUND. */
MEDLEY_MUST_USE int med_cache_segment_put(med_cache_segment *segment, const med_cache_change *change, int64_t now_us);
MEDLEY_MUST_USE int med_cache_segment_delete(med_cache_segment *segment, med_slice key, int64_t now_us);
/* NOT_FOUND, TYPE. Flags and expiry stay. */
MEDLEY_MUST_USE int med_cache_segment_increment(med_cache_segment *segment, med_slice key, uint64_t by, bool decrement,
                                                int64_t now_us, uint64_t *result);
MEDLEY_MUST_USE int med_cache_segment_touch(med_cache_segment *segment, med_slice key, int64_t expires_us,
                                            int64_t now_us);
MEDLEY_MUST_USE int med_cache_segment_flush(med_cache_segment *segment);
MEDLEY_MUST_USE int med_cache_segment_stat(med_cache_segment *segment, medley_cache_stats *stats);

/* The arithmetic of increment on a decimal text: TYPE if it is none; a number ends at 20 digits. */
#define MED_CACHE_NUMBER_SIZE 20
MEDLEY_MUST_USE int med_cache_number_add(const char *text, size_t len, uint64_t by, bool decrement, uint64_t *result);
size_t med_cache_number_text(uint64_t number, char text[MED_CACHE_NUMBER_SIZE]);

/* ---- Leases (Nishtala et al., Scaling Memcache at Facebook, 2013) ---- */
/* get, and on a miss a lease unless somebody has one or a transaction holds the key. A lease ends after
 * MED_CACHE_LEASE_US, with any change of its key, with a transaction that holds it, and when memory for it runs out. */
MEDLEY_MUST_USE int med_cache_segment_lease(med_cache_segment *segment, med_slice key, int64_t now_us,
                                            med_buffer *value, med_cache_hit *hit);
/* CONSTRAINT if the lease has ended. */
MEDLEY_MUST_USE int med_cache_segment_fill(med_cache_segment *segment, med_slice key, uint64_t lease, med_slice value,
                                           uint32_t flags, int64_t expires_us, int64_t now_us);
/* OK if the lease is still good; CONSTRAINT. */
MEDLEY_MUST_USE int med_cache_segment_check_lease(med_cache_segment *segment, med_slice key, uint64_t lease,
                                                  int64_t now_us);
/* Gives a lease back unused. */
void med_cache_segment_void_lease(med_cache_segment *segment, med_slice key, uint64_t lease);

/* ---- A transaction's commit ----
 *
 *   begin ──► hold (each key) or hold_all ──► [the storage commits] ──► release (each key) ──► end
 *
 * While a key is held it is missing for everybody and nobody gets a lease on it. A hold of a process that died counts for
 * nothing. A later transaction that holds the same key takes the hold over: it was serialized later. */
typedef struct med_cache_commit {
  uint32_t slot;
  uint32_t epoch; /* of the segment: changes when it emptied itself */
  uint64_t token; /* 0: not begun */
} med_cache_commit;
/* BUSY if too many transactions are committing. */
MEDLEY_MUST_USE int med_cache_commit_begin(med_cache_segment *segment, med_cache_commit *commit);
/* FULL if there is no memory for the hold: hold all of it then. */
/* base_cas: if not 0, the value that will be released was made from the one with this number; if another is there by now,
 * nothing will be stored. */
MEDLEY_MUST_USE int med_cache_commit_hold(med_cache_segment *segment, const med_cache_commit *commit, med_slice key,
                                          uint64_t base_cas, int64_t now_us);
/* Closes the whole segment until end (or reopen) and empties it. dropping: the transaction drops the bucket; if its process
 * dies before end, the segment is dropped, and who still needs the bucket makes another. */
MEDLEY_MUST_USE int med_cache_commit_hold_all(med_cache_segment *segment, const med_cache_commit *commit,
                                              bool dropping);
/* Opens the segment again after hold_all; keys held one by one stay held. */
void med_cache_commit_reopen(med_cache_segment *segment, const med_cache_commit *commit);
/* Ends the hold of a key: stores the value, or leaves the key missing if value is NULL, somebody wrote to it meanwhile, or
 * it does not fit. */
void med_cache_commit_release(med_cache_segment *segment, const med_cache_commit *commit, med_slice key,
                              const med_slice *value, uint32_t flags, int64_t expires_us, int64_t now_us);
void med_cache_commit_end(med_cache_segment *segment, med_cache_commit *commit);

#endif
