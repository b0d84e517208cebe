/* twins.h - pairs of tables, one of which takes the way that is tested and its twin another: the same statements, and the same answers.
 *
 * They stand side by side in one database, which has a file in a folder of its own and a clock that the test moves. A statement is written once, with @
 * where the table's name belongs. Which statements there are, and what may be refused, is the test's own. */
#ifndef TWINS_H
#define TWINS_H

#include "storage/memory.h"
#include "tests/unit/session_kit.h"

typedef struct twins {
  const char *tables[2]; /* in the keyspace k: the one that is tested, and its twin */
  const char *ways[2];   /* how each has its rows, for messages */
  int64_t now_us;        /* the engine's clock */
  uint64_t seed;         /* the engine's, too */
  session_kit kit;
  char folder[64], path[96];
  med_buffer statement;  /* the newest one */
  med_buffer answers[2]; /* rows as text; NUL-ended, however long they are */
  uint64_t compared;     /* pairs of answers */
} twins;

/* ---- Files ---- */
static inline int64_t twins_clock(void *now_us) { return *(int64_t *)now_us; }

static inline void twins_open_file(twins *pair) {
  medley_options options;
  medley_options_init(&options);
  options.durability = MEDLEY_RELAXED;
  options.clock_us = twins_clock;
  options.clock_context = &pair->now_us;
  options.map_size_bytes = (uint64_t)1 << 30;
  options.seed = pair->seed += 2; /* another one each time: versions of the catalog would repeat themselves */
  kit_open_file(&pair->kit, pair->path, &options);
}

/* `tables`, `ways`, `now_us` and `seed` are set, the rest is 0; the pair keeps its place until it is closed. The keyspace is there, the tables are not yet.
 * `name` becomes part of the folder's. */
static inline void twins_open(twins *pair, const char *name) {
  snprintf(pair->folder, sizeof pair->folder, "%s/medley-%s-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", name);
  ck_assert_ptr_nonnull(mkdtemp(pair->folder));
  snprintf(pair->path, sizeof pair->path, "%s/db.medley", pair->folder);
  twins_open_file(pair);
  kit_exec(pair->kit.session, MEDLEY_LANGUAGE_CQL,
           "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
}

static inline void twins_close(twins *pair) {
  char command[128];
  kit_close(&pair->kit);
  med_buffer_clear(&pair->statement);
  for (int i = 0; i < 2; i++) med_buffer_clear(&pair->answers[i]);
  snprintf(command, sizeof command, "rm -r %s", pair->folder);
  ck_assert_int_eq(system(command), 0);
}

static inline void twins_reopen(twins *pair) {
  kit_close(&pair->kit);
  twins_open_file(pair);
}

static inline void twins_maintain(twins *pair, uint64_t slices) {
  medley_error error = {0};
  int more = 0;
  for (; slices > 0; slices--)
    ck_assert_msg(medley_maintain(pair->kit.db, 1, &more, &error) == MEDLEY_OK, "%s", error.message);
}

static inline void twins_print_problem(void *context, const char *problem) {
  (void)context;
  printf("%s\n", problem);
}

static inline void twins_check(twins *pair) {
  medley_error error = {0};
  uint64_t problems = 1;
  ck_assert_msg(medley_check(pair->kit.db, twins_print_problem, NULL, &problems, &error) == MEDLEY_OK, "%s",
                error.message);
  ck_assert_uint_eq(problems, 0);
}

/* ---- Statements ---- */
/* An assertion of Check writes to a file even where it holds, which is too slow for each value. */
static inline void twins_enlarged(bool enlarged) {
  if (!enlarged) ck_abort_msg("memory is short");
}

/* Of one of them; valid until the next one is made. */
static inline const char *twins_statement(twins *pair, const char *form, int table) {
  pair->statement.len = 0;
  for (const char *at; (at = strchr(form, '@')) != NULL; form = at + 1)
    twins_enlarged(med_buffer_printf(&pair->statement, "%.*s%s", (int)(at - form), form, pair->tables[table]));
  twins_enlarged(med_buffer_printf(&pair->statement, "%s", form));
  return pair->statement.bytes;
}

/* Its status. */
static inline int twins_run(twins *pair, medley_language language, const char *form, int table,
                            int (*on_row)(void *, medley_statement *), void *context) {
  const char *text = twins_statement(pair, form, table);
  return medley_exec(pair->kit.session, language, text, MEDLEY_NUL_ENDED, on_row, context);
}

/* What the newest statement that failed says. */
static inline const char *twins_message(const twins *pair) { return medley_session_error(pair->kit.session)->message; }

/* ---- Answers ---- */
static inline void twins_forget_answers(twins *pair) {
  for (int i = 0; i < 2; i++) {
    twins_enlarged(med_buffer_reserve(&pair->answers[i], 1));
    pair->answers[i].len = 0;
    pair->answers[i].bytes[0] = '\0';
  }
}

/* To one of the answers. */
static inline int twins_add_row(void *answer, medley_statement *statement) {
  for (int i = 0; i < medley_column_count(statement); i++) {
    const char *value =
        medley_column_type(statement, i) == MEDLEY_TYPE_NULL ? "NULL" : medley_column_text(statement, i);
    twins_enlarged(med_buffer_printf(answer, "%s|", value));
  }
  twins_enlarged(med_buffer_printf(answer, "%s", "\n"));
  return 0;
}

/* Both answers are the same; if they are not, they are printed from the first line on that differs. `how` is said before the form. */
static inline void twins_agree(twins *pair, const char *how, const char *form) {
  const char *one = pair->answers[0].bytes, *other = pair->answers[1].bytes;
  size_t at = 0, line_start = 0, line = 1;
  for (; one[at] != '\0' && one[at] == other[at]; at++) {
    if (one[at] != '\n') continue;
    line_start = at + 1;
    line++;
  }
  ck_assert_msg(one[at] == other[at], "%s%s\nfrom line %zu on, which differs at byte %zu, %s:\n%.3000s\n%s:\n%.3000s",
                how, form, line, at - line_start + 1, pair->ways[0], one + line_start, pair->ways[1],
                other + line_start);
  pair->compared++;
}

static inline void twins_compare(twins *pair, medley_language language, const char *form) {
  twins_forget_answers(pair);
  for (int i = 0; i < 2; i++) {
    int rc = twins_run(pair, language, form, i, twins_add_row, &pair->answers[i]);
    ck_assert_msg(rc == MEDLEY_OK, "%s of %s: %s", form, pair->tables[i], twins_message(pair));
  }
  twins_agree(pair, "", form);
}

#endif
