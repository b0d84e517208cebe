/* txn.h - what store.c, store_open.c and writer.c share: the insides of an environment and of a transaction.
 *
 * Not for anybody else. A batch is one LMDB write transaction; members' med_txn objects come and go inside of it. */
#ifndef MED_STORAGE_TXN_H
#define MED_STORAGE_TXN_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "storage/log_operations.h"
#include "storage/memory.h"
#include "storage/store.h"

/* LMDB's list of dirty pages ends at 131,071; beyond it pages are spilled, which 0.9.24 does with a leak. */
#define MED_BATCH_PAGES_MAX 120000

/* One LMDB write transaction. Owned by the thread that began it; used by one member at a time. */
typedef struct med_batch {
  MDB_txn *mdb;
  uint64_t id;
  uint64_t operations[MED_TREE_COUNT]; /* puts and deletes so far: an upper bound for dirty pages */
  uint64_t uncounted;                  /* operations since the bounds were looked at */
  bool broken;                         /* LMDB refuses all but an abort */
  med_log_operations redo;             /* what the log gets */
  bool room_known;
  uint64_t room_pages; /* what may still be allocated, as it was when it was looked at */
} med_batch;

struct med_txn {
  med_store *store;
  MDB_txn *mdb;
  med_batch *batch; /* NULL in a reader */
  medley_error *error;
  medley_error own_error; /* where error points unless told otherwise */
  uint64_t id;
  int64_t now_us;
  bool active;
  bool undo_on;
  bool looked;   /* the limits have been looked at; every few hundred writes they are looked at again */
  bool may_fill; /* statements that free space may go on when the limit is reached */
  pthread_t thread;
  uint64_t changes; /* see med_txn_changes */
  uint64_t operations_at_begin[MED_TREE_COUNT];
  med_buffer undo;
  med_buffer scratch;
  med_deferred *deferred; /* NULL: nothing is put off */
  bool settling;          /* it is being made, or its owner looks around: it stays as it is */
};

struct med_store {
  MDB_env *env;
  MDB_dbi trees[MED_TREE_COUNT];
  char *path;
  medley_options options;
  uint64_t map_size_bytes;          /* that could be had */
  int data_fd;                      /* own descriptor: OFD locks, reserve, sizes */
  const uint8_t *fork_guard;        /* a page of ones that a forked child sees as zeros */
  _Atomic uint64_t file_bytes_seen; /* the file has at least this size: it never shrinks */
  MDB_txn *probe;                   /* a reader at rest, renewed to learn the newest commit's number */
  pthread_mutex_t probe_mutex;
  uint8_t identity[16];
  uint32_t format_version; /* of the file */
  bool has_processors;     /* more than one */
  _Atomic int64_t last_now_us;
  pthread_mutex_t random_mutex;
  uint64_t random_state[2];
  _Atomic bool dead;        /* a meta page could not be written: nothing works until reopened */
  _Atomic bool disk_full;   /* the reserve could not be kept: only what frees space may write */
  uint64_t reserved_end;    /* file offset up to which blocks are allocated; writer only */
  uint64_t id_next, id_end; /* numbers taken from the counter and not yet given out; writer only */
  struct med_writer *writer;
  _Atomic uint64_t pinned_id;        /* the snapshot that this process keeps for the checkpoint; 0: none */
  struct med_checkpoint *checkpoint; /* NULL: no redo log (in memory, or only for reading) */
};

/* LMDB's and errno's codes in our terms, in the slot. where: "store: put". */
int med_store_fail(medley_error *error, int mdb_code, const char *where);

int med_store_failed_commit(med_store *store, int code, medley_error *error);

/* ---- The door's parts ---- */
/* A write that the transaction may not make, or none of that size. */
MEDLEY_MUST_USE int med_txn_check_write(med_txn *txn, med_slice key, size_t value_len);
MEDLEY_MUST_USE int med_txn_count_operation(med_txn *txn, med_tree tree);
/* After a put or delete: LMDB's code in our terms; a failure has broken the batch. */
MEDLEY_MUST_USE int med_txn_door_answer(med_txn *txn, int mdb_code, const char *where);

