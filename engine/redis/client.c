/* client.c - making and closing a session's Redis side, and the effects that wait for its commit. */
#include "engine/redis/client.h"

#include "engine/redis/state.h"

/* An effect: kind(1) number(4) first length(4) second length(4), then both byte strings. */
enum { EFFECT_SIGNAL = 1, EFFECT_PUBLISH = 2 };
#define EFFECT_HEADER_SIZE 13

int med_redis_client_open(medley_session *session, struct med_redis_client **client) {
  struct med_redis_client **slot = med_session_redis_client(session);
  *client = *slot;
  if (*client != NULL) return MEDLEY_OK;
  struct med_redis_client *made = med_alloc_zero(sizeof *made);
  if (made == NULL) return med_error_no_memory(med_session_error_slot(session));
  pthread_condattr_t attributes;
  if (pthread_condattr_init(&attributes) != 0) goto no_memory;
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  int failed = pthread_cond_init(&made->wake, &attributes);
  pthread_condattr_destroy(&attributes);
  if (failed != 0) goto no_memory;
  made->session = session;
  made->hub = med_session_redis_hub(session);
  made->protocol = 2;
  made->opened_us = med_store_now_us(made->hub->store);
  pthread_mutex_lock(&made->hub->mutex);
  made->id = made->hub->next_client_id++;
  made->next = made->hub->clients;
  if (made->next != NULL) made->next->previous = made;
  made->hub->clients = made;
  made->hub->client_count++;
  pthread_mutex_unlock(&made->hub->mutex);
  *client = *slot = made;
  return MEDLEY_OK;
no_memory:
  med_free(made);
  return med_error_no_memory(med_session_error_slot(session));
}

void med_redis_client_close(struct med_redis_client *client) {
  if (client == NULL) return;
  med_redis_unsubscribe_all(client);
  med_redis_waiter_remove(client, true);
  struct med_redis_hub *hub = client->hub;
  pthread_mutex_lock(&hub->mutex);
  if (client->previous != NULL)
    client->previous->next = client->next;
  else
    hub->clients = client->next;
  if (client->next != NULL) client->next->previous = client->previous;
  hub->client_count--;
  pthread_mutex_unlock(&hub->mutex);
  while (client->first_message != NULL) {
    med_redis_message *message = client->first_message;
    client->first_message = message->next;
    med_redis_message_free(message);
  }
  med_redis_multi_end(client);
  med_free(client->watches);
  med_redis_names_clear(&client->waiting_keys);
  med_arena_clear(&client->queue_memory);
  med_arena_clear(&client->answer);
  med_buffer_clear(&client->name);
  med_buffer_clear(&client->bucket);
  med_buffer_clear(&client->scratch);
  med_buffer_clear(&client->effects);
  pthread_cond_destroy(&client->wake);
  med_free(client);
}

med_slice med_redis_client_bucket(const struct med_redis_client *client) {
  if (client == NULL || client->bucket.len == 0) return med_slice_of("0", 1);
  return med_slice_of(client->bucket.bytes, client->bucket.len);
}

/* ---- Effects ---- */

static bool add_effect(struct med_redis_client *client, uint8_t kind, uint32_t number, med_slice first,
                       med_slice second) {
  uint8_t header[EFFECT_HEADER_SIZE] = {kind};
  med_put_u32(header + 1, number);
  med_put_u32(header + 5, (uint32_t)first.len);
  med_put_u32(header + 9, (uint32_t)second.len);
  if (!med_buffer_reserve(&client->effects, sizeof header + first.len + second.len)) return false;
  return med_buffer_append(&client->effects, header, sizeof header) &&
         (first.len == 0 || med_buffer_append(&client->effects, first.bytes, first.len)) &&
         (second.len == 0 || med_buffer_append(&client->effects, second.bytes, second.len));
}

