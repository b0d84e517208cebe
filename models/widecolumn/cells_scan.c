/* cells_scan.c - reading rows of cells. */
#include "models/widecolumn/cells_scan.h"

#include <stdlib.h>

#include "models/widecolumn/value_key.h"

/* Where the walk goes on. */
typedef enum leap {
  NEXT_CELL, /* the next key */
  NEXT_COLUMN,
  NEXT_WANTED, /* the next column that is asked for */
  NEXT_ROW
} leap;

/* What is asked for: a column, or those of a family that begin with the query's prefix. */
typedef struct wanted {
  med_slice family, qualifier; /* of a family: the prefix */
  bool whole;
} wanted;

struct med_cells_scan {
  med_cells *cells;
  const medley_cells_query *query;
  wanted *wanted; /* in the order of columns, apart from each other */
  size_t wanted_count;
  med_wide_reader *forward, *backward;
  med_arena bounds;        /* of the span, and what is asked for */
  med_arena scratch;       /* of one leap */
  med_buffer end;          /* backwards: of the span */
  med_wide_range span;     /* of clustering keys: what is left of the scan, backwards; all of it, forwards */
  bool one_row;            /* no others are looked for */
  bool nothing;            /* the span has no keys */
  bool only_named;         /* single columns are asked for, no families */
  bool started, has_entry; /* has_entry: forward stands on one that has not been looked at */
  med_wide_entry entry;
  uint64_t rows;
  /* The present row */
  med_arena *arena;
  med_slice key;
  med_slice row_end; /* backwards: where its keys end, in the arena */
  medley_cell *cells_found;
  size_t count, capacity, bytes;
  /* The present column */
  med_buffer column; /* its family's name and its qualifier */
  const med_wide_family *family;
  med_slice qualifier;
  uint32_t rank, shown; /* versions that were come by; that were within the times */
};

static medley_error *slot(const med_cells_scan *scan) { return med_txn_error(scan->cells->txn); }
static med_slice empty(void) { return med_slice_of("", 0); }

/* ---- The span ---- */
/* A bound that is closer takes the place of the present one. An end without bytes is none. */
static void narrow(med_wide_range *span, med_slice from, med_slice to) {
  if (med_slice_compare(from, span->from) > 0) span->from = from;
  if (to.bytes != NULL && (span->to.bytes == NULL || med_slice_compare(to, span->to) < 0)) span->to = to;
}

/* The part of a key: where rows of that key begin. behind: cut, so that all that begin with these bytes do. */
static int key_part(med_cells_scan *scan, med_slice key, bool as_prefix, med_slice *part) {
  med_buffer bytes = {0};
  bool ok = true;
  int rc = med_wide_key_add(&scan->cells->table.columns[MED_CELLS_KEY].type, key, false, &bytes);
  if (rc == MEDLEY_OK)
    *part = med_wide_copy(&scan->bounds, med_slice_of(bytes.bytes, bytes.len - (as_prefix ? 2 : 0)), &ok);
  med_buffer_clear(&bytes);
  return rc == MEDLEY_OK && ok ? MEDLEY_OK : med_error_no_memory(slot(scan));
}

/* The least bytes behind all that begin with the part; none if there are none. */
static int part_end(med_cells_scan *scan, med_slice part, med_slice *end) {
  uint8_t *bytes = med_arena_alloc(&scan->bounds, part.len + 1);
  size_t len = part.len;
  if (bytes == NULL) return med_error_no_memory(slot(scan));
  if (len > 0) memcpy(bytes, part.bytes, len);
  while (len > 0 && bytes[len - 1] == 0xFF) len--;
  if (len > 0) bytes[len - 1]++;
  *end = med_slice_of(len > 0 ? bytes : NULL, len);
  return MEDLEY_OK;
}

static int span_of_query(med_cells_scan *scan) {
  const medley_cells_query *query = scan->query;
  med_slice part, end;
  int rc = MEDLEY_OK;
  if (query->start.bytes != NULL) {
    MED_TRY(key_part(scan, query->start, false, &part));
    narrow(&scan->span, part, med_slice_of(NULL, 0));
  }
  if (query->stop.bytes != NULL) {
    MED_TRY(key_part(scan, query->stop, false, &part));
    narrow(&scan->span, empty(), part);
  }
  if (query->prefix.len > 0) {
    MED_TRY(key_part(scan, query->prefix, true, &part));
    MED_TRY(part_end(scan, part, &end));
    narrow(&scan->span, part, end);
  }
done:
  return rc;
}

