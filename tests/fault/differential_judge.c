/* differential_judge.c - see differential_judge.h. */
#include "tests/fault/differential_judge.h"

#include <string.h>

bool answer_is_conflict(int status) { return status == MEDLEY_BUSY || status == MEDLEY_SNAPSHOT; }

bool sql_begins_with(const char *text, const char *const *words, size_t count) {
  text += strspn(text, " ;\n");
  for (size_t i = 0; i < count; i++)
    if (sqlite3_strnicmp(text, words[i], (int)strlen(words[i])) == 0) return true;
  return false;
}

static bool is_transaction_text(const char *text) {
  static const char *const words[] = {"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"};
  return sql_begins_with(text, words, sizeof words / sizeof *words);
}

/* Whether two statuses may stand for each other, and why: EXCUSES if they are the same. */
static bool status_agrees(const answer *stock, const answer *mine, pair_excuse *why) {
  *why = EXCUSES;
  if (stock->status == mine->status) return true;
  *why = EXCUSE_ORDER;
  if (stock->status != MEDLEY_OK && mine->status != MEDLEY_OK &&
      (answer_is_conflict(stock->status) || answer_is_conflict(mine->status)))
    return true;
  *why = EXCUSE_MISUSE;
  return stock->status == MEDLEY_ERROR && mine->status == MEDLEY_MISUSE && strncmp(stock->message, "cannot ", 7) == 0 &&
         strstr(stock->message, "transaction") != NULL;
}

bool answer_is_refused_pragma(const answer *mine, const sql_statement *s) {
  static const char *const words[] = {"PRAGMA", "EXPLAIN PRAGMA", "EXPLAIN QUERY PLAN PRAGMA"};
  return mine->status == MEDLEY_UNSUPPORTED && sql_begins_with(s->text, words, sizeof words / sizeof *words) &&
         strstr(mine->message, "is not supported") != NULL;
}

/* The view in the parentheses of PRAGMA table_info and table_xinfo. */
static bool asks_about_view(sqlite3 *stock, const char *text) {
  static const char look[] =
      "SELECT 1 FROM (SELECT type, name FROM sqlite_schema UNION ALL SELECT type, name FROM sqlite_temp_schema) "
      "WHERE type = 'view' AND name = ? COLLATE NOCASE";
  const char *open = strchr(text, '('), *close = open != NULL ? strchr(open, ')') : NULL;
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_strlike("PRAGMA table_%info(%", text, 0) != 0 || close == NULL) return false;
  int code = sqlite3_prepare_v2(stock, look, -1, &stmt, NULL);
  if (code == SQLITE_OK) code = sqlite3_bind_text(stmt, 1, open + 1, (int)(close - open - 1), SQLITE_STATIC);
  bool view = code == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW;
  sqlite3_finalize(stmt);
  return view;
}

static bool is_view_refused(const answer *a) {
  return strncmp(a->message, "cannot modify ", 14) == 0 && strstr(a->message, " because it is a view") != NULL;
}

/* SQLite remembers a view's columns until it reads the schema anew; what the view stands on may have been dropped, by another session or
 * in the other of the main and the temporary schema. Only the side that has forgotten them misses it. */
static bool is_remembered_view(sqlite3 *db, const answer *stock, const answer *mine, const sql_statement *s) {
  bool stock_misses = strncmp(stock->message, "no such ", 8) == 0,
       mine_misses = strncmp(mine->message, "no such ", 8) == 0;
  if (stock_misses == mine_misses) return false;
  const answer *other = stock_misses ? mine : stock;
  return other->status == MEDLEY_OK ? asks_about_view(db, s->text) : is_view_refused(other);
}

/* Which session has the lock, and what to do about an old snapshot, Medley says in words of its own. */
static bool conflict_words_agree(const answer *stock, const answer *mine) {
  static const char *const older =
      "the transaction read an older snapshot and can no longer write: roll back and begin for writing";
  const char *wanted = mine->status == MEDLEY_SNAPSHOT ? older : "write lock: another session held it for 0 ms";
  return strcmp(stock->message, "database is locked") == 0 && strcmp(mine->message, wanted) == 0;
}

static bool words_agree(const answer *stock, const answer *mine) {
  if (answer_is_conflict(stock->status) && stock->status == mine->status) return conflict_words_agree(stock, mine);
  size_t shown = strlen(mine->message);
  if (strncmp(stock->message, mine->message, shown) != 0) return false;
  return shown == strlen(stock->message) || shown >= MEDLEY_ERROR_MESSAGE_SIZE - 4;
}

bool answers_agree(sqlite3 *db, const answer *stock, const answer *mine, const sql_statement *s, uint64_t *excuses) {
  pair_excuse why;
  if (is_remembered_view(db, stock, mine, s)) {
    excuses[EXCUSE_VIEW]++;
    return true;
  }
  if (!status_agrees(stock, mine, &why)) return false;
  if (why != EXCUSES) excuses[why]++;
  if (why != EXCUSE_ORDER && !words_agree(stock, mine)) {
    /* Medley reads transaction statements itself and words their errors a little differently. */
    if (mine->status != MEDLEY_SYNTAX || !is_transaction_text(s->text)) return false;
    excuses[EXCUSE_WORDS]++;
  }
  const char *left = sqlite3_str_value(stock->text), *right = sqlite3_str_value(mine->text);
  if (stock->status != MEDLEY_OK) {
    /* Only whether a transaction is open: rows before a failure are a matter of buffering. */
    left = left != NULL ? strrchr(left, ' ') : "";
    right = right != NULL ? strrchr(right, ' ') : "";
  }
  return strcmp(left != NULL ? left : "", right != NULL ? right : "") == 0;
}
