/* txn.h - what store.c, store_open.c and writer.c share: the insides of an environment and of a transaction.
 *
 * Not for anybody else. A batch is one LMDB write transaction; members' med_txn objects come and go inside of it. */
#ifndef MED_STORAGE_TXN_H
#define MED_STORAGE_TXN_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

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
  uint64_t operations_at_begin[MED_TREE_COUNT];
  med_buffer undo;
  med_buffer scratch;
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
  _Atomic int64_t last_now_us;
  pthread_mutex_t random_mutex;
  uint64_t random_state[2];
  _Atomic bool dead;        /* a meta page could not be written: nothing works until reopened */
  _Atomic bool disk_full;   /* the reserve could not be kept: only what frees space may write */
  uint64_t reserved_end;    /* file offset up to which blocks are allocated; writer only */
  uint64_t id_next, id_end; /* numbers taken from the counter and not yet given out; writer only */
  struct med_writer *writer;
};

/* LMDB's and errno's codes in our terms, in the slot. where: "store: put". */
int med_store_fail(medley_error *error, int mdb_code, const char *where);

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

/* The write lock between processes: an OFD lock on a byte of the data file. */
int med_store_lock(med_store *store, uint32_t timeout_ms, medley_error *error);
void med_store_unlock(med_store *store);
/* Keeps blocks allocated behind the end of the file. The caller holds the write lock and has just committed. */
void med_store_keep_reserve(med_store *store);

int med_store_flush_directory(const char *path, medley_error *error);

struct med_writer *med_writer_open(med_store *store);
void med_writer_close(struct med_writer *writer);

#endif
