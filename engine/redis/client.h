/* client.h - one session's Redis side: selected bucket, MULTI queue, WATCHes, subscriptions, and what waits for the commit.
 *
 * The session makes it on first use and calls in here when something happens to its transaction. Threads: as the
 * session's, except that messages arrive from other threads under the hub's mutex. */
#ifndef MED_REDIS_CLIENT_H
#define MED_REDIS_CLIENT_H

#include "engine/session.h"

struct med_redis_client;

/* The session's client, made if there is none yet. */
MEDLEY_MUST_USE int med_redis_client_open(medley_session *session, struct med_redis_client **client);
/* At session close; NULL is allowed. */
void med_redis_client_close(struct med_redis_client *client);

/* The selected bucket's name: "0" at first, also for NULL. Valid until the next SELECT. */
med_slice med_redis_client_bucket(const struct med_redis_client *client);

/* What PUBLISH and pushes to awaited keys have to do after the commit. All of these allow NULL. The session calls _ended
 * when a transaction that had been begun ends, whatever began it; position and _rollback_to frame a savepoint. */
void med_redis_client_transaction_ended(struct med_redis_client *client, bool committed);
size_t med_redis_client_position(const struct med_redis_client *client);
void med_redis_client_rollback_to(struct med_redis_client *client, size_t position);

/* Runs one command, in the session's transaction or in one of its own. The reply lies in `memory`. On failure the message
 * is in the session's error slot, in Redis's words. */
MEDLEY_MUST_USE int med_redis_run(medley_session *session, size_t argc, const med_slice *argv, med_arena *memory,
                                  medley_value *reply);

#endif
