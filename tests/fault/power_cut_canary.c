/* power_cut_canary.c - shows that the power-cut simulator can fail, with LMDB alone beneath it.
 *
 * The same workload runs over plain LMDB in four ways. Only the first one keeps LMDB's promise; the simulator must find
 * nothing there and must find losses in the three others:
 *   default        two flushes each commit, folder flushed after creation      0 bad
 *   NOSYNC         no flush at all                                             torn and lost states
 *   NOMETASYNC     the commit's last page is not flushed                       losses, and nothing but losses
 *   no folder      the folder is not flushed after creation                    the file is absent
 *
 * Usage: power_cut_canary RECORDER [--seed=N]; with "workload MODE FOLDER SEED" it is the recorded child. */
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fault/cut.h"
#include "tests/fault/scratch.h"

#define TXN_COUNT 60
#define KEY_COUNT 40
#define MAP_BYTES ((size_t)64 << 20)

typedef struct mode {
  const char *name;
  unsigned flags;
  bool flush_folder;
  bool may_lose, may_tear;
} mode;

static const mode modes[] = {{"default", 0, true, false, false},
                             {"nosync", MDB_NOSYNC, true, true, true},
                             {"nometasync", MDB_NOMETASYNC, true, true, false},
                             {"nofolder", 0, false, true, true}};
#define MODE_COUNT (sizeof modes / sizeof modes[0])

/* Which keys transaction `number` writes, and how long their values are: the reference of this workload. */
static size_t writes_of(uint64_t seed, uint64_t number, uint32_t keys[8], uint32_t lens[8]) {
  fault_random random = fault_random_of(seed, 7, number);
  size_t count = 1 + fault_random_below(&random, 8);
  for (size_t i = 0; i < count; i++) {
    keys[i] = fault_random_below(&random, KEY_COUNT);
    lens[i] = 16 + fault_random_below(&random, 4000);
  }
  return count;
}

static void mark(int fd, uint32_t kind, uint64_t number) {
  fault_mark text = {kind, 0, number};
  if (write(fd, &text, sizeof text) != sizeof text) exit(2);
}

static void put(MDB_txn *txn, MDB_dbi dbi, uint32_t key, uint64_t number, uint32_t len) {
  static char bytes[5000];
  memset(bytes, (int)(number * 31 + key) & 0xff, sizeof bytes);
  memcpy(bytes, &number, sizeof number);
  MDB_val k = {sizeof key, &key}, v = {len, bytes};
  if (mdb_put(txn, dbi, &k, &v, 0) != 0) exit(3);
}

static int run_workload(const mode *how, const char *folder, uint64_t seed) {
  char path[FAULT_PATH_SIZE], marks[FAULT_PATH_SIZE];
  MDB_env *env;
  MDB_txn *txn;
  MDB_dbi dbi;
  fault_scratch_join(path, folder, "raw.mdb");
  fault_scratch_join(marks, folder, "raw.ack");
  int mark_fd = open(marks, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (mdb_env_create(&env) != 0 || mdb_env_set_mapsize(env, MAP_BYTES) != 0) return 3;
  if (mdb_env_open(env, path, MDB_NOSUBDIR | how->flags, 0600) != 0) return 3;
  int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (how->flush_folder && fsync(folder_fd) != 0) return 3;
  close(folder_fd);
  for (uint64_t number = 1; number <= TXN_COUNT; number++) {
    uint32_t keys[8], lens[8];
    size_t count = writes_of(seed, number, keys, lens);
    mark(mark_fd, FAULT_MARK_BEGUN, number);
    if (mdb_txn_begin(env, NULL, 0, &txn) != 0 || mdb_dbi_open(txn, NULL, 0, &dbi) != 0) return 3;
    for (size_t i = 0; i < count; i++) put(txn, dbi, keys[i], number, lens[i]);
    put(txn, dbi, KEY_COUNT, number, sizeof number);
    if (mdb_txn_commit(txn) != 0) return 3;
    mark(mark_fd, FAULT_MARK_ACKED, number);
  }
  mdb_env_close(env);
  return 0;
}

typedef struct checker {
  const fault_trace *trace;
  uint64_t seed;
} checker;

static void marks_until(const fault_trace *trace, size_t end, uint64_t *begun, uint64_t *acked) {
  *begun = *acked = 0;
  for (size_t i = 0; i < end; i++) {
    fault_mark text;
    if (trace->records[i]->type != FAULT_TRACE_MARK) continue;
    memcpy(&text, fault_trace_payload(trace->records[i]), sizeof text);
    if (text.kind == FAULT_MARK_BEGUN) *begun = text.number;
    if (text.kind == FAULT_MARK_ACKED) *acked = text.number;
  }
}

/* Whether the environment holds exactly the state after transaction `number`. */
static bool holds_state(MDB_txn *txn, MDB_dbi dbi, uint64_t seed, uint64_t number) {
  uint64_t writers[KEY_COUNT] = {0};
  uint32_t expected[KEY_COUNT] = {0};
  for (uint64_t n = 1; n <= number; n++) {
    uint32_t keys[8], lens[8];
    size_t count = writes_of(seed, n, keys, lens);
    for (size_t i = 0; i < count; i++) {
      writers[keys[i]] = n;
      expected[keys[i]] = lens[i];
    }
  }
  for (uint32_t key = 0; key < KEY_COUNT; key++) {
    MDB_val k = {sizeof key, &key}, v;
    int rc = mdb_get(txn, dbi, &k, &v);
    if (writers[key] == 0 ? rc != MDB_NOTFOUND : rc != 0 || v.mv_size != expected[key]) return false;
    if (writers[key] == 0) continue;
    const unsigned char *bytes = v.mv_data;
    if (memcmp(bytes, &writers[key], sizeof(uint64_t)) != 0) return false;
    unsigned char fill = (unsigned char)(writers[key] * 31 + key);
    for (size_t i = sizeof(uint64_t); i < v.mv_size; i++) {
      if (bytes[i] != fill) return false;
    }
  }
  return true;
}

static fault_verdict judge(MDB_env *env, const checker *self, uint64_t begun, uint64_t acked, char *why, size_t size) {
  MDB_txn *txn;
  MDB_dbi dbi;
  uint32_t key = KEY_COUNT;
  uint64_t number = 0;
  MDB_val k = {sizeof key, &key}, v;
  if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0) return FAULT_UNOPENABLE;
  if (mdb_dbi_open(txn, NULL, 0, &dbi) != 0) return FAULT_UNOPENABLE;
  int rc = mdb_get(txn, dbi, &k, &v);
  if (rc == 0 && v.mv_size == sizeof number) memcpy(&number, v.mv_data, sizeof number);
  fault_verdict verdict = FAULT_GOOD;
  if (number > begun || (rc != 0 && rc != MDB_NOTFOUND) || !holds_state(txn, dbi, self->seed, number)) {
    verdict = FAULT_INCONSISTENT;
  } else if (number < acked) {
    verdict = FAULT_LOST;
  }
  snprintf(why, size, "state of transaction %llu, acknowledged %llu, begun %llu", (unsigned long long)number,
           (unsigned long long)acked, (unsigned long long)begun);
  mdb_txn_abort(txn);
  return verdict;
}

