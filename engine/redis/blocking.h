/* blocking.h - commands that wait in this process until another session gives elements to one of their keys.
 *
 * A handler tries its keys; when all of them are empty it calls med_redis_block and returns what that answers. Outside of a
 * transaction the dispatcher then waits, without holding any lock, and runs the handler again from the start when a key
 * was signalled (med_redis_signal_key); when the time is up it runs it once more with call->may_block false. Inside a
 * transaction, MULTI/EXEC included, nobody waits.
 * Order: who waits longest for a key is woken first; who was served wakes the next, as there may be more.
 * The waiting is on the system's monotonic clock, also when the database's clock is a test's. */
#ifndef MED_REDIS_BLOCKING_H
#define MED_REDIS_BLOCKING_H

#include "engine/redis/command.h"

/* A timeout in seconds, "0" for ever, with Redis's messages. */
MEDLEY_MUST_USE int med_redis_arg_timeout(med_redis_call *call, size_t index, int64_t *timeout_ms);

/* MED_REDIS_WOULD_BLOCK if the call may wait; otherwise replies null and answers MEDLEY_OK. The keys are copied. */
MEDLEY_MUST_USE int med_redis_block(med_redis_call *call, int64_t timeout_ms, const med_slice *keys, size_t key_count);

#endif
