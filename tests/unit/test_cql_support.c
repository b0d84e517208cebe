/* test_cql_support.c - the support table of engine/cql/README.md is true: every example runs on the tables above it, or is
 * refused by its name with a place, as its row says. */
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/unit/session_kit.h"

#define README SOURCE_ROOT "/engine/cql/README.md"

static const char *read_readme(void) {
  static char text[1 << 16];
  int fd = open(README, O_RDONLY | O_CLOEXEC);
  ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  ck_assert_msg(len > 0 && len < (ssize_t)sizeof text - 1, README);
  close(fd);
  text[len] = '\0';
  return text;
}

#define START_US ((int64_t)1900000000 * 1000000)
#define DAY_US ((int64_t)86400 * 1000000)

/* A database in which the README's tables are; it has a clock of its own. */
typedef struct place {
  session_kit kit;
  int64_t now_us;
} place;

static int64_t read_clock(void *context) { return ((place *)context)->now_us; }

static void place_open(place *p) {
  const char *tables = strstr(read_readme(), "```cql\n");
  ck_assert(tables != NULL);
  tables += strlen("```cql\n");
  size_t tables_len = (size_t)(strstr(tables, "\n```") - tables);
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.clock_us = read_clock;
  options.clock_context = p;
  options.seed = 1;
  p->now_us = START_US;
  kit_open_with(&p->kit, &options);
  int rc = medley_exec(p->kit.session, MEDLEY_LANGUAGE_CQL, tables, tables_len, NULL, NULL);
  ck_assert_msg(rc == MEDLEY_OK, "the tables: %s", medley_session_error(p->kit.session)->message);
}

static int run_in(place *p, const char *text, size_t len, medley_error *error) {
  int rc = medley_exec(p->kit.session, MEDLEY_LANGUAGE_CQL, text, len, NULL, NULL);
  *error = *medley_session_error(p->kit.session);
  return rc;
}

/* ---- Whether a statement's properties matter ---- */
static const char *const follow_up[] = {"INSERT INTO t (a) VALUES (1)",
                                        "SELECT JSON a FROM t",
                                        "INSERT INTO events (user, at, kind) VALUES (2, 5, 'buy')",
                                        "UPDATE events SET tags = tags + {'b'} WHERE user = 1 AND at = 0",
                                        "UPDATE hits SET total = total + 2 WHERE page = 'home'",
                                        "SELECT JSON * FROM events",
                                        "SELECT JSON * FROM events WHERE kind = 'buy'",
                                        "SELECT user, ttl(kind), writetime(kind) FROM events",
                                        "SELECT JSON * FROM hits"};
static const char *const a_day_later[] = {"SELECT JSON a FROM t", "SELECT JSON * FROM events",
                                          "DELETE FROM events WHERE user = 1", "SELECT JSON * FROM events",
                                          "SELECT JSON * FROM hits"};

static bool same_in_both(place *one, place *other, const char *const *statements, size_t count) {
  kit_rows rows[2];
  for (size_t i = 0; i < count; i++) {
    int rc = kit_run(one->kit.session, MEDLEY_LANGUAGE_CQL, statements[i], &rows[0]);
    if (rc != kit_run(other->kit.session, MEDLEY_LANGUAGE_CQL, statements[i], &rows[1])) return false;
    if (strcmp(rows[0].text, rows[1].text) != 0) return false;
  }
  return true;
}

static void let_a_day_pass(place *p) {
  medley_error error;
  int more = 1;
  p->now_us += DAY_US;
  while (more) ck_assert_msg(medley_maintain(p->kit.db, 100000, &more, &error) == MEDLEY_OK, "%s", error.message);
}

