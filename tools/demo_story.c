/* demo_story.c - medley-demo-story: what Medley is for, told on a generated social network.
 *
 * usage: medley-demo-story DATABASE     (tools/demo makes the database with medley-network)
 *
 * Each chapter is a function in the table at the end. Everything is real work through the public interface, and each
 * claim is checked by the program itself: status 1 if one does not hold. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/demo_behaviour.h"
#include "tools/demo_scene.h"

#define PRICE_CENTS 250
#define PROFILE_BUCKET "profiles"
#define SESSION_TTL_S "1800"
/* Sign-in sessions as SQL sees them: a row for each field of each hash, found by the range of their keys. */
#define DEMO_SESSIONS_SQL                                                                                  \
  "(SELECT CAST(value AS INTEGER) AS person_id FROM kv_hash WHERE key >= 'session:' AND key < 'session;' " \
  "AND field = 'person_id') AS online"

static int64_t number(scene *s, const char *sql) { return scene_sql(s, sql, 0, NULL); }

static int64_t number_of(scene *s, const char *sql, int64_t id) { return scene_sql(s, sql, 1, &id); }

static bool text_is(const medley_value *value, const char *text) {
  if (!value || (value->type != MEDLEY_TYPE_TEXT && value->type != MEDLEY_TYPE_BLOB)) return false;
  return value->as.text.len == strlen(text) && memcmp(value->as.text.bytes, text, value->as.text.len) == 0;
}

/* ---- 1 ---- */

static void tell_network(scene *s) {
  scene_say("The network in this file, in tables that SQL sees:");
  scene_print(s,
              "SELECT 'persons', count(*) FROM person UNION ALL SELECT 'friendships', count(*) / 2 FROM knows "
              "UNION ALL SELECT 'forums', count(*) FROM forum UNION ALL SELECT 'messages', count(*) FROM message "
              "UNION ALL SELECT 'likes', count(*) FROM likes UNION ALL SELECT 'page views', count(*) FROM page_view "
              "UNION ALL SELECT 'advertising accounts', count(*) FROM ad_account",
              0, NULL);
  int64_t keys = scene_redis_number(s, "DBSIZE", NULL);
  scene_say("and, as Redis keys in the same file, %" PRId64 " sign-in sessions.", keys);
  scene_claim(s, number(s, "SELECT count(*) FROM person") > 0, "there are people");
  scene_claim(s, keys > 0, "some of them are signed in");
  int64_t money = number(s, "SELECT sum(balance_cents) FROM ad_account");
  int64_t paid_in = number(s, "SELECT sum(amount_cents) FROM ledger WHERE from_account_id IS NULL");
  scene_claim(s, money == paid_in, "the accounts hold what the ledger says was paid in: %" PRId64 " cents", money);
  s->payer_account = number(s, "SELECT id FROM ad_account ORDER BY balance_cents DESC, id LIMIT 1");
  s->payee_account =
      number_of(s, "SELECT id FROM ad_account WHERE id <> ? ORDER BY balance_cents, id LIMIT 1", s->payer_account);
  s->advertiser = number_of(s, "SELECT owner_id FROM ad_account WHERE id = ?", s->payer_account);
  s->publisher = number_of(s, "SELECT owner_id FROM ad_account WHERE id = ?", s->payee_account);
}

/* ---- 2 ---- */

