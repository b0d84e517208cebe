/* language.c - the Redis language for the dispatcher, and running one command in the session's transaction.
 *
 *   text ─► words.c ─► argv ─► med_redis_run ─► found? arity? MULTI? ─► statement_begin ─► handler ─► statement_end
 *                                                                            ▲                             │
 *                                                       woken by a signal ───┴── would block: wait ◄───────┘ */
#include "engine/language.h"

#include <stdio.h>

#include "engine/redis/blocking.h"
#include "engine/redis/state.h"
#include "engine/redis/words.h"

/* The id of no bucket: what reads find when a named bucket has not been made yet. */
#define NO_BUCKET 0xFFFFFFFEu
#define SCRATCH_KEPT_MAX ((size_t)1 << 20) /* what a session keeps from a command to the next */

/* ---- Running a command ---- */

void med_redis_call_init(struct med_redis_client *client, const med_redis_command *command, size_t argc,
                         const med_slice *argv, med_redis_call *call) {
  *call = (med_redis_call){.session = client->session,
                           .command = command,
                           .argc = argc,
                           .argv = argv,
                           .reply = &client->reply,
                           .client = client,
                           .hub = client->hub,
                           .scratch = &client->scratch};
}

int med_redis_access(unsigned flags) {
  if (flags & MED_REDIS_FREES) return MED_FREES;
  return flags & MED_REDIS_WRITE ? MED_WRITES : MED_READS;
}

int med_redis_open_bucket(med_redis_call *call, med_slice name, bool create, med_kv *kv) {
  int rc = med_kv_open(call->kv.txn, name, create, kv);
  if (rc != MEDLEY_NOT_FOUND) return rc;
  kv->bucket_id = NO_BUCKET;
  return MEDLEY_OK;
}

int med_redis_call_open(med_redis_call *call, med_txn *txn) {
  call->now_ms = med_txn_now_us(txn) / 1000;
  call->kv.txn = txn;
  /* A named bucket is made by the first command that writes a key to it, or waits for one. */
  const med_redis_command *command = call->command;
  bool create = med_txn_writes(txn) && (command->flags & MED_REDIS_WRITE) &&
                (command->first_key != 0 || (command->flags & MED_REDIS_BLOCKING));
  return med_redis_open_bucket(call, med_redis_client_bucket(call->client), create, &call->kv);
}

/* One try of a command, as a statement of its own or a part of the session's transaction. */
static int run_in_transaction(med_redis_call *call) {
  med_txn *txn;
  int access = med_redis_access(call->command->flags);
  int rc = med_session_statement_begin(call->session, access, &txn);
  if (rc != MEDLEY_OK) return rc;
  rc = med_redis_call_open(call, txn);
  if (rc == MEDLEY_OK) rc = call->command->handler(call);
  if (rc != MED_REDIS_WOULD_BLOCK) return med_session_statement_end(call->session, rc, false);
  rc = med_session_statement_end(call->session, MEDLEY_OK, false);
  return rc == MEDLEY_OK ? MED_REDIS_WOULD_BLOCK : rc;
}

static int run_once(med_redis_call *call) {
  if (call->command->flags & (MED_REDIS_CONTROL | MED_REDIS_KEYLESS)) return call->command->handler(call);
  bool is_cache;
  int rc = med_redis_cache_run(call, &is_cache);
  return rc == MEDLEY_OK && !is_cache ? run_in_transaction(call) : rc;
}

/* In the queue of waiters first, then another look: what is pushed between the two wakes us. */
static int run_blocking(med_redis_call *call) {
  struct med_redis_client *client = call->client;
  int64_t deadline_ns = client->waiting_ms == 0 ? 0 : med_redis_monotonic_ns() + client->waiting_ms * 1000000;
  int rc = med_redis_waiter_add(client);
  while (rc == MEDLEY_OK) {
    med_reply_restart(call->reply);
    rc = run_in_transaction(call);
    if (rc != MED_REDIS_WOULD_BLOCK) break;
    rc = med_redis_waiter_wait(client, deadline_ns);
    if (rc != MEDLEY_NOT_FOUND) continue;
    call->may_block = false;
    rc = MEDLEY_OK;
  }
  med_redis_waiter_remove(client, true);
  return rc;
}

