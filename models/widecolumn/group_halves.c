/* group_halves.c - the second half of a table's segments added by a thread of its own.
 *
 * It has a snapshot of its own, which has to be of the same commit: the newest one still is, more often than not. Where it is not, where there is no room
 * for a reader or a thread, or where little is to be done, one thread does all. Sums of reals depend on the order of rows, and so
 * are never halved. */
#include <errno.h>
#include <time.h>

#include "models/widecolumn/groups_state.h"
#include "storage/thread.h"

enum { POLL_EVERY_NS = 10000000 };

/* ---- Where the halves meet ---- */
/* The first segment that has at least so many rows before it: the key that it begins with. NOT_FOUND, without a message; *before: rows that were
 * passed. */
static int find_segment(const med_wide_groups *of, med_cursor *cursor, uint64_t rows, uint64_t *before,
                        med_key *first) {
  med_arena arena = {0};
  med_wide_segment segment;
  bool found = false;
  int rc = MEDLEY_OK;
  *before = 0;
  med_wide_table_prefix(of->table->id, first);
  while (!found && rc == MEDLEY_OK) {
    rc = med_wide_segment_behind(of->txn, cursor, med_key_slice(first), &arena, &segment);
    if (rc != MEDLEY_OK) break;
    *first = segment.first;
    found = *before >= rows;
    if (!found) *before += segment.rows;
    med_arena_reset(&arena);
  }
  med_arena_clear(&arena);
  return rc;
}

