/* keyvalue.c - the typed calls for strings of durable buckets: no parsing, no reply, no copy where it can be helped. */
#include "engine/redis/client.h"
#include "engine/session_state.h"
#include "models/keyvalue/keyspace.h"
#include "models/keyvalue/string.h"

#define BYTES_MAX ((size_t)1 << 40) /* beyond it a length is a mistake */

static bool is_value(const void *value, size_t len) { return (value != NULL || len == 0) && len <= BYTES_MAX; }

static med_slice bucket_name(medley_session *session, const char *bucket) {
  if (bucket != NULL) return med_slice_of_text(bucket);
  return med_redis_client_bucket(session->redis);
}

static int end_call(medley_session *session, int rc) {
  if (rc != MEDLEY_NOT_FOUND) rc = med_session_fail(session, MEDLEY_LANGUAGE_NONE, rc);
  med_session_leave(session);
  return rc;
}

/* A cache bucket is not a durable one: its name is not given a second meaning. */
static int open_bucket(medley_session *session, med_txn *txn, med_slice name, bool create, med_kv *kv) {
  int rc = med_kv_open(txn, name, false, kv);
  if (rc != MEDLEY_NOT_FOUND || !create) return rc;
  if (med_cache_find_bucket(session, name) == MEDLEY_OK) {
    return med_error_set(&session->error, MEDLEY_TYPE, "key-value: a cache bucket: use the cache calls: %.*s",
                         (int)(name.len < 100 ? name.len : 100), (const char *)name.bytes);
  }
  return med_kv_open(txn, name, true, kv);
}

/* Between this and end_call stands a read of one open bucket. A missing bucket is an empty one. */
static int begin_read(medley_session *session, const char *bucket, med_slice key, const void *result, med_kv *kv) {
  if (result == NULL || (key.bytes == NULL && key.len > 0) || key.len > BYTES_MAX) return MEDLEY_MISUSE;
  int rc = med_session_enter(session);
  if (rc != MEDLEY_OK) return rc;
  med_txn *txn;
  rc = med_session_statement_begin(session, MED_READS, &txn);
  if (rc == MEDLEY_OK) {
    rc = open_bucket(session, txn, bucket_name(session, bucket), false, kv);
    if (rc != MEDLEY_OK) rc = med_session_statement_end(session, rc, false);
  }
  return rc == MEDLEY_OK ? rc : end_call(session, rc);
}

int medley_kv_get(medley_session *session, const char *bucket, const void *key, size_t key_len, medley_slice *value) {
  med_kv kv;
  int rc = begin_read(session, bucket, med_slice_of(key, key_len), value, &kv);
  if (rc != MEDLEY_OK) return rc;
  rc = med_string_get(&kv, med_slice_of(key, key_len), &session->scratch, value);
  return end_call(session, med_session_statement_end(session, rc, rc == MEDLEY_OK));
}

/* ---- Changes ---- made by whoever has the write lock: they touch what stands here, and no more of the session. */
typedef struct kv_change {
  medley_session *session;
  bool
      may_create; /* a bucket that is not there; else NOT_FOUND: only the session's own thread can ask the cache's names */
  med_slice bucket, key;
  int (*make)(med_kv *kv, struct kv_change *change);
  med_slice value, expected;
  uint64_t ttl_ms;
  int64_t by, result;
  med_buffer *scratch;
  bool missing;
} kv_change;

static int make_change(med_txn *txn, void *context) {
  kv_change *change = context;
  med_kv kv;
  int rc = open_bucket(change->session, txn, change->bucket, change->may_create, &kv);
  return rc == MEDLEY_OK ? change->make(&kv, change) : rc;
}

static int call_change(medley_session *session, int access, const char *bucket, kv_change *change) {
  if ((change->key.bytes == NULL && change->key.len > 0) || change->key.len > BYTES_MAX) return MEDLEY_MISUSE;
  int rc = med_session_enter(session);
  if (rc != MEDLEY_OK) return rc;
  change->session = session;
  change->bucket = bucket_name(session, bucket);
  change->scratch = &session->scratch;
  change->may_create = medley_session_state(session) != MEDLEY_NO_TRANSACTION;
  rc = med_session_change(session, access, make_change, change);
  if (rc == MEDLEY_NOT_FOUND && !change->may_create) {
    med_txn *txn;
    change->may_create = true;
    rc = med_session_statement_begin(session, access, &txn);
    if (rc == MEDLEY_OK) rc = med_session_statement_end(session, make_change(txn, change), false);
  }
  if (rc == MEDLEY_OK && change->missing) rc = MEDLEY_NOT_FOUND;
  return end_call(session, rc);
}

