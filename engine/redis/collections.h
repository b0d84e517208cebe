/* collections.h - what the commands on hashes, lists, sets and sorted sets share: opening, arguments, random subsets. */
#ifndef MED_REDIS_COLLECTIONS_H
#define MED_REDIS_COLLECTIONS_H

#include "engine/redis/command.h"
#include "models/keyvalue/collection.h"

/* Up to so many elements a scan answers at once, whatever its COUNT says, as Redis does with its small encodings. */
#define MED_REDIS_SCAN_WHOLE 128

/* The collection at argv[index], which may not exist; TYPE if it is something else. Put together in the statement's arena. */
MEDLEY_MUST_USE int med_redis_open_collection(med_redis_call *call, size_t index, med_kv_type type,
                                              med_collection *collection);
/* Removes whatever is at a key, if anything is. */
MEDLEY_MUST_USE int med_redis_remove_key(med_redis_call *call, med_slice key, bool *removed);

/* A copy in the statement's arena. */
MEDLEY_MUST_USE int med_redis_copy(med_redis_call *call, med_slice bytes, med_slice *copy);
/* Memory in the statement's arena; NO_MEMORY with its message. */
MEDLEY_MUST_USE int med_redis_alloc(med_redis_call *call, size_t size, void **memory);
int med_redis_no_memory(med_redis_call *call);

/* Integers in a range, with Redis's messages. */
MEDLEY_MUST_USE int med_redis_arg_not_negative(med_redis_call *call, size_t index, int64_t *integer);
/* From `least` on; else the given message. */
MEDLEY_MUST_USE int med_redis_arg_at_least(med_redis_call *call, size_t index, int64_t least, const char *message,
                                           int64_t *integer);
/* The count of HRANDFIELD and its like: anything but the smallest integer. */
MEDLEY_MUST_USE int med_redis_arg_count(med_redis_call *call, size_t index, int64_t *count);
/* argv[index] numkeys, followed by so many keys. */
MEDLEY_MUST_USE int med_redis_arg_key_count(med_redis_call *call, size_t index, size_t *count);

/* A number as strtod reads it, with nothing behind it: "" is 0, leading spaces and numbers out of range are allowed unless
 * `in_range`. Ends of score ranges and what SORT compares are read so; all else with med_redis_parse_real. */
bool med_redis_parse_loose_real(med_slice text, bool in_range, double *real);

/* What HSCAN, SSCAN and ZSCAN begin with. The collection is looked for between the cursor and the options, as in Redis:
 * one that is missing answers an empty scan whatever the options say; *over: that has been replied. */
struct med_redis_scan;
MEDLEY_MUST_USE int med_redis_scan_open(med_redis_call *call, med_kv_type type, unsigned allowed,
                                        struct med_redis_scan *scan, med_collection *collection, bool *over);

/* Which of `total` things in a row a random choice of `wanted` different ones takes: asked for each in turn. */
typedef struct med_redis_choice {
  med_redis_call *call;
  uint64_t left, wanted;
} med_redis_choice;
bool med_redis_choice_takes(med_redis_choice *choice);
/* Whether so many different ones of total are found by one walk rather than one by one. */
bool med_redis_choice_walks(uint64_t wanted, uint64_t total);

/* More names met twice, beyond one for each that is wanted, mean that there are not so many: fewer than one in 50 is wanted. */
#define MED_REDIS_MISSES_MAX 10000

/* Names that were seen already. */
typedef struct med_redis_seen {
  med_redis_call *call;
  med_slice *slots;
  size_t capacity, count;
} med_redis_seen;
/* *fresh: whether it was not there yet. The name is copied. */
MEDLEY_MUST_USE int med_redis_seen_add(med_redis_seen *seen, med_slice name, bool *fresh);

/* Handlers that stand in another file than their table. */
int med_redis_hexpire_command(med_redis_call *call);
int med_redis_hexpireat_command(med_redis_call *call);
int med_redis_hpexpire_command(med_redis_call *call);
int med_redis_hpexpireat_command(med_redis_call *call);
int med_redis_httl_command(med_redis_call *call);
int med_redis_hpttl_command(med_redis_call *call);
int med_redis_hexpiretime_command(med_redis_call *call);
int med_redis_hpexpiretime_command(med_redis_call *call);
int med_redis_hpersist_command(med_redis_call *call);
int med_redis_hgetdel_command(med_redis_call *call);
int med_redis_hgetex_command(med_redis_call *call);
int med_redis_hsetex_command(med_redis_call *call);

int med_redis_lmove_command(med_redis_call *call);
int med_redis_rpoplpush_command(med_redis_call *call);
int med_redis_blmove_command(med_redis_call *call);
int med_redis_brpoplpush_command(med_redis_call *call);
int med_redis_blpop_command(med_redis_call *call);
int med_redis_brpop_command(med_redis_call *call);
int med_redis_lmpop_command(med_redis_call *call);
int med_redis_blmpop_command(med_redis_call *call);

int med_redis_sinter_command(med_redis_call *call);
int med_redis_sintercard_command(med_redis_call *call);
int med_redis_sinterstore_command(med_redis_call *call);
int med_redis_sunion_command(med_redis_call *call);
int med_redis_sunionstore_command(med_redis_call *call);
int med_redis_sdiff_command(med_redis_call *call);
int med_redis_sdiffstore_command(med_redis_call *call);

int med_redis_zrange_command(med_redis_call *call);
int med_redis_zrangestore_command(med_redis_call *call);
int med_redis_zrevrange_command(med_redis_call *call);
int med_redis_zrangebyscore_command(med_redis_call *call);
int med_redis_zrevrangebyscore_command(med_redis_call *call);
int med_redis_zrangebylex_command(med_redis_call *call);
int med_redis_zrevrangebylex_command(med_redis_call *call);
int med_redis_zremrangebyrank_command(med_redis_call *call);
int med_redis_zremrangebyscore_command(med_redis_call *call);
int med_redis_zremrangebylex_command(med_redis_call *call);
int med_redis_zcount_command(med_redis_call *call);
int med_redis_zlexcount_command(med_redis_call *call);

int med_redis_zunion_command(med_redis_call *call);
int med_redis_zunionstore_command(med_redis_call *call);
int med_redis_zinter_command(med_redis_call *call);
int med_redis_zinterstore_command(med_redis_call *call);
int med_redis_zintercard_command(med_redis_call *call);
int med_redis_zdiff_command(med_redis_call *call);
int med_redis_zdiffstore_command(med_redis_call *call);

int med_redis_zpopmin_command(med_redis_call *call);
int med_redis_zpopmax_command(med_redis_call *call);
int med_redis_bzpopmin_command(med_redis_call *call);
int med_redis_bzpopmax_command(med_redis_call *call);
int med_redis_zmpop_command(med_redis_call *call);
int med_redis_bzmpop_command(med_redis_call *call);

#endif
