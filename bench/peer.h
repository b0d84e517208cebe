/* peer.h - what a peer offers to the workloads. One file bench/peers/peer_<name>.c fills one med_peer.
 *
 * Handles are void pointers of the peer's own. Everything that a workload does with a peer happens in one child process
 * that was forked for it, so that its memory, its processor time and its writes are its own; a connection is used by
 * one thread. Functions that can fail answer 0, or -1 after they have written why with med_peer_fail().
 *
 * A peer takes the settings its own users would choose, and says in its file which and why. It keeps its files in
 * place->folder, which exists and is empty; a server's peer finds its socket in place->servers. */
#ifndef MED_BENCH_PEER_H
#define MED_BENCH_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum med_durability {
  MED_DURABLE = 0,  /* a commit that returned is on disk */
  MED_RELAXED = 1,  /* safe against a crash of the process, the last commits may go in a power cut */
  MED_IN_MEMORY = 2 /* the folder is in memory, nothing is flushed */
} med_durability;

typedef struct med_place {
  const char *folder;
  const char *servers; /* folder of the servers' sockets and process ids */
  med_durability durability;
  uint64_t scale;
  int keeps; /* what an earlier open made is there and stays: nothing is emptied, nothing is loaded */
} med_place;

/* Writes the reason of a failure where the harness shows it (one slot a process); always answers -1. */
int med_peer_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *med_peer_failure(void);
/* Process id in servers/<name>.pid, 0 if there is none that lives. */
pid_t med_peer_server(const med_place *place, const char *name);

/* ---- SQL ---- Statements use `?`. Indexes of parameters are from 1, of columns from 0. */
enum { MED_SQL_DONE = 0, MED_SQL_ROW = 1 }; /* of step; -1 is a failure */
typedef struct med_sql {
  int (*open)(const med_place *place, void **db);
  void (*close)(void *db);
  int (*connect)(void *db, void **connection);
  void (*disconnect)(void *connection);
  int (*exec)(void *connection, const char *sql);
  int (*begin)(void *connection, int writes);
  int (*commit)(void *connection);
  int (*prepare)(void *connection, const char *sql, void **statement);
  void (*finalize)(void *statement);
  void (*bind_integer)(void *statement, int index, int64_t integer);
  void (*bind_text)(void *statement, int index, const char *text, size_t len);
  int (*step)(void *statement);
  void (*reset)(void *statement);
  int64_t (*integer)(void *statement, int column);
  const char *(*text)(void *statement, int column, size_t *len);
  int drops_index_of_table; /* its DROP INDEX names the table as well */
} med_sql;

/* ---- Keys and values ---- A put or delete outside of a batch is its own durable write. NULL: the peer has no such. */
enum { MED_KV_FOUND = 0, MED_KV_MISSING = 1 };
typedef struct med_kv {
  int (*open)(const med_place *place, void **db);
  void (*close)(void *db);
  int (*connect)(void *db, void **connection);
  void (*disconnect)(void *connection);
  /* FOUND, MISSING or -1; the value is borrowed until the next call on the connection. */
  int (*get)(void *connection, const void *key, size_t key_len, const void **value, size_t *value_len);
  /* get by way of the peer's query language, prepared; NULL: get is all there is */
  int (*get_prepared)(void *connection, const void *key, size_t key_len, const void **value, size_t *value_len);
  int (*put)(void *connection, const void *key, size_t key_len, const void *value, size_t value_len);
  int (*remove)(void *connection, const void *key, size_t key_len);
  int (*loaded)(void *db); /* the load phase is over, durability counts from here; NULL: it always did */
  int (*begin_batch)(void *connection);
  int (*end_batch)(void *connection);
  /* Up to `limit` pairs from a key on, in key order; the sum of the values' lengths is what is compared. */
  int (*scan)(void *connection, const void *from, size_t from_len, int limit, uint64_t *bytes);
  int (*count)(void *connection, int64_t *count); /* of all pairs; NULL: nobody asks */
  /* A bounded store in memory that evicts: Medley's cache buckets, Redis, memcached. */
  int (*cache_open)(void *db); /* before the first use; NULL: it is there */
  int (*cache_get)(void *connection, const void *key, size_t key_len, const void **value, size_t *value_len);
  int (*cache_put)(void *connection, const void *key, size_t key_len, const void *value, size_t value_len);
  /* Redis commands, whose integer replies are summed (texts count their length, lists their items). They may be held
   * back and sent together, at the latest by flush. */
  int (*command)(void *connection, int word_count, const char *const *words, const size_t *word_lens, int64_t *answers);
  int (*flush)(void *connection, int64_t *answers);
} med_kv;

