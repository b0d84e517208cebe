/* group_query.c - see group_query.h. */
#include "engine/sql/group_query.h"

#include <string.h>
#include <strings.h>

#include "engine/cql/client.h"
#include "engine/session_state.h"

#define TOKENS_MAX 400
#define ITEMS_MAX 64

/* An item of the select list: what is asked, and the name that is given to it. */
typedef struct item {
  size_t from, end; /* tokens */
  const med_sql_token *alias;
  bool of_keys; /* a column of GROUP BY is in it, by itself */
} item;

typedef struct rewriting {
  med_sql_token tokens[TOKENS_MAX + 4]; /* a few of END behind it */
  size_t count;                         /* the last one is END */
  sqlite3_stmt *stmt;                   /* compiled as it is: it gives the columns their names */
  const med_wide_table *table;
  med_buffer table_name; /* keyspace.table */
  med_group_spec spec;
  const med_wide_column *keys[MED_WIDE_GROUP_KEYS_MAX];
  const med_wide_column *totals[MED_WIDE_GROUP_TOTALS_MAX];
  bool equal[2 * MED_WIDE_KEY_COLUMNS_MAX]; /* key columns that are to be one value */
  item items[ITEMS_MAX];
  size_t item_count;
  bool aggregates, short_of_memory;
  bool met_key;               /* by the last expression */
  med_buffer arguments, name; /* of the function; of the token that is looked at */
} rewriting;

/* ---- Tokens ---- */
static bool is(const rewriting *of, size_t at, const char *word) { return med_sql_token_is(&of->tokens[at], word); }
static bool is_one_of(const med_sql_token *token, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (med_sql_token_is(token, words[i])) return true;
  }
  return false;
}
static bool is_name(const rewriting *of, size_t at) {
  return of->tokens[at].kind == MED_SQL_WORD || of->tokens[at].kind == MED_SQL_NAME;
}

static bool append(rewriting *of, med_buffer *text, const char *bytes, size_t len) {
  bool ok = med_buffer_append(text, bytes, len);
  of->short_of_memory = of->short_of_memory || !ok;
  return ok;
}
static bool append_token(rewriting *of, med_buffer *text, size_t at) {
  med_slice token = of->tokens[at].text;
  return append(of, text, " ", 1) && append(of, text, token.bytes, token.len);
}

/* False also if there are too many of them. */
static bool read_tokens(rewriting *of, const char *text, size_t text_len) {
  size_t at = 0;
  do { /* empty statements before it are SQLite's */
    if (of->count == TOKENS_MAX) return false;
    of->tokens[of->count] = med_sql_next_token(text, text_len, &at);
    if (of->tokens[of->count].kind == MED_SQL_BAD) return false;
  } while (of->tokens[of->count++].kind != MED_SQL_END);
  return true;
}

/* ---- Names ---- */
static bool same_name(med_slice a, med_slice b) { return a.len == b.len && strncasecmp(a.bytes, b.bytes, a.len) == 0; }

static med_slice name_of(rewriting *of, const med_sql_token *token) {
  of->name.len = 0;
  if (!med_sql_token_name(token, &of->name)) of->short_of_memory = true;
  return med_slice_of(of->name.bytes, of->name.len);
}

static const med_wide_column *column_of(rewriting *of, const med_sql_token *token) {
  if (token->kind != MED_SQL_WORD && token->kind != MED_SQL_NAME) return NULL;
  med_slice name = name_of(of, token);
  for (size_t i = 0; i < of->table->column_count; i++) {
    if (same_name(of->table->columns[i].name, name)) return &of->table->columns[i];
  }
  return NULL;
}

/* As names of tables are found (wide_names.h): the first one in their order that SQL cannot tell from the name. */
static int find_wide_table(medley_session *session, rewriting *of, const med_sql_token *token) {
  med_cql_client *client;
  med_wide_catalog *catalog;
  size_t count;
  med_slice name = name_of(of, token);
  if (memchr(name.len > 0 ? name.bytes : "", '.', name.len) == NULL) return MEDLEY_OK;
  int rc = med_cql_client_open(session, &client);
  if (rc == MEDLEY_OK) rc = med_cql_client_catalog(client, med_session_txn(session), &catalog);
  if (rc != MEDLEY_OK) return rc;
  const med_wide_table *tables = med_wide_catalog_tables(catalog, &count);
  for (size_t i = 0; i < count && of->table == NULL; i++) {
    of->table_name.len = 0;
    if (!med_buffer_printf(&of->table_name, "%.*s.%.*s", (int)tables[i].keyspace.len,
                           (const char *)tables[i].keyspace.bytes, (int)tables[i].name.len,
                           (const char *)tables[i].name.bytes))
      return MEDLEY_NO_MEMORY;
    if (same_name(med_slice_of(of->table_name.bytes, of->table_name.len), name)) of->table = &tables[i];
  }
  return MEDLEY_OK;
}

