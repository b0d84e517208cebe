/* command_keys.c - COMMAND GETKEYS and GETKEYSANDFLAGS: which words of a command are keys, and what it does with each.
 *
 * The flags are Redis's: RO, RW, OW (overwrites whatever it was) or RM, then whether it gives the user what the value holds (access), or
 * changes (update), adds to (insert) or takes from it (delete). */
#include <stdio.h>

#include "engine/redis/server_commands.h"
#include "engine/redis/state.h"

#define READS "RO access"
#define LOOKS "RO"

/* The first key that is named, every other one, and the commands that use them so. */
static const struct {
  const char *first, *others, *commands;
} uses[] = {
    {READS, READS,
     "bitcount bitpos bitfield_ro dump expiretime get getbit getrange hexpiretime hget hgetall hkeys hmget "
     "hpexpiretime "
     "hpttl hrandfield hscan httl hvals lcs lindex lpos lrange mget pexpiretime pttl sdiff sinter sintercard smembers "
     "smismember sort_ro srandmember sscan substr sunion ttl zcount zdiff zinter zintercard zlexcount zmscore "
     "zrandmember zrange zrangebylex zrangebyscore zrank zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan "
     "zscore zunion"},
    {LOOKS, LOOKS,
     "exists hexists hlen hstrlen llen memory usage object encoding object freq object idletime object refcount scard "
     "sismember strlen touch type watch zcard"},
    {"RW access update", "RW access update",
     "bitfield decr decrby getex getset hgetex hincrby hincrbyfloat incr incrby incrbyfloat move setbit zincrby"},
    {"RW update", "RW update",
     "expire expireat hexpire hexpireat hmset hpersist hpexpire hpexpireat hset hsetex lset persist pexpire pexpireat "
     "setrange zadd"},
    {"RW insert", "RW insert", "append hsetnx linsert lpush lpushx rpush rpushx sadd"},
    {"RW delete", "RW delete", "hdel lrem ltrim srem zrem zremrangebylex zremrangebyrank zremrangebyscore"},
    {"RW access delete", "RW access delete",
     "blmpop blpop brpop bzmpop bzpopmax bzpopmin getdel hgetdel lmpop lpop rpop spop zmpop zpopmax zpopmin"},
    {"RM delete", "RM delete", "del unlink"},
    {"OW update", "OW update", "mset psetex restore set setex"},
    {"OW insert", "OW insert", "msetnx setnx"},
    {"OW update", READS, "bitop sdiffstore sunionstore zdiffstore zinterstore zrangestore zunionstore"},
    {"RW update", READS, "sinterstore"},
    {READS, "OW update", "copy sort"},
    {"RW access delete", "OW update", "rename"},
    {"RW access delete", "OW insert", "renamenx"},
    {"RW access delete", "RW insert", "blmove brpoplpush lmove rpoplpush smove"}};

/* Commands whose keys are counted by an argument: where that is, and where a key stands before it (0: nowhere). */
static const struct {
  const char *name;
  size_t count_index, key_index;
} counted[] = {{"blmpop", 2, 0},      {"bzmpop", 2, 0},     {"lmpop", 1, 0},  {"sintercard", 1, 0},
               {"zdiff", 1, 0},       {"zdiffstore", 2, 1}, {"zinter", 1, 0}, {"zintercard", 1, 0},
               {"zinterstore", 2, 1}, {"zmpop", 1, 0},      {"zunion", 1, 0}, {"zunionstore", 2, 1}};

typedef struct key_list {
  med_redis_call *call; /* argv[2] is the name of the command that is asked about */
  bool with_flags;
  const med_redis_command *command;
  size_t argc; /* of that command */
  size_t count;
} key_list;

static bool is(const key_list *keys, const char *name) { return strcmp(keys->command->name, name) == 0; }

static bool argument_is(const key_list *keys, size_t index, const char *word) {
  return med_redis_arg_is(keys->call, 2 + index, word);
}

/* BITFIELD with nothing but GET, and ways to overflow. */
static bool reads_bits_only(const key_list *keys) {
  size_t i = 2;
  while (i < keys->argc) {
    if (argument_is(keys, i, "get") && i + 2 < keys->argc)
      i += 3;
    else if (argument_is(keys, i, "overflow") && i + 1 < keys->argc)
      i += 2;
    else
      return false;
  }
  return true;
}