static void tell_sessions(scene *s) {
  char name[128], person[24];
  scene_sql_text(s, "SELECT first_name || ' ' || last_name FROM person WHERE id = ?", s->advertiser, name, sizeof name);
  snprintf(person, sizeof person, "%" PRId64, s->advertiser);
  snprintf(s->token, sizeof s->token, "session:demo-%s", person);
  scene_say("%s signs in: a hash with an expiry, in Redis's words.", name);
  scene_say("  HSET %s person_id %s device phone ; EXPIRE %s %s", s->token, person, s->token, SESSION_TTL_S);
  scene_redis(s, "HSET", s->token, "person_id", person, "device", "phone", NULL);
  scene_redis(s, "EXPIRE", s->token, SESSION_TTL_S, NULL);
  int64_t ttl = scene_redis_number(s, "TTL", s->token, NULL);
  scene_claim(s, ttl > 0 && ttl <= 1800, "the session ends by itself in %" PRId64 " seconds", ttl);
  scene_claim(s, text_is(scene_redis(s, "HGET", s->token, "person_id", NULL), person), "it knows whose it is");
  double begun = scene_now_ms();
  scene_redis(s, "SET", "session:short", "visitor", "PX", "300", NULL);
  bool there = scene_redis_number(s, "EXISTS", "session:short", NULL) == 1;
  if (scene_now_ms() - begun < 300) scene_claim(s, there, "a session of 300 ms is there");
  nanosleep(&(struct timespec){.tv_nsec = 350 * 1000 * 1000}, NULL);
  scene_claim(s, scene_redis_number(s, "EXISTS", "session:short", NULL) == 0, "and 350 ms later it is not");
  scene_redis(s, "DEL", "session:short", NULL);
}

/* ---- 3 ---- */

static void profile_of(scene *s, int64_t person, char *profile, size_t size) {
  scene_sql_text(s,
                 "SELECT json_object('name', first_name || ' ' || last_name, 'browser', browser, 'friends', "
                 "(SELECT count(*) FROM knows WHERE person_id = person.id)) FROM person WHERE id = ?",
                 person, profile, size);
}

static bool cached_is(scene *s, const char *key, const char *profile) {
  medley_cache_item item;
  int rc = medley_cache_get(s->session, PROFILE_BUCKET, key, strlen(key), &item);
  return rc == MEDLEY_OK && item.value.len == strlen(profile) && memcmp(item.value.bytes, profile, item.value.len) == 0;
}

/* A read-through cache as every application has it: ask, miss, compute, fill. */
static bool fill_profile(scene *s, const char *key, char *profile, size_t size) {
  medley_cache_item item = {0};
  int rc = medley_cache_lease(s->session, PROFILE_BUCKET, key, strlen(key), &item);
  if (rc != MEDLEY_NOT_FOUND) return scene_must(s, rc, "lease");
  profile_of(s, s->advertiser, profile, size);
  rc = medley_cache_fill(s->session, PROFILE_BUCKET, key, strlen(key), item.lease, profile, strlen(profile), 0, 0);
  return scene_must(s, rc, "fill");
}

static void tell_rolled_back_update(scene *s, const char *key, const char *profile) {
  scene_say("An update of the profile writes the new one into the cache - and then is rolled back.");
  scene_must(s, medley_begin(s->session, MEDLEY_WRITE), "begin");
  number_of(s, "UPDATE person SET browser = 'Browser of the future' WHERE id = ?", s->advertiser);
  const char *wrong = "{\"name\":\"a name that never was\"}";
  scene_must(
      s,
      medley_cache_put(s->session, PROFILE_BUCKET, MEDLEY_CACHE_SET, key, strlen(key), wrong, strlen(wrong), 0, 0, 0),
      "put");
  scene_claim(s, cached_is(s, key, wrong), "inside its transaction the new profile is there");
  scene_must(s, medley_rollback(s->session), "rollback");
  scene_claim(s, !cached_is(s, key, wrong), "after the rollback nobody finds it in the cache");
  medley_cache_item item;
  int rc = medley_cache_get(s->session, PROFILE_BUCKET, key, strlen(key), &item);
  scene_claim(s, rc == MEDLEY_NOT_FOUND || cached_is(s, key, profile),
              "what is cached is the profile that is in the table");
}