/* ---- One user's action over all models there are ---- */
typedef struct med_action {
  uint64_t number;       /* of the action: unique, the id of the ledger's row */
  uint32_t payer, payee; /* accounts, 1 ... scale, never equal */
  uint32_t person;       /* whose session it is: 1 ... scale */
  int64_t amount;
} med_action;
/* What must be equal in the end, and what each whole action adds one to: entries, events and touches. */
typedef struct med_audit {
  int64_t balance; /* the sum of all */
  int64_t entries; /* rows of the ledger */
  int64_t events;
  int64_t touches; /* the sum of the sessions' hits */
} med_audit;
typedef struct med_actor {
  int (*open)(const med_place *place,
              void **db); /* loads place->scale accounts of 1,000,000 each, and as many sessions */
  void (*close)(void *db);
  int (*connect)(void *db, void **connection);
  void (*disconnect)(void *connection);
  /* Reads the session (its hits are counted in *hits), moves the amount, writes the ledger and the event, refreshes the
   * session, drops the cached profile; durable when it returns. */
  int (*act)(void *connection, const med_action *action, uint64_t *hits);
  int (*audit)(void *connection, med_audit *audit);
} med_actor;

/* ---- Events: wide-column and analytical ---- Made by med_event_make (workload_widecolumn.h); numbers and times ascend. */
typedef struct med_event {
  uint64_t number;
  int64_t time_us;
  uint32_t user, type, item;
  int64_t price;     /* in cents */
  uint32_t duration; /* in ms */
  uint32_t session, country;
} med_event;
typedef struct med_group {
  uint64_t key, count;
  int64_t sum; /* of prices */
} med_group;
typedef struct med_columns {
  int (*open)(const med_place *place, void **db);
  void (*close)(void *db);
  int (*connect)(void *db, void **connection);
  void (*disconnect)(void *connection);
  /* All of them in one durable commit. Partition: user; in it the order of time and number. */
  int (*append)(void *connection, const med_event *events, int count);
  int (*loaded)(void *db); /* the load phase is over: seal, flush, checkpoint as its users would; NULL: nothing */
  /* Groups of all events by type, ascending; answers how many were written to groups, or -1. */
  int (*by_type)(void *connection, med_group *groups, int limit);
  /* Count and sum of the prices of events with from_us <= time < to_us; the key is unused. */
  int (*sum)(void *connection, int64_t from_us, int64_t to_us, med_group *total);
  /* The users with the most events; of equal ones the lower user first. */
  int (*top_users)(void *connection, med_group *groups, int limit);
  /* The first `limit` events of a user (0: all): their number, and the sum of their prices. */
  int (*partition)(void *connection, uint32_t user, int limit, med_group *total);
} med_columns;

typedef struct med_peer {
  const char *name;
  const char *description; /* with the settings that matter */
  void (*version)(char *text, size_t size);
  const med_sql *sql; /* each NULL if the peer has no such interface */
  const med_kv *kv;
  const med_actor *actor;
  const med_columns *columns;
  const char *server; /* names the server's process-id file, NULL if it runs inside this process */
} med_peer;

/* All that were built in, Medley first; and the names of those that were not found. NULL-ended. */
extern const med_peer *const med_peers[];
extern const char *const med_peers_absent[];
const med_peer *med_peer_find(const char *name);

#endif
