/* demo_behaviour.c - page views by person and time, in a wide-column table of CQL that SQL sees too.
 *
 * The generated views, which are in a table of SQL's, are moved in time so that the last of them is of now. Every answer is computed a second
 * way, from that table. */
#include "tools/demo_behaviour.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define DAY_S INT64_C(86400)
#define DAY_MS (DAY_S * 1000)
#define KEPT_DAYS 32 /* the views are of 31 days */
#define SLICE_ROWS 20000
#define RECENT_DAYS 7 /* whole days that a table with windows keeps */

/* Of the day that begins at ?1: as the wide-column table has it, and the generated views moved by ?2. */
#define VIEWED_DAY "\"site.page_view\" WHERE viewed_at >= ?1 AND viewed_at < ?1 + 86400000"
#define MOVED_DAY                                                                           \
  "(SELECT *, viewed_at + ?2 AS at FROM page_view WHERE viewed_at >= ?1 - ?2 AND viewed_at" \
  " < ?1 - ?2 + 86400000)"
#define PER_HOUR(time_) \
  "SELECT strftime('%H', " time_ " / 1000, 'unixepoch') AS hour, count(*), count(DISTINCT person_id) FROM "
#define PER_PAGE "SELECT message_id, count(*) AS views, sum(duration_ms) / 1000 FROM "
#define LAST_TWENTY " WHERE person_id = ?1 ORDER BY viewed_at DESC, id DESC LIMIT 20"

static bool define(scene *s) {
  return scene_cql(s,
                   "CREATE KEYSPACE IF NOT EXISTS site WITH replication = {'class': 'SimpleStrategy', "
                   "'replication_factor': 1}",
                   0, NULL) &&
         scene_cql(s, "DROP TABLE IF EXISTS site.page_view", 0, NULL) &&
         scene_cql(s,
                   "CREATE TABLE site.page_view (person_id bigint, viewed_at timestamp, id bigint, message_id bigint, "
                   "duration_ms int, device text, PRIMARY KEY (person_id, viewed_at, id)) WITH CLUSTERING ORDER BY "
                   "(viewed_at DESC, id DESC)",
                   0, NULL);
}

/* In slices: a large network's views are more than one transaction may change. Each goes KEPT_DAYS after it happened. */
static void fill(scene *s, int64_t shift_ms, int64_t now_ms) {
  int64_t last = scene_sql(s, "SELECT max(id) FROM page_view", 0, NULL);
  double begun = scene_now_ms();
  for (int64_t from = 0; from < last; from += SLICE_ROWS) {
    const int64_t numbers[] = {shift_ms, now_ms, from, from + SLICE_ROWS, KEPT_DAYS * DAY_S};
    scene_sql(
        s,
        "INSERT INTO \"site.page_view\"(person_id, viewed_at, id, message_id, duration_ms, device, _ttl) "
        "SELECT person_id, viewed_at + ?1, id, message_id, duration_ms, device, ?5 - (?2 - viewed_at - ?1) / 1000 "
        "FROM page_view WHERE id > ?3 AND id <= ?4",
        5, numbers);
  }
  double took_s = (scene_now_ms() - begun) / 1e3;
  int64_t count = scene_sql(s, "SELECT count(*) FROM \"site.page_view\"", 0, NULL);
  scene_claim(s, count > 0 && count == scene_sql(s, "SELECT count(*) FROM page_view", 0, NULL),
              "all %" PRId64 " views are in it, %.0f a second", count, (double)count / (took_s > 1e-6 ? took_s : 1e-6));
}

/* Whether two queries have the same rows, and any. */
static bool agree(scene *s, const char *one, const char *other, const int64_t *numbers) {
  char query[2048];
  snprintf(query, sizeof query,
           "SELECT NOT EXISTS (SELECT * FROM (%s) EXCEPT SELECT * FROM (%s)) AND (SELECT count(*) FROM (%s)) > 0 AND "
           "(SELECT count(*) FROM (%s)) = (SELECT count(*) FROM (%s)) AND ?2 = ?2",
           one, other, one, one, other);
  return scene_sql(s, query, 2, numbers) == 1;
}

