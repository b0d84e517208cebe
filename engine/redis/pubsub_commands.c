/* pubsub_commands.c - channels in this process: SUBSCRIBE and its like, PUBLISH, PUBSUB.
 *
 * In Redis a subscription answers once for each channel; a call here has one reply: the answer itself for one channel, a
 * list of them for several. Messages are taken with medley_next_message. PUBLISH in a transaction is delivered after the
 * commit; the number it answers is that of the receivers at that moment. */
#include "engine/redis/state.h"

static const char *const subscribe_words[] = {"subscribe", "psubscribe", "ssubscribe"};
static const char *const unsubscribe_words[] = {"unsubscribe", "punsubscribe", "sunsubscribe"};

/* Redis counts channels and patterns together, shard channels on their own. */
static int64_t subscription_count(const struct med_redis_client *client, med_redis_channel_kind kind) {
  if (kind == MED_REDIS_SHARD) return (int64_t)client->channels[kind].count;
  return (int64_t)(client->channels[MED_REDIS_CHANNEL].count + client->channels[MED_REDIS_PATTERN].count);
}

static void reply_subscription(med_redis_call *call, const char *word, const med_slice *channel,
                               med_redis_channel_kind kind) {
  med_reply_list_begin(call->reply);
  med_reply_bulk_text(call->reply, word);
  if (channel != NULL)
    med_reply_bulk_slice(call->reply, *channel);
  else
    med_reply_null(call->reply);
  med_reply_integer(call->reply, subscription_count(call->client, kind));
  med_reply_list_end(call->reply);
}

static int subscribe(med_redis_call *call, med_redis_channel_kind kind) {
  struct med_redis_hub *hub = call->hub;
  int rc = MEDLEY_OK;
  if (call->argc > 2) med_reply_list_begin(call->reply);
  pthread_mutex_lock(&hub->mutex);
  for (size_t i = 1; i < call->argc; i++) {
    if (!med_redis_names_add(&call->client->channels[kind], call->argv[i])) {
      rc = med_error_no_memory(med_session_error_slot(call->session));
      break;
    }
    reply_subscription(call, subscribe_words[kind], &call->argv[i], kind);
  }
  pthread_mutex_unlock(&hub->mutex);
  return rc;
}

static void unsubscribe_each(med_redis_call *call, med_redis_channel_kind kind) {
  med_redis_names *names = &call->client->channels[kind];
  size_t count = call->argc > 1 ? call->argc - 1 : names->count;
  if (count == 0) reply_subscription(call, unsubscribe_words[kind], NULL, kind);
  if (count > 1) med_reply_list_begin(call->reply);
  if (call->argc > 1) {
    for (size_t i = 1; i < call->argc; i++) {
      (void)med_redis_names_remove(names, call->argv[i]);
      reply_subscription(call, unsubscribe_words[kind], &call->argv[i], kind);
    }
    return;
  }
  while (names->count > 0) {
    med_buffer last = names->items[--names->count];
    med_slice channel = med_slice_of(last.bytes, last.len);
    reply_subscription(call, unsubscribe_words[kind], &channel, kind);
    med_buffer_clear(&last);
  }
}

static int unsubscribe(med_redis_call *call, med_redis_channel_kind kind) {
  pthread_mutex_lock(&call->hub->mutex);
  unsubscribe_each(call, kind);
  pthread_mutex_unlock(&call->hub->mutex);
  return MEDLEY_OK;
}

void med_redis_unsubscribe_all(struct med_redis_client *client) {
  pthread_mutex_lock(&client->hub->mutex);
  for (int kind = 0; kind < MED_REDIS_CHANNEL_KINDS; kind++) med_redis_names_clear(&client->channels[kind]);
  pthread_mutex_unlock(&client->hub->mutex);
}

static int subscribe_command(med_redis_call *call) { return subscribe(call, MED_REDIS_CHANNEL); }
static int psubscribe_command(med_redis_call *call) { return subscribe(call, MED_REDIS_PATTERN); }
static int ssubscribe_command(med_redis_call *call) { return subscribe(call, MED_REDIS_SHARD); }
static int unsubscribe_command(med_redis_call *call) { return unsubscribe(call, MED_REDIS_CHANNEL); }
static int punsubscribe_command(med_redis_call *call) { return unsubscribe(call, MED_REDIS_PATTERN); }
static int sunsubscribe_command(med_redis_call *call) { return unsubscribe(call, MED_REDIS_SHARD); }

size_t med_redis_receivers(struct med_redis_hub *hub, bool shard, med_slice channel) {
  size_t count = 0;
  pthread_mutex_lock(&hub->mutex);
  for (struct med_redis_client *client = hub->clients; client != NULL; client = client->next) {
    count += med_redis_names_has(&client->channels[shard ? MED_REDIS_SHARD : MED_REDIS_CHANNEL], channel);
    const med_redis_names *patterns = &client->channels[MED_REDIS_PATTERN];
    for (size_t i = 0; i < patterns->count && !shard; i++)
      count += med_redis_glob_match(med_slice_of(patterns->items[i].bytes, patterns->items[i].len), channel, false);
  }
  pthread_mutex_unlock(&hub->mutex);
  return count;
}

static int publish(med_redis_call *call, bool shard) {
  size_t receivers = med_redis_receivers(call->hub, shard, call->argv[1]);
  int rc = med_redis_publish_later(call->client, shard, call->argv[1], call->argv[2]);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)receivers);
  return rc;
}

static int publish_command(med_redis_call *call) { return publish(call, false); }
static int spublish_command(med_redis_call *call) { return publish(call, true); }

/* ---- PUBSUB ---- */