static void tell_stale_fill(scene *s, const char *key) {
  char stale[512];
  medley_cache_item item = {0};
  scene_say("A slow reader misses, computes the profile, and meanwhile somebody changes it.");
  int rc = medley_cache_delete(s->session, PROFILE_BUCKET, key, strlen(key));
  if (rc != MEDLEY_NOT_FOUND) scene_must(s, rc, "delete");
  rc = medley_cache_lease(s->session, PROFILE_BUCKET, key, strlen(key), &item);
  scene_claim(s, rc == MEDLEY_NOT_FOUND && item.lease != 0, "the reader misses and gets a lease: it alone is to fill");
  profile_of(s, s->advertiser, stale, sizeof stale);
  scene_must(s, medley_begin(s->session, MEDLEY_WRITE), "begin");
  number_of(s, "UPDATE person SET browser = browser || '+' WHERE id = ?", s->advertiser);
  rc = medley_cache_delete(s->session, PROFILE_BUCKET, key, strlen(key));
  if (rc != MEDLEY_NOT_FOUND) scene_must(s, rc, "delete");
  scene_must(s, medley_commit(s->session), "commit");
  rc = medley_cache_fill(s->session, PROFILE_BUCKET, key, strlen(key), item.lease, stale, strlen(stale), 0, 0);
  scene_claim(s, rc == MEDLEY_CONSTRAINT, "its old answer is refused");
  scene_claim(s, !cached_is(s, key, stale), "so the cache is never older than the table");
}

static void tell_cache(scene *s) {
  char key[32], profile[512] = "";
  snprintf(key, sizeof key, "profile:%" PRId64, s->advertiser);
  scene_must(s, medley_cache_create(s->session, PROFILE_BUCKET, 8 << 20, MEDLEY_EVICT_SEGMENTED_LRU), "cache bucket");
  scene_say("A cache bucket of 8 MiB, which evicts by itself. The first look at a profile computes it with SQL:");
  double begun = scene_now_ms();
  if (!fill_profile(s, key, profile, sizeof profile)) return;
  double computed = scene_now_ms() - begun;
  scene_say("  %s", profile);
  begun = scene_now_ms();
  enum { LOOKS = 1000 };
  int hits = 0;
  for (int i = 0; i < LOOKS; i++) hits += cached_is(s, key, profile);
  double cached = (scene_now_ms() - begun) / LOOKS;
  scene_claim(s, hits == LOOKS, "%d more looks hit the cache: %.4f ms each, computing took %.3f ms", LOOKS, cached,
              computed);
  tell_rolled_back_update(s, key, profile);
  tell_stale_fill(s, key);
}

/* ---- 4 ---- */

static void tell_friends(scene *s) {
  int64_t person =
      number(s, "SELECT person_id FROM knows GROUP BY person_id ORDER BY count(*) DESC, person_id LIMIT 1");
  char name[128];
  scene_sql_text(s, "SELECT first_name || ' ' || last_name FROM person WHERE id = ?", person, name, sizeof name);
  scene_say("Whom might %s know, the person with most friends (%" PRId64 ")? Friends of friends, by common friends:",
            name, number_of(s, "SELECT count(*) FROM knows WHERE person_id = ?", person));
  double begun = scene_now_ms();
  const int64_t twice[] = {person, person, person};
  int rows = scene_print(s,
                         "SELECT p.first_name || ' ' || p.last_name, count(*) AS common FROM knows AS a "
                         "JOIN knows AS b ON b.person_id = a.friend_id JOIN person AS p ON p.id = b.friend_id "
                         "WHERE a.person_id = ? AND b.friend_id <> ? AND b.friend_id NOT IN "
                         "(SELECT friend_id FROM knows WHERE person_id = ?) "
                         "GROUP BY b.friend_id ORDER BY common DESC, b.friend_id LIMIT 5",
                         3, twice);
  double took = scene_now_ms() - begun;
  scene_claim(s, rows > 0, "%d suggestions in %.1f ms", rows, took);
}

/* ---- 5 and 6: the payment ---- */

typedef struct books { /* everything that a payment touches */
  int64_t payer_cents, payee_cents, all_cents, ledger_rows, payments;
} books;

