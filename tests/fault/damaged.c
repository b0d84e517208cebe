/* damaged.c - flipped bits and missing ends: damage is told, never believed, and never a crash.
 *
 * Flips: 2,000 a run, half of them in values, a quarter in keys. LMDB itself, read-only, says where our values and keys lie in the file; for each flip the damaged
 * copy is opened with MEDLEY_OPEN_UNTRUSTED in a child process.
 *   in a value or a key of ours   opening or medley_check must tell it
 *   anywhere else                 it is told, or everything reads as before: never different, never a crash; a hit on the
 *                                 number of a meta page, which LMDB does not check, may show the commit before, whole
 * A flip in a value is also opened without the flag: medley_check must tell it there, too.
 *
 * Truncation: at every page boundary and at odd sizes, opened plainly: an error, or (when only what was free is missing)
 * the same data; never a signal.
 *
 * Usage: damaged [--seed=N] [--flips=N] */
#include <lmdb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/scratch.h"
#include "tests/fault/workload.h"

#define FLIPS_SHORT 2000
#define FLIPS_LONG 200000
#define WORKERS 3
#define TXNS 40
#define PAGE_SIZE 4096
#define TIME_LIMIT_S 60
#define ROUND 250 /* damaged files for one child process */
#define REPORTED_MAX 12
#define SHORTEST 512 /* less than a sector of the first page is a file that was never finished */

typedef enum place { PLACE_OTHER = 0, PLACE_VALUE, PLACE_KEY, PLACE_COUNT } place;
static const char *const place_names[PLACE_COUNT] = {"elsewhere", "in a value", "in a key"};

typedef enum outcome {
  UNFINISHED = 0,
  TOLD_AT_OPEN,
  TOLD_BY_CHECK,
  HARMLESS,
  OLDER, /* the whole of the commit before: a meta page's number was hit, and LMDB has no checksum there */
  DIFFERENT,
  MISSED,
  WRONG_ERROR
} outcome;

/* In shared memory, one for each damaged file of a round. */
typedef struct result {
  uint64_t offset; /* of the flipped byte, or the new length */
  uint8_t mask;    /* 0: truncation */
  uint8_t place;
  uint8_t plain; /* opened without the untrusted flag */
  int outcome;
  char why[160];
} result;

typedef struct damage_test {
  char path[FAULT_PATH_SIZE];
  unsigned char *good, *bad; /* the sound file and the damaged copy */
  uint8_t *places;           /* one for each byte of the file */
  size_t size;
  fault_workload workload;
  medley_options options;
  fault_state states[WORKERS][2]; /* after the last transaction but one, and after the last */
  uint64_t counts[PLACE_COUNT][WRONG_ERROR + 1], bad_count, total;
} damage_test;

static void make_file(damage_test *test) {
  medley *db;
  medley_session *session;
  char why[300];
  if (fault_open(test->path, &test->options, &db, &session, why, sizeof why) != MEDLEY_OK) {
    printf("%s\n", why);
    exit(1);
  }
  int rc = fault_workload_create(&test->workload, session);
  for (uint64_t n = 1; rc == MEDLEY_OK && n <= TXNS; n++) {
    for (uint32_t w = 0; rc == MEDLEY_OK && w < WORKERS; w++) {
      bool committed;
      test->states[w][0] = test->states[w][1];
      rc = fault_workload_run(&test->workload, session, w, n, &test->states[w][1], &committed);
    }
  }
  if (rc != MEDLEY_OK) {
    printf("%s\n", fault_error(session));
    exit(1);
  }
  medley_session_close(session);
  medley_close(db);
}

/* ---- Where things lie ---- */
static const char *map_of(const char *path) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[1024];
  unsigned long long start = 0;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, path) != NULL && strstr(line, "-lock") == NULL) {
      start = strtoull(line, NULL, 16);
      break;
    }
  }
  if (maps != NULL) fclose(maps);
  return (const char *)(uintptr_t)start;
}

static void mark(damage_test *test, const char *map, const MDB_val *bytes, place where) {
  size_t offset = (size_t)((const char *)bytes->mv_data - map);
  if (offset + bytes->mv_size > test->size) exit(3);
  memset(test->places + offset, where, bytes->mv_size);
}

static void mark_tree(damage_test *test, const char *map, MDB_txn *txn, MDB_dbi dbi) {
  MDB_cursor *cursor;
  MDB_val key, value;
  if (mdb_cursor_open(txn, dbi, &cursor) != 0) exit(3);
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
    mark(test, map, &key, PLACE_KEY);
    mark(test, map, &value, PLACE_VALUE);
  }
  mdb_cursor_close(cursor);
}

