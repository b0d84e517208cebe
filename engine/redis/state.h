/* state.h - the insides of the hub and of a client. Private to the infrastructure of this folder: hub.c, client.c,
 * language.c, blocking.c, scan.c and the commands that are about connections, transactions and channels.
 *
 * Fields of the hub, and each client's subscriptions, messages and waiting keys, are guarded by hub->mutex; all else of a client
 * belongs to its session's thread. */
#ifndef MED_REDIS_STATE_H
#define MED_REDIS_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/redis/client.h"
#include "engine/redis/command.h"
#include "engine/redis/hub.h"
#include "engine/redis/reply.h"
#include "engine/redis/scan.h"

#define MED_REDIS_INDEX_SIZE 2048    /* slots of the command index: a power of two, at most a quarter full */
#define MED_REDIS_NAME_MAX 64        /* of a command with its sub-command */
#define MED_REDIS_MESSAGES_MAX 65536 /* waiting for one client; the oldest give way */

/* A growing set of byte strings, in the order of their coming. */
typedef struct med_redis_names {
  med_buffer *items;
  size_t count, capacity;
} med_redis_names;

typedef enum med_redis_channel_kind {
  MED_REDIS_CHANNEL = 0,
  MED_REDIS_PATTERN = 1,
  MED_REDIS_SHARD = 2,
  MED_REDIS_CHANNEL_KINDS = 3
} med_redis_channel_kind;

typedef struct med_redis_message {
  struct med_redis_message *next;
  med_redis_channel_kind kind;
  med_buffer pattern, channel, payload;
} med_redis_message;

typedef struct med_redis_watch {
  med_buffer bucket, key;
  bool present;
  med_kv_meta meta; /* its borrowed slices are not kept */
} med_redis_watch;

typedef struct med_redis_queued {
  const med_redis_command *command;
  size_t argc;
  med_slice *argv;
} med_redis_queued;

typedef struct med_redis_scan_entry {
  uint64_t cursor; /* 0: free */
  uint64_t used;   /* order of use */
  med_key position;
} med_redis_scan_entry;

struct med_redis_hub {
  med_store *store;
  pthread_mutex_t mutex;
  const med_redis_command *index[MED_REDIS_INDEX_SIZE];
  size_t command_count; /* sub-commands not counted */
  struct med_redis_client *clients;
  uint64_t next_client_id;
  size_t client_count;
  struct med_redis_client *first_waiter, *last_waiter;
  atomic_size_t waiter_count, subscriber_count;
  med_redis_scan_entry *scans; /* MED_REDIS_SCAN_POSITIONS of them, made with the first cursor */
  uint64_t next_cursor, scan_uses;
  int64_t opened_us;
  atomic_uint_fast64_t commands_run, hits, misses, expired;
};

struct med_redis_client {
  medley_session *session;
  struct med_redis_hub *hub;
  struct med_redis_client *next, *previous; /* hub->clients */
  uint64_t id;
  int64_t opened_us;
  int protocol; /* as HELLO chose it: 2 or 3; replies are the same */
  med_buffer name, bucket;
  const char *last_command;

  /* The command that runs now. */
  med_reply reply;
  med_buffer scratch;
  med_arena answer; /* of medley_command's and medley_next_message's reply */
  medley_value answer_value;
  unsigned nesting; /* EXEC runs commands within a command */

  /* MULTI */
  bool in_multi, multi_failed;
  med_arena queue_memory;
  med_redis_queued *queue;
  size_t queue_count, queue_capacity;
  med_redis_watch *watches;
  size_t watch_count, watch_capacity;

  med_buffer effects; /* of PUBLISH and signals, until the commit */

  /* Channels */
  med_redis_names channels[MED_REDIS_CHANNEL_KINDS];
  med_redis_message *first_message, *last_message;
  size_t message_count;

