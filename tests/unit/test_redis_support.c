/* test_redis_support.c - the support table of engine/redis/README.md is true: it names every command that runs and every one
 * that is refused, and together they are all of Redis 7.0. */
#include <string.h>

#include "engine/redis/server_commands.h"
#include "engine/redis/state.h"
#include "tests/unit/property.h"

/* Every command of Redis 7.0.15; of those with sub-commands the sub-commands. */
static const char *const redis_7_commands[] = {"acl cat",
                                               "acl deluser",
                                               "acl dryrun",
                                               "acl genpass",
                                               "acl getuser",
                                               "acl help",
                                               "acl list",
                                               "acl load",
                                               "acl log",
                                               "acl save",
                                               "acl setuser",
                                               "acl users",
                                               "acl whoami",
                                               "append",
                                               "asking",
                                               "auth",
                                               "bgrewriteaof",
                                               "bgsave",
                                               "bitcount",
                                               "bitfield",
                                               "bitfield_ro",
                                               "bitop",
                                               "bitpos",
                                               "blmove",
                                               "blmpop",
                                               "blpop",
                                               "brpop",
                                               "brpoplpush",
                                               "bzmpop",
                                               "bzpopmax",
                                               "bzpopmin",
                                               "client caching",
                                               "client getname",
                                               "client getredir",
                                               "client help",
                                               "client id",
                                               "client info",
                                               "client kill",
                                               "client list",
                                               "client no-evict",
                                               "client pause",
                                               "client reply",
                                               "client setname",
                                               "client tracking",
                                               "client trackinginfo",
                                               "client unblock",
                                               "client unpause",
                                               "cluster addslots",
                                               "cluster addslotsrange",
                                               "cluster bumpepoch",
                                               "cluster count-failure-reports",
                                               "cluster countkeysinslot",
                                               "cluster delslots",
                                               "cluster delslotsrange",
                                               "cluster failover",
                                               "cluster flushslots",
                                               "cluster forget",
                                               "cluster getkeysinslot",
                                               "cluster help",
                                               "cluster info",
                                               "cluster keyslot",
                                               "cluster links",
                                               "cluster meet",
                                               "cluster myid",
                                               "cluster nodes",
                                               "cluster replicas",
                                               "cluster replicate",
                                               "cluster reset",
                                               "cluster saveconfig",
                                               "cluster set-config-epoch",
                                               "cluster setslot",
                                               "cluster shards",
                                               "cluster slaves",
                                               "cluster slots",
                                               "command",
                                               "command count",
                                               "command docs",
                                               "command getkeys",
                                               "command getkeysandflags",
                                               "command help",
                                               "command info",
                                               "command list",
                                               "config get",
                                               "config help",
                                               "config resetstat",
                                               "config rewrite",
                                               "config set",
                                               "copy",
                                               "dbsize",
                                               "debug",
                                               "decr",
                                               "decrby",
                                               "del",
                                               "discard",
                                               "dump",
                                               "echo",
                                               "eval",
                                               "eval_ro",
                                               "evalsha",
                                               "evalsha_ro",
                                               "exec",
                                               "exists",
                                               "expire",
                                               "expireat",
                                               "expiretime",
                                               "failover",
                                               "fcall",
                                               "fcall_ro",
                                               "flushall",
                                               "flushdb",
                                               "function delete",
                                               "function dump",
                                               "function flush",
                                               "function help",
                                               "function kill",
                                               "function list",
                                               "function load",
                                               "function restore",
                                               "function stats",
                                               "geoadd",
                                               "geodist",
                                               "geohash",
                                               "geopos",
                                               "georadius",
                                               "georadius_ro",
                                               "georadiusbymember",
                                               "georadiusbymember_ro",
                                               "geosearch",
                                               "geosearchstore",
                                               "get",
                                               "getbit",
                                               "getdel",
                                               "getex",
                                               "getrange",
                                               "getset",
                                               "hdel",
                                               "hello",
                                               "hexists",
                                               "hget",
                                               "hgetall",
                                               "hincrby",
                                               "hincrbyfloat",
                                               "hkeys",
                                               "hlen",
                                               "hmget",
                                               "hmset",
                                               "hrandfield",
                                               "hscan",
                                               "hset",
                                               "hsetnx",
                                               "hstrlen",
                                               "hvals",
                                               "incr",
                                               "incrby",
                                               "incrbyfloat",
                                               "info",
                                               "keys",
                                               "lastsave",
                                               "latency doctor",
                                               "latency graph",
                                               "latency help",
                                               "latency histogram",
                                               "latency history",
                                               "latency latest",
                                               "latency reset",
                                               "lcs",
                                               "lindex",
                                               "linsert",
                                               "llen",
                                               "lmove",
                                               "lmpop",
                                               "lolwut",
                                               "lpop",
                                               "lpos",
                                               "lpush",
                                               "lpushx",
                                               "lrange",
                                               "lrem",
                                               "lset",
                                               "ltrim",
                                               "memory doctor",
                                               "memory help",
                                               "memory malloc-stats",
                                               "memory purge",
                                               "memory stats",
                                               "memory usage",
                                               "mget",
                                               "migrate",
                                               "module help",
                                               "module list",
                                               "module load",
                                               "module loadex",
                                               "module unload",
                                               "monitor",
                                               "move",
                                               "mset",
                                               "msetnx",
                                               "multi",
                                               "object encoding",
                                               "object freq",
                                               "object help",
                                               "object idletime",
                                               "object refcount",
                                               "persist",
                                               "pexpire",
                                               "pexpireat",
                                               "pexpiretime",
                                               "pfadd",
                                               "pfcount",
                                               "pfdebug",
                                               "pfmerge",
                                               "pfselftest",
                                               "ping",
                                               "psetex",
                                               "psubscribe",
                                               "psync",
                                               "pttl",
                                               "publish",
                                               "pubsub channels",
                                               "pubsub help",
                                               "pubsub numpat",
                                               "pubsub numsub",
                                               "pubsub shardchannels",
                                               "pubsub shardnumsub",
                                               "punsubscribe",
                                               "quit",
                                               "randomkey",
                                               "readonly",
                                               "readwrite",
                                               "rename",
                                               "renamenx",
                                               "replconf",
                                               "replicaof",
                                               "reset",
                                               "restore",
                                               "restore-asking",
                                               "role",
                                               "rpop",
                                               "rpoplpush",
                                               "rpush",
                                               "rpushx",
                                               "sadd",
                                               "save",
                                               "scan",
                                               "scard",
                                               "script debug",
                                               "script exists",
                                               "script flush",
                                               "script help",
                                               "script kill",
                                               "script load",
                                               "sdiff",
                                               "sdiffstore",
                                               "select",
                                               "set",
                                               "setbit",
                                               "setex",
                                               "setnx",
                                               "setrange",
                                               "shutdown",
                                               "sinter",
                                               "sintercard",
                                               "sinterstore",
                                               "sismember",
                                               "slaveof",
                                               "slowlog get",
                                               "slowlog help",
                                               "slowlog len",
                                               "slowlog reset",
                                               "smembers",
                                               "smismember",
                                               "smove",
                                               "sort",
                                               "sort_ro",
                                               "spop",
                                               "spublish",
                                               "srandmember",
                                               "srem",
                                               "sscan",
                                               "ssubscribe",
                                               "strlen",
                                               "subscribe",
                                               "substr",
                                               "sunion",
                                               "sunionstore",
                                               "sunsubscribe",
                                               "swapdb",
                                               "sync",
                                               "time",
                                               "touch",
                                               "ttl",
                                               "type",
                                               "unlink",
                                               "unsubscribe",
                                               "unwatch",
                                               "wait",
                                               "watch",
                                               "xack",
                                               "xadd",
                                               "xautoclaim",
                                               "xclaim",
                                               "xdel",
                                               "xgroup create",
                                               "xgroup createconsumer",
                                               "xgroup delconsumer",
                                               "xgroup destroy",
                                               "xgroup help",
                                               "xgroup setid",
                                               "xinfo consumers",
                                               "xinfo groups",
                                               "xinfo help",
                                               "xinfo stream",
                                               "xlen",
                                               "xpending",
                                               "xrange",
                                               "xread",
                                               "xreadgroup",
                                               "xrevrange",
                                               "xsetid",
                                               "xtrim",
                                               "zadd",
                                               "zcard",
                                               "zcount",
                                               "zdiff",
                                               "zdiffstore",
                                               "zincrby",
                                               "zinter",
                                               "zintercard",
                                               "zinterstore",
                                               "zlexcount",
                                               "zmpop",
                                               "zmscore",
                                               "zpopmax",
                                               "zpopmin",
                                               "zrandmember",
                                               "zrange",
                                               "zrangebylex",
                                               "zrangebyscore",
                                               "zrangestore",
                                               "zrank",
                                               "zrem",
                                               "zremrangebylex",
                                               "zremrangebyrank",
                                               "zremrangebyscore",
                                               "zrevrange",
                                               "zrevrangebylex",
                                               "zrevrangebyscore",
                                               "zrevrank",
                                               "zscan",
                                               "zscore",
                                               "zunion",
                                               "zunionstore"};
