/* dump.c - `medley dump`: a database as text that makes it again; the SQL part.
 *
 * Order: tables with their rows in the order in which they were made, then indexes, views and triggers, so that no
 * trigger fires on rows that are being put back. One transaction with deferred foreign keys: rows may come before what
 * they refer to. Tables that belong to a virtual table (its shadows) come back with it. */
#include "tools/dump.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/shell.h"
#include "tools/subcommands.h"

#define INSERT_BYTES_MAX 32768 /* rows are joined into one INSERT up to about this size */
#define INSERT_ROWS_MAX 200
/* Tables that take more than this are put back in several transactions: one has a limit of changed pages. */
#define ONE_TRANSACTION_BYTES_MAX ((uint64_t)128 << 20)
#define SLICE_BYTES_MAX ((uint64_t)32 << 20)

typedef struct sql_dump {
  medley_session *session;
  FILE *out;
  bool sliced;
  uint64_t slice_bytes;        /* written since the last BEGIN */
  medley_statement *read_back; /* what SQL makes of a number's digits */
} sql_dump;

static const char help[] =
    "usage: medley dump DATABASE\n\n"
    "Writes the database as text to standard output: SQL that makes the tables and their rows, in one transaction, "
    "then\n"
    "redis: lines that make every key of every durable bucket, with its expiry, then cql: lines that make keyspaces,\n"
    "tables and rows. It is one snapshot, and it loads again:\n"
    "  medley dump old.medley | medley new.medley\n"
    "Not part of it: cache buckets, whose contents can be made again; of wide-column rows their timestamps, the times\n"
    "to live of single elements of collections, and the row's own: a row comes back as if it was inserted, and lives\n"
    "as long as the value of it that lives longest, or for ever if none has a time to live.\n"
    "A dump that fails ends with status 1; what it has written until then is not the whole database.\n";

