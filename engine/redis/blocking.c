/* blocking.c - the queue of waiting clients, and waking them in order. */
#include "engine/redis/blocking.h"

#include <errno.h>
#include <math.h>
#include <time.h>

#include "engine/redis/arguments.h"
#include "engine/redis/state.h"

#define TIMEOUT_MAX_MS ((int64_t)1000 * 60 * 60 * 24 * 365 * 100) /* a hundred years are for ever */
#define POLL_NS 20000000 /* how late an interrupt or a deadline is seen by somebody who waits */

int med_redis_arg_timeout(med_redis_call *call, size_t index, int64_t *timeout_ms) {
  long double ms;
  if (!med_redis_parse_long_real(call->argv[index], &ms))
    return med_redis_error(call, MEDLEY_RANGE, "ERR timeout is not a float or out of range");
  ms = ceill(ms * 1000);
  /* Redis lets what is too large for 64 bits wrap around and calls it negative. */
  if (ms < 0 || ms >= 0x1p63L) return med_redis_error(call, MEDLEY_RANGE, "ERR timeout is negative");
  *timeout_ms = (int64_t)ms;
  if (*timeout_ms > TIMEOUT_MAX_MS) *timeout_ms = TIMEOUT_MAX_MS;
  return MEDLEY_OK;
}

int med_redis_block(med_redis_call *call, int64_t timeout_ms, const med_slice *keys, size_t key_count) {
  if (!call->may_block) {
    med_reply_null_list(call->reply);
    return MEDLEY_OK;
  }
  struct med_redis_client *client = call->client;
  if (client->is_waiter) return MED_REDIS_WOULD_BLOCK; /* it is in the queue already, with these keys */
  med_redis_names_clear(&client->waiting_keys);
  for (size_t i = 0; i < key_count; i++)
    if (!med_redis_names_add(&client->waiting_keys, keys[i]))
      return med_error_no_memory(med_session_error_slot(call->session));
  client->waiting_bucket = call->kv.bucket_id;
  client->waiting_ms = timeout_ms;
  return MED_REDIS_WOULD_BLOCK;
}

int64_t med_redis_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int med_redis_waiter_add(struct med_redis_client *client) {
  struct med_redis_hub *hub = client->hub;
  pthread_mutex_lock(&hub->mutex);
  client->woken = false;
  client->is_waiter = true;
  client->next_waiter = NULL;
  client->previous_waiter = hub->last_waiter;
  if (hub->last_waiter != NULL)
    hub->last_waiter->next_waiter = client;
  else
    hub->first_waiter = client;
  hub->last_waiter = client;
  atomic_fetch_add(&hub->waiter_count, 1);
  pthread_mutex_unlock(&hub->mutex);
  return MEDLEY_OK;
}

/* Who waits longest for this key, after `after` (NULL: from the first on). Under the mutex. */
static void wake_first(struct med_redis_client *from, uint32_t bucket_id, med_slice key) {
  for (struct med_redis_client *client = from; client != NULL; client = client->next_waiter) {
    if (client->waiting_bucket != bucket_id || !med_redis_names_has(&client->waiting_keys, key)) continue;
    if (client->woken) return; /* it will wake the next one when it is done */
    client->woken = true;
    pthread_cond_signal(&client->wake);
    return;
  }
}

void med_redis_wake(struct med_redis_hub *hub, uint32_t bucket_id, med_slice key) {
  pthread_mutex_lock(&hub->mutex);
  wake_first(hub->first_waiter, bucket_id, key);
  pthread_mutex_unlock(&hub->mutex);
}

void med_redis_waiter_remove(struct med_redis_client *client, bool wake_next) {
  struct med_redis_hub *hub = client->hub;
  if (!client->is_waiter) return;
  pthread_mutex_lock(&hub->mutex);
  struct med_redis_client *after = client->next_waiter;
  if (client->previous_waiter != NULL)
    client->previous_waiter->next_waiter = after;
  else
    hub->first_waiter = after;
  if (after != NULL)
    after->previous_waiter = client->previous_waiter;
  else
    hub->last_waiter = client->previous_waiter;
  client->is_waiter = false;
  atomic_fetch_sub(&hub->waiter_count, 1);
  for (size_t i = 0; wake_next && i < client->waiting_keys.count; i++) {
    const med_buffer *key = &client->waiting_keys.items[i];
    wake_first(hub->first_waiter, client->waiting_bucket, med_slice_of(key->bytes, key->len));
  }
  pthread_mutex_unlock(&hub->mutex);
}

/* Until `until` (0: without end) or for one poll's time. Under the mutex. */
static void wait_a_little(struct med_redis_client *client, int64_t deadline_ns) {
  int64_t until = med_redis_monotonic_ns() + POLL_NS;
  if (deadline_ns != 0 && deadline_ns < until) until = deadline_ns;
  struct timespec at = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
  pthread_cond_timedwait(&client->wake, &client->hub->mutex, &at);
}

int med_redis_waiter_wait(struct med_redis_client *client, int64_t deadline_ns) {
  struct med_redis_hub *hub = client->hub;
  int rc = MEDLEY_OK;
  pthread_mutex_lock(&hub->mutex);
  while (!client->woken) {
    if (deadline_ns != 0 && med_redis_monotonic_ns() >= deadline_ns) {
      rc = MEDLEY_NOT_FOUND;
      break;
    }
    wait_a_little(client, deadline_ns);
    rc = med_session_poll(client->session);
    if (rc != MEDLEY_OK) break;
  }
  client->woken = false;
  pthread_mutex_unlock(&hub->mutex);
  return rc;
}

int med_redis_message_wait(struct med_redis_client *client, int64_t deadline_ns, med_redis_message **message) {
  struct med_redis_hub *hub = client->hub;
  int rc = MEDLEY_OK;
  *message = NULL;
  pthread_mutex_lock(&hub->mutex);
  while (client->first_message == NULL) {
    if (med_redis_monotonic_ns() >= deadline_ns) {
      rc = MEDLEY_NOT_FOUND;
      break;
    }
    wait_a_little(client, deadline_ns);
    rc = med_session_poll(client->session);
    if (rc != MEDLEY_OK) break;
  }
  if (rc == MEDLEY_OK) {
    *message = client->first_message;
    client->first_message = (*message)->next;
    client->message_count--;
  }
  pthread_mutex_unlock(&hub->mutex);
  return rc;
}

void med_redis_message_free(med_redis_message *message) {
  med_buffer_clear(&message->pattern);
  med_buffer_clear(&message->channel);
  med_buffer_clear(&message->payload);
  med_free(message);
}