/* What SQL's own schema has of that name, temporary things first: its statement, empty if it has nothing. False: it cannot be found out. */
static bool find_own(sqlite3 *handle, med_slice name, med_buffer *sql) {
  static const char query[] =
      "SELECT sql FROM temp.sqlite_schema WHERE name = ?1 COLLATE NOCASE UNION ALL "
      "SELECT sql FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE";
  sqlite3_stmt *stmt = NULL;
  int code = sqlite3_prepare_v2(handle, query, (int)sizeof query, &stmt, NULL);
  sql->len = 0;
  if (code == SQLITE_OK) code = sqlite3_bind_text(stmt, 1, name.bytes, (int)name.len, SQLITE_STATIC);
  if (code == SQLITE_OK) code = sqlite3_step(stmt);
  const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
  bool ok = code == SQLITE_DONE || (text != NULL && med_buffer_append(sql, text, strlen(text)));
  (void)sqlite3_finalize(stmt);
  return ok;
}

/* Of CREATE VIEW x AS SELECT * FROM y, and of no other statement: the token of y. */
static bool is_plain_view(const med_buffer *sql, med_sql_token *of) {
  static const char *const words[] = {"create", "view", NULL, "as", "select", "*", "from", NULL};
  size_t at = 0;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    *of = med_sql_next_token(sql->bytes, sql->len, &at);
    bool name = of->kind == MED_SQL_WORD || of->kind == MED_SQL_NAME;
    if (words[i] != NULL ? !med_sql_token_is(of, words[i]) : !name) return false;
  }
  med_sql_token end = med_sql_next_token(sql->bytes, sql->len, &at);
  return end.kind == MED_SQL_END;
}

/* The table of that name, or of a view of SQL that is all of a table; of->table is NULL if it is neither. */
static int find_table(medley_session *session, sqlite3 *handle, rewriting *of, const med_sql_token *token) {
  med_buffer sql = {0}, hidden = {0};
  med_sql_token behind = *token;
  bool known = find_own(handle, name_of(of, token), &sql);
  if (known && sql.len > 0) /* SQL's own, which is what is meant, also where its name is that of a wide-column table */
    known = is_plain_view(&sql, &behind) && find_own(handle, name_of(of, &behind), &hidden) && hidden.len == 0;
  int rc = known ? find_wide_table(session, of, &behind) : MEDLEY_OK;
  med_buffer_clear(&sql);
  med_buffer_clear(&hidden);
  return rc;
}

/* Whether the statement may ask for totals at all: nothing is looked up for others. */
static bool may_ask_totals(const rewriting *of) {
  static const char *const words[] = {"group", "count", "sum", "total", "avg", "min", "max"};
  for (size_t i = 0; i < of->count; i++) {
    if (is_one_of(&of->tokens[i], words, sizeof words / sizeof *words)) return true;
  }
  return false;
}

/* ---- The select list ---- */
static const char *const item_words[] = {"and",     "or",   "not",  "in",   "is",   "null", "like",
                                         "between", "case", "when", "then", "else", "end"};
static bool is_item_word(const med_sql_token *token) {
  return token->kind == MED_SQL_WORD && is_one_of(token, item_words, sizeof item_words / sizeof *item_words);
}

static void split_alias(rewriting *of, item *made) {
  size_t last = made->end - 1;
  if (made->end - made->from < 2 || !is_name(of, last) || is_item_word(&of->tokens[last])) return;
  if (made->end - made->from >= 3 && is(of, last - 1, "as")) {
    made->end -= 2;
  } else {
    const med_sql_token *before = &of->tokens[last - 1];
    bool ends = before->kind == MED_SQL_VALUE || before->kind == MED_SQL_NAME || med_sql_token_is(before, ")") ||
                med_sql_token_is(before, "end") || (before->kind == MED_SQL_WORD && !is_item_word(before));
    if (!ends) return;
    made->end--;
  }
  made->alias = &of->tokens[last];
}

