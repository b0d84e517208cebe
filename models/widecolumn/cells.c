/* cells.c - changes of a table of cells. */
#include "models/widecolumn/cells.h"

#include "models/widecolumn/mutation.h"

static medley_error *slot(const med_cells *cells) { return med_txn_error(cells->txn); }
static med_slice no_slice(void) { return med_slice_of("", 0); }

int med_cells_open(med_txn *txn, const med_wide_table *table, const med_cells_host *host, med_cells *cells) {
  *cells = (med_cells){.txn = txn, .table = *table, .host = host, .now_ms = med_txn_now_us(txn) / 1000};
  if (table->family_count > 0) return MEDLEY_OK;
  return med_error_set(med_txn_error(txn), MEDLEY_TYPE, "cells: %.*s.%.*s is not a table of cells",
                       (int)table->keyspace.len, (const char *)table->keyspace.bytes, (int)table->name.len,
                       (const char *)table->name.bytes);
}

void med_cells_close(med_cells *cells) {
  med_wide_reader_close(cells->reader);
  cells->reader = NULL;
  med_arena_clear(&cells->arena);
}

/* ---- Keys ---- */
void med_cells_place_init(med_cells_place *place, med_slice key, med_slice family, med_slice qualifier,
                          int64_t version_ms) {
  med_put_u32(place->region, 0);
  med_put_u64(place->version, (uint64_t)version_ms);
  place->partition[0] = med_slice_of(place->region, sizeof place->region);
  place->clustering[0] = key;
  place->clustering[1] = family;
  place->clustering[2] = qualifier.len > 0 ? qualifier : no_slice();
  place->clustering[3] = med_slice_of(place->version, sizeof place->version);
}

int med_cells_range(med_cells *cells, const med_cells_place *place, size_t parts, const int64_t *up_to_ms,
                    med_arena *arena, med_wide_range *range) {
  uint8_t version[8] = {0};
  med_wide_bound upper = {med_slice_of(version, sizeof version), true};
  if (up_to_ms != NULL) med_put_u64(version, (uint64_t)*up_to_ms);
  return med_wide_clustering_range(&cells->table, place->clustering, parts, NULL, up_to_ms != NULL ? &upper : NULL,
                                   arena, range, slot(cells));
}

static size_t key_part_len(med_slice bytes) {
  size_t len = bytes.len + 2;
  for (size_t i = 0; i < bytes.len; i++) len += ((const uint8_t *)bytes.bytes)[i] == 0;
  return len;
}

/* How many bytes a cell's key takes; what is too long need not be counted byte by byte. */
static size_t key_len(med_slice key, med_slice family, med_slice qualifier) {
  if (key.len > MED_WIDE_CLUSTERING_MAX || qualifier.len > MED_WIDE_CLUSTERING_MAX)
    return key.len + family.len + qualifier.len;
  return key_part_len(key) + key_part_len(family) + key_part_len(qualifier) + 8;
}

bool med_cells_has_room(med_slice key, med_slice family, med_slice qualifier) {
  return key_len(key, family, qualifier) <= MED_WIDE_CLUSTERING_MAX;
}

int med_cells_check_key(med_cells *cells, med_slice key, med_slice family, med_slice qualifier) {
  if (key.len == 0) return med_error_set(slot(cells), MEDLEY_RANGE, "cells: a row's key may not be empty");
  if (med_cells_has_room(key, family, qualifier)) return MEDLEY_OK;
  return med_error_set(slot(cells), MEDLEY_TOO_BIG,
                       "cells: key, family and qualifier take %zu bytes, and have room for %d",
                       key_len(key, family, qualifier), MED_WIDE_CLUSTERING_MAX);
}

int med_cells_family(med_cells *cells, const char *name, const med_wide_family **family) {
  size_t len = strlen(name);
  *family = med_wide_family_find(&cells->table, med_slice_of(name, len));
  if (*family != NULL) return MEDLEY_OK;
  return med_error_set(slot(cells), MEDLEY_NOT_FOUND, "cells: %.*s.%.*s has no family %.*s",
                       (int)cells->table.keyspace.len, (const char *)cells->table.keyspace.bytes,
                       (int)cells->table.name.len, (const char *)cells->table.name.bytes, (int)(len < 100 ? len : 100),
                       name);
}

