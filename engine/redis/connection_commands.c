/* connection_commands.c - PING, ECHO, SELECT, HELLO, AUTH, CLIENT, RESET, QUIT: a session seen as a connection. */
#include <stdio.h>

#include "engine/redis/key_commands.h"
#include "engine/redis/state.h"

static int ping_command(med_redis_call *call) {
  if (call->argc > 2) return med_redis_wrong_arity(call);
  if (call->argc == 2)
    med_reply_bulk_slice(call->reply, call->argv[1]);
  else
    med_reply_status(call->reply, "PONG");
  return MEDLEY_OK;
}

static int echo_command(med_redis_call *call) {
  med_reply_bulk_slice(call->reply, call->argv[1]);
  return MEDLEY_OK;
}

static int keep(med_redis_call *call, med_buffer *buffer, med_slice bytes) {
  buffer->len = 0;
  if (bytes.len == 0 || med_buffer_append(buffer, bytes.bytes, bytes.len)) return MEDLEY_OK;
  return med_error_no_memory(med_session_error_slot(call->session));
}

static int select_command(med_redis_call *call) {
  int rc = med_redis_check_bucket(call, 1, "ERR value is not an integer or out of range");
  if (rc == MEDLEY_OK) rc = keep(call, &call->client->bucket, call->argv[1]);
  if (rc == MEDLEY_OK) med_reply_ok(call->reply);
  return rc;
}

static int auth_command(med_redis_call *call) {
  if (call->argc > 3) return med_redis_syntax_error(call);
  if (call->argc == 2)
    return med_redis_error(call, MEDLEY_ERROR,
                           "ERR AUTH <password> called without any password configured for the default user. Are you "
                           "sure your configuration is correct?");
  if (med_redis_arg_is(call, 1, "default")) { /* the default user has no password: every one will do */
    med_reply_ok(call->reply);
    return MEDLEY_OK;
  }
  return med_redis_error(call, MEDLEY_ERROR, "WRONGPASS invalid username-password pair or user is disabled.");
}

static void reply_pair(med_redis_call *call, const char *name, const char *text) {
  med_reply_bulk_text(call->reply, name);
  med_reply_bulk_text(call->reply, text);
}

/* A name is printed in lists, so it may not hold what separates there. */
static int set_name(med_redis_call *call, med_slice name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = ((const char *)name.bytes)[i];
    if (c < '!' || c > '~')
      return med_redis_error(call, MEDLEY_RANGE,
                             "ERR Client names cannot contain spaces, newlines or special characters.");
  }
  return keep(call, &call->client->name, name);
}

static int hello_options(med_redis_call *call) {
  for (size_t i = 2; i < call->argc; i++) {
    if (med_redis_arg_is(call, i, "auth") && i + 2 < call->argc) {
      if (!med_redis_arg_is(call, i + 1, "default"))
        return med_redis_error(call, MEDLEY_ERROR, "WRONGPASS invalid username-password pair or user is disabled.");
      i += 2;
    } else if (med_redis_arg_is(call, i, "setname") && i + 1 < call->argc) {
      int rc = set_name(call, call->argv[++i]);
      if (rc != MEDLEY_OK) return rc;
    } else {
      return med_redis_error(call, MEDLEY_SYNTAX, "ERR Syntax error in HELLO option '%.*s'", (int)call->argv[i].len,
                             (const char *)call->argv[i].bytes);
    }
  }
  return MEDLEY_OK;
}