static books read_books(scene *s) {
  const medley_value *payments = scene_redis(s, "HGET", s->token, "payments", NULL);
  books b = {0};
  bool counted = payments && (payments->type == MEDLEY_TYPE_TEXT || payments->type == MEDLEY_TYPE_BLOB);
  for (size_t i = 0; counted && i < payments->as.text.len; i++) /* its bytes have no NUL at their end */
    b.payments = b.payments * 10 + (payments->as.text.bytes[i] - '0');
  b.payer_cents = number_of(s, "SELECT balance_cents FROM ad_account WHERE id = ?", s->payer_account);
  b.payee_cents = number_of(s, "SELECT balance_cents FROM ad_account WHERE id = ?", s->payee_account);
  b.all_cents = number(s, "SELECT sum(balance_cents) FROM ad_account");
  b.ledger_rows = number(s, "SELECT count(*) FROM ledger");
  return b;
}

static bool same_books(books a, books b) {
  return a.payer_cents == b.payer_cents && a.payee_cents == b.payee_cents && a.all_cents == b.all_cents &&
         a.ledger_rows == b.ledger_rows && a.payments == b.payments;
}

enum { PAYMENT_STEPS = 6 };
static const char *const payment_steps[PAYMENT_STEPS] = {"the debit",
                                                         "the credit",
                                                         "the ledger's row",
                                                         "the session's counter",
                                                         "the session's expiry",
                                                         "the cache's invalidation"};

/* Five things in two models and a cache, one transaction. Dies after `die_after` steps if that is not -1. */
static bool pay(scene *s, int die_after) {
  const int64_t debit[] = {PRICE_CENTS, s->payer_account}, credit[] = {PRICE_CENTS, s->payee_account};
  const int64_t entry[] = {s->payer_account, s->payee_account, PRICE_CENTS, (int64_t)time(NULL) * 1000};
  char key[32];
  snprintf(key, sizeof key, "profile:%" PRId64, s->advertiser);
  int broken = s->broken_count;
  scene_must(s, medley_begin(s->session, MEDLEY_WRITE), "begin");
  for (int step = 0; step < PAYMENT_STEPS; step++) {
    if (step == 0) scene_sql(s, "UPDATE ad_account SET balance_cents = balance_cents - ? WHERE id = ?", 2, debit);
    if (step == 1) scene_sql(s, "UPDATE ad_account SET balance_cents = balance_cents + ? WHERE id = ?", 2, credit);
    if (step == 2)
      scene_sql(s,
                "INSERT INTO ledger (from_account_id, to_account_id, amount_cents, created_at, reason) "
                "VALUES (?, ?, ?, ?, 'clicks')",
                4, entry);
    if (step == 3) scene_redis(s, "HINCRBY", s->token, "payments", "1", NULL);
    if (step == 4) scene_redis(s, "EXPIRE", s->token, SESSION_TTL_S, NULL);
    if (step == 5) {
      int rc = medley_cache_delete(s->session, PROFILE_BUCKET, key, strlen(key));
      if (rc != MEDLEY_NOT_FOUND) scene_must(s, rc, "invalidate");
    }
    if (step + 1 == die_after) raise(SIGKILL);
  }
  return scene_must(s, medley_commit(s->session), "commit") && s->broken_count == broken;
}

