/* command_commands.c - COMMAND: what the table of commands says about itself. */
#include <strings.h>

#include "engine/redis/server_commands.h"
#include "engine/redis/state.h"

static bool is_sub_command(const med_redis_command *command) { return strchr(command->name, ' ') != NULL; }

bool med_redis_words_have(const char *words, const char *word) {
  size_t len = strlen(word);
  for (const char *at = words; (at = strstr(at, word)) != NULL; at += len)
    if ((at == words || at[-1] == ' ') && (at[len] == 0 || at[len] == ' ')) return true;
  return false;
}

/* Redis names a sub-command with a bar. */
static void reply_name(med_redis_call *call, const char *name) {
  char copy[MED_REDIS_NAME_MAX];
  size_t len = strlen(name);
  for (size_t i = 0; i < len; i++) copy[i] = name[i] == ' ' ? '|' : name[i];
  med_reply_bulk(call->reply, copy, len);
}

static bool has_flag(const med_redis_command *command, const char *flag) {
  return med_redis_words_have(command->acl_flags, flag);
}

void med_redis_reply_flags(med_redis_call *call, const char *words) {
  med_reply_list_begin(call->reply);
  for (const char *at = words; *at != 0;) {
    size_t len = strcspn(at, " ");
    med_reply_status_slice(call->reply, med_slice_of(at, len));
    at += len + (at[len] == ' ');
  }
  med_reply_list_end(call->reply);
}

static const char *category_of_group(const char *group) {
  static const char *const names[][2] = {{"string", "@string"},
                                         {"bitmap", "@bitmap"},
                                         {"generic", "@keyspace"},
                                         {"hash", "@hash"},
                                         {"list", "@list"},
                                         {"set", "@set"},
                                         {"pubsub", "@pubsub"},
                                         {"sorted-set", "@sortedset"},
                                         {"connection", "@connection"},
                                         {"server", NULL},
                                         {"transactions", "@transaction"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(names[i][0], group) == 0) return names[i][1];
  return NULL;
}

static void each_category(const med_redis_command *command, void (*on_category)(void *, const char *), void *context) {
  if (has_flag(command, "write")) on_category(context, "@write");
  if (has_flag(command, "readonly")) on_category(context, "@read");
  const char *group = category_of_group(command->group);
  if (group != NULL) on_category(context, group);
  if (has_flag(command, "admin")) {
    on_category(context, "@admin");
    on_category(context, "@dangerous");
  }
  on_category(context, has_flag(command, "fast") ? "@fast" : "@slow");
  if (command->flags & MED_REDIS_BLOCKING) on_category(context, "@blocking");
}

static void reply_category(void *context, const char *category) {
  med_redis_call *call = context;
  med_reply_status(call->reply, category);
}

static void reply_empty(med_redis_call *call) {
  med_reply_list_begin(call->reply);
  med_reply_list_end(call->reply);
}

static void reply_info(med_redis_call *call, const med_redis_command *command) {
  med_reply_list_begin(call->reply);
  reply_name(call, command->name);
  med_reply_integer(call->reply, command->arity);
  med_redis_reply_flags(call, command->acl_flags);
  med_reply_integer(call->reply, command->first_key);
  med_reply_integer(call->reply, command->last_key);
  med_reply_integer(call->reply, command->key_step);
  med_reply_list_begin(call->reply);
  each_category(command, reply_category, call);
  med_reply_list_end(call->reply);
  reply_empty(call); /* tips */
  reply_empty(call); /* key specifications */
  med_reply_list_begin(call->reply);
  size_t len = strlen(command->name);
  const med_redis_command *other;
  for (size_t i = 0; !is_sub_command(command) && (other = med_redis_command_at(i)) != NULL; i++)
    if (strncmp(other->name, command->name, len) == 0 && other->name[len] == ' ') reply_info(call, other);
  med_reply_list_end(call->reply);
  med_reply_list_end(call->reply);
}

const med_redis_command *med_redis_command_of_word(med_redis_call *call, med_slice word) {
  char name[MED_REDIS_NAME_MAX];
  if (word.len > sizeof name) return NULL;
  for (size_t i = 0; i < word.len; i++) {
    char c = ((const char *)word.bytes)[i];
    if (c == ' ') return NULL;
    name[i] = c == '|' ? ' ' : c;
  }
  return med_redis_command_named(call->hub, med_slice_of(name, word.len));
}

static int info_of_all(med_redis_call *call) {
  const med_redis_command *command;
  med_reply_list_begin(call->reply);
  for (size_t i = 0; (command = med_redis_command_at(i)) != NULL; i++)
    if (!is_sub_command(command)) reply_info(call, command);
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

int med_redis_command_command(med_redis_call *call) { return info_of_all(call); }

int med_redis_command_count_command(med_redis_call *call) {
  med_reply_integer(call->reply, (int64_t)call->hub->command_count);
  return MEDLEY_OK;
}

int med_redis_command_info_command(med_redis_call *call) {
  if (call->argc == 2) return info_of_all(call);
  med_reply_list_begin(call->reply);
  for (size_t i = 2; i < call->argc; i++) {
    const med_redis_command *command = med_redis_command_of_word(call, call->argv[i]);
    if (command != NULL)
      reply_info(call, command);
    else
      med_reply_null(call->reply);
  }
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

static void reply_docs(med_redis_call *call, const med_redis_command *command) {
  reply_name(call, command->name);
  med_reply_list_begin(call->reply);
  med_reply_bulk_text(call->reply, "since");
  med_reply_bulk_text(call->reply, command->since);
  med_reply_bulk_text(call->reply, "group");
  med_reply_bulk_text(call->reply, command->group);
  med_reply_list_end(call->reply);
}

int med_redis_command_docs_command(med_redis_call *call) {
  const med_redis_command *command;
  med_reply_list_begin(call->reply);
  for (size_t i = 0; call->argc == 2 && (command = med_redis_command_at(i)) != NULL; i++)
    if (!is_sub_command(command)) reply_docs(call, command);
  for (size_t i = 2; i < call->argc; i++)
    if ((command = med_redis_command_of_word(call, call->argv[i])) != NULL) reply_docs(call, command);
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

/* ---- COMMAND LIST ---- */

typedef struct category_search {
  med_slice wanted;
  bool found;
} category_search;

static void match_category(void *context, const char *category) {
  category_search *search = context;
  if (strlen(category + 1) == search->wanted.len &&
      strncasecmp(category + 1, search->wanted.bytes, search->wanted.len) == 0)
    search->found = true;
}

static bool listed(med_redis_call *call, const med_redis_command *command) {
  if (call->argc == 2) return true;
  if (med_redis_arg_is(call, 3, "pattern"))
    return med_redis_glob_match(call->argv[4], med_slice_of_text(command->name), true);
  if (med_redis_arg_is(call, 3, "module")) return false;
  category_search search = {call->argv[4], false};
  each_category(command, match_category, &search);
  return search.found;
}

int med_redis_command_list_command(med_redis_call *call) {
  bool filter = call->argc == 5 && med_redis_arg_is(call, 2, "filterby") &&
                (med_redis_arg_is(call, 3, "pattern") || med_redis_arg_is(call, 3, "module") ||
                 med_redis_arg_is(call, 3, "aclcat"));
  if (call->argc != 2 && !filter) return med_redis_syntax_error(call);
  const med_redis_command *command;
  med_reply_list_begin(call->reply);
  for (size_t i = 0; (command = med_redis_command_at(i)) != NULL; i++)
    if (listed(call, command) && (call->argc > 2 || !is_sub_command(command))) reply_name(call, command->name);
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}
