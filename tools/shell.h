/* shell.h - runs statements of all languages on one session and shows what they answer.
 *
 * It owns the session, the choice of format and language, and the report of failures:
 * `language:line:column: message` on stderr, with the position in the whole input.
 * What it is not: it reads no terminal (line_edit.h) and cuts no text (statement_split.h). */
#ifndef MEDLEY_TOOLS_SHELL_H
#define MEDLEY_TOOLS_SHELL_H

#include <stdbool.h>
#include "tools/format.h"
#include "tools/statement_split.h"

typedef struct shell {
  const char *path;
  medley *db;
  medley_session *session;
  medley_language language; /* of statements without a tag */
  format_kind format;
  bool interactive;
  medley_journal journal;
  bool keep_going; /* --continue */
  bool failed;     /* a statement has failed */
  bool stopped;    /* nothing more is to be run: a failure without keep_going, or .quit */
} shell;

/* Exit statuses of the program. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Says on stderr why opening failed. flags: MEDLEY_OPEN_*. */
bool shell_open(shell *sh, const char *path, unsigned flags);
/* Says so if an open transaction is lost by it; sh->failed is set then. */
void shell_close(shell *sh);

/* Runs every statement of the text. */
void shell_run_text(shell *sh, const char *bytes, size_t len);
void shell_run_stream(shell *sh, FILE *stream);
/* Reads a terminal until its end or .quit. */
void shell_run_terminal(shell *sh);
/* One statement, whatever its language. */
void shell_run_statement(shell *sh, const input_statement *statement);

/* The dot commands (shell_commands.c): .help, .tables, .format ... */
void shell_run_command(shell *sh, const input_statement *statement);
/* Names of dot commands, NULL-ended, for completion. */
const char *const *shell_command_names(void);

/* `language:line:column: message`, and remembers the failure. error->line and column are relative to `at`. */
void shell_report(shell *sh, const medley_error *error, const input_statement *at);

#endif