static void add_name(text *out, const char *name) {
  text_add_string(out, "\"");
  for (const char *c = name; *c; c++) text_add(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
  text_add_string(out, "\"");
}

static void add_quoted(text *out, const char *bytes, size_t len) {
  if (memchr(bytes, 0, len) || !text_is_utf8(bytes, len)) {
    text_add_string(out, "CAST(x'");
    text_add_hex(out, bytes, len);
    text_add_string(out, "' AS TEXT)");
    return;
  }
  text_add_string(out, "'");
  for (size_t i = 0; i < len;) {
    const char *quote = memchr(bytes + i, '\'', len - i);
    size_t run = quote ? (size_t)(quote - bytes) - i : len - i;
    text_add(out, bytes + i, run);
    if (quote) text_add_string(out, "''");
    i += run + (quote ? 1 : 0);
  }
  text_add_string(out, "'");
}

static bool reads_back(sql_dump *d, const char *digits, double real) {
  static const char sql[] = "SELECT CAST(? AS REAL)";
  int rc = MEDLEY_OK;
  if (!d->read_back) rc = medley_prepare(d->session, MEDLEY_LANGUAGE_SQL, sql, sizeof sql - 1, &d->read_back, NULL);
  if (rc != MEDLEY_OK) return false;
  medley_reset(d->read_back);
  rc = medley_bind_text(d->read_back, 1, digits, MEDLEY_NUL_ENDED);
  if (rc == MEDLEY_OK) rc = medley_step(d->read_back);
  double found = rc == MEDLEY_ROW ? medley_column_real(d->read_back, 0) : 0;
  medley_reset(d->read_back);
  return rc == MEDLEY_ROW && found == real;
}

/* A whole number of at most 53 bits, multiplied or divided by powers of two: exact at every step. */
static void add_exact_real(text *out, double real) {
  int exponent;
  double mantissa = frexp(real, &exponent); /* real = mantissa * 2^exponent */
  text_add_format(out, "(%.0f.0", ldexp(mantissa, 53));
  for (exponent -= 53; exponent > 0; exponent -= exponent < 62 ? exponent : 62)
    text_add_format(out, "*%lld", 1LL << (exponent < 62 ? exponent : 62));
  for (exponent = -exponent; exponent > 0; exponent -= exponent < 62 ? exponent : 62)
    text_add_format(out, "/%lld", 1LL << (exponent < 62 ? exponent : 62));
  text_add_string(out, ")");
}

/* The digits, if SQLite reads them back as the same number; it errs in the last bit of about one in 10,000. */
static void add_real(sql_dump *d, text *out, double real) {
  text digits = {0};
  if (isinf(real)) {
    text_add_string(out, real > 0 ? "9e999" : "-9e999");
    return;
  }
  text_add_real(&digits, real);
  bool is_plain = digits.len <= 15 && !strchr(digits.bytes, 'e');
  if (is_plain || reads_back(d, digits.bytes, real))
    text_add(out, digits.bytes, digits.len);
  else
    add_exact_real(out, real);
  text_clear(&digits);
}

static void add_literal(sql_dump *d, text *out, medley_statement *statement, int column) {
  size_t len;
  switch (medley_column_type(statement, column)) {
    case MEDLEY_TYPE_BOOLEAN:
    case MEDLEY_TYPE_INTEGER: text_add_format(out, "%lld", (long long)medley_column_integer(statement, column)); break;
    case MEDLEY_TYPE_REAL: add_real(d, out, medley_column_real(statement, column)); break;
    case MEDLEY_TYPE_TEXT: {
      const char *bytes = medley_column_text(statement, column);
      len = medley_column_bytes(statement, column);
      add_quoted(out, bytes, len);
      break;
    }
    case MEDLEY_TYPE_BLOB: {
      const void *bytes = medley_column_blob(statement, column);
      len = medley_column_bytes(statement, column);
      text_add_string(out, "x'");
      if (len) text_add_hex(out, bytes, len);
      text_add_string(out, "'");
      break;
    }
    default: text_add_string(out, "NULL");
  }
}

static int prepare(medley_session *session, const char *sql, medley_statement **statement) {
  return medley_prepare(session, MEDLEY_LANGUAGE_SQL, sql, strlen(sql), statement, NULL);
}

/* The columns that can be written, quoted and with commas between; generated ones make themselves. */
static int list_columns(medley_session *session, const char *table, text *columns) {
  medley_statement *statement = NULL;
  int rc = prepare(session, "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", &statement);
  if (rc == MEDLEY_OK) rc = medley_bind_text(statement, 1, table, MEDLEY_NUL_ENDED);
  while (rc == MEDLEY_OK && (rc = medley_step(statement)) == MEDLEY_ROW) {
    if (columns->len) text_add_string(columns, ",");
    add_name(columns, medley_column_text(statement, 0));
    rc = MEDLEY_OK;
  }
  medley_statement_close(statement);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

static void end_insert(sql_dump *d, text *insert, int *row_count) {
  if (*row_count) {
    text_add_string(insert, ";\n");
    fwrite(insert->bytes, 1, insert->len, d->out);
    d->slice_bytes += insert->len;
  }
  if (d->sliced && d->slice_bytes > SLICE_BYTES_MAX) {
    fputs("COMMIT;\nBEGIN IMMEDIATE;\n", d->out);
    d->slice_bytes = 0;
  }
  insert->len = 0;
  *row_count = 0;
}

static int dump_selected(sql_dump *d, const char *table, const char *columns, const char *select) {
  medley_statement *statement = NULL;
  text insert = {0};
  int row_count = 0;
  int rc = prepare(d->session, select, &statement);
  while (rc == MEDLEY_OK && (rc = medley_step(statement)) == MEDLEY_ROW) {
    rc = MEDLEY_OK;
    if (row_count == 0) {
      text_add_string(&insert, "INSERT INTO ");
      add_name(&insert, table);
      text_add_format(&insert, "(%s) VALUES\n(", columns);
    } else {
      text_add_string(&insert, ",\n(");
    }
    for (int i = 0; i < medley_column_count(statement); i++) {
      if (i) text_add_string(&insert, ",");
      add_literal(d, &insert, statement, i);
    }
    text_add_string(&insert, ")");
    row_count++;
    if (row_count == INSERT_ROWS_MAX || insert.len > INSERT_BYTES_MAX) end_insert(d, &insert, &row_count);
  }
  end_insert(d, &insert, &row_count);
  medley_statement_close(statement);
  text_clear(&insert);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

/* with_rowid: the rowid is not one of the columns, but others point at it (full-text tables). */
static int dump_rows(sql_dump *d, const char *table, bool with_rowid) {
  text columns = {0}, select = {0};
  if (with_rowid) text_add_string(&columns, "rowid");
  int rc = list_columns(d->session, table, &columns);
  text_add_format(&select, "SELECT %s FROM ", columns.len ? columns.bytes : "1");
  add_name(&select, table);
  if (!with_rowid) text_add_string(&select, " NOT INDEXED"); /* in the order of the table itself */
  if (rc == MEDLEY_OK && columns.len) rc = dump_selected(d, table, columns.bytes, select.bytes);
  text_clear(&columns);
  text_clear(&select);
  return rc;
}

/* Virtual tables whose rows are their own; those of other modules show what is dumped elsewhere. */
static bool has_rows_of_its_own(const char *create_sql) {
  text lower = {0};
  for (const char *c = create_sql; *c; c++) {
    char small = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    text_add(&lower, &small, 1);
  }
  bool own = strstr(lower.bytes, "using fts") != NULL || strstr(lower.bytes, "using rtree") != NULL;
  text_clear(&lower);
  return own;
}

static int dump_tables(sql_dump *d) {
  static const char sql[] =
      "SELECT s.name, s.sql, l.type FROM sqlite_schema AS s JOIN pragma_table_list AS l ON l.name = s.name "
      "WHERE s.type = 'table' AND l.schema = 'main' AND l.type <> 'shadow' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE "
      "'\\' "
      "ORDER BY s.rowid";
  medley_statement *statement = NULL;
  int rc = prepare(d->session, sql, &statement);
  while (rc == MEDLEY_OK && (rc = medley_step(statement)) == MEDLEY_ROW) {
    const char *name = medley_column_text(statement, 0);
    const char *create_sql = medley_column_text(statement, 1);
    bool is_virtual = strcmp(medley_column_text(statement, 2), "virtual") == 0;
    rc = MEDLEY_OK;
    fprintf(d->out, "%s;\n", create_sql);
    if (!is_virtual)
      rc = dump_rows(d, name, false);
    else if (has_rows_of_its_own(create_sql))
      rc = dump_rows(d, name, strstr(create_sql, "rtree") == NULL);
  }
  medley_statement_close(statement);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

/* SQLite's own tables that carry meaning: AUTOINCREMENT's counters. */
static int dump_sequences(sql_dump *d) {
  medley_statement *statement = NULL;
  int rc = prepare(d->session, "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'", &statement);
  if (rc == MEDLEY_OK) rc = medley_step(statement);
  bool there = rc == MEDLEY_ROW && medley_column_integer(statement, 0) > 0;
  medley_statement_close(statement);
  if (rc != MEDLEY_ROW) return rc;
  if (!there) return MEDLEY_OK;
  fputs("DELETE FROM sqlite_sequence;\n", d->out);
  return dump_selected(d, "sqlite_sequence", "name,seq", "SELECT name, seq FROM sqlite_sequence");
}

static int dump_other_schema(sql_dump *d) {
  medley_statement *statement = NULL;
  int rc = prepare(d->session, "SELECT sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL ORDER BY rowid",
                   &statement);
  while (rc == MEDLEY_OK && (rc = medley_step(statement)) == MEDLEY_ROW) {
    fprintf(d->out, "%s;\n", medley_column_text(statement, 0));
    if (d->sliced) fputs("COMMIT;\nBEGIN IMMEDIATE;\n", d->out);
    rc = MEDLEY_OK;
  }
  medley_statement_close(statement);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

static int dump_number(sql_dump *d, const char *pragma) {
  text sql = {0};
  medley_statement *statement = NULL;
  text_add_format(&sql, "PRAGMA %s", pragma);
  int rc = prepare(d->session, sql.bytes, &statement);
  if (rc == MEDLEY_OK) rc = medley_step(statement);
  if (rc == MEDLEY_ROW && medley_column_integer(statement, 0) != 0)
    fprintf(d->out, "PRAGMA %s = %lld;\n", pragma, (long long)medley_column_integer(statement, 0));
  medley_statement_close(statement);
  text_clear(&sql);
  return rc == MEDLEY_ROW || rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

int dump_sql(medley_session *session, FILE *out, uint64_t sql_bytes) {
  sql_dump d = {.session = session, .out = out, .sliced = sql_bytes > ONE_TRANSACTION_BYTES_MAX};
  if (d.sliced) fputs("PRAGMA foreign_keys = OFF;\n", out);
  fputs("BEGIN IMMEDIATE;\nPRAGMA defer_foreign_keys = ON;\n", out);
  int rc = dump_number(&d, "user_version");
  if (rc == MEDLEY_OK) rc = dump_number(&d, "application_id");
  if (rc == MEDLEY_OK) rc = dump_tables(&d);
  if (rc == MEDLEY_OK) rc = dump_sequences(&d);
  if (rc == MEDLEY_OK) rc = dump_other_schema(&d);
  if (rc == MEDLEY_OK) fputs("COMMIT;\n", out);
  if (rc == MEDLEY_OK && d.sliced) fputs("PRAGMA foreign_keys = ON;\n", out);
  medley_statement_close(d.read_back);
  return rc;
}

int subcommand_dump(int argc, char **argv) {
  shell sh = {.language = MEDLEY_LANGUAGE_SQL};
  if (argc == 2 && strcmp(argv[1], "--help") == 0) {
    fputs(help, stdout);
    return EXIT_FINE;
  }
  if (argc != 2 || argv[1][0] == '-') {
    fputs("usage: medley dump DATABASE\n", stderr);
    return EXIT_USAGE;
  }
  if (!shell_open(&sh, argv[1], MEDLEY_OPEN_READ_ONLY)) return EXIT_USAGE;
  medley_stats stats = {0};
  medley_error error;
  if (medley_stat(sh.db, &stats, &error) != MEDLEY_OK) stats.sql_bytes = 0;
  int rc = medley_begin(sh.session, MEDLEY_READ);
  if (rc == MEDLEY_OK) rc = dump_sql(sh.session, stdout, stats.sql_bytes);
  if (rc == MEDLEY_OK) rc = dump_buckets(sh.session, stdout);
  if (rc == MEDLEY_OK) rc = dump_wide(sh.session, stdout);
  if (rc != MEDLEY_OK) fprintf(stderr, "medley: %s: %s\n", argv[1], medley_session_error(sh.session)->message);
  if (rc != MEDLEY_OK) sh.failed = true; /* what was written before the failure loads, but for an open transaction */
  medley_rollback(sh.session);
  shell_close(&sh);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fputs("medley: cannot write to standard output\n", stderr);
    return EXIT_FAILED;
  }
  return rc == MEDLEY_OK ? EXIT_FINE : EXIT_FAILED;
}
