/* mutation.c - writes and deletes of rows. */
#include "models/widecolumn/mutation.h"

#include "models/widecolumn/arrivals.h"
#include "models/widecolumn/catalog.h"
#include "models/widecolumn/change.h"
#include "models/widecolumn/derived.h"
#include "models/widecolumn/seal.h"
#include "models/widecolumn/sweep.h"
#include "models/widecolumn/tiers.h"
#include "models/widecolumn/window_directory.h"

/* ---- What a table does not take ---- */
static int refuse(med_txn *txn, const med_wide_table *table, int rc, const char *what) {
  return med_error_set(med_txn_error(txn), rc, "wide-column: table %.*s %s", (int)table->name.len,
                       (const char *)table->name.bytes, what);
}

static int refuse_change(med_txn *txn, const med_wide_table *table, const char *what) {
  return med_error_set(med_txn_error(txn), MEDLEY_UNSUPPORTED,
                       "wide-column: table %.*s is append-only: %s is not supported", (int)table->name.len,
                       (const char *)table->name.bytes, what);
}

int med_wide_table_note(med_txn *txn, const med_wide_table *table, uint32_t flags, bool *changed) {
  *changed = (table->flags & flags) != flags;
  if (table->time_window != NULL && flags & MED_WIDE_TABLE_TIMESTAMPS)
    return refuse(txn, table, MEDLEY_UNSUPPORTED, "has time windows: USING TIMESTAMP is not supported");
  if (table->append_only && flags & MED_WIDE_TABLE_EXPIRES) return refuse_change(txn, table, "a time to live");
  if (!*changed) return MEDLEY_OK;
  med_wide_table noted = *table;
  noted.flags |= flags;
  int rc = med_wide_catalog_put_table(txn, &noted);
  return rc == MEDLEY_OK ? med_wide_sweep_request(txn) : rc;
}

static bool settles(const med_wide_table *table) { return table->flags & MED_WIDE_TABLE_TIMESTAMPS; }
static bool has_derived(const med_wide_table *table) { return table->index_count > 0 || table->view_count > 0; }

/* ---- One row: where it stands and what is there ---- */
typedef struct row_access {
  med_txn *txn;
  const med_wide_table *table;
  const med_slice *partition_values, *clustering_values;
  med_arena *arena;
  med_key partition_key, key;
  med_buffer parts;
  med_wide_tiers tiers;
  bool hashed;
  bool has_partition; /* `partition` was loaded */
  med_wide_partition partition;
  bool there;           /* the row has a record, stands in a run, or is sealed */
  med_wide_found found; /* in a run or segment it is taken from there before it is stored */
  med_wide_row row, old;
} row_access;

static void access_clear(row_access *access) {
  med_buffer_clear(&access->parts);
  med_wide_tiers_clear(&access->tiers);
}

static int load_row(row_access *access) {
  med_wide_tiers_init(&access->tiers, access->txn, access->table);
  med_slice clustering = access->parts.len > 0 ? med_slice_of(access->parts.bytes, access->parts.len) : (med_slice){0};
  int rc = med_wide_tiers_find(&access->tiers, med_key_slice(&access->key), clustering, &access->found);
  med_wide_row_init(&access->row);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc == MEDLEY_OK) rc = med_wide_tiers_row(&access->tiers, &access->found, access->arena, &access->row);
  access->there = rc == MEDLEY_OK;
  return rc;
}

/* The row as it was, for what is derived from it. */
static int keep_old(row_access *access) {
  access->old = access->row;
  if (!has_derived(access->table) || access->row.count == 0) return MEDLEY_OK;
  access->old.cells = med_arena_copy(access->arena, access->row.cells, access->row.count * sizeof *access->row.cells);
  access->old.capacity = access->old.count;
  return access->old.cells == NULL ? med_error_no_memory(med_txn_error(access->txn)) : MEDLEY_OK;
}

