/* differential.c - the same answers as stock SQLite.
 *
 * Random statements run on both, in several sessions that take turns, in rounds that begin with new databases and reopen them now
 * and then. Rows, column names, errors and their words, changes, last rowid and the state of the transaction must be equal
 * after each; at intervals everything that the tables hold. On a difference the statements of the round are tried again
 * with parts left out, until what is left is short, and printed.
 *
 * differential [statements]; MEDLEY_TEST_SEED chooses a run. The ordinary one is always the same, so that a failure is the change's;
 * MEDLEY_TEST_LONG=1 runs 1,000,000 statements that nobody has seen before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/differential_pair.h"
#include "tests/fault/scratch.h"

enum {
  STATEMENTS = 50000,
  STATEMENTS_LONG = 1000000,
  ROUND = 2500,
  COMPARE_EVERY = 250,
  REOPEN_EVERY = 600,
  ORDINARY_SEED = 20261127
};

typedef enum step_kind { STEP_STATEMENT, STEP_COMPARE, STEP_REOPEN, STEP_CURSOR, STEP_FINISH } step_kind;
typedef struct step {
  step_kind kind;
  int session;
  sql_statement statement;
} step;

typedef struct script {
  step *steps;
  int count;
} script;

static char folder[FAULT_PATH_SIZE], path[FAULT_PATH_SIZE];

/* ---- Scripts ---- */
static void script_add(script *s, step_kind kind, int session, const sql_statement *statement) {
  step *at = &s->steps[s->count++];
  memset(at, 0, sizeof *at);
  at->kind = kind;
  at->session = session;
  if (statement == NULL) return;
  at->statement = *statement;
  at->statement.text = sqlite3_mprintf("%s", statement->text);
  for (int i = 0; i < statement->parameter_count; i++) {
    sql_parameter *p = &at->statement.parameters[i];
    uint8_t *bytes = malloc(p->len + 1);
    if (bytes == NULL) exit(3);
    memcpy(bytes, p->bytes, p->len);
    p->bytes = bytes;
  }
}

static void script_clear(script *s) {
  for (int i = 0; i < s->count; i++) {
    for (int j = 0; j < s->steps[i].statement.parameter_count; j++) free(s->steps[i].statement.parameters[j].bytes);
    sqlite3_free(s->steps[i].statement.text);
  }
  s->count = 0;
}

static char *take_step(differential_pair *pair, const step *at) {
  switch (at->kind) {
    case STEP_CURSOR: return pair_cursor_open(pair, at->session, at->statement.text);
    case STEP_FINISH: return pair_cursor_finish(pair, at->session);
    case STEP_COMPARE: return pair_compare(pair, at->session);
    case STEP_REOPEN: pair_reopen(pair); return NULL;
    default: return pair_run(pair, at->session, &at->statement);
  }
}

/* Runs the steps that `kept` marks on new databases; answers the first difference, and its step. */
static char *replay(const script *s, const char *kept, int *failed_step) {
  differential_pair *pair = pair_open(path);
  char *found = NULL;
  for (int i = 0; i < s->count && found == NULL; i++) {
    if (!kept[i]) continue;
    found = take_step(pair, &s->steps[i]);
    *failed_step = i;
  }
  pair_close(pair);
  return found;
}

/* The statement, and the statuses and messages of both sides, are what makes two differences the same one. */
static void signature(const char *difference, char *to, size_t size) {
  size_t len = 0;
  const char *at = difference != NULL ? strstr(difference, "\nstock SQLite: ") : NULL;
  for (const char *of = difference; of != NULL && of < at && len + 1 < size; of++) to[len++] = *of;
  for (; at != NULL && len + 1 < size; at = strstr(at + 1, "\nMedley: ")) {
    size_t line = strcspn(at + 1, "\n") + 1;
    for (size_t i = 0; i < line && len + 1 < size; i++) to[len++] = at[i];
  }
  to[len] = '\0';
}

