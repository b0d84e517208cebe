/* main.c - medley-bench: reads the arguments, runs a workload, shows and keeps what came out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/growth.h"
#include "bench/kills.h"
#include "bench/output.h"
#include "bench/report.h"

#define ROUNDS_DEFAULT 5
#define BUDGET_MS_DEFAULT 500
#define SEED_DEFAULT 42
#define KILLS_DEFAULT 1000
#define KILLS_MAX 1000000
#define KILLS_SCALE_DEFAULT 200

static const med_workload *const workloads[] = {
    &med_workload_relational, &med_workload_keyvalue,   &med_workload_tpcb, &med_workload_useraction,
    &med_workload_ycsb,       &med_workload_widecolumn, &med_workload_open,
};
#define WORKLOAD_COUNT ((int)(sizeof workloads / sizeof workloads[0]))

typedef enum output_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV } output_format;

typedef struct bench_arguments {
  med_setting setting;
  const char *workload_name;
  const char *alone;     /* NULL: Medley and its peers */
  const char *peer_list; /* NULL: all */
  const char *growth_of; /* growth only */
  const char *history;   /* NULL: none is kept */
  const char *folder;
  output_format format;
  int rounds_given;
} bench_arguments;

static void print_usage(FILE *file) {
  fprintf(file,
          "usage: medley-bench WORKLOAD [options]     run a workload on Medley and its peers\n"
          "       medley-bench growth [options]       run one at three sizes a factor 10 apart (--of WORKLOAD)\n"
          "       medley-bench kills [options]        kill clients amid a user's action and count half-done ones\n"
          "       medley-bench report [--history FILE] [--html FILE] [--markdown FILE] [--summary FILE]\n"
          "       medley-bench list                   name workloads, tasks and peers\n"
          "\n"
          "  --peers LIST        comma-separated, Medley is always in (default: all that there are)\n"
          "  --task PREFIX       only tasks whose id begins so; with a point at its end: that task\n"
          "  --scale N           size of the data (default: the workload's)\n"
          "  --rounds N          rounds of each task, peers by turns (default %d); kills of each peer (default 1000)\n"
          "  --threads N         clients (default: the task's)\n"
          "  --alone PEER        that peer and no other, not even Medley (for profiles)\n"
          "  --profile TOOL      perf or callgrind: says where the time of one peer goes (--alone, default medley)\n"
          "  --operations N      in each round, instead of what fills the budget (for profiles)\n"
          "  --budget-ms N       about how long one peer works on one round (default %d)\n"
          "  --durability LEVEL  durable, relaxed or memory (default durable)\n"
          "  --format FORMAT     table, json or csv (default table)\n"
          "  --seed N            of data and operations (default %d)\n"
          "  --folder FOLDER     where the peers keep their files (default .; memory: /dev/shm)\n"
          "  --servers FOLDER    of bench/peers/setup (default: MEDLEY_BENCH_SERVERS or ./bench-servers)\n"
          "  --history FILE      results are appended to it (default: bench/history.jsonl); none: not kept\n",
          ROUNDS_DEFAULT, BUDGET_MS_DEFAULT, SEED_DEFAULT);
}

static int usage_error(const char *what, const char *which) {
  fprintf(stderr, "medley-bench: %s: %s\n", what, which);
  print_usage(stderr);
  return 2;
}

static const med_workload *find_workload(const char *name) {
  for (int i = 0; i < WORKLOAD_COUNT; i++) {
    if (strcmp(workloads[i]->name, name) == 0) return workloads[i];
  }
  return NULL;
}