static int run_command(struct med_redis_client *client, const med_redis_command *command, size_t argc,
                       const med_slice *argv) {
  med_redis_call call;
  med_redis_call_init(client, command, argc, argv, &call);
  call.now_ms = 0;
  bool alone =
      med_session_txn(client->session) == NULL && medley_session_state(client->session) == MEDLEY_NO_TRANSACTION;
  call.may_block = alone && (command->flags & MED_REDIS_BLOCKING) != 0;
  size_t position = client->effects.len;
  client->last_command = command->name;
  int rc = run_once(&call);
  if (rc == MED_REDIS_WOULD_BLOCK) rc = run_blocking(&call);
  if (client->scratch.capacity > SCRATCH_KEPT_MAX && client->nesting == 1) med_buffer_clear(&client->scratch);
  if (rc != MEDLEY_OK)
    med_redis_client_rollback_to(client, position);
  else if (alone)
    med_redis_effects_run(client);
  return rc;
}

static int dispatch(struct med_redis_client *client, size_t argc, const med_slice *argv) {
  const med_redis_command *command = med_redis_find_command(client, argc, argv);
  med_redis_call call = {.session = client->session, .command = command};
  int rc = MEDLEY_OK;
  if (command == NULL)
    rc = med_session_error_slot(client->session)->status;
  else if (!med_redis_arity_holds(command, argc))
    rc = med_redis_wrong_arity(&call);
  else if (client->in_multi && (command->flags & MED_REDIS_NO_MULTI))
    rc = med_redis_error(&call, MEDLEY_MISUSE, "ERR Command not allowed inside a transaction");
  if (rc != MEDLEY_OK) {
    if (client->in_multi) client->multi_failed = true;
    return rc;
  }
  if (client->in_multi && !(command->flags & MED_REDIS_CONTROL)) {
    rc = med_redis_queue(client, command, argc, argv);
    if (rc == MEDLEY_OK) med_reply_status(&client->reply, "QUEUED");
    return rc;
  }
  return run_command(client, command, argc, argv);
}

int med_redis_run(medley_session *session, size_t argc, const med_slice *argv, med_arena *memory, medley_value *reply) {
  struct med_redis_client *client;
  int rc;
  med_reply before;
  bool nested = false;
  MED_TRY(med_redis_client_open(session, &client));
  if (argc == 0) {
    rc = med_error_set(med_session_error_slot(session), MEDLEY_SYNTAX, "ERR a command needs a name");
    goto done;
  }
  nested = client->nesting > 0;
  if (nested) before = client->reply;
  client->nesting++;
  med_reply_init(&client->reply, memory);
  atomic_fetch_add_explicit(&client->hub->commands_run, 1, memory_order_relaxed);
  rc = dispatch(client, argc, argv);
  if (rc == MEDLEY_OK) rc = med_reply_take(&client->reply, med_session_error_slot(session), reply);
  client->nesting--;
  if (nested) client->reply = before;
done:
  return rc == MEDLEY_OK ? rc : med_session_fail(session, MEDLEY_LANGUAGE_REDIS, rc);
}

/* ---- Prepared statements ---- */

typedef struct redis_statement {
  med_arena text;   /* the words */
  med_arena memory; /* of one execution: converted parameters and the reply */
  med_redis_words words;
  med_slice *argv;
  size_t argv_capacity;
  medley_value reply;
  bool answered;
  int line, column; /* where the command begins: the place of its errors */
} redis_statement;

static void close_statement(medley_statement *statement) {
  redis_statement *state = statement->state;
  if (state == NULL) return;
  med_arena_clear(&state->text);
  med_arena_clear(&state->memory);
  med_free(state->argv);
  med_free(state);
  statement->state = NULL;
}

static int add_parameters(medley_statement *statement, redis_statement *state) {
  for (size_t i = 0; i < state->words.count; i++) {
    med_redis_word *word = &state->words.items[i];
    if (!word->is_parameter) continue;
    word->parameter = med_statement_add_parameter(statement, word->text.bytes, word->text.len);
    if (word->parameter == 0) return med_error_no_memory(med_session_error_slot(statement->session));
  }
  return MEDLEY_OK;
}

