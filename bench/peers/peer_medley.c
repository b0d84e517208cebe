/* peer_medley.c - Medley through its public interface, with its default settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"
#include "bench/peers/medley_events.h"
#include "bench/peers/sql_actor.h"
#include "engine/medley.h"

#define BUSY_TIMEOUT_MS 60000
#define CACHE_BUCKET "profiles"
#define CACHE_BYTES (UINT64_C(256) << 20)
#define BUCKET "0"

static void version(char *text, size_t size) { snprintf(text, size, "%s", MEDLEY_VERSION); }

/* ---- What both interfaces share ---- */

typedef struct medley_connection {
  medley_session *session;
  medley_statement *get_statement;
} medley_connection;

static int fail(medley_session *session) {
  const medley_error *error = medley_session_error(session);
  return med_peer_fail("medley: %s: %s", medley_status_name(error->status), error->message);
}

static int open_db(const med_place *place, void **db) {
  char path[4096];
  medley_options options;
  medley_error error;
  medley *handle = NULL;
  medley_options_init(&options);
  options.durability = place->durability == MED_DURABLE ? MEDLEY_DURABLE : MEDLEY_RELAXED;
  options.busy_timeout_ms = BUSY_TIMEOUT_MS;
  snprintf(path, sizeof path, "%s/bench.medley", place->folder);
  if (medley_open(path, &options, &handle, &error) != MEDLEY_OK) return med_peer_fail("medley: %s", error.message);
  *db = handle;
  return 0;
}

static void close_db(void *db) { medley_close(db); }

static int connect_db(void *db, void **out) {
  medley_error error;
  medley_connection *made = calloc(1, sizeof *made);
  if (medley_session_open(db, &made->session, &error) != MEDLEY_OK) {
    free(made);
    return med_peer_fail("medley: %s", error.message);
  }
  *out = made;
  return 0;
}

static void disconnect_db(void *argument) {
  medley_connection *connection = argument;
  medley_statement_close(connection->get_statement);
  medley_session_close(connection->session);
  free(connection);
}

static int begin(void *argument, int writes) {
  medley_session *session = ((medley_connection *)argument)->session;
  return medley_begin(session, writes ? MEDLEY_WRITE_BATCHED : MEDLEY_READ) == MEDLEY_OK ? 0 : fail(session);
}

static int commit(void *argument) {
  medley_session *session = ((medley_connection *)argument)->session;
  return medley_commit(session) == MEDLEY_OK ? 0 : fail(session);
}

/* ---- SQL ---- */

static int exec(void *argument, const char *text) {
  medley_session *session = ((medley_connection *)argument)->session;
  int status = medley_exec(session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, NULL, NULL);
  return status == MEDLEY_OK ? 0 : fail(session);
}

/* A failed step must find its session again: the statement does not say it. */
typedef struct statement {
  medley_statement *handle;
  medley_session *session;
} statement;

static int prepare(void *argument, const char *text, void **out) {
  statement *made = calloc(1, sizeof *made);
  made->session = ((medley_connection *)argument)->session;
  *out = made;
  int status = medley_prepare(made->session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, &made->handle, NULL);
  return status == MEDLEY_OK ? 0 : fail(made->session);
}

static void finalize(void *argument) {
  if (!argument) return;
  medley_statement_close(((statement *)argument)->handle);
  free(argument);
}

static void bind_integer(void *argument, int index, int64_t integer) {
  medley_bind_integer(((statement *)argument)->handle, index, integer);
}

static void bind_text(void *argument, int index, const char *text, size_t len) {
  medley_bind_text(((statement *)argument)->handle, index, text, len);
}

static int step(void *argument) {
  statement *running = argument;
  int status = medley_step(running->handle);
  if (status == MEDLEY_ROW) return MED_SQL_ROW;
  return status == MEDLEY_DONE ? MED_SQL_DONE : fail(running->session);
}

static void reset(void *argument) { medley_reset(((statement *)argument)->handle); }

static int64_t integer(void *argument, int column) {
  return medley_column_integer(((statement *)argument)->handle, column);
}

static const char *text(void *argument, int column, size_t *len) {
  medley_statement *handle = ((statement *)argument)->handle;
  const char *bytes = medley_column_text(handle, column);
  *len = medley_column_bytes(handle, column);
  return bytes;
}

