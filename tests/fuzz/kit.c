/* kit.c - see kit.h. */
#include "tests/fuzz/kit.h"

#include <stdio.h>

#include "tests/fuzz/target.h"

enum { ROWS_MAX = 200, DEPTH_MAX = 200 };

static volatile uint64_t sum; /* so that reading is not optimized away */

static int64_t fixed_clock(void *context) {
  int64_t *now_us = context;
  return *now_us += 1000;
}

void fuzz_kit_open(fuzz_kit *kit, uint32_t deadline_ms) {
  static int64_t now_us = 1700000000000000;
  medley_options options;
  medley_error error;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.map_size_bytes = (uint64_t)64 << 20;
  options.size_limit_bytes = (uint64_t)48 << 20;
  options.txn_page_cap = 4096;
  options.clock_us = fixed_clock;
  options.clock_context = &now_us;
  options.seed = 1;
  if (medley_open(NULL, &options, &kit->db, &error) != MEDLEY_OK ||
      medley_session_open(kit->db, &kit->session, &error) != MEDLEY_OK) {
    fprintf(stderr, "fuzz: %s\n", error.message);
    exit(3);
  }
  medley_session_set_deadline_ms(kit->session, deadline_ms);
}

void fuzz_kit_close(fuzz_kit *kit) {
  MUST(medley_session_close(kit->session) == MEDLEY_OK);
  MUST(medley_close(kit->db) == MEDLEY_OK);
}

static void read_value(const medley_value *value, int depth) {
  if (value == NULL || depth > DEPTH_MAX) return;
  switch (value->type) {
    case MEDLEY_TYPE_BOOLEAN: sum += (uint64_t)value->as.boolean; break;
    case MEDLEY_TYPE_INTEGER: sum += (uint64_t)value->as.integer; break;
    case MEDLEY_TYPE_REAL: sum += value->as.real > 0; break;
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_STATUS:
    case MEDLEY_TYPE_BLOB:
      for (size_t i = 0; i < value->as.text.len; i++) sum += (uint8_t)value->as.text.bytes[i];
      break;
    case MEDLEY_TYPE_LIST:
      for (size_t i = 0; i < value->as.list.count; i++) read_value(&value->as.list.items[i], depth + 1);
      break;
    case MEDLEY_TYPE_MAP:
      for (size_t i = 0; i < value->as.map.count; i++) {
        read_value(&value->as.map.keys[i], depth + 1);
        read_value(&value->as.map.values[i], depth + 1);
      }
      break;
    default: break;
  }
}

void fuzz_kit_read(const medley_value *value) { read_value(value, 0); }

static void read_columns(medley_statement *statement) {
  for (int i = -1; i <= medley_column_count(statement); i++) {
    fuzz_kit_read(medley_column_value(statement, i));
    sum += (uint64_t)medley_column_integer(statement, i) + (uint64_t)medley_column_boolean(statement, i);
    sum += medley_column_real(statement, i) > 0;
    const char *text = medley_column_text(statement, i);
    if (text != NULL) MUST(text[medley_column_bytes(statement, i)] == '\0');
    const char *name = medley_column_name(statement, i);
    if (name != NULL) sum += strlen(name);
  }
}

static void bind_something(medley_statement *statement) {
  for (int i = 1; i <= medley_bind_count(statement) && i < 20; i++) {
    const char *name = medley_bind_name(statement, i);
    if (name != NULL) MUST(medley_bind_index(statement, name) > 0);
    if (i % 3 == 0) (void)medley_bind_integer(statement, i, i - 5);
    if (i % 3 == 1) (void)medley_bind_text(statement, i, "a\0b", 3);
    if (i % 3 == 2) (void)medley_bind_blob(statement, i, "\xff", 1);
  }
}

/* A failure has a status that is known, a message, and a position inside of the text if it has one. */
static void check_error(const fuzz_kit *kit, int rc) {
  if (rc == MEDLEY_OK || rc == MEDLEY_ROW || rc == MEDLEY_DONE) return;
  const medley_error *error = medley_session_error(kit->session);
  MUST(strcmp(medley_status_name(rc), "UNKNOWN") != 0);
  MUST(rc == MEDLEY_MISUSE || error->status == rc);
  MUST(memchr(error->message, '\0', sizeof error->message) != NULL);
  MUST(error->line >= 0 && error->column >= 0);
  MUST(rc != MEDLEY_CORRUPT || error->message[0] != '\0');
}

int fuzz_kit_run(fuzz_kit *kit, medley_language language, const char *text, size_t len, const char **tail) {
  medley_statement *statement = NULL;
  int rc = medley_prepare(kit->session, language, text, len, &statement, tail);
  check_error(kit, rc);
  MUST(rc == MEDLEY_OK || statement == NULL);
  if (statement == NULL) return rc;
  bind_something(statement);
  for (int rows = 0; rows < ROWS_MAX && (rc = medley_step(statement)) == MEDLEY_ROW; rows++) read_columns(statement);
  check_error(kit, rc);
  medley_statement_close(statement);
  return rc;
}