void med_redis_signal_key(med_redis_call *call, med_slice key) {
  if (atomic_load_explicit(&call->hub->waiter_count, memory_order_seq_cst) == 0) return;
  /* Short memory costs a waiter its wake-up, not its element: it looks again when it is next signalled. */
  if (!add_effect(call->client, EFFECT_SIGNAL, call->kv.bucket_id, key, med_slice_of(NULL, 0))) return;
}

int med_redis_publish_later(struct med_redis_client *client, bool shard, med_slice channel, med_slice payload) {
  if (add_effect(client, EFFECT_PUBLISH, shard, channel, payload)) return MEDLEY_OK;
  return med_error_no_memory(med_session_error_slot(client->session));
}

static void deliver(struct med_redis_client *to, med_redis_channel_kind kind, med_slice pattern, med_slice channel,
                    med_slice payload) {
  med_redis_message *message = med_alloc_zero(sizeof *message);
  if (message == NULL) return;
  message->kind = kind;
  if (!med_buffer_append(&message->pattern, pattern.bytes, pattern.len) ||
      !med_buffer_append(&message->channel, channel.bytes, channel.len) ||
      !med_buffer_append(&message->payload, payload.bytes, payload.len)) {
    med_redis_message_free(message);
    return;
  }
  if (to->message_count == MED_REDIS_MESSAGES_MAX) {
    med_redis_message *oldest = to->first_message;
    to->first_message = oldest->next;
    to->message_count--;
    med_redis_message_free(oldest);
  }
  if (to->first_message == NULL)
    to->first_message = message;
  else
    to->last_message->next = message;
  to->last_message = message;
  to->message_count++;
  pthread_cond_signal(&to->wake);
}

static void publish(struct med_redis_hub *hub, bool shard, med_slice channel, med_slice payload) {
  pthread_mutex_lock(&hub->mutex);
  for (struct med_redis_client *to = hub->clients; to != NULL; to = to->next) {
    med_redis_channel_kind kind = shard ? MED_REDIS_SHARD : MED_REDIS_CHANNEL;
    if (med_redis_names_has(&to->channels[kind], channel)) deliver(to, kind, med_slice_of("", 0), channel, payload);
    const med_redis_names *patterns = &to->channels[MED_REDIS_PATTERN];
    for (size_t i = 0; i < patterns->count && !shard; i++) {
      med_slice pattern = med_slice_of(patterns->items[i].bytes, patterns->items[i].len);
      if (med_redis_glob_match(pattern, channel, false)) deliver(to, MED_REDIS_PATTERN, pattern, channel, payload);
    }
  }
  pthread_mutex_unlock(&hub->mutex);
}

void med_redis_effects_run(struct med_redis_client *client) {
  if (client->effects.len == 0) return; /* and there may be no bytes at all */
  const uint8_t *at = (const uint8_t *)client->effects.bytes, *end = at + client->effects.len;
  while (at < end) {
    uint32_t number = med_get_u32(at + 1);
    med_slice first = med_slice_of(at + EFFECT_HEADER_SIZE, med_get_u32(at + 5));
    med_slice second = med_slice_of(at + EFFECT_HEADER_SIZE + first.len, med_get_u32(at + 9));
    if (at[0] == EFFECT_SIGNAL)
      med_redis_wake(client->hub, number, first);
    else
      publish(client->hub, number != 0, first, second);
    at += EFFECT_HEADER_SIZE + first.len + second.len;
  }
  client->effects.len = 0;
}

void med_redis_client_transaction_ended(struct med_redis_client *client, bool committed) {
  if (client == NULL || client->effects.len == 0) return;
  if (committed)
    med_redis_effects_run(client);
  else
    client->effects.len = 0;
}

size_t med_redis_client_position(const struct med_redis_client *client) {
  return client == NULL ? 0 : client->effects.len;
}

void med_redis_client_rollback_to(struct med_redis_client *client, size_t position) {
  if (client != NULL && client->effects.len > position) client->effects.len = position;
}
