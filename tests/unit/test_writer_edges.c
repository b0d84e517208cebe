/* test_writer_edges.c - the queue of writers when members wait in the middle of it, time out while others run their work, meet broken
 * batches, or find a handle that is dead.
 *
 * Who has to be in the queue is given time to get there, and more of it if that was not enough; nothing is right or wrong by time. */
#include <check.h>
#include <pthread.h>
#include <time.h>

#include "storage/txn.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

static med_store *store;
static med_member *first;
static medley_error error;

static void setup(void) {
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  ck_assert_int_eq(med_store_open("", &options, &store, &error), MEDLEY_OK);
  ck_assert_int_eq(med_member_open(store, &first), MEDLEY_OK);
}

static void teardown(void) {
  med_member_close(first);
  med_store_close(store);
}

static void pause_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static int put(med_txn *txn, const char *key) {
  return med_txn_put(txn, MED_TREE_KV, med_slice_of_text(key), med_slice_of_text("v"));
}

static bool has(const char *key) {
  med_txn *reader;
  med_slice value;
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  bool found = med_txn_get(reader, MED_TREE_KV, med_slice_of_text(key), &value) == MEDLEY_OK;
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  return found;
}

/* ---- Another thread ---- */
typedef struct other {
  const char *key;
  uint32_t timeout_ms;
  long work_ms;    /* how long it has the batch */
  bool patient;    /* may follow in another's batch */
  bool by_others;  /* its work is given away */
  bool breaks;     /* its batch is broken when it ends */
  bool fails;      /* its work answers a failure */
  bool wordless;   /* wants no message */
  bool saw_leader; /* what med_member_leads said */
  int status;
  medley_error error;
  pthread_t thread;
} other;

static int do_work(med_txn *txn, void *context) {
  other *self = context;
  int rc = put(txn, self->key);
  pause_ms(self->work_ms);
  if (self->breaks) med_txn_break(txn);
  if (self->fails) rc = med_error_set(med_txn_error(txn), MEDLEY_CONSTRAINT, "work of %s", self->key);
  return rc;
}

static void *run_other(void *context) {
  other *self = context;
  medley_error *slot = self->wordless ? NULL : &self->error;
  med_member *member;
  if (med_member_open(store, &member) != MEDLEY_OK) return NULL;
  if (self->by_others) {
    self->status = med_writer_run(member, do_work, self, self->timeout_ms, slot);
  } else {
    self->status = med_writer_begin(member, self->patient, self->timeout_ms, slot);
    if (self->status == MEDLEY_OK) {
      self->saw_leader = med_member_leads(member);
      int rc = do_work(med_member_txn(member), self);
      if (rc == MEDLEY_OK) self->status = med_writer_commit(member, slot);
      if (rc != MEDLEY_OK) med_writer_rollback(member);
    }
  }
  med_member_close(member);
  return NULL;
}

static long settle_ms = 15;

/* And waits until it is likely to stand in the queue. */
static void start(other *self) {
  self->status = -1;
  ck_assert_int_eq(pthread_create(&self->thread, NULL, run_other, self), 0);
  pause_ms(settle_ms);
}

static int join(other *self) {
  pthread_join(self->thread, NULL);
  return self->status;
}

static void lead(void) {
  memset(&error, 0, sizeof error);
  ck_assert(!med_member_leads(first));
  ck_assert_int_eq(med_writer_begin(first, true, 0, &error), MEDLEY_OK);
  ck_assert(med_member_leads(first));
}

START_TEST(who_gives_up_in_the_middle_of_the_queue_leaves_the_others_in_it) {
  other before = {.key = "before", .timeout_ms = 60000, .patient = true};
  other gives_up = {.key = "gives up", .timeout_ms = 40, .patient = true};
  other behind = {.key = "behind", .timeout_ms = 60999, .patient = true};
  lead();
  start(&before);
  start(&gives_up);
  start(&behind);
  ck_assert_int_eq(join(&gives_up), MEDLEY_BUSY);
  ck_assert_int_eq(put(med_member_txn(first), "first"), MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(first, &error), MEDLEY_OK);
  ck_assert_int_eq(join(&before), MEDLEY_OK);
  ck_assert_int_eq(join(&behind), MEDLEY_OK);
  ck_assert(has("first") && has("before") && has("behind") && !has("gives up"));
}
END_TEST