static int list_all(void) {
  char version[64];
  for (int i = 0; i < WORKLOAD_COUNT; i++) {
    printf("%-12s %s (%llu %s)\n", workloads[i]->name, workloads[i]->summary,
           (unsigned long long)workloads[i]->scale_default, workloads[i]->scale_unit);
    for (int j = 0; j < workloads[i]->task_count; j++) {
      printf("    %-22s %s\n", workloads[i]->tasks[j].id, workloads[i]->tasks[j].title);
    }
  }
  printf("\npeers:\n");
  for (int i = 0; med_peers[i]; i++) {
    med_peers[i]->version(version, sizeof version);
    printf("    %-22s %s: %s\n", med_peers[i]->name, version, med_peers[i]->description);
  }
  for (int i = 0; med_peers_absent[i]; i++)
    printf("    %-22s absent: its library was not found\n", med_peers_absent[i]);
  return 0;
}

/* ---- Arguments ---- */

static int parse_number(const char *text, uint64_t *number) {
  char *end = NULL;
  if (*text < '0' || *text > '9') return 0;
  *number = strtoull(text, &end, 10);
  return *end == 0;
}

static int parse_choice(const char *text, const char *const *names) {
  for (int i = 0; names[i]; i++) {
    if (strcmp(names[i], text) == 0) return i;
  }
  return -1;
}

static int parse_text_option(bench_arguments *arguments, const char *name, const char *value) {
  static const char *const levels[] = {"durable", "relaxed", "memory", NULL};
  static const char *const formats[] = {"table", "json", "csv", NULL};
  int choice = 0;
  if (strcmp(name, "--peers") == 0)
    arguments->peer_list = value;
  else if (strcmp(name, "--alone") == 0)
    arguments->alone = value;
  else if (strcmp(name, "--task") == 0)
    arguments->setting.task_filter = value;
  else if (strcmp(name, "--folder") == 0)
    arguments->folder = value;
  else if (strcmp(name, "--servers") == 0)
    arguments->setting.servers = value;
  else if (strcmp(name, "--of") == 0)
    arguments->growth_of = value;
  else if (strcmp(name, "--history") == 0)
    arguments->history = strcmp(value, "none") == 0 ? NULL : value;
  else if (strcmp(name, "--durability") == 0 && (choice = parse_choice(value, levels)) >= 0)
    arguments->setting.durability = (med_durability)choice;
  else if (strcmp(name, "--format") == 0 && (choice = parse_choice(value, formats)) >= 0)
    arguments->format = (output_format)choice;
  else
    return 0;
  return 1;
}

static uint64_t rounds_max(const bench_arguments *arguments) {
  return strcmp(arguments->workload_name, "kills") == 0 ? KILLS_MAX : MED_STATISTICS_COUNT_MAX;
}

static int parse_number_option(bench_arguments *arguments, const char *name, const char *value) {
  uint64_t number = 0;
  if (!parse_number(value, &number)) return 0;
  if (strcmp(name, "--scale") == 0 && number > 0)
    arguments->setting.scale = number;
  else if (strcmp(name, "--operations") == 0)
    arguments->setting.operation_count = number;
  else if (strcmp(name, "--seed") == 0)
    arguments->setting.seed = number;
  else if (strcmp(name, "--rounds") == 0 && number > 0 && number <= rounds_max(arguments)) {
    arguments->setting.rounds = (int)number;
    arguments->rounds_given = 1;
  } else if (strcmp(name, "--threads") == 0 && number <= 1024)
    arguments->setting.threads = (int)number;
  else if (strcmp(name, "--budget-ms") == 0 && number > 0 && number <= 600000)
    arguments->setting.budget_ms = (int)number;
  else
    return 0;
  return 1;
}

static int parse(int argc, char **argv, bench_arguments *arguments) {
  arguments->workload_name = argv[1];
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 >= argc) return usage_error("an option without its value", argv[i]);
    if (!parse_text_option(arguments, argv[i], argv[i + 1]) && !parse_number_option(arguments, argv[i], argv[i + 1])) {
      return usage_error("not an option, or not a value of it", argv[i]);
    }
  }
  return 0;
}

/* ---- Peers ---- */

static int is_listed(const char *list, const char *name) {
  size_t len = strlen(name);
  for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
    if (strncmp(at, name, len) == 0 && (at[len] == 0 || at[len] == ',')) return 1;
  }
  return 0;
}