static const med_sql sql = {.open = open_db,
                            .close = close_db,
                            .connect = connect_db,
                            .disconnect = disconnect_db,
                            .exec = exec,
                            .begin = begin,
                            .commit = commit,
                            .prepare = prepare,
                            .finalize = finalize,
                            .bind_integer = bind_integer,
                            .bind_text = bind_text,
                            .step = step,
                            .reset = reset,
                            .integer = integer,
                            .text = text};

/* ---- Keys and values ---- */

static int make_cache(void *db) {
  void *first = NULL;
  if (connect_db(db, &first) != 0) return -1;
  medley_session *session = ((medley_connection *)first)->session;
  int status = medley_cache_create(session, CACHE_BUCKET, CACHE_BYTES, MEDLEY_EVICT_SEGMENTED_LRU);
  if (status != MEDLEY_OK) fail(session);
  disconnect_db(first);
  return status == MEDLEY_OK ? 0 : -1;
}

static int found(medley_session *session, int status) {
  if (status == MEDLEY_OK) return MED_KV_FOUND;
  return status == MEDLEY_NOT_FOUND ? MED_KV_MISSING : fail(session);
}

static int kv_get(void *argument, const void *key, size_t key_len, const void **value, size_t *value_len) {
  medley_session *session = ((medley_connection *)argument)->session;
  medley_slice slice = {0};
  int status = medley_kv_get(session, BUCKET, key, key_len, &slice);
  *value = slice.bytes;
  *value_len = slice.len;
  return found(session, status);
}

static int kv_get_prepared(void *argument, const void *key, size_t key_len, const void **value, size_t *value_len) {
  medley_connection *connection = argument;
  if (!connection->get_statement) {
    int status = medley_prepare(connection->session, MEDLEY_LANGUAGE_REDIS, "GET ?", MEDLEY_NUL_ENDED,
                                &connection->get_statement, NULL);
    if (status != MEDLEY_OK) return fail(connection->session);
  }
  medley_reset(connection->get_statement);
  if (medley_bind_text(connection->get_statement, 1, key, key_len) != MEDLEY_OK) return fail(connection->session);
  if (medley_step(connection->get_statement) != MEDLEY_ROW) return fail(connection->session);
  *value = medley_column_text(connection->get_statement, 0);
  *value_len = medley_column_bytes(connection->get_statement, 0);
  return medley_column_type(connection->get_statement, 0) == MEDLEY_TYPE_NULL ? MED_KV_MISSING : MED_KV_FOUND;
}

static int kv_put(void *argument, const void *key, size_t key_len, const void *value, size_t value_len) {
  medley_session *session = ((medley_connection *)argument)->session;
  return medley_kv_put(session, BUCKET, key, key_len, value, value_len, 0) == MEDLEY_OK ? 0 : fail(session);
}

static int kv_remove(void *argument, const void *key, size_t key_len) {
  medley_session *session = ((medley_connection *)argument)->session;
  return found(session, medley_kv_delete(session, BUCKET, key, key_len));
}

static int kv_begin_batch(void *argument) { return begin(argument, 1); }

typedef struct scan_state {
  int left;
  uint64_t bytes;
} scan_state;

static int scan_one(void *context, medley_slice key, const medley_slice *value) {
  scan_state *scan = context;
  (void)key;
  if (value) scan->bytes += value->len;
  return --scan->left == 0;
}

static int kv_scan(void *argument, const void *from, size_t from_len, int limit, uint64_t *bytes) {
  medley_session *session = ((medley_connection *)argument)->session;
  scan_state scan = {.left = limit};
  int status = medley_kv_each(session, BUCKET, from, from_len, scan_one, &scan);
  *bytes = scan.bytes;
  return status == MEDLEY_OK ? 0 : fail(session);
}

static int cache_get(void *argument, const void *key, size_t key_len, const void **value, size_t *value_len) {
  medley_session *session = ((medley_connection *)argument)->session;
  medley_cache_item item = {0};
  int status = medley_cache_get(session, CACHE_BUCKET, key, key_len, &item);
  *value = item.value.bytes;
  *value_len = item.value.len;
  return found(session, status);
}