static void tell_payment(scene *s) {
  char key[32], profile[512] = "";
  medley_cache_item item;
  snprintf(key, sizeof key, "profile:%" PRId64, s->advertiser);
  fill_profile(s, key, profile, sizeof profile);
  scene_redis(s, "EXPIRE", s->token, "5", NULL);
  books before = read_books(s);
  scene_say("The advertiser pays %d cents for clicks. In ONE transaction, over SQL, key-value and cache:", PRICE_CENTS);
  for (int i = 0; i < PAYMENT_STEPS; i++) scene_say("  %d. %s", i + 1, payment_steps[i]);
  double begun = scene_now_ms();
  bool paid = pay(s, -1);
  double took = scene_now_ms() - begun;
  books after = read_books(s);
  scene_claim(s, paid, "one durable commit, %.2f ms in all", took);
  scene_claim(
      s, after.payer_cents == before.payer_cents - PRICE_CENTS && after.payee_cents == before.payee_cents + PRICE_CENTS,
      "%d cents went from account %" PRId64 " to account %" PRId64, PRICE_CENTS, s->payer_account, s->payee_account);
  scene_claim(s, after.all_cents == before.all_cents, "no cent was made or lost: %" PRId64 " in all", after.all_cents);
  scene_claim(s, after.ledger_rows == before.ledger_rows + 1, "the ledger has one row more");
  scene_claim(s, after.payments == before.payments + 1 && scene_redis_number(s, "TTL", s->token, NULL) > 5,
              "the session counts the payment and lives half an hour longer");
  scene_claim(s, medley_cache_get(s->session, PROFILE_BUCKET, key, strlen(key), &item) == MEDLEY_NOT_FOUND,
              "the cached profile is gone, so nobody sees an old one");
}

/* In the child: its own handle, because a fork may not use its parent's; then the payment, cut short. */
static void pay_and_die(const scene *parent, const char *program, int after) {
  char number_text[24], ids[4][24];
  const int64_t values[] = {parent->advertiser, parent->payer_account, parent->payee_account};
  for (int i = 0; i < 3; i++) snprintf(ids[i], sizeof ids[i], "%" PRId64, values[i]);
  snprintf(number_text, sizeof number_text, "%d", after);
  execl(program, program, "--pay-and-die", parent->path, number_text, parent->token, ids[0], ids[1], ids[2],
        (char *)NULL);
  _exit(127);
}

static int run_pay_and_die(char **words) {
  scene s = {0};
  if (!scene_open(&s, words[0])) return 2;
  snprintf(s.token, sizeof s.token, "%s", words[2]);
  s.advertiser = strtoll(words[3], NULL, 10);
  s.payer_account = strtoll(words[4], NULL, 10);
  s.payee_account = strtoll(words[5], NULL, 10);
  pay(&s, (int)strtol(words[1], NULL, 10));
  return 3; /* it should have died */
}

/* What is cached, if anything is, is what the table says. */
static bool cache_is_honest(scene *s, const char *key, const char *profile) {
  medley_cache_item item;
  int rc = medley_cache_get(s->session, PROFILE_BUCKET, key, strlen(key), &item);
  return rc == MEDLEY_NOT_FOUND || cached_is(s, key, profile);
}

static void tell_kill(scene *s) {
  char key[32], profile[512];
  snprintf(key, sizeof key, "profile:%" PRId64, s->advertiser);
  profile_of(s, s->advertiser, profile, sizeof profile);
  books before = read_books(s);
  scene_say("The same payment by another process, which is killed (SIGKILL) in the middle, at six places:");
  for (int after = 1; after <= PAYMENT_STEPS; after++) {
    int status = 0;
    char filled[512] = "";
    fill_profile(s, key, filled, sizeof filled);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) pay_and_die(s, "/proc/self/exe", after);
    if (child < 0 || waitpid(child, &status, 0) != child) {
      scene_claim(s, false, "the process could not be started");
      return;
    }
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    bool whole = same_books(before, read_books(s)) && cache_is_honest(s, key, profile);
    scene_claim(s, killed && whole, "killed after %s: nothing half-done", payment_steps[after - 1]);
  }
  scene_claim(s, pay(s, -1), "and the next payment goes through: the dead process holds no lock");
}

/* ---- 7 ---- */

