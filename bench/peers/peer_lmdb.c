/* peer_lmdb.c - raw LMDB: one unnamed tree, a read transaction for each thread that is renewed for each get, MDB_NOTLS,
 * a map of up to 64 GiB; durable by its two flushes, relaxed by MDB_NOMETASYNC. */
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"

#define MAP_BYTES ((size_t)64 << 30)
#define MAP_BYTES_MIN ((size_t)1 << 30)
#define READER_COUNT 256

typedef struct lmdb_db {
  MDB_env *env;
  MDB_dbi tree;
} lmdb_db;

typedef struct lmdb_connection {
  lmdb_db *db;
  MDB_txn *reader;
  MDB_txn *batch;
  int is_reading; /* the snapshot of the last get is still held: its value is borrowed until the next call */
} lmdb_connection;

static void version(char *text, size_t size) {
  int major, minor, patch;
  mdb_version(&major, &minor, &patch);
  snprintf(text, size, "%d.%d.%d", major, minor, patch);
}

static int fail(int code) { return med_peer_fail("lmdb: %s", mdb_strerror(code)); }

/* The map is halved until it can be had: tools that watch memory leave little room for it. */
static int open_env(const char *path, unsigned flags, MDB_env **env) {
  int code = EINVAL;
  for (size_t map_bytes = MAP_BYTES; code != 0 && map_bytes >= MAP_BYTES_MIN; map_bytes /= 2) {
    code = mdb_env_create(env);
    if (code == 0) code = mdb_env_set_mapsize(*env, map_bytes);
    if (code == 0) code = mdb_env_set_maxreaders(*env, READER_COUNT);
    if (code == 0) code = mdb_env_open(*env, path, MDB_NOSUBDIR | MDB_NOTLS | flags, 0600);
    if (code != 0) mdb_env_close(*env);
  }
  if (code != 0) *env = NULL;
  return code;
}

static int open_db(const med_place *place, void **out) {
  static const unsigned flags[] = {0, MDB_NOMETASYNC, MDB_NOSYNC};
  lmdb_db *db = calloc(1, sizeof *db);
  MDB_txn *txn = NULL;
  char path[4096];
  snprintf(path, sizeof path, "%s/bench.lmdb", place->folder);
  *out = db;
  int code = open_env(path, flags[place->durability], &db->env);
  if (code == 0) code = mdb_txn_begin(db->env, NULL, 0, &txn);
  if (code == 0) code = mdb_dbi_open(txn, NULL, 0, &db->tree);
  if (code == 0) code = mdb_txn_commit(txn);
  return code == 0 ? 0 : fail(code);
}

static void close_db(void *argument) {
  lmdb_db *db = argument;
  if (db->env) mdb_env_close(db->env);
  free(db);
}

static int connect_db(void *argument, void **out) {
  lmdb_connection *connection = calloc(1, sizeof *connection);
  connection->db = argument;
  *out = connection;
  int code = mdb_txn_begin(connection->db->env, NULL, MDB_RDONLY, &connection->reader);
  if (code != 0) return fail(code);
  mdb_txn_reset(connection->reader);
  return 0;
}

static void disconnect_db(void *argument) {
  lmdb_connection *connection = argument;
  if (connection->reader) mdb_txn_abort(connection->reader);
  free(connection);
}

static void end_reading(lmdb_connection *connection) {
  if (connection->is_reading) mdb_txn_reset(connection->reader);
  connection->is_reading = 0;
}

static int get(void *argument, const void *key, size_t key_len, const void **value, size_t *value_len) {
  lmdb_connection *connection = argument;
  MDB_val wanted = {.mv_size = key_len, .mv_data = (void *)(uintptr_t)key}, got;
  end_reading(connection);
  int code = mdb_txn_renew(connection->reader);
  if (code != 0) return fail(code);
  connection->is_reading = 1;
  code = mdb_get(connection->reader, connection->db->tree, &wanted, &got);
  if (code == MDB_NOTFOUND) return MED_KV_MISSING;
  if (code != 0) return fail(code);
  *value = got.mv_data;
  *value_len = got.mv_size;
  return MED_KV_FOUND;
}

static int write_one(lmdb_connection *connection, const void *key, size_t key_len, const void *value,
                     size_t value_len) {
  MDB_val where = {.mv_size = key_len, .mv_data = (void *)(uintptr_t)key};
  MDB_val what = {.mv_size = value_len, .mv_data = (void *)(uintptr_t)value};
  MDB_txn *txn = connection->batch;
  end_reading(connection);
  int code = txn ? 0 : mdb_txn_begin(connection->db->env, NULL, 0, &txn);
  if (code == 0) {
    code =
        value ? mdb_put(txn, connection->db->tree, &where, &what, 0) : mdb_del(txn, connection->db->tree, &where, NULL);
  }
  if (connection->batch) return code;
  if (code == 0) return mdb_txn_commit(txn);
  if (txn) mdb_txn_abort(txn);
  return code;
}

static int put(void *argument, const void *key, size_t key_len, const void *value, size_t value_len) {
  int code = write_one(argument, key, key_len, value, value_len);
  return code == 0 ? 0 : fail(code);
}

static int remove_key(void *argument, const void *key, size_t key_len) {
  int code = write_one(argument, key, key_len, NULL, 0);
  if (code == MDB_NOTFOUND) return MED_KV_MISSING;
  return code == 0 ? MED_KV_FOUND : fail(code);
}

static int begin_batch(void *argument) {
  lmdb_connection *connection = argument;
  int code = mdb_txn_begin(connection->db->env, NULL, 0, &connection->batch);
  return code == 0 ? 0 : fail(code);
}

static int end_batch(void *argument) {
  lmdb_connection *connection = argument;
  int code = mdb_txn_commit(connection->batch);
  connection->batch = NULL;
  return code == 0 ? 0 : fail(code);
}

static int scan(void *argument, const void *from, size_t from_len, int limit, uint64_t *bytes) {
  lmdb_connection *connection = argument;
  MDB_cursor *cursor = NULL;
  MDB_val key = {.mv_size = from_len, .mv_data = (void *)(uintptr_t)from}, value;
  *bytes = 0;
  end_reading(connection);
  int code = mdb_txn_renew(connection->reader);
  if (code == 0) code = mdb_cursor_open(connection->reader, connection->db->tree, &cursor);
  if (code == 0) code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  while (code == 0) {
    *bytes += value.mv_size;
    if (--limit == 0) break;
    code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  if (cursor) mdb_cursor_close(cursor);
  mdb_txn_reset(connection->reader);
  return code == 0 || code == MDB_NOTFOUND ? 0 : fail(code);
}

static const med_kv kv = {.open = open_db,
                          .close = close_db,
                          .connect = connect_db,
                          .disconnect = disconnect_db,
                          .get = get,
                          .put = put,
                          .remove = remove_key,
                          .begin_batch = begin_batch,
                          .end_batch = end_batch,
                          .scan = scan};

const med_peer med_peer_lmdb = {.name = "lmdb",
                                .description = "raw LMDB, one reader a thread, renewed for each get",
                                .version = version,
                                .kv = &kv};
