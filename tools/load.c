/* load.c - `medley load`: CSV and JSON lines into a table.
 *
 * Rows are read into a slice, and a slice is committed at once; a slice that turns out to change more pages than one
 * transaction may is halved until it fits. When a row is refused, the rows before it are committed: the message says how
 * many are in and which line is next, so that the load can go on from there. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/load_rows.h"
#include "tools/progress.h"
#include "tools/shell.h"
#include "tools/subcommands.h"

#define SLICE_ROWS_MAX 10000
#define SLICE_BYTES_MAX ((size_t)8 << 20)

typedef struct loader {
  shell sh;
  const char *table;
  char delimiter;
  bool create;
  bool is_wide; /* a table of CQL: a row of the same key is written over, as CQL does */
  load_columns columns;
  bool takes_bytes[LOAD_COLUMNS_MAX]; /* by column: declared BLOB */
  text bytes;                         /* of a blob that was written in digits */
  load_rows rows;
  load_input input;
  progress bar;
  uint64_t bytes_done; /* of the files before this one */
  uint64_t row_count;  /* committed */
  /* The INSERT for the columns that the last row named. */
  medley_statement *insert;
  uint32_t insert_columns[LOAD_COLUMNS_MAX];
  size_t insert_column_count;
} loader;

static const char help[] =
    "usage: medley load DATABASE --table T [--delimiter C] [--create] FILE...\n"
    "\n"
    "Loads rows into a table. A file is CSV with a line of column names (quoting of RFC 4180; an empty field is NULL,\n"
    "\"\" is the empty text), or JSON lines: one object a line, its members being the columns; which of the two is "
    "seen\n"
    "from its first byte. - is standard input. Bytes are {\"$hex\":\"00ff\"} in JSON lines, and x'00ff' in a column "
    "that is a\n"
    "BLOB, as the shell writes them; for a wide-column table also 0x00ff.\n"
    "\n"
    "  --table T, -t T      the table; KEYSPACE.TABLE is a wide-column table, where a row replaces the one of its "
    "key;\n"
    "                       columns _ttl and _writetime are its time to live in seconds and its timestamp in "
    "microseconds\n"
    "  --delimiter C, -d C  what stands between the fields of CSV; default a comma; \"tab\" is a tab\n"
    "  --create             create the table: columns as named, types as the first 10,000 rows suggest\n"
    "  --help               this text\n"
    "\n"
    "The rows are committed in slices. A line that cannot be loaded ends the load with status 1; the message names it "
    "as\n"
    "FILE:LINE and says how many rows are in.\n";

static void fail_at(loader *l, uint64_t line, const char *message) {
  progress_end(&l->bar);
  fflush(stdout);
  fprintf(stderr, "%s:%llu: %s\n", l->input.name, (unsigned long long)line, message);
}

static bool fail_session(loader *l, uint64_t line) {
  medley_error error = *medley_session_error(l->sh.session);
  fail_at(l, line, error.message);
  return false;
}