static void tell_yesterday(scene *s, int64_t shift_ms, int64_t yesterday_ms) {
  const int64_t numbers[] = {yesterday_ms, shift_ms};
  static const char hours[] = PER_HOUR("viewed_at") VIEWED_DAY " GROUP BY hour";
  static const char pages[] = PER_PAGE VIEWED_DAY " GROUP BY message_id";
  scene_say("What did our users do yesterday? Views and persons in each of six hours:");
  double begun = scene_now_ms();
  scene_print(s, "SELECT * FROM (" PER_HOUR("viewed_at") VIEWED_DAY " GROUP BY hour) LIMIT 6", 1, numbers);
  double took = scene_now_ms() - begun;
  scene_claim(s, agree(s, hours, PER_HOUR("at") MOVED_DAY " GROUP BY hour", numbers),
              "in %.1f ms; the table that the views come from says the same of every hour", took);
  scene_say("Which pages, how often, and for how many seconds?");
  begun = scene_now_ms();
  scene_print(s, PER_PAGE VIEWED_DAY " GROUP BY message_id ORDER BY views DESC, message_id LIMIT 5", 1, numbers);
  took = scene_now_ms() - begun;
  scene_claim(s, agree(s, pages, PER_PAGE MOVED_DAY " GROUP BY message_id", numbers),
              "in %.1f ms; every page has the right numbers", took);
}

static void tell_person(scene *s, int64_t yesterday_ms) {
  scene_say("Who was it? The table of persons joined with the wide-column table, which is found by its key:");
  double begun = scene_now_ms();
  int rows =
      scene_print(s,
                  "SELECT first_name || ' ' || last_name, count(*) AS views FROM person JOIN \"site.page_view\" AS v "
                  "ON v.person_id = person.id WHERE v.viewed_at >= ? GROUP BY person.id ORDER BY views DESC, "
                  "person.id LIMIT 3",
                  1, &yesterday_ms);
  scene_claim(s, rows == 3, "in %.1f ms", scene_now_ms() - begun);
  int64_t person = scene_sql(
      s, "SELECT person_id FROM page_view GROUP BY person_id ORDER BY count(*) DESC, person_id LIMIT 1", 0, NULL);
  int64_t count = scene_sql(s, "SELECT count(*) FROM page_view WHERE person_id = ?", 1, &person);
  const int64_t numbers[] = {person, 0};
  scene_say("The last twenty actions of person %" PRId64 ", in CQL:", person);
  begun = scene_now_ms();
  rows = scene_print_cql(s, "SELECT viewed_at, message_id, device FROM site.page_view WHERE person_id = ? LIMIT 20", 1,
                         numbers);
  double took = scene_now_ms() - begun;
  scene_claim(s, rows == (count < 20 ? count : 20), "%d of %" PRId64 " in %.2f ms", rows, count, took);
  scene_claim(
      s, agree(s, "SELECT id FROM \"site.page_view\"" LAST_TWENTY, "SELECT id FROM page_view" LAST_TWENTY, numbers),
      "they are the last ones");
}

static int64_t count_of_nobody(scene *s) {
  return scene_sql(s, "SELECT count(*) FROM \"site.page_view\" WHERE person_id = 0", 0, NULL);
}

static void tell_time(scene *s) {
  int64_t shortest = scene_sql(s, "SELECT min(_ttl) FROM \"site.page_view\"", 0, NULL);
  int64_t longest = scene_sql(s, "SELECT max(_ttl) FROM \"site.page_view\"", 0, NULL);
  scene_claim(s, shortest > 0 && shortest < 2 * DAY_S && longest > 31 * DAY_S && longest <= KEPT_DAYS * DAY_S,
              "each view goes by itself %d days after it happened: the oldest in %" PRId64 " hours", KEPT_DAYS,
              shortest / 3600);
  double begun = scene_now_ms();
  scene_cql(s, "INSERT INTO site.page_view (person_id, viewed_at, id) VALUES (0, '2024-02-29', 1) USING TTL 2", 0,
            NULL);
  bool there = count_of_nobody(s) == 1;
  if (scene_now_ms() - begun < 1000) scene_claim(s, there, "one that is kept for two seconds is there");
  nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 50 * 1000 * 1000}, NULL);
  scene_claim(s, count_of_nobody(s) == 0, "and two seconds later it is not");
}

