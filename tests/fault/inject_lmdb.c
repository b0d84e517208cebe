/* inject_lmdb.c - the part of the injector that makes calls of LMDB fail, whatever the reason would have been.
 *
 * Only calls from outside fail: what LMDB calls of itself is behind its own code, which the failing I/O calls reach. A failed call has
 * done nothing; a failed commit has ended its transaction, as LMDB's own does. */
#include <lmdb.h>

#include "tests/fault/inject.h"

#define EXPORT __attribute__((visibility("default")))

_Static_assert(FAULT_LMDB_DAMAGED == MDB_CORRUPTED && FAULT_LMDB_MAP_FULL == MDB_MAP_FULL, "the same numbers");

extern fault_inject_control fault_inject;

static __thread int depth; /* calls of LMDB that this thread is in */

static int fault_of(const char *call) {
  if (fault_inject.kind != FAULT_INJECT_LMDB || depth > 0) return MDB_SUCCESS;
  return fault_inject_due(FAULT_INJECT_LMDB, call) ? fault_inject.error : MDB_SUCCESS;
}

static void *next_of(const char *name) { return dlsym(RTLD_NEXT, name); }

#define FORWARD(name, parameters, arguments)                    \
  EXPORT int name parameters {                                  \
    static int(*next) parameters;                               \
    if (next == NULL) *(void **)(void *)&next = next_of(#name); \
    int code = fault_of(#name);                                 \
    if (code != MDB_SUCCESS) return code;                       \
    depth++;                                                    \
    code = next arguments;                                      \
    depth--;                                                    \
    return code;                                                \
  }

FORWARD(mdb_env_create, (MDB_env * *env), (env))
FORWARD(mdb_env_open, (MDB_env * env, const char *path, unsigned flags, mdb_mode_t mode), (env, path, flags, mode))
FORWARD(mdb_env_copyfd2, (MDB_env * env, mdb_filehandle_t fd, unsigned flags), (env, fd, flags))
FORWARD(mdb_env_info, (MDB_env * env, MDB_envinfo *info), (env, info))
FORWARD(mdb_env_sync, (MDB_env * env, int force), (env, force))
FORWARD(mdb_env_set_mapsize, (MDB_env * env, size_t size), (env, size))
FORWARD(mdb_env_set_maxreaders, (MDB_env * env, unsigned readers), (env, readers))
FORWARD(mdb_env_set_maxdbs, (MDB_env * env, MDB_dbi count), (env, count))
FORWARD(mdb_txn_begin, (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn), (env, parent, flags, txn))
FORWARD(mdb_txn_renew, (MDB_txn * txn), (txn))
FORWARD(mdb_dbi_open, (MDB_txn * txn, const char *name, unsigned flags, MDB_dbi *dbi), (txn, name, flags, dbi))
FORWARD(mdb_stat, (MDB_txn * txn, MDB_dbi dbi, MDB_stat *stat), (txn, dbi, stat))
FORWARD(mdb_get, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data))
FORWARD(mdb_put, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags),
        (txn, dbi, key, data, flags))
FORWARD(mdb_del, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data))
FORWARD(mdb_cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **cursor), (txn, dbi, cursor))
FORWARD(mdb_cursor_get, (MDB_cursor * cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op), (cursor, key, data, op))
FORWARD(mdb_cursor_del, (MDB_cursor * cursor, unsigned flags), (cursor, flags))
FORWARD(mdb_reader_check, (MDB_env * env, int *dead), (env, dead))

EXPORT int mdb_txn_commit(MDB_txn *txn) {
  static int (*next)(MDB_txn * txn);
  if (next == NULL) *(void **)(void *)&next = next_of("mdb_txn_commit");
  static void (*give_up)(MDB_txn * txn);
  if (give_up == NULL) *(void **)(void *)&give_up = next_of("mdb_txn_abort");
  int code = fault_of("mdb_txn_commit");
  depth++;
  if (code != MDB_SUCCESS)
    give_up(txn);
  else
    code = next(txn);
  depth--;
  return code;
}
