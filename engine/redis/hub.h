/* hub.h - what the Redis side of a database handle shares between its sessions: channels, waiters, scan positions, the
 * command index, CONFIG and counters.
 *
 * database.c opens one with the handle and closes it after the last session. Threads: any; one mutex guards it. */
#ifndef MED_REDIS_HUB_H
#define MED_REDIS_HUB_H

#include "storage/store.h"

struct med_redis_hub;

/* The hub borrows the store. */
MEDLEY_MUST_USE int med_redis_hub_open(med_store *store, struct med_redis_hub **hub, medley_error *error);
void med_redis_hub_close(struct med_redis_hub *hub); /* NULL is allowed */

#endif
