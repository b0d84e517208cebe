/* session_kit.h - a database, in memory or in a file, with one session, short forms of the public calls, and checks of their answers. */
#ifndef SESSION_KIT_H
#define SESSION_KIT_H

#include <string.h>

#include "engine/medley.h"
#include "tests/unit/property.h"

typedef struct session_kit {
  medley *db;
  medley_session *session;
} session_kit;

static inline void kit_open_file(session_kit *kit, const char *path, const medley_options *options) {
  medley_error error = {0};
  ck_assert_msg(medley_open(path, options, &kit->db, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_int_eq(medley_session_open(kit->db, &kit->session, &error), MEDLEY_OK);
}

static inline void kit_open_with(session_kit *kit, const medley_options *options) { kit_open_file(kit, NULL, options); }

static inline void kit_open(session_kit *kit) {
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  kit_open_with(kit, &options);
}

static inline void kit_close(session_kit *kit) {
  ck_assert_int_eq(medley_session_close(kit->session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(kit->db), MEDLEY_OK);
}

typedef struct kit_rows {
  char text[4096];
  size_t len;
} kit_rows;

static inline void kit_exec(medley_session *session, medley_language language, const char *text) {
  ck_assert_msg(medley_exec(session, language, text, MEDLEY_NUL_ENDED, NULL, NULL) == MEDLEY_OK, "%s: %s", text,
                medley_session_error(session)->message);
}

/* The lines of a query's plan, each as `write` writes it (it answers its length), joined by " / ". */
static inline void kit_plan(medley_session *session, const char *query, char *plan, size_t size,
                            int (*write)(char *to, size_t size, const char *line)) {
  char text[512];
  snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", query);
  medley_statement *statement;
  ck_assert_msg(medley_prepare(session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, &statement, NULL) == MEDLEY_OK,
                "%s", medley_session_error(session)->message);
  size_t len = 0;
  plan[0] = '\0';
  while (medley_step(statement) == MEDLEY_ROW) {
    len += (size_t)snprintf(plan + len, size - len, "%s", len > 0 ? " / " : "");
    len += (size_t)write(plan + len, size - len, medley_column_text(statement, 3));
  }
  medley_statement_close(statement);
}
/* As a function of the test, plan_line, writes them. */
#define PLAN_IS(session_, query_, plan_)                          \
  do {                                                            \
    char found_[1024];                                            \
    kit_plan(session_, query_, found_, sizeof found_, plan_line); \
    ck_assert_str_eq(found_, plan_);                              \
  } while (0)

/* Columns with '|' between them, rows with '\n' behind them. */
static inline int kit_on_row(void *context, medley_statement *statement) {
  kit_rows *rows = context;
  for (int i = 0; i < medley_column_count(statement); i++) {
    const char *text = medley_column_type(statement, i) == MEDLEY_TYPE_NULL ? "NULL" : medley_column_text(statement, i);
    rows->len +=
        (size_t)snprintf(rows->text + rows->len, sizeof rows->text - rows->len, "%s%s", i > 0 ? "|" : "", text);
  }
  rows->len += (size_t)snprintf(rows->text + rows->len, sizeof rows->text - rows->len, "\n");
  return 0;
}

static inline int kit_run(medley_session *session, medley_language language, const char *text, kit_rows *rows) {
  rows->len = 0;
  rows->text[0] = '\0';
  return medley_exec(session, language, text, MEDLEY_NUL_ENDED, kit_on_row, rows);
}

/* The statement works and answers these rows. */
#define SQL_IS(session_, text_, rows_)                                                             \
  do {                                                                                             \
    kit_rows kit_rows_ = {0};                                                                      \
    int kit_rc_ = kit_run(session_, MEDLEY_LANGUAGE_SQL, text_, &kit_rows_);                       \
    ck_assert_msg(kit_rc_ == MEDLEY_OK, "%s: %s", text_, medley_session_error(session_)->message); \
    ck_assert_str_eq(kit_rows_.text, rows_);                                                       \
  } while (0)
#define SQL_OK(session_, text_)                                                                    \
  do {                                                                                             \
    kit_rows kit_rows_ = {0};                                                                      \
    int kit_rc_ = kit_run(session_, MEDLEY_LANGUAGE_SQL, text_, &kit_rows_);                       \
    ck_assert_msg(kit_rc_ == MEDLEY_OK, "%s: %s", text_, medley_session_error(session_)->message); \
  } while (0)
/* It fails with this status. */
#define SQL_FAILS(session_, text_, status_)                                                \
  do {                                                                                     \
    kit_rows kit_rows_ = {0};                                                              \
    int kit_rc_ = kit_run(session_, MEDLEY_LANGUAGE_SQL, text_, &kit_rows_);               \
    ck_assert_msg(kit_rc_ == (status_), "%s: %s (%s)", text_, medley_status_name(kit_rc_), \
                  medley_session_error(session_)->message);                                \
  } while (0)

/* The same of CQL. */
#define CQL_IS(session_, text_, rows_)                                                             \
  do {                                                                                             \
    kit_rows kit_rows_ = {0};                                                                      \
    int kit_rc_ = kit_run(session_, MEDLEY_LANGUAGE_CQL, text_, &kit_rows_);                       \
    ck_assert_msg(kit_rc_ == MEDLEY_OK, "%s: %s", text_, medley_session_error(session_)->message); \
    ck_assert_str_eq(kit_rows_.text, rows_);                                                       \
  } while (0)

/* It fails with this status, and these words are in the message. */
#define SQL_FAILS_WITH(session_, text_, status_, words_)                                                     \
  do {                                                                                                       \
    SQL_FAILS(session_, text_, status_);                                                                     \
    const char *message_ = medley_session_error(session_)->message;                                          \
    ck_assert_msg(strstr(message_, words_) != NULL, "%s: \"%s\" is not in \"%s\"", text_, words_, message_); \
  } while (0)

#endif
