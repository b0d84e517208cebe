/* medley_main.c - the `medley` program: its options, and which part of it does the work. */
#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/shell.h"
#include "tools/subcommands.h"

static const char help[] =
    "usage: medley [OPTION...] DATABASE [STATEMENT...]\n"
    "       medley load | dump | stat | check | backup | compact ...     (--help tells about each)\n"
    "\n"
    "Runs statements on a Medley database, which is created if it is not there. Without statements it reads them from\n"
    "standard input, with line editing, history and completion if that is a terminal.\n"
    "\n"
    "  --language L    language of statements without a tag: sql (default), redis, cql, cypher, search\n"
    "  --format F      how rows are printed: table (default), csv, tsv, json, jsonl\n"
    "  --read-only     never write\n"
    "  --journal J     of a new database: log (default; one flush a commit) or none (two flushes, and no log beside "
    "it)\n"
    "  --continue      go on after a statement that failed\n"
    "  --version       print the version\n"
    "  --help          this text\n"
    "\n"
    "A statement may begin with its language: redis: SET greeting hello. SQL and its like end with a semicolon, a "
    "redis\n"
    "command with its line. BEGIN; COMMIT; ROLLBACK; SAVEPOINT x; belong to the session: what stands between them "
    "happens\n"
    "together, whatever language it is in.\n"
    "\n"
    "Rows go to stdout, errors to stderr as language:line:column: message. Exit status: 0; 1 if a statement failed;\n"
    "2 if the call was wrong or the database cannot be opened.\n";

typedef struct subcommand {
  const char *name;
  int (*run)(int argc, char **argv);
} subcommand;

static const subcommand subcommands[] = {
    {"load", subcommand_load},   {"dump", subcommand_dump},     {"stat", subcommand_stat},
    {"check", subcommand_check}, {"backup", subcommand_backup}, {"compact", subcommand_compact},
};

static int usage(void) {
  fputs("usage: medley [OPTION...] DATABASE [STATEMENT...]   (--help tells more)\n", stderr);
  return EXIT_USAGE;
}

/* Options up to the next word that is none. False: end the program with *status. */
static bool take_options(int argc, char **argv, shell *sh, unsigned *flags, int *status) {
  static const struct option options[] = {
      {"language", required_argument, NULL, 'l'}, {"format", required_argument, NULL, 'f'},
      {"read-only", no_argument, NULL, 'r'},      {"journal", required_argument, NULL, 'j'},
      {"continue", no_argument, NULL, 'c'},       {"version", no_argument, NULL, 'v'},
      {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
  int option;
  *status = EXIT_USAGE;
  while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
    int kind;
    switch (option) {
      case 'l':
        sh->language = medley_language_by_name(optarg, strlen(optarg));
        if (sh->language != MEDLEY_LANGUAGE_NONE) break;
        fprintf(stderr, "medley: no language is called %s\n", optarg);
        return false;
      case 'f':
        kind = format_by_name(optarg);
        if (kind < 0) {
          fprintf(stderr, "medley: no format is called %s\n", optarg);
          return false;
        }
        sh->format = (format_kind)kind;
        break;
      case 'r': *flags |= MEDLEY_OPEN_READ_ONLY; break;
      case 'j':
        sh->journal = strcmp(optarg, "log") == 0    ? MEDLEY_JOURNAL_LOG
                      : strcmp(optarg, "none") == 0 ? MEDLEY_JOURNAL_NONE
                                                    : MEDLEY_JOURNAL_DEFAULT;
        if (sh->journal != MEDLEY_JOURNAL_DEFAULT) break;
        fprintf(stderr, "medley: no journal is called %s\n", optarg);
        return false;
      case 'c': sh->keep_going = true; break;
      case 'v':
        puts("medley " MEDLEY_VERSION);
        *status = EXIT_FINE;
        return false;
      case 'h':
        fputs(help, stdout);
        *status = EXIT_FINE;
        return false;
      default: return false;
    }
  }
  return true;
}

static void run_statements(shell *sh, char *const *statements, int count) {
  for (int i = 0; i < count && !sh->stopped; i++) shell_run_text(sh, statements[i], strlen(statements[i]));
}

int main(int argc, char **argv) {
  shell sh = {.language = MEDLEY_LANGUAGE_SQL};
  unsigned flags = 0;
  int status;
  setlocale(LC_CTYPE, "");
  for (size_t i = 0; argc > 1 && i < sizeof subcommands / sizeof *subcommands; i++)
    if (strcmp(argv[1], subcommands[i].name) == 0) return subcommands[i].run(argc - 1, argv + 1);
  if (!take_options(argc, argv, &sh, &flags, &status)) return status;
  if (optind == argc) return usage();
  const char *path = argv[optind++];
  /* Options may also stand after the database, up to the first statement. */
  if (!take_options(argc, argv, &sh, &flags, &status)) return status;
  if (!shell_open(&sh, path, flags)) return EXIT_USAGE;
  if (optind < argc)
    run_statements(&sh, argv + optind, argc - optind);
  else if (isatty(STDIN_FILENO))
    shell_run_terminal(&sh);
  else
    shell_run_stream(&sh, stdin);
  bool interactive = sh.interactive;
  shell_close(&sh);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fputs("medley: cannot write to standard output\n", stderr);
    return EXIT_FAILED;
  }
  return sh.failed && !interactive ? EXIT_FAILED : EXIT_FINE;
}
