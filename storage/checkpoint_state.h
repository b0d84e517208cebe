/* checkpoint_state.h - what checkpoint.c and checkpoint_commit.c share; private to them. */
#ifndef MED_STORAGE_CHECKPOINT_STATE_H
#define MED_STORAGE_CHECKPOINT_STATE_H

#include "storage/checkpoint.h"
#include "storage/log.h"

struct med_checkpoint {
  med_store *store;
  char *path;
  med_log log;
  MDB_txn *pin; /* a reader of the checkpoint, or at rest */
  bool pinned;
  bool enabled, unsettled;
  uint64_t pages_then; /* the file's end at the checkpoint */
  uint64_t last_flush_us;
  _Atomic uint64_t commits; /* since the checkpoint, of this process */
  _Atomic bool due, overdue;
  /* Of a commit that LMDB has and the disk may not have yet; the write lock is held meanwhile. */
  _Atomic uint64_t in_flight; /* its number; 0: there is none */
  _Atomic uint32_t landings;  /* grows whenever one has come to its end: what readers wait for */
  _Atomic uint32_t waiting;   /* so many readers do */
  _Atomic uint32_t in_order;  /* so many commits from now on are on disk before LMDB has them: a reader had to wait */
};

/* A checkpoint of commit `id`, which is LMDB's newest. */
MEDLEY_MUST_USE int med_checkpoint_make(med_checkpoint *checkpoint, uint64_t id, medley_error *error);
/* Whether this process, or another one, keeps the pages of the checkpoint. */
bool med_checkpoint_is_pinned(const med_checkpoint *checkpoint);

static inline bool med_checkpoint_is_relaxed(const med_checkpoint *checkpoint) {
  return checkpoint->store->options.durability != MEDLEY_DURABLE;
}

#endif
