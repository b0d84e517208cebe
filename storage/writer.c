/* writer.c - the queue of members, leaders and followers.
 *
 * A batch goes through: free -> open (its leader runs, then followers one by one) -> committing (nobody runs, the leader
 * flushes) -> free. Everything below the mutex is small; no lock is held while a member runs or the leader flushes.
 * After DeWitt et al., Implementation Techniques for Main Memory Database Systems (1984), section on group commit;
 * differs in that members run inside one storage transaction, so that one flush is one tree update too. */
#include "storage/writer.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "storage/checkpoint.h"
#include "storage/thread.h"
#include "storage/txn.h"
#include "storage/wait.h"

#define BATCH_MEMBERS_MAX 256
#define BATCH_AGE_US_MAX 4000
#define READER_CHECK_COMMITS 1024
#define CHECKPOINT_WAIT_MS 10000
#define OWN_MS 10
#define OWN_TRY_MS 100

/* Changed with the mutex held; its owner's thread sleeps on it without. */
typedef enum member_state {
  MEMBER_IDLE,
  MEMBER_QUEUED,
  MEMBER_INTERRUPTED, /* still in the queue, and gives up */
  MEMBER_LEADS,       /* has been given a free writer */
  MEMBER_FOLLOWS,     /* has been given an open batch */
  MEMBER_IS_RUN,      /* its work runs in an open batch, on another thread */
  MEMBER_FINISHED,    /* has run, waits for the batch */
  MEMBER_ENDS         /* of a leader: nobody runs any more, it commits */
} member_state;

struct med_member {
  med_store *store;
  _Atomic uint32_t state; /* a member_state */
  bool running;
  bool patient;
  bool leader;
  bool own;             /* the library's: nobody is told that the write lock was busy with it */
  med_writer_work work; /* of med_writer_run; NULL for a member that runs by itself */
  void *work_context;
  medley_error *work_error;
  int result; /* of its batch, or of its work, once state is IDLE again */
  medley_error result_error;
  med_txn txn;
  pthread_t thread;
  med_member *next;
};

typedef struct med_writer {
  pthread_mutex_t mutex;
  med_store *store;
  med_member *first, *last; /* who waits, in order */
  med_member *running;      /* who works in the batch now */
  med_member *leader;       /* owner of the open batch */
  med_member *finished;     /* who has run in it */
  uint32_t finished_count;
  int64_t first_finished_us;
  med_batch batch;
  bool taken; /* a batch is open, committing, or being begun */
  bool checkpointing;
  _Atomic bool closing; /* a checkpoint that waits for another process's write lock is given up */
  pthread_cond_t checkpointed;
  bool has_checkpointer; /* a thread that makes a checkpoint, or has made one: to be joined by who makes the next */
  pthread_t checkpointer;
  _Atomic uint64_t failures;
  _Atomic uint64_t commits, commit_members, batch_members_max;
} med_writer;

static int64_t monotonic_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct med_writer *med_writer_open(med_store *store) {
  med_writer *writer = med_alloc_zero(sizeof *writer);
  if (writer == NULL) return NULL;
  pthread_mutex_init(&writer->mutex, NULL);
  pthread_cond_init(&writer->checkpointed, NULL);
  writer->store = store;
  return writer;
}

static void join_checkpointer(med_writer *writer) {
  if (writer->has_checkpointer) pthread_join(writer->checkpointer, NULL);
  writer->has_checkpointer = false;
}

void med_writer_stop(med_writer *writer) {
  writer->closing = true;
  join_checkpointer(writer);
}

void med_writer_close(med_writer *writer, bool forked) {
  if (writer == NULL) return;
  if (!forked) { /* else they may be as a thread of the parent held them, and to destroy one that is waited for does not end */
    pthread_cond_destroy(&writer->checkpointed);
    pthread_mutex_destroy(&writer->mutex);
  }
  med_log_operations_clear(&writer->batch.redo);
  med_free(writer);
}

int med_member_open(med_store *store, med_member **member) {
  *member = med_alloc_zero(sizeof **member);
  if (*member == NULL) return MEDLEY_NO_MEMORY;
  (*member)->store = store;
  return MEDLEY_OK;
}

void med_member_close(med_member *member) {
  if (member == NULL) return;
  assert(!member->running);
  med_txn_clear(&member->txn);
  med_free(member);
}

