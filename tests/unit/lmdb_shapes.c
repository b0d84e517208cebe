/* lmdb_shapes.c - see lmdb_shapes.h. */
#include "tests/unit/lmdb_shapes.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TREES_MAX = 16, VALUE_MAX = 24000, KEY_MAX = 511 };
static const size_t MAP_SIZE = (size_t)256 << 20;

uint64_t test_random(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

uint64_t test_random_below(uint64_t *state, uint64_t end) { return end == 0 ? 0 : test_random(state) % end; }

uint64_t test_seed(const char *name) {
  const char *given = getenv("MEDLEY_TEST_SEED");
  uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
  printf("%s: MEDLEY_TEST_SEED=%llu\n", name, (unsigned long long)seed);
  return seed;
}

const char *lmdb_shape_name(lmdb_shape shape) {
  static const char *const names[SHAPE_COUNT] = {"empty", "small",     "deep",     "overflow", "medley",
                                                 "churn", "free list", "given up", "copy",     "compacted"};
  return names[shape];
}

static void must(int code, const char *what) {
  if (code == MDB_SUCCESS) return;
  fprintf(stderr, "lmdb: %s: %s\n", what, mdb_strerror(code));
  exit(3);
}

static MDB_env *open_env(const char *path, unsigned flags) {
  MDB_env *env;
  must(mdb_env_create(&env), "create");
  must(mdb_env_set_maxdbs(env, TREES_MAX), "maxdbs");
  must(mdb_env_set_mapsize(env, MAP_SIZE), "mapsize");
  must(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC | flags, 0600), "open");
  return env;
}

static MDB_dbi make_tree(MDB_env *env, const char *name, unsigned flags) {
  MDB_txn *txn;
  MDB_dbi tree;
  must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
  must(mdb_dbi_open(txn, name, MDB_CREATE | flags, &tree), name);
  must(mdb_txn_commit(txn), "commit");
  return tree;
}

/* ---- Random records ---- */
typedef struct mix {
  uint64_t *random;
  MDB_dbi tree;
  int integer;
  uint64_t key_space;
  size_t key_max, value_max;
  size_t key_min;
} mix;

static size_t random_key(const mix *m, uint8_t *key) {
  uint64_t number = test_random_below(m->random, m->key_space);
  if (m->integer) {
    uint32_t small = (uint32_t)number + 1;
    memcpy(key, &small, sizeof small);
    return sizeof small;
  }
  size_t len = (size_t)snprintf((char *)key, KEY_MAX, "%llu:", (unsigned long long)(number * 7919 % m->key_space));
  size_t least = m->key_min > len ? m->key_min - len : 0;
  if (len < m->key_max) {
    size_t more = least + (size_t)(number * 31 % (m->key_max - len - least));
    memset(key + len, (int)('a' + number % 26), more);
    len += more;
  }
  return len;
}

/* One put or delete; in one of `deletes` cases of 16 a delete. */
static int change(MDB_txn *txn, const mix *m, unsigned deletes) {
  static const uint8_t zeros[VALUE_MAX];
  uint8_t bytes[KEY_MAX + 1];
  MDB_val key = {random_key(m, bytes), bytes};
  if (test_random_below(m->random, 16) < deletes) {
    int code = mdb_del(txn, m->tree, &key, NULL);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
  }
  size_t size = (size_t)test_random_below(m->random, m->value_max + 1);
  MDB_val value = {size, (void *)(uintptr_t)zeros};
  if (size == 0 || test_random_below(m->random, 4) != 0) return mdb_put(txn, m->tree, &key, &value, 0);
  int code = mdb_put(txn, m->tree, &key, &value, MDB_RESERVE);
  if (code == MDB_SUCCESS) memset(value.mv_data, (int)(size & 0xff), size);
  return code;
}

static void transactions(MDB_env *env, const mix *m, unsigned count, unsigned changes, unsigned deletes) {
  for (unsigned i = 0; i < count; i++) {
    MDB_txn *txn;
    must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
    for (unsigned j = 0; j < changes; j++) must(change(txn, m, deletes), "change");
    if (i % 7 == 5) {
      mdb_txn_abort(txn);
    } else {
      must(mdb_txn_commit(txn), "commit");
    }
  }
}

static void nested(MDB_env *env, const mix *m, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    MDB_txn *parent, *child;
    must(mdb_txn_begin(env, NULL, 0, &parent), "begin");
    for (unsigned j = 0; j < 10; j++) must(change(parent, m, 4), "change");
    must(mdb_txn_begin(env, parent, 0, &child), "nested begin");
    for (unsigned j = 0; j < 20; j++) must(change(child, m, 4), "nested change");
    if (i % 2 == 0) {
      mdb_txn_abort(child);
    } else {
      must(mdb_txn_commit(child), "nested commit");
    }
    must(mdb_txn_commit(parent), "commit");
  }
}

