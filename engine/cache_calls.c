/* cache_calls.c - medley_cache_*: the public calls around what cache.c does. */
#include "engine/cache.h"
#include "engine/redis/client.h"

static med_slice name_of(medley_session *session, const char *bucket) {
  if (bucket != NULL) return med_slice_of_text(bucket);
  return med_redis_client_bucket(*med_session_redis_client(session));
}

/* A time to live as an absolute time. */
static int expiry(medley_session *session, uint64_t ttl_ms, int64_t *expires_us) {
  *expires_us = 0;
  if (ttl_ms == 0) return MEDLEY_OK;
  int64_t now_us = med_cache_now_us(session);
  if (ttl_ms > (uint64_t)(INT64_MAX - now_us) / 1000) {
    return med_error_set(med_session_error_slot(session), MEDLEY_RANGE,
                         "cache: the time to live is beyond the end of time");
  }
  *expires_us = now_us + (int64_t)ttl_ms * 1000;
  return MEDLEY_OK;
}

/* What is no failure but an answer leaves no error behind. */
static int leave(medley_session *session, int rc) {
  bool answers = rc == MEDLEY_NOT_FOUND || rc == MEDLEY_EXISTS || rc == MEDLEY_CONSTRAINT;
  if (!answers || med_session_error_slot(session)->status != MEDLEY_OK) {
    rc = med_session_fail(session, MEDLEY_LANGUAGE_NONE, rc);
  }
  med_session_leave(session);
  return rc;
}

#define ENTER(session)                        \
  do {                                        \
    int entered = med_session_enter(session); \
    if (entered != MEDLEY_OK) return entered; \
  } while (0)

int medley_cache_create(medley_session *session, const char *bucket, uint64_t size_bytes, medley_eviction eviction) {
  ENTER(session);
  return leave(session, med_cache_create(session, name_of(session, bucket), size_bytes, eviction));
}

int medley_cache_drop(medley_session *session, const char *bucket) {
  ENTER(session);
  return leave(session, med_cache_drop(session, name_of(session, bucket)));
}

int medley_cache_get(medley_session *session, const char *bucket, const void *key, size_t key_len,
                     medley_cache_item *item) {
  ENTER(session);
  return leave(session, med_cache_get(session, name_of(session, bucket), med_slice_of(key, key_len), item));
}

int medley_cache_get_and_touch(medley_session *session, const char *bucket, const void *key, size_t key_len,
                               uint64_t ttl_ms, medley_cache_item *item) {
  ENTER(session);
  int64_t expires_us;
  int rc = expiry(session, ttl_ms, &expires_us);
  if (rc == MEDLEY_OK) {
    rc = med_cache_get_and_touch(session, name_of(session, bucket), med_slice_of(key, key_len), expires_us, item);
  }
  return leave(session, rc);
}

int medley_cache_put(medley_session *session, const char *bucket, medley_cache_mode mode, const void *key,
                     size_t key_len, const void *value, size_t value_len, uint32_t flags, uint64_t ttl_ms,
                     uint64_t cas) {
  ENTER(session);
  int64_t expires_us;
  int rc = expiry(session, ttl_ms, &expires_us);
  if (rc == MEDLEY_OK) {
    rc = med_cache_put(session, name_of(session, bucket), mode, med_slice_of(key, key_len),
                       med_slice_of(value, value_len), flags, expires_us, cas);
  }
  return leave(session, rc);
}

int medley_cache_delete(medley_session *session, const char *bucket, const void *key, size_t key_len) {
  ENTER(session);
  return leave(session, med_cache_delete(session, name_of(session, bucket), med_slice_of(key, key_len)));
}

int medley_cache_increment(medley_session *session, const char *bucket, const void *key, size_t key_len, uint64_t by,
                           int decrement, uint64_t *result) {
  ENTER(session);
  return leave(session, med_cache_increment(session, name_of(session, bucket), med_slice_of(key, key_len), by,
                                            decrement != 0, result));
}

int medley_cache_touch(medley_session *session, const char *bucket, const void *key, size_t key_len, uint64_t ttl_ms) {
  ENTER(session);
  int64_t expires_us;
  int rc = expiry(session, ttl_ms, &expires_us);
  if (rc == MEDLEY_OK) {
    rc = med_cache_touch(session, name_of(session, bucket), med_slice_of(key, key_len), expires_us);
  }
  return leave(session, rc);
}

int medley_cache_lease(medley_session *session, const char *bucket, const void *key, size_t key_len,
                       medley_cache_item *item) {
  ENTER(session);
  return leave(session, med_cache_lease(session, name_of(session, bucket), med_slice_of(key, key_len), item));
}

int medley_cache_fill(medley_session *session, const char *bucket, const void *key, size_t key_len, uint64_t lease,
                      const void *value, size_t value_len, uint32_t flags, uint64_t ttl_ms) {
  ENTER(session);
  int64_t expires_us;
  int rc = expiry(session, ttl_ms, &expires_us);
  if (rc == MEDLEY_OK) {
    rc = med_cache_fill(session, name_of(session, bucket), med_slice_of(key, key_len), lease,
                        med_slice_of(value, value_len), flags, expires_us);
  }
  return leave(session, rc);
}

int medley_cache_flush(medley_session *session, const char *bucket) {
  ENTER(session);
  return leave(session, med_cache_flush(session, name_of(session, bucket)));
}

int medley_cache_stat(medley_session *session, const char *bucket, medley_cache_stats *stats) {
  ENTER(session);
  return leave(session, med_cache_stat(session, name_of(session, bucket), stats));
}
