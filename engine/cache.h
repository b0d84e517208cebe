/* cache.h - cache buckets as sessions see them: names, transactions, and what other languages call.
 *
 * The shared memory behind a bucket is models/keyvalue/cache_segment.h. Here: the catalog that gives a bucket its number
 * and its bounds, the table of segments that a handle has attached (the hub), and each session's overlay (the client) of
 * what its write transaction has done to buckets and nobody else may see yet.
 *
 * Which way a change takes, by the session's state:
 *   no transaction      straight into the segment: no LMDB transaction, no lock but the shard's, no disk
 *   writing             into the overlay; into the segment when the commit was acknowledged
 *   deferred, reading   the session becomes a writer first (SNAPSHOT, READ_ONLY as for any write), then as above.
 *                       Except med_cache_fill, whose lease makes it safe: straight into the segment
 * Reads look into the overlay first, then into the segment.
 *
 * Commit: prepare_commit holds every touched key (it is missing for everybody, and nobody gets a lease), the storage
 * commits, finish_commit stores the final values or leaves the keys missing. No lock is kept in between.
 *
 * Threads: a hub is shared by all sessions of a handle; a client belongs to its session.
 * Lifetime: bytes that a call hands out are valid until the next cache call of the session.
 *
 * Invariants
 *  1. Nobody reads from a bucket what is older than a commit that he has read from.      test_cache_session, race test
 *  2. A rolled-back transaction, savepoint or statement leaves nothing in a bucket.      test_cache_session
 *  3. Without a transaction no function here touches LMDB once the bucket is attached.   test_cache_session */
#ifndef MED_ENGINE_CACHE_H
#define MED_ENGINE_CACHE_H

#include "engine/session.h"

/* ---- For database.c: one hub a handle ---- path: of the database file; NULL for a database in memory, whose buckets are
 * private. Costs nothing until the first bucket is used. */
typedef struct med_cache_hub med_cache_hub;
MEDLEY_MUST_USE int med_cache_hub_open(med_store *store, const char *path, med_cache_hub **hub, medley_error *error);
void med_cache_hub_close(med_cache_hub *hub); /* after all clients are closed; NULL is allowed */

/* ---- For session.c: one client a session, made by the first cache call ---- All accept NULL and are then free. */
typedef struct med_cache_client med_cache_client;
/* Ends what is prepared as if it had failed. */
void med_cache_client_close(med_cache_client *client);
/* A position in the overlay; 0 for an empty one. */
size_t med_cache_mark(const med_cache_client *client);
/* Forgets what was done since the mark: a failed statement, ROLLBACK TO, or (mark 0) the whole transaction. Not between
 * prepare and finish. Cannot fail. */
void med_cache_rollback_to(med_cache_client *client, size_t mark);
/* Before the durable commit, while the session still is the writer. On failure (BUSY, NO_MEMORY, IO, CORRUPT) nothing is
 * held and the transaction is to be rolled back. */
MEDLEY_MUST_USE int med_cache_prepare_commit(med_cache_client *client, medley_error *error);
/* After the commit was acknowledged (true), or failed or became unknown (false). Also ends a transaction that was never
 * prepared: it is rolled back. The overlay is empty afterwards. Cannot fail: in doubt a key is missing. */
void med_cache_finish_commit(med_cache_client *client, bool committed);

/* ---- Declared by session.h, kept by session.c and database.c ---- */
struct med_cache_hub *med_session_cache_hub(medley_session *session);
struct med_cache_client **med_session_cache_client(medley_session *session);

/* ---- For languages: the public calls between med_session_enter and _leave ---- Semantics, limits and statuses are those of
 * medley_cache_* in medley.h. On failure the session's error slot has a message. expires_us is an absolute time of the
 * database's clock, 0: never; MED_CACHE_KEEP_EXPIRY keeps what a present value has. */
#define MED_CACHE_KEEP_EXPIRY INT64_MIN

/* OK if there is a cache bucket of that name; NOT_FOUND (no message) otherwise. */
MEDLEY_MUST_USE int med_cache_find_bucket(medley_session *session, med_slice bucket);
MEDLEY_MUST_USE int med_cache_create(medley_session *session, med_slice bucket, uint64_t size_bytes,
                                     medley_eviction eviction);
MEDLEY_MUST_USE int med_cache_drop(medley_session *session, med_slice bucket);
/* Each bucket of the newest snapshot in the order of names, with what this transaction did not commit left out. */
typedef struct med_cache_bucket_info {
  med_slice name;
  uint64_t id, size_bytes;
  medley_eviction eviction;
} med_cache_bucket_info;
MEDLEY_MUST_USE int med_cache_each_bucket(medley_session *session,
                                          int (*on_bucket)(void *context, const med_cache_bucket_info *info),
                                          void *context);

MEDLEY_MUST_USE int med_cache_get(medley_session *session, med_slice bucket, med_slice key, medley_cache_item *item);
/* The expiry of a key, 0 if it has none; NOT_FOUND. Neither counts as a use nor copies the value; *value_len may be NULL. */
MEDLEY_MUST_USE int med_cache_expiry(medley_session *session, med_slice bucket, med_slice key, int64_t *expires_us,
                                     size_t *value_len);
/* Remaining life in milliseconds, rounded up; -1 without expiry; NOT_FOUND. */
MEDLEY_MUST_USE int med_cache_ttl(medley_session *session, med_slice bucket, med_slice key, int64_t *ttl_ms);
MEDLEY_MUST_USE int med_cache_get_and_touch(medley_session *session, med_slice bucket, med_slice key,
                                            int64_t expires_us, medley_cache_item *item);
MEDLEY_MUST_USE int med_cache_put(medley_session *session, med_slice bucket, medley_cache_mode mode, med_slice key,
                                  med_slice value, uint32_t flags, int64_t expires_us, uint64_t cas);
MEDLEY_MUST_USE int med_cache_delete(medley_session *session, med_slice bucket, med_slice key);
MEDLEY_MUST_USE int med_cache_increment(medley_session *session, med_slice bucket, med_slice key, uint64_t by,
                                        bool decrement, uint64_t *result);
MEDLEY_MUST_USE int med_cache_touch(medley_session *session, med_slice bucket, med_slice key, int64_t expires_us);
MEDLEY_MUST_USE int med_cache_lease(medley_session *session, med_slice bucket, med_slice key, medley_cache_item *item);
MEDLEY_MUST_USE int med_cache_fill(medley_session *session, med_slice bucket, med_slice key, uint64_t lease,
                                   med_slice value, uint32_t flags, int64_t expires_us);
MEDLEY_MUST_USE int med_cache_flush(medley_session *session, med_slice bucket);
/* Of the segment: what this session's transaction has not committed is not counted. */
MEDLEY_MUST_USE int med_cache_stat(medley_session *session, med_slice bucket, medley_cache_stats *stats);
/* What the clock of the database says, for making an expiry. */
int64_t med_cache_now_us(medley_session *session);

#endif
