/* key_commands.h - handlers of the generic group that have a file of their own, and buckets by number as words. */
#ifndef MED_REDIS_KEY_COMMANDS_H
#define MED_REDIS_KEY_COMMANDS_H

#include "engine/redis/command.h"

/* expire_commands.c */
int med_redis_expire_command(med_redis_call *call);
int med_redis_pexpire_command(med_redis_call *call);
int med_redis_expireat_command(med_redis_call *call);
int med_redis_pexpireat_command(med_redis_call *call);
int med_redis_ttl_command(med_redis_call *call);
int med_redis_pttl_command(med_redis_call *call);
int med_redis_expiretime_command(med_redis_call *call);
int med_redis_pexpiretime_command(med_redis_call *call);
int med_redis_persist_command(med_redis_call *call);

/* NX XX GT LT from argv[3] on, and whether they allow the new time (0: no expiry, which is infinitely late). */
MEDLEY_MUST_USE int med_redis_expire_conditions(med_redis_call *call, unsigned *conditions);
bool med_redis_expire_holds(unsigned conditions, int64_t present_ms, int64_t wanted_ms);

/* dump_commands.c */
int med_redis_dump_command(med_redis_call *call);
int med_redis_restore_command(med_redis_call *call);

/* A word that names a bucket: 0 to 15 as in Redis, or a name. A number beyond is "ERR DB index is out of range", an empty
 * word the given message. */
MEDLEY_MUST_USE int med_redis_arg_bucket(med_redis_call *call, size_t index, med_kv *kv, const char *not_a_bucket);
/* The same without a transaction: whether the word can name a bucket. */
MEDLEY_MUST_USE int med_redis_check_bucket(med_redis_call *call, size_t index, const char *not_a_bucket);

#endif
