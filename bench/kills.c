/* kills.c - see kills.h. A process of clients acts until it is killed (SIGKILL) at a moment that the seed gives; then
 * another process opens what is left and counts. A whole action adds one ledger entry, one event and one touch of a
 * session: what the least of the three counts lacks of the largest was done by half since the kill before. */
#include "bench/kills.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/contestant_process.h"

#define DELAY_US_MIN 200
#define DELAY_US_MAX 20000
#define CLIENT_COUNT_MAX 64
#define SETTLE_US 20000 /* a server still ends what its dead client had sent */
#define BALANCE_EACH 1000000
#define AMOUNT_MAX 100

enum { DICE_ACTION = 1, DICE_MOMENT = 2 };

typedef struct counted {
  int status;
  med_audit audit;
  char failure[MED_FAILURE_SIZE];
} counted;

typedef struct tally {
  int64_t entries, half_done, rounds_with_half;
  int money_lost;
} tally;

typedef struct acting_client {
  const med_actor *actor;
  void *db;
  uint64_t number, seed, scale;
} acting_client;

/* ---- The process that is killed ---- */

static med_action draw(const acting_client *client, uint64_t number, med_dice *dice) {
  med_action action = {.number = number,
                       .payer = 1 + (uint32_t)med_dice_below(dice, client->scale),
                       .person = 1 + (uint32_t)med_dice_below(dice, client->scale),
                       .amount = 1 + (int64_t)med_dice_below(dice, AMOUNT_MAX)};
  action.payee = 1 + (uint32_t)((action.payer + med_dice_below(dice, client->scale - 1)) % client->scale);
  return action;
}

static void *act_forever(void *argument) {
  acting_client *client = argument;
  void *connection = NULL;
  uint64_t hits = 0;
  int status = client->actor->connect(client->db, &connection);
  for (uint64_t i = 0; status == 0; i++) {
    med_dice dice;
    med_dice_init(&dice, client->seed, DICE_ACTION, client->number + i);
    med_action action = draw(client, client->number + i, &dice);
    status = client->actor->act(connection, &action, &hits);
  }
  fprintf(stderr, "medley-bench: %s\n", med_peer_failure());
  _exit(1);
}

/* Answers on the pipe when the clients begin; never returns. */
static void live(const med_setting *setting, const med_peer *peer, const med_place *place, int round, int ready) {
  static acting_client clients[CLIENT_COUNT_MAX];
  int count = setting->threads > 0 ? setting->threads : 1;
  void *db = NULL;
  if (peer->actor->open(place, &db) != 0) {
    fprintf(stderr, "medley-bench: %s\n", med_peer_failure());
    _exit(1);
  }
  for (int i = 0; i < count && i < CLIENT_COUNT_MAX; i++) {
    pthread_t thread;
    clients[i] = (acting_client){.actor = peer->actor,
                                 .db = db,
                                 .number = ((uint64_t)round << 36) + ((uint64_t)i << 28) + 1,
                                 .seed = setting->seed,
                                 .scale = place->scale};
    if (pthread_create(&thread, NULL, act_forever, &clients[i]) != 0) _exit(1);
  }
  if (write(ready, "r", 1) != 1) _exit(1);
  for (;;) pause();
}