static int access_open(row_access *access) {
  medley_error *error = med_txn_error(access->txn);
  int rc;
  MED_TRY(
      med_wide_partition_key(access->table, access->partition_values, &access->partition_key, &access->hashed, error));
  bool statics = access->clustering_values == NULL;
  if (statics || settles(access->table)) {
    access->has_partition = true;
    MED_TRY(
        med_wide_partition_load(access->txn, access->table, &access->partition_key, access->arena, &access->partition));
  }
  if (statics) {
    access->row = access->partition.statics;
    med_wide_partition_record_key(&access->partition_key, &access->key);
  } else {
    MED_TRY(med_wide_clustering_parts(access->table, access->clustering_values, access->table->clustering_count,
                                      &access->parts, error));
    med_wide_row_key(&access->partition_key, med_slice_of(access->parts.bytes, access->parts.len), &access->key);
    MED_TRY(load_row(access));
  }
  rc = keep_old(access);
done:
  return rc;
}

/* Tombstones of the partition bear on the row as its own do. */
static void inherit_tombstones(row_access *access) {
  if (!access->has_partition) return;
  med_slice parts = med_slice_of(access->parts.bytes, access->parts.len);
  int64_t deleted = access->clustering_values == NULL ? access->partition.deleted_us
                                                      : med_wide_partition_deleted(&access->partition, parts);
  if (deleted > access->row.deleted_us) access->row.deleted_us = deleted;
}

static int derive(row_access *access) {
  if (!has_derived(access->table)) return MEDLEY_OK;
  med_wide_place_of_row place = {
      access->table, access->partition_values, access->clustering_values,
      med_slice_of(access->key.bytes + MED_WIDE_TAIL_OFFSET, (size_t)access->key.len - MED_WIDE_TAIL_OFFSET)};
  int rc = med_wide_indexes_update(access->txn, &place, &access->old, &access->row, access->arena);
  return rc == MEDLEY_OK ? med_wide_views_update(access->txn, &place, &access->old, &access->row, access->arena) : rc;
}

static int store_statics(row_access *access) {
  access->partition.statics = access->row;
  if (access->hashed && access->partition.whole_key.len == 0) {
    access->parts.len = 0;
    if (!med_wide_partition_pack(access->table, access->partition_values, &access->parts))
      return med_error_no_memory(med_txn_error(access->txn));
    access->partition.whole_key = med_slice_of(access->parts.bytes, access->parts.len);
  }
  return med_wide_partition_store(access->txn, &access->partition_key, &access->partition);
}

/* The record of a hashed partition lives as long as a row does. */
static int forget_partition(row_access *access) {
  med_wide_partition present;
  int rc = med_wide_partition_load(access->txn, access->table, &access->partition_key, access->arena, &present);
  return rc == MEDLEY_OK ? med_wide_partition_store(access->txn, &access->partition_key, &present) : rc;
}

/* Of a row that was found. */
static int delete_record(row_access *access) {
  const med_wide_table *table = access->table;
  int rc = med_wide_record_delete(access->txn, med_key_slice(&access->key));
  if (rc != MEDLEY_NOT_FOUND) return rc;
  return med_error_set(med_txn_error(access->txn), MEDLEY_CORRUPT, "wide-column: table %.*s: a row is missing",
                       (int)table->name.len, (const char *)table->name.bytes);
}

static bool has_record(const row_access *access) {
  return access->there && !access->found.sealed && !access->found.in_run;
}

/* A row leaves its run or segment. */
static int take_away(row_access *access) {
  if (has_record(access)) return delete_record(access);
  int rc = med_wide_tiers_take(&access->tiers, &access->found);
  if (rc != MEDLEY_OK || access->found.in_run) return rc;
  return med_wide_seal_note(access->txn, access->table, med_key_slice(&access->key));
}

static int store_row(row_access *access) {
  if (access->clustering_values == NULL) return store_statics(access);
  med_slice key = med_key_slice(&access->key);
  if (med_wide_row_is_empty(&access->row)) {
    if (!access->there) return MEDLEY_OK;
    int rc = take_away(access);
    return rc == MEDLEY_OK && access->hashed ? forget_partition(access) : rc;
  }
  med_buffer bytes = {0};
  int rc = MEDLEY_OK;
  if (access->there && !has_record(access))
    rc = take_away(access);
  else if (!access->there)
    rc = med_wide_seal_note(access->txn, access->table, key);
  if (rc == MEDLEY_OK && !med_wide_row_encode(&access->row, &bytes))
    rc = med_error_no_memory(med_txn_error(access->txn));
  if (rc == MEDLEY_OK && has_record(access))
    rc = med_wide_record_put(access->txn, key, med_slice_of(bytes.bytes, bytes.len));
  else if (rc == MEDLEY_OK)
    rc = med_wide_record_add(access->txn, key, med_slice_of(bytes.bytes, bytes.len));
  med_buffer_clear(&bytes);
  if (rc == MEDLEY_OK && access->hashed && !access->there)
    rc = med_wide_partition_remember(access->txn, access->table, access->partition_values, &access->partition_key,
                                     access->arena);
  return rc;
}