static void tell_join(scene *s) {
  scene_say("One SQL query joins the sign-in sessions, which are Redis hashes, with the tables: who is online, where?");
  double begun = scene_now_ms();
  int rows = scene_print(
      s,
      "SELECT country.name, count(*) AS online FROM " DEMO_SESSIONS_SQL
      " JOIN person ON person.id = online.person_id JOIN place AS city ON city.id = person.city_id "
      "JOIN place AS country ON country.id = city.part_of GROUP BY country.id ORDER BY online DESC, 1 LIMIT 5",
      0, NULL);
  scene_claim(s, rows > 0, "%d countries in %.1f ms", rows, scene_now_ms() - begun);
  int64_t joined = number(s, "SELECT count(*) FROM " DEMO_SESSIONS_SQL " JOIN person ON person.id = online.person_id");
  scene_claim(s, joined == scene_redis_number(s, "DBSIZE", NULL),
              "every one of the %" PRId64 " sessions found its person", joined);
}

/* ---- 8 ---- */

static int64_t count_problems(medley *db) {
  uint64_t problems = 1;
  medley_error error = {0};
  return medley_check(db, NULL, NULL, &problems, &error) == MEDLEY_OK ? (int64_t)problems : -1;
}

static void tell_backup(scene *s) {
  char path[4096];
  medley_error error = {0};
  struct stat info = {0};
  scene copy = {0};
  snprintf(path, sizeof path, "%s.backup", s->path);
  unlink(path);
  scene_say("A backup of everything - tables, sessions, money - is one call and one file: medley backup %s %s", s->path,
            path);
  double begun = scene_now_ms();
  int rc = medley_backup(s->db, path, 1, &error);
  stat(path, &info);
  if (!scene_claim(s, rc == MEDLEY_OK, "%.1f MiB in %.0f ms%s", (double)info.st_size / 1048576.0,
                   scene_now_ms() - begun, error.message))
    return;
  if (!scene_claim(s, scene_open(&copy, path), "the copy opens")) return;
  memcpy(copy.token, s->token, sizeof copy.token);
  copy.payer_account = s->payer_account;
  copy.payee_account = s->payee_account;
  scene_claim(s, same_books(read_books(s), read_books(&copy)), "its books are the same, to the cent");
  scene_claim(s, scene_redis_number(&copy, "DBSIZE", NULL) == scene_redis_number(s, "DBSIZE", NULL),
              "it has every session");
  scene_claim(s, count_problems(copy.db) == 0, "every checksum and structure in it is right");
  scene_claim(s, copy.broken_count == 0, "nothing in it failed");
  scene_close(&copy);
  unlink(path);
  char lock[4104];
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(lock);
}

typedef struct chapter {
  const char *title;
  void (*tell)(scene *s);
} chapter;

/* A later model adds its chapter here. */
static const chapter chapters[] = {
    {"A social network in one file", tell_network},
    {"Signing in: sessions that end by themselves", tell_sessions},
    {"A cached profile that cannot lie", tell_cache},
    {"Friends of friends", tell_friends},
    {"A payment: everything in one commit", tell_payment},
    {"The same payment, killed half-way", tell_kill},
    {"One query over sessions and people", tell_join},
    {"What people did: page views by person and time", demo_behaviour_tell},
    {"A backup of everything", tell_backup},
};

int main(int argc, char **argv) {
  scene s = {0};
  if (argc == 8 && strcmp(argv[1], "--pay-and-die") == 0) return run_pay_and_die(argv + 2);
  if (argc != 2 || argv[1][0] == '-') {
    fputs("usage: medley-demo-story DATABASE   (made with medley-network)\n", stderr);
    return 2;
  }
  if (!scene_open(&s, argv[1])) return 2;
  double begun = scene_now_ms();
  int chapter_count = (int)(sizeof chapters / sizeof *chapters);
  for (int i = 0; i < chapter_count; i++) {
    printf("\n%d. %s\n", i + 1, chapters[i].title);
    chapters[i].tell(&s);
  }
  scene_must(&s, medley_cache_drop(s.session, PROFILE_BUCKET), "dropping the cache bucket"); /* or its memory stays */
  printf("\n%d chapters in %.1f s: %d claims hold, %d do not.\n", chapter_count, (scene_now_ms() - begun) / 1e3,
         s.claim_count - s.broken_count, s.broken_count);
  scene_close(&s);
  return s.broken_count ? 1 : 0;
}