static bool is_queued(uint32_t state) { return state == MEMBER_QUEUED || state == MEMBER_INTERRUPTED; }

/* One that is told that it is idle may be gone at once. */
static void tell(med_member *member, member_state state) {
  member->state = state;
  med_wake_all(&member->state);
}

void med_member_interrupt(med_member *member) {
  pthread_mutex_lock(&member->store->writer->mutex);
  if (is_queued(member->state)) tell(member, MEMBER_INTERRUPTED);
  pthread_mutex_unlock(&member->store->writer->mutex);
}

med_txn *med_member_txn(const med_member *member) {
  return member->running ? (med_txn *)(uintptr_t)&member->txn : NULL;
}
bool med_member_leads(const med_member *member) {
  return member->running && member->leader && member->store->writer->finished_count == 0;
}
bool med_member_is_owner(const med_member *member) { return pthread_equal(member->thread, pthread_self()); }
uint64_t med_writer_failures(const med_store *store) { return store->writer->failures; }

void med_writer_stat(const med_store *store, medley_stats *stats) {
  stats->commits = store->writer->commits;
  stats->commit_members = store->writer->commit_members;
  stats->batch_members_max = store->writer->batch_members_max;
}

/* ---- The queue (mutex held) ---- */
static bool writes_here(const med_writer *writer) {
  return writer->running != NULL && pthread_equal(writer->running->thread, pthread_self());
}

static void enqueue(med_writer *writer, med_member *member) {
  member->next = NULL;
  member->state = MEMBER_QUEUED;
  if (writer->last != NULL)
    writer->last->next = member;
  else
    writer->first = member;
  writer->last = member;
}

static void dequeue(med_writer *writer, med_member *member) {
  med_member **link = &writer->first, *previous = NULL;
  while (*link != member) {
    previous = *link;
    link = &previous->next;
  }
  *link = member->next;
  if (writer->last == member) writer->last = previous;
  member->next = NULL;
}

/* The writer is free: the first in the queue leads the next batch. */
static void give_to_next_leader(med_writer *writer) {
  med_member *next = writer->first;
  writer->taken = next != NULL;
  if (next == NULL) return;
  dequeue(writer, next);
  writer->running = next;
  tell(next, MEMBER_LEADS);
}

static bool batch_has_room(const med_writer *writer) {
  if (writer->batch.broken || writer->finished_count >= BATCH_MEMBERS_MAX) return false;
  if (writer->finished_count > 0 && monotonic_us() - writer->first_finished_us > BATCH_AGE_US_MAX) return false;
  uint64_t half = MED_BATCH_PAGES_MAX / 2;
  return med_batch_pages(writer->store, &writer->batch) < half;
}

static void add_finished(med_writer *writer, med_member *member) {
  if (writer->finished_count++ == 0) writer->first_finished_us = monotonic_us();
  member->state = MEMBER_FINISHED;
  member->next = writer->finished;
  writer->finished = member;
}

/* Runs another member's work on this thread. The mutex is held before and after. */
static void run_for(med_writer *writer, med_member *member) {
  member->state = MEMBER_IS_RUN;
  pthread_mutex_unlock(&writer->mutex);
  med_txn *txn = &member->txn;
  med_txn_attach(txn, writer->store, &writer->batch, member->work_error);
  int rc = member->work(txn, member->work_context);
  if (rc == MEDLEY_OK) rc = med_txn_settle(txn);
  if (rc != MEDLEY_OK) {
    int undone = med_txn_rollback_to(txn, 0);
    assert(undone == MEDLEY_OK || med_txn_broken(txn)); /* its leader finds a broken batch */
    (void)undone;
  }
  med_txn_detach(txn);
  pthread_mutex_lock(&writer->mutex);
  if (rc == MEDLEY_OK) {
    add_finished(writer, member);
    return;
  }
  member->result = rc;
  tell(member, MEMBER_IDLE);
}

/* Nobody runs in the open batch: what waits is run here, until a member comes that runs by itself, or the leader has to commit. */
static void give_to_next_follower(med_writer *writer) {
  med_member *next;
  while ((next = writer->first) != NULL && next->patient && batch_has_room(writer)) {
    dequeue(writer, next);
    writer->running = next;
    if (next->work == NULL) {
      tell(next, MEMBER_FOLLOWS);
      return;
    }
    run_for(writer, next);
  }
  writer->running = NULL;
  tell(writer->leader, MEMBER_ENDS);
}