#define REDIS_7_COUNT (sizeof redis_7_commands / sizeof redis_7_commands[0])

static bool runs(const char *name) {
  const med_redis_command *command;
  for (size_t i = 0; (command = med_redis_command_at(i)) != NULL; i++)
    if (strcmp(command->name, name) == 0) return command->handler != NULL;
  return false;
}

/* By its own name, or because all of the command is. */
static bool refused(const char *name) {
  size_t first = strcspn(name, " ");
  return med_redis_refused(med_slice_of_text(name)) != NULL || med_redis_refused(med_slice_of(name, first)) != NULL;
}

START_TEST(every_command_of_redis_7_runs_or_is_refused_by_name) {
  ck_assert_uint_gt(REDIS_7_COUNT, 300);
  for (size_t i = 0; i < REDIS_7_COUNT; i++) {
    const char *name = redis_7_commands[i];
    ck_assert_msg(runs(name) != refused(name), "%s: runs %d, refused %d", name, runs(name), refused(name));
  }
}
END_TEST

START_TEST(the_commands_are_found_in_any_case_and_their_rows_make_sense) {
  struct med_redis_hub *hub = calloc(1, sizeof *hub);
  med_redis_index_fill(hub);
  const med_redis_command *command;
  for (size_t i = 0; (command = med_redis_command_at(i)) != NULL; i++) {
    char upper[MED_REDIS_NAME_MAX];
    size_t len = strlen(command->name);
    ck_assert_uint_lt(len, sizeof upper);
    for (size_t j = 0; j < len; j++)
      upper[j] = (char)(command->name[j] >= 'a' && command->name[j] <= 'z' ? command->name[j] - 32 : command->name[j]);
    ck_assert_ptr_eq(med_redis_command_named(hub, med_slice_of(upper, len)), command);
    ck_assert_int_ne(command->arity, 0);
    ck_assert(command->first_key == 0 || command->key_step > 0);
    bool writes = (command->flags & MED_REDIS_WRITE) != 0;
    ck_assert_msg(writes == (strstr(command->acl_flags, "write") != NULL), "%s", command->name);
  }
  ck_assert_ptr_null(med_redis_command_named(hub, med_slice_of_text("get ")));
  ck_assert_ptr_null(med_redis_command_named(hub, med_slice_of_text("")));
  free(hub);
}
END_TEST