/* ---- Undo ---- An entry: what a key had before, NULL: nothing. Where the tree is MED_UNDO_DEFERRED, a change was put off (old NULL), or such changes were
 * made, and old says how many had been before. */
#define MED_UNDO_DEFERRED MED_TREE_COUNT
MEDLEY_MUST_USE int med_txn_undo_append(med_txn *txn, unsigned tree, med_slice key, const MDB_val *old);

/* ---- Changes put off (deferred.c) ---- Those that a key, or anything of a tree, may have to do with are made. */
MEDLEY_MUST_USE int med_txn_settle_for(med_txn *txn, med_tree tree, med_slice key);
MEDLEY_MUST_USE int med_txn_settle_tree(med_txn *txn, med_tree tree);
void med_txn_undo_deferred(med_txn *txn, bool were_made, const uint8_t *made_before);

/* ---- A batch ---- The caller holds the in-process and cross-process write locks. */
int med_batch_begin(med_store *store, med_batch *batch, medley_error *error);
/* COMMIT_UNKNOWN marks the store dead. The batch is over in any case. */
int med_batch_commit(med_store *store, med_batch *batch, medley_error *error);
void med_batch_abort(med_store *store, med_batch *batch);
uint64_t med_batch_pages(const med_store *store, const med_batch *batch);

/* ---- A member's view of a batch ---- */
void med_txn_attach(med_txn *txn, med_store *store, med_batch *batch, medley_error *error);
void med_txn_detach(med_txn *txn);
void med_txn_clear(med_txn *txn);

/* ---- Locks between processes ---- on bytes of the data file (store_locks.c); F_RDLCK, F_WRLCK, F_UNLCK. */
typedef enum med_store_lock_place {
  MED_LOCK_IN_USE = 0,  /* shared: has it open */
  MED_LOCK_WRITER = 1,  /* exclusive: writes */
  MED_LOCK_OPENING = 2, /* exclusive: opens or closes; shared: opens for reading */
  MED_LOCK_PIN = 3      /* shared: has pinned the checkpoint */
} med_store_lock_place;
/* 0, or -1 and errno: at once. */
int med_store_set_lock(const med_store *store, short type, med_store_lock_place place);
/* Whether another process has it in any way. */
bool med_store_sees_lock(const med_store *store, med_store_lock_place place);
MEDLEY_MUST_USE int med_store_lock_within(const med_store *store, short type, med_store_lock_place place,
                                          uint32_t timeout_ms, const char *what, medley_error *error);
/* The write lock; BUSY in the end. */
int med_store_lock(med_store *store, uint32_t timeout_ms, medley_error *error);
void med_store_unlock(med_store *store);
/* The lock that says "a living process has pinned the checkpoint" (checkpoint.h): this process's own, and whether another has it. */
MEDLEY_MUST_USE int med_store_show_pin(med_store *store, bool pinned, medley_error *error);
bool med_store_sees_pin(const med_store *store);
int64_t med_store_monotonic_us(void);
/* Keeps blocks allocated behind the end of the file. The caller holds the write lock and has just committed. */
void med_store_keep_reserve(med_store *store);

/* Opens the trees and reads the header; makes both in an empty environment (store_header.c). */
MEDLEY_MUST_USE int med_store_open_contents(med_store *store, const char *path, medley_error *error);
int med_store_flush_directory(const char *path, medley_error *error);

struct med_writer *med_writer_open(med_store *store);
/* Nobody writes any more: the writer's own thread ends, soon, though another process has the write lock. Not in a forked child, which has none. */
void med_writer_stop(struct med_writer *writer);
void med_writer_close(struct med_writer *writer, bool forked); /* NULL is allowed */

#endif
