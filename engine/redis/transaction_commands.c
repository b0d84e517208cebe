/* transaction_commands.c - MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * MULTI only queues; EXEC runs the queue as one statement of the session: in one write transaction of its own, or, inside of
 * a transaction that BEGIN has opened, as a part of it. Differs from Redis: a command that fails takes the whole EXEC back
 * with it, because nothing here is ever half done.
 * WATCH compares records: a watched key has changed if its record carries a newer stamp than when it was watched, or has
 * come or gone. EXEC compares in the transaction that it writes in, so nothing comes between. */
#include <stdio.h>

#include "engine/redis/state.h"

/* ---- The queue ---- */

int med_redis_queue(struct med_redis_client *client, const med_redis_command *command, size_t argc,
                    const med_slice *argv) {
  medley_error *error = med_session_error_slot(client->session);
  if (client->queue_count == client->queue_capacity) {
    size_t capacity = client->queue_capacity == 0 ? 16 : client->queue_capacity * 2;
    med_redis_queued *queue = med_realloc(client->queue, capacity * sizeof *queue);
    if (queue == NULL) goto no_memory;
    client->queue = queue;
    client->queue_capacity = capacity;
  }
  med_slice *words = med_arena_alloc(&client->queue_memory, argc * sizeof *words);
  if (words == NULL) goto no_memory;
  for (size_t i = 0; i < argc; i++) {
    words[i] = med_slice_of("", 0);
    if (argv[i].len == 0) continue;
    const void *copy = med_arena_copy(&client->queue_memory, argv[i].bytes, argv[i].len);
    if (copy == NULL) goto no_memory;
    words[i] = med_slice_of(copy, argv[i].len);
  }
  client->queue[client->queue_count++] = (med_redis_queued){command, argc, words};
  return MEDLEY_OK;
no_memory:
  client->multi_failed = true;
  return med_error_no_memory(error);
}

void med_redis_unwatch(struct med_redis_client *client) {
  for (size_t i = 0; i < client->watch_count; i++) {
    med_buffer_clear(&client->watches[i].bucket);
    med_buffer_clear(&client->watches[i].key);
  }
  client->watch_count = 0;
}

void med_redis_multi_end(struct med_redis_client *client) {
  client->in_multi = false;
  client->multi_failed = false;
  med_free(client->queue);
  client->queue = NULL;
  client->queue_count = client->queue_capacity = 0;
  med_arena_clear(&client->queue_memory);
  med_redis_unwatch(client);
}

static int multi_command(med_redis_call *call) {
  if (call->client->in_multi) return med_redis_error(call, MEDLEY_MISUSE, "ERR MULTI calls can not be nested");
  call->client->in_multi = true;
  med_reply_ok(call->reply);
  return MEDLEY_OK;
}

static int discard_command(med_redis_call *call) {
  if (!call->client->in_multi) return med_redis_error(call, MEDLEY_MISUSE, "ERR DISCARD without MULTI");
  med_redis_multi_end(call->client);
  med_reply_ok(call->reply);
  return MEDLEY_OK;
}

/* ---- WATCH ---- */

static int look(med_txn *txn, const med_redis_watch *watch, med_kv_meta *meta, bool *present) {
  med_kv kv;
  int rc = med_kv_open(txn, med_slice_of(watch->bucket.bytes, watch->bucket.len), false, &kv);
  if (rc == MEDLEY_OK) rc = med_kv_find(&kv, med_slice_of(watch->key.bytes, watch->key.len), meta);
  *present = rc == MEDLEY_OK;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int add_watch(med_redis_call *call, med_txn *txn, med_slice key) {
  struct med_redis_client *client = call->client;
  med_slice bucket = med_redis_client_bucket(client);
  for (size_t i = 0; i < client->watch_count; i++) {
    const med_redis_watch *watch = &client->watches[i];
    if (med_slice_equal(med_slice_of(watch->bucket.bytes, watch->bucket.len), bucket) &&
        med_slice_equal(med_slice_of(watch->key.bytes, watch->key.len), key))
      return MEDLEY_OK;
  }
  if (client->watch_count == client->watch_capacity) {
    size_t capacity = client->watch_capacity == 0 ? 4 : client->watch_capacity * 2;
    med_redis_watch *watches = med_realloc(client->watches, capacity * sizeof *watches);
    if (watches == NULL) return med_error_no_memory(med_session_error_slot(call->session));
    client->watches = watches;
    client->watch_capacity = capacity;
  }
  med_redis_watch *watch = &client->watches[client->watch_count++];
  memset(watch, 0, sizeof *watch);
  if (!med_buffer_append(&watch->bucket, bucket.bytes, bucket.len) ||
      (key.len > 0 && !med_buffer_append(&watch->key, key.bytes, key.len)))
    return med_error_no_memory(med_session_error_slot(call->session));
  return look(txn, watch, &watch->meta, &watch->present);
}

static int watch_command(med_redis_call *call) {
  if (call->client->in_multi) return med_redis_error(call, MEDLEY_MISUSE, "ERR WATCH inside MULTI is not allowed");
  med_txn *txn;
  int rc = med_redis_refuse_cache(call, med_redis_client_bucket(call->client));
  if (rc == MEDLEY_OK) rc = med_session_statement_begin(call->session, MED_READS, &txn);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 1; i < call->argc && rc == MEDLEY_OK; i++) rc = add_watch(call, txn, call->argv[i]);
  rc = med_session_statement_end(call->session, rc, false);
  if (rc == MEDLEY_OK) med_reply_ok(call->reply);
  return rc;
}

