/* network_main.c - medley-network: writes a generated social network into a database, or counts its rows. */
#include "bench/network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: medley-network [--scale N] [--seed N] [--batch ROWS] [--relaxed] DATABASE\n"
    "       medley-network [--scale N] [--seed N] --count\n"
    "\n"
    "Makes a social network (persons, friendships, forums, messages, likes, tags, sign-in sessions, advertising\n"
    "accounts, page views) and loads it into DATABASE, which is created if it does not exist.\n"
    "\n"
    "  --scale N     persons, 2 to 100000000 (default 1000)\n"
    "  --seed N      the same seed makes the same network (default 42)\n"
    "  --batch ROWS  rows in a transaction (default 10000)\n"
    "  --relaxed     commits do not wait for the disk\n"
    "  --count       print how many rows there would be, and write nothing\n";

typedef struct network_arguments {
  medley_network_load_options load;
  const char *path;
  int count_only, relaxed;
} network_arguments;

static int parse_number(const char *text, uint64_t *number) {
  char *end = NULL;
  if (!text || *text < '0' || *text > '9') return 0;
  *number = strtoull(text, &end, 10);
  return *end == 0;
}

static int parse(int argc, char **argv, network_arguments *arguments) {
  for (int i = 1; i < argc; i++) {
    uint64_t number = 0;
    if (strcmp(argv[i], "--count") == 0) {
      arguments->count_only = 1;
    } else if (strcmp(argv[i], "--relaxed") == 0) {
      arguments->relaxed = 1;
    } else if (strncmp(argv[i], "--", 2) == 0) {
      const char *option = argv[i++];
      if (i >= argc || !parse_number(argv[i], &number)) return 0;
      if (strcmp(option, "--scale") == 0)
        arguments->load.network.scale = number;
      else if (strcmp(option, "--seed") == 0)
        arguments->load.network.seed = number;
      else if (strcmp(option, "--batch") == 0 && number > 0 && number <= UINT32_MAX)
        arguments->load.rows_per_transaction = (uint32_t)number;
      else
        return 0;
    } else if (arguments->path) {
      return 0;
    } else {
      arguments->path = argv[i];
    }
  }
  return arguments->count_only || arguments->path;
}

static int show_progress(void *context, uint64_t rows_done, uint64_t rows_total) {
  (void)context;
  int percent = rows_total ? (int)(rows_done * 100 / rows_total) : 100;
  fprintf(stderr, "\r%3d %%  %" PRIu64 " of %" PRIu64 " rows", percent, rows_done, rows_total);
  if (rows_done >= rows_total) fputc('\n', stderr);
  return 0;
}

static void print_counts(const medley_network_counts *counts) {
  for (int table = 0; table < MEDLEY_NETWORK_TABLE_COUNT; table++) {
    printf("%-16s %12" PRIu64 "\n", medley_network_table_describe((medley_network_table)table)->name,
           counts->rows[table]);
  }
  printf("%-16s %12" PRIu64 "\n", "total", counts->total);
}

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int load(network_arguments *arguments) {
  medley_options options;
  medley_error error;
  medley_network_counts counts;
  medley *db = NULL;
  medley_options_init(&options);
  if (arguments->relaxed) options.durability = MEDLEY_RELAXED;
  if (isatty(STDERR_FILENO)) arguments->load.on_progress = show_progress;
  double started_s = now_s();
  int status = medley_open(arguments->path, &options, &db, &error);
  if (status == MEDLEY_OK) status = medley_network_load(db, &arguments->load, &counts, &error);
  if (status != MEDLEY_OK) {
    fprintf(stderr, "medley-network: %s: %s\n", arguments->path, error.message);
    medley_close(db);
    return status == MEDLEY_CANNOT_OPEN ? 2 : 1;
  }
  double seconds = now_s() - started_s;
  print_counts(&counts);
  printf("loaded in %.2f s, %.0f rows/s\n", seconds, (double)counts.total / seconds);
  return medley_close(db) == MEDLEY_OK ? 0 : 1;
}

int main(int argc, char **argv) {
  network_arguments arguments = {0};
  medley_network_load_options_init(&arguments.load);
  if (argc == 2 && strcmp(argv[1], "--help") == 0) {
    fputs(usage, stdout);
    return 0;
  }
  if (!parse(argc, argv, &arguments)) {
    fputs(usage, stderr);
    return 2;
  }
  if (!arguments.count_only) return load(&arguments);
  medley_network_counts counts;
  int status = medley_network_count(&arguments.load.network, &counts);
  if (status != MEDLEY_OK) {
    fprintf(stderr, "medley-network: %s\n", medley_status_text(status));
    return 2;
  }
  print_counts(&counts);
  return 0;
}