START_TEST(every_command_with_keys_says_what_it_does_with_them) {
  const med_redis_command *command;
  size_t with_keys = 0;
  for (size_t i = 0; (command = med_redis_command_at(i)) != NULL; i++) {
    bool has_keys = command->first_key > 0 && strcmp(command->group, "pubsub") != 0;
    if (!has_keys) continue;
    const char *first = med_redis_command_key_use(command, true), *other = med_redis_command_key_use(command, false);
    ck_assert_msg(first != NULL && other != NULL, "%s", command->name);
    bool changes = strncmp(first, "RO", 2) != 0 || strncmp(other, "RO", 2) != 0;
    ck_assert_msg(changes == ((command->flags & MED_REDIS_WRITE) != 0), "%s: %s, %s", command->name, first, other);
    with_keys++;
  }
  ck_assert_uint_gt(with_keys, 130);
}
END_TEST

/* ---- The table ---- The lines between two headings of the README that begin with a bar; names stand in backquotes. */

typedef struct readme {
  char *text, *supported, *refused, *end;
} readme;

static readme read_table(void) {
  static const char path[] = SOURCE_ROOT "/engine/redis/README.md"; /* from meson.build */
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "cannot read %s", path);
  readme table = {.text = calloc(1, 1 << 16)};
  size_t len = fread(table.text, 1, (1 << 16) - 1, file);
  fclose(file);
  ck_assert_uint_gt(len, 1000);
  table.supported = strstr(table.text, "\n## Commands that run");
  table.refused = strstr(table.text, "\n## Commands that are refused");
  ck_assert(table.supported != NULL && table.refused != NULL && table.supported < table.refused);
  table.end = strstr(table.refused + 1, "\n## ");
  if (table.end == NULL) table.end = table.text + len;
  return table;
}