/* ---- Reading one column ---- */
med_slice med_cells_value(const med_cells *cells, const med_wide_entry *entry) {
  const med_wide_column *column = &cells->table.columns[MED_CELLS_VALUE];
  const med_wide_cell *cell = med_wide_row_cell(entry->row, column, med_slice_of(NULL, 0));
  bool there = cell != NULL && med_wide_cell_is_live(cell, cells->now_ms / 1000) && cell->value.bytes != NULL;
  return there ? cell->value : no_slice();
}

static int read_range(med_cells *cells, const med_cells_place *place, const med_wide_range *range) {
  if (cells->reader == NULL) {
    int rc = med_wide_reader_open(cells->txn, &cells->table, &cells->reader);
    if (rc != MEDLEY_OK) return rc;
  }
  return med_wide_reader_partition(cells->reader, place->partition, range, false);
}

/* What a cell of a column is when it is named by a caller: its family is looked for, its key has room. */
static int place_of(med_cells *cells, med_slice key, const medley_cell *column, const med_wide_family **family,
                    med_cells_place *place) {
  int rc = med_cells_family(cells, column->family, family);
  if (rc == MEDLEY_OK) rc = med_cells_check_key(cells, key, (*family)->name, column->qualifier);
  if (rc == MEDLEY_OK) med_cells_place_init(place, key, (*family)->name, column->qualifier, column->version_ms);
  return rc;
}

/* Its newest cell: version and value, in the cells' arena; NOT_FOUND without a message. */
static int newest(med_cells *cells, const med_cells_place *place, int64_t *version_ms, med_slice *value) {
  med_wide_range range;
  med_wide_entry entry;
  bool ok = true;
  int rc = med_cells_range(cells, place, MED_CELLS_COLUMN, NULL, &cells->arena, &range);
  if (rc == MEDLEY_OK) rc = read_range(cells, place, &range);
  if (rc == MEDLEY_OK) rc = med_wide_reader_next(cells->reader, &entry);
  if (rc != MEDLEY_OK) return rc;
  *version_ms = med_cells_version(&entry);
  *value = med_wide_copy(&cells->arena, med_cells_value(cells, &entry), &ok);
  return ok ? MEDLEY_OK : med_error_no_memory(slot(cells));
}

bool med_cells_compares(med_slice value, medley_cells_comparison comparison, med_slice constant) {
  int order = med_slice_compare(value, constant);
  switch (comparison) {
    case MEDLEY_CELLS_ANY: return true;
    case MEDLEY_CELLS_ABSENT: return false;
    case MEDLEY_CELLS_EQUAL: return order == 0;
    case MEDLEY_CELLS_NOT_EQUAL: return order != 0;
    case MEDLEY_CELLS_LESS: return order < 0;
    case MEDLEY_CELLS_LESS_OR_EQUAL: return order <= 0;
    case MEDLEY_CELLS_GREATER: return order > 0;
    case MEDLEY_CELLS_GREATER_OR_EQUAL: return order >= 0;
  }
  return false;
}