/* With the statement, and with it up to its WITH (or without an ALTER): is what follows the same, now and a day later? */
static bool has_effect(const char *example, size_t len) {
  place with, without;
  medley_error error;
  const char *properties = memmem(example, len, " WITH ", 6);
  ck_assert_msg(properties != NULL, "%.*s", (int)len, example);
  place_open(&with);
  place_open(&without);
  ck_assert_int_eq(run_in(&with, example, len, &error), MEDLEY_OK);
  if (strncmp(example, "ALTER", 5) != 0)
    ck_assert_int_eq(run_in(&without, example, (size_t)(properties - example), &error), MEDLEY_OK);
  bool same = same_in_both(&with, &without, follow_up, sizeof follow_up / sizeof *follow_up);
  let_a_day_pass(&with);
  let_a_day_pass(&without);
  same = same && same_in_both(&with, &without, a_day_later, sizeof a_day_later / sizeof *a_day_later);
  kit_close(&with.kit);
  kit_close(&without.kit);
  return !same;
}

static int run_example(const char *example, size_t len, medley_error *error) {
  place p;
  place_open(&p);
  int rc = run_in(&p, example, len, error);
  kit_close(&p.kit);
  return rc;
}

typedef struct counts {
  unsigned runs, no_effect, refused, wrong;
} counts;

/* One example of a row whose outcome is runs, no effect, or refused. */
static void try_example(const char *outcome, const char *example, size_t len, counts *c) {
  medley_error error = {0};
  bool refused = strncmp(outcome, "refused", 7) == 0, no_effect = strncmp(outcome, "no effect", 9) == 0;
  ck_assert_msg(refused || no_effect || strncmp(outcome, "runs", 4) == 0, "%.20s", outcome);
  int rc = run_example(example, len, &error);
  bool right = refused ? rc == MEDLEY_UNSUPPORTED && strstr(error.message, "not supported") != NULL && error.line == 1
                       : rc == MEDLEY_OK;
  if (right && no_effect && has_effect(example, len)) {
    printf("%.9s: %.*s: it has one\n", outcome, (int)len, example);
    c->wrong++;
  }
  if (!right) {
    printf("%.9s: %.*s: %d:%d %s\n", outcome, (int)len, example, error.line, error.column,
           rc == MEDLEY_OK ? "it runs" : error.message);
    c->wrong++;
  }
  c->refused += refused;
  c->no_effect += no_effect;
  c->runs += !refused && !no_effect;
}

/* | form | outcome | `example` `example` | */
static void try_row(const char *row, const char *end, counts *c) {
  const char *outcome = memchr(row + 1, '|', (size_t)(end - row - 1)), *at;
  ck_assert(outcome != NULL);
  at = memchr(outcome + 1, '|', (size_t)(end - outcome - 1));
  ck_assert(at != NULL);
  while ((at = memchr(at, '`', (size_t)(end - at))) != NULL) {
    const char *close = memchr(at + 1, '`', (size_t)(end - at - 1));
    ck_assert_msg(close != NULL, "%.*s", (int)(end - row), row);
    try_example(outcome + 2, at + 1, (size_t)(close - at - 1), c);
    at = close + 1;
  }
}

START_TEST(every_example_of_the_support_table_does_what_its_row_says) {
  counts c = {0};
  const char *row = strstr(read_readme(), "| form | outcome | examples |\n");
  ck_assert(row != NULL);
  row = strchr(strchr(row, '\n') + 1, '\n') + 1; /* behind the line of dashes */
  for (; *row == '|'; row = strchr(row, '\n') + 1) try_row(row, strchr(row, '\n'), &c);
  printf("%u run, %u without effect, %u refused\n", c.runs, c.no_effect, c.refused);
  ck_assert_uint_eq(c.wrong, 0);
  ck_assert(c.runs > 80 && c.no_effect > 2 && c.refused > 30);
}
END_TEST

START_TEST(a_property_that_has_an_effect_is_noticed) {
  static const char *const examples[] = {
      "CREATE TABLE t (a int PRIMARY KEY) WITH comment = 'x' AND default_time_to_live = 50",
      "ALTER TABLE events WITH default_time_to_live = 100000"};
  for (size_t i = 0; i < 2; i++) ck_assert_msg(has_effect(examples[i], strlen(examples[i])), "%s", examples[i]);
}
END_TEST

PROPERTY_MAIN("cql_support", a_property_that_has_an_effect_is_noticed,
              every_example_of_the_support_table_does_what_its_row_says)