static int cache_put(void *argument, const void *key, size_t key_len, const void *value, size_t value_len) {
  medley_session *session = ((medley_connection *)argument)->session;
  int status = medley_cache_put(session, CACHE_BUCKET, MEDLEY_CACHE_SET, key, key_len, value, value_len, 0, 0, 0);
  return status == MEDLEY_OK ? 0 : fail(session);
}

static int64_t answer_of(const medley_value *reply) {
  switch (reply ? reply->type : MEDLEY_TYPE_NULL) {
    case MEDLEY_TYPE_INTEGER: return reply->as.integer;
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_STATUS:
    case MEDLEY_TYPE_BLOB: return (int64_t)reply->as.text.len;
    case MEDLEY_TYPE_LIST: return (int64_t)reply->as.list.count;
    case MEDLEY_TYPE_MAP: return 2 * (int64_t)reply->as.map.count;
    case MEDLEY_TYPE_REAL: { /* a server sends it as text, whose length is the answer */
      char number[32];
      return snprintf(number, sizeof number, "%.17g", reply->as.real);
    }
    default: return 0;
  }
}

static int command(void *argument, int word_count, const char *const *words, const size_t *word_lens,
                   int64_t *answers) {
  medley_session *session = ((medley_connection *)argument)->session;
  const medley_value *reply = NULL;
  if (medley_command(session, (size_t)word_count, words, word_lens, &reply) != MEDLEY_OK) return fail(session);
  *answers += answer_of(reply);
  return 0;
}

static int flush(void *argument, int64_t *answers) {
  (void)argument;
  (void)answers;
  return 0;
}

static const med_kv kv = {.open = open_db,
                          .close = close_db,
                          .connect = connect_db,
                          .disconnect = disconnect_db,
                          .get = kv_get,
                          .get_prepared = kv_get_prepared,
                          .put = kv_put,
                          .remove = kv_remove,
                          .begin_batch = kv_begin_batch,
                          .end_batch = commit,
                          .scan = kv_scan,
                          .cache_open = make_cache,
                          .cache_get = cache_get,
                          .cache_put = cache_put,
                          .command = command,
                          .flush = flush};

/* ---- A user's action: session and cached profile in the transaction of the payment ---- */

#define SESSION_TTL_MS "1800000"
#define PROFILE "a profile that took some work to make"

static int store_open(const med_place *place, void *sql_db, void **db) {
  (void)place;
  *db = sql_db;
  return make_cache(sql_db);
}

static void store_close(void *db) { (void)db; }

static int store_connect(void *db, void *sql_connection, void **out) {
  (void)db;
  *out = sql_connection;
  return 0;
}

static void store_disconnect(void *argument) { (void)argument; }

static int run_words(medley_session *session, int count, const char *const *words, int64_t *answer) {
  size_t lens[6];
  const medley_value *reply = NULL;
  for (int i = 0; i < count; i++) lens[i] = strlen(words[i]);
  if (medley_command(session, (size_t)count, words, lens, &reply) != MEDLEY_OK) return fail(session);
  if (answer && reply && reply->type == MEDLEY_TYPE_TEXT) {
    char number[24];
    snprintf(number, sizeof number, "%.*s", (int)reply->as.text.len, reply->as.text.bytes);
    *answer = strtoll(number, NULL, 10);
  } else if (answer) {
    *answer = answer_of(reply);
  }
  return 0;
}

static int store_add(void *argument, uint32_t person) {
  medley_session *session = ((medley_connection *)argument)->session;
  char key[32];
  snprintf(key, sizeof key, "session:%u", person);
  int status = run_words(session, 4, (const char *[]){"HSET", key, "hits", "0"}, NULL);
  if (status == 0) status = run_words(session, 3, (const char *[]){"PEXPIRE", key, SESSION_TTL_MS}, NULL);
  snprintf(key, sizeof key, "profile:%u", person);
  return status == 0 ? cache_put(argument, key, strlen(key), PROFILE, sizeof PROFILE - 1) : status;
}

