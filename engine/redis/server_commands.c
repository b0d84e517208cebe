/* server_commands.c - DBSIZE, FLUSHDB, FLUSHALL, SWAPDB, INFO, CONFIG, TIME. COMMAND is in command_commands.c. */
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "engine/redis/key_commands.h"
#include "engine/redis/server_commands.h"
#include "engine/redis/state.h"

#define FLUSH_SLICE 1000 /* keys between two looks at interrupts */

static int dbsize_command(med_redis_call *call) {
  uint64_t count;
  int rc = med_kv_count(&call->kv, &count);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)count);
  return rc;
}

/* ---- Flushing ---- */

static int check_flush(med_redis_call *call) {
  if (call->argc == 1) return MEDLEY_OK;
  if (call->argc == 2 && (med_redis_arg_is(call, 1, "sync") || med_redis_arg_is(call, 1, "async"))) return MEDLEY_OK;
  return med_redis_syntax_error(call);
}

static int flush(med_redis_call *call, med_kv *kv) {
  bool left = true;
  int rc = MEDLEY_OK;
  while (left && rc == MEDLEY_OK) {
    rc = med_kv_flush_slice(kv, FLUSH_SLICE, &left);
    if (rc == MEDLEY_OK) rc = med_redis_poll(call);
  }
  return rc;
}

static int flushdb_command(med_redis_call *call) {
  int rc = check_flush(call);
  if (rc == MEDLEY_OK) rc = flush(call, &call->kv);
  if (rc == MEDLEY_OK) med_reply_ok(call->reply);
  return rc;
}

static int flush_bucket(void *context, med_slice name, uint32_t id) {
  (void)name;
  med_redis_call *call = context;
  med_kv kv = {call->kv.txn, id};
  return flush(call, &kv);
}

static int flushall_command(med_redis_call *call) {
  int rc = check_flush(call);
  if (rc == MEDLEY_OK) rc = med_kv_each_bucket(call->kv.txn, flush_bucket, call);
  if (rc == MEDLEY_OK) med_reply_ok(call->reply);
  return rc;
}

static int swapdb_command(med_redis_call *call) {
  med_kv first, second;
  int rc;
  MED_TRY(med_redis_arg_bucket(call, 1, &first, "ERR invalid first DB index"));
  MED_TRY(med_redis_arg_bucket(call, 2, &second, "ERR invalid second DB index"));
  MED_TRY(med_kv_swap(&first, &second));
  med_reply_ok(call->reply);
done:
  return rc;
}