static void tell_commit(scene *s) {
  scene_say(
      "A view in CQL, its counter in Redis and a row of the ledger in SQL are one transaction; it is rolled back:");
  int64_t rows = scene_sql(s, "SELECT count(*) FROM ledger", 0, NULL);
  scene_must(s, medley_begin(s->session, MEDLEY_WRITE), "begin");
  scene_cql(s, "INSERT INTO site.page_view (person_id, viewed_at, id) VALUES (0, '2024-02-29', 2)", 0, NULL);
  scene_redis(s, "INCR", "views:nobody", NULL);
  scene_sql(s, "INSERT INTO ledger (to_account_id, amount_cents, created_at, reason) VALUES (1, 1, 0, 'view')", 0,
            NULL);
  scene_claim(s, count_of_nobody(s) == 1, "inside it the view is there");
  scene_must(s, medley_rollback(s->session), "rollback");
  scene_claim(s,
              count_of_nobody(s) == 0 && scene_redis_number(s, "EXISTS", "views:nobody", NULL) == 0 &&
                  scene_sql(s, "SELECT count(*) FROM ledger", 0, NULL) == rows,
              "after it nothing is, in no model");
}

/* The same views in a table of whole days, of which the older ones are gone at once when it is said how many are kept. */
static void tell_windows(scene *s, int64_t shift_ms) {
  scene_say("A table with windows of a day is told to keep %d of them; nothing of the others is read:", RECENT_DAYS);
  if (!scene_cql(s, "DROP TABLE IF EXISTS site.recent_view", 0, NULL) ||
      !scene_cql(s,
                 "CREATE TABLE site.recent_view (person_id bigint, viewed_at timestamp, id bigint, PRIMARY KEY "
                 "(person_id, viewed_at, id)) WITH time_window = {'column': 'viewed_at', 'size': '1d'}",
                 0, NULL))
    return;
  int64_t last = scene_sql(s, "SELECT max(id) FROM page_view", 0, NULL);
  for (int64_t from = 0; from < last; from += SLICE_ROWS) {
    const int64_t numbers[] = {shift_ms, from, from + SLICE_ROWS};
    scene_sql(s,
              "INSERT INTO \"site.recent_view\"(person_id, viewed_at, id) SELECT person_id, viewed_at + ?1, id FROM "
              "page_view WHERE id > ?2 AND id <= ?3",
              3, numbers);
  }
  int64_t all = scene_sql(s, "SELECT count(*) FROM \"site.recent_view\"", 0, NULL);
  double begun = scene_now_ms();
  scene_cql(s, "ALTER TABLE site.recent_view WITH time_window = {'column': 'viewed_at', 'size': '1d', 'keep': '7d'}", 0,
            NULL);
  double took_ms = scene_now_ms() - begun;
  const int64_t numbers[] = {shift_ms, (int64_t)time(NULL) * 1000, RECENT_DAYS + 1};
  int64_t left = scene_sql(s, "SELECT count(*) FROM \"site.recent_view\"", 0, NULL);
  int64_t expected = scene_sql(
      s, "SELECT count(*) FROM page_view WHERE ((viewed_at + ?1) / 86400000 + ?3) * 86400000 > ?2", 3, numbers);
  scene_claim(s, left == expected && left > 0 && left < all, "%" PRId64 " of %" PRId64 " views are left, %.1f ms later",
              left, all, took_ms);
}

void demo_behaviour_tell(scene *s) {
  int64_t now_ms = (int64_t)time(NULL) * 1000, yesterday_ms = now_ms / DAY_MS * DAY_MS - DAY_MS;
  int64_t shift_ms = now_ms - scene_sql(s, "SELECT max(viewed_at) FROM page_view", 0, NULL);
  scene_say("Page views go into a wide-column table: a partition for each person, its newest view first.");
  if (!define(s)) return;
  fill(s, shift_ms, now_ms);
  tell_yesterday(s, shift_ms, yesterday_ms);
  tell_person(s, yesterday_ms);
  tell_time(s);
  tell_windows(s, shift_ms);
  tell_commit(s);
}