static void find_places(damage_test *test) {
  MDB_env *env;
  MDB_txn *txn;
  MDB_dbi main_dbi, dbi;
  MDB_cursor *cursor;
  MDB_val key, value;
  if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 32) != 0) exit(3);
  if (mdb_env_open(env, test->path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0) != 0) exit(3);
  const char *map = map_of(test->path);
  if (map == NULL || mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0) exit(3);
  if (mdb_dbi_open(txn, NULL, 0, &main_dbi) != 0 || mdb_cursor_open(txn, main_dbi, &cursor) != 0) exit(3);
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)key.mv_size, (const char *)key.mv_data);
    if (mdb_dbi_open(txn, name, 0, &dbi) == 0) mark_tree(test, map, txn, dbi);
  }
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
  mdb_env_close(env);
}

/* ---- One damaged file, in the child ---- */
static bool is_older(damage_test *test, const result *what, medley_session *session) {
  fault_candidates candidates[WORKERS];
  size_t chosen[WORKERS];
  char why[400];
  for (uint32_t w = 0; w < WORKERS; w++) candidates[w] = (fault_candidates){test->states[w], 2};
  return what->offset < 2 * PAGE_SIZE &&
         fault_workload_judge(&test->workload, session, candidates, chosen, why, sizeof why) == MEDLEY_OK;
}

static outcome look(damage_test *test, const result *what, char *why, size_t why_size) {
  medley_options options = test->options;
  medley *db;
  medley_session *session;
  fault_candidates candidates[WORKERS];
  size_t chosen[WORKERS];
  if (!what->plain) options.flags |= MEDLEY_OPEN_UNTRUSTED;
  int rc = fault_open(test->path, &options, &db, &session, why, why_size);
  if (rc != MEDLEY_OK) {
    bool fits = rc == MEDLEY_CORRUPT || rc == MEDLEY_NOT_A_DATABASE || rc == MEDLEY_NEWER_FORMAT ||
                rc == MEDLEY_CANNOT_OPEN || rc == MEDLEY_UNSUPPORTED;
    return fits ? TOLD_AT_OPEN : WRONG_ERROR;
  }
  outcome found = HARMLESS;
  if (fault_check(db, why, why_size) != MEDLEY_OK) {
    found = TOLD_BY_CHECK;
  } else {
    for (uint32_t w = 0; w < WORKERS; w++) candidates[w] = (fault_candidates){&test->states[w][1], 1};
    rc = fault_workload_judge(&test->workload, session, candidates, chosen, why, why_size);
    if (rc != MEDLEY_OK) found = what->mask != 0 && is_older(test, what, session) ? OLDER : DIFFERENT;
    if (rc == MEDLEY_OK && what->place != PLACE_OTHER) found = MISSED;
  }
  medley_session_close(session);
  medley_close(db);
  return found;
}

static void damage(damage_test *test, const result *what) {
  size_t size = what->mask == 0 ? (size_t)what->offset : test->size;
  memcpy(test->bad, test->good, test->size);
  if (what->mask != 0) test->bad[what->offset] ^= what->mask;
  if (fault_scratch_write(test->path, test->bad, size) != 0) _exit(3);
}

/* Each result from the first unfinished one on. */
static void run_child(damage_test *test, result *results, size_t count) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (size_t i = 0; i < count; i++) {
    if (results[i].outcome != UNFINISHED || results[i].why[0] != 0) continue;
    snprintf(results[i].why, sizeof results[i].why, "was being looked at");
    alarm(TIME_LIMIT_S);
    damage(test, &results[i]);
    char why[400] = "";
    int found = (int)look(test, &results[i], why, sizeof why);
    snprintf(results[i].why, sizeof results[i].why, "%.150s", why);
    results[i].outcome = found;
  }
  _exit(0);
}

static bool is_bad(const result *one) {
  return one->outcome == UNFINISHED || one->outcome == DIFFERENT || one->outcome == MISSED ||
         one->outcome == WRONG_ERROR;
}

static void report(damage_test *test, const result *one) {
  static const char *const names[] = {"crashed",           "told",   "told by check",  "harmless",
                                      "reads differently", "missed", "unfitting error"};
  test->counts[one->place][one->outcome]++;
  test->total++;
  if (!is_bad(one)) return;
  if (test->bad_count++ >= REPORTED_MAX) return;
  if (one->mask == 0) printf("BAD: truncated to %llu bytes:", (unsigned long long)one->offset);
  if (one->mask != 0) {
    printf("BAD: byte %llu (page %llu) ^ %02x %s, opened %s:", (unsigned long long)one->offset,
           (unsigned long long)one->offset / PAGE_SIZE, one->mask, place_names[one->place],
           one->plain ? "plainly" : "as untrusted");
  }
  printf(" %s: %s\n", names[one->outcome], one->why);
}

static void run_round(damage_test *test, result *results, size_t count) {
  for (;;) {
    int status = 0;
    size_t i = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) run_child(test, results, count);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) exit(2);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    while (i < count && !(results[i].outcome == UNFINISHED && results[i].why[0] == 'w')) i++;
    if (i == count || WIFEXITED(status)) exit(3);
    snprintf(results[i].why, sizeof results[i].why, "signal %d", WTERMSIG(status));
  }
  for (size_t i = 0; i < count; i++) report(test, &results[i]);
  memset(results, 0, count * sizeof *results);
}

