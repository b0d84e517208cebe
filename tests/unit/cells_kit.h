/* cells_kit.h - a database in memory with a clock of the test's and a table of cells; rows of cells as text. */
#ifndef CELLS_KIT_H
#define CELLS_KIT_H

#include "tests/unit/session_kit.h"

#define CELLS_TABLE "k.cells"

typedef struct cells_kit {
  session_kit kit;
  int64_t now_us;
} cells_kit;

static inline int64_t cells_clock(void *context) { return *(int64_t *)context; }

static inline void cells_open(cells_kit *kit) {
  static const medley_cells_family families[] = {{"info", 3, 0}, {"log", 0, 0}, {"one", 1, 0}, {"short", 2, 60}};
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.clock_us = cells_clock;
  options.clock_context = &kit->now_us;
  kit->now_us = 1000000 * INT64_C(1000);
  kit_open_with(&kit->kit, &options);
  kit_exec(kit->kit.session, MEDLEY_LANGUAGE_CQL, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}");
  ck_assert_int_eq(medley_cells_create(kit->kit.session, CELLS_TABLE, families, 4), MEDLEY_OK);
}

static inline void cells_close(cells_kit *kit) { kit_close(&kit->kit); }

static inline medley_slice cells_text(const char *text) {
  return (medley_slice){text, text != NULL ? strlen(text) : 0};
}

static inline medley_cell cells_cell(const char *family, const char *qualifier, int64_t version_ms, const char *value) {
  return (medley_cell){family, cells_text(qualifier), version_ms, cells_text(value)};
}

#define CELLS_OK(session_, call_)                                                  \
  do {                                                                             \
    int rc_ = (call_);                                                             \
    ck_assert_msg(rc_ == MEDLEY_OK, "%s: %s: %s", #call_, medley_status_name(rc_), \
                  medley_session_error(session_)->message);                        \
  } while (0)
#define CELLS_FAILS(session_, call_, status_, words_)                                                         \
  do {                                                                                                        \
    int rc_ = (call_);                                                                                        \
    const char *message_ = medley_session_error(session_)->message;                                           \
    ck_assert_msg(rc_ == (status_), "%s: %s: %s", #call_, medley_status_name(rc_), message_);                 \
    ck_assert_msg(strstr(message_, words_) != NULL, "%s: \"%s\" is not in \"%s\"", #call_, words_, message_); \
  } while (0)

static inline void cells_put(medley_session *session, const char *key, const char *family, const char *qualifier,
                             int64_t version_ms, const char *value) {
  medley_cell cell = cells_cell(family, qualifier, version_ms, value);
  CELLS_OK(session, medley_cells_put(session, CELLS_TABLE, key, strlen(key), &cell, 1));
}

static inline int cells_change(medley_session *session, const char *key, medley_cells_change_kind kind,
                               const char *family, const char *qualifier, int64_t version_ms) {
  medley_cells_change change = {kind, cells_cell(family, qualifier, version_ms, "")};
  return medley_cells_mutate(session, CELLS_TABLE, key, strlen(key), &change, 1);
}

/* "key family:qualifier@version=value ...;" for each row. */
static inline int cells_on_row(void *context, const medley_cells_row *row) {
  kit_rows *rows = context;
  rows->len += (size_t)snprintf(rows->text + rows->len, sizeof rows->text - rows->len, "%.*s", (int)row->key.len,
                                (const char *)row->key.bytes);
  for (size_t i = 0; i < row->count; i++) {
    const medley_cell *cell = &row->cells[i];
    rows->len += (size_t)snprintf(rows->text + rows->len, sizeof rows->text - rows->len, " %s:%.*s@%lld=%.*s",
                                  cell->family, (int)cell->qualifier.len, (const char *)cell->qualifier.bytes,
                                  (long long)cell->version_ms, (int)cell->value.len, (const char *)cell->value.bytes);
  }
  rows->len += (size_t)snprintf(rows->text + rows->len, sizeof rows->text - rows->len, ";");
  return 0;
}

#define GET_IS(session_, key_, query_, row_)                                                          \
  do {                                                                                                \
    kit_rows rows_ = {0};                                                                             \
    medley_cells_row found_;                                                                          \
    CELLS_OK(session_, medley_cells_get(session_, CELLS_TABLE, key_, strlen(key_), query_, &found_)); \
    cells_on_row(&rows_, &found_);                                                                    \
    ck_assert_str_eq(rows_.text, row_);                                                               \
  } while (0)
#define SCAN_IS(session_, query_, text_)                                                        \
  do {                                                                                          \
    kit_rows rows_ = {0};                                                                       \
    CELLS_OK(session_, medley_cells_scan(session_, CELLS_TABLE, query_, cells_on_row, &rows_)); \
    ck_assert_str_eq(rows_.text, text_);                                                        \
  } while (0)

#endif