static int span_of_row(med_cells_scan *scan, med_slice key, med_arena *arena, med_wide_range *range) {
  med_cells_place place;
  med_cells_place_init(&place, key, empty(), empty(), 0);
  return med_cells_range(scan->cells, &place, MED_CELLS_ROW, NULL, arena, range);
}

static int check_query(med_cells_scan *scan) {
  const medley_cells_query *query = scan->query;
  const med_wide_family *family;
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < query->column_count; i++)
    rc = med_cells_family(scan->cells, query->columns[i].family, &family);
  for (size_t i = 0; rc == MEDLEY_OK && !scan->one_row && i < query->check_count; i++)
    rc = med_cells_family(scan->cells, query->checks[i].family, &family);
  return rc;
}

static int compare_columns(med_slice family_a, med_slice qualifier_a, med_slice family_b, med_slice qualifier_b) {
  int order = med_slice_compare(family_a, family_b);
  return order != 0 ? order : med_slice_compare(qualifier_a, qualifier_b);
}

/* A whole family before its columns. */
static int compare_wanted(const void *a, const void *b) {
  const wanted *x = a, *y = b;
  int order = med_slice_compare(x->family, y->family);
  if (order != 0) return order;
  return x->whole != y->whole ? (x->whole ? -1 : 1) : med_slice_compare(x->qualifier, y->qualifier);
}

/* Sorted, since a query may name thousands of columns, and each is come by in each row. Without names all families are asked for. */
static int sort_wanted(med_cells_scan *scan) {
  const medley_cells_query *query = scan->query;
  const med_wide_table *table = &scan->cells->table;
  size_t count = query->column_count > 0 ? query->column_count : table->family_count, kept = 0;
  med_slice prefix = query->qualifier_prefix.len > 0 ? query->qualifier_prefix : empty();
  wanted *all = scan->wanted = med_arena_alloc(&scan->bounds, count * sizeof *all);
  if (all == NULL) return med_error_no_memory(slot(scan));
  for (size_t i = 0; i < count; i++) {
    med_slice name = query->column_count > 0 ? med_slice_of_text(query->columns[i].family) : table->families[i].name;
    med_slice qualifier = query->column_count > 0 ? query->columns[i].qualifier : med_slice_of(NULL, 0);
    bool whole = qualifier.bytes == NULL;
    if (whole || med_slice_starts_with(qualifier, prefix))
      all[kept++] = (wanted){name, whole ? prefix : qualifier, whole};
  }
  if (kept > 1) qsort(all, kept, sizeof *all, compare_wanted);
  scan->only_named = true;
  for (size_t i = 0; i < kept; i++) {
    const wanted *last = scan->wanted_count > 0 ? &all[scan->wanted_count - 1] : NULL;
    bool again = last != NULL && med_slice_equal(last->family, all[i].family) &&
                 (last->whole || med_slice_equal(last->qualifier, all[i].qualifier));
    if (again) continue;
    scan->only_named = scan->only_named && !all[i].whole;
    all[scan->wanted_count++] = all[i];
  }
  return MEDLEY_OK;
}

static int read_span(med_wide_reader *reader, const med_wide_range *range, bool reverse) {
  med_cells_place place;
  if (range->to.bytes != NULL && med_slice_compare(range->from, range->to) >= 0) return MEDLEY_NOT_FOUND;
  med_cells_place_init(&place, empty(), empty(), empty(), 0);
  return med_wide_reader_partition(reader, place.partition, range, reverse);
}

static int open_readers(med_cells_scan *scan) {
  int rc = med_wide_reader_open(scan->cells->txn, &scan->cells->table, &scan->forward);
  if (rc != MEDLEY_OK) return rc;
  if (scan->query->reverse && !scan->one_row)
    return med_wide_reader_open(scan->cells->txn, &scan->cells->table, &scan->backward);
  rc = read_span(scan->forward, &scan->span, false);
  scan->nothing = rc == MEDLEY_NOT_FOUND;
  return scan->nothing ? MEDLEY_OK : rc;
}