/* NOT_FOUND, without a message, if there are too few. */
static int find_halves(const med_wide_groups *of, med_key *first, med_key *middle) {
  med_cursor *cursor;
  uint64_t rows, before;
  int rc = med_cursor_open(of->txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  rc = find_segment(of, cursor, UINT64_MAX, &rows, first);
  uint64_t least = of->query.share_rows > 0 ? of->query.share_rows : MED_WIDE_GROUPS_SHARE_ROWS;
  if (rc == MEDLEY_NOT_FOUND && rows >= least) {
    rc = find_segment(of, cursor, 0, &before, first);
    if (rc == MEDLEY_OK) rc = find_segment(of, cursor, rows / 2, &before, middle);
  }
  med_cursor_close(cursor);
  return rc;
}

static bool is_worth_while(const med_wide_groups *of) {
  if (med_txn_writes(of->txn) || (of->query.key_count == 0 && of->query.test_count == 0)) return false;
  for (size_t i = 0; i < of->query.total_count; i++) {
    if (med_wide_groups_type(of->query.totals[i]) == MED_COLUMN_REALS) return false;
  }
  return med_store_may_start_threads(med_txn_store(of->txn));
}

/* ---- The other thread ---- */
typedef struct half {
  med_wide_groups *groups;
  med_txn *txn;
  medley_error error;
  med_key from, to;
  atomic_bool stop; /* this half, or the other one, has failed */
  int rc;
  pthread_t thread;
} half;

static int add_half(med_wide_groups *of, const med_key *from, const med_key *to) {
  med_wide_segment_scan *scan;
  int rc = med_wide_segment_scan_open(of->txn, of->table, &scan);
  if (rc != MEDLEY_OK) return rc;
  med_wide_segment_scan_only(scan, from, to);
  med_wide_segment_scan_expired(scan, of->now_s);
  rc = med_wide_groups_add_segments(of, scan);
  med_wide_segment_scan_close(scan);
  return rc;
}

static void *run_half(void *argument) {
  half *of = argument;
  of->rc = add_half(of->groups, &of->from, &of->to);
  if (of->rc != MEDLEY_OK) atomic_store(&of->stop, true);
  return NULL;
}

/* False: it is not the same commit, or there is no room for it. */
static bool open_half(const med_wide_groups *of, half *other) {
  med_wide_group_query query = of->query;
  if (med_txn_open_reader(med_txn_store(of->txn), &other->txn, &other->error) != MEDLEY_OK) return false;
  if (med_txn_renew(other->txn) != MEDLEY_OK || med_txn_id(other->txn) != med_txn_id(of->txn)) return false;
  query.poll = NULL; /* the statement's own thread asks, and says when to stop */
  other->groups = med_wide_groups_new(other->txn, of->table, &query);
  if (other->groups == NULL) return false;
  other->groups->now_s = of->now_s; /* one statement, one now */
  other->groups->stop = &other->stop;
  return true;
}

static void close_half(half *other) {
  med_wide_groups_free(other->groups);
  if (other->txn != NULL) med_txn_close_reader(other->txn);
}

/* ---- Together ---- */
static bool number_key(med_wide_groups *of, const med_wide_groups *from, uint32_t group, size_t key) {
  int64_t integer;
  med_slice text;
  of->numbers[key][0] = MED_GROUP_NULL;
  if (!med_wide_groups_key(from, group, key, &integer, &text)) return true;
  return of->values[key].is_text ? med_group_values_text(&of->values[key], text, &of->numbers[key][0])
                                 : med_group_values_integer(&of->values[key], integer, &of->numbers[key][0]);
}

static void add_total(med_wide_total *to, const med_wide_total *from, bool integers) {
  if (from->count == 0) return;
  if (integers)
    med_group_add_sum(to, from->count, from->as.integers.sum, from->as.integers.min, from->as.integers.max);
  else
    to->count += from->count;
}

static int add_groups(med_wide_groups *of, const med_wide_groups *from) {
  uint32_t count = med_wide_groups_count(from);
  for (uint32_t group = 0; group < count; group++) {
    bool ok = true;
    if (from->rows[group] == 0) continue;
    for (size_t key = 0; ok && key < of->query.key_count; key++) ok = number_key(of, from, group, key);
    int rc = ok ? med_wide_groups_find(of, 1) : med_error_no_memory(med_txn_error(of->txn));
    if (rc != MEDLEY_OK) return rc;
    of->rows[of->groups[0]] += from->rows[group];
    for (size_t at = 0; at < of->query.total_count; at++)
      add_total(&of->totals[at][of->groups[0]], &from->totals[at][group],
                med_wide_groups_type(of->query.totals[at]) == MED_COLUMN_INTEGERS);
  }
  return MEDLEY_OK;
}

/* Waits for the other half, and asks meanwhile whether to go on. */
static int wait_for(const med_wide_groups *of, half *other, int rc) {
  for (;;) {
    struct timespec until;
    if (rc != MEDLEY_OK) atomic_store(&other->stop, true);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += POLL_EVERY_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_timedjoin_np(other->thread, NULL, &until) != ETIMEDOUT) return rc;
    if (rc == MEDLEY_OK && of->query.poll != NULL) rc = of->query.poll(of->query.poll_context);
  }
}

static int join_halves(med_wide_groups *of, half *other, int rc) {
  rc = wait_for(of, other, rc);
  of->stop = NULL;
  if (other->rc == MEDLEY_OK) return rc == MEDLEY_OK ? add_groups(of, other->groups) : rc;
  if (rc != MEDLEY_OK && rc != MEDLEY_INTERRUPTED) return rc;
  if (other->rc == MEDLEY_INTERRUPTED) return rc; /* it was told to stop, by this one's failure */
  *med_txn_error(of->txn) = other->error;
  return other->rc;
}

int med_wide_groups_add_halves(med_wide_groups *of, bool *done) {
  half *other;
  med_key first, middle;
  *done = false;
  if (!is_worth_while(of)) return MEDLEY_OK;
  int rc = find_halves(of, &first, &middle);
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  other = med_alloc_zero(sizeof *other);
  if (other == NULL) return MEDLEY_OK;
  other->from = middle;
  med_wide_table_prefix(of->table->id, &other->to);
  (void)med_key_after_prefix(&other->to, med_key_slice(&other->to)); /* it begins with 04 */
  if (open_half(of, other) && med_thread_start_beside(&other->thread, run_half, other)) {
    *done = true;
    of->stop = &other->stop;
    rc = join_halves(of, other, add_half(of, &first, &middle));
  }
  close_half(other);
  med_free(other);
  return rc;
}