/* Leaves out ever smaller parts as long as the difference stays. */
static void minimize(const script *s, const char *wanted, char *kept, int budget) {
  char signature_wanted[2400], signature_found[2400];
  signature(wanted, signature_wanted, sizeof signature_wanted);
  int failed;
  for (int part = s->count / 2; part >= 1 && budget > 0; part /= 2) {
    for (int begin = 0; begin < s->count && budget > 0; begin += part) {
      char *trial = malloc((size_t)s->count);
      if (trial == NULL) exit(3);
      memcpy(trial, kept, (size_t)s->count);
      int left_out = 0;
      for (int i = begin; i < begin + part && i < s->count; i++) {
        left_out += trial[i];
        trial[i] = 0;
      }
      budget -= left_out > 0;
      char *found = left_out > 0 ? replay(s, trial, &failed) : NULL;
      signature(found, signature_found, sizeof signature_found);
      if (strcmp(signature_found, signature_wanted) == 0) memcpy(kept, trial, (size_t)s->count);
      sqlite3_free(found);
      free(trial);
    }
  }
}

static void print_parameters(const sql_statement *s) {
  for (int i = 0; i < s->parameter_count; i++) {
    const sql_parameter *p = &s->parameters[i];
    if (p->kind == PARAMETER_NULL) printf("  -- ?%d null", i + 1);
    if (p->kind == PARAMETER_INTEGER) printf("  -- ?%d %lld", i + 1, (long long)p->integer);
    if (p->kind == PARAMETER_REAL) printf("  -- ?%d %g", i + 1, p->real);
    if (p->kind == PARAMETER_TEXT) printf("  -- ?%d text of %zu", i + 1, p->len);
    if (p->kind == PARAMETER_BLOB) printf("  -- ?%d blob of %zu", i + 1, p->len);
  }
}

static void report(script *s, const char *first) {
  char *kept = malloc((size_t)s->count);
  int failed = 0;
  if (kept == NULL) exit(3);
  memset(kept, 1, (size_t)s->count);
  printf("DIFFERENCE after %d steps:\n%s\n", s->count, first);
  char *again = replay(s, kept, &failed);
  if (again == NULL) {
    printf("it does not come again from the beginning\n");
  } else {
    sqlite3_free(again);
    minimize(s, first, kept, 400);
    again = replay(s, kept, &failed);
    printf("---- shortest script found\n");
    for (int i = 0; i < s->count; i++) {
      if (!kept[i]) continue;
      const step *at = &s->steps[i];
      static const char *const kinds[] = {"", "-- compare", "-- reopen", "-- begin to read ", "-- read to the end"};
      printf("%d> %s%s;", at->session, kinds[at->kind], at->statement.text != NULL ? at->statement.text : "");
      print_parameters(&at->statement);
      printf("\n");
    }
    printf("----\n%s\n", again != NULL ? again : "");
    sqlite3_free(again);
  }
  free(kept);
}

/* ---- Random rowids ---- */
/* Whether a table has used its greatest rowid after any of the steps: from then on there may be rows whose rowids were drawn, also when
 * that greatest row is gone again, and one more than the greatest of those need not be equal either. */
static bool draws_rowids(const script *s) {
  differential_pair *pair = pair_open(path);
  bool random = false;
  for (int i = 0; i < s->count && !random; i++) {
    sqlite3_free(take_step(pair, &s->steps[i]));
    random = pair_has_random_rowids(pair, s->steps[i].session);
  }
  pair_close(pair);
  return random;
}

