/* commands.c - one index of all tables of commands, and finding the command of some words. */
#include <ctype.h>

#include "engine/redis/state.h"

static const med_redis_table *const tables[] = {
    &med_redis_string_commands,     &med_redis_bit_commands,         &med_redis_key_commands,
    &med_redis_hash_commands,       &med_redis_list_commands,        &med_redis_set_commands,
    &med_redis_sorted_set_commands, &med_redis_sort_commands,        &med_redis_server_commands,
    &med_redis_connection_commands, &med_redis_transaction_commands, &med_redis_pubsub_commands,
};
#define TABLE_COUNT (sizeof tables / sizeof tables[0])

const med_redis_command *med_redis_command_at(size_t index) {
  for (size_t i = 0; i < TABLE_COUNT; i++) {
    if (index < tables[i]->count) return &tables[i]->commands[index];
    index -= tables[i]->count;
  }
  return NULL;
}

static size_t slot_of(const char *name, size_t len) {
  return (size_t)(med_hash64(name, len, 0) & (MED_REDIS_INDEX_SIZE - 1));
}

void med_redis_index_fill(struct med_redis_hub *hub) {
  const med_redis_command *command;
  for (size_t i = 0; (command = med_redis_command_at(i)) != NULL; i++) {
    size_t slot = slot_of(command->name, strlen(command->name));
    while (hub->index[slot] != NULL) slot = (slot + 1) & (MED_REDIS_INDEX_SIZE - 1);
    hub->index[slot] = command;
    if (strchr(command->name, ' ') == NULL) hub->command_count++;
  }
}

/* name is in lower case. */
static const med_redis_command *look_up(const struct med_redis_hub *hub, const char *name, size_t len) {
  for (size_t slot = slot_of(name, len); hub->index[slot] != NULL; slot = (slot + 1) & (MED_REDIS_INDEX_SIZE - 1)) {
    const char *present = hub->index[slot]->name;
    if (strncmp(present, name, len) == 0 && present[len] == 0) return hub->index[slot];
  }
  return NULL;
}

/* Appends in lower case; false if there is no room for it. */
static bool add_lower(char *name, size_t *len, med_slice word) {
  if (word.len > MED_REDIS_NAME_MAX - *len) return false;
  const unsigned char *bytes = word.bytes;
  for (size_t i = 0; i < word.len; i++) {
    if (bytes[i] == 0) return false;
    name[(*len)++] = (char)tolower(bytes[i]);
  }
  return true;
}

const med_redis_command *med_redis_command_named(const struct med_redis_hub *hub, med_slice name) {
  char lower[MED_REDIS_NAME_MAX];
  size_t len = 0;
  return add_lower(lower, &len, name) ? look_up(hub, lower, len) : NULL;
}

static int shown_len(med_slice word, size_t limit) { return (int)(word.len < limit ? word.len : limit); }

static void unknown_command(struct med_redis_client *client, size_t argc, const med_slice *argv) {
  char words[160];
  size_t len = 0;
  words[0] = 0;
  for (size_t i = 1; i < argc && len < 128; i++) {
    size_t take = argv[i].len < 128 - len ? argv[i].len : 128 - len;
    const char *end = memchr(argv[i].bytes, 0, take);
    if (end != NULL) take = (size_t)(end - (const char *)argv[i].bytes);
    words[len++] = '\'';
    memcpy(words + len, argv[i].bytes, take);
    len += take;
    words[len++] = '\'';
    words[len++] = ' ';
    words[len] = 0;
  }
  med_redis_call call = {.session = client->session};
  (void)med_redis_error(&call, MEDLEY_SYNTAX, "ERR unknown command '%.*s', with args beginning with: %s",
                        shown_len(argv[0], 128), (const char *)argv[0].bytes, words);
}

static void refused_command(struct med_redis_client *client, const char *lower, size_t len, const char *reason) {
  char name[MED_REDIS_NAME_MAX + 1];
  for (size_t i = 0; i < len; i++) name[i] = (char)toupper((unsigned char)lower[i]);
  name[len] = 0;
  med_redis_call call = {.session = client->session};
  (void)med_redis_error(&call, MEDLEY_UNSUPPORTED, "ERR %s is not supported (%s)", name, reason);
}

static const med_redis_command *find_sub_command(struct med_redis_client *client, size_t argc, const med_slice *argv,
                                                 const med_redis_command *container) {
  char name[MED_REDIS_NAME_MAX + 1];
  size_t len = strlen(container->name);
  memcpy(name, container->name, len);
  name[len++] = ' ';
  if (argc >= 2 && add_lower(name, &len, argv[1])) {
    const med_redis_command *command = look_up(client->hub, name, len);
    if (command != NULL) return command;
    const char *reason = med_redis_refused(med_slice_of(name, len));
    if (reason != NULL) {
      refused_command(client, name, len, reason);
      return NULL;
    }
  }
  len = strlen(container->name);
  for (size_t i = 0; i < len; i++) name[i] = (char)toupper((unsigned char)name[i]);
  med_redis_call call = {.session = client->session, .command = container};
  if (argc < 2)
    (void)med_redis_wrong_arity(&call);
  else
    (void)med_redis_error(&call, MEDLEY_SYNTAX, "ERR unknown subcommand '%.*s'. Try %.*s HELP.",
                          shown_len(argv[1], 128), (const char *)argv[1].bytes, (int)len, name);
  return NULL;
}

const med_redis_command *med_redis_find_command(struct med_redis_client *client, size_t argc, const med_slice *argv) {
  char name[MED_REDIS_NAME_MAX];
  size_t len = 0;
  if (add_lower(name, &len, argv[0])) {
    const med_redis_command *command = look_up(client->hub, name, len);
    if (command != NULL && (command->handler == NULL || (argc >= 2 && strcmp(command->name, "command") == 0)))
      return find_sub_command(client, argc, argv, command);
    if (command != NULL && memchr(name, ' ', len) == NULL) return command;
    const char *reason = med_redis_refused(med_slice_of(name, len));
    if (reason != NULL && memchr(name, ' ', len) == NULL) {
      refused_command(client, name, len, reason);
      return NULL;
    }
  }
  unknown_command(client, argc, argv);
  return NULL;
}

bool med_redis_arity_holds(const med_redis_command *command, size_t argc) {
  return command->arity >= 0 ? argc == (size_t)command->arity : argc >= (size_t)-command->arity;
}

int med_redis_wrong_arity(med_redis_call *call) {
  char name[MED_REDIS_NAME_MAX];
  size_t len = strlen(call->command->name);
  /* Redis names a sub-command with a bar. */
  for (size_t i = 0; i < len; i++) name[i] = call->command->name[i] == ' ' ? '|' : call->command->name[i];
  return med_redis_error(call, MEDLEY_SYNTAX, "ERR wrong number of arguments for '%.*s' command", (int)len, name);
}
