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

/* Runs on a database of its own, in which the README's tables are; answers the status. */
static int run_example(const char *example, size_t len, medley_error *error) {
  session_kit kit;
  const char *tables = strstr(read_readme(), "```cql\n");
  ck_assert(tables != NULL);
  tables += strlen("```cql\n");
  size_t tables_len = (size_t)(strstr(tables, "\n```") - tables);
  kit_open(&kit);
  int rc = medley_exec(kit.session, MEDLEY_LANGUAGE_CQL, tables, tables_len, NULL, NULL);
  ck_assert_msg(rc == MEDLEY_OK, "the tables: %s", medley_session_error(kit.session)->message);
  rc = medley_exec(kit.session, MEDLEY_LANGUAGE_CQL, example, len, NULL, NULL);
  *error = *medley_session_error(kit.session);
  kit_close(&kit);
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

PROPERTY_MAIN("cql_support", every_example_of_the_support_table_does_what_its_row_says)
