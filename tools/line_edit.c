/* line_edit.c - see line_edit.h. */
#include "tools/line_edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/shell.h"

#ifdef MEDLEY_LINE_EDITING
#include <editline/readline.h>

#define HISTORY_LINES 2000

struct line_edit {
  text history_path;
  text last; /* a line that repeats the one before is not kept twice */
};

/* libedit's completion calls have no context argument: this is the one session that they may ask. */
static medley_session *completion_session;
static char **candidates;
static size_t candidate_count, candidate_next;

static const char *const sql_words[] = {
    "ALTER",    "ANALYZE",  "BEGIN",   "COMMIT",    "CREATE",   "DELETE",    "DISTINCT", "DROP",  "EXPLAIN",
    "FROM",     "GROUP BY", "HAVING",  "INDEX",     "INSERT",   "INTO",      "JOIN",     "LEFT",  "LIMIT",
    "ORDER BY", "PRAGMA",   "RELEASE", "RETURNING", "ROLLBACK", "SAVEPOINT", "SELECT",   "TABLE", "TRIGGER",
    "UPDATE",   "VALUES",   "VIEW",    "WHERE",     "WITH",     NULL};
static const char *const tags[] = {"sql:", "redis:", NULL};

static void forget_candidates(void) {
  for (size_t i = 0; i < candidate_count; i++) free(candidates[i]);
  free(candidates);
  candidates = NULL;
  candidate_count = candidate_next = 0;
}

static void offer(const char *name, size_t len, const char *prefix, bool any_case) {
  size_t prefix_len = strlen(prefix);
  if (len < prefix_len) return;
  if (any_case ? strncasecmp(name, prefix, prefix_len) != 0 : strncmp(name, prefix, prefix_len) != 0) return;
  candidates = text_allocate(candidates, sizeof *candidates * (candidate_count + 1));
  char *copy = text_allocate(NULL, len + 1);
  memcpy(copy, name, len);
  copy[len] = 0;
  candidates[candidate_count++] = copy;
}

static void offer_words(const char *const *words, const char *prefix) {
  for (; *words; words++) offer(*words, strlen(*words), prefix, true);
}

static void offer_sql_names(const char *prefix) {
  static const char sql[] =
      "SELECT name FROM sqlite_schema WHERE type IN ('table','view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' UNION "
      "SELECT c.name FROM sqlite_schema AS s JOIN pragma_table_info(s.name) AS c WHERE s.type IN ('table','view') "
      "ORDER BY 1 LIMIT 5000";
  medley_statement *statement = NULL;
  if (medley_prepare(completion_session, MEDLEY_LANGUAGE_SQL, sql, sizeof sql - 1, &statement, NULL) != MEDLEY_OK)
    return;
  while (medley_step(statement) == MEDLEY_ROW) {
    const char *name = medley_column_text(statement, 0);
    if (name) offer(name, strlen(name), prefix, true);
  }
  medley_statement_close(statement);
}

static void offer_redis_commands(const char *prefix) {
  static const char *const words[] = {"COMMAND", "LIST"};
  static const size_t lens[] = {7, 4};
  const medley_value *reply = NULL;
  if (medley_command(completion_session, 2, words, lens, &reply) != MEDLEY_OK || reply->type != MEDLEY_TYPE_LIST)
    return;
  for (size_t i = 0; i < reply->as.list.count; i++) {
    const medley_value *name = &reply->as.list.items[i];
    if (name->type != MEDLEY_TYPE_TEXT && name->type != MEDLEY_TYPE_BLOB && name->type != MEDLEY_TYPE_STATUS) continue;
    if (!memchr(name->as.text.bytes, '|', name->as.text.len))
      offer(name->as.text.bytes, name->as.text.len, prefix, true);
  }
}

static char *next_candidate(const char *prefix, int state) {
  (void)prefix;
  if (state == 0) candidate_next = 0;
  return candidate_next < candidate_count ? strdup(candidates[candidate_next++]) : NULL;
}

static char **complete(const char *prefix, int begin, int end) {
  (void)end;
  forget_candidates();
  rl_attempted_completion_over = 1; /* no file names */
  if (begin == 0 && prefix[0] == '.') {
    offer_words(shell_command_names(), prefix);
  } else {
    offer_sql_names(prefix);
    offer_words(sql_words, prefix);
    offer_redis_commands(prefix);
    if (begin == 0) offer_words(tags, prefix);
  }
  return rl_completion_matches(prefix, next_candidate);
}

line_edit *line_edit_open(medley_session *session) {
  line_edit *editor = text_allocate(NULL, sizeof *editor);
  *editor = (line_edit){0};
  completion_session = session;
  rl_readline_name = "medley";
  rl_attempted_completion_function = complete;
  rl_basic_word_break_characters = " \t\n\"'`(),;=<>*";
  using_history();
  stifle_history(HISTORY_LINES);
  const char *home = getenv("HOME");
  if (home && *home) {
    text_add_format(&editor->history_path, "%s/.medley_history", home);
    read_history(editor->history_path.bytes);
  }
  return editor;
}

char *line_edit_read(line_edit *editor, const char *prompt) {
  char *line = readline(prompt);
  if (line && *line && (!editor->last.bytes || strcmp(line, editor->last.bytes) != 0)) {
    add_history(line);
    editor->last.len = 0;
    text_add_string(&editor->last, line);
  }
  return line;
}

/* The file holds what was typed, values included: only its owner may read it, from its first byte on. */
static void save_history(const line_edit *editor) {
  mode_t mask = umask(077);
  if (write_history(editor->history_path.bytes) == 0) chmod(editor->history_path.bytes, S_IRUSR | S_IWUSR);
  umask(mask);
}

void line_edit_close(line_edit *editor) {
  if (editor->history_path.bytes) save_history(editor);
  forget_candidates();
  completion_session = NULL;
  text_clear(&editor->history_path);
  text_clear(&editor->last);
  free(editor);
}

#else

struct line_edit {
  char *line;
};

line_edit *line_edit_open(medley_session *session) {
  (void)session;
  line_edit *editor = text_allocate(NULL, sizeof *editor);
  *editor = (line_edit){0};
  return editor;
}

char *line_edit_read(line_edit *editor, const char *prompt) {
  size_t capacity = 0;
  (void)editor;
  char *line = NULL;
  fputs(prompt, stdout);
  fflush(stdout);
  ssize_t len = getline(&line, &capacity, stdin);
  if (len < 0) {
    clearerr(stdin);
    free(line);
    return NULL;
  }
  if (len && line[len - 1] == '\n') line[len - 1] = 0;
  return line;
}

void line_edit_close(line_edit *editor) { free(editor); }

#endif