static void sleep_us(long us) {
  struct timespec left = {us / 1000000, us % 1000000 * 1000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

static int kill_one(const med_setting *setting, const med_peer *peer, const med_place *place, int round) {
  int ends[2], status = 0;
  char byte;
  med_dice dice;
  med_dice_init(&dice, setting->seed, DICE_MOMENT, (uint64_t)round);
  if (pipe(ends) != 0) return -1;
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    close(ends[0]);
    live(setting, peer, place, round, ends[1]);
  }
  close(ends[1]);
  ssize_t got = read(ends[0], &byte, 1);
  close(ends[0]);
  if (got == 1) sleep_us(DELAY_US_MIN + (long)med_dice_below(&dice, DELAY_US_MAX - DELAY_US_MIN));
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  if (peer->server) sleep_us(SETTLE_US);
  return got == 1 && WIFSIGNALED(status) ? 0 : -1;
}

/* ---- The process that counts, and the one that loads ---- */

static void look(const med_peer *peer, const med_place *place, counted *out) {
  void *db = NULL, *connection = NULL;
  out->status = peer->actor->open(place, &db);
  if (out->status == 0) out->status = peer->actor->connect(db, &connection);
  if (out->status == 0) out->status = peer->actor->audit(connection, &out->audit);
  if (out->status != 0) snprintf(out->failure, sizeof out->failure, "%s", med_peer_failure());
  if (connection) peer->actor->disconnect(connection);
  if (db) peer->actor->close(db);
}

static int look_apart(const med_peer *peer, const med_place *place, counted *out) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    memset(out, 0, sizeof *out);
    look(peer, place, out);
    _exit(write(ends[1], out, sizeof *out) == (ssize_t)sizeof *out ? 0 : 1);
  }
  close(ends[1]);
  memset(out, 0, sizeof *out);
  ssize_t got = read(ends[0], out, sizeof *out);
  close(ends[0]);
  waitpid(child, NULL, 0);
  if (got == (ssize_t)sizeof *out && out->status == 0) return 0;
  fprintf(stderr, "medley-bench: %s: %s\n", peer->name, out->failure[0] ? out->failure : "it ended while counting");
  return -1;
}

/* ---- The count ---- */

static int64_t least(const med_audit *audit) {
  int64_t less = audit->entries < audit->events ? audit->entries : audit->events;
  return less < audit->touches ? less : audit->touches;
}

static int64_t largest(const med_audit *audit) {
  int64_t more = audit->entries > audit->events ? audit->entries : audit->events;
  return more > audit->touches ? more : audit->touches;
}

static int kill_often(const med_setting *setting, const med_peer *peer, med_place *place, tally *sum) {
  counted seen;
  if (look_apart(peer, place, &seen) != 0) return -1; /* it loads */
  place->keeps = 1;
  int64_t missing = 0;
  for (int round = 1; round <= setting->rounds; round++) {
    if (kill_one(setting, peer, place, round) != 0) {
      fprintf(stderr, "medley-bench: %s: its clients ended before they were killed\n", peer->name);
      return -1;
    }
    if (look_apart(peer, place, &seen) != 0) return -1;
    int64_t missing_now = largest(&seen.audit) - least(&seen.audit);
    if (missing_now > missing) sum->rounds_with_half++;
    missing = missing_now;
    if (setting->progress) fprintf(setting->progress, "\r%s: %d of %d kills ", peer->name, round, setting->rounds);
  }
  if (setting->progress) fprintf(setting->progress, "\r%40s\r", "");
  sum->entries = seen.audit.entries;
  sum->half_done = missing;
  sum->money_lost = seen.audit.balance != (int64_t)place->scale * BALANCE_EACH;
  return 0;
}

int med_kills_run(const med_setting *setting) {
  int failed = 0;
  printf("%-10s %8s %16s %18s %22s\n", "peer", "kills", "actions", "half done", "kills that left one");
  for (int i = 0; i < setting->peer_count; i++) {
    const med_peer *peer = setting->peers[i];
    char folder[4096];
    tally sum = {0};
    snprintf(folder, sizeof folder, "%s/%s", setting->folder, peer->name);
    med_place place = {
        .folder = folder, .servers = setting->servers, .durability = setting->durability, .scale = setting->scale};
    if (mkdir(folder, 0700) != 0 || kill_often(setting, peer, &place, &sum) != 0) {
      printf("%-10s failed\n", peer->name);
      failed = 1;
    } else {
      printf("%-10s %8d %16lld %18lld %22lld%s\n", peer->name, setting->rounds, (long long)sum.entries,
             (long long)sum.half_done, (long long)sum.rounds_with_half, sum.money_lost ? "  MONEY IS LOST" : "");
      if (strcmp(peer->name, "medley") == 0 && (sum.half_done > 0 || sum.money_lost)) failed = 1;
    }
    fflush(stdout);
    med_contestant_process_remove(folder);
  }
  return failed;
}
