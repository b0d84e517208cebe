/* test_cells_random.c - tables of cells against plain ones in memory: random changes by the typed calls and by CQL, random queries, in and out
 * of transactions, the families changed, the clock moved on, rows sealed, the file reopened, all at random moments. */
#include <unistd.h>

#include "engine/cql/client.h"
#include "engine/session_state.h"
#include "tests/unit/cells_plain.h"

enum { KEYS = 11, QUALIFIERS = 6, STEPS = 2500 };
static const medley_slice keys[KEYS] = {{"\0", 1},   {"\0\0", 2},   {"\0\1", 2},    {"a", 1},
                                        {"a\0", 2},  {"ab", 2},     {"ab\377", 3},  {"b", 1},
                                        {"\377", 1}, {"\377\0", 2}, {"\377\377", 2}};
static const medley_slice qualifiers[QUALIFIERS] = {{"", 0}, {"\0", 1}, {"p", 1}, {"p\0", 2}, {"p1", 2}, {"q", 1}};
static const uint32_t ttls[FAMILIES] = {0, 0, 0, 60};

typedef struct world {
  uint64_t random;
  int64_t now_us;
  char folder[64], path[96];
  medley *db;
  medley_session *session;
  plain_table table, begun, saved;
  bool in_transaction, has_savepoint, has_sealed;
} world;

static uint64_t below(world *w, uint64_t end) { return property_below(&w->random, end); }

/* ---- Text ---- */
typedef struct text {
  char *bytes;
  size_t len, capacity;
} text;

static void add(text *to, const char *bytes, size_t len) {
  if (to->len + len + 1 > to->capacity) to->bytes = realloc(to->bytes, to->capacity = 2 * (to->len + len + 1));
  memcpy(to->bytes + to->len, bytes, len);
  to->bytes[to->len += len] = '\0';
}

static void add_string(text *to, const char *string) { add(to, string, strlen(string)); }

static void add_hex(text *to, medley_slice bytes) {
  char digits[3];
  for (size_t i = 0; i < bytes.len; i++) {
    snprintf(digits, sizeof digits, "%02x", ((const unsigned char *)bytes.bytes)[i]);
    add(to, digits, 2);
  }
}

static void add_cell(text *to, const char *family, medley_slice qualifier, int64_t version_ms, medley_slice value) {
  char version[32];
  add_string(to, " ");
  add_string(to, family);
  add_string(to, ":");
  add_hex(to, qualifier);
  snprintf(version, sizeof version, "@%lld=", (long long)version_ms);
  add_string(to, version);
  add_hex(to, value);
}

static int on_row(void *context, const medley_cells_row *row) {
  text *to = context;
  add_hex(to, row->key);
  for (size_t i = 0; i < row->count; i++)
    add_cell(to, row->cells[i].family, row->cells[i].qualifier, row->cells[i].version_ms, row->cells[i].value);
  add_string(to, "\n");
  return 0;
}

static void add_plain_row(const plain_table *table, const medley_cells_query *query, medley_slice key, bool even_empty,
                          bool checked, uint64_t *rows, text *to) {
  size_t *places = malloc((table->count + 1) * sizeof *places), first = 0, end;
  while (first < table->count && plain_bytes_order(table->cells[first].key, key) != 0) first++;
  end = first;
  while (end < table->count && plain_bytes_order(table->cells[end].key, key) == 0) end++;
  size_t count = plain_row(table, first, end, query, places);
  bool holds = true;
  for (size_t i = 0; checked && i < query->check_count; i++)
    holds = holds && plain_holds(table, key, &query->checks[i]);
  if ((count > 0 && holds) || even_empty) {
    add_hex(to, key);
    for (size_t i = 0; i < count; i++) {
      const plain_cell *cell = &table->cells[places[i]];
      medley_slice value = {cell->value, query->keys_only ? 0 : cell->len};
      add_cell(to, plain_families[cell->family], cell->qualifier, cell->version_ms, value);
    }
    add_string(to, "\n");
    ++*rows;
  }
  free(places);
}