/* Whether it can write; what is not known yet is taken to. */
static bool statement_writes(medley_statement *statement, const redis_statement *state) {
  struct med_redis_client *client;
  med_slice name[2];
  size_t count = state->words.count < 2 ? state->words.count : 2;
  for (size_t i = 0; i < count; i++) name[i] = state->words.items[i].text;
  if (med_redis_client_open(statement->session, &client) != MEDLEY_OK || state->words.items[0].is_parameter)
    return true;
  const med_redis_command *command = med_redis_find_command(client, count, name);
  med_error_clear(med_session_error_slot(statement->session));
  if (command == NULL) return false;
  return med_redis_access(command->flags) != MED_READS || strcmp(command->name, "exec") == 0;
}

static int prepare(medley_statement *statement, const char *text, size_t text_len, size_t *used) {
  medley_error *error = med_session_error_slot(statement->session);
  redis_statement *state = med_alloc_zero(sizeof *state);
  size_t error_offset;
  if (state == NULL) return med_error_no_memory(error);
  statement->state = state;
  int rc = med_redis_words_split(text, text_len, &state->text, &state->words, used, &error_offset);
  if (rc == MEDLEY_SYNTAX) {
    rc = med_error_set(error, rc, "ERR unbalanced quotes in request");
    med_error_set_position(error, text, text_len, error_offset);
  } else if (rc == MEDLEY_NO_MEMORY) {
    rc = med_error_no_memory(error);
  } else if (state->words.count == 0) {
    close_statement(statement);
    return MEDLEY_OK;
  }
  if (rc == MEDLEY_OK) rc = add_parameters(statement, state);
  if (rc == MEDLEY_OK) rc = med_statement_add_column(statement, "reply", 5);
  if (rc != MEDLEY_OK) {
    close_statement(statement);
    return med_session_fail(statement->session, MEDLEY_LANGUAGE_REDIS, rc);
  }
  medley_error begin = {0};
  med_error_set_position(&begin, text, text_len, state->words.items[0].offset);
  state->line = begin.line;
  state->column = begin.column;
  statement->writes = statement_writes(statement, state);
  return MEDLEY_OK;
}

static bool add_word(redis_statement *state, size_t *argc, med_slice word) {
  if (*argc == state->argv_capacity) {
    size_t capacity = state->argv_capacity == 0 ? 8 : state->argv_capacity * 2;
    med_slice *argv = med_realloc(state->argv, capacity * sizeof *argv);
    if (argv == NULL) return false;
    state->argv = argv;
    state->argv_capacity = capacity;
  }
  state->argv[(*argc)++] = word.len > 0 ? word : med_slice_of("", 0);
  return true;
}

/* A value as the word that Redis would have been sent; a list is as many words. */
static int add_value(medley_statement *statement, redis_statement *state, size_t *argc, const medley_value *value,
                     int parameter) {
  medley_error *error = med_session_error_slot(statement->session);
  char text[40];
  int len = 0;
  switch (value->type) {
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_STATUS:
    case MEDLEY_TYPE_BLOB:
      if (add_word(state, argc, med_slice_of(value->as.text.bytes, value->as.text.len))) return MEDLEY_OK;
      return med_error_no_memory(error);
    case MEDLEY_TYPE_BOOLEAN: len = snprintf(text, sizeof text, "%d", value->as.boolean != 0); break;
    case MEDLEY_TYPE_INTEGER: len = snprintf(text, sizeof text, "%lld", (long long)value->as.integer); break;
    case MEDLEY_TYPE_REAL: len = snprintf(text, sizeof text, "%.17g", value->as.real); break;
    case MEDLEY_TYPE_LIST:
      for (size_t i = 0; i < value->as.list.count; i++) {
        if (value->as.list.items[i].type == MEDLEY_TYPE_LIST) goto wrong;
        int rc = add_value(statement, state, argc, &value->as.list.items[i], parameter);
        if (rc != MEDLEY_OK) return rc;
      }
      return MEDLEY_OK;
    default: goto wrong;
  }
  const char *copy = med_arena_copy(&state->memory, text, (size_t)len);
  if (copy != NULL && add_word(state, argc, med_slice_of(copy, (size_t)len))) return MEDLEY_OK;
  return med_error_no_memory(error);
wrong:
  return med_error_set(error, MEDLEY_TYPE, "redis: a word cannot be made of this value: parameter %d is %s", parameter,
                       value->type == MEDLEY_TYPE_NULL ? "null" : "neither text, number nor list");
}