/* From behind SELECT to FROM. */
static bool split_items(rewriting *of, size_t *at) {
  size_t from = *at, depth = 0;
  for (;; ++*at) {
    bool end = depth == 0 && is(of, *at, "from");
    if (of->tokens[*at].kind == MED_SQL_END) return false;
    if (end || (depth == 0 && is(of, *at, ","))) {
      if (*at == from || of->item_count == ITEMS_MAX) return false;
      item *made = &of->items[of->item_count++];
      *made = (item){.from = from, .end = *at};
      split_alias(of, made);
      from = *at + 1;
    }
    if (end) return true;
    if (is(of, *at, "(")) depth++;
    if (is(of, *at, ")") && depth-- == 0) return false;
  }
}

/* ---- WHERE ---- */
static bool ends_clause(const rewriting *of, size_t at) {
  static const char *const words[] = {"group", "having", "order", "limit"};
  return of->tokens[at].kind == MED_SQL_END || is_one_of(&of->tokens[at], words, sizeof words / sizeof *words);
}

/* Functions of a value each, which are the same wherever they are called. */
static bool is_scalar(const med_sql_token *token) {
  static const char *const words[] = {"abs",       "ceil",   "ceiling", "char",    "coalesce",  "date",   "datetime",
                                      "exp",       "floor",  "format",  "hex",     "ifnull",    "iif",    "instr",
                                      "julianday", "length", "ln",      "log",     "log10",     "log2",   "lower",
                                      "ltrim",     "nullif", "pow",     "power",   "printf",    "quote",  "replace",
                                      "round",     "rtrim",  "sign",    "sqrt",    "strftime",  "substr", "substring",
                                      "time",      "trim",   "typeof",  "unicode", "unixepoch", "upper"};
  return token->kind == MED_SQL_WORD && is_one_of(token, words, sizeof words / sizeof *words);
}

/* An expression without columns, from *at on: it becomes the function's next argument. */
static bool take_constant(rewriting *of, size_t *at) {
  static const char *const symbols[] = {"+", "-", "*", "/", "%", "||", "(", ")", ","};
  size_t depth = 0, from = *at;
  if (!append(of, &of->arguments, ",", 1)) return false;
  for (;; ++*at) {
    const med_sql_token *token = &of->tokens[*at];
    if (depth == 0 && (ends_clause(of, *at) || is(of, *at, "and"))) break;
    if (is(of, *at, "(")) depth++;
    if (is(of, *at, ")") && depth-- == 0) return false;
    bool known = token->kind == MED_SQL_VALUE || is_one_of(token, symbols, sizeof symbols / sizeof *symbols) ||
                 (is_scalar(token) && is(of, *at + 1, "("));
    if (!known || (is(of, *at, ",") && depth == 0) || !append_token(of, &of->arguments, *at)) return false;
  }
  return *at > from;
}

static bool add_test(rewriting *of, const med_wide_column *column, med_compare compare) {
  med_group_spec *spec = &of->spec;
  size_t at = (size_t)(column - of->table->columns);
  if (spec->test_count == MED_WIDE_GROUP_TESTS_MAX || !med_group_takes_test(column)) return false;
  /* These rows are found by an index. */
  if (compare == MED_EQUAL && med_wide_table_index(of->table, column->id, MED_WIDE_INDEX_VALUE) != NULL) return false;
  if (compare == MED_EQUAL && at < of->table->partition_count) of->equal[at] = true;
  spec->compares[spec->test_count] = compare;
  return append(of, &spec->tests[spec->test_count++], column->name.bytes, column->name.len);
}

static bool take_test(rewriting *of, size_t *at) {
  const med_wide_column *column = column_of(of, &of->tokens[*at]);
  med_compare compare;
  if (column == NULL || of->tokens[*at + 1].kind == MED_SQL_END) return false;
  ++*at;
  if (is(of, *at, "between")) {
    ++*at;
    if (!add_test(of, column, MED_GREATER_EQUAL) || !take_constant(of, at) || !is(of, *at, "and")) return false;
    ++*at;
    return add_test(of, column, MED_LESS_EQUAL) && take_constant(of, at);
  }
  if (!med_group_spec_compare(&of->tokens[*at], &compare)) return false;
  ++*at;
  return add_test(of, column, compare) && take_constant(of, at);
}