static int make_put(med_kv *kv, kv_change *change) {
  int64_t now_ms = med_txn_now_us(kv->txn) / 1000;
  if (change->ttl_ms > (uint64_t)(INT64_MAX - now_ms)) {
    return med_error_set(med_txn_error(kv->txn), MEDLEY_RANGE, "key-value: the time to live is beyond the end of time");
  }
  return med_string_set(kv, change->key, change->value, change->ttl_ms > 0 ? now_ms + (int64_t)change->ttl_ms : 0);
}

int medley_kv_put(medley_session *session, const char *bucket, const void *key, size_t key_len, const void *value,
                  size_t value_len, uint64_t ttl_ms) {
  if (!is_value(value, value_len)) return MEDLEY_MISUSE;
  kv_change change = {
      .key = med_slice_of(key, key_len), .make = make_put, .value = med_slice_of(value, value_len), .ttl_ms = ttl_ms};
  return call_change(session, MED_WRITES, bucket, &change);
}

/* Looking for a missing key may have swept an expired one: that is kept. */
static int make_delete(med_kv *kv, kv_change *change) {
  int rc = med_kv_remove(kv, change->key);
  change->missing = rc == MEDLEY_NOT_FOUND;
  return change->missing ? MEDLEY_OK : rc;
}

int medley_kv_delete(medley_session *session, const char *bucket, const void *key, size_t key_len) {
  kv_change change = {.key = med_slice_of(key, key_len), .make = make_delete};
  return call_change(session, MED_FREES, bucket, &change);
}

static int make_exchange(med_kv *kv, kv_change *change) {
  med_slice present;
  int rc = med_string_get(kv, change->key, change->scratch, &present);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  bool as_expected = rc == MEDLEY_OK ? change->expected.bytes != NULL && med_slice_equal(present, change->expected)
                                     : change->expected.bytes == NULL;
  if (as_expected) return med_string_set(kv, change->key, change->value, 0);
  return med_error_set(med_txn_error(kv->txn), MEDLEY_CONSTRAINT,
                       "key-value: the present value is not the expected one");
}

int medley_kv_compare_and_set(medley_session *session, const char *bucket, const void *key, size_t key_len,
                              const void *expected, size_t expected_len, const void *value, size_t value_len) {
  if (!is_value(value, value_len) || (expected != NULL && expected_len > BYTES_MAX)) return MEDLEY_MISUSE;
  kv_change change = {.key = med_slice_of(key, key_len),
                      .make = make_exchange,
                      .value = med_slice_of(value, value_len),
                      .expected = med_slice_of(expected, expected_len)};
  return call_change(session, MED_WRITES, bucket, &change);
}

static int make_increment(med_kv *kv, kv_change *change) {
  return med_string_increment(kv, change->key, change->by, &change->result);
}

int medley_kv_increment(medley_session *session, const char *bucket, const void *key, size_t key_len, int64_t by,
                        int64_t *result) {
  if (result == NULL) return MEDLEY_MISUSE;
  kv_change change = {.key = med_slice_of(key, key_len), .make = make_increment, .by = by};
  int rc = call_change(session, MED_WRITES, bucket, &change);
  if (rc == MEDLEY_OK) *result = change.result;
  return rc;
}

/* ---- Walking ---- */
static int walk(med_kv *kv, med_slice from, medley_kv_callback on_key, void *context, medley_session *session) {
  med_kv_walk position;
  int rc = med_kv_walk_open(kv, from, &position);
  if (rc != MEDLEY_OK) return rc;
  while ((rc = med_kv_walk_next(&position)) == MEDLEY_OK) {
    med_slice value;
    bool is_string = position.meta.type == MED_KV_STRING;
    if (is_string) rc = med_string_load(kv, &position.meta, &session->scratch, &value);
    if (rc == MEDLEY_OK) rc = med_session_poll(session);
    if (rc != MEDLEY_OK) break;
    if (on_key(context, position.key, is_string ? &value : NULL) != 0) break;
  }
  med_kv_walk_close(&position);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int medley_kv_each(medley_session *session, const char *bucket, const void *from, size_t from_len,
                   medley_kv_callback on_key, void *context) {
  med_kv kv;
  if (on_key == NULL) return MEDLEY_MISUSE;
  int rc = begin_read(session, bucket, med_slice_of(from, from_len), &kv, &kv);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  rc = walk(&kv, med_slice_of(from, from_len), on_key, context, session);
  return end_call(session, med_session_statement_end(session, rc, false));
}