static int choose_peers(bench_arguments *arguments, const med_workload *workload) {
  med_setting *setting = &arguments->setting;
  setting->peer_count = 0;
  if (arguments->alone) {
    const med_peer *peer = med_peer_find(arguments->alone);
    if (!peer || !workload->can_run(peer)) return usage_error("no such peer in this workload", arguments->alone);
    setting->peers[setting->peer_count++] = peer;
    return 0;
  }
  for (int i = 0; med_peers[i] && setting->peer_count < MED_PEER_COUNT_MAX; i++) {
    int is_medley = strcmp(med_peers[i]->name, "medley") == 0;
    if (!is_medley && arguments->peer_list && !is_listed(arguments->peer_list, med_peers[i]->name)) continue;
    if (workload->can_run(med_peers[i])) setting->peers[setting->peer_count++] = med_peers[i];
  }
  if (!workload->can_run(med_peers[0])) fprintf(stderr, "medley-bench: medley has no part in %s yet\n", workload->name);
  for (int i = 0; med_peers_absent[i]; i++) {
    if (arguments->peer_list && !is_listed(arguments->peer_list, med_peers_absent[i])) continue;
    fprintf(stderr, "medley-bench: %s is absent: its library was not found when this was built\n", med_peers_absent[i]);
  }
  for (const char *at = arguments->peer_list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
    const med_peer *peer = med_peer_find(name);
    int absent = 0;
    for (int i = 0; med_peers_absent[i]; i++) absent |= strcmp(med_peers_absent[i], name) == 0;
    if (!peer && !absent) return usage_error("no such peer", name);
    if (peer && !workload->can_run(peer)) fprintf(stderr, "medley-bench: %s has no part in %s\n", name, workload->name);
  }
  return 0;
}

/* ---- Running ---- */

static void append_history(const bench_arguments *arguments, const med_outcome *outcome,
                           const med_circumstances *circumstances) {
  if (!arguments->history) return;
  FILE *file = fopen(arguments->history, "a");
  if (!file) {
    fprintf(stderr, "medley-bench: %s: %s\n", arguments->history, strerror(errno));
    return;
  }
  med_output_json(file, outcome, circumstances);
  fclose(file);
}

static int run_once(bench_arguments *arguments, med_outcome *outcome) {
  med_circumstances circumstances;
  char folder[4096];
  snprintf(folder, sizeof folder, "%s/medley-bench-XXXXXX", arguments->folder);
  if (!mkdtemp(folder)) {
    fprintf(stderr, "medley-bench: %s: %s\n", folder, strerror(errno));
    return 1;
  }
  arguments->setting.folder = folder;
  med_circumstances_take(&circumstances, MED_BENCH_SOURCE_FOLDER);
  int status = med_harness_run(&arguments->setting, outcome);
  rmdir(folder);
  if (status != 0) return 1;
  if (arguments->history) med_report_compare(stderr, arguments->history, outcome, &circumstances);
  append_history(arguments, outcome, &circumstances);
  if (arguments->format == FORMAT_TABLE) med_output_table(stdout, outcome);
  if (arguments->format == FORMAT_JSON) med_output_json(stdout, outcome, &circumstances);
  if (arguments->format == FORMAT_CSV) med_output_csv(stdout, outcome);
  fflush(stdout);
  return outcome->failure_count > 0;
}

static int run_kills(bench_arguments *arguments) {
  char folder[4096];
  snprintf(folder, sizeof folder, "%s/medley-bench-XXXXXX", arguments->folder);
  if (arguments->setting.scale < 2) return usage_error("a payment needs two accounts", "--scale");
  if (!mkdtemp(folder)) {
    fprintf(stderr, "medley-bench: %s: %s\n", folder, strerror(errno));
    return 1;
  }
  arguments->setting.folder = folder;
  int status = med_kills_run(&arguments->setting);
  rmdir(folder);
  return status;
}