static bool take_where(rewriting *of, size_t *at) {
  if (!is(of, *at, "where")) return ends_clause(of, *at);
  do {
    ++*at;
    if (!take_test(of, at)) return false;
  } while (is(of, *at, "and"));
  bool partition = true; /* read by its key */
  for (size_t i = 0; i < of->table->partition_count; i++) partition = partition && of->equal[i];
  return ends_clause(of, *at) && !partition;
}

/* ---- GROUP BY ---- */
static bool take_groups(rewriting *of, size_t *at) {
  if (!is(of, *at, "group")) return !is(of, *at, "having");
  if (!is(of, ++*at, "by")) return false;
  do {
    med_group_spec *spec = &of->spec;
    const med_wide_column *column = column_of(of, &of->tokens[++*at]);
    if (column == NULL || spec->key_count == MED_WIDE_GROUP_KEYS_MAX || !med_group_takes_key(column)) return false;
    of->keys[spec->key_count] = column;
    if (!append(of, &spec->keys[spec->key_count++], column->name.bytes, column->name.len)) return false;
    ++*at;
  } while (is(of, *at, ","));
  return ends_clause(of, *at);
}

/* Names that the table or medley_groups has besides its columns; of the latter, all begin so. */
static bool is_reserved(med_slice name) {
  static const char *const words[] = {"rowid", "oid", "_rowid_", "_ttl", "_writetime"};
  static const char own[] = "medley ";
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (same_name(name, med_slice_of_text(words[i]))) return true;
  }
  return name.len >= sizeof own - 1 && same_name(med_slice_of(name.bytes, sizeof own - 1), med_slice_of_text(own));
}

/* An alias that is also the name of something else means the one or the other, by the place where it stands. */
static bool aliases_are_clear(rewriting *of) {
  for (size_t i = 0; i < of->item_count; i++) {
    const item *one = &of->items[i];
    if (one->alias == NULL) continue;
    const med_wide_column *column = column_of(of, one->alias);
    if (column != NULL && (one->end - one->from != 1 || column_of(of, &of->tokens[one->from]) != column)) return false;
    med_slice name = name_of(of, one->alias);
    if (is_reserved(name)) return false;
    for (size_t other = 0; other < of->item_count; other++) {
      const char *given =
          of->items[other].alias == NULL ? sqlite3_column_name(of->stmt, (int)other) : NULL; /* none: a plan */
      if (given != NULL && column == NULL && same_name(name, med_slice_of_text(given))) return false;
    }
  }
  return true;
}

/* ---- Expressions over groups ---- */
static bool total_number(rewriting *of, const med_wide_column *column, unsigned functions, size_t *number) {
  med_group_spec *spec = &of->spec;
  for (*number = 0; *number < spec->total_count && of->totals[*number] != column;) ++*number;
  if (*number == MED_WIDE_GROUP_TOTALS_MAX) return false;
  if (*number == spec->total_count) {
    of->totals[spec->total_count] = column;
    if (!append(of, &spec->totals[spec->total_count++], column->name.bytes, column->name.len)) return false;
  }
  spec->functions[*number] |= functions;
  return true;
}

/* Each group is one row, of which max gives every value as it is: a total may be NULL, which total() would not give back. */
static bool write_average(rewriting *of, size_t number, med_buffer *text) {
  bool ok = med_buffer_printf(text, " (max(" MED_GROUP_TOTAL_COLUMN ") / max(" MED_GROUP_TOTAL_COLUMN "))", "total",
                              number, "count", number);
  of->short_of_memory = of->short_of_memory || !ok;
  return ok;
}

static bool write_function(rewriting *of, size_t function, size_t number, med_buffer *text) {
  bool ok = med_buffer_printf(text, " max(" MED_GROUP_TOTAL_COLUMN ")", med_group_function_names[function], number);
  of->short_of_memory = of->short_of_memory || !ok;
  return ok;
}

/* count(*), and a function of one column. */
static bool take_aggregate(rewriting *of, size_t *at, med_buffer *text) {
  size_t function = 0, number;
  bool average = is(of, *at, "avg");
  while (function < MED_GROUP_FUNCTIONS && !is(of, *at, med_group_function_names[function])) function++;
  if ((function == MED_GROUP_FUNCTIONS && !average) || !is(of, *at + 1, "(") || !is(of, *at + 3, ")")) return false;
  of->aggregates = true;
  *at += 3;
  if (function == MED_GROUP_COUNT && is(of, *at - 1, "*")) {
    static const char rows[] = " max(" MED_GROUP_ROWS_COLUMN ")";
    return append(of, text, rows, sizeof rows - 1);
  }
  const med_wide_column *column = column_of(of, &of->tokens[*at - 1]);
  if (column == NULL || !med_group_takes_total(column, function)) return false;
  unsigned functions = average ? 1u << MED_GROUP_TOTAL | 1u << MED_GROUP_COUNT : 1u << function;
  if (!total_number(of, column, functions, &number)) return false;
  return average ? write_average(of, number, text) : write_function(of, function, number, text);
}

