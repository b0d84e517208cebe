/* test_writer.c - the queue of writers: order, batches, rollbacks among commits, timeouts. */
#include <pthread.h>

#include "storage/store.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

enum { THREADS = 8, ROUNDS = 300 };

static void open_store(med_store **store) {
  medley_options options;
  medley_error error = {0};
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  ck_assert_msg(med_store_open("", &options, store, &error) == MEDLEY_OK, "%s", error.message);
}

static int64_t read_counter(med_txn *txn, const char *name) {
  med_slice value;
  int64_t number = 0;
  if (med_txn_get(txn, MED_TREE_KV, med_slice_of_text(name), &value) == MEDLEY_OK) memcpy(&number, value.bytes, 8);
  return number;
}

static int add_to_counter(med_txn *txn, const char *name, int64_t by) {
  int64_t number = read_counter(txn, name) + by;
  return med_txn_put(txn, MED_TREE_KV, med_slice_of_text(name), med_slice_of(&number, 8));
}

typedef struct worker {
  med_store *store;
  int number;
  int committed;
  bool failed;
} worker;

/* Every third one rolls back after it has written; what it wrote must not be in the others' sums. */
static void *work(void *context) {
  worker *self = context;
  med_member *member;
  medley_error error = {0};
  if (med_member_open(self->store, &member) != MEDLEY_OK) return NULL;
  char own[32];
  snprintf(own, sizeof own, "own %d", self->number);
  for (int round = 0; round < ROUNDS && !self->failed; round++) {
    self->failed = med_writer_begin(member, round % 4 != 0, 60000, &error) != MEDLEY_OK;
    if (self->failed) break;
    med_txn *txn = med_member_txn(member);
    bool rolls_back = (round + self->number) % 3 == 0;
    self->failed = add_to_counter(txn, "shared", rolls_back ? 1000000 : 1) != MEDLEY_OK ||
                   add_to_counter(txn, own, 1) != MEDLEY_OK;
    if (rolls_back) {
      med_writer_rollback(member);
    } else {
      self->failed = self->failed || med_writer_commit(member, &error) != MEDLEY_OK;
      self->committed++;
    }
  }
  med_member_close(member);
  return NULL;
}

/* The same as work that others may do: every third piece fails after it has written; and every fourth round by oneself. */
typedef struct piece {
  const char *own;
  bool fails;
} piece;

static int do_piece(med_txn *txn, void *context) {
  const piece *p = context;
  int rc = add_to_counter(txn, "shared", p->fails ? 1000000 : 1);
  if (rc == MEDLEY_OK) rc = add_to_counter(txn, p->own, 1);
  if (rc == MEDLEY_OK && p->fails) rc = med_error_set(med_txn_error(txn), MEDLEY_CONSTRAINT, "piece of %s", p->own);
  return rc;
}

static void *work_in_pieces(void *context) {
  worker *self = context;
  med_member *member;
  if (med_member_open(self->store, &member) != MEDLEY_OK) return NULL;
  char own[32], message[48];
  snprintf(own, sizeof own, "own %d", self->number);
  snprintf(message, sizeof message, "piece of %s", own);
  for (int round = 0; round < ROUNDS && !self->failed; round++) {
    medley_error error = {0};
    piece p = {own, (round + self->number) % 3 == 0};
    if (round % 4 == 0) {
      self->failed = med_writer_begin(member, true, 60000, &error) != MEDLEY_OK;
      if (self->failed) break;
      if (do_piece(med_member_txn(member), &p) == MEDLEY_OK)
        self->failed = med_writer_commit(member, &error) != MEDLEY_OK;
      else
        med_writer_rollback(member);
    } else {
      int rc = med_writer_run(member, do_piece, &p, 60000, &error);
      self->failed = rc != (p.fails ? MEDLEY_CONSTRAINT : MEDLEY_OK);
    }
    /* Each one has its own failure, whoever ran it. */
    if (p.fails) self->failed = self->failed || strcmp(error.message, message) != 0;
    if (!p.fails) self->committed++;
  }
  med_member_close(member);
  return NULL;
}

static void run_workers(void *(*thread_main)(void *)) {
  med_store *store;
  open_store(&store);
  worker workers[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (worker){.store = store, .number = i};
    ck_assert_int_eq(pthread_create(&threads[i], NULL, thread_main, &workers[i]), 0);
  }
  int64_t committed = 0;
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    ck_assert(!workers[i].failed);
    committed += workers[i].committed;
  }
  med_txn *reader;
  medley_error error = {0};
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(read_counter(reader, "shared"), committed);
  for (int i = 0; i < THREADS; i++) {
    char own[32];
    snprintf(own, sizeof own, "own %d", i);
    ck_assert_int_eq(read_counter(reader, own), workers[i].committed);
  }
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  medley_stats stats = {0};
  med_writer_stat(store, &stats);
  ck_assert_uint_eq(stats.commit_members, (uint64_t)committed);
  ck_assert_uint_le(stats.commits, stats.commit_members);
  med_store_close(store);
}

