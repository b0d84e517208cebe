/* sweep.c - freeing what is dropped or past its time, in slices. */
#include "models/widecolumn/sweep.h"

#include "models/widecolumn/mutation.h"
#include "models/widecolumn/pack.h"
#include "models/widecolumn/seal.h"
#include "models/widecolumn/segment_expiry.h"
#include "models/widecolumn/walk.h"
#include "models/widecolumn/window_directory.h"

#define ROUND_US ((int64_t)60 * 1000000)

typedef struct sweep {
  med_txn *txn;
  size_t limit, looked, written;
  med_arena round; /* of the state of the round */
} sweep;

/* ---- What was dropped ---- */
static int free_record(sweep *work, med_slice key, med_slice value) {
  med_key copy = {.len = (uint16_t)key.len};
  memcpy(copy.bytes, key.bytes, key.len);
  size_t parts;
  int rc = med_wide_record_free(work->txn, value, &parts);
  if (rc == MEDLEY_OK) rc = med_txn_delete(work->txn, MED_TREE_WIDE, med_key_slice(&copy));
  work->looked += 1 + parts;
  work->written += 1 + parts;
  return rc;
}

/* Everything that begins with prefix, or as much as the slice allows; *done: all of it. Values that are no records: of index entries, pages. */
static int free_prefix(sweep *work, med_cursor *cursor, med_slice prefix, bool records, bool *done) {
  med_slice key, value;
  int rc;
  while ((rc = med_cursor_seek(cursor, prefix, &key, &value)) == MEDLEY_OK && med_slice_starts_with(key, prefix)) {
    if (work->looked >= work->limit) return MEDLEY_OK;
    rc = free_record(work, key, records ? value : med_slice_of("", 0));
    if (rc != MEDLEY_OK) return rc;
  }
  *done = true;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* A dropped table's windows, each with all that stands under its number, wait in their turn. */
static int drop_windows(sweep *work, med_cursor *cursor, med_slice prefix, bool *done) {
  med_slice key, value;
  int rc;
  while ((rc = med_cursor_seek(cursor, prefix, &key, &value)) == MEDLEY_OK && med_slice_starts_with(key, prefix)) {
    uint32_t table_id, id, flags;
    int64_t number;
    med_key copy;
    if (work->looked >= work->limit) return MEDLEY_OK;
    rc = med_wide_window_take(work->txn, key, value, &table_id, &number, &id, &flags);
    if (rc != MEDLEY_OK) return rc;
    copy.len = (uint16_t)key.len;
    memcpy(copy.bytes, key.bytes, key.len);
    rc = med_txn_delete(work->txn, MED_TREE_WIDE, med_key_slice(&copy));
    if (rc == MEDLEY_OK) rc = med_wide_catalog_drop_rows(work->txn, id);
    if (rc != MEDLEY_OK) return rc;
    work->looked++;
    work->written++;
  }
  *done = true;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int sweep_dropped(sweep *work, bool *left) {
  const uint8_t first[2] = {MED_WIDE_KEY_DROPPED, 1};
  med_cursor *cursor;
  med_slice key;
  int rc = med_cursor_open(work->txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  while ((rc = med_cursor_seek(cursor, med_slice_of(first, 2), &key, NULL)) == MEDLEY_OK && key.len == 6 &&
         *(const uint8_t *)key.bytes == MED_WIDE_KEY_DROPPED) {
    uint8_t entry[6];
    bool done = false;
    memcpy(entry, key.bytes, sizeof entry);
    bool records = entry[1] == MED_WIDE_KEY_ROW || entry[1] == MED_WIDE_KEY_SEGMENT;
    med_slice prefix = med_slice_of(entry + 1, 5);
    rc = entry[1] == MED_WIDE_KEY_WINDOW ? drop_windows(work, cursor, prefix, &done)
                                         : free_prefix(work, cursor, prefix, records, &done);
    if (rc == MEDLEY_OK && done) rc = med_txn_delete(work->txn, MED_TREE_WIDE, med_slice_of(entry, sizeof entry));
    if (rc != MEDLEY_OK || !done) break;
    work->written++;
  }
  *left = rc == MEDLEY_OK && work->looked >= work->limit;
  med_cursor_close(cursor);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* ---- What is past its time ---- a record says when the next round begins, and where this one stands. */
typedef struct round_state {
  int64_t due_us;
  uint64_t table_id; /* the next one, or the one being gone through */
  med_slice tail;    /* of the last row that was looked at */
} round_state;

static const uint8_t round_key[2] = {MED_WIDE_KEY_DROPPED, 0};

static int put_round(med_txn *txn, const round_state *round) {
  med_buffer value = {0};
  bool ok = med_pack_signed(&value, round->due_us) && med_pack_number(&value, round->table_id) &&
            med_pack_bytes(&value, round->tail);
  int rc = ok ? med_txn_put(txn, MED_TREE_WIDE, med_slice_of(round_key, sizeof round_key),
                            med_slice_of(value.bytes, value.len))
              : med_error_no_memory(med_txn_error(txn));
  med_buffer_clear(&value);
  return rc;
}

int med_wide_sweep_request(med_txn *txn) {
  round_state round = {.tail = med_slice_of("", 0)};
  return put_round(txn, &round);
}

static int get_round(sweep *work, round_state *round) {
  med_slice value;
  medley_error *error = med_txn_error(work->txn);
  int rc = med_txn_get(work->txn, MED_TREE_WIDE, med_slice_of(round_key, sizeof round_key), &value);
  if (rc != MEDLEY_OK) return rc;
  const void *copy = med_arena_copy(&work->round, value.bytes, value.len);
  if (copy == NULL) return med_error_no_memory(error);
  value = med_slice_of(copy, value.len);
  bool ok = med_unpack_signed(&value, &round->due_us) && med_unpack_number(&value, &round->table_id) &&
            med_unpack_bytes(&value, &round->tail) && round->tail.len < MED_KEY_SIZE_MAX - MED_WIDE_TAIL_OFFSET;
  return ok ? MEDLEY_OK : med_error_set(error, MEDLEY_CORRUPT, "wide-column: the state of the sweep is damaged");
}

static bool is_swept(const med_wide_table *table) {
  return !(table->flags & MED_WIDE_TABLE_VIEW) &&
         (table->flags & (MED_WIDE_TABLE_EXPIRES | MED_WIDE_TABLE_TIMESTAMPS)) != 0;
}

/* Takes the table if it comes before the one that is there, at or behind a number. */
static void take_earlier(const med_wide_table *table, uint64_t id, med_wide_table *next, bool *found) {
  if (table->id < id || (*found && next->id <= table->id)) return;
  *next = *table;
  *found = true;
}

/* The one with the lowest number from `id` on, a window being a table of its own; *found false if there is none. */
static int next_table(const sweep *work, const med_wide_catalog *catalog, uint64_t id, med_wide_table *next,
                      bool *found) {
  size_t count;
  const med_wide_table *tables = med_wide_catalog_tables(catalog, &count);
  med_cursor *cursor;
  med_wide_table window;
  int rc = med_cursor_open(work->txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  *found = false;
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    if (!is_swept(&tables[i])) continue;
    if (tables[i].time_window == NULL) take_earlier(&tables[i], id, next, found);
    int64_t number = INT64_MIN;
    while (tables[i].time_window != NULL &&
           (rc = med_wide_window_next(work->txn, cursor, &tables[i], number, true, &window)) == MEDLEY_OK) {
      take_earlier(&window, id, next, found);
      if (window.window_number == INT64_MAX) break;
      number = window.window_number + 1;
    }
    if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  }
  med_cursor_close(cursor);
  return rc;
}

/* Before these times nothing needs to be remembered. */
static void limits_of(const sweep *work, const med_wide_table *table, int64_t *now_s, int64_t *tombstones_us) {
  int64_t now_us = med_txn_now_us(work->txn);
  int64_t grace_s = table->flags & MED_WIDE_TABLE_TIMESTAMPS ? (int64_t)table->gc_grace_s : 0;
  *now_s = now_us / 1000000 - grace_s;
  *tombstones_us = now_us - grace_s * 1000000;
}

static size_t tombstones_left(med_wide_partition *partition, int64_t up_to_us) {
  size_t kept = 0;
  for (size_t i = 0; i < partition->tombstone_count; i++) {
    if (partition->tombstones[i].deleted_us > up_to_us) partition->tombstones[kept++] = partition->tombstones[i];
  }
  return kept;
}

static bool row_changed(const med_wide_row *row, const med_wide_row *purged) {
  return row->count != purged->count || row->marker.present != purged->marker.present ||
         row->deleted_us != purged->deleted_us;
}

/* The cells are moved within their array, so they are copied first. */
static bool purge_copy(const sweep *work, const med_wide_table *table, const med_wide_row *row, med_arena *arena,
                       med_wide_row *purged) {
  int64_t now_s, tombstones_us;
  limits_of(work, table, &now_s, &tombstones_us);
  *purged = *row;
  if (row->count > 0) purged->cells = med_arena_copy(arena, row->cells, row->count * sizeof *row->cells);
  if (row->count > 0 && purged->cells == NULL) return false;
  med_wide_row_purge(purged, now_s, tombstones_us);
  return true;
}

/* Its static columns are purged as a row is; then the tombstones. */
static int sweep_tombstones(sweep *work, const med_wide_table *table, med_wide_walked *walked) {
  int64_t now_s, tombstones_us;
  med_wide_partition *partition = &walked->partition;
  limits_of(work, table, &now_s, &tombstones_us);
  size_t kept = tombstones_left(partition, tombstones_us);
  bool forgets = partition->deleted_us != MED_WIDE_NO_TIMESTAMP && partition->deleted_us <= tombstones_us;
  if (kept == partition->tombstone_count && !forgets) return MEDLEY_OK;
  partition->tombstone_count = kept;
  if (forgets) partition->deleted_us = MED_WIDE_NO_TIMESTAMP;
  work->written++;
  return med_wide_partition_store(work->txn, &walked->partition_key, partition);
}

static int sweep_record(sweep *work, const med_wide_table *table, med_wide_walked *walked) {
  med_wide_row purged;
  if (!purge_copy(work, table, &walked->row, walked->arena, &purged))
    return med_error_no_memory(med_txn_error(work->txn));
  if (row_changed(&walked->row, &purged)) {
    work->written++;
    int rc = med_wide_row_replace(work->txn, table, walked->place.partition, walked->place.clustering, &purged,
                                  walked->arena);
    if (rc != MEDLEY_OK) return rc;
    walked->partition.statics = purged;
  }
  return walked->place.clustering == NULL ? sweep_tombstones(work, table, walked) : MEDLEY_OK;
}

/* Segments past their time go as wholes, before the table's records are looked at. Rows of segments are looked at one by one only where something is derived
 * from them. *sealed: some may expire. */
static int sweep_sealed(sweep *work, const med_wide_table *table, const round_state *round, bool *sealed) {
  size_t dropped = 0;
  *sealed = false;
  bool begins = round->tail.len == 0;
  if (!(table->flags & MED_WIDE_TABLE_SEGMENTS) || (!begins && !med_wide_table_derives(table))) return MEDLEY_OK;
  size_t limit = begins ? work->limit - work->looked : 0;
  int rc = med_wide_segments_expire(work->txn, table, limit, &dropped, sealed);
  work->looked += dropped;
  work->written += dropped;
  return rc;
}

/* From the row behind the round's place on; *done: the table's end was reached, else the place is the last row's. */
static int sweep_table(sweep *work, const med_wide_table *table, round_state *round, bool *done) {
  med_wide_walker *walker;
  med_wide_walked walked;
  bool sealed;
  *done = false;
  int rc = sweep_sealed(work, table, round, &sealed);
  if (rc != MEDLEY_OK || work->looked >= work->limit) return rc;
  rc = med_wide_walker_open(work->txn, table, &walker);
  if (rc != MEDLEY_OK) return rc;
  if (!med_wide_table_derives(table) || !sealed) med_wide_walker_only_records(walker);
  if (round->tail.len > 0) med_wide_walker_resume(walker, round->tail);
  while (work->looked++ < work->limit && (rc = med_wide_walker_next(walker, &walked)) == MEDLEY_OK) {
    void *tail = med_arena_copy(&work->round, walked.place.tail.bytes, walked.place.tail.len);
    rc = tail != NULL ? sweep_record(work, table, &walked) : med_error_no_memory(med_txn_error(work->txn));
    if (rc != MEDLEY_OK) break;
    round->tail = med_slice_of(tail, walked.place.tail.len);
  }
  med_wide_walker_close(walker);
  *done = rc == MEDLEY_NOT_FOUND;
  return *done ? MEDLEY_OK : rc;
}

static int sweep_round(sweep *work, bool *left) {
  round_state round;
  med_wide_catalog *catalog = NULL;
  med_wide_table table;
  bool found;
  int rc = get_round(work, &round);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc != MEDLEY_OK || med_txn_now_us(work->txn) < round.due_us) return rc;
  MED_TRY(med_wide_catalog_open(work->txn, &catalog));
  MED_TRY(next_table(work, catalog, round.table_id, &table, &found));
  if (found && table.id != round.table_id) round.tail = med_slice_of("", 0);
  while (found && work->looked < work->limit) {
    bool done;
    MED_TRY(sweep_table(work, &table, &round, &done));
    round.table_id = table.id;
    if (!done) break;
    round = (round_state){.table_id = (uint64_t)table.id + 1, .tail = med_slice_of("", 0)};
    MED_TRY(next_table(work, catalog, round.table_id, &table, &found));
  }
  *left = found;
  if (!found) round = (round_state){.due_us = med_txn_now_us(work->txn) + ROUND_US, .tail = med_slice_of("", 0)};
  work->written++;
  rc = put_round(work->txn, &round);
done:
  med_wide_catalog_release(catalog);
  return rc;
}

/* ---- Windows that are past ---- go whole, before anything of them is looked at. */
static int sweep_windows(sweep *work, bool *left) {
  size_t written;
  bool more;
  int rc = med_wide_windows_expire(work->txn, work->limit, &written, &more);
  work->written += written;
  *left = *left || more;
  return rc;
}

/* ---- Sealing ---- needs room before it gives some back: where there is none, it waits. */
static int sweep_records(sweep *work, bool *left) {
  med_mark mark = med_txn_mark(work->txn);
  bool sealing = false;
  size_t written = work->written;
  int rc = med_wide_seal_step(work->txn, work->limit, &work->looked, &work->written, &sealing);
  *left = *left || sealing;
  if ((rc != MEDLEY_FULL && rc != MEDLEY_TXN_TOO_BIG) || med_txn_broken(work->txn)) return rc;
  *left = false;
  work->written = written;
  rc = med_txn_rollback_to(work->txn, mark);
  if (rc == MEDLEY_OK) med_error_clear(med_txn_error(work->txn));
  return rc;
}

int med_wide_sweep(med_txn *txn, size_t limit, size_t *swept, bool *left) {
  sweep work = {.txn = txn, .limit = limit};
  *left = false;
  bool past_left = false;
  int rc = sweep_windows(&work, &past_left);
  if (rc == MEDLEY_OK) rc = sweep_dropped(&work, left);
  if (rc == MEDLEY_OK && work.looked < limit) rc = sweep_round(&work, left);
  if (rc == MEDLEY_OK && work.looked < limit) rc = sweep_records(&work, left);
  med_arena_clear(&work.round);
  *left = *left || past_left;
  *swept = work.written;
  return rc;
}