static int store(row_access *access) {
  int rc = store_row(access);
  return rc == MEDLEY_OK ? derive(access) : rc;
}

int med_wide_row_replace(med_txn *txn, const med_wide_table *table, const med_slice *partition,
                         const med_slice *clustering, const med_wide_row *row, med_arena *arena) {
  row_access access = {
      .txn = txn, .table = table, .partition_values = partition, .clustering_values = clustering, .arena = arena};
  int rc = access_open(&access);
  if (rc == MEDLEY_OK) {
    access.row = *row;
    rc = store(&access);
  }
  access_clear(&access);
  return rc;
}

/* ---- Writing ---- */
static int apply_changes(row_access *access, const med_wide_write *write) {
  int64_t now_us = med_txn_now_us(access->txn);
  med_store *handle = med_txn_store(access->txn);
  bool force = !settles(access->table);
  med_wide_changer changer = {.row = &access->row,
                              .arena = access->arena,
                              .error = med_txn_error(access->txn),
                              .force = force,
                              .timestamp_us = write->timestamp_us,
                              .now_s = now_us / 1000000,
                              .ttl_s = write->ttl_s,
                              .time_us = (uint64_t)now_us};
  if (write->ttl_s != 0) changer.expiry_s = (uint32_t)(changer.now_s + write->ttl_s);
  if (write->marker) {
    med_wide_marker marker = {true, write->timestamp_us, changer.ttl_s, changer.expiry_s};
    med_wide_row_mark(&access->row, &marker, force);
  }
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < write->change_count; i++) {
    if (write->changes[i].column->type.kind == MED_WIDE_LIST && changer.salt == 0)
      changer.salt = (uint32_t)med_store_random(handle) | 1;
    rc = med_wide_change_apply(&changer, &write->changes[i]);
  }
  return rc;
}

int med_wide_refuse_present(med_txn *txn, const med_wide_table *table) {
  return refuse(txn, table, MEDLEY_EXISTS, "is append-only: a row of that key is there");
}

static int check_append(const row_access *access, const med_wide_write *write) {
  const med_wide_table *table = access->table;
  if (!table->append_only) return MEDLEY_OK;
  if (!write->marker) return refuse_change(access->txn, table, "UPDATE");
  if (write->ttl_s != 0) return refuse_change(access->txn, table, "a time to live");
  return access->there ? med_wide_refuse_present(access->txn, table) : MEDLEY_OK;
}

/* ---- Writing later ---- */
static int put_off(med_txn *txn, const med_wide_write *write, med_arena *arena, bool *taken) {
  row_access access = {.txn = txn, .table = write->table, .arena = arena};
  medley_error *error = med_txn_error(txn);
  int rc;
  *taken = false;
  MED_TRY(med_wide_partition_key(write->table, write->partition, &access.partition_key, &access.hashed, error));
  if (access.hashed) goto done; /* its values are to be remembered */
  MED_TRY(
      med_wide_clustering_parts(write->table, write->clustering, write->table->clustering_count, &access.parts, error));
  med_wide_row_key(&access.partition_key, med_slice_of(access.parts.bytes, access.parts.len), &access.key);
  med_wide_row_init(&access.row);
  MED_TRY(apply_changes(&access, write));
  rc = med_wide_arrivals_add(txn, write->table, med_key_slice(&access.key), (size_t)access.key.len - access.parts.len,
                             &access.row, write, taken);
done:
  access_clear(&access);
  return rc;
}

/* *taken: it is put off. */
static int apply_later(med_txn *txn, const med_wide_write *write, med_arena *arena, bool *taken) {
  *taken = false;
  if (!med_wide_arrivals_may_take(write)) return MEDLEY_OK;
  int rc = med_wide_arrivals_accept(txn, taken);
  return rc == MEDLEY_OK && *taken ? put_off(txn, write, arena, taken) : rc;
}