/* Hands over to bench/profile, with all arguments but --profile and its value. */
static int profile(int argc, char **argv, int at) {
  char self[4096];
  char *words[64] = {MED_BENCH_SOURCE_FOLDER "/bench/profile", argv[at + 1], self};
  int count = 3;
  ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
  if (len < 0) return usage_error("its own path is not known", "/proc/self/exe");
  self[len] = 0;
  if (strcmp(argv[at + 1], "perf") != 0 && strcmp(argv[at + 1], "callgrind") != 0) {
    return usage_error("not a profiler", argv[at + 1]);
  }
  for (int i = 1; i < argc && count < 63; i++) {
    if (i != at && i != at + 1) words[count++] = argv[i];
  }
  execv(words[0], words);
  fprintf(stderr, "medley-bench: %s: %s\n", words[0], strerror(errno));
  return 1;
}

static int run_growth(bench_arguments *arguments) {
  med_growth growth = {0};
  uint64_t scale = arguments->setting.scale > 0 ? arguments->setting.scale : arguments->setting.workload->scale_default;
  int status = 0;
  for (int size = 0; size < MED_GROWTH_SIZE_COUNT && status == 0; size++) {
    med_outcome outcome;
    arguments->setting.scale = size == 0 ? (scale / 100 > 0 ? scale / 100 : 1) : arguments->setting.scale * 10;
    status = run_once(arguments, &outcome);
    if (status == 0) med_growth_add(&growth, &outcome);
    med_harness_clear(&outcome);
  }
  if (status == 0) med_growth_print(stdout, &growth);
  return status;
}

int main(int argc, char **argv) {
  const char *servers = getenv("MEDLEY_BENCH_SERVERS");
  bench_arguments arguments = {.setting = {.seed = SEED_DEFAULT,
                                           .rounds = ROUNDS_DEFAULT,
                                           .budget_ms = BUDGET_MS_DEFAULT,
                                           .servers = servers ? servers : "bench-servers",
                                           .progress = isatty(STDERR_FILENO) ? stderr : NULL},
                               .history = MED_BENCH_SOURCE_FOLDER "/bench/history.jsonl"};
  if (argc < 2) {
    print_usage(stderr);
    return 2;
  }
  if (strcmp(argv[1], "--help") == 0) {
    print_usage(stdout);
    return 0;
  }
  if (strcmp(argv[1], "list") == 0) return list_all();
  if (strcmp(argv[1], "report") == 0) return med_report_main(argc - 2, argv + 2, arguments.history);
  for (int i = 2; i + 1 < argc; i++) {
    if (strcmp(argv[i], "--profile") == 0) return profile(argc, argv, i);
  }
  if (parse(argc, argv, &arguments) != 0) return 2;
  int kills = strcmp(arguments.workload_name, "kills") == 0;
  int grows = strcmp(arguments.workload_name, "growth") == 0;
  const char *name = grows   ? (arguments.growth_of ? arguments.growth_of : "relational")
                     : kills ? "useraction"
                             : arguments.workload_name;
  const med_workload *workload = find_workload(name);
  if (!workload) return usage_error("no such workload", name);
  if (choose_peers(&arguments, workload) != 0) return 2;
  arguments.setting.workload = workload;
  if (!arguments.folder) arguments.folder = arguments.setting.durability == MED_IN_MEMORY ? "/dev/shm" : ".";
  if (kills && arguments.setting.scale == 0) arguments.setting.scale = KILLS_SCALE_DEFAULT;
  if (kills && !arguments.rounds_given) arguments.setting.rounds = KILLS_DEFAULT;
  if (kills) return run_kills(&arguments);
  if (grows) return run_growth(&arguments);
  if (arguments.setting.scale == 0) arguments.setting.scale = workload->scale_default;
  med_outcome outcome;
  int status = run_once(&arguments, &outcome);
  med_harness_clear(&outcome);
  return status;
}