static int hello_command(med_redis_call *call) {
  if (call->argc >= 2) {
    int64_t version;
    if (!med_redis_parse_integer(call->argv[1], &version))
      return med_redis_error(call, MEDLEY_RANGE, "ERR Protocol version is not an integer or out of range");
    if (version < 2 || version > 3)
      return med_redis_error(call, MEDLEY_UNSUPPORTED, "NOPROTO unsupported protocol version");
    int rc = hello_options(call);
    if (rc != MEDLEY_OK) return rc;
    call->client->protocol = (int)version;
  }
  med_reply_list_begin(call->reply);
  reply_pair(call, "server", "redis");
  reply_pair(call, "version", "7.0.15");
  med_reply_bulk_text(call->reply, "proto");
  med_reply_integer(call->reply, call->client->protocol);
  med_reply_bulk_text(call->reply, "id");
  med_reply_integer(call->reply, (int64_t)call->client->id);
  reply_pair(call, "mode", "standalone");
  reply_pair(call, "role", "master");
  med_reply_bulk_text(call->reply, "modules");
  med_reply_list_begin(call->reply);
  med_reply_list_end(call->reply);
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

static int reset_command(med_redis_call *call) {
  struct med_redis_client *client = call->client;
  med_redis_multi_end(client);
  med_redis_unsubscribe_all(client);
  client->bucket.len = 0;
  client->name.len = 0;
  client->protocol = 2;
  med_reply_status(call->reply, "RESET");
  return MEDLEY_OK;
}

static int quit_command(med_redis_call *call) {
  med_redis_multi_end(call->client);
  med_reply_ok(call->reply);
  return MEDLEY_OK;
}

/* ---- CLIENT ---- */

static int client_id_command(med_redis_call *call) {
  med_reply_integer(call->reply, (int64_t)call->client->id);
  return MEDLEY_OK;
}

static int client_getname_command(med_redis_call *call) {
  if (call->client->name.len == 0)
    med_reply_null(call->reply);
  else
    med_reply_bulk(call->reply, call->client->name.bytes, call->client->name.len);
  return MEDLEY_OK;
}

static int client_setname_command(med_redis_call *call) {
  int rc = set_name(call, call->argv[2]);
  if (rc == MEDLEY_OK) med_reply_ok(call->reply);
  return rc;
}

static int client_no_evict_command(med_redis_call *call) {
  if (!med_redis_arg_is(call, 2, "on") && !med_redis_arg_is(call, 2, "off")) return med_redis_syntax_error(call);
  med_reply_ok(call->reply);
  return MEDLEY_OK;
}

/* One client as CLIENT LIST shows it; what belongs to another session's thread is shown for the asking one only. */
static bool print_client(med_redis_call *call, const struct med_redis_client *client, med_buffer *line) {
  bool own = client == call->client;
  med_slice bucket = own ? med_redis_client_bucket(client) : med_slice_of("?", 1);
  int64_t age = (med_store_now_us(call->hub->store) - client->opened_us) / 1000000;
  char command[MED_REDIS_NAME_MAX + 1] = "?";
  const char *last = own && client->last_command != NULL ? client->last_command : "?";
  for (size_t i = 0; i < MED_REDIS_NAME_MAX && last[i] != '\0'; i++) command[i] = last[i] == ' ' ? '|' : last[i];
  return med_buffer_printf(
      line, "id=%llu name=%.*s age=%lld db=%.*s sub=%zu psub=%zu ssub=%zu multi=%lld cmd=%s resp=%d\n",
      (unsigned long long)client->id, own ? (int)client->name.len : 0,
      own && client->name.len > 0 ? client->name.bytes : "", (long long)age, (int)bucket.len,
      (const char *)bucket.bytes, client->channels[0].count, client->channels[1].count, client->channels[2].count,
      own && client->in_multi ? (long long)client->queue_count : -1, command, own ? client->protocol : 2);
}

static int client_info_command(med_redis_call *call) {
  med_buffer line = {0};
  bool printed = print_client(call, call->client, &line);
  if (printed) med_reply_bulk(call->reply, line.bytes, line.len);
  med_buffer_clear(&line);
  return printed ? MEDLEY_OK : med_error_no_memory(med_session_error_slot(call->session));
}

/* Whether the words from argv[2] on ask for this client: TYPE normal or pubsub, or ID and numbers. */
static bool client_wanted(const med_redis_call *call, const struct med_redis_client *client) {
  if (call->argc == 2) return true;
  if (med_redis_arg_is(call, 2, "type")) {
    size_t subscribed = client->channels[0].count + client->channels[1].count + client->channels[2].count;
    return med_redis_arg_is(call, 3, subscribed > 0 ? "pubsub" : "normal");
  }
  int64_t id;
  for (size_t i = 3; i < call->argc; i++)
    if (med_redis_parse_integer(call->argv[i], &id) && id == (int64_t)client->id) return true;
  return false;
}

static int check_client_list(med_redis_call *call) {
  if (call->argc == 2) return MEDLEY_OK;
  if (call->argc == 4 && med_redis_arg_is(call, 2, "type")) {
    static const char *const types[] = {"normal", "master", "replica", "slave", "pubsub"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
      if (med_redis_arg_is(call, 3, types[i])) return MEDLEY_OK;
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR Unknown client type '%.*s'", (int)call->argv[3].len,
                           (const char *)call->argv[3].bytes);
  }
  if (call->argc < 4 || !med_redis_arg_is(call, 2, "id")) return med_redis_syntax_error(call);
  for (size_t i = 3; i < call->argc; i++) {
    int64_t id;
    if (!med_redis_parse_integer(call->argv[i], &id))
      return med_redis_error(call, MEDLEY_RANGE, "ERR Invalid client ID");
  }
  return MEDLEY_OK;
}

static int client_list_command(med_redis_call *call) {
  int rc = check_client_list(call);
  if (rc != MEDLEY_OK) return rc;
  med_buffer lines = {0};
  bool printed = true;
  pthread_mutex_lock(&call->hub->mutex);
  for (struct med_redis_client *client = call->hub->clients; client != NULL && printed; client = client->next)
    if (client_wanted(call, client)) printed = print_client(call, client, &lines);
  pthread_mutex_unlock(&call->hub->mutex);
  if (printed) med_reply_bulk(call->reply, lines.bytes, lines.len);
  med_buffer_clear(&lines);
  return printed ? MEDLEY_OK : med_error_no_memory(med_session_error_slot(call->session));
}

static int acl_whoami_command(med_redis_call *call) {
  med_reply_bulk_text(call->reply, "default");
  return MEDLEY_OK;
}

#define CONNECTION_FLAGS "noscript loading stale fast no_auth allow_busy"
#define CLIENT_FLAGS "noscript loading stale"
#define ADMIN_FLAGS "admin noscript loading stale"
static const med_redis_command commands[] = {
    {"acl", -2, MED_REDIS_KEYLESS, 0, 0, 0, NULL, "", "server", "6.0.0"},
    {"acl whoami", 2, MED_REDIS_KEYLESS, 0, 0, 0, acl_whoami_command, CLIENT_FLAGS, "server", "6.0.0"},
    {"auth", -2, MED_REDIS_KEYLESS, 0, 0, 0, auth_command, CONNECTION_FLAGS, "connection", "1.0.0"},
    {"client", -2, MED_REDIS_KEYLESS, 0, 0, 0, NULL, "", "connection", "2.4.0"},
    {"client getname", 2, MED_REDIS_KEYLESS, 0, 0, 0, client_getname_command, CLIENT_FLAGS, "connection", "2.6.9"},
    {"client id", 2, MED_REDIS_KEYLESS, 0, 0, 0, client_id_command, CLIENT_FLAGS, "connection", "5.0.0"},
    {"client info", 2, MED_REDIS_KEYLESS, 0, 0, 0, client_info_command, CLIENT_FLAGS, "connection", "6.2.0"},
    {"client list", -2, MED_REDIS_KEYLESS, 0, 0, 0, client_list_command, ADMIN_FLAGS, "connection", "2.4.0"},
    {"client no-evict", 3, MED_REDIS_KEYLESS, 0, 0, 0, client_no_evict_command, ADMIN_FLAGS, "connection", "7.0.0"},
    {"client setname", 3, MED_REDIS_KEYLESS, 0, 0, 0, client_setname_command, CLIENT_FLAGS, "connection", "2.6.9"},
    {"echo", 2, MED_REDIS_KEYLESS, 0, 0, 0, echo_command, "loading stale fast", "connection", "1.0.0"},
    {"hello", -1, MED_REDIS_KEYLESS, 0, 0, 0, hello_command, CONNECTION_FLAGS, "connection", "6.0.0"},
    {"ping", -1, MED_REDIS_KEYLESS, 0, 0, 0, ping_command, "fast", "connection", "1.0.0"},
    {"quit", -1, MED_REDIS_CONTROL, 0, 0, 0, quit_command, CONNECTION_FLAGS, "connection", "1.0.0"},
    {"reset", 1, MED_REDIS_CONTROL, 0, 0, 0, reset_command, CONNECTION_FLAGS, "connection", "6.2.0"},
    {"select", 2, MED_REDIS_KEYLESS, 0, 0, 0, select_command, "loading stale fast", "connection", "1.0.0"},
};
const med_redis_table med_redis_connection_commands = {commands, sizeof commands / sizeof commands[0]};