  /* Waiting */
  pthread_cond_t wake;
  bool is_waiter, woken;
  struct med_redis_client *next_waiter, *previous_waiter;
  uint32_t waiting_bucket;
  med_redis_names waiting_keys;
  int64_t waiting_ms;
};

/* The command of these words, with its sub-command; NULL with the message set if there is none or it is refused. */
const med_redis_command *med_redis_find_command(struct med_redis_client *client, size_t argc, const med_slice *argv);
/* By its whole name ("config get"); NULL if there is none. */
const med_redis_command *med_redis_command_named(const struct med_redis_hub *hub, med_slice name);
bool med_redis_arity_holds(const med_redis_command *command, size_t argc);
void med_redis_index_fill(struct med_redis_hub *hub);
/* Every command in the order of the tables; NULL past the last. */
const med_redis_command *med_redis_command_at(size_t index);
/* "streams" and the like for a command of Redis 7.0 that is refused by name; NULL if it is not one of those. */
const char *med_redis_refused(med_slice name);
/* The names of those; empty past the last. */
med_slice med_redis_refused_at(size_t index, const char **reason);

/* Fills call for a command of this client outside of any transaction. */
void med_redis_call_init(struct med_redis_client *client, const med_redis_command *command, size_t argc,
                         const med_slice *argv, med_redis_call *call);
/* The med_access that a command's flags ask for. */
int med_redis_access(unsigned flags);
/* The bucket of a call in a transaction. */
MEDLEY_MUST_USE int med_redis_call_open(med_redis_call *call, med_txn *txn);

/* Runs the command on the selected bucket if that is a cache bucket; *is_cache says so. No transaction is needed. */
MEDLEY_MUST_USE int med_redis_cache_run(med_redis_call *call, bool *is_cache);
/* For what needs a durable bucket: UNSUPPORTED with its message if this one is a cache bucket. */
MEDLEY_MUST_USE int med_redis_refuse_cache(med_redis_call *call, med_slice bucket);

bool med_redis_names_add(med_redis_names *names, med_slice name);    /* false if memory is short; present ones stay */
bool med_redis_names_remove(med_redis_names *names, med_slice name); /* whether it was there */
bool med_redis_names_has(const med_redis_names *names, med_slice name);
void med_redis_names_clear(med_redis_names *names);

/* MULTI */
MEDLEY_MUST_USE int med_redis_queue(struct med_redis_client *client, const med_redis_command *command, size_t argc,
                                    const med_slice *argv);
void med_redis_multi_end(struct med_redis_client *client); /* forgets the queue and the watches */
void med_redis_unwatch(struct med_redis_client *client);

/* Effects: what follows a commit. */
void med_redis_effects_run(struct med_redis_client *client);
/* How many would get a message on this channel now. */
size_t med_redis_receivers(struct med_redis_hub *hub, bool shard, med_slice channel);
MEDLEY_MUST_USE int med_redis_publish_later(struct med_redis_client *client, bool shard, med_slice channel,
                                            med_slice payload);
void med_redis_unsubscribe_all(struct med_redis_client *client);

/* Waiting: from its registration on a client is woken by signals. */
MEDLEY_MUST_USE int med_redis_waiter_add(struct med_redis_client *client);
void med_redis_waiter_remove(struct med_redis_client *client, bool wake_next);
/* OK when woken, NOT_FOUND when the time is up (deadline_ns of CLOCK_MONOTONIC; 0: none), or INTERRUPTED, DEADLINE. */
MEDLEY_MUST_USE int med_redis_waiter_wait(struct med_redis_client *client, int64_t deadline_ns);
int64_t med_redis_monotonic_ns(void);
void med_redis_wake(struct med_redis_hub *hub, uint32_t bucket_id, med_slice key);
/* Until a message has come; same answers. */
MEDLEY_MUST_USE int med_redis_message_wait(struct med_redis_client *client, int64_t deadline_ns,
                                           med_redis_message **message);
void med_redis_message_free(med_redis_message *message);

#endif