static int step(medley_statement *statement) {
  redis_statement *state = statement->state;
  if (state == NULL || state->answered) return MEDLEY_DONE;
  med_arena_reset(&state->memory);
  size_t argc = 0;
  int rc = MEDLEY_OK;
  for (size_t i = 0; i < state->words.count && rc == MEDLEY_OK; i++) {
    const med_redis_word *word = &state->words.items[i];
    if (word->is_parameter)
      rc = add_value(statement, state, &argc, &statement->parameters[word->parameter - 1].value, word->parameter);
    else if (!add_word(state, &argc, word->text))
      rc = med_error_no_memory(med_session_error_slot(statement->session));
  }
  if (rc != MEDLEY_OK) return med_session_fail(statement->session, MEDLEY_LANGUAGE_REDIS, rc);
  rc = med_redis_run(statement->session, argc, state->argv, &state->memory, &state->reply);
  if (rc != MEDLEY_OK) {
    medley_error *error = med_session_error_slot(statement->session);
    if (error->line == 0) {
      error->line = state->line;
      error->column = state->column;
    }
    return rc;
  }
  state->answered = true;
  statement->row = &state->reply;
  return MEDLEY_ROW;
}

static void reset(medley_statement *statement) {
  redis_statement *state = statement->state;
  if (state != NULL) state->answered = false;
}

const med_language med_language_redis = {
    .id = MEDLEY_LANGUAGE_REDIS, .prepare = prepare, .step = step, .reset = reset, .close = close_statement};

/* ---- Public functions ---- */

int medley_command(medley_session *session, size_t word_count, const char *const *words, const size_t *word_lens,
                   const medley_value **reply) {
  struct med_redis_client *client;
  if (reply != NULL) *reply = NULL;
  int rc = med_session_enter(session);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(med_redis_client_open(session, &client));
  med_arena_reset(&client->answer);
  med_slice *argv = med_arena_alloc(&client->answer, (word_count + 1) * sizeof *argv);
  if (argv == NULL) {
    rc = med_error_no_memory(med_session_error_slot(session));
    goto done;
  }
  for (size_t i = 0; i < word_count; i++) {
    bool ended = word_lens == NULL || word_lens[i] == MEDLEY_NUL_ENDED;
    const char *word = words[i] != NULL ? words[i] : "";
    argv[i] = med_slice_of(word, words[i] == NULL ? 0 : ended ? strlen(word) : word_lens[i]);
  }
  MED_TRY(med_redis_run(session, word_count, argv, &client->answer, &client->answer_value));
  if (reply != NULL) *reply = &client->answer_value;
done:
  med_session_leave(session);
  return rc;
}

static void build_message(med_reply *reply, const med_redis_message *message) {
  static const char *const kinds[] = {"message", "pmessage", "smessage"};
  med_reply_list_begin(reply);
  med_reply_bulk_text(reply, kinds[message->kind]);
  if (message->kind == MED_REDIS_PATTERN) med_reply_bulk(reply, message->pattern.bytes, message->pattern.len);
  med_reply_bulk(reply, message->channel.bytes, message->channel.len);
  med_reply_bulk(reply, message->payload.bytes, message->payload.len);
  med_reply_list_end(reply);
}

int medley_next_message(medley_session *session, uint32_t timeout_ms, const medley_value **message) {
  struct med_redis_client *client;
  med_redis_message *arrived;
  if (message != NULL) *message = NULL;
  int rc = med_session_enter(session);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(med_redis_client_open(session, &client));
  MED_TRY(med_redis_message_wait(client, med_redis_monotonic_ns() + (int64_t)timeout_ms * 1000000, &arrived));
  med_arena_reset(&client->answer);
  med_reply_init(&client->reply, &client->answer);
  build_message(&client->reply, arrived);
  med_redis_message_free(arrived);
  rc = med_reply_take(&client->reply, med_session_error_slot(session), &client->answer_value);
  if (rc == MEDLEY_OK && message != NULL) *message = &client->answer_value;
done:
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) rc = med_session_fail(session, MEDLEY_LANGUAGE_REDIS, rc);
  med_session_leave(session);
  return rc;
}