/* The item that is given this name; NULL if none is. What is called is a function, whatever else has its name. */
static const item *item_of(rewriting *of, size_t at) {
  if (!is_name(of, at) || is(of, at + 1, "(")) return NULL;
  med_slice name = name_of(of, &of->tokens[at]);
  for (size_t i = 0; i < of->item_count; i++) {
    med_buffer alias = {0};
    if (of->items[i].alias == NULL) continue;
    bool same = med_sql_token_name(of->items[i].alias, &alias) && same_name(med_slice_of(alias.bytes, alias.len), name);
    med_buffer_clear(&alias);
    if (same) return &of->items[i];
  }
  return NULL;
}

static bool take_key(rewriting *of, size_t at, med_buffer *text) {
  const med_wide_column *column = column_of(of, &of->tokens[at]);
  for (size_t i = 0; column != NULL && i < of->spec.key_count; i++) {
    if (of->keys[i] != column) continue;
    bool ok = med_buffer_printf(text, " " MED_GROUP_KEY_COLUMN, i);
    of->short_of_memory = of->short_of_memory || !ok;
    return ok;
  }
  return false;
}

/* Tokens from..end with totals and columns of groups in their places. aliases: those of the select list and the words of ORDER BY and LIMIT
 * may stand there. A column of GROUP BY is not compared: it has an affinity, and that of medley_groups has none. */
static bool take_expression(rewriting *of, size_t from, size_t end, bool aliases, med_buffer *text) {
  static const char *const symbols[] = {"+", "-", "*", "/", "%", "||", "(", ")", ","};
  static const char *const comparisons[] = {"=", "==", "<>", "!=", "<", "<=", ">", ">="};
  static const char *const order_words[] = {"asc", "desc", "nulls", "first", "last", "offset"};
  bool compares = false;
  of->met_key = false;
  for (size_t at = from; at < end; at++) {
    const med_sql_token *token = &of->tokens[at];
    bool comparison = is_one_of(token, comparisons, sizeof comparisons / sizeof *comparisons) || is_item_word(token);
    bool plain = token->kind == MED_SQL_VALUE || is_one_of(token, symbols, sizeof symbols / sizeof *symbols) ||
                 (is_scalar(token) && is(of, at + 1, "("));
    compares = compares || comparison;
    if (plain || comparison) {
      if (!append_token(of, text, at)) return false;
      continue;
    }
    if (token->kind == MED_SQL_WORD && at + 3 < end && take_aggregate(of, &at, text)) continue;
    if (take_key(of, at, text)) {
      of->met_key = true;
      continue;
    }
    const item *named = aliases ? item_of(of, at) : NULL;
    bool known = named != NULL || (aliases && is_one_of(token, order_words, sizeof order_words / sizeof *order_words));
    if (!known || !append_token(of, text, at)) return false;
    of->met_key = of->met_key || (named != NULL && named->of_keys);
  }
  return !(compares && of->met_key);
}

/* The name that SQLite gives to the item. A plan has columns of its own: any name is as good. */
static bool append_item_name(rewriting *of, size_t number, med_buffer *text) {
  const med_sql_token *alias = of->items[number].alias;
  if (!append(of, text, " AS ", 4)) return false;
  if (alias != NULL) return append(of, text, alias->text.bytes, alias->text.len);
  const char *name = sqlite3_stmt_isexplain(of->stmt) ? "" : sqlite3_column_name(of->stmt, (int)number);
  bool ok = name != NULL && med_sql_quote_name(med_slice_of_text(name), text);
  of->short_of_memory = of->short_of_memory || !ok;
  return ok;
}

static bool take_items(rewriting *of, med_buffer *text) {
  for (size_t i = 0; i < of->item_count; i++) {
    item *one = &of->items[i];
    if (i > 0 && !append(of, text, ",", 1)) return false;
    if (!take_expression(of, one->from, one->end, false, text) || !append_item_name(of, i, text)) return false;
    one->of_keys = of->met_key;
  }
  return true;
}

