/* tiers.c - three sequences walked as one. */
#include "models/widecolumn/tiers.h"

#include "models/widecolumn/arrivals.h"
#include "models/widecolumn/record.h"
#include "models/widecolumn/seal.h"
#include "models/widecolumn/window_walk.h"

void med_wide_tiers_init(med_wide_tiers *tiers, med_txn *txn, const med_wide_table *table) {
  *tiers = (med_wide_tiers){.txn = txn, .table = table, .span = MED_WIDE_WINDOWS_ALL};
  tiers->only_records = !(table->flags & MED_WIDE_TABLE_SEGMENTS);
}

void med_wide_tiers_clear(med_wide_tiers *tiers) {
  med_wide_window_walk_close(tiers->walk);
  med_wide_segment_rows_close(tiers->sealed);
  med_wide_run_rows_close(tiers->runs);
  med_cursor_close(tiers->cursor);
  med_buffer_clear(&tiers->space);
  *tiers = (med_wide_tiers){0};
}

void med_wide_tiers_only_records(med_wide_tiers *tiers) { tiers->only_records = true; }

void med_wide_tiers_columns(med_wide_tiers *tiers, const bool *wanted, bool times) {
  tiers->wanted = wanted;
  tiers->times = times;
}

void med_wide_tiers_within(med_wide_tiers *tiers, const med_key *from, const med_key *to) {
  tiers->from = from;
  tiers->to = to;
  tiers->bounds_number++;
}

void med_wide_tiers_span(med_wide_tiers *tiers, const med_wide_window_span *span) {
  tiers->span = *span;
  tiers->bounds_number++;
}

void med_wide_tiers_hold(med_wide_tiers *tiers) { tiers->holds = true; }

static int open_sealed(med_wide_tiers *tiers) {
  if (tiers->sealed != NULL) return MEDLEY_OK;
  int rc = med_wide_segment_rows_open(tiers->txn, tiers->table->id, &tiers->sealed);
  if (rc == MEDLEY_OK && tiers->holds) med_wide_segment_rows_hold(tiers->sealed);
  if (rc == MEDLEY_OK && tiers->wanted != NULL)
    med_wide_segment_rows_columns(tiers->sealed, tiers->wanted, tiers->times);
  return rc;
}

static int open_runs(med_wide_tiers *tiers) {
  return tiers->runs != NULL ? MEDLEY_OK : med_wide_run_rows_open(tiers->txn, tiers->table->id, &tiers->runs);
}

/* The transaction may have written the first one, after the table's definition was read. */
static bool has_runs(const med_wide_tiers *tiers) {
  return tiers->table->flags & MED_WIDE_TABLE_RUNS || med_wide_arrivals_has_runs(tiers->txn, tiers->table->id);
}

static int fail(const med_wide_tiers *tiers, const char *what) {
  return med_error_set(med_txn_error(tiers->txn), MEDLEY_CORRUPT, "wide-column: table %.*s: %s",
                       (int)tiers->table->name.len, (const char *)tiers->table->name.bytes, what);
}

/* ---- One tier ---- */
static int seek_record(med_wide_tiers *tiers, med_slice key, bool forward, med_wide_candidate *to) {
  int rc = tiers->cursor != NULL ? MEDLEY_OK : med_cursor_open(tiers->txn, MED_TREE_WIDE, &tiers->cursor);
  if (rc != MEDLEY_OK) return rc;
  return forward ? med_cursor_seek(tiers->cursor, key, &to->key, &to->value)
                 : med_cursor_seek_before(tiers->cursor, key, &to->key, &to->value);
}

static int seek_run(med_wide_tiers *tiers, med_slice key, bool forward, med_wide_candidate *to) {
  if (!has_runs(tiers)) return MEDLEY_NOT_FOUND;
  int rc = open_runs(tiers);
  return rc == MEDLEY_OK ? med_wide_run_rows_seek(tiers->runs, key, forward, &to->key, &to->value) : rc;
}

/* Rows of a damaged segment that are out of order would be walked for ever. */
static int seek_sealed(med_wide_tiers *tiers, med_slice key, bool forward, med_wide_candidate *to) {
  if (tiers->only_records) return MEDLEY_NOT_FOUND;
  int rc = open_sealed(tiers);
  if (rc == MEDLEY_OK)
    rc = forward ? med_wide_segment_rows_seek(tiers->sealed, key, &to->key)
                 : med_wide_segment_rows_seek_before(tiers->sealed, key, &to->key);
  return rc == MEDLEY_OK && (med_slice_compare(to->key, key) < 0) == forward ? fail(tiers, "a segment is out of order")
                                                                             : rc;
}