/* ---- The two campaigns ---- */
enum { PLACE_TRIES = 2000 };

/* Any byte; or one of a key or value, of which a file with much free space may have few. */
static uint64_t choose_byte(const damage_test *test, fault_random *random, place wanted) {
  uint64_t offset = fault_random_below(random, (uint32_t)test->size);
  for (int i = 0; wanted != PLACE_OTHER && i < PLACE_TRIES && test->places[offset] != wanted; i++)
    offset = fault_random_below(random, (uint32_t)test->size);
  for (size_t i = 0; wanted != PLACE_OTHER && i < test->size && test->places[offset] != wanted; i++)
    offset = (offset + 1) % test->size;
  return offset;
}

static void flip_bits(damage_test *test, fault_random *random, uint64_t flips, result *results) {
  size_t count = 0;
  for (uint64_t i = 0; i < flips; i++) {
    result *one = &results[count++];
    static const place wanted[] = {PLACE_VALUE, PLACE_KEY, PLACE_VALUE, PLACE_OTHER};
    one->offset = choose_byte(test, random, wanted[i % 4]);
    one->mask = (uint8_t)(1u << fault_random_below(random, 8));
    one->place = test->places[one->offset];
    one->plain = one->place == PLACE_VALUE && i % 4 == 0;
    if (count == ROUND || i + 1 == flips) {
      run_round(test, results, count);
      count = 0;
    }
  }
}

static void cut_ends(damage_test *test, fault_random *random, result *results) {
  size_t count = 0;
  for (uint64_t length = SHORTEST; length < test->size;) {
    result *one = &results[count++];
    one->offset = length;
    one->plain = 1;
    uint64_t next = (length / PAGE_SIZE + 1) * PAGE_SIZE;
    /* Between two boundaries one odd size. */
    length = length % PAGE_SIZE == 0 ? length + 1 + fault_random_below(random, PAGE_SIZE - 1) : next;
    if (count == ROUND || length >= test->size) {
      run_round(test, results, count);
      count = 0;
    }
  }
}

static void print_counts(const damage_test *test) {
  for (int where = 0; where < PLACE_COUNT; where++) {
    const uint64_t *counts = test->counts[where];
    printf(
        "%-10s: %llu told at open, %llu by check, %llu harmless, %llu the commit before, %llu different, %llu missed, "
        "%llu unfitting, %llu "
        "crashed\n",
        place_names[where], (unsigned long long)counts[TOLD_AT_OPEN], (unsigned long long)counts[TOLD_BY_CHECK],
        (unsigned long long)counts[HARMLESS], (unsigned long long)counts[OLDER], (unsigned long long)counts[DIFFERENT],
        (unsigned long long)counts[MISSED], (unsigned long long)counts[WRONG_ERROR],
        (unsigned long long)counts[UNFINISHED]);
  }
}

int main(int argc, char **argv) {
  static damage_test test;
  char folder[FAULT_PATH_SIZE];
  uint64_t seed = fault_scratch_seed(argc, argv);
  uint64_t flips = fault_scratch_number(argc, argv, "--flips", NULL, fault_scratch_long() ? FLIPS_LONG : FLIPS_SHORT);
  fault_random random = fault_random_of(seed, 5, 5);
  fault_scratch_make(folder);
  fault_scratch_join(test.path, folder, "damaged.medley");
  fault_workload_init(&test.workload, seed, WORKERS);
  fault_workload_options(&test.workload, &test.options);
  test.options.map_size_bytes = (uint64_t)64 << 20;
  result *results = mmap(NULL, ROUND * sizeof *results, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (results == MAP_FAILED) return 2;
  make_file(&test);
  test.good = fault_scratch_read(test.path, &test.size);
  test.bad = malloc(test.size);
  test.places = calloc(1, test.size);
  if (test.good == NULL || test.bad == NULL || test.places == NULL) return 2;
  find_places(&test);
  printf("a file of %zu pages\n", test.size / PAGE_SIZE);
  flip_bits(&test, &random, flips, results);
  printf("%llu flips\n", (unsigned long long)test.total);
  print_counts(&test);
  int flips_bad = test.bad_count > 0;
  if (test.counts[PLACE_VALUE][TOLD_AT_OPEN] + test.counts[PLACE_VALUE][TOLD_BY_CHECK] == 0) flips_bad = 1;
  memset(test.counts, 0, sizeof test.counts);
  test.bad_count = test.total = 0;
  cut_ends(&test, &random, results);
  printf("%llu truncations: ", (unsigned long long)test.total);
  print_counts(&test);
  int cuts_bad = test.bad_count > 0;
  fault_scratch_remove(folder);
  printf("%d passed, %d failed\n", 2 - flips_bad - cuts_bad, flips_bad + cuts_bad);
  return flips_bad + cuts_bad == 0 ? 0 : 1;
}