static void add_name(text *sql, const char *name) {
  text_add_string(sql, "\"");
  for (const char *c = name; *c; c++) text_add(sql, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
  text_add_string(sql, "\"");
}

/* The statement for exactly the columns that this row names, in its order. */
static bool prepare_insert(loader *l, const load_row *row) {
  const load_field *fields = l->rows.fields + row->first_field;
  bool same = l->insert && l->insert_column_count == row->field_count;
  for (size_t i = 0; i < row->field_count && same; i++) same = l->insert_columns[i] == fields[i].column;
  if (same) return true;
  text sql = {0};
  text_add_string(&sql, l->is_wide ? "INSERT OR REPLACE INTO " : "INSERT INTO ");
  add_name(&sql, l->table);
  text_add_string(&sql, row->field_count ? "(" : " DEFAULT VALUES");
  for (size_t i = 0; i < row->field_count; i++) {
    if (i) text_add_string(&sql, ",");
    add_name(&sql, l->columns.names[fields[i].column]);
    l->insert_columns[i] = fields[i].column;
  }
  for (size_t i = 0; i < row->field_count; i++) text_add_string(&sql, i ? ",?" : ") VALUES(?");
  if (row->field_count) text_add_string(&sql, ")");
  l->insert_column_count = row->field_count;
  medley_statement_close(l->insert);
  l->insert = NULL;
  int rc = medley_prepare(l->sh.session, MEDLEY_LANGUAGE_SQL, sql.bytes, sql.len, &l->insert, NULL);
  text_clear(&sql);
  return rc == MEDLEY_OK;
}

/* A text that stands for bytes: x'00ff' as the shell writes it in csv, and 0x00ff as CQL does. */
static bool is_bytes(loader *l, const load_field *field) {
  const char *written = l->rows.bytes.bytes + field->offset;
  size_t len = field->len;
  l->bytes.len = 0;
  if (!l->takes_bytes[field->column] || len < 2) return false;
  if (l->is_wide && written[0] == '0' && (written[1] == 'x' || written[1] == 'X'))
    return load_rows_add_hex(&l->bytes, written + 2, len - 2);
  bool quoted = len >= 3 && (written[0] == 'x' || written[0] == 'X') && written[1] == '\'' && written[len - 1] == '\'';
  return quoted && load_rows_add_hex(&l->bytes, written + 2, len - 3);
}

static int bind_field(loader *l, int index, const load_field *field) {
  const char *bytes = field->len ? l->rows.bytes.bytes + field->offset : "";
  switch (field->kind) {
    case LOAD_NULL: return medley_bind_null(l->insert, index);
    case LOAD_BOOLEAN:
    case LOAD_INTEGER: return medley_bind_integer(l->insert, index, field->integer);
    case LOAD_REAL: return medley_bind_real(l->insert, index, field->real);
    case LOAD_BLOB: return medley_bind_blob(l->insert, index, bytes, field->len);
    case LOAD_TEXT: break;
  }
  if (is_bytes(l, field)) return medley_bind_blob(l->insert, index, l->bytes.len ? l->bytes.bytes : "", l->bytes.len);
  return medley_bind_text(l->insert, index, bytes, field->len);
}

static int insert_row(loader *l, const load_row *row) {
  if (!prepare_insert(l, row)) return medley_session_error(l->sh.session)->status;
  medley_reset(l->insert);
  for (size_t i = 0; i < row->field_count; i++) {
    int rc = bind_field(l, (int)i + 1, &l->rows.fields[row->first_field + i]);
    if (rc != MEDLEY_OK) return rc;
  }
  int rc = medley_step(l->insert);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

/* Rows from..to in one transaction, or in two of half the size if they are too many for one. */
static bool insert_span(loader *l, size_t from, size_t to) {
  int rc = medley_begin(l->sh.session, MEDLEY_WRITE);
  if (rc != MEDLEY_OK) return fail_session(l, l->rows.rows[from].line);
  size_t at = from;
  while (at < to && rc == MEDLEY_OK) {
    rc = insert_row(l, &l->rows.rows[at]);
    if (rc == MEDLEY_OK) at++;
    if (at % 256 == 0) progress_show(&l->bar, l->bytes_done + l->input.bytes_read, l->row_count + at);
  }
  medley_error error = *medley_session_error(l->sh.session);
  bool open = medley_session_state(l->sh.session) != MEDLEY_NO_TRANSACTION;
  if (rc == MEDLEY_OK) {
    rc = medley_commit(l->sh.session);
    error = *medley_session_error(l->sh.session);
    if (rc == MEDLEY_OK)
      l->row_count += to - from;
    else
      at = from; /* nothing of it is in */
    open = medley_session_state(l->sh.session) != MEDLEY_NO_TRANSACTION;
  } else if (open && rc != MEDLEY_TXN_TOO_BIG && at > from && medley_commit(l->sh.session) == MEDLEY_OK) {
    l->row_count += at - from;
    open = false;
  }
  if (rc == MEDLEY_OK) return true;
  if (open) medley_rollback(l->sh.session);
  if (rc == MEDLEY_TXN_TOO_BIG && to - from > 1) {
    size_t middle = from + (to - from) / 2;
    return insert_span(l, from, middle) && insert_span(l, middle, to);
  }
  fail_at(l, l->rows.rows[at < to ? at : from].line, error.message);
  return false;
}

/* ---- --create: what the first slice suggests ---- */

static load_kind kind_of_text(const char *bytes, size_t len) {
  char written[64], *end;
  if (len == 0 || len >= sizeof written) return LOAD_TEXT;
  memcpy(written, bytes, len);
  written[len] = 0;
  const char *digits = written[0] == '-' ? written + 1 : written;
  if (strspn(digits, "0123456789.eE+-") != strlen(digits)) return LOAD_TEXT;
  if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return LOAD_TEXT; /* 007 is a name, not a number */
  errno = 0;
  if (strspn(digits, "0123456789") == strlen(digits)) {
    strtoll(written, &end, 10);
    return errno || *end ? LOAD_TEXT : LOAD_INTEGER;
  }
  strtod(written, &end);
  return *end || end == written || digits[0] == '+' ? LOAD_TEXT : LOAD_REAL;
}

static const char *type_of_column(const loader *l, uint32_t column) {
  bool any = false, integer = true, number = true;
  bool is_json = false;
  for (size_t i = 0; i < l->rows.field_count; i++) {
    const load_field *field = &l->rows.fields[i];
    if (field->column != column || field->kind == LOAD_NULL) continue;
    load_kind kind = field->kind;
    is_json = is_json || kind != LOAD_TEXT;
    if (kind == LOAD_TEXT) kind = kind_of_text(l->rows.bytes.bytes + field->offset, field->len);
    any = true;
    integer = integer && (kind == LOAD_INTEGER || kind == LOAD_BOOLEAN);
    number = number && kind != LOAD_TEXT;
  }
  if (!any) return is_json ? "" : "TEXT";
  return integer ? "INTEGER" : number ? "REAL" : is_json ? "" : "TEXT";
}

static bool create_table(loader *l) {
  text sql = {0};
  text_add_string(&sql, "CREATE TABLE ");
  add_name(&sql, l->table);
  for (uint32_t i = 0; i < l->columns.count; i++) {
    text_add_string(&sql, i ? ", " : " (");
    add_name(&sql, l->columns.names[i]);
    const char *type = type_of_column(l, i);
    text_add_format(&sql, "%s%s", *type ? " " : "", type);
  }
  text_add_string(&sql, ")");
  int rc = medley_exec(l->sh.session, MEDLEY_LANGUAGE_SQL, sql.bytes, sql.len, NULL, NULL);
  text_clear(&sql);
  l->create = false;
  l->columns.open = false;
  return rc == MEDLEY_OK;
}

/* ---- files ---- */

static bool insert_slice(loader *l) {
  if (!l->rows.row_count) return true;
  if (l->create && !create_table(l)) return fail_session(l, l->rows.rows[0].line);
  bool done = insert_span(l, 0, l->rows.row_count);
  load_rows_reset(&l->rows);
  return done;
}

/* Whether the first byte that is not blank opens an object. */
static bool is_json_lines(FILE *file) {
  int c = getc(file);
  ungetc(c, file);
  return c == '{';
}

static bool load_file(loader *l) {
  uint32_t *order = NULL;
  size_t order_len = 0;
  bool is_json = is_json_lines(l->input.file);
  load_result result = LOAD_ROW;
  if (!is_json) result = csv_reader_header(&l->input, l->delimiter, &l->columns, &order, &order_len);
  bool fine = true;
  while (fine && result == LOAD_ROW) {
    if (is_json)
      result = json_lines_reader_row(&l->input, &l->columns, &l->rows);
    else
      result = csv_reader_row(&l->input, l->delimiter, order, order_len, &l->rows);
    bool full = l->rows.row_count >= SLICE_ROWS_MAX || l->rows.bytes.len >= SLICE_BYTES_MAX;
    if (full || result != LOAD_ROW) fine = insert_slice(l);
    progress_show(&l->bar, l->bytes_done + l->input.bytes_read, l->row_count);
  }
  if (fine && ferror(l->input.file)) {
    fail_at(l, l->input.line, strerror(errno));
    fine = false;
  } else if (fine && result == LOAD_FAILED) {
    fail_at(l, l->input.failed_line, l->input.message);
    fine = false;
  }
  if (fine && l->create && !create_table(l)) fine = fail_session(l, 1); /* only a header: an empty table */
  free(order);
  return fine;
}

static bool load_named(loader *l, const char *name) {
  bool is_standard_input = strcmp(name, "-") == 0;
  struct stat info;
  l->input = (load_input){.file = is_standard_input ? stdin : fopen(name, "rb"), .name = name, .line = 1};
  if (!l->input.file || (fstat(fileno(l->input.file), &info) == 0 && S_ISDIR(info.st_mode))) {
    progress_end(&l->bar);
    fprintf(stderr, "%s: cannot be read: %s\n", name, l->input.file ? "it is a directory" : strerror(errno));
    if (l->input.file && !is_standard_input) fclose(l->input.file);
    return false;
  }
  bool done = load_file(l);
  l->bytes_done += l->input.bytes_read;
  if (!is_standard_input) fclose(l->input.file);
  return done;
}

/* A table that SQL knows and has not made: a wide-column table is called keyspace.table. */
static bool read_columns(loader *l) {
  static const char sql[] =
      "SELECT name, EXISTS (SELECT 1 FROM sqlite_schema s WHERE s.name = ?1 COLLATE NOCASE) AS is_sql, type = 'BLOB'"
      " FROM pragma_table_xinfo(?1)"
      " WHERE hidden = 0 OR (hidden = 1 AND NOT is_sql AND name IN ('_ttl', '_writetime'))";
  medley_statement *statement = NULL;
  int rc = medley_prepare(l->sh.session, MEDLEY_LANGUAGE_SQL, sql, sizeof sql - 1, &statement, NULL);
  if (rc == MEDLEY_OK) rc = medley_bind_text(statement, 1, l->table, MEDLEY_NUL_ENDED);
  l->columns.open = true;
  while (rc == MEDLEY_OK && medley_step(statement) == MEDLEY_ROW) {
    long found = load_columns_find(&l->columns, medley_column_text(statement, 0), medley_column_bytes(statement, 0));
    if (found >= 0) l->takes_bytes[found] = medley_column_integer(statement, 2) != 0;
    l->is_wide = strchr(l->table, '.') != NULL && !medley_column_integer(statement, 1);
  }
  l->columns.open = l->create;
  medley_statement_close(statement);
  if (l->columns.count && !l->create) return true;
  if (!l->columns.count && l->create) return true;
  if (l->create)
    fprintf(stderr, "medley load: table %s exists already; leave --create away to add to it\n", l->table);
  else
    fprintf(stderr, "medley load: there is no table %s; --create would create it\n", l->table);
  return false;
}

static uint64_t size_of_files(char *const *names, int count) {
  uint64_t total = 0;
  struct stat info;
  for (int i = 0; i < count; i++) {
    if (strcmp(names[i], "-") == 0 || stat(names[i], &info) != 0 || !S_ISREG(info.st_mode)) return 0;
    total += (uint64_t)info.st_size;
  }
  return total;
}

static int run(loader *l, const char *path, char *const *files, int file_count) {
  if (!shell_open(&l->sh, path, l->create ? 0 : MEDLEY_OPEN_NO_CREATE)) return EXIT_USAGE;
  bool done = read_columns(l);
  progress_begin(&l->bar, size_of_files(files, file_count));
  for (int i = 0; i < file_count && done; i++) done = load_named(l, files[i]);
  double seconds = progress_end(&l->bar);
  medley_statement_close(l->insert);
  if (done)
    printf("%s: %llu rows in %.2f s, %.0f rows/s\n", l->table, (unsigned long long)l->row_count, seconds,
           (double)l->row_count / (seconds > 1e-6 ? seconds : 1e-6));
  else
    fprintf(stderr, "medley load: stopped; %llu rows are in table %s\n", (unsigned long long)l->row_count, l->table);
  shell_close(&l->sh);
  load_rows_clear(&l->rows);
  text_clear(&l->bytes);
  load_columns_clear(&l->columns);
  return done ? EXIT_FINE : EXIT_FAILED;
}

int subcommand_load(int argc, char **argv) {
  static const struct option options[] = {{"table", required_argument, NULL, 't'},
                                          {"delimiter", required_argument, NULL, 'd'},
                                          {"create", no_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  loader *l = text_allocate(NULL, sizeof *l);
  memset(l, 0, sizeof *l);
  l->delimiter = ',';
  int option, status = EXIT_USAGE;
  bool usable = true;
  while ((option = getopt_long(argc, argv, "t:d:", options, NULL)) != -1) {
    if (option == 'h') {
      fputs(help, stdout);
      free(l);
      return EXIT_FINE;
    }
    if (option == 't')
      l->table = optarg;
    else if (option == 'c')
      l->create = true;
    else if (option == 'd')
      l->delimiter = strcmp(optarg, "tab") == 0 || strcmp(optarg, "\\t") == 0 ? '\t' : optarg[0];
    if (option == '?' || (option == 'd' && strlen(optarg) != 1 && l->delimiter != '\t')) usable = false;
  }
  if (l->delimiter == '"' || l->delimiter == '\n' || l->delimiter == '\r' || !l->delimiter) usable = false;
  if (usable && l->table && argc - optind >= 2)
    status = run(l, argv[optind], argv + optind + 1, argc - optind - 1);
  else
    fprintf(stderr, "usage: medley load DATABASE --table T [--delimiter C] [--create] FILE...\n");
  free(l);
  return status;
}