static fault_verdict check_image(void *context, const char *folder, size_t record_index, char *why, size_t size) {
  const checker *self = context;
  char path[FAULT_PATH_SIZE];
  MDB_env *env;
  uint64_t begun, acked;
  fault_scratch_join(path, folder, "raw.mdb");
  marks_until(self->trace, record_index, &begun, &acked);
  if (mdb_env_create(&env) != 0 || mdb_env_set_mapsize(env, MAP_BYTES) != 0) return FAULT_UNOPENABLE;
  int rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600);
  fault_verdict verdict = FAULT_UNOPENABLE;
  if (rc != 0) {
    snprintf(why, size, "%s", mdb_strerror(rc));
    if (acked == 0) verdict = FAULT_UNACKNOWLEDGED; /* LMDB flushes a new file with its first commit */
  } else {
    verdict = judge(env, self, begun, acked, why, size);
  }
  mdb_env_close(env);
  return verdict;
}

static bool run_mode(const mode *how, const char *program, const char *recorder, uint64_t seed) {
  char scratch[FAULT_PATH_SIZE], files[FAULT_PATH_SIZE], trace_path[FAULT_PATH_SIZE], text[32];
  fault_scratch_make(scratch);
  fault_scratch_join(files, scratch, "files");
  fault_scratch_join(trace_path, scratch, "trace");
  snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
  char command[FAULT_PATH_SIZE + 16];
  snprintf(command, sizeof command, "mkdir %s", files);
  if (system(command) != 0) return false;
  char *const argv[] = {
      (char *)(uintptr_t)program, (char *)(uintptr_t) "workload", (char *)(uintptr_t)how->name, files, text, NULL};
  int rc = fault_scratch_record(recorder, files, trace_path, 0, argv);
  fault_trace trace;
  fault_cut_result result = {0};
  bool good = rc == 0 && fault_trace_open(&trace, trace_path) == 0;
  if (good) {
    checker self = {&trace, seed};
    fault_cut cut = {&trace, scratch, seed, 2, 2, 2, 1, check_image, &self};
    good = fault_cut_run(&cut, &result) == 0 && result.images > 500;
    fault_trace_close(&trace);
  }
  uint64_t bad = fault_cut_bad(&result);
  bool found_enough = how->may_lose ? bad > 0 : bad == 0;
  bool found_too_much = !how->may_tear && bad != result.verdicts[FAULT_LOST];
  printf("%-11s %6llu images, %llu bad:", how->name, (unsigned long long)result.images, (unsigned long long)bad);
  for (int v = FAULT_LOST; v < FAULT_VERDICT_COUNT; v++) {
    printf(" %llu %s;", (unsigned long long)result.verdicts[v], fault_verdict_name((fault_verdict)v));
  }
  printf(" %llu unopenable before the first acknowledgement\n",
         (unsigned long long)result.verdicts[FAULT_UNACKNOWLEDGED]);
  if (!good) printf("%s: the simulator did not work (workload's exit status %d)\n", how->name, rc);
  if (!found_enough || found_too_much) printf("%s: not what it must find: %s\n", how->name, result.first_bad);
  fault_scratch_remove(scratch);
  return good && found_enough && !found_too_much;
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "workload") == 0) {
    for (size_t i = 0; i < MODE_COUNT; i++) {
      if (strcmp(argv[2], modes[i].name) == 0) return run_workload(&modes[i], argv[3], strtoull(argv[4], NULL, 10));
    }
  }
  if (argc < 2) {
    fprintf(stderr, "usage: power_cut_canary RECORDER [--seed=N]\n");
    return 2;
  }
  uint64_t seed = fault_scratch_seed(argc, argv);
  int passed = 0;
  for (size_t i = 0; i < MODE_COUNT; i++) passed += run_mode(&modes[i], argv[0], argv[1], seed);
  printf("%d passed, %d failed\n", passed, (int)MODE_COUNT - passed);
  return passed == (int)MODE_COUNT ? 0 : 1;
}