/* Some arguments make of a command that changes one that also reads, or reads only. */
static const char *use_by_arguments(const key_list *keys) {
  if (is(keys, "bitfield") && reads_bits_only(keys)) return READS;
  for (size_t i = 3; is(keys, "set") && i < keys->argc; i++)
    if (argument_is(keys, i, "get")) return "RW access update";
  return NULL;
}

const char *med_redis_command_key_use(const med_redis_command *command, bool first) {
  for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
    if (med_redis_words_have(uses[i].commands, command->name)) return first ? uses[i].first : uses[i].others;
  return NULL;
}

static void reply_key(key_list *keys, size_t index) {
  med_redis_call *call = keys->call;
  if (keys->with_flags) med_reply_list_begin(call->reply);
  med_reply_bulk_slice(call->reply, call->argv[2 + index]);
  if (keys->with_flags) {
    const char *use = use_by_arguments(keys);
    if (use == NULL) use = med_redis_command_key_use(keys->command, keys->count == 0);
    med_redis_reply_flags(call, use != NULL ? use : "");
    med_reply_list_end(call->reply);
  }
  keys->count++;
}

static bool reply_counted_keys(key_list *keys) {
  for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
    if (!is(keys, counted[i].name)) continue;
    int64_t count;
    size_t first = counted[i].count_index + 1;
    if (first >= keys->argc || !med_redis_parse_integer(keys->call->argv[2 + first - 1], &count) || count < 1 ||
        (uint64_t)count > keys->argc - first)
      return true;
    if (counted[i].key_index > 0) reply_key(keys, counted[i].key_index);
    for (size_t k = 0; k < (size_t)count; k++) reply_key(keys, first + k);
    return true;
  }
  return false;
}

static void reply_keys(key_list *keys) {
  const med_redis_command *command = keys->command;
  int last = command->last_key < 0 ? (int)keys->argc + command->last_key : command->last_key;
  if (reply_counted_keys(keys)) return;
  for (int i = command->first_key; i <= last && i < (int)keys->argc; i += command->key_step) reply_key(keys, (size_t)i);
  size_t store = keys->argc; /* the last one counts */
  for (size_t i = 2; is(keys, "sort") && i + 1 < keys->argc; i++)
    if (argument_is(keys, i, "store")) store = i + 1;
  if (store < keys->argc) reply_key(keys, store);
}

/* A container's sub-command is the word behind its name. */
static const med_redis_command *asked_command(med_redis_call *call) {
  const med_redis_command *command = med_redis_command_of_word(call, call->argv[2]);
  char name[MED_REDIS_NAME_MAX];
  if (command == NULL || command->handler != NULL || call->argc < 4) return command;
  int len =
      snprintf(name, sizeof name, "%s %.*s", command->name, (int)call->argv[3].len, (const char *)call->argv[3].bytes);
  return len < (int)sizeof name ? med_redis_command_named(call->hub, med_slice_of(name, (size_t)len)) : NULL;
}

static int get_keys(med_redis_call *call, bool with_flags) {
  const med_redis_command *command = asked_command(call);
  if (command == NULL) return med_redis_error(call, MEDLEY_SYNTAX, "ERR Invalid command specified");
  key_list keys = {call, with_flags, command, call->argc - 2, 0};
  bool is_counted = false;
  for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++)
    if (is(&keys, counted[i].name)) is_counted = true;
  bool names_channels = strcmp(command->group, "pubsub") == 0;
  if (names_channels || (command->first_key == 0 && !is_counted))
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR The command has no key arguments");
  if (!med_redis_arity_holds(command, keys.argc))
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR Invalid number of arguments specified for command");
  med_reply_list_begin(call->reply);
  reply_keys(&keys);
  if (keys.count == 0) return med_redis_error(call, MEDLEY_SYNTAX, "ERR Invalid arguments specified for command");
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

int med_redis_command_getkeys_command(med_redis_call *call) { return get_keys(call, false); }
int med_redis_command_getkeysandflags_command(med_redis_call *call) { return get_keys(call, true); }