static void merge_row(med_wide_row *row, const med_wide_arrived_row *arrived, const med_wide_row *with,
                      med_arena *arena, bool *ok) {
  const med_wide_table *table = arrived->table;
  if (with->marker.present) med_wide_row_mark(row, &with->marker, true);
  for (size_t i = 0; i < arrived->null_count; i++) med_wide_row_drop_column(row, arrived->nulls[i], 0, true);
  for (size_t i = 0; *ok && i < with->count; i++) {
    const med_wide_column *column = med_wide_table_column_by_id(table, with->cells[i].column_id);
    if (column != NULL) *ok = med_wide_row_put(row, column, &with->cells[i], true, arena);
  }
}

int med_wide_apply_arrived(med_txn *txn, const med_wide_arrived_row *arrived, med_arena *arena) {
  static const med_slice some[1]; /* a row's key has clustering values; what they are is known no more */
  row_access access = {.txn = txn, .table = arrived->table, .clustering_values = some, .arena = arena};
  med_wide_row with;
  med_slice record = med_slice_of((const uint8_t *)arrived->record.bytes + 1, arrived->record.len - 1);
  bool ok = true;
  med_key_set(&access.key, arrived->key);
  int rc = load_row(&access);
  if (rc == MEDLEY_OK) rc = med_wide_row_decode(record, arena, &with, med_txn_error(txn));
  if (rc == MEDLEY_OK) merge_row(&access.row, arrived, &with, arena, &ok);
  if (rc == MEDLEY_OK) rc = ok ? store_row(&access) : med_error_no_memory(med_txn_error(txn));
  access_clear(&access);
  return rc;
}

static int apply_to(med_txn *txn, const med_wide_write *write, med_arena *arena) {
  bool taken;
  row_access access = {.txn = txn,
                       .table = write->table,
                       .partition_values = write->partition,
                       .clustering_values = write->clustering,
                       .arena = arena};
  int rc = apply_later(txn, write, arena, &taken);
  if (rc != MEDLEY_OK || taken) return rc;
  rc = access_open(&access);
  int64_t own = access.row.deleted_us;
  if (rc == MEDLEY_OK) rc = check_append(&access, write);
  if (rc == MEDLEY_OK) {
    inherit_tombstones(&access);
    rc = apply_changes(&access, write);
    access.row.deleted_us = own;
  }
  if (rc == MEDLEY_OK) rc = store(&access);
  access_clear(&access);
  return rc;
}

/* Where no window is, or none any more, nothing needs to be deleted. */
static bool only_deletes(const med_wide_write *write) {
  bool deletes = !write->marker;
  for (size_t i = 0; deletes && i < write->change_count; i++)
    deletes = write->changes[i].kind == MED_WIDE_CHANGE_SET && med_wide_is_null(write->changes[i].value);
  return deletes;
}