int med_cells_scan_open(med_cells *cells, med_slice key, const medley_cells_query *query, med_cells_scan **opened) {
  med_cells_scan *scan = med_alloc_zero(sizeof *scan);
  *opened = NULL;
  if (scan == NULL) return med_error_no_memory(med_txn_error(cells->txn));
  scan->cells = cells;
  scan->query = query;
  scan->span.from = empty();
  scan->one_row = key.bytes != NULL;
  int rc;
  MED_TRY(check_query(scan));
  MED_TRY(sort_wanted(scan));
  if (scan->one_row) {
    MED_TRY(med_cells_check_key(cells, key, empty(), empty()));
    MED_TRY(span_of_row(scan, key, &scan->bounds, &scan->span));
  } else {
    MED_TRY(span_of_query(scan));
  }
  rc = open_readers(scan);
done:
  if (rc == MEDLEY_OK)
    *opened = scan;
  else
    med_cells_scan_close(scan);
  return rc;
}

void med_cells_scan_close(med_cells_scan *scan) {
  if (scan == NULL) return;
  med_wide_reader_close(scan->forward);
  med_wide_reader_close(scan->backward);
  med_arena_clear(&scan->bounds);
  med_arena_clear(&scan->scratch);
  med_buffer_clear(&scan->column);
  med_buffer_clear(&scan->end);
  med_free(scan);
}