/* ---- A round ---- */
static bool changes_schema(const char *text) {
  static const char *const words[] = {"CREATE", "DROP", "ALTER", "ROLLBACK", "RELEASE", "COMMIT", "END"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (sqlite3_strnicmp(text, words[i], (int)strlen(words[i])) == 0) return true;
  return strstr(text, "ROLLBACK") != NULL;
}

static const sql_statement pin = {.text = (char *)(uintptr_t) "SELECT count(*) FROM sqlite_schema"};

/* Now and then a read begins, goes on while other statements run, and ends. */
static char *some_cursor(differential_pair *pair, fault_random *random, script *s, const sql_schema *schema) {
  if (schema->table_count == 0 || !fault_random_percent(random, 8)) return NULL;
  const sql_table *table = &schema->tables[fault_random_below(random, (uint32_t)schema->table_count)];
  sql_statement name = {.text = (char *)(uintptr_t)table->name};
  bool begin = fault_random_percent(random, 50);
  script_add(s, begin ? STEP_CURSOR : STEP_FINISH, 0, begin ? &name : NULL);
  return take_step(pair, &s->steps[s->count - 1]);
}

static void add_counts(pair_counts *total, const pair_counts *more) {
  uint64_t *to = (uint64_t *)total;
  const uint64_t *from = (const uint64_t *)more;
  for (size_t i = 0; i < sizeof *total / sizeof *to; i++) to[i] += from[i];
}

/* Answers false after a difference. */
static bool run_round(uint64_t seed, int statements, script *s, pair_counts *total) {
  bool alone = seed % 3 == 0;
  sql_generator *generator = sql_generator_open(seed, alone);
  if (generator == NULL) exit(3);
  fault_random *random = sql_generator_random(generator);
  differential_pair *pair = pair_open(path);
  static sql_schema schemas[SESSIONS];
  bool fresh[SESSIONS] = {false};
  char *found = NULL;
  int session = 0;
  for (int i = 0; i < statements && found == NULL; i++) {
    sql_statement statement;
    if (!alone && fault_random_percent(random, 12)) session = (int)fault_random_below(random, SESSIONS);
    if (!fresh[session]) {
      /* SQLite finds some errors with the schema that it remembers: both sides look at the same time. */
      script_add(s, STEP_STATEMENT, session, &pin);
      found = take_step(pair, &s->steps[s->count - 1]);
      if (found != NULL) break;
      sql_schema_load(pair_stock(pair, session), &schemas[session]);
      fresh[session] = true;
    }
    sql_generate(generator, &schemas[session], pair_in_transaction(pair, session), &statement);
    script_add(s, STEP_STATEMENT, session, &statement);
    bool was_open = pair_in_transaction(pair, session);
    found = take_step(pair, &s->steps[s->count - 1]);
    /* Medley's snapshot begins with the first read of anything, SQLite's with the first look into a table. */
    if (found == NULL && !alone && !was_open && pair_in_transaction(pair, session)) {
      script_add(s, STEP_STATEMENT, session, &pin);
      found = take_step(pair, &s->steps[s->count - 1]);
    }
    if (changes_schema(statement.text) || (was_open && !pair_in_transaction(pair, session)))
      memset(fresh, 0, sizeof fresh);
    if (!was_open) fresh[session] = fresh[session] && fault_random_percent(random, 95);
    sqlite3_free(statement.text);
    if (alone && found == NULL) found = some_cursor(pair, random, s, &schemas[session]);
    step_kind extra = i % REOPEN_EVERY == REOPEN_EVERY - 1     ? STEP_REOPEN
                      : i % COMPARE_EVERY == COMPARE_EVERY - 1 ? STEP_COMPARE
                                                               : STEP_STATEMENT;
    if (extra == STEP_STATEMENT || found != NULL) continue;
    script_add(s, extra, session, NULL);
    found = take_step(pair, &s->steps[s->count - 1]);
    if (extra == STEP_REOPEN) memset(fresh, 0, sizeof fresh);
  }
  add_counts(total, pair_count(pair));
  pair_close(pair);
  bool random_rowids = found != NULL && draws_rowids(s);
  sql_generator_close(generator);
  if (random_rowids) {
    printf("a round ended early: a table draws random rowids\n");
    total->excuses[EXCUSE_ROWIDS]++;
  }
  if (found == NULL || random_rowids) {
    sqlite3_free(found);
    return true;
  }
  report(s, found);
  sqlite3_free(found);
  return false;
}

/* ---- Counts ---- */
/* How many of a million statements may be let pass: some three times what ordinary runs have. Who changes the generator may have to raise
 * one; who changes the engine has something to explain. */
static const struct {
  const char *name;
  uint64_t per_million;
} limits[EXCUSES] = {[EXCUSE_PRAGMA] = {"PRAGMAs refused", 600},
                     [EXCUSE_ENDLESS] = {"skipped as endless", 60},
                     [EXCUSE_ORDER] = {"failed for another reason", 60},
                     [EXCUSE_MISUSE] = {"transaction statements out of place", 20000},
                     [EXCUSE_WORDS] = {"in other words", 100},
                     [EXCUSE_VIEW] = {"views remembered", 100},
                     [EXCUSE_UNREADABLE] = {"reads that could not begin", 2500},
                     [EXCUSE_ABORTED] = {"reads aborted by a rollback", 100},
                     [EXCUSE_ROWIDS] = {"rounds with random rowids", 20}};
#define EXCUSES_ALWAYS 4 /* in a short run */

/* Answers whether nothing was let pass too often. */
static bool print_counts(const pair_counts *total) {
  bool fair = true;
  printf(
      "%llu statements and looks, %llu rows; %llu failed on both alike (%llu constraints, %llu lock conflicts, %llu "
      "that rolled back), %llu reads across other statements\nlet pass:",
      (unsigned long long)total->statements, (unsigned long long)total->rows, (unsigned long long)total->failed,
      (unsigned long long)total->constraint, (unsigned long long)total->busy, (unsigned long long)total->rolled_back,
      (unsigned long long)total->cursors);
  for (size_t i = 0; i < EXCUSES; i++)
    printf("%s %llu %s", i > 0 ? "," : "", (unsigned long long)total->excuses[i], limits[i].name);
  printf("\n");
  for (size_t i = 0; i < EXCUSES; i++) {
    uint64_t most = EXCUSES_ALWAYS + total->statements * limits[i].per_million / 1000000;
    if (total->excuses[i] <= most) continue;
    printf("TOO MANY: %s: %llu, at most %llu of so many statements\n", limits[i].name,
           (unsigned long long)total->excuses[i], (unsigned long long)most);
    fair = false;
  }
  return fair;
}

int main(int count, char **words) {
  const char *given = getenv("MEDLEY_TEST_SEED"), *is_long = getenv("MEDLEY_TEST_LONG");
  bool goes_on = is_long != NULL && *is_long == '1';
  uint64_t seed = goes_on ? (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid() : ORDINARY_SEED;
  if (given != NULL) seed = strtoull(given, NULL, 0);
  int statements = goes_on ? STATEMENTS_LONG : STATEMENTS;
  if (count > 1) statements = atoi(words[1]);
  fault_scratch_make(folder);
  fault_scratch_join(path, folder, "differential");
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("differential: MEDLEY_TEST_SEED=%llu\n", (unsigned long long)seed);
  pair_counts total = {0};
  script s = {.steps = malloc(sizeof *s.steps * (ROUND * 6))};
  if (s.steps == NULL) exit(3);
  bool good = true;
  for (int done = 0; done < statements && good; done += ROUND) {
    /* The first round repeats with the printed seed, the later ones with the one that a difference prints. */
    uint64_t round_seed = seed + (uint64_t)(done / ROUND);
    good = run_round(round_seed, statements - done < ROUND ? statements - done : ROUND, &s, &total);
    if (!good) printf("repeat with MEDLEY_TEST_SEED=%llu and %d statements\n", (unsigned long long)round_seed, ROUND);
    script_clear(&s);
  }
  free(s.steps);
  fault_scratch_remove(folder);
  bool fair = print_counts(&total);
  printf("%llu passed, %d failed\n", (unsigned long long)(total.statements - !good), !good + !fair);
  return !good || !fair;
}