/* ---- Begin ---- */
static struct timespec deadline_after(uint32_t timeout_ms) {
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += timeout_ms / 1000;
  end.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
  if (end.tv_nsec >= 1000000000) {
    end.tv_nsec -= 1000000000;
    end.tv_sec++;
  }
  return end;
}

static int busy(medley_error *error, uint32_t timeout_ms) {
  return med_error_set(error, MEDLEY_BUSY, "write lock: another session held it for %u ms", timeout_ms);
}

/* One that is in the queue takes itself out, unless it has its turn by now, or the library's own work was all that it waited for: that will soon be
 * done once it has the lock; before, it may have to wait for another process, of which all are told. Mutex held. */
static bool gives_up(med_writer *writer, med_member *member, int *grace) {
  bool leads = writer->leader != NULL && writer->leader->own, begins = writer->running != NULL && writer->running->own;
  if (!is_queued(member->state)) return false;
  if (member->state != MEMBER_INTERRUPTED && (leads || (begins && (*grace)-- > 0))) return false;
  dequeue(writer, member);
  return true;
}

static int wait_for_turn(med_writer *writer, med_member *member, uint32_t timeout_ms, medley_error *error) {
  struct timespec end = deadline_after(timeout_ms);
  int grace = 5;
  uint32_t state;
  while (is_queued(state = member->state)) {
    if (state != MEMBER_INTERRUPTED && med_wait_while(&member->state, state, &end)) continue;
    pthread_mutex_lock(&writer->mutex);
    bool gone = gives_up(writer, member, &grace), interrupted = member->state == MEMBER_INTERRUPTED;
    if (gone) member->state = MEMBER_IDLE;
    pthread_mutex_unlock(&writer->mutex);
    if (gone && interrupted)
      return med_error_set(error, MEDLEY_INTERRUPTED, "interrupted while it waited for the write lock");
    if (gone) return busy(error, timeout_ms);
    end = deadline_after(OWN_MS);
  }
  return MEDLEY_OK;
}

static int begin_batch(med_writer *writer, uint32_t timeout_ms, medley_error *error) {
  int rc = med_store_lock(writer->store, timeout_ms, error);
  if (rc != MEDLEY_OK) return rc;
  rc = med_batch_begin(writer->store, &writer->batch, error);
  if (rc != MEDLEY_OK) med_store_unlock(writer->store);
  return rc;
}

static int become_leader(med_writer *writer, med_member *member, uint32_t timeout_ms, medley_error *error) {
  int rc = begin_batch(writer, timeout_ms, error);
  pthread_mutex_lock(&writer->mutex);
  writer->leader = member;
  writer->finished = NULL;
  writer->finished_count = 0;
  if (rc != MEDLEY_OK) {
    writer->running = writer->leader = NULL;
    member->state = MEMBER_IDLE;
    give_to_next_leader(writer);
  }
  pthread_mutex_unlock(&writer->mutex);
  return rc;
}

/* Until the member leads, follows, or is past all that: its work has been run, and its batch has ended. */
static int get_turn(med_writer *writer, med_member *member, uint32_t timeout_ms, medley_error *error) {
  uint32_t state;
  pthread_mutex_lock(&writer->mutex);
  bool waits = writer->taken, here = waits && writes_here(writer);
  if (!here) member->thread = pthread_self();
  if (waits && !here) enqueue(writer, member);
  if (!waits) {
    writer->taken = true;
    writer->running = member; /* so that a second begin on this thread is found out */
    member->state = MEMBER_LEADS;
  }
  pthread_mutex_unlock(&writer->mutex);
  if (here) return med_error_set(error, MEDLEY_BUSY, "write lock: another session of this thread holds it");
  int rc = waits ? wait_for_turn(writer, member, timeout_ms, error) : MEDLEY_OK;
  member->leader = rc == MEDLEY_OK && member->state == MEMBER_LEADS;
  if (member->leader) return become_leader(writer, member, timeout_ms, error);
  while ((state = member->state) == MEMBER_IS_RUN || state == MEMBER_FINISHED)
    (void)med_wait_while(&member->state, state, NULL);
  return rc;
}

static void attach(med_member *member, medley_error *error) {
  member->running = true;
  med_txn_attach(&member->txn, member->store, &member->store->writer->batch, error);
}