/* HAVING, ORDER BY and LIMIT, each an expression or a list of them. */
static bool take_rest(rewriting *of, size_t at, med_buffer *text) {
  while (of->tokens[at].kind != MED_SQL_END) {
    if (!append_token(of, text, at)) return false;
    if (is(of, at, "order") && (!is(of, ++at, "by") || !append_token(of, text, at))) return false;
    size_t from = ++at;
    while (!ends_clause(of, at)) at++;
    if (at == from || !take_expression(of, from, at, true, text)) return false;
  }
  return true;
}

/* ---- The statement ---- */
static bool write_from(rewriting *of, med_buffer *text) {
  med_buffer spec = {0};
  bool ok = med_group_spec_write(&of->spec, &spec) && med_buffer_printf(text, " FROM medley_groups('") &&
            med_buffer_append(text, of->table_name.bytes, of->table_name.len) && med_buffer_printf(text, "', '");
  for (size_t i = 0; ok && i < spec.len; i++)
    ok = (spec.bytes[i] != '\'' || med_buffer_append_byte(text, '\'')) &&
         med_buffer_append_byte(text, (uint8_t)spec.bytes[i]);
  ok = ok && med_buffer_printf(text, "'") &&
       (of->arguments.len == 0 || med_buffer_append(text, of->arguments.bytes, of->arguments.len)) &&
       med_buffer_append_byte(text, ')');
  for (size_t i = 0; ok && i < of->spec.key_count; i++)
    ok = med_buffer_printf(text, i == 0 ? " GROUP BY " MED_GROUP_KEY_COLUMN : ", " MED_GROUP_KEY_COLUMN, i);
  med_buffer_clear(&spec);
  of->short_of_memory = of->short_of_memory || !ok;
  return ok;
}

static bool rewrite(rewriting *of, size_t at, size_t from, med_buffer *text) {
  med_buffer items = {0}, rest = {0};
  bool ok = take_where(of, &at) && take_groups(of, &at) && aliases_are_clear(of) && take_items(of, &items) &&
            take_rest(of, at, &rest) && (of->aggregates || of->spec.key_count > 0);
  for (size_t i = 0; ok && i < from; i++) ok = append_token(of, text, i); /* EXPLAIN QUERY PLAN SELECT */
  ok = ok && append(of, text, items.bytes, items.len) && write_from(of, text) &&
       (rest.len == 0 || append(of, text, rest.bytes, rest.len));
  med_buffer_clear(&items);
  med_buffer_clear(&rest);
  return ok;
}

/* *at: behind SELECT. */
static bool take_beginning(const rewriting *of, size_t *at) {
  if (is(of, *at, "explain")) ++*at;
  if (*at == 1 && is(of, 1, "query") && is(of, 2, "plan")) *at += 2;
  return is(of, (*at)++, "select");
}

static int try_to_rewrite(rewriting *of, medley_session *session, med_buffer *text) {
  size_t at = 0, from;
  sqlite3 *handle = sqlite3_db_handle(of->stmt);
  if (!may_ask_totals(of) || !take_beginning(of, &at)) return MEDLEY_OK;
  from = at;
  if (!split_items(of, &at) || !is_name(of, at + 1)) return MEDLEY_OK;
  if (!is(of, at + 2, "where") && !ends_clause(of, at + 2)) return MEDLEY_OK; /* more than one table */
  int rc = find_table(session, handle, of, &of->tokens[at + 1]);
  if (rc != MEDLEY_OK || of->table == NULL) return rc;
  if (of->table->flags & MED_WIDE_TABLE_COUNTER || med_wide_table_has_static(of->table)) return rc;
  if (!rewrite(of, at + 2, from, text)) text->len = 0;
  return of->short_of_memory ? MEDLEY_NO_MEMORY : MEDLEY_OK;
}

int med_group_query_rewrite(medley_session *session, sqlite3_stmt *stmt, const char *text, size_t text_len,
                            med_buffer *rewritten) {
  rewriting *of = med_alloc_zero(sizeof *of);
  if (of == NULL) return MEDLEY_NO_MEMORY;
  of->stmt = stmt;
  int rc = read_tokens(of, text, text_len) ? try_to_rewrite(of, session, rewritten) : MEDLEY_OK;
  med_group_spec_clear(&of->spec);
  med_buffer_clear(&of->table_name);
  med_buffer_clear(&of->arguments);
  med_buffer_clear(&of->name);
  med_free(of);
  return rc;
}
