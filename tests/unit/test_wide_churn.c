/* test_wide_churn.c - a table of events that is written, changed, expired in ranges and sealed for a long time: the file stops growing.
 *
 * Users write events for a few rounds back and delete those that are older; single rows are deleted and changed in between, housekeeping
 * is done now and then, and an old snapshot keeps pages from being used again for a while, so that the free list becomes fragmented.
 * Prints a line for each round; MEDLEY_TEST_LONG: many more events and rounds. */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/session_kit.h"

enum { USERS = 97, WINDOW = 4, WARM = 2 * WINDOW, BATCH = 500 };

typedef struct churn {
  char folder[64], path[96];
  medley *db;
  medley_session *session, *reader;
  medley_statement *insert, *change, *drop, *expire;
  uint64_t random;
  int rounds, events;   /* of each round */
  unsigned char *alive; /* by time */
  int64_t end;          /* of time */
} churn;

static void run(medley_session *session, medley_language language, const char *text) {
  kit_exec(session, language, text);
}

static medley_statement *prepare(churn *of, const char *text) {
  medley_statement *statement;
  ck_assert_msg(medley_prepare(of->session, MEDLEY_LANGUAGE_CQL, text, MEDLEY_NUL_ENDED, &statement, NULL) == MEDLEY_OK,
                "%s", medley_session_error(of->session)->message);
  return statement;
}

static void finish(churn *of, medley_statement *statement) {
  ck_assert_msg(medley_step(statement) == MEDLEY_DONE, "%s", medley_session_error(of->session)->message);
  medley_reset(statement);
}

static int user_of(int64_t time) { return (int)(((uint64_t)time * 2654435761u) % USERS); }

