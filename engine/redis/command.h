/* command.h - one Redis command as the dispatcher of this folder sees it: table entry, call, and reply.
 *
 * A handler finds its transaction open, does its work through models/keyvalue, and builds its reply. It answers MEDLEY_OK,
 * or a failure with Redis's own words in the error slot (med_redis_error); then everything it wrote is undone. */
#ifndef MED_REDIS_COMMAND_H
#define MED_REDIS_COMMAND_H

#include "engine/session.h"
#include "models/keyvalue/keyspace.h"

typedef struct med_reply med_reply;

typedef struct med_redis_call {
  medley_session *session;
  const struct med_redis_command *command;
  med_kv kv;   /* the selected bucket in the statement's transaction */
  size_t argc; /* with the command's name */
  const med_slice *argv;
  med_reply *reply;
  int64_t now_ms;
  struct med_redis_client *client;
  struct med_redis_hub *hub;
  med_buffer *scratch; /* room for values that lie in chunks: kept from call to call */
  bool may_block;      /* false inside a transaction and on the last try of a blocking command */
} med_redis_call;

/* What a blocking command's handler answers to be run again when one of its keys is given elements; see blocking.h. */
#define MED_REDIS_WOULD_BLOCK (-1)

enum {
  MED_REDIS_WRITE = 1 << 0,   /* needs the write lock */
  MED_REDIS_KEYLESS = 1 << 1, /* handler uses neither call->kv nor a transaction */
  MED_REDIS_CONTROL = 1 << 2, /* MULTI, EXEC, DISCARD, WATCH, SUBSCRIBE...: runs at once, even while queueing, without a
                                 transaction of its own */
  MED_REDIS_BLOCKING = 1 << 3, /* may answer MED_REDIS_WOULD_BLOCK, see blocking.h */
  MED_REDIS_NO_MULTI = 1 << 4, /* refused inside MULTI */
  MED_REDIS_CACHE = 1 << 5,    /* also works on a cache bucket: cache_commands.c */
  MED_REDIS_FREES = 1 << 6     /* a write that only gives space back: works on a full disk */
};

typedef struct med_redis_command {
  const char *name; /* lower case; "config get" for a sub-command */
  int arity;        /* as Redis: positive exact, negative at least; counts the name (and the sub-command's name) */
  unsigned flags;
  int first_key, last_key, key_step;    /* as COMMAND INFO tells them */
  int (*handler)(med_redis_call *call); /* NULL: a container of sub-commands */
  const char *acl_flags;                /* COMMAND INFO's flags, space-separated: "write denyoom fast" */
  const char *group;                    /* "string", "hash", ...: COMMAND DOCS' group */
  const char *since;
} med_redis_command;

/* One table in each file of commands; commands.c joins them. */
typedef struct med_redis_table {
  const med_redis_command *commands;
  size_t count;
} med_redis_table;
extern const med_redis_table med_redis_string_commands, med_redis_bit_commands, med_redis_key_commands,
    med_redis_hash_commands, med_redis_list_commands, med_redis_set_commands, med_redis_sorted_set_commands,
    med_redis_sort_commands, med_redis_server_commands, med_redis_connection_commands, med_redis_transaction_commands,
    med_redis_pubsub_commands;

/* Sets the message and answers the status: TYPE for WRONGTYPE, SYNTAX for "ERR syntax error", RANGE, ERROR ... */
int med_redis_error(med_redis_call *call, int status, const char *format, ...) MED_PRINTF(3, 4);
int med_redis_syntax_error(med_redis_call *call);   /* "ERR syntax error" */
int med_redis_not_an_integer(med_redis_call *call); /* "ERR value is not an integer or out of range" */
int med_redis_not_a_float(med_redis_call *call);    /* "ERR value is not a valid float" */

/* Arguments. Numbers as Redis parses them: string2ll's strictness for integers. */
MEDLEY_MUST_USE int med_redis_arg_integer(med_redis_call *call, size_t index, int64_t *integer);
MEDLEY_MUST_USE int med_redis_arg_real(med_redis_call *call, size_t index, double *real);
bool med_redis_arg_is(const med_redis_call *call, size_t index, const char *word); /* without regard to case */
bool med_redis_parse_integer(med_slice text, int64_t *integer);
bool med_redis_parse_real(med_slice text, double *real); /* inf allowed, NaN not, no spaces, no rest */
bool med_redis_glob_match(med_slice pattern, med_slice text, bool ignore_case); /* linear-time safe, bounded */

/* The reply: values are appended to the innermost open list; the outermost one is the reply. Bytes are copied. Failures
 * of memory are remembered and reported once, when the command ends. */
void med_reply_null(med_reply *reply);
void med_reply_integer(med_reply *reply, int64_t integer);
void med_reply_bulk(med_reply *reply, const void *bytes, size_t len);
void med_reply_bulk_slice(med_reply *reply, med_slice slice);
void med_reply_bulk_text(med_reply *reply, const char *text);
void med_reply_real(med_reply *reply, double real); /* as a bulk string in Redis's %.17g form, inf, -inf */
void med_reply_status(med_reply *reply, const char *text);
void med_reply_status_slice(med_reply *reply, med_slice slice);
void med_reply_ok(med_reply *reply);
void med_reply_list_begin(med_reply *reply); /* its length is counted */
void med_reply_list_end(med_reply *reply);
void med_reply_null_list(med_reply *reply);          /* the null array; a null value here */
size_t med_reply_list_count(const med_reply *reply); /* of the innermost open list */

/* Long commands call this in their loops: INTERRUPTED, DEADLINE. */
MEDLEY_MUST_USE int med_redis_poll(med_redis_call *call);

/* The words ... of a message about arguments: "ERR wrong number of arguments for 'x' command". */
int med_redis_wrong_arity(med_redis_call *call);

/* Another bucket of the same transaction, by its name. */
MEDLEY_MUST_USE int med_redis_open_bucket(med_redis_call *call, med_slice name, bool create, med_kv *kv);

/* A key of this call was given elements: wakes blocked pops once the transaction has committed. */
void med_redis_signal_key(med_redis_call *call, med_slice key);

#endif