START_TEST(who_times_out_while_its_work_is_run_has_its_answer_nevertheless) {
  other run = {.key = "run", .timeout_ms = 120, .work_ms = 200, .by_others = true};
  other fails = {.key = "fails", .timeout_ms = 60000, .by_others = true, .fails = true};
  lead();
  start(&run);
  start(&fails);
  ck_assert_int_eq(med_writer_commit(first, &error), MEDLEY_OK);   /* runs both on this thread */
  ck_assert(join(&run) == MEDLEY_OK || run.status == MEDLEY_BUSY); /* BUSY on a machine that slept for that long */
  ck_assert(has("run") == (run.status == MEDLEY_OK));
  ck_assert_int_eq(join(&fails), MEDLEY_CONSTRAINT);
  ck_assert_str_eq(fails.error.message, "work of fails");
  ck_assert(!has("fails"));
}
END_TEST

START_TEST(a_batch_that_has_become_old_takes_nobody_else_in) {
  other slow = {.key = "slow", .timeout_ms = 60000, .work_ms = 30, .patient = true};
  other next = {.key = "next", .timeout_ms = 60000, .patient = true};
  lead();
  start(&slow);
  start(&next);
  ck_assert_int_eq(med_writer_commit(first, &error), MEDLEY_OK);
  ck_assert(join(&slow) == MEDLEY_OK && join(&next) == MEDLEY_OK);
  ck_assert(next.saw_leader);
  ck_assert(has("slow") && has("next"));
}
END_TEST

/* All who were in the batch hear of it, with words or without, and those behind it go on. False if a thread came too late for the batch. */
static bool break_a_batch(bool wordless) {
  other breaks = {.key = "breaks", .timeout_ms = 60000, .patient = true, .breaks = true, .wordless = wordless};
  other given = {.key = "given", .timeout_ms = 60000, .by_others = true, .wordless = wordless};
  other behind = {.key = "behind", .timeout_ms = 60000, .patient = true};
  lead();
  ck_assert_int_eq(put(med_member_txn(first), "first"), MEDLEY_OK);
  start(&given);
  start(&breaks);
  start(&behind);
  int rc = med_writer_commit(first, wordless ? NULL : &error);
  ck_assert_int_eq(join(&breaks), MEDLEY_ABORTED);
  ck_assert_int_eq(join(&behind), MEDLEY_OK);
  if (join(&given) == MEDLEY_OK || rc == MEDLEY_OK) return false;
  ck_assert_int_eq(rc, MEDLEY_ABORTED);
  ck_assert_int_eq(given.status, MEDLEY_ABORTED);
  ck_assert(!has("first") && !has("given") && !has("breaks") && has("behind"));
  ck_assert(wordless || (error.message[0] != 0 && given.error.message[0] != 0));
  return true;
}

START_TEST(all_members_of_a_broken_batch_are_told) {
  for (int wordless = 0; wordless < 2; wordless++) {
    bool came_about = break_a_batch(wordless > 0);
    for (settle_ms = 30; !came_about && settle_ms < 5000; settle_ms *= 2) { /* a slow machine */
      teardown();
      setup();
      came_about = break_a_batch(wordless > 0);
    }
    ck_assert(came_about);
  }
}
END_TEST

START_TEST(work_given_to_a_busy_writer_times_out_and_to_a_dead_one_is_refused) {
  other busy = {.key = "busy", .timeout_ms = 10, .by_others = true};
  lead();
  start(&busy);
  ck_assert_int_eq(join(&busy), MEDLEY_BUSY);
  med_writer_rollback(first);
  store->dead = true;
  other dead = {.key = "dead", .timeout_ms = 10, .by_others = true};
  start(&dead);
  ck_assert_int_eq(join(&dead), MEDLEY_DEAD);
  store->dead = false;
  ck_assert(!has("busy"));
}
END_TEST

PROPERTY_MAIN_BETWEEN("writer_edges", setup, teardown, who_gives_up_in_the_middle_of_the_queue_leaves_the_others_in_it,
                      who_times_out_while_its_work_is_run_has_its_answer_nevertheless,
                      a_batch_that_has_become_old_takes_nobody_else_in, all_members_of_a_broken_batch_are_told,
                      work_given_to_a_busy_writer_times_out_and_to_a_dead_one_is_refused)