int med_writer_begin(med_member *member, bool patient, uint32_t timeout_ms, medley_error *error) {
  assert(!member->running);
  int rc = med_store_usable(member->store, error);
  if (rc != MEDLEY_OK) return rc;
  member->patient = patient;
  member->work = NULL;
  rc = get_turn(member->store->writer, member, timeout_ms, error);
  if (rc == MEDLEY_OK) attach(member, error);
  return rc;
}

int med_writer_run(med_member *member, med_writer_work work, void *context, uint32_t timeout_ms, medley_error *error) {
  assert(!member->running);
  int rc = med_store_usable(member->store, error);
  if (rc != MEDLEY_OK) return rc;
  member->patient = true;
  member->work = work;
  member->work_context = context;
  member->work_error = error;
  member->result = MEDLEY_OK;
  member->result_error.status = MEDLEY_OK;
  rc = get_turn(member->store->writer, member, timeout_ms, error);
  if (rc != MEDLEY_OK) return rc;
  if (!member->leader) {
    if (member->result_error.status != MEDLEY_OK && error != NULL) *error = member->result_error;
    return member->result;
  }
  attach(member, error);
  med_txn_set_undo(&member->txn, false); /* alone in its batch: a failure drops it */
  rc = work(&member->txn, context);
  if (rc == MEDLEY_OK) return med_writer_commit(member, error);
  med_writer_rollback(member);
  return rc;
}

/* ---- End ---- */
static void tell_members(med_member *members, int rc, const medley_error *error) {
  for (med_member *member = members, *next; member != NULL; member = next) {
    next = member->next;
    member->result = rc;
    if (rc != MEDLEY_OK) member->result_error = *error;
    tell(member, MEMBER_IDLE);
  }
}

/* The leader's last act: one commit for all who finished. They are told before the next batch begins, so that they may be in it. */
static void finish_batch(med_writer *writer) {
  medley_error error = {0};
  int rc = MEDLEY_OK;
  if (writer->batch.broken) {
    med_batch_abort(writer->store, &writer->batch);
    rc = med_error_set(&error, MEDLEY_ABORTED, "commit: the batch was broken by a failure before");
  } else {
    rc = med_batch_commit(writer->store, &writer->batch, &error);
  }
  if (rc == MEDLEY_OK) {
    med_store_keep_reserve(writer->store);
    if (++writer->commits % READER_CHECK_COMMITS == 0) med_store_check_readers(writer->store);
  }
  med_store_unlock(writer->store);
  pthread_mutex_lock(&writer->mutex);
  med_member *members = writer->finished;
  if (rc != MEDLEY_OK) writer->failures++;
  writer->commit_members += writer->finished_count;
  if (writer->finished_count > writer->batch_members_max) writer->batch_members_max = writer->finished_count;
  writer->leader = NULL;
  writer->finished = NULL;
  writer->finished_count = 0;
  pthread_mutex_unlock(&writer->mutex);
  tell_members(members, rc, &error);
  pthread_mutex_lock(&writer->mutex);
  give_to_next_leader(writer);
  pthread_mutex_unlock(&writer->mutex);
}

/* ---- Checkpoints ---- one at a time. Most is flushed while others write; the rest in a batch of its own, in the queue like any other.
 * What fails is due again after the next batch. */
static int begin_checkpoint(med_writer *writer, med_member *member) {
  medley_error ignored = {0};
  uint32_t piece_ms = member->own ? OWN_TRY_MS : CHECKPOINT_WAIT_MS, waited_ms = 0;
  int rc;
  do {
    rc = med_writer_begin(member, false, piece_ms, &ignored);
    waited_ms += piece_ms;
  } while (rc == MEDLEY_BUSY && waited_ms < CHECKPOINT_WAIT_MS && !writer->closing);
  return rc;
}

static void make_checkpoint(med_store *store, med_member *member) {
  medley_error ignored = {0};
  med_checkpoint_flush_ahead(store->checkpoint);
  if (begin_checkpoint(store->writer, member) != MEDLEY_OK) return;
  int rc = med_checkpoint_run(store->checkpoint, &ignored);
  (void)rc;
  med_writer_rollback(member);
}

/* False if another thread makes one, or, if this one waits for that, there is nothing to be made. One that waits for the write lock is not waited
 * for by who has it. */