static void add_plain_scan(const plain_table *table, const medley_cells_query *query, text *to) {
  uint64_t rows = 0;
  for (int i = 0; i < KEYS; i++) {
    medley_slice key = keys[query->reverse ? KEYS - 1 - i : i];
    if (query->row_limit > 0 && rows >= query->row_limit) break;
    if (query->start.bytes != NULL && plain_bytes_order(key, query->start) < 0) continue;
    if (query->stop.bytes != NULL && plain_bytes_order(key, query->stop) >= 0) continue;
    if (plain_begins(key, query->prefix)) add_plain_row(table, query, key, false, true, &rows, to);
  }
}

/* The first difference, and what is around it. */
static void compare(text *found, text *expected, const char *what) {
  add_string(found, "");
  add_string(expected, "");
  size_t at = 0;
  while (found->bytes[at] != '\0' && found->bytes[at] == expected->bytes[at]) at++;
  size_t from = at > 200 ? at - 200 : 0;
  ck_assert_msg(found->bytes[at] == expected->bytes[at], "%s: found\n%.400s\nexpected\n%.400s", what,
                found->bytes + from, expected->bytes + from);
  free(found->bytes);
  free(expected->bytes);
}

/* ---- Opening ---- */
static void open_database(world *w) {
  medley_options options;
  medley_error error = {0};
  medley_options_init(&options);
  options.clock_us = cells_clock;
  options.clock_context = &w->now_us;
  options.durability = MEDLEY_RELAXED;
  options.map_size_bytes = (uint64_t)1 << 30;
  ck_assert_msg(medley_open(w->path, &options, &w->db, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_int_eq(medley_session_open(w->db, &w->session, &error), MEDLEY_OK);
}

static void close_database(world *w) {
  ck_assert_int_eq(medley_session_close(w->session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(w->db), MEDLEY_OK);
}

static void world_open(world *w, uint64_t seed) {
  static const medley_cells_family families[FAMILIES] = {
      {"info", 3, 0}, {"log", 0, 0}, {"one", 1, 0}, {"short", 2, 60}};
  *w = (world){.random = seed, .now_us = INT64_C(1700000000) * 1000000};
  snprintf(w->folder, sizeof w->folder, "/tmp/medley-cells-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(w->folder));
  snprintf(w->path, sizeof w->path, "%s/db.medley", w->folder);
  open_database(w);
  kit_exec(w->session, MEDLEY_LANGUAGE_CQL, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}");
  CELLS_OK(w->session, medley_cells_create(w->session, CELLS_TABLE, families, FAMILIES));
  kit_exec(w->session, MEDLEY_LANGUAGE_CQL, "ALTER TABLE k.cells WITH segment_rows = 4 AND gc_grace_seconds = 100");
  for (int i = 0; i < FAMILIES; i++) w->table.max_versions[i] = families[i].max_versions;
}

static void world_close(world *w) {
  char path[120];
  close_database(w);
  unlink(w->path);
  snprintf(path, sizeof path, "%s-lock", w->path);
  unlink(path);
  ck_assert_int_eq(rmdir(w->folder), 0);
  free(w->table.cells);
  free(w->begun.cells);
  free(w->saved.cells);
}

/* ---- Random things ---- */
static bool is_named(const world *w, int family) { return w->table.max_versions[family] != UINT32_MAX; }

static int named_family(world *w) {
  int family;
  do family = (int)below(w, FAMILIES);
  while (!is_named(w, family));
  return family;
}

static plain_cell random_cell(world *w) {
  plain_cell cell = {.key = keys[below(w, KEYS)], .qualifier = qualifiers[below(w, QUALIFIERS)]};
  cell.family = named_family(w);
  cell.version_ms = below(w, 8) == 0 ? 0 : 1 + (int64_t)below(w, 30);
  if (below(w, 16) == 0) cell.version_ms = INT64_C(1800000000000); /* later than the clock's */
  cell.len = below(w, 3) == 0 ? 8 : below(w, 4);
  for (size_t i = 0; i < cell.len; i++) cell.value[i] = (char)("\0\1az\377"[below(w, 5)]);
  return cell;
}

static medley_cell given(const plain_cell *cell) {
  return (medley_cell){cell->family >= 0 ? plain_families[cell->family] : NULL,
                       cell->qualifier,
                       cell->version_ms,
                       {cell->value, cell->len}};
}

/* What the plain table gets of a put. */
static void put_plain(world *w, plain_cell cell) {
  if (cell.version_ms == 0) cell.version_ms = w->now_us / 1000;
  cell.expiry_s = ttls[cell.family] > 0 ? w->now_us / 1000000 + ttls[cell.family] : 0;
  plain_put(&w->table, &cell);
}

static medley_cells_check random_check(world *w) {
  plain_cell cell = random_cell(w);
  medley_cells_check check = {
      plain_families[cell.family], cell.qualifier, (medley_cells_comparison)below(w, 8), {"a", 1}};
  if (below(w, 2) == 0) check.value = (medley_slice){"\0", 1};
  return check;
}

/* ---- Changes ---- */
static medley_cells_change random_change(world *w, medley_slice key, plain_cell *cell) {
  *cell = random_cell(w);
  cell->key = key;
  medley_cells_change_kind kind = below(w, 3) > 0   ? MEDLEY_CELLS_PUT
                                  : below(w, 2) > 0 ? MEDLEY_CELLS_DELETE
                                                    : MEDLEY_CELLS_DELETE_VERSION;
  if (kind == MEDLEY_CELLS_DELETE) {
    if (below(w, 4) == 0) cell->qualifier = (medley_slice){NULL, 0};
    if (below(w, 12) == 0) cell->family = -1;
  }
  return (medley_cells_change){kind, given(cell)};
}

static void mutate(world *w) {
  medley_cells_change changes[4];
  plain_cell cells[4];
  medley_slice key = keys[below(w, KEYS)];
  size_t count = 1 + below(w, 4);
  bool checked = below(w, 3) == 0;
  int applied = 1;
  for (size_t i = 0; i < count; i++) changes[i] = random_change(w, key, &cells[i]);
  if (checked) {
    medley_cells_check check = random_check(w);
    CELLS_OK(w->session, medley_cells_check_and_mutate(w->session, CELLS_TABLE, key.bytes, key.len, &check, changes,
                                                       count, &applied));
    ck_assert_int_eq(applied, plain_holds(&w->table, key, &check));
  } else {
    CELLS_OK(w->session, medley_cells_mutate(w->session, CELLS_TABLE, key.bytes, key.len, changes, count));
  }
  for (size_t i = 0; applied && i < count; i++) {
    if (changes[i].kind == MEDLEY_CELLS_PUT)
      put_plain(w, cells[i]);
    else
      plain_delete(&w->table, &cells[i], changes[i].kind == MEDLEY_CELLS_DELETE_VERSION);
  }
}

static void put(world *w) {
  medley_cell cells[4];
  plain_cell plain[4];
  medley_slice key = keys[below(w, KEYS)];
  size_t count = 1 + below(w, 4);
  bool fails = below(w, 12) == 0;
  for (size_t i = 0; i < count; i++) {
    plain[i] = random_cell(w);
    plain[i].key = key;
    cells[i] = given(&plain[i]);
  }
  if (fails) cells[count - 1].family = "nix";
  int rc = medley_cells_put(w->session, CELLS_TABLE, key.bytes, key.len, cells, count);
  ck_assert_msg(rc == (fails ? MEDLEY_NOT_FOUND : MEDLEY_OK), "%s", medley_session_error(w->session)->message);
  for (size_t i = 0; !fails && i < count; i++) put_plain(w, plain[i]);
}

/* What takes the newest cell's turn. */
static int64_t next_version(world *w, const plain_cell *newest) {
  int64_t now_ms = w->now_us / 1000;
  return newest != NULL && newest->version_ms > now_ms ? newest->version_ms : now_ms;
}

static int64_t take_number(const char *bytes) {
  uint64_t number = 0;
  for (int i = 0; i < 8; i++) number = number << 8 | (unsigned char)bytes[i];
  return (int64_t)number;
}

static void increment(world *w) {
  plain_cell cell = random_cell(w);
  const plain_cell *newest = plain_newest(&w->table, &cell);
  int64_t by = (int64_t)below(w, 1000) - 500, sum = 0, found = 0;
  int expected = newest != NULL && newest->len != 8 ? MEDLEY_TYPE : MEDLEY_OK;
  if (expected == MEDLEY_OK && __builtin_add_overflow(newest != NULL ? take_number(newest->value) : 0, by, &sum))
    expected = MEDLEY_RANGE;
  int rc = medley_cells_increment(w->session, CELLS_TABLE, cell.key.bytes, cell.key.len, plain_families[cell.family],
                                  cell.qualifier, by, &found);
  ck_assert_msg(rc == expected, "%s", medley_session_error(w->session)->message);
  if (rc != MEDLEY_OK) return;
  ck_assert_int_eq(found, sum);
  cell.version_ms = next_version(w, newest);
  cell.len = 8;
  for (int i = 0; i < 8; i++) cell.value[i] = (char)((uint64_t)sum >> (56 - 8 * i));
  put_plain(w, cell);
}

static void append(world *w) {
  plain_cell cell = random_cell(w), joined = cell;
  const plain_cell *newest = plain_newest(&w->table, &cell);
  medley_slice whole;
  if (newest != NULL && newest->len + cell.len > VALUE_MAX) return;
  joined.len = 0;
  if (newest != NULL) memcpy(joined.value, newest->value, joined.len = newest->len);
  memcpy(joined.value + joined.len, cell.value, cell.len);
  joined.len += cell.len;
  CELLS_OK(w->session,
           medley_cells_append(w->session, CELLS_TABLE, cell.key.bytes, cell.key.len, plain_families[cell.family],
                               cell.qualifier, (medley_slice){cell.value, cell.len}, &whole));
  ck_assert(whole.len == joined.len && memcmp(whole.bytes, joined.value, joined.len) == 0);
  joined.version_ms = next_version(w, newest);
  put_plain(w, joined);
}

/* CQL writes what it likes: nothing is trimmed, nothing expires. */
static void change_by_cql(world *w) {
  plain_cell cell = random_cell(w);
  text statement = {0};
  char version[32];
  if (cell.version_ms == 0) cell.version_ms = 31;
  snprintf(version, sizeof version, "%lld", (long long)cell.version_ms);
  bool deletes = below(w, 2) == 0;
  add_string(&statement, deletes
                             ? "DELETE FROM k.cells WHERE region = 0 AND key = 0x"
                             : "INSERT INTO k.cells (region, key, family, qualifier, version, value) VALUES (0, 0x");
  add_hex(&statement, cell.key);
  add_string(&statement, deletes ? " AND family = '" : ", '");
  add_string(&statement, plain_families[cell.family]);
  add_string(&statement, deletes ? "' AND qualifier = 0x" : "', 0x");
  add_hex(&statement, cell.qualifier);
  add_string(&statement, deletes ? " AND version <= " : ", ");
  add_string(&statement, version);
  if (!deletes) {
    add_string(&statement, ", 0x");
    add_hex(&statement, (medley_slice){cell.value, cell.len});
    add_string(&statement, ")");
  }
  kit_exec(w->session, MEDLEY_LANGUAGE_CQL, statement.bytes);
  free(statement.bytes);
  if (deletes) {
    plain_delete(&w->table, &cell, false);
    return;
  }
  uint32_t max = w->table.max_versions[cell.family];
  w->table.max_versions[cell.family] = 0;
  plain_put(&w->table, &cell);
  w->table.max_versions[cell.family] = max;
}

/* Families come and go, and keep more or fewer versions. */
static void alter(world *w) {
  text statement = {0};
  bool any = false;
  add_string(&statement, "ALTER TABLE k.cells WITH max_versions = {");
  for (int i = 0; i < FAMILIES; i++) {
    char entry[40];
    uint32_t max = (uint32_t)below(w, 5);
    bool named = below(w, 6) > 0 || i == 3; /* its time to live needs it */
    w->table.max_versions[i] = named ? max : UINT32_MAX;
    if (!named) continue;
    snprintf(entry, sizeof entry, max == 0 ? "%s'%s': 'all'" : "%s'%s': %u", any ? ", " : "", plain_families[i], max);
    add_string(&statement, entry);
    any = true;
  }
  add_string(&statement, "}");
  kit_exec(w->session, MEDLEY_LANGUAGE_CQL, statement.bytes);
  free(statement.bytes);
}

/* ---- Queries ---- */
static void random_query(world *w, medley_cells_query *query, medley_cells_column *columns,
                         medley_cells_check *checks) {
  *query = (medley_cells_query){.columns = columns, .checks = checks};
  query->column_count = below(w, 2) * below(w, 4);
  for (size_t i = 0; i < query->column_count; i++) {
    columns[i] = (medley_cells_column){plain_families[named_family(w)], qualifiers[below(w, QUALIFIERS)]};
    if (below(w, 3) == 0) columns[i].qualifier = (medley_slice){NULL, 0};
  }
  query->check_count = below(w, 4) == 0 ? 1 + below(w, 2) : 0;
  for (size_t i = 0; i < query->check_count; i++) checks[i] = random_check(w);
  if (below(w, 4) == 0) query->qualifier_prefix = qualifiers[below(w, QUALIFIERS)];
  if (below(w, 4) == 0) query->from_ms = (int64_t)below(w, 30);
  if (below(w, 4) == 0) query->to_ms = (int64_t)below(w, 35);
  query->versions = (uint32_t)below(w, 6);
  if (below(w, 4) == 0) query->comparison = (medley_cells_comparison)(2 + below(w, 6));
  query->value = qualifiers[below(w, QUALIFIERS)];
  if (below(w, 4) == 0) query->cell_limit = 1 + below(w, 5);
  query->keys_only = below(w, 6) == 0;
  if (below(w, 3) == 0) query->start = keys[below(w, KEYS)];
  if (below(w, 3) == 0) query->stop = keys[below(w, KEYS)];
  if (below(w, 3) == 0) query->prefix = keys[below(w, KEYS)];
  if (below(w, 3) == 0) query->row_limit = 1 + below(w, 4);
  query->reverse = below(w, 2) == 0;
}

static void ask(world *w) {
  medley_cells_query query;
  medley_cells_column columns[3];
  medley_cells_check checks[2];
  text found = {0}, expected = {0};
  random_query(w, &query, columns, checks);
  if (below(w, 2) == 0) {
    CELLS_OK(w->session, medley_cells_scan(w->session, CELLS_TABLE, &query, on_row, &found));
    add_plain_scan(&w->table, &query, &expected);
    compare(&found, &expected, query.reverse ? "a scan backwards" : "a scan");
    return;
  }
  medley_slice key = keys[below(w, KEYS)];
  medley_cells_row row;
  uint64_t rows = 0;
  CELLS_OK(w->session, medley_cells_get(w->session, CELLS_TABLE, key.bytes, key.len, &query, &row));
  on_row(&found, &row);
  add_plain_row(&w->table, &query, key, true, false, &rows, &expected);
  compare(&found, &expected, "a row");
}

/* key, family, qualifier, version, value: all there is, hidden families and versions too. */
static int on_table_row(void *context, medley_statement *statement) {
  text *to = context;
  medley_slice parts[5];
  for (int i = 0; i < 5; i += 2) {
    parts[i].bytes = medley_column_blob(statement, i);
    parts[i].len = medley_column_bytes(statement, i);
    if (i == 0) add_hex(to, parts[0]);
    if (i != 4) continue;
    const char *family = medley_column_text(statement, 1);
    char copy[16];
    snprintf(copy, sizeof copy, "%s", family);
    int64_t version_ms = medley_column_integer(statement, 3);
    medley_slice qualifier = {medley_column_blob(statement, 2), medley_column_bytes(statement, 2)};
    add_cell(to, copy, qualifier, version_ms, (medley_slice){medley_column_blob(statement, 4), parts[4].len});
    add_string(to, "\n");
  }
  return 0;
}

static void look_at_tables(world *w) {
  static const struct {
    medley_language language;
    const char *text;
  } looks[] = {
      {MEDLEY_LANGUAGE_CQL,
       "SELECT key, family, qualifier, toUnixTimestamp(version), value FROM k.cells WHERE region = 0"},
      {MEDLEY_LANGUAGE_SQL,
       "SELECT key, family, qualifier, version, value FROM \"k.cells\" ORDER BY key, family, qualifier, version DESC"}};
  for (int i = 0; i < 2; i++) {
    text found = {0}, expected = {0};
    int rc = medley_exec(w->session, looks[i].language, looks[i].text, strlen(looks[i].text), on_table_row, &found);
    ck_assert_msg(rc == MEDLEY_OK, "%s", medley_session_error(w->session)->message);
    for (size_t j = 0; j < w->table.count; j++) {
      const plain_cell *cell = &w->table.cells[j];
      add_hex(&expected, cell->key);
      add_cell(&expected, plain_families[cell->family], cell->qualifier, cell->version_ms,
               (medley_slice){cell->value, cell->len});
      add_string(&expected, "\n");
    }
    compare(&found, &expected, looks[i].text);
  }
}

/* ---- Transactions, time, housekeeping ---- */
static void transact(world *w) {
  if (!w->in_transaction) {
    CELLS_OK(w->session, medley_begin(w->session, below(w, 2) == 0 ? MEDLEY_WRITE : MEDLEY_DEFER));
    plain_copy(&w->begun, &w->table);
    w->in_transaction = true;
    w->has_savepoint = false;
  } else if (below(w, 3) == 0) {
    CELLS_OK(w->session, medley_savepoint(w->session, "s"));
    plain_copy(&w->saved, &w->table);
    w->has_savepoint = true;
  } else if (w->has_savepoint && below(w, 2) == 0) {
    CELLS_OK(w->session, medley_rollback_to(w->session, "s"));
    plain_copy(&w->table, &w->saved);
  } else {
    bool keeps = below(w, 3) > 0;
    CELLS_OK(w->session, keeps ? medley_commit(w->session) : medley_rollback(w->session));
    if (!keeps) plain_copy(&w->table, &w->begun);
    w->in_transaction = false;
  }
}

static void note_sealed(world *w) {
  const med_wide_table *table =
      med_wide_catalog_table(w->session->cql->catalog, med_slice_of_text("k"), med_slice_of_text("cells"));
  w->has_sealed = w->has_sealed || (table != NULL && table->flags & MED_WIDE_TABLE_SEGMENTS);
}

static void keep_house(world *w) {
  medley_error error = {0};
  uint64_t problems = 0;
  int more = 1;
  if (w->in_transaction) return;
  switch (below(w, 4)) {
    case 0: w->now_us += (int64_t)below(w, 40000000); break;
    case 1:
      while (more) ck_assert_msg(medley_maintain(w->db, 10000000, &more, &error) == MEDLEY_OK, "%s", error.message);
      look_at_tables(w);
      note_sealed(w);
      break;
    case 2:
      close_database(w);
      w->now_us += 1000000; /* a new handle's timestamps are the clock's, which the last one's have run ahead of */
      open_database(w);
      break;
    default:
      ck_assert_int_eq(medley_check(w->db, NULL, NULL, &problems, &error), MEDLEY_OK);
      ck_assert_uint_eq(problems, 0);
  }
  plain_expire(&w->table, w->now_us / 1000000);
}

static void step(world *w) {
  switch (below(w, 16)) {
    case 0: transact(w); break;
    case 1: keep_house(w); break;
    case 2: look_at_tables(w); break;
    case 3: increment(w); break;
    case 4: append(w); break;
    case 5: change_by_cql(w); break;
    case 6:
      if (below(w, 8) == 0) alter(w);
      break;
    case 7:
    case 8:
    case 9: mutate(w); break;
    case 10:
    case 11: put(w); break;
    default: ask(w); break;
  }
}

static void run(bool timestamps) {
  world w;
  world_open(&w, property_seed("cells") + timestamps);
  /* From the first explicit timestamp on the table keeps tombstones, and is not sealed. */
  if (timestamps)
    kit_exec(w.session, MEDLEY_LANGUAGE_CQL, "DELETE FROM k.cells USING TIMESTAMP 1 WHERE region = 0 AND key = 0x61");
  for (int i = 0; i < STEPS; i++) step(&w);
  if (w.in_transaction) CELLS_OK(w.session, medley_commit(w.session));
  look_at_tables(&w);
  ck_assert_int_eq(w.has_sealed, !timestamps);
  world_close(&w);
}

START_TEST(calls_answer_as_a_plain_table_does) { run(false); }
END_TEST

START_TEST(so_they_do_where_tombstones_are_kept) { run(true); }
END_TEST

PROPERTY_MAIN("cells_random", calls_answer_as_a_plain_table_does, so_they_do_where_tombstones_are_kept)
