/* shell.c - see shell.h. */
#include "tools/shell.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tools/line_edit.h"

#define READ_SIZE 65536

/* The one thing that a signal handler needs to reach. */
static medley_session *volatile running_session;
static volatile sig_atomic_t interrupted;

bool shell_open(shell *sh, const char *path, unsigned flags) {
  medley_options options;
  medley_error error = {0};
  medley_options_init(&options);
  options.flags |= flags;
  options.journal = sh->journal;
  sh->path = path;
  if (medley_open(path, &options, &sh->db, &error) != MEDLEY_OK) {
    fprintf(stderr, "medley: %s: %s\n", path, error.message);
    return false;
  }
  if (medley_session_open(sh->db, &sh->session, &error) != MEDLEY_OK) {
    fprintf(stderr, "medley: %s: %s\n", path, error.message);
    medley_close(sh->db);
    sh->db = NULL;
    return false;
  }
  return true;
}

void shell_close(shell *sh) {
  if (sh->session && medley_session_state(sh->session) != MEDLEY_NO_TRANSACTION) {
    if (!sh->failed) fprintf(stderr, "medley: the transaction that was left open is rolled back\n");
    sh->failed = true;
    medley_rollback(sh->session);
  }
  medley_session_close(sh->session);
  medley_close(sh->db);
  sh->session = NULL;
  sh->db = NULL;
}

/* The message without the position at its end and the language at its start, which the report writes itself. */
static size_t bare_message(const medley_error *error, const char **message) {
  char position[48];
  *message = error->message;
  size_t len = strlen(*message);
  int position_len = snprintf(position, sizeof position, " at %d:%d", error->line, error->column);
  if (error->line > 0 && len > (size_t)position_len && strcmp(*message + len - position_len, position) == 0)
    len -= (size_t)position_len;
  const char *language = medley_language_name(error->language);
  size_t language_len = language ? strlen(language) : 0;
  if (language && len > language_len + 2 && strncmp(*message, language, language_len) == 0 &&
      memcmp(*message + language_len, ": ", 2) == 0) {
    *message += language_len + 2;
    len -= language_len + 2;
  }
  return len;
}

void shell_report(shell *sh, const medley_error *error, const input_statement *at) {
  int line = at->line, column = at->column;
  if (error->line == 1) {
    column += error->column - 1;
  } else if (error->line > 1) {
    line += error->line - 1;
    column = error->column;
  }
  const char *language = medley_language_name(error->language);
  if (!language) language = medley_language_name(at->language);
  const char *message;
  size_t len = bare_message(error, &message);
  fflush(stdout);
  fprintf(stderr, "%s:%d:%d: %.*s\n", language ? language : "shell", line, column, (int)len, message);
  sh->failed = true;
  if (!sh->keep_going && !sh->interactive) sh->stopped = true;
}

/* In a shell nobody can bind: in Redis the words $name, ? and their like mean themselves. */
static int bind_words_as_written(medley_statement *statement) {
  int rc = MEDLEY_OK;
  for (int i = 1; i <= medley_bind_count(statement) && rc == MEDLEY_OK; i++) {
    const char *name = medley_bind_name(statement, i);
    rc = medley_bind_text(statement, i, name ? name : "?", MEDLEY_NUL_ENDED);
  }
  return rc;
}