/* ---- Shapes ---- */
static void build_medley(MDB_env *env, uint64_t *random) {
  static const char *const names[] = {"meta", "sql", "kv", "expiry", "wide", "graph", "search", "changes"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    mix m = {random, make_tree(env, names[i], i == 1 ? MDB_INTEGERKEY : 0), i == 1, 300, 200, 4080, 0};
    if (i < 5) transactions(env, &m, 8, 40, 5);
  }
}

static void build_free_list(MDB_env *env, uint64_t *random) {
  mix m = {random, make_tree(env, "t", 0), 0, 5000, 40, 3000, 0};
  transactions(env, &m, 5, 1200, 0);
  MDB_txn *reader, *txn;
  must(mdb_txn_begin(env, NULL, MDB_RDONLY, &reader), "reader");
  transactions(env, &m, 4, 200, 8);
  must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
  must(mdb_drop(txn, m.tree, 0), "empty the tree");
  must(mdb_txn_commit(txn), "commit");
  transactions(env, &m, 5, 100, 8);
  mdb_txn_abort(reader);
  transactions(env, &m, 4, 60, 8);
}

/* The free list has been looked at by then, so that LMDB gives the value's pages back without having written them. */
static void build_given_up(MDB_env *env, uint64_t *random) {
  static const uint8_t big[1 << 20];
  mix m = {random, make_tree(env, "t", 0), 0, 100, 40, 300, 0};
  transactions(env, &m, 10, 20, 5);
  MDB_txn *txn;
  must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
  for (unsigned i = 0; i < 30; i++) must(change(txn, &m, 4), "change");
  MDB_val key = {3, (void *)(uintptr_t) "big"}, value = {sizeof big, (void *)(uintptr_t)big};
  must(mdb_put(txn, m.tree, &key, &value, 0), "put");
  must(mdb_del(txn, m.tree, &key, NULL), "delete");
  must(mdb_txn_commit(txn), "commit");
}

static void build_in(MDB_env *env, lmdb_shape shape, uint64_t *random) {
  if (shape == SHAPE_EMPTY) return;
  if (shape == SHAPE_MEDLEY) {
    build_medley(env, random);
  } else if (shape == SHAPE_FREE_LIST) {
    build_free_list(env, random);
  } else if (shape == SHAPE_GIVEN_UP) {
    build_given_up(env, random);
  } else if (shape == SHAPE_SMALL) {
    mix m = {random, make_tree(env, "t", 0), 0, 20, 20, 40, 0};
    transactions(env, &m, 2, 10, 2);
  } else if (shape == SHAPE_DEEP) {
    mix m = {random, make_tree(env, "t", 0), 0, 4000, KEY_MAX, 20, 480};
    transactions(env, &m, 10, 500, 2);
  } else if (shape == SHAPE_OVERFLOW) {
    mix m = {random, make_tree(env, "t", 0), 0, 60, 30, VALUE_MAX, 0};
    transactions(env, &m, 10, 30, 4);
  } else {
    mix m = {random, make_tree(env, "t", 0), 0, 500, 120, 5000, 0};
    mix integers = {random, make_tree(env, "n", MDB_INTEGERKEY), 1, 300, 0, 300, 0};
    transactions(env, &m, 30, 40, 6);
    transactions(env, &integers, 30, 40, 6);
    nested(env, &m, 10);
  }
}

static void remove_file(const char *path) {
  char lock[5000];
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(path);
  unlink(lock);
}

void lmdb_shape_build(const char *path, lmdb_shape shape, uint64_t seed) {
  uint64_t random = seed;
  remove_file(path);
  if (shape != SHAPE_COPY && shape != SHAPE_COMPACTED) {
    MDB_env *env = open_env(path, 0);
    build_in(env, shape, &random);
    mdb_env_close(env);
    return;
  }
  char origin[4096];
  snprintf(origin, sizeof origin, "%s.origin", path);
  remove_file(origin);
  MDB_env *env = open_env(origin, 0);
  build_in(env, SHAPE_CHURN, &random);
  must(mdb_env_copy2(env, path, shape == SHAPE_COMPACTED ? MDB_CP_COMPACT : 0), "copy");
  mdb_env_close(env);
  remove_file(origin);
}

/* ---- The workout ---- */
typedef struct opened {
  MDB_dbi trees[TREES_MAX];
  unsigned count;
} opened;

static int open_trees(MDB_txn *txn, opened *all) {
  MDB_dbi main_tree;
  MDB_cursor *cursor;
  MDB_val key, value;
  int code = mdb_dbi_open(txn, NULL, 0, &main_tree);
  if (code != MDB_SUCCESS) return code;
  code = mdb_cursor_open(txn, main_tree, &cursor);
  if (code != MDB_SUCCESS) return code;
  while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS && all->count < TREES_MAX - 2) {
    char name[KEY_MAX + 1] = {0};
    memcpy(name, key.mv_data, key.mv_size);
    if (mdb_dbi_open(txn, name, 0, &all->trees[all->count]) == MDB_SUCCESS) all->count++;
  }
  mdb_cursor_close(cursor);
  return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* Reads every byte, forwards or backwards. */