/* ---- What is asked for ---- */
/* The first of what is asked for that begins behind a column. */
static size_t first_behind(const med_cells_scan *scan, med_slice family, med_slice qualifier) {
  size_t low = 0, high = scan->wanted_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const wanted *at = &scan->wanted[middle];
    if (compare_columns(at->family, at->qualifier, family, qualifier) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool is_wanted(const med_cells_scan *scan, med_slice family, med_slice qualifier) {
  size_t behind = first_behind(scan, family, qualifier);
  if (behind == 0) return false;
  const wanted *last = &scan->wanted[behind - 1];
  return med_slice_equal(last->family, family) && (last->whole ? med_slice_starts_with(qualifier, last->qualifier)
                                                               : med_slice_equal(qualifier, last->qualifier));
}

/* Behind a column that is not asked for, or where only single columns are: the first place at which one can be that is; NULL: the row has
 * none. */
static const wanted *next_wanted(const med_cells_scan *scan, med_slice family, med_slice qualifier) {
  for (size_t i = first_behind(scan, family, qualifier); i < scan->wanted_count; i++) {
    if (med_cells_has_room(scan->key, scan->wanted[i].family, scan->wanted[i].qualifier)) return &scan->wanted[i];
  }
  return NULL;
}

/* ---- Walking ---- */
/* Goes on in the present row with a column, or behind what has the first `parts` parts of its place. */
static int go_to(med_cells_scan *scan, med_slice family, med_slice qualifier, size_t parts, bool behind) {
  med_cells_place place;
  med_wide_range range;
  med_cells_place_init(&place, scan->key, family, qualifier, 0);
  med_arena_reset(&scan->scratch);
  int rc = med_cells_range(scan->cells, &place, parts, NULL, &scan->scratch, &range);
  if (rc != MEDLEY_OK) return rc;
  if (behind) range.from = range.to;
  if (range.from.bytes == NULL) return MEDLEY_NOT_FOUND;
  range.to = scan->backward != NULL ? scan->row_end : scan->span.to;
  return read_span(scan->forward, &range, false);
}

static int leap_from_column(med_cells_scan *scan, leap how) {
  med_slice family = med_slice_of(scan->column.bytes, scan->column.len - scan->qualifier.len);
  const wanted *next = NULL;
  if (how == NEXT_COLUMN && !scan->only_named) return go_to(scan, family, scan->qualifier, MED_CELLS_COLUMN, true);
  if (how == NEXT_COLUMN || how == NEXT_WANTED) next = next_wanted(scan, family, scan->qualifier);
  if (next != NULL) return go_to(scan, next->family, next->qualifier, MED_CELLS_COLUMN, false);
  return scan->one_row ? MEDLEY_NOT_FOUND : go_to(scan, empty(), empty(), MED_CELLS_ROW, true);
}

/* OK with the next entry; NOT_FOUND: there is none within what is read forwards. */
static int advance(med_cells_scan *scan, leap how) {
  int rc = scan->cells->host->poll(scan->cells->host->context);
  scan->has_entry = false;
  if (rc == MEDLEY_OK && how != NEXT_CELL) rc = leap_from_column(scan, how);
  if (rc == MEDLEY_OK) rc = med_wide_reader_next(scan->forward, &scan->entry);
  scan->has_entry = rc == MEDLEY_OK;
  return rc;
}

static med_slice part_of(const med_cells_scan *scan, int column) { return scan->entry.clustering[column - 1]; }

/* ---- One cell ---- */
static int enter_column(med_cells_scan *scan) {
  med_slice family = part_of(scan, MED_CELLS_FAMILY), qualifier = part_of(scan, MED_CELLS_QUALIFIER);
  size_t family_len = scan->column.len - scan->qualifier.len;
  if (scan->family != NULL && med_slice_equal(qualifier, scan->qualifier) &&
      med_slice_equal(family, med_slice_of(scan->column.bytes, family_len)))
    return MEDLEY_OK;
  scan->column.len = 0;
  /* The byte between them gives an empty qualifier an address. */
  if (!med_buffer_append(&scan->column, family.bytes, family.len) ||
      !med_buffer_reserve(&scan->column, qualifier.len + 1))
    return med_error_no_memory(slot(scan));
  if (qualifier.len > 0) memcpy(scan->column.bytes + family.len, qualifier.bytes, qualifier.len);
  scan->qualifier = med_slice_of(scan->column.bytes + family.len, qualifier.len);
  scan->column.len += qualifier.len;
  scan->family = med_wide_family_find(&scan->cells->table, family);
  scan->rank = scan->shown = 0;
  return MEDLEY_OK;
}

static int make_room(med_cells_scan *scan) {
  if (scan->count < scan->capacity) return MEDLEY_OK;
  size_t capacity = scan->capacity > 0 ? 2 * scan->capacity : 8;
  medley_cell *cells = med_arena_alloc(scan->arena, capacity * sizeof *cells);
  if (cells == NULL) return med_error_no_memory(slot(scan));
  if (scan->count > 0) memcpy(cells, scan->cells_found, scan->count * sizeof *cells);
  scan->cells_found = cells;
  scan->capacity = capacity;
  return MEDLEY_OK;
}

static int add_cell(med_cells_scan *scan, int64_t version_ms, med_slice value) {
  bool ok = true;
  if (scan->query->keys_only) value = empty();
  scan->bytes += sizeof(medley_cell) + scan->qualifier.len + value.len;
  if (scan->bytes > MED_CELLS_ROW_SIZE_MAX)
    return med_error_set(slot(scan), MEDLEY_TOO_BIG,
                         "cells: a row's cells take more than %zu MiB: ask for fewer of them",
                         MED_CELLS_ROW_SIZE_MAX >> 20);
  int rc = make_room(scan);
  if (rc != MEDLEY_OK) return rc;
  medley_cell *cell = &scan->cells_found[scan->count];
  cell->family = scan->family->name.bytes;
  cell->version_ms = version_ms;
  bool same =
      scan->count > 0 && cell[-1].family == cell->family && med_slice_equal(cell[-1].qualifier, scan->qualifier);
  cell->qualifier = same ? cell[-1].qualifier : med_wide_copy(scan->arena, scan->qualifier, &ok);
  cell->value = med_wide_copy(scan->arena, value, &ok);
  if (!ok) return med_error_no_memory(slot(scan));
  scan->count++;
  return MEDLEY_OK;
}

/* Takes the cell or not; *how: where to go on. */
static int take_cell(med_cells_scan *scan, leap *how) {
  const medley_cells_query *query = scan->query;
  int rc = enter_column(scan);
  if (rc != MEDLEY_OK) return rc;
  *how = NEXT_WANTED;
  if (scan->family == NULL || !is_wanted(scan, scan->family->name, scan->qualifier)) return MEDLEY_OK;
  int64_t version_ms = med_cells_version(&scan->entry);
  uint32_t versions = query->versions > 0 ? query->versions : 1;
  *how = NEXT_COLUMN;
  if (scan->family->max_versions > 0 && scan->rank >= scan->family->max_versions) return MEDLEY_OK;
  if (scan->shown >= versions) return MEDLEY_OK;
  if (query->from_ms != 0 && version_ms < query->from_ms) return MEDLEY_OK;
  scan->rank++;
  *how = NEXT_CELL;
  if (query->to_ms != 0 && version_ms >= query->to_ms) return MEDLEY_OK;
  if (++scan->shown >= versions && scan->only_named) *how = NEXT_COLUMN;
  med_slice value = med_cells_value(scan->cells, &scan->entry);
  if (!med_cells_compares(value, query->comparison, query->value)) return MEDLEY_OK;
  rc = add_cell(scan, version_ms, value);
  if (query->cell_limit > 0 && scan->count >= query->cell_limit) *how = NEXT_ROW;
  return rc;
}

/* ---- One row ---- */
/* A column for which there is no room beside the key is absent. */
static int checks_hold(med_cells_scan *scan, bool *hold) {
  *hold = true;
  for (size_t i = 0; *hold && !scan->one_row && i < scan->query->check_count; i++) {
    const medley_cells_check *check = &scan->query->checks[i];
    int rc = MEDLEY_OK;
    if (med_cells_has_room(scan->key, med_slice_of_text(check->family), check->qualifier))
      rc = med_cells_holds(scan->cells, scan->key, check, hold);
    else
      *hold = check->comparison == MEDLEY_CELLS_ABSENT;
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

/* Forward stands on the first cell of a row; afterwards on that of another, or at the end. */
static int take_row(med_cells_scan *scan) {
  bool hold, ok = true;
  scan->key = med_wide_copy(scan->arena, part_of(scan, MED_CELLS_KEY), &ok);
  if (!ok) return med_error_no_memory(slot(scan));
  scan->cells_found = NULL;
  scan->count = scan->capacity = scan->bytes = 0;
  scan->family = NULL;
  scan->column.len = 0;
  scan->qualifier = empty();
  int rc = checks_hold(scan, &hold);
  if (rc == MEDLEY_OK && !hold) return advance(scan, NEXT_ROW);
  leap how = NEXT_CELL;
  while (rc == MEDLEY_OK && med_slice_equal(part_of(scan, MED_CELLS_KEY), scan->key)) {
    rc = take_cell(scan, &how);
    if (rc == MEDLEY_OK) rc = advance(scan, how);
  }
  return rc;
}

/* Backwards: forward stands on the first cell of the last row that is left, which is left no more. */
static int find_last_row(med_cells_scan *scan) {
  med_wide_range range;
  med_wide_entry last;
  int rc = scan->cells->host->poll(scan->cells->host->context);
  scan->has_entry = false;
  if (rc == MEDLEY_OK) rc = read_span(scan->backward, &scan->span, true);
  if (rc == MEDLEY_OK) rc = med_wide_reader_next(scan->backward, &last);
  if (rc == MEDLEY_OK) rc = span_of_row(scan, last.clustering[MED_CELLS_KEY - 1], scan->arena, &range);
  if (rc != MEDLEY_OK) return rc;
  scan->row_end = range.to;
  scan->end.len = 0;
  if (!med_buffer_append(&scan->end, range.from.bytes, range.from.len)) return med_error_no_memory(slot(scan));
  scan->span.to = med_slice_of(scan->end.bytes, scan->end.len);
  rc = read_span(scan->forward, &range, false);
  if (rc == MEDLEY_OK) rc = med_wide_reader_next(scan->forward, &scan->entry);
  scan->has_entry = rc == MEDLEY_OK;
  return rc;
}

static int find_row(med_cells_scan *scan) {
  if (scan->backward != NULL) return find_last_row(scan);
  if (scan->has_entry) return MEDLEY_OK;
  if (scan->started || scan->nothing) return MEDLEY_NOT_FOUND;
  scan->started = true;
  return advance(scan, NEXT_CELL);
}

int med_cells_scan_next(med_cells_scan *scan, med_arena *arena, medley_cells_row *row) {
  const medley_cells_query *query = scan->query;
  if (!scan->one_row && query->row_limit > 0 && scan->rows >= query->row_limit) return MEDLEY_NOT_FOUND;
  scan->arena = arena;
  do {
    med_arena_reset(arena);
    int rc = find_row(scan);
    if (rc == MEDLEY_OK)
      rc = take_row(scan);
    else
      return rc;
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  } while (scan->count == 0);
  scan->rows++;
  *row = (medley_cells_row){scan->key, scan->cells_found, scan->count};
  return MEDLEY_OK;
}