static bool take_checkpoint(med_writer *writer, bool waits) {
  pthread_mutex_lock(&writer->mutex);
  while (writer->checkpointing && waits && !writes_here(writer))
    pthread_cond_wait(&writer->checkpointed, &writer->mutex);
  bool taken = !writer->checkpointing && med_checkpoint_has_news(writer->store->checkpoint);
  if (taken) writer->checkpointing = true;
  pthread_mutex_unlock(&writer->mutex);
  if (taken) join_checkpointer(writer); /* it has done its work */
  return taken;
}

static void give_checkpoint(med_writer *writer) {
  pthread_mutex_lock(&writer->mutex);
  writer->checkpointing = false;
  pthread_cond_broadcast(&writer->checkpointed);
  pthread_mutex_unlock(&writer->mutex);
}

void med_writer_checkpoint(med_member *member) {
  med_writer *writer = member->store->writer;
  if (!take_checkpoint(writer, true)) return;
  make_checkpoint(member->store, member);
  give_checkpoint(writer);
}

static void *run_checkpointer(void *context) {
  med_writer *writer = context;
  med_member *member;
  if (med_member_open(writer->store, &member) == MEDLEY_OK) {
    member->own = true;
    make_checkpoint(writer->store, member);
    med_member_close(member);
  }
  give_checkpoint(writer);
  return NULL;
}

/* The checkpoint has been taken. The mutex keeps the thread from giving it back before it is known that there is one. */
static bool start_checkpointer(med_writer *writer) {
  pthread_mutex_lock(&writer->mutex);
  bool started = med_thread_start(&writer->checkpointer, run_checkpointer, writer);
  writer->has_checkpointer = started;
  pthread_mutex_unlock(&writer->mutex);
  return started;
}

/* By the thread that led the batch after which it was due, which has been acknowledged: it does not wait, unless so much has gathered that the
 * log and the file would grow without end. */
static void start_checkpoint(med_member *member) {
  med_writer *writer = member->store->writer;
  if (med_checkpoint_overdue(member->store->checkpoint) || !med_store_may_start_threads(member->store)) {
    med_writer_checkpoint(member);
    return;
  }
  if (!take_checkpoint(writer, false) || start_checkpointer(writer)) return;
  make_checkpoint(member->store, member);
  give_checkpoint(writer);
}

int med_writer_commit(med_member *member, medley_error *error) {
  med_writer *writer = member->store->writer;
  assert(member->running && med_member_is_owner(member));
  int settled = med_txn_settle(&member->txn);
  if (settled != MEDLEY_OK) {
    if (error != NULL && error != med_txn_error(&member->txn)) *error = *med_txn_error(&member->txn);
    med_writer_rollback(member);
    return settled;
  }
  med_txn_detach(&member->txn);
  member->running = false;
  bool led = member->leader;
  pthread_mutex_lock(&writer->mutex);
  add_finished(writer, member);
  give_to_next_follower(writer);
  pthread_mutex_unlock(&writer->mutex);
  while (member->state == MEMBER_FINISHED) (void)med_wait_while(&member->state, MEMBER_FINISHED, NULL);
  if (led) finish_batch(writer);
  int rc = member->result;
  if (rc != MEDLEY_OK && error != NULL) *error = member->result_error;
  member->leader = false;
  if (led && med_checkpoint_due(member->store->checkpoint)) start_checkpoint(member);
  return rc;
}

void med_writer_rollback(med_member *member) {
  med_writer *writer = member->store->writer;
  assert(member->running && med_member_is_owner(member));
  bool drop = member->leader; /* nobody else has run in its batch yet */
  /* A failure here marks the batch as broken, which its leader finds. */
  int rc = drop ? MEDLEY_OK : med_txn_rollback_to(&member->txn, 0);
  (void)rc;
  med_txn_detach(&member->txn);
  member->running = false;
  member->leader = false;
  if (drop) {
    med_batch_abort(writer->store, &writer->batch);
    med_store_unlock(writer->store);
  }
  pthread_mutex_lock(&writer->mutex);
  member->state = MEMBER_IDLE;
  if (drop) {
    writer->running = writer->leader = NULL;
    give_to_next_leader(writer);
  } else {
    give_to_next_follower(writer);
  }
  pthread_mutex_unlock(&writer->mutex);
}