static int read_tree(MDB_txn *txn, MDB_dbi tree, MDB_cursor_op step, uint64_t *sum) {
  MDB_cursor *cursor;
  MDB_val key, value;
  int code = mdb_cursor_open(txn, tree, &cursor);
  if (code != MDB_SUCCESS) return code;
  while ((code = mdb_cursor_get(cursor, &key, &value, step)) == MDB_SUCCESS) {
    const uint8_t *bytes = value.mv_data;
    for (size_t i = 0; i < value.mv_size; i++) *sum = *sum * 31 + bytes[i];
    bytes = key.mv_data;
    for (size_t i = 0; i < key.mv_size; i++) *sum = *sum * 31 + bytes[i];
  }
  mdb_cursor_close(cursor);
  return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

static size_t first_key_size(MDB_txn *txn, MDB_dbi tree) {
  MDB_cursor *cursor;
  MDB_val key = {0, NULL}, value;
  if (mdb_cursor_open(txn, tree, &cursor) != MDB_SUCCESS) return 0;
  int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
  mdb_cursor_close(cursor);
  return code == MDB_SUCCESS ? key.mv_size : 4;
}

/* Deletes some records where a cursor happens to stand. */
static int delete_run(MDB_txn *txn, const mix *m) {
  MDB_cursor *cursor;
  uint8_t bytes[KEY_MAX + 1];
  MDB_val key = {random_key(m, bytes), bytes}, value;
  int code = mdb_cursor_open(txn, m->tree, &cursor);
  if (code != MDB_SUCCESS) return code;
  code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  for (uint64_t left = test_random_below(m->random, 12); left > 0 && code == MDB_SUCCESS; left--) {
    code = mdb_cursor_del(cursor, 0);
    if (code == MDB_SUCCESS) code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
  return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

static int write_some(MDB_txn *txn, MDB_dbi tree, uint64_t *random) {
  unsigned flags = 0;
  int code = mdb_dbi_flags(txn, tree, &flags);
  if (code != MDB_SUCCESS) return code;
  int integer = (flags & MDB_INTEGERKEY) != 0;
  if (integer && first_key_size(txn, tree) != 4) return MDB_SUCCESS;
  size_t value_max = test_random_below(random, 3) == 0 ? 12000 : 200;
  mix m = {random, tree, integer, 600, 120, value_max, 0};
  for (uint64_t left = test_random_below(random, 60); left > 0 && code == MDB_SUCCESS; left--)
    code = change(txn, &m, 8);
  return code == MDB_SUCCESS ? delete_run(txn, &m) : code;
}

static int one_transaction(MDB_env *env, const opened *all, uint64_t *random) {
  MDB_txn *txn;
  int code = mdb_txn_begin(env, NULL, 0, &txn);
  if (code != MDB_SUCCESS) return code;
  for (unsigned i = 0; i < all->count && code == MDB_SUCCESS; i++) code = write_some(txn, all->trees[i], random);
  if (code == MDB_SUCCESS && test_random_below(random, 6) != 0) return mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return code;
}

int lmdb_workout(const char *path, uint64_t seed, unsigned transaction_count) {
  MDB_env *env;
  MDB_txn *txn;
  opened all = {.count = 0};
  uint64_t sum = 0, random = seed;
  must(mdb_env_create(&env), "create");
  must(mdb_env_set_maxdbs(env, TREES_MAX), "maxdbs");
  must(mdb_env_set_mapsize(env, MAP_SIZE), "mapsize");
  int code = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC | MDB_NOLOCK, 0600);
  if (code == MDB_SUCCESS) code = mdb_txn_begin(env, NULL, 0, &txn);
  if (code != MDB_SUCCESS) {
    mdb_env_close(env);
    return code;
  }
  code = open_trees(txn, &all);
  for (unsigned i = 0; i < all.count && code == MDB_SUCCESS; i++) {
    code = read_tree(txn, all.trees[i], MDB_NEXT, &sum);
    if (code == MDB_SUCCESS) code = read_tree(txn, all.trees[i], MDB_PREV, &sum);
  }
  if (code == MDB_SUCCESS) {
    code = mdb_txn_commit(txn);
  } else {
    mdb_txn_abort(txn);
  }
  for (unsigned i = 0; i < transaction_count && code == MDB_SUCCESS; i++) code = one_transaction(env, &all, &random);
  mdb_env_close(env);
  return code;
}

/* ---- Files ---- */
uint8_t *file_load(const char *path, uint64_t *size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) must(errno, path);
  uint8_t *bytes = malloc((size_t)status.st_size + 1);
  if (bytes == NULL || read(fd, bytes, (size_t)status.st_size) != status.st_size) must(EIO, path);
  close(fd);
  *size = (uint64_t)status.st_size;
  return bytes;
}

void file_store(const char *path, const uint8_t *bytes, uint64_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) must(EIO, path);
  close(fd);
}