/* Calls on_name for each name in backquotes in the table's lines; answers how many. */
static size_t each_name(char *from, char *to, void (*on_name)(const char *name)) {
  size_t count = 0;
  for (char *line = from; line != NULL && line < to; line = strchr(line + 1, '\n')) {
    if (line[1] != '|') continue;
    char *line_end = strchr(line + 1, '\n');
    for (char *at = line + 1; (at = memchr(at, '`', (size_t)(line_end - at))) != NULL; at++) {
      char name[MED_REDIS_NAME_MAX] = {0};
      char *close = memchr(at + 1, '`', (size_t)(line_end - at - 1));
      ck_assert_ptr_nonnull(close);
      ck_assert_uint_lt((size_t)(close - at), sizeof name);
      memcpy(name, at + 1, (size_t)(close - at - 1));
      on_name(name);
      count++;
      at = close;
    }
  }
  return count;
}

static void must_run(const char *name) { ck_assert_msg(runs(name), "the table says that %s runs", name); }
static void must_be_refused(const char *name) {
  ck_assert_msg(med_redis_refused(med_slice_of_text(name)) != NULL, "the table says that %s is refused", name);
}

START_TEST(the_table_of_the_readme_names_all_that_runs_and_all_that_is_refused) {
  readme table = read_table();
  size_t in_table = each_name(table.supported, table.refused, must_run), there = 0;
  const med_redis_command *command;
  for (size_t i = 0; (command = med_redis_command_at(i)) != NULL; i++) there += command->handler != NULL;
  ck_assert_uint_eq(in_table, there);
  in_table = each_name(table.refused, table.end, must_be_refused);
  there = 0;
  const char *reason;
  while (med_redis_refused_at(there, &reason).len > 0) there++;
  ck_assert_uint_eq(in_table, there);
  free(table.text);
}
END_TEST

PROPERTY_MAIN("redis_support", every_command_of_redis_7_runs_or_is_refused_by_name,
              the_commands_are_found_in_any_case_and_their_rows_make_sense,
              every_command_with_keys_says_what_it_does_with_them,
              the_table_of_the_readme_names_all_that_runs_and_all_that_is_refused)
