/* reply.h - building one reply as a medley_value in an arena. Private to the dispatcher of this folder; handlers know
 * command.h. */
#ifndef MED_REDIS_REPLY_H
#define MED_REDIS_REPLY_H

#include "engine/redis/command.h"
#include "storage/memory.h"

#define MED_REPLY_DEPTH_MAX 16

typedef struct med_reply_list {
  medley_value *items;
  size_t count, capacity;
} med_reply_list;

struct med_reply {
  med_arena *memory;
  med_reply_list open[MED_REPLY_DEPTH_MAX];
  size_t depth;
  medley_value root;
  bool failed; /* memory was short */
};

void med_reply_init(med_reply *reply, med_arena *memory);
/* Forgets what was built; lists that were open are gone too. */
void med_reply_restart(med_reply *reply);
/* A finished value of the same arena. */
void med_reply_value(med_reply *reply, const medley_value *value);
/* NO_MEMORY if a part could not be built. An unanswered call gives null. */
MEDLEY_MUST_USE int med_reply_take(med_reply *reply, medley_error *error, medley_value *value);

#endif