int med_wide_apply(med_txn *txn, const med_wide_write *write, med_arena *arena) {
  med_wide_table window;
  med_wide_write own = *write;
  if (write->table->time_window == NULL) return apply_to(txn, write, arena);
  int64_t number = med_wide_time_window_of_row(write->table, write->partition, write->clustering);
  bool deletes = only_deletes(write) && !write->table->append_only, waits = write->may_wait;
  if (waits) med_txn_look_around(txn, true); /* which windows there are has nothing to do with the rows that wait */
  int rc = deletes ? med_wide_window_find(txn, write->table, number, &window)
                   : med_wide_window_need(txn, write->table, number, &window);
  if (waits) med_txn_look_around(txn, false);
  own.table = &window;
  if (deletes && rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  return rc == MEDLEY_OK ? apply_to(txn, &own, arena) : rc;
}

/* ---- Deleting ---- */
static int delete_opened(row_access *access, int64_t timestamp_us, bool leave_tombstone) {
  bool force = !settles(access->table);
  med_wide_row_drop(&access->row, timestamp_us, force);
  if (!force && leave_tombstone && timestamp_us > access->row.deleted_us) access->row.deleted_us = timestamp_us;
  if (!leave_tombstone && access->row.deleted_us <= timestamp_us) access->row.deleted_us = MED_WIDE_NO_TIMESTAMP;
  return store(access);
}

int med_wide_delete_row(med_txn *txn, const med_wide_table *table, const med_slice *partition,
                        const med_slice *clustering, int64_t timestamp_us, med_arena *arena) {
  med_wide_table window;
  if (table->append_only) return refuse_change(txn, table, "DELETE");
  if (table->time_window != NULL) {
    int found = med_wide_window_find(txn, table, med_wide_time_window_of_row(table, partition, clustering), &window);
    if (found != MEDLEY_OK) return found == MEDLEY_NOT_FOUND ? MEDLEY_OK : found;
    table = &window;
  }
  row_access access = {
      .txn = txn, .table = table, .partition_values = partition, .clustering_values = clustering, .arena = arena};
  int rc = access_open(&access);
  if (rc == MEDLEY_OK) rc = delete_opened(&access, timestamp_us, true);
  access_clear(&access);
  return rc;
}

/* One row of a range; what the range's tombstone says need not be said by the row. */
static int delete_in_range(med_txn *txn, const med_wide_table *table, const med_slice *partition, med_slice parts,
                           int64_t timestamp_us, med_arena *arena) {
  med_slice clustering[MED_WIDE_KEY_COLUMNS_MAX + 1];
  int rc = med_wide_key_values(med_wide_clustering(table), table->clustering_count, parts, arena, clustering,
                               med_txn_error(txn));
  if (rc != MEDLEY_OK) return rc;
  row_access access = {
      .txn = txn, .table = table, .partition_values = partition, .clustering_values = clustering, .arena = arena};
  rc = access_open(&access);
  if (rc == MEDLEY_OK) rc = delete_opened(&access, timestamp_us, false);
  access_clear(&access);
  return rc;
}

/* The next row at or behind a place that begins as all of the partition's do, and is in the range: its key is the place then. NOT_FOUND. */
static int next_row(med_wide_tiers *tiers, const med_key *rows, const med_wide_range *range, med_key *at) {
  med_wide_found found;
  int rc = med_wide_tiers_seek(tiers, med_key_slice(at), &found);
  if (rc != MEDLEY_OK) return rc;
  if (!med_slice_starts_with(found.key, med_key_slice(rows))) return MEDLEY_NOT_FOUND;
  at->len = 0;
  med_wide_key_extend(at, found.key);
  if (at->len > MED_WIDE_ROW_KEY_MAX)
    return med_error_set(med_txn_error(tiers->txn), MEDLEY_CORRUPT, "wide-column: a damaged key");
  med_slice parts = med_slice_of(at->bytes + rows->len, (size_t)at->len - rows->len);
  return range == NULL || med_wide_range_has(range, parts) ? MEDLEY_OK : MEDLEY_NOT_FOUND;
}

static int delete_rows(med_txn *txn, const med_wide_table *table, const med_slice *partition, const med_key *prefix,
                       const med_wide_range *range, int64_t timestamp_us) {
  med_arena arena = {0};
  med_wide_tiers tiers;
  med_key at, rows;
  int rc = MEDLEY_OK, delete_rc = MEDLEY_OK;
  med_wide_tiers_init(&tiers, txn, table);
  med_wide_row_key(prefix, med_slice_of("", 0), &rows);
  med_wide_row_key(prefix, range != NULL ? range->from : med_slice_of("", 0), &at);
  while (delete_rc == MEDLEY_OK) {
    rc = next_row(&tiers, &rows, range, &at);
    if (rc != MEDLEY_OK) break;
    med_slice parts = med_slice_of(at.bytes + rows.len, (size_t)at.len - rows.len);
    delete_rc = delete_in_range(txn, table, partition, parts, timestamp_us, &arena);
    med_arena_reset(&arena);
    at.bytes[at.len++] = 0; /* the next key that there can be */
  }
  med_wide_tiers_clear(&tiers);
  med_arena_clear(&arena);
  return rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND ? delete_rc : rc;
}

static int add_tombstone(med_wide_partition *partition, const med_wide_range *range, int64_t timestamp_us,
                         med_arena *arena, medley_error *error) {
  med_wide_tombstone *all = med_arena_alloc(arena, (partition->tombstone_count + 1) * sizeof *all);
  if (all == NULL) return med_error_no_memory(error);
  size_t kept = 0;
  for (size_t i = 0; i < partition->tombstone_count; i++) {
    const med_wide_tombstone *old = &partition->tombstones[i];
    bool same = med_slice_equal(old->range.from, range->from) && med_slice_equal(old->range.to, range->to) &&
                (old->range.to.bytes == NULL) == (range->to.bytes == NULL);
    if (!same || old->deleted_us > timestamp_us) all[kept++] = *old;
  }
  all[kept++] = (med_wide_tombstone){*range, timestamp_us};
  partition->tombstones = all;
  partition->tombstone_count = kept;
  return MEDLEY_OK;
}

/* The statics go, and a tombstone of the range or of all comes, where they are kept. */
static int delete_in_partition(row_access *access, const med_wide_range *range, int64_t timestamp_us) {
  med_wide_partition *partition = &access->partition;
  bool settle = settles(access->table);
  int rc = MEDLEY_OK;
  if (range == NULL) {
    med_wide_row_drop(&access->row, timestamp_us, !settle);
    if (access->row.deleted_us <= timestamp_us) access->row.deleted_us = MED_WIDE_NO_TIMESTAMP;
    if (settle && timestamp_us > partition->deleted_us) partition->deleted_us = timestamp_us;
  } else if (settle) {
    rc = add_tombstone(partition, range, timestamp_us, access->arena, med_txn_error(access->txn));
  }
  return rc == MEDLEY_OK ? store(access) : rc;
}

static int delete_range_of(med_txn *txn, const med_wide_table *table, const med_slice *partition,
                           const med_wide_range *range, int64_t timestamp_us, med_arena *arena) {
  row_access access = {.txn = txn, .table = table, .partition_values = partition, .arena = arena};
  int rc = access_open(&access);
  if (rc == MEDLEY_OK) rc = delete_rows(txn, table, partition, &access.partition_key, range, timestamp_us);
  access_clear(&access);
  if (rc != MEDLEY_OK) return rc;
  /* Read again: a hashed partition's record may have gone with its last row. */
  access = (row_access){.txn = txn, .table = table, .partition_values = partition, .arena = arena};
  rc = access_open(&access);
  if (rc == MEDLEY_OK) rc = delete_in_partition(&access, range, timestamp_us);
  access_clear(&access);
  return rc;
}

/* The windows that may have such rows. */
static int range_span(med_txn *txn, const med_wide_table *table, const med_slice *partition,
                      const med_wide_range *range, med_wide_window_span *span) {
  med_key prefix, from, to;
  bool hashed;
  size_t prefix_len;
  int rc = med_wide_partition_key(table, partition, &prefix, &hashed, med_txn_error(txn));
  if (rc != MEDLEY_OK) return rc;
  if (table->time_window->column < table->partition_count) {
    span->first = span->last = med_wide_time_window_of_row(table, partition, NULL);
    return MEDLEY_OK;
  }
  med_wide_row_key(&prefix, range != NULL ? range->from : med_slice_of("", 0), &from);
  med_wide_row_key(&prefix, range != NULL ? range->to : med_slice_of("", 0), &to);
  if (range == NULL || range->to.bytes == NULL) {
    med_key rows = to;
    (void)med_key_after_prefix(&to, med_key_slice(&rows)); /* it begins with 04 */
  }
  rc = med_wide_window_span_of_keys(table, med_key_slice(&from), med_key_slice(&to), span, &prefix_len);
  return rc == MEDLEY_OK ? rc : med_error_no_memory(med_txn_error(txn));
}

int med_wide_delete_range(med_txn *txn, const med_wide_table *table, const med_slice *partition,
                          const med_wide_range *range, int64_t timestamp_us, med_arena *arena) {
  med_wide_window_span span;
  med_wide_table window;
  med_cursor *cursor;
  if (table->append_only) return refuse_change(txn, table, "DELETE");
  if (table->time_window == NULL) return delete_range_of(txn, table, partition, range, timestamp_us, arena);
  int rc = range_span(txn, table, partition, range, &span);
  if (rc == MEDLEY_OK) rc = med_cursor_open(txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  while (rc == MEDLEY_OK && span.first <= span.last) {
    rc = med_wide_window_next(txn, cursor, table, span.first, true, &window);
    if (rc != MEDLEY_OK || !med_wide_window_span_has(&span, window.window_number)) break;
    rc = delete_range_of(txn, &window, partition, range, timestamp_us, arena);
    if (window.window_number == INT64_MAX) break;
    span.first = window.window_number + 1;
  }
  med_cursor_close(cursor);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}