static int unwatch_command(med_redis_call *call) {
  med_redis_unwatch(call->client);
  med_reply_ok(call->reply);
  return MEDLEY_OK;
}

static int watches_hold(struct med_redis_client *client, med_txn *txn, bool *hold) {
  *hold = true;
  for (size_t i = 0; i < client->watch_count && *hold; i++) {
    const med_redis_watch *watch = &client->watches[i];
    med_kv_meta meta;
    bool present;
    int rc = look(txn, watch, &meta, &present);
    if (rc != MEDLEY_OK) return rc;
    *hold = present == watch->present;
    if (*hold && present)
      *hold = meta.stamp == watch->meta.stamp && meta.object_id == watch->meta.object_id &&
              meta.count == watch->meta.count && meta.expires_ms == watch->meta.expires_ms;
  }
  return MEDLEY_OK;
}

/* ---- EXEC ---- */

static int run_queued(med_redis_call *exec, med_txn *txn, const med_redis_queued *queued) {
  med_redis_call call;
  med_redis_call_init(exec->client, queued->command, queued->argc, queued->argv, &call);
  if (queued->command->flags & MED_REDIS_KEYLESS) return queued->command->handler(&call);
  bool is_cache;
  int rc = med_redis_cache_run(&call, &is_cache);
  if (rc != MEDLEY_OK || is_cache) return rc;
  rc = med_redis_call_open(&call, txn);
  return rc == MEDLEY_OK ? queued->command->handler(&call) : rc;
}

static int run_queue(med_redis_call *call, med_txn *txn) {
  struct med_redis_client *client = call->client;
  med_reply_list_begin(call->reply);
  for (size_t i = 0; i < client->queue_count; i++) {
    int rc = run_queued(call, txn, &client->queue[i]);
    if (rc != MEDLEY_OK) return rc;
  }
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

/* The failed command's own message behind Redis's words for an EXEC that came to nothing. */
static int exec_failed(med_redis_call *call, int rc) {
  medley_error *error = med_session_error_slot(call->session);
  char message[MEDLEY_ERROR_MESSAGE_SIZE];
  if (error->status != rc || error->message[0] == 0) (void)med_session_fail(call->session, MEDLEY_LANGUAGE_REDIS, rc);
  snprintf(message, sizeof message, "%s", error->message);
  return med_redis_error(call, rc, "EXECABORT Transaction discarded because of: %s", message);
}

static int exec_queue(med_redis_call *call) {
  struct med_redis_client *client = call->client;
  int access = MED_READS;
  for (size_t i = 0; i < client->queue_count; i++)
    if (med_redis_access(client->queue[i].command->flags) != MED_READS) access = MED_WRITES;
  med_txn *txn;
  int rc = med_session_statement_begin(call->session, access, &txn);
  if (rc != MEDLEY_OK) return rc;
  bool hold;
  rc = watches_hold(client, txn, &hold);
  if (rc == MEDLEY_OK && hold)
    rc = run_queue(call, txn);
  else if (rc == MEDLEY_OK)
    med_reply_null_list(call->reply);
  return med_session_statement_end(call->session, rc, false);
}

static int exec_command(med_redis_call *call) {
  struct med_redis_client *client = call->client;
  if (!client->in_multi) return med_redis_error(call, MEDLEY_MISUSE, "ERR EXEC without MULTI");
  if (client->multi_failed) {
    med_redis_multi_end(client);
    return med_redis_error(call, MEDLEY_ABORTED, "EXECABORT Transaction discarded because of previous errors.");
  }
  client->in_multi = false;
  med_buffer bucket = client->bucket; /* a SELECT in the queue is taken back too */
  client->bucket = (med_buffer){0};
  bool kept = bucket.len == 0 || med_buffer_append(&client->bucket, bucket.bytes, bucket.len);
  int rc = kept ? exec_queue(call) : med_error_no_memory(med_session_error_slot(call->session));
  if (rc != MEDLEY_OK) {
    med_buffer swapped = client->bucket;
    client->bucket = bucket;
    bucket = swapped;
  }
  med_buffer_clear(&bucket);
  med_redis_multi_end(client);
  return rc == MEDLEY_OK ? rc : exec_failed(call, rc);
}

static const med_redis_command commands[] = {
    {"discard", 1, MED_REDIS_CONTROL, 0, 0, 0, discard_command, "noscript loading stale fast allow_busy",
     "transactions", "2.0.0"},
    {"exec", 1, MED_REDIS_CONTROL, 0, 0, 0, exec_command, "noscript loading stale skip_slowlog", "transactions",
     "1.2.0"},
    {"multi", 1, MED_REDIS_CONTROL, 0, 0, 0, multi_command, "noscript loading stale fast allow_busy", "transactions",
     "1.2.0"},
    {"unwatch", 1, MED_REDIS_KEYLESS, 0, 0, 0, unwatch_command, "noscript loading stale fast allow_busy",
     "transactions", "2.2.0"},
    {"watch", -2, MED_REDIS_CONTROL, 1, -1, 1, watch_command, "noscript loading stale fast allow_busy", "transactions",
     "2.2.0"},
};
const med_redis_table med_redis_transaction_commands = {commands, sizeof commands / sizeof commands[0]};