static int answer(med_wide_candidate *to, int rc) {
  to->there = rc == MEDLEY_OK;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int seek_tier(med_wide_tiers *tiers, med_wide_tier tier, med_slice key, bool forward) {
  med_wide_candidate *to = &tiers->candidates[tier];
  return answer(to, tier == MED_WIDE_TIER_RECORDS ? seek_record(tiers, key, forward, to)
                    : tier == MED_WIDE_TIER_RUNS  ? seek_run(tiers, key, forward, to)
                                                  : seek_sealed(tiers, key, forward, to));
}

/* What stands behind the candidate, which the key is just behind or further. */
static int step_tier(med_wide_tiers *tiers, med_wide_tier tier, med_slice key, bool forward) {
  med_wide_candidate *to = &tiers->candidates[tier];
  if (tier == MED_WIDE_TIER_RECORDS)
    return answer(to, forward ? med_cursor_next(tiers->cursor, &to->key, &to->value)
                              : med_cursor_previous(tiers->cursor, &to->key, &to->value));
  if (tier == MED_WIDE_TIER_RUNS && forward)
    return answer(to, med_wide_run_rows_next(tiers->runs, &to->key, &to->value));
  return seek_tier(tiers, tier, key, forward);
}

/* ---- All of them ---- */
/* A walk asks for what is behind the last answer: its key and 00, or, backwards, its key. */
static bool follows(const med_wide_tiers *tiers, med_slice key, bool forward) {
  med_slice last = tiers->candidates[tiers->last].key;
  if (key.len != last.len + forward || memcmp(key.bytes, last.bytes, last.len) != 0) return false;
  return !forward || ((const uint8_t *)key.bytes)[last.len] == 0;
}

static bool is_beyond(med_slice candidate, med_slice key, bool forward) {
  int order = med_slice_compare(candidate, key);
  return forward ? order >= 0 : order < 0;
}

/* Each tier's first row at or behind a key, or last one before it: those that were found last are gone on from while nobody writes. */
static int move_all(med_wide_tiers *tiers, med_slice key, bool forward) {
  bool keeps = tiers->kept && tiers->forward == forward && tiers->changes == med_txn_changes(tiers->txn);
  bool walks = keeps && tiers->candidates[tiers->last].there && follows(tiers, key, forward);
  int order = keeps && !walks ? med_slice_compare(med_key_slice(&tiers->asked), key) : 0;
  bool goes_on = walks || (keeps && (forward ? order <= 0 : order >= 0));
  int rc = MEDLEY_OK;
  tiers->kept = false;
  for (unsigned i = 0; rc == MEDLEY_OK && i < MED_WIDE_TIERS; i++) {
    med_wide_tier tier = (med_wide_tier)i;
    const med_wide_candidate *to = &tiers->candidates[tier];
    if (!goes_on) {
      rc = seek_tier(tiers, tier, key, forward);
    } else if (walks) {
      if (tier == tiers->last) rc = step_tier(tiers, tier, key, forward);
    } else if (to->there && !is_beyond(to->key, key, forward)) {
      rc = step_tier(tiers, tier, key, forward);
      if (rc == MEDLEY_OK && to->there && !is_beyond(to->key, key, forward)) rc = seek_tier(tiers, tier, key, forward);
    }
  }
  return rc;
}

static int seek_all(med_wide_tiers *tiers, med_slice key, bool forward, med_wide_found *found) {
  bool any = false;
  int rc = move_all(tiers, key, forward);
  if (rc != MEDLEY_OK) return rc;
  for (unsigned i = 0; i < MED_WIDE_TIERS; i++) {
    const med_wide_candidate *one = &tiers->candidates[i];
    if (!one->there) continue;
    int order = any ? med_slice_compare(one->key, tiers->candidates[tiers->last].key) : forward ? -1 : 1;
    if (order == 0) return fail(tiers, "a row stands twice");
    if ((order < 0) == forward) tiers->last = (med_wide_tier)i;
    any = true;
  }
  tiers->kept = key.len <= sizeof tiers->asked.bytes;
  tiers->forward = forward;
  tiers->changes = med_txn_changes(tiers->txn);
  tiers->asked.len = (uint16_t)key.len;
  if (tiers->kept && key.len > 0) memcpy(tiers->asked.bytes, key.bytes, key.len);
  if (!any) return MEDLEY_NOT_FOUND;
  const med_wide_candidate *chosen = &tiers->candidates[tiers->last];
  *found = (med_wide_found){.key = chosen->key,
                            .sealed = tiers->last == MED_WIDE_TIER_SEALED,
                            .in_run = tiers->last == MED_WIDE_TIER_RUNS,
                            .value = chosen->value};
  return MEDLEY_OK;
}

/* Of a table with time windows the walk over them is asked. */
static int open_walk(med_wide_tiers *tiers) {
  return tiers->walk != NULL ? MEDLEY_OK : med_wide_window_walk_open(tiers, &tiers->walk);
}

static int seek(med_wide_tiers *tiers, med_slice key, bool forward, med_wide_found *found) {
  if (tiers->table->time_window == NULL) return seek_all(tiers, key, forward, found);
  int rc = open_walk(tiers);
  return rc == MEDLEY_OK ? med_wide_window_walk_seek(tiers->walk, key, forward, found) : rc;
}

int med_wide_tiers_seek(med_wide_tiers *tiers, med_slice key, med_wide_found *found) {
  return seek(tiers, key, true, found);
}

int med_wide_tiers_seek_before(med_wide_tiers *tiers, med_slice key, med_wide_found *found) {
  return seek(tiers, key, false, found);
}

int med_wide_tiers_get(med_wide_tiers *tiers, med_slice key, med_wide_found *found) {
  return med_wide_tiers_find(tiers, key, med_slice_of(NULL, 0), found);
}

/* Whether a segment may have the key. */
static int reaches(const med_wide_tiers *tiers, med_slice clustering, bool *may) {
  med_wide_seal_reach reach;
  *may = true;
  if (clustering.bytes == NULL) return MEDLEY_OK;
  int rc = med_wide_seal_bounds(tiers->txn, tiers->table, &reach);
  *may = rc == MEDLEY_OK && med_wide_seal_reaches(&reach, clustering);
  return rc;
}

int med_wide_tiers_find(med_wide_tiers *tiers, med_slice key, med_slice clustering, med_wide_found *found) {
  bool may;
  tiers->kept = false;
  if (tiers->table->time_window != NULL) {
    int opened = open_walk(tiers);
    return opened == MEDLEY_OK ? med_wide_window_walk_get(tiers->walk, key, found) : opened;
  }
  *found = (med_wide_found){.key = key};
  int rc = med_txn_get(tiers->txn, MED_TREE_WIDE, key, &found->value);
  if (rc == MEDLEY_NOT_FOUND && has_runs(tiers)) {
    rc = open_runs(tiers);
    if (rc == MEDLEY_OK) rc = med_wide_run_rows_find(tiers->runs, key, clustering, &found->value);
    found->in_run = rc == MEDLEY_OK;
  }
  if (rc != MEDLEY_NOT_FOUND || tiers->only_records) return rc;
  rc = reaches(tiers, clustering, &may);
  if (rc != MEDLEY_OK || !may) return rc == MEDLEY_OK ? MEDLEY_NOT_FOUND : rc;
  rc = open_sealed(tiers);
  if (rc == MEDLEY_OK) rc = med_wide_segment_rows_find(tiers->sealed, tiers->table, key);
  found->sealed = rc == MEDLEY_OK;
  return rc;
}

int med_wide_tiers_row(med_wide_tiers *tiers, const med_wide_found *found, med_arena *arena, med_wide_row *row) {
  medley_error *error = med_txn_error(tiers->txn);
  med_slice bytes;
  int rc;
  if (tiers->walk != NULL) return med_wide_window_walk_row(tiers->walk, found, arena, row);
  if (found->sealed) {
    rc = med_wide_segment_rows_take(tiers->sealed, tiers->table, arena, row);
    return rc == MEDLEY_OK ? med_wide_row_accept(row, tiers->table, error) : rc;
  }
  rc = med_wide_record_open(tiers->txn, found->value, &tiers->space, &bytes);
  const void *copy = rc == MEDLEY_OK ? med_arena_copy(arena, bytes.bytes, bytes.len) : NULL;
  if (rc == MEDLEY_OK && copy == NULL) rc = med_error_no_memory(error);
  if (rc == MEDLEY_OK) rc = med_wide_row_decode(med_slice_of(copy, bytes.len), arena, row, error);
  if (rc == MEDLEY_OK) rc = med_wide_row_accept(row, tiers->table, error);
  return rc;
}

int med_wide_tiers_partition(med_wide_tiers *tiers, const med_key *key, med_arena *arena,
                             med_wide_partition *partition) {
  if (tiers->table->time_window == NULL)
    return med_wide_partition_load(tiers->txn, tiers->table, key, arena, partition);
  int rc = open_walk(tiers);
  med_wide_partition_init(partition);
  return rc == MEDLEY_OK ? med_wide_window_walk_partition(tiers->walk, key, arena, partition) : rc;
}

const med_wide_run *med_wide_tiers_run(const med_wide_tiers *tiers, const med_wide_found *found) {
  return found->in_run && tiers->walk == NULL ? med_wide_run_rows_entry(tiers->runs) : NULL;
}

int med_wide_tiers_take(med_wide_tiers *tiers, const med_wide_found *found) {
  if (found->sealed) return med_wide_segment_rows_remove(tiers->sealed);
  int rc = med_wide_run_rows_take(tiers->runs);
  return rc == MEDLEY_OK ? med_wide_run_rows_settle(tiers->runs) : rc;
}