static void print_summary(const shell *sh, uint64_t row_count, bool has_rows, double ms) {
  if (!sh->interactive || sh->format != FORMAT_TABLE) return;
  if (has_rows)
    printf("(%llu row%s, %.1f ms)\n", (unsigned long long)row_count, row_count == 1 ? "" : "s", ms);
  else
    printf("(done, %.1f ms)\n", ms);
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Steps to the end; answers the last status. */
static int print_rows(shell *sh, medley_statement *statement, const input_statement *input, uint64_t *row_count) {
  format_result result;
  bool begun = false;
  int rc = medley_step(statement);
  if ((rc == MEDLEY_ROW || rc == MEDLEY_DONE) && medley_column_count(statement) > 0) {
    format_begin(&result, stdout, sh->format, input->language, statement);
    result.raw = input->len >= 4 && text_equal_ignoring_case(input->bytes, 4, "info");
    begun = true;
  }
  while (rc == MEDLEY_ROW) {
    if (begun) format_row(&result, statement);
    rc = medley_step(statement);
  }
  /* The error of the step is to survive the writing of what came before. */
  if (begun) format_end(&result);
  *row_count = begun ? result.row_count : 0;
  return rc;
}

/* Messages that reached this session's subscriptions in the meantime. */
static void print_messages(shell *sh) {
  const medley_value *message;
  while (medley_next_message(sh->session, 0, &message) == MEDLEY_OK) format_reply_print(stdout, message, 0);
}

static void run_in_language(shell *sh, const input_statement *input) {
  medley_statement *statement = NULL;
  double begun_ms = now_ms();
  int rc = medley_prepare(sh->session, input->language, input->bytes, input->len, &statement, NULL);
  if (rc == MEDLEY_OK && !statement) return;
  if (rc == MEDLEY_OK && input->language == MEDLEY_LANGUAGE_REDIS) rc = bind_words_as_written(statement);
  bool has_rows = rc == MEDLEY_OK && medley_column_count(statement) > 0;
  uint64_t row_count = 0;
  if (rc == MEDLEY_OK) rc = print_rows(sh, statement, input, &row_count);
  if (rc != MEDLEY_OK && rc != MEDLEY_DONE) {
    medley_error error = *medley_session_error(sh->session);
    shell_report(sh, &error, input);
  } else if (input->language != MEDLEY_LANGUAGE_REDIS) {
    print_summary(sh, row_count, has_rows, now_ms() - begun_ms);
  }
  medley_statement_close(statement);
  if (input->language == MEDLEY_LANGUAGE_REDIS) print_messages(sh);
}

void shell_run_statement(shell *sh, const input_statement *statement) {
  if (statement->language == MEDLEY_LANGUAGE_NONE) {
    shell_run_command(sh, statement);
    return;
  }
  running_session = sh->session;
  run_in_language(sh, statement);
  running_session = NULL;
}

static void run_what_is_complete(shell *sh, statement_splitter *splitter, bool at_end) {
  input_statement statement;
  while (!sh->stopped && statement_split_next(splitter, at_end, &statement)) {
    shell_run_statement(sh, &statement);
    splitter->default_language = sh->language;
  }
}

void shell_run_text(shell *sh, const char *bytes, size_t len) {
  statement_splitter splitter;
  statement_split_init(&splitter, sh->language);
  statement_split_feed(&splitter, bytes, len);
  run_what_is_complete(sh, &splitter, true);
  statement_split_clear(&splitter);
}

void shell_run_stream(shell *sh, FILE *stream) {
  statement_splitter splitter;
  statement_split_init(&splitter, sh->language);
  char *chunk = text_allocate(NULL, READ_SIZE);
  int fd = fileno(stream);
  while (!sh->stopped) {
    ssize_t got = read(fd, chunk, READ_SIZE);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      fprintf(stderr, "medley: cannot read the input: %s\n", strerror(errno));
      sh->failed = true;
    }
    if (got > 0) statement_split_feed(&splitter, chunk, (size_t)got);
    run_what_is_complete(sh, &splitter, got <= 0);
    fflush(stdout);
    if (got <= 0) break;
  }
  free(chunk);
  statement_split_clear(&splitter);
}

static void on_interrupt(int signal_number) {
  (void)signal_number;
  interrupted = 1;
  medley_session *session = running_session;
  if (session) medley_session_interrupt(session);
}

static const char *prompt_of(const shell *sh, const statement_splitter *splitter, char *prompt, size_t size) {
  if (statement_split_is_inside(splitter)) return "   ...> ";
  bool open = medley_session_state(sh->session) != MEDLEY_NO_TRANSACTION;
  snprintf(prompt, size, "%s%s> ", medley_language_name(sh->language), open ? "*" : "");
  return prompt;
}

void shell_run_terminal(shell *sh) {
  struct sigaction action = {.sa_handler = on_interrupt}; /* without SA_RESTART: it also ends the reading of a line */
  statement_splitter splitter;
  char prompt[32];
  sigaction(SIGINT, &action, NULL);
  sh->interactive = true;
  line_edit *editor = line_edit_open(sh->session);
  printf("medley %s, %s. End a statement with ; and a redis command with its line; .help helps, .quit ends.\n",
         MEDLEY_VERSION, sh->path);
  statement_split_init(&splitter, sh->language);
  while (!sh->stopped) {
    interrupted = 0;
    char *line = line_edit_read(editor, prompt_of(sh, &splitter, prompt, sizeof prompt));
    if (!line && interrupted) { /* control-C: forget what was typed so far */
      putchar('\n');
      statement_split_clear(&splitter);
      statement_split_init(&splitter, sh->language);
      continue;
    }
    bool at_end = !line;
    if (line) {
      statement_split_feed(&splitter, line, strlen(line));
      statement_split_feed(&splitter, "\n", 1);
      free(line);
    }
    run_what_is_complete(sh, &splitter, at_end);
    fflush(stdout);
    if (at_end) {
      putchar('\n');
      break;
    }
    if (!statement_split_is_inside(&splitter)) { /* positions count from each statement a person types */
      statement_split_clear(&splitter);
      statement_split_init(&splitter, sh->language);
    }
  }
  statement_split_clear(&splitter);
  line_edit_close(editor);
}