int med_cells_holds(med_cells *cells, med_slice key, const medley_cells_check *check, bool *holds) {
  const medley_cell column = {.family = check->family, .qualifier = check->qualifier};
  const med_wide_family *family;
  med_cells_place place;
  int64_t version_ms;
  med_slice value;
  med_arena_reset(&cells->arena);
  int rc = place_of(cells, key, &column, &family, &place);
  if (rc != MEDLEY_OK) return rc;
  rc = newest(cells, &place, &version_ms, &value);
  *holds = rc == MEDLEY_OK ? med_cells_compares(value, check->comparison, check->value)
                           : check->comparison == MEDLEY_CELLS_ABSENT;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* ---- Putting ---- */
static int note_expiry(med_cells *cells, uint32_t ttl_s) {
  bool changed;
  if (ttl_s == 0) return MEDLEY_OK;
  int rc = med_wide_table_note(cells->txn, &cells->table, MED_WIDE_TABLE_EXPIRES, &changed);
  if (rc == MEDLEY_OK) cells->table.flags |= MED_WIDE_TABLE_EXPIRES;
  return rc;
}

/* Versions of the column that are one too many. */
static int trim(med_cells *cells, const med_cells_place *place, const med_wide_family *family) {
  med_wide_range range;
  med_wide_entry entry;
  uint32_t kept = 0, deleted = 0;
  if (family->max_versions == 0) return MEDLEY_OK;
  int rc = med_cells_range(cells, place, MED_CELLS_COLUMN, NULL, &cells->arena, &range);
  if (rc == MEDLEY_OK) rc = read_range(cells, place, &range);
  while (rc == MEDLEY_OK && deleted < MED_CELLS_TRIM_MAX &&
         (rc = med_wide_reader_next(cells->reader, &entry)) == MEDLEY_OK) {
    if (kept++ < family->max_versions) continue;
    deleted++;
    rc = med_wide_delete_row(cells->txn, &cells->table, place->partition, entry.clustering,
                             cells->host->next_timestamp_us(cells->host->context), &cells->arena);
  }
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int put_at(med_cells *cells, const med_cells_place *place, const med_wide_family *family, med_slice value) {
  uint32_t ttl_s = family->ttl_s > 0 ? family->ttl_s : cells->table.default_ttl_s;
  int rc = note_expiry(cells, ttl_s);
  if (rc != MEDLEY_OK) return rc;
  med_wide_change set = {.kind = MED_WIDE_CHANGE_SET,
                         .column = &cells->table.columns[MED_CELLS_VALUE],
                         .value = value.len > 0 ? value : no_slice()};
  med_wide_write write = {.table = &cells->table,
                          .partition = place->partition,
                          .clustering = place->clustering,
                          .timestamp_us = cells->host->next_timestamp_us(cells->host->context),
                          .ttl_s = ttl_s,
                          .marker = true,
                          .changes = &set,
                          .change_count = 1};
  rc = med_wide_apply(cells->txn, &write, &cells->arena);
  return rc == MEDLEY_OK ? trim(cells, place, family) : rc;
}

static int check_value(med_cells *cells, size_t len) {
  if (len <= MED_CELLS_VALUE_MAX) return MEDLEY_OK;
  return med_error_set(slot(cells), MEDLEY_TOO_BIG, "cells: a value of %zu bytes is longer than the maximum of %zu",
                       len, (size_t)MED_CELLS_VALUE_MAX);
}

static int put(med_cells *cells, med_slice key, const medley_cell *cell) {
  const med_wide_family *family;
  med_cells_place place;
  medley_cell versioned = *cell;
  int rc;
  if (cell->version_ms < 0)
    return med_error_set(slot(cells), MEDLEY_RANGE, "cells: a version is a time since 1970: %lld",
                         (long long)cell->version_ms);
  if (cell->version_ms == 0) versioned.version_ms = cells->now_ms;
  MED_TRY(place_of(cells, key, &versioned, &family, &place));
  MED_TRY(check_value(cells, cell->value.len));
  rc = put_at(cells, &place, family, cell->value);
done:
  return rc;
}

/* ---- Deleting ---- */
static int delete_version(med_cells *cells, med_slice key, const medley_cell *cell) {
  const med_wide_family *family;
  med_cells_place place;
  med_slice value;
  int64_t version_ms = cell->version_ms;
  int rc;
  MED_TRY(place_of(cells, key, cell, &family, &place));
  if (version_ms == 0) {
    rc = newest(cells, &place, &version_ms, &value);
    if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
    if (rc != MEDLEY_OK) return rc;
    med_put_u64(place.version, (uint64_t)version_ms);
  }
  rc = med_wide_delete_row(cells->txn, &cells->table, place.partition, place.clustering,
                           cells->host->next_timestamp_us(cells->host->context), &cells->arena);
done:
  return rc;
}

/* Of several columns, cell by cell. */
static int delete_up_to(med_cells *cells, const med_cells_place *place, const med_wide_range *range, int64_t up_to_ms) {
  med_wide_entry entry;
  med_arena arena = {0};
  int rc = read_range(cells, place, range);
  while (rc == MEDLEY_OK && (rc = cells->host->poll(cells->host->context)) == MEDLEY_OK &&
         (rc = med_wide_reader_next(cells->reader, &entry)) == MEDLEY_OK) {
    if (med_cells_version(&entry) > up_to_ms) continue;
    rc = med_wide_delete_row(cells->txn, &cells->table, place->partition, entry.clustering,
                             cells->host->next_timestamp_us(cells->host->context), &arena);
    med_arena_reset(&arena);
  }
  med_arena_clear(&arena);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int delete_all(med_cells *cells, med_slice key, const medley_cell *cell) {
  size_t parts = cell->family == NULL            ? MED_CELLS_ROW
                 : cell->qualifier.bytes == NULL ? MED_CELLS_FAMILY_OF_ROW
                                                 : MED_CELLS_COLUMN;
  const med_wide_family *family = NULL;
  med_cells_place place;
  med_wide_range range;
  int rc = MEDLEY_OK;
  if (cell->family != NULL) MED_TRY(med_cells_family(cells, cell->family, &family));
  med_slice name = family != NULL ? family->name : no_slice();
  MED_TRY(med_cells_check_key(cells, key, name, cell->qualifier));
  med_cells_place_init(&place, key, name, cell->qualifier, 0);
  bool bounded = cell->version_ms != 0;
  MED_TRY(med_cells_range(cells, &place, parts, bounded && parts == MED_CELLS_COLUMN ? &cell->version_ms : NULL,
                          &cells->arena, &range));
  if (bounded && parts != MED_CELLS_COLUMN) return delete_up_to(cells, &place, &range, cell->version_ms);
  rc = med_wide_delete_range(cells->txn, &cells->table, place.partition, &range,
                             cells->host->next_timestamp_us(cells->host->context), &cells->arena);
done:
  return rc;
}

int med_cells_apply(med_cells *cells, med_slice key, const medley_cells_change *changes, size_t count) {
  int rc = med_cells_check_key(cells, key, no_slice(), no_slice());
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    rc = cells->host->poll(cells->host->context);
    if (rc != MEDLEY_OK) break;
    med_arena_reset(&cells->arena);
    switch (changes[i].kind) {
      case MEDLEY_CELLS_PUT: rc = put(cells, key, &changes[i].cell); break;
      case MEDLEY_CELLS_DELETE: rc = delete_all(cells, key, &changes[i].cell); break;
      case MEDLEY_CELLS_DELETE_VERSION: rc = delete_version(cells, key, &changes[i].cell); break;
    }
  }
  return rc;
}

/* ---- Made of what is there ---- */
/* The newest cell of a column, and the place of the one that takes its turn. *value: NULL bytes if there is none. */
static int open_newest(med_cells *cells, med_slice key, const medley_cell *column, const med_wide_family **family,
                       med_cells_place *place, med_slice *value) {
  int64_t version_ms;
  med_arena_reset(&cells->arena);
  int rc = place_of(cells, key, column, family, place);
  if (rc != MEDLEY_OK) return rc;
  rc = newest(cells, place, &version_ms, value);
  if (rc == MEDLEY_NOT_FOUND) {
    *value = med_slice_of(NULL, 0);
    version_ms = 0;
    rc = MEDLEY_OK;
  }
  if (rc == MEDLEY_OK) med_put_u64(place->version, (uint64_t)(version_ms > cells->now_ms ? version_ms : cells->now_ms));
  return rc;
}

int med_cells_increment(med_cells *cells, med_slice key, const medley_cell *column, int64_t by, int64_t *result) {
  const med_wide_family *family;
  med_cells_place place;
  med_slice value;
  uint8_t sum[8];
  int rc;
  MED_TRY(open_newest(cells, key, column, &family, &place, &value));
  if (value.bytes != NULL && value.len != sizeof sum)
    return med_error_set(slot(cells), MEDLEY_TYPE, "cells: an increment of a value of %zu bytes; it must have 8",
                         value.len);
  int64_t present = value.bytes != NULL ? (int64_t)med_get_u64(value.bytes) : 0;
  if (__builtin_add_overflow(present, by, result))
    return med_error_set(slot(cells), MEDLEY_RANGE, "cells: an increment beyond 64 bits");
  med_put_u64(sum, (uint64_t)*result);
  rc = put_at(cells, &place, family, med_slice_of(sum, sizeof sum));
done:
  return rc;
}

int med_cells_append(med_cells *cells, med_slice key, const medley_cell *column, med_slice bytes, med_slice *result) {
  const med_wide_family *family;
  med_cells_place place;
  med_slice value;
  int rc;
  MED_TRY(open_newest(cells, key, column, &family, &place, &value));
  if (bytes.len > MED_CELLS_VALUE_MAX) return check_value(cells, bytes.len);
  MED_TRY(check_value(cells, value.len + bytes.len));
  char *joined = med_arena_alloc(&cells->arena, value.len + bytes.len + 1);
  if (joined == NULL) return med_error_no_memory(slot(cells));
  if (value.len > 0) memcpy(joined, value.bytes, value.len);
  if (bytes.len > 0) memcpy(joined + value.len, bytes.bytes, bytes.len);
  *result = med_slice_of(joined, value.len + bytes.len);
  rc = put_at(cells, &place, family, *result);
done:
  return rc;
}
