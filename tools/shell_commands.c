/* shell_commands.c - the shell's own commands, which begin with a dot and end with their line. */
#include <stdlib.h>
#include <string.h>

#include "tools/shell.h"

typedef struct command {
  const char *name, *argument, *help;
  void (*run)(shell *sh, const char *argument, const input_statement *at);
} command;

static void fail(shell *sh, const input_statement *at, const char *message, const char *which) {
  medley_error error = {.status = MEDLEY_ERROR};
  snprintf(error.message, sizeof error.message, "%s: %s", message, which);
  shell_report(sh, &error, at);
}

static void run_sql(shell *sh, const char *sql, const input_statement *at) {
  input_statement statement = {MEDLEY_LANGUAGE_SQL, sql, strlen(sql), at->line, at->column};
  shell_run_statement(sh, &statement);
}

static void run_tables(shell *sh, const char *argument, const input_statement *at) {
  (void)argument;
  run_sql(sh,
          "SELECT name, type FROM sqlite_schema WHERE type IN ('table','view') AND name NOT LIKE 'sqlite\\_%' ESCAPE "
          "'\\' ORDER BY name",
          at);
}

static void run_schema(shell *sh, const char *argument, const input_statement *at) {
  text sql = {0};
  text_add_string(&sql, "SELECT sql || ';' AS schema FROM sqlite_schema WHERE sql IS NOT NULL");
  if (*argument) {
    text_add_string(&sql, " AND tbl_name LIKE '");
    for (const char *c = argument; *c; c++) text_add(&sql, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1);
    text_add_string(&sql, "'");
  }
  text_add_string(&sql, " ORDER BY tbl_name, type DESC, name");
  /* Printed as it is: an aligned table would cut the definitions' lines. */
  medley_statement *statement = NULL;
  int rc = medley_prepare(sh->session, MEDLEY_LANGUAGE_SQL, sql.bytes, sql.len, &statement, NULL);
  while (rc == MEDLEY_OK || rc == MEDLEY_ROW) {
    rc = medley_step(statement);
    if (rc == MEDLEY_ROW) puts(medley_column_text(statement, 0));
  }
  if (rc != MEDLEY_DONE) {
    medley_error error = *medley_session_error(sh->session);
    shell_report(sh, &error, at);
  }
  medley_statement_close(statement);
  text_clear(&sql);
}

static void run_format(shell *sh, const char *argument, const input_statement *at) {
  int kind = format_by_name(argument);
  if (!*argument)
    printf("%s\n", format_name(sh->format));
  else if (kind < 0)
    fail(sh, at, "the formats are table, csv, tsv, json, jsonl; not", argument);
  else
    sh->format = (format_kind)kind;
}

static void run_language(shell *sh, const char *argument, const input_statement *at) {
  medley_language language = medley_language_by_name(argument, strlen(argument));
  if (!*argument)
    printf("%s\n", medley_language_name(sh->language));
  else if (language == MEDLEY_LANGUAGE_NONE)
    fail(sh, at, "the languages are sql, redis, cql, cypher, search; not", argument);
  else
    sh->language = language;
}

static void run_read(shell *sh, const char *argument, const input_statement *at) {
  FILE *file = *argument ? fopen(argument, "r") : NULL;
  if (!file) {
    fail(sh, at, "cannot read the file", argument);
    return;
  }
  bool interactive = sh->interactive;
  sh->interactive = false; /* a script stops at its first failure */
  shell_run_stream(sh, file);
  fclose(file);
  sh->interactive = interactive;
  if (interactive) sh->stopped = false;
}

static void run_quit(shell *sh, const char *argument, const input_statement *at) {
  (void)argument;
  (void)at;
  sh->stopped = true;
}

static void run_help(shell *sh, const char *argument, const input_statement *at);

static const command commands[] = {
    {".format", "[NAME]", "show or set how rows are printed: table, csv, tsv, json, jsonl", run_format},
    {".help", "", "this list", run_help},
    {".language", "[NAME]", "show or set the language of statements without a tag", run_language},
    {".quit", "", "end; so does control-D", run_quit},
    {".read", "FILE", "run the statements of a file", run_read},
    {".schema", "[TABLE]", "the definitions of tables and what belongs to them; % and _ match", run_schema},
    {".tables", "", "the names of tables and views", run_tables},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void run_help(shell *sh, const char *argument, const input_statement *at) {
  (void)sh;
  (void)argument;
  (void)at;
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    printf("%-10s %-8s %s\n", commands[i].name, commands[i].argument, commands[i].help);
  puts(
      "\nA statement may begin with its language: redis: SET greeting hello\n"
      "SQL ends with a semicolon, a redis command with its line. BEGIN; COMMIT; ROLLBACK; SAVEPOINT x; belong to the\n"
      "session: what stands between them happens together, whatever language it is in.");
}

const char *const *shell_command_names(void) {
  static const char *names[COMMAND_COUNT + 1];
  for (size_t i = 0; i < COMMAND_COUNT; i++) names[i] = commands[i].name;
  return names;
}

void shell_run_command(shell *sh, const input_statement *statement) {
  text line = {0};
  text_add(&line, statement->bytes, statement->len);
  char *rest = line.bytes;
  char *name = strsep(&rest, " \t");
  while (rest && (*rest == ' ' || *rest == '\t')) rest++;
  size_t len = rest ? strlen(rest) : 0;
  while (len && (rest[len - 1] == ';' || rest[len - 1] == ' ')) rest[--len] = 0;
  size_t i = 0;
  while (i < COMMAND_COUNT && strcmp(commands[i].name, name) != 0) i++;
  if (i < COMMAND_COUNT)
    commands[i].run(sh, rest ? rest : "", statement);
  else
    fail(sh, statement, "no such command (.help lists them)", name);
  text_clear(&line);
}
