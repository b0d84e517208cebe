/* outside.c - a host program of twenty lines, as somebody writes it who has only the installed library. */
#include <medley.h>
#include <stdio.h>

static int print_row(void *context, medley_statement *row) {
  (void)context;
  return printf("%s %lld\n", medley_column_text(row, 0), (long long)medley_column_integer(row, 1)) < 0;
}

int main(int argc, char **argv) {
  medley *db = NULL;
  medley_session *session = NULL;
  medley_error error = {0};
  int rc = medley_open(argc > 1 ? argv[1] : "outside.medley", NULL, &db, &error);
  if (rc == MEDLEY_OK) rc = medley_session_open(db, &session, &error);
  const char *sql = "CREATE TABLE t (name, n); INSERT INTO t VALUES ('answer', 42); SELECT name, n FROM t";
  if (rc == MEDLEY_OK) rc = medley_exec(session, MEDLEY_LANGUAGE_SQL, sql, MEDLEY_NUL_ENDED, print_row, NULL);
  if (rc != MEDLEY_OK) fprintf(stderr, "%s\n", session ? medley_session_error(session)->message : error.message);
  medley_session_close(session);
  return medley_close(db) != MEDLEY_OK || rc != MEDLEY_OK;
}
