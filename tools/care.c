/* care.c - `medley stat`, `check`, `backup`, `compact`: looking after a database file. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/shell.h"
#include "tools/subcommands.h"

static const char stat_help[] =
    "usage: medley stat DATABASE\n\n"
    "Prints what a database file holds and how full it is, a name and a number a line.\n";
static const char check_help[] =
    "usage: medley check [--untrusted] DATABASE\n\n"
    "Reads everything: every checksum, every structure of every model, SQLite's integrity_check. Prints a line for "
    "each\n"
    "problem. Status 0: all is well; 1: there are problems; 2: the file cannot be opened.\n"
    "  --untrusted   walk the whole file before it is used, as for a file from somebody else\n";
static const char backup_help[] =
    "usage: medley backup DATABASE FILE\n\n"
    "Copies one consistent snapshot of everything - tables and buckets - to a new file, while others go on writing.\n";
static const char compact_help[] =
    "usage: medley compact DATABASE FILE\n\n"
    "As backup, but leaves unused pages out: the new file is as small as it can be. To make a database smaller, "
    "compact\n"
    "it and, while nobody has it open, put the new file in its place.\n";

/* True if the words are the database and `extra` more. Otherwise *status is what to end with. */
static bool take_words(int argc, char **argv, int extra, const char *help, int *status) {
  *status = EXIT_USAGE;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) {
      fputs(help, stdout);
      *status = EXIT_FINE;
      return false;
    }
    if (argv[i][0] == '-' && argv[i][1]) {
      fprintf(stderr, "medley %s: unknown option %s\n", argv[0], argv[i]);
      return false;
    }
  }
  if (argc == 2 + extra) return true;
  fprintf(stderr, "%.*s\n", (int)strcspn(help, "\n"), help);
  return false;
}

static medley *open_file(const char *path, unsigned flags) {
  medley_options options;
  medley_error error = {0};
  medley *db = NULL;
  medley_options_init(&options);
  options.flags |= flags | MEDLEY_OPEN_NO_CREATE;
  if (medley_open(path, &options, &db, &error) == MEDLEY_OK) return db;
  fprintf(stderr, "medley: %s: %s\n", path, error.message);
  return NULL;
}

static void print_bytes(const char *name, uint64_t bytes) {
  printf("%-22s %14llu  (%.1f MiB)\n", name, (unsigned long long)bytes, (double)bytes / 1048576.0);
}

static void print_count(const char *name, uint64_t count) { printf("%-22s %14llu\n", name, (unsigned long long)count); }

int subcommand_stat(int argc, char **argv) {
  int status;
  medley_stats stats;
  medley_error error = {0};
  if (!take_words(argc, argv, 0, stat_help, &status)) return status;
  medley *db = open_file(argv[1], MEDLEY_OPEN_READ_ONLY);
  if (!db) return EXIT_USAGE;
  if (medley_stat(db, &stats, &error) != MEDLEY_OK) {
    fprintf(stderr, "medley: %s: %s\n", argv[1], error.message);
    medley_close(db);
    return EXIT_FAILED;
  }
  print_bytes("file bytes", stats.file_bytes);
  print_bytes("used bytes", stats.used_bytes);
  print_bytes("size limit bytes", stats.size_limit_bytes);
  print_bytes("sql bytes", stats.sql_bytes);
  print_bytes("key-value bytes", stats.key_value_bytes);
  print_bytes("other bytes", stats.other_bytes);
  print_count("keys", stats.keys);
  print_count("commit id", stats.commit_id);
  print_count("format version", stats.format_version);
  print_count("readers", stats.readers);
  print_count("reader slots", stats.reader_count_max);
  print_count("oldest reader's lag", stats.oldest_reader_lag);
  print_bytes("log bytes", stats.log_bytes);
  print_count("commits in the log", stats.log_commits);
  medley_close(db);
  return EXIT_FINE;
}

static void print_problem(void *context, const char *problem) {
  (void)context;
  puts(problem);
}

int subcommand_check(int argc, char **argv) {
  int status;
  uint64_t problem_count = 0;
  unsigned flags = MEDLEY_OPEN_READ_ONLY;
  medley_error error = {0};
  if (argc > 1 && strcmp(argv[1], "--untrusted") == 0) {
    flags |= MEDLEY_OPEN_UNTRUSTED;
    argv[1] = argv[0];
    argv++;
    argc--;
  }
  if (!take_words(argc, argv, 0, check_help, &status)) return status;
  medley *db = open_file(argv[1], flags);
  if (!db) return EXIT_USAGE;
  int rc = medley_check(db, print_problem, NULL, &problem_count, &error);
  if (rc != MEDLEY_OK)
    fprintf(stderr, "medley: %s: %s\n", argv[1], error.message);
  else if (problem_count == 0)
    printf("%s: no problems\n", argv[1]);
  else
    printf("%s: %llu problem%s\n", argv[1], (unsigned long long)problem_count, problem_count == 1 ? "" : "s");
  medley_close(db);
  return rc == MEDLEY_OK && problem_count == 0 ? EXIT_FINE : EXIT_FAILED;
}

static int copy(int argc, char **argv, bool compact, const char *help) {
  int status;
  struct stat before, after;
  medley_error error = {0};
  if (!take_words(argc, argv, 1, help, &status)) return status;
  medley *db = open_file(argv[1], MEDLEY_OPEN_READ_ONLY);
  if (!db) return EXIT_USAGE;
  int rc = medley_backup(db, argv[2], compact, &error);
  medley_close(db);
  if (rc != MEDLEY_OK) {
    fprintf(stderr, "medley: %s: %s\n", argv[2], error.message);
    return EXIT_FAILED;
  }
  if (stat(argv[1], &before) == 0 && stat(argv[2], &after) == 0)
    printf("%s: %.1f MiB -> %s: %.1f MiB\n", argv[1], (double)before.st_size / 1048576.0, argv[2],
           (double)after.st_size / 1048576.0);
  return EXIT_FINE;
}

int subcommand_backup(int argc, char **argv) { return copy(argc, argv, false, backup_help); }

int subcommand_compact(int argc, char **argv) { return copy(argc, argv, true, compact_help); }