static void open_churn(churn *of) {
  bool is_long = getenv("MEDLEY_TEST_LONG") != NULL;
  *of = (churn){.random = property_seed("wide_churn"), .rounds = is_long ? 60 : 12, .events = is_long ? 200000 : 3000};
  of->alive = calloc((size_t)of->rounds * (size_t)of->events, 1);
  snprintf(of->folder, sizeof of->folder, "/tmp/medley-churn-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(of->folder));
  snprintf(of->path, sizeof of->path, "%s/db.medley", of->folder);
  medley_options options;
  medley_options_init(&options);
  options.durability = MEDLEY_RELAXED;
  medley_error error;
  ck_assert_msg(medley_open(of->path, &options, &of->db, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_int_eq(medley_session_open(of->db, &of->session, &error), MEDLEY_OK);
  ck_assert_int_eq(medley_session_open(of->db, &of->reader, &error), MEDLEY_OK);
  run(of->session, MEDLEY_LANGUAGE_CQL,
      "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  run(of->session, MEDLEY_LANGUAGE_CQL,
      "CREATE TABLE k.events (user int, time bigint, page text, amount double, PRIMARY KEY (user, time)) WITH "
      "segment_rows = 1024");
  run(of->session, MEDLEY_LANGUAGE_CQL, "CREATE INDEX by_page ON k.events (page)");
  of->insert = prepare(of, "INSERT INTO k.events (user, time, page, amount) VALUES (?, ?, ?, ?)");
  of->change = prepare(of, "UPDATE k.events SET page = ? WHERE user = ? AND time = ?");
  of->drop = prepare(of, "DELETE FROM k.events WHERE user = ? AND time = ?");
  of->expire = prepare(of, "DELETE FROM k.events WHERE user = ? AND time < ?");
}

static void write_events(churn *of) {
  for (int i = 0; i < of->events; i++) {
    char page[40];
    int64_t time = of->end++;
    snprintf(page, sizeof page, "/page/%u", (unsigned)property_below(&of->random, 40));
    if (i % BATCH == 0) run(of->session, MEDLEY_LANGUAGE_SQL, "BEGIN");
    medley_bind_integer(of->insert, 1, user_of(time));
    medley_bind_integer(of->insert, 2, time);
    medley_bind_text(of->insert, 3, page, MEDLEY_NUL_ENDED);
    medley_bind_real(of->insert, 4, (double)property_below(&of->random, 10000) / 100);
    finish(of, of->insert);
    of->alive[time] = 1;
    if (i % BATCH == BATCH - 1 || i == of->events - 1) run(of->session, MEDLEY_LANGUAGE_SQL, "COMMIT");
  }
}

/* Of those that are there, a tenth is changed and a twentieth deleted; sealed rows among them. */
static void disturb(churn *of) {
  run(of->session, MEDLEY_LANGUAGE_SQL, "BEGIN");
  for (int i = 0; i < of->events * WINDOW / 10; i++) {
    int64_t time = (int64_t)property_below(&of->random, (uint64_t)of->end);
    if (!of->alive[time]) continue;
    bool drops = property_below(&of->random, 3) == 0;
    medley_statement *statement = drops ? of->drop : of->change;
    int at = 1;
    if (!drops) medley_bind_text(statement, at++, "/changed", MEDLEY_NUL_ENDED);
    medley_bind_integer(statement, at++, user_of(time));
    medley_bind_integer(statement, at, time);
    finish(of, statement);
    if (drops) of->alive[time] = 0;
  }
  run(of->session, MEDLEY_LANGUAGE_SQL, "COMMIT");
}

static void expire(churn *of) {
  int64_t horizon = of->end - (int64_t)WINDOW * of->events;
  for (int user = 0; user < USERS && horizon > 0; user++) {
    medley_bind_integer(of->expire, 1, user);
    medley_bind_integer(of->expire, 2, horizon);
    finish(of, of->expire);
  }
  for (int64_t time = 0; time < horizon; time++) of->alive[time] = 0;
}

static void maintain(churn *of, int slices) {
  medley_error error = {0};
  for (int more = 1; more && slices != 0; slices--)
    ck_assert_msg(medley_maintain(of->db, 1000, &more, &error) == MEDLEY_OK, "%s", error.message);
}

static void compare(churn *of) {
  int64_t count = 0, sum = 0;
  char expected[64];
  for (int64_t time = 0; time < of->end; time++) {
    count += of->alive[time];
    sum += of->alive[time] ? time : 0;
  }
  snprintf(expected, sizeof expected, "%lld|%lld\n", (long long)count, (long long)sum);
  kit_rows rows = {0};
  ck_assert_int_eq(
      kit_run(of->session, MEDLEY_LANGUAGE_CQL, "SELECT count(*), sum(time) FROM k.events ALLOW FILTERING", &rows),
      MEDLEY_OK);
  ck_assert_str_eq(rows.text, expected);
}

static medley_stats look(churn *of) {
  medley_stats stats;
  medley_error error = {0};
  ck_assert_msg(medley_stat(of->db, &stats, &error) == MEDLEY_OK, "%s", error.message);
  return stats;
}

static void print_round(int round, const medley_stats *stats) {
  printf("round %3d: in use %8.2f MiB, file %8.2f MiB\n", round, (double)stats->used_bytes / (1 << 20),
         (double)stats->file_bytes / (1 << 20));
  fflush(stdout);
}

static void close_churn(churn *of) {
  medley_error error = {0};
  uint64_t problems = 1;
  ck_assert_int_eq(medley_check(of->db, NULL, NULL, &problems, &error), MEDLEY_OK);
  ck_assert_uint_eq(problems, 0);
  medley_statement *const statements[] = {of->insert, of->change, of->drop, of->expire};
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) medley_statement_close(statements[i]);
  medley_session_close(of->reader);
  medley_session_close(of->session);
  ck_assert_int_eq(medley_close(of->db), MEDLEY_OK);
  char lock[128];
  snprintf(lock, sizeof lock, "%s-lock", of->path);
  unlink(of->path);
  unlink(lock);
  ck_assert_int_eq(rmdir(of->folder), 0);
  free(of->alive);
}

START_TEST(a_table_in_steady_use_stops_growing) {
  churn of;
  open_churn(&of);
  medley_stats warm = {0}, now = {0};
  bool reads = false;
  for (int round = 1; round <= of.rounds; round++) {
    write_events(&of);
    disturb(&of);
    expire(&of);
    /* Every third round is seen by a reader to the end of the next one's writes. */
    if (reads) run(of.reader, MEDLEY_LANGUAGE_SQL, "ROLLBACK");
    reads = round % 3 == 0;
    if (reads) run(of.reader, MEDLEY_LANGUAGE_SQL, "BEGIN; SELECT count(*) FROM sqlite_schema");
    maintain(&of, round % 2 == 0 ? -1 : (int)property_below(&of.random, 20));
    compare(&of);
    now = look(&of);
    print_round(round, &now);
    if (round == WARM) warm = now;
  }
  if (reads) run(of.reader, MEDLEY_LANGUAGE_SQL, "ROLLBACK");
  ck_assert_uint_lt(now.used_bytes, warm.used_bytes + warm.used_bytes / 5);
  /* What the redo log's pin keeps between two checkpoints comes in steps. */
  ck_assert_uint_lt(now.file_bytes, warm.file_bytes + warm.file_bytes / 5 + (64 << 20));
  run(of.session, MEDLEY_LANGUAGE_CQL, "TRUNCATE k.events");
  maintain(&of, -1);
  medley_stats empty = look(&of);
  print_round(of.rounds + 1, &empty);
  ck_assert_uint_lt(empty.used_bytes, now.used_bytes / 4);
  close_churn(&of);
}
END_TEST

PROPERTY_MAIN("wide_churn", a_table_in_steady_use_stops_growing)