static int time_command(med_redis_call *call) {
  char text[32];
  int64_t now_us = med_store_now_us(call->hub->store);
  med_reply_list_begin(call->reply);
  int len = snprintf(text, sizeof text, "%" PRId64, now_us / 1000000);
  med_reply_bulk(call->reply, text, (size_t)len);
  len = snprintf(text, sizeof text, "%" PRId64, now_us % 1000000);
  med_reply_bulk(call->reply, text, (size_t)len);
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

/* ---- INFO ---- */

typedef struct info_text {
  med_redis_call *call;
  med_buffer text;
  bool short_of_memory;
} info_text;

static void line(info_text *info, const char *name, int64_t value) {
  if (!med_buffer_printf(&info->text, "%s:%lld\r\n", name, (long long)value)) info->short_of_memory = true;
}
static void text_line(info_text *info, const char *name, const char *value) {
  if (!med_buffer_printf(&info->text, "%s:%s\r\n", name, value)) info->short_of_memory = true;
}

static int server_info(info_text *info) {
  struct med_redis_hub *hub = info->call->hub;
  int64_t seconds = (med_store_now_us(hub->store) - hub->opened_us) / 1000000;
  text_line(info, "redis_version", "7.0.15");
  text_line(info, "medley_version", MEDLEY_VERSION);
  text_line(info, "redis_mode", "standalone");
  line(info, "arch_bits", (int64_t)(sizeof(void *) * 8));
  line(info, "uptime_in_seconds", seconds);
  line(info, "uptime_in_days", seconds / 86400);
  return MEDLEY_OK;
}

static int clients_info(info_text *info) {
  struct med_redis_hub *hub = info->call->hub;
  pthread_mutex_lock(&hub->mutex);
  int64_t client_count = (int64_t)hub->client_count;
  pthread_mutex_unlock(&hub->mutex);
  line(info, "connected_clients", client_count);
  line(info, "blocked_clients", (int64_t)atomic_load(&hub->waiter_count));
  return MEDLEY_OK;
}

static int persistence_info(info_text *info) {
  line(info, "loading", 0);
  line(info, "aof_enabled", 1);
  text_line(info, "aof_last_write_status", "ok");
  return MEDLEY_OK;
}

static int stats_info(info_text *info) {
  line(info, "total_commands_processed", (int64_t)atomic_load(&info->call->hub->commands_run));
  return MEDLEY_OK;
}

static int replication_info(info_text *info) {
  text_line(info, "role", "master");
  line(info, "connected_slaves", 0);
  return MEDLEY_OK;
}

static int bucket_info(void *context, med_slice name, uint32_t id) {
  info_text *info = context;
  med_kv kv = {info->call->kv.txn, id};
  uint64_t count;
  int rc = med_kv_count(&kv, &count);
  if (rc != MEDLEY_OK || count == 0) return rc;
  /* A named bucket's name may hold anything; a line may not. */
  for (size_t i = 0; i < name.len; i++)
    if (((const char *)name.bytes)[i] < ' ') return MEDLEY_OK;
  if (!med_buffer_printf(&info->text, "db%.*s:keys=%" PRIu64 "\r\n", (int)name.len, (const char *)name.bytes, count))
    info->short_of_memory = true;
  return MEDLEY_OK;
}

static int keyspace_info(info_text *info) { return med_kv_each_bucket(info->call->kv.txn, bucket_info, info); }

static const struct {
  const char *name, *title;
  int (*write)(info_text *info);
} sections[] = {{"server", "Server", server_info},
                {"clients", "Clients", clients_info},
                {"persistence", "Persistence", persistence_info},
                {"stats", "Stats", stats_info},
                {"replication", "Replication", replication_info},
                {"keyspace", "Keyspace", keyspace_info}};

static bool section_wanted(const med_redis_call *call, const char *name) {
  if (call->argc == 1) return true;
  for (size_t i = 1; i < call->argc; i++)
    if (med_redis_arg_is(call, i, name) || med_redis_arg_is(call, i, "all") || med_redis_arg_is(call, i, "default") ||
        med_redis_arg_is(call, i, "everything"))
      return true;
  return false;
}

static int info_command(med_redis_call *call) {
  info_text info = {call, {0}, false};
  int rc = MEDLEY_OK;
  for (size_t i = 0; i < sizeof sections / sizeof sections[0] && rc == MEDLEY_OK; i++) {
    if (!section_wanted(call, sections[i].name)) continue;
    const char *before = info.text.len > 0 ? "\r\n" : "";
    if (!med_buffer_printf(&info.text, "%s# %s\r\n", before, sections[i].title)) info.short_of_memory = true;
    rc = sections[i].write(&info);
  }
  if (rc == MEDLEY_OK && info.short_of_memory) rc = med_error_no_memory(med_session_error_slot(call->session));
  if (rc == MEDLEY_OK) med_reply_bulk(call->reply, info.text.bytes, info.text.len);
  med_buffer_clear(&info.text);
  return rc;
}

/* ---- CONFIG ---- What exists here, with the value that says how it is. */

static const struct {
  const char *name, *value;
} settings[] = {{"appendfsync", "always"},
                {"appendonly", "yes"},
                {"databases", "16"},
                {"lfu-decay-time", "1"},
                {"maxmemory", "0"},
                {"maxmemory-policy", "noeviction"},
                {"proto-max-bulk-len", "67108864"},
                {"save", ""},
                {"timeout", "0"}};
#define SETTING_COUNT (sizeof settings / sizeof settings[0])

static int config_get_command(med_redis_call *call) {
  med_reply_list_begin(call->reply);
  for (size_t i = 0; i < SETTING_COUNT; i++) {
    bool wanted = false;
    for (size_t word = 2; word < call->argc && !wanted; word++)
      wanted = med_redis_glob_match(call->argv[word], med_slice_of_text(settings[i].name), true);
    if (!wanted) continue;
    med_reply_bulk_text(call->reply, settings[i].name);
    const char *value = med_redis_cache_setting(call, settings[i].name);
    med_reply_bulk_text(call->reply, value != NULL ? value : settings[i].value);
  }
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

static int set_setting(med_redis_call *call, size_t index) {
  med_slice value = call->argv[index + 1];
  for (size_t i = 0; i < SETTING_COUNT; i++) {
    if (!med_redis_arg_is(call, index, settings[i].name)) continue;
    bool done = false;
    int rc = med_redis_cache_set_setting(call, settings[i].name, value, &done);
    if (rc != MEDLEY_OK || done) return rc;
    if (value.len == strlen(settings[i].value) && strncasecmp(value.bytes, settings[i].value, value.len) == 0)
      return MEDLEY_OK;
    return med_redis_error(call, MEDLEY_UNSUPPORTED,
                           "ERR CONFIG SET failed (possibly related to argument '%s') - can't set immutable config",
                           settings[i].name);
  }
  return med_redis_error(call, MEDLEY_SYNTAX, "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
                         (int)call->argv[index].len, (const char *)call->argv[index].bytes);
}

static int config_set_command(med_redis_call *call) {
  if (call->argc % 2 != 0) return med_redis_wrong_arity(call);
  for (size_t i = 2; i < call->argc; i += 2) {
    int rc = set_setting(call, i);
    if (rc != MEDLEY_OK) return rc;
  }
  med_reply_ok(call->reply);
  return MEDLEY_OK;
}

static int config_resetstat_command(med_redis_call *call) {
  atomic_store(&call->hub->commands_run, 0);
  med_reply_ok(call->reply);
  return MEDLEY_OK;
}

#define FREES (MED_REDIS_WRITE | MED_REDIS_FREES)
#define ADMIN_FLAGS "admin noscript loading stale"
#define ASKS "loading stale"
static const med_redis_command commands[] = {
    {"command", -1, MED_REDIS_KEYLESS, 0, 0, 0, med_redis_command_command, ASKS, "server", "2.8.13"},
    {"command count", 2, MED_REDIS_KEYLESS, 0, 0, 0, med_redis_command_count_command, ASKS, "server", "2.8.13"},
    {"command docs", -2, MED_REDIS_KEYLESS, 0, 0, 0, med_redis_command_docs_command, ASKS, "server", "7.0.0"},
    {"command getkeys", -4, MED_REDIS_KEYLESS, 0, 0, 0, med_redis_command_getkeys_command, ASKS, "server", "2.8.13"},
    {"command getkeysandflags", -4, MED_REDIS_KEYLESS, 0, 0, 0, med_redis_command_getkeysandflags_command, ASKS,
     "server", "7.0.0"},
    {"command info", -2, MED_REDIS_KEYLESS, 0, 0, 0, med_redis_command_info_command, ASKS, "server", "2.8.13"},
    {"command list", -2, MED_REDIS_KEYLESS, 0, 0, 0, med_redis_command_list_command, ASKS, "server", "7.0.0"},
    {"config", -2, MED_REDIS_KEYLESS, 0, 0, 0, NULL, "", "server", "2.0.0"},
    {"config get", -3, MED_REDIS_KEYLESS, 0, 0, 0, config_get_command, ADMIN_FLAGS, "server", "2.0.0"},
    {"config resetstat", 2, MED_REDIS_KEYLESS, 0, 0, 0, config_resetstat_command, ADMIN_FLAGS, "server", "2.0.0"},
    {"config set", -4, MED_REDIS_KEYLESS, 0, 0, 0, config_set_command, ADMIN_FLAGS, "server", "2.0.0"},
    {"dbsize", 1, MED_REDIS_CACHE, 0, 0, 0, dbsize_command, "readonly fast", "server", "1.0.0"},
    {"flushall", -1, FREES, 0, 0, 0, flushall_command, "write", "server", "1.0.0"},
    {"flushdb", -1, FREES | MED_REDIS_CACHE, 0, 0, 0, flushdb_command, "write", "server", "1.0.0"},
    {"info", -1, 0, 0, 0, 0, info_command, ASKS, "server", "1.0.0"},
    {"swapdb", 3, MED_REDIS_WRITE, 0, 0, 0, swapdb_command, "write fast", "server", "4.0.0"},
    {"time", 1, MED_REDIS_KEYLESS, 0, 0, 0, time_command, "loading stale fast", "server", "2.6.0"},
};
const med_redis_table med_redis_server_commands = {commands, sizeof commands / sizeof commands[0]};