START_TEST(members_that_roll_back_leave_nothing_to_those_that_commit) { run_workers(work); }
END_TEST

START_TEST(work_that_others_run_is_done_once_and_fails_alone) { run_workers(work_in_pieces); }
END_TEST

START_TEST(a_second_writer_of_the_same_thread_is_told_at_once) {
  med_store *store;
  open_store(&store);
  med_member *first, *second;
  medley_error error = {0};
  ck_assert_int_eq(med_member_open(store, &first), MEDLEY_OK);
  ck_assert_int_eq(med_member_open(store, &second), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(first, true, 0, &error), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(second, true, 60000, &error), MEDLEY_BUSY);
  med_writer_rollback(first);
  ck_assert_int_eq(med_writer_begin(second, true, 0, &error), MEDLEY_OK);
  med_writer_rollback(second);
  med_member_close(first);
  med_member_close(second);
  med_store_close(store);
}
END_TEST

/* ---- One after the other in one batch ---- */
typedef struct follower {
  med_store *store;
  uint64_t batch;
  bool failed;
} follower;

static void *write_and_roll_back(void *context) {
  follower *self = context;
  med_member *member;
  medley_error error = {0};
  if (med_member_open(self->store, &member) != MEDLEY_OK) return NULL;
  self->failed = med_writer_begin(member, true, 60000, &error) != MEDLEY_OK;
  if (!self->failed) {
    med_txn *txn = med_member_txn(member);
    self->batch = med_txn_id(txn);
    self->failed =
        add_to_counter(txn, "leader", 1000000) != MEDLEY_OK || add_to_counter(txn, "follower", 1) != MEDLEY_OK;
    med_writer_rollback(member);
  }
  med_member_close(member);
  return NULL;
}

/* The follower is meant to wait when the leader commits; where the machine is busy it may come too late, and leads a batch of its own. */
START_TEST(a_member_that_rolls_back_leaves_the_one_before_it_alone) {
  enum { TIMES = 3, TRIES_MAX = 1000 };
  med_store *store;
  open_store(&store);
  med_member *member;
  medley_error error = {0};
  int64_t committed = 0;
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  for (int together = 0; together < TIMES; committed++) {
    ck_assert_int_lt(committed, TRIES_MAX);
    follower other = {.store = store};
    pthread_t thread;
    ck_assert_int_eq(med_writer_begin(member, false, 60000, &error), MEDLEY_OK);
    uint64_t batch = med_txn_id(med_member_txn(member));
    ck_assert_int_eq(pthread_create(&thread, NULL, write_and_roll_back, &other), 0);
    usleep(1000u << (committed < 8 ? committed : 8));
    ck_assert_int_eq(add_to_counter(med_member_txn(member), "leader", 1), MEDLEY_OK);
    ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
    pthread_join(thread, NULL);
    ck_assert(!other.failed);
    together += other.batch == batch;
    ck_assert_int_eq(med_writer_begin(member, false, 60000, &error), MEDLEY_OK);
    ck_assert_int_eq(read_counter(med_member_txn(member), "leader"), committed + 1);
    ck_assert_int_eq(read_counter(med_member_txn(member), "follower"), 0);
    med_writer_rollback(member);
  }
  med_member_close(member);
  med_store_close(store);
}
END_TEST

/* ---- Waiting ---- */
typedef struct waiter {
  med_store *store;
  uint32_t timeout_ms;
  int status;
} waiter;

static void *wait_and_write(void *context) {
  waiter *self = context;
  med_member *member;
  medley_error error = {0};
  if (med_member_open(self->store, &member) != MEDLEY_OK) return NULL;
  self->status = med_writer_begin(member, true, self->timeout_ms, &error);
  if (self->status == MEDLEY_OK) self->status = med_writer_commit(member, &error);
  med_member_close(member);
  return NULL;
}

START_TEST(waiting_for_the_lock_has_an_end_and_the_queue_goes_on_behind_it) {
  med_store *store;
  open_store(&store);
  med_member *member;
  medley_error error = {0};
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, false, 0, &error), MEDLEY_OK);
  waiter impatient = {store, 20, MEDLEY_OK}, persistent = {store, 60000, MEDLEY_BUSY};
  pthread_t threads[2];
  ck_assert_int_eq(pthread_create(&threads[0], NULL, wait_and_write, &impatient), 0);
  ck_assert_int_eq(pthread_create(&threads[1], NULL, wait_and_write, &persistent), 0);
  pthread_join(threads[0], NULL);
  ck_assert_int_eq(impatient.status, MEDLEY_BUSY);
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
  pthread_join(threads[1], NULL);
  ck_assert_int_eq(persistent.status, MEDLEY_OK);
  med_member_close(member);
  med_store_close(store);
}
END_TEST

PROPERTY_MAIN("writer", a_member_that_rolls_back_leaves_the_one_before_it_alone,
              members_that_roll_back_leave_nothing_to_those_that_commit,
              work_that_others_run_is_done_once_and_fails_alone, a_second_writer_of_the_same_thread_is_told_at_once,
              waiting_for_the_lock_has_an_end_and_the_queue_goes_on_behind_it)