/* The channels of all clients that match argv[2], each once. */
static int list_channels(med_redis_call *call, med_redis_channel_kind kind) {
  if (call->argc > 3) return med_redis_wrong_arity(call);
  med_redis_names seen = {NULL, 0, 0};
  bool enough = true;
  med_reply_list_begin(call->reply);
  pthread_mutex_lock(&call->hub->mutex);
  for (struct med_redis_client *client = call->hub->clients; client != NULL; client = client->next) {
    const med_redis_names *names = &client->channels[kind];
    for (size_t i = 0; i < names->count; i++) {
      med_slice name = med_slice_of(names->items[i].bytes, names->items[i].len);
      if (call->argc == 3 && !med_redis_glob_match(call->argv[2], name, false)) continue;
      if (med_redis_names_has(&seen, name)) continue;
      enough = enough && med_redis_names_add(&seen, name);
      med_reply_bulk_slice(call->reply, name);
    }
  }
  pthread_mutex_unlock(&call->hub->mutex);
  med_reply_list_end(call->reply);
  med_redis_names_clear(&seen);
  return enough ? MEDLEY_OK : med_error_no_memory(med_session_error_slot(call->session));
}

static int count_subscribers(med_redis_call *call, med_redis_channel_kind kind) {
  med_reply_list_begin(call->reply);
  pthread_mutex_lock(&call->hub->mutex);
  for (size_t i = 2; i < call->argc; i++) {
    int64_t count = 0;
    for (struct med_redis_client *client = call->hub->clients; client != NULL; client = client->next)
      count += med_redis_names_has(&client->channels[kind], call->argv[i]);
    med_reply_bulk_slice(call->reply, call->argv[i]);
    med_reply_integer(call->reply, count);
  }
  pthread_mutex_unlock(&call->hub->mutex);
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

static int pubsub_channels_command(med_redis_call *call) { return list_channels(call, MED_REDIS_CHANNEL); }
static int pubsub_shardchannels_command(med_redis_call *call) { return list_channels(call, MED_REDIS_SHARD); }
static int pubsub_numsub_command(med_redis_call *call) { return count_subscribers(call, MED_REDIS_CHANNEL); }
static int pubsub_shardnumsub_command(med_redis_call *call) { return count_subscribers(call, MED_REDIS_SHARD); }

static int pubsub_numpat_command(med_redis_call *call) {
  med_redis_names seen = {NULL, 0, 0};
  bool enough = true;
  pthread_mutex_lock(&call->hub->mutex);
  for (struct med_redis_client *client = call->hub->clients; client != NULL; client = client->next) {
    const med_redis_names *patterns = &client->channels[MED_REDIS_PATTERN];
    for (size_t i = 0; i < patterns->count; i++)
      enough = enough && med_redis_names_add(&seen, med_slice_of(patterns->items[i].bytes, patterns->items[i].len));
  }
  pthread_mutex_unlock(&call->hub->mutex);
  med_reply_integer(call->reply, (int64_t)seen.count);
  med_redis_names_clear(&seen);
  return enough ? MEDLEY_OK : med_error_no_memory(med_session_error_slot(call->session));
}

#define SUBSCRIBES "pubsub noscript loading stale"
#define ASKS "pubsub loading stale"
static const med_redis_command commands[] = {
    {"psubscribe", -2, MED_REDIS_KEYLESS, 0, 0, 0, psubscribe_command, SUBSCRIBES, "pubsub", "2.0.0"},
    {"publish", 3, MED_REDIS_KEYLESS, 0, 0, 0, publish_command, "pubsub loading stale fast", "pubsub", "2.0.0"},
    {"pubsub", -2, MED_REDIS_KEYLESS, 0, 0, 0, NULL, "", "pubsub", "2.8.0"},
    {"pubsub channels", -2, MED_REDIS_KEYLESS, 0, 0, 0, pubsub_channels_command, ASKS, "pubsub", "2.8.0"},
    {"pubsub numpat", 2, MED_REDIS_KEYLESS, 0, 0, 0, pubsub_numpat_command, ASKS, "pubsub", "2.8.0"},
    {"pubsub numsub", -2, MED_REDIS_KEYLESS, 0, 0, 0, pubsub_numsub_command, ASKS, "pubsub", "2.8.0"},
    {"pubsub shardchannels", -2, MED_REDIS_KEYLESS, 0, 0, 0, pubsub_shardchannels_command, ASKS, "pubsub", "7.0.0"},
    {"pubsub shardnumsub", -2, MED_REDIS_KEYLESS, 0, 0, 0, pubsub_shardnumsub_command, ASKS, "pubsub", "7.0.0"},
    {"punsubscribe", -1, MED_REDIS_KEYLESS, 0, 0, 0, punsubscribe_command, SUBSCRIBES, "pubsub", "2.0.0"},
    {"spublish", 3, MED_REDIS_KEYLESS, 1, 1, 1, spublish_command, "pubsub loading stale fast", "pubsub", "7.0.0"},
    {"ssubscribe", -2, MED_REDIS_KEYLESS, 1, -1, 1, ssubscribe_command, SUBSCRIBES, "pubsub", "7.0.0"},
    {"subscribe", -2, MED_REDIS_KEYLESS, 0, 0, 0, subscribe_command, SUBSCRIBES, "pubsub", "2.0.0"},
    {"sunsubscribe", -1, MED_REDIS_KEYLESS, 1, -1, 1, sunsubscribe_command, SUBSCRIBES, "pubsub", "7.0.0"},
    {"unsubscribe", -1, MED_REDIS_KEYLESS, 0, 0, 0, unsubscribe_command, SUBSCRIBES, "pubsub", "2.0.0"},
};
const med_redis_table med_redis_pubsub_commands = {commands, sizeof commands / sizeof commands[0]};