static int store_touch(void *argument, uint32_t person, uint64_t *hits) {
  medley_session *session = ((medley_connection *)argument)->session;
  char key[32];
  int64_t after = 0;
  snprintf(key, sizeof key, "session:%u", person);
  int status = run_words(session, 4, (const char *[]){"HINCRBY", key, "hits", "1"}, &after);
  *hits = (uint64_t)after - 1;
  if (status == 0) status = run_words(session, 3, (const char *[]){"PEXPIRE", key, SESSION_TTL_MS}, NULL);
  if (status != 0) return status;
  snprintf(key, sizeof key, "profile:%u", person);
  int dropped = medley_cache_delete(session, CACHE_BUCKET, key, strlen(key));
  return dropped == MEDLEY_OK || dropped == MEDLEY_NOT_FOUND ? 0 : fail(session);
}

static int store_hits(void *argument, uint32_t person, int64_t *hits) {
  char key[32];
  snprintf(key, sizeof key, "session:%u", person);
  return run_words(((medley_connection *)argument)->session, 3, (const char *[]){"HGET", key, "hits"}, hits);
}

static const med_session_store store = {.open = store_open,
                                        .close = store_close,
                                        .connect = store_connect,
                                        .disconnect = store_disconnect,
                                        .add = store_add,
                                        .touch = store_touch,
                                        .hits = store_hits};

static int open_actor(const med_place *place, void **db) { return med_sql_actor_open(&sql, &store, place, db); }

static const med_actor actor = {.open = open_actor,
                                .close = med_sql_actor_close,
                                .connect = med_sql_actor_connect,
                                .disconnect = med_sql_actor_disconnect,
                                .act = med_sql_actor_act,
                                .audit = med_sql_actor_audit};

/* ---- Events ---- */

typedef struct event_connection {
  medley_connection *base;
  med_medley_events *events;
} event_connection;

static int open_events(const med_place *place, void **db) {
  void *connection = NULL;
  int status = open_db(place, db);
  if (status == 0) status = connect_db(*db, &connection);
  if (status != 0) return status;
  status = med_medley_events_create(((medley_connection *)connection)->session);
  disconnect_db(connection);
  return status;
}

static void disconnect_events(void *argument) {
  event_connection *connection = argument;
  med_medley_events_disconnect(connection->events);
  disconnect_db(connection->base);
  free(connection);
}

static int connect_events(void *db, void **out) {
  void *base = NULL;
  int status = connect_db(db, &base);
  if (status != 0) return status;
  event_connection *made = calloc(1, sizeof *made);
  made->base = base;
  status = med_medley_events_connect(made->base->session, &made->events);
  if (status != 0)
    disconnect_events(made);
  else
    *out = made;
  return status;
}

/* What nobody waits for is done: as an application's idle time would. */
static int settle_events(void *db) {
  medley_error error;
  int more = 1;
  while (more) {
    if (medley_maintain(db, 100000, &more, &error) != MEDLEY_OK) return med_peer_fail("medley: %s", error.message);
  }
  return 0;
}

static int append_events(void *argument, const med_event *events, int count) {
  return med_medley_events_append(((event_connection *)argument)->events, events, count);
}
static int events_by_type(void *argument, med_group *groups, int limit) {
  return med_medley_events_by_type(((event_connection *)argument)->events, groups, limit);
}
static int events_sum(void *argument, int64_t from_us, int64_t to_us, med_group *total) {
  return med_medley_events_sum(((event_connection *)argument)->events, from_us, to_us, total);
}
static int events_top_users(void *argument, med_group *groups, int limit) {
  return med_medley_events_top_users(((event_connection *)argument)->events, groups, limit);
}
static int events_partition(void *argument, uint32_t user, int limit, med_group *total) {
  return med_medley_events_partition(((event_connection *)argument)->events, user, limit, total);
}

static const med_columns columns = {.open = open_events,
                                    .close = close_db,
                                    .connect = connect_events,
                                    .disconnect = disconnect_events,
                                    .append = append_events,
                                    .loaded = settle_events,
                                    .by_type = events_by_type,
                                    .sum = events_sum,
                                    .top_users = events_top_users,
                                    .partition = events_partition};

const med_peer med_peer_medley = {.name = "medley",
                                  .description = "Medley, default settings",
                                  .version = version,
                                  .sql = &sql,
                                  .kv = &kv,
                                  .actor = &actor,
                                  .columns = &columns};
