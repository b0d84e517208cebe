/* seal_range.c - two sequences merged by their keys, written by rows and by runs of rows. */
#include "models/widecolumn/seal_range.h"

#include <assert.h>

#include "models/widecolumn/hot_rows.h"
#include "models/widecolumn/segment_writer.h"
#include "models/widecolumn/window_directory.h"

typedef struct rewrite {
  med_txn *txn;
  const med_wide_seal_range *range;
  med_cursor *cursor;
  med_wide_run_rows *runs; /* NULL: the table has none */
  /* Records and rows of runs: the present one, if there is one. */
  med_wide_hot_rows hot;
  bool has_hot;
  uint64_t records, record_bytes;
  med_wide_seal_reach *reach; /* of their clustering keys */
  bool stopped; /* there are more plain records than were taken; the next one to be looked at is behind last_record */
  med_key last_record;
  /* Records that were taken and are still there: a run without others in between. */
  bool deletes;
  size_t delete_count;
  med_key delete_from, delete_last;
  /* Sealed rows: those of the vector from `at` on. */
  med_wide_segment_source *source;
  const med_wide_source_vector *vector; /* NULL: there are no more */
  size_t at;
  /* What is made. */
  med_wide_segment_writer *writer;
  uint64_t rows;
  med_wide_segment *made;
  size_t made_count, made_capacity;
  med_arena arena;
} rewrite;

/* ---- Segments ---- */
static int finish_segment(rewrite *work) {
  if (work->writer == NULL) return MEDLEY_OK;
  if (work->made_count == work->made_capacity) {
    size_t capacity = work->made_capacity * 2 + 4;
    med_wide_segment *more = med_arena_alloc(&work->arena, capacity * sizeof *more);
    if (more == NULL) return med_error_no_memory(med_txn_error(work->txn));
    if (work->made_count > 0) memcpy(more, work->made, work->made_count * sizeof *more);
    work->made = more;
    work->made_capacity = capacity;
  }
  med_wide_hot_rows_leave(&work->hot);
  int rc = med_wide_segment_writer_finish(work->writer, &work->arena, &work->made[work->made_count++]);
  med_wide_segment_writer_close(work->writer);
  work->writer = NULL;
  return rc;
}

/* A segment with room for a row of so many bytes. */
static int need_writer(rewrite *work, size_t bytes) {
  int rc = MEDLEY_OK;
  med_wide_segment_writer *writer = work->writer;
  if (writer != NULL && (med_wide_segment_writer_rows(writer) >= work->range->per_segment ||
                         med_wide_segment_writer_bytes(writer) + bytes > MED_WIDE_SEGMENT_BYTES_MAX))
    rc = finish_segment(work);
  if (rc != MEDLEY_OK || work->writer != NULL) return rc;
  med_wide_hot_rows_leave(&work->hot);
  return med_wide_segment_writer_open(work->txn, work->range->columns, &work->writer);
}

/* The new segments take the place of the old ones. */
static int replace(rewrite *work) {
  const med_wide_seal_range *range = work->range;
  int rc = finish_segment(work);
  for (size_t i = 0; rc == MEDLEY_OK && i < range->segment_count; i++)
    rc = med_wide_segment_drop(work->txn, &range->segments[i]);
  for (size_t i = 0; rc == MEDLEY_OK && i < work->made_count; i++) rc = med_wide_segment_put(work->txn, &work->made[i]);
  if (rc != MEDLEY_OK || work->made_count == 0 || range->table->flags & MED_WIDE_TABLE_SEGMENTS) return rc;
  if (range->table->window_of != NULL) return med_wide_window_note(work->txn, range->table, MED_WIDE_TABLE_SEGMENTS);
  range->table->flags |= MED_WIDE_TABLE_SEGMENTS;
  return med_wide_catalog_put_table(work->txn, range->table);
}

/* ---- Sealed rows ---- */
static int next_vector(rewrite *work) {
  int rc = work->writer != NULL ? med_wide_segment_writer_settle(work->writer) : MEDLEY_OK;
  if (rc == MEDLEY_OK) rc = med_wide_segment_source_next(work->source, &work->vector);
  work->at = 0;
  if (rc != MEDLEY_NOT_FOUND) return rc;
  work->vector = NULL;
  return MEDLEY_OK;
}

/* The first row from `at` on, below `end`, that is live or not as is wanted; end if there is none. */
static size_t find_row(const uint64_t *live, size_t at, size_t end, bool wanted) {
  while (at < end) {
    uint64_t bits = (wanted ? live[at / 64] : ~live[at / 64]) >> at % 64;
    if (bits != 0) {
      at += (size_t)__builtin_ctzll(bits);
      return at < end ? at : end;
    }
    at = (at / 64 + 1) * 64;
  }
  return end;
}

/* A row of the vector against the present record. */
static int compare(const rewrite *work, size_t row) {
  const uint8_t *tail = work->hot.key.bytes + MED_WIDE_TAIL_OFFSET;
  int64_t token = (int64_t)(med_get_u64(tail) ^ UINT64_C(1) << 63);
  med_slice rest = med_slice_of(tail + 8, (size_t)work->hot.key.len - MED_WIDE_TAIL_OFFSET - 8);
  return med_wide_source_compare(work->vector, row, token, rest);
}

/* Where the rows end that stand before the record: looked for in steps that double, then halved. */
static size_t find_end(const rewrite *work) {
  size_t rows = work->vector->rows, low = work->at, high = low, step = 1;
  if (!work->has_hot) return rows;
  while (high < rows && compare(work, high) < 0) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  if (high > rows) high = rows;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (compare(work, middle) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Rows that are live, as many of them as the segment has room for; *at moves behind them. */
static int add_some(rewrite *work, size_t *at, size_t end) {
  const med_wide_source_vector *vector = work->vector;
  int rc = need_writer(work, vector->sizes[*at]);
  if (rc != MEDLEY_OK) return rc;
  uint64_t vectors = med_wide_segment_writer_vectors(work->writer);
  uint64_t room = work->range->per_segment - med_wide_segment_writer_rows(work->writer);
  uint64_t byte_room = MED_WIDE_SEGMENT_BYTES_MAX - med_wide_segment_writer_bytes(work->writer);
  size_t first = *at, bytes = 0;
  if (end - first > room) end = first + (size_t)room;
  do bytes += vector->sizes[(*at)++];
  while (*at < end && bytes + vector->sizes[*at] <= byte_room);
  work->rows += *at - first;
  rc = med_wide_segment_writer_add_rows(work->writer, vector, first, *at - first, bytes);
  if (med_wide_segment_writer_vectors(work->writer) != vectors) med_wide_hot_rows_leave(&work->hot);
  return rc;
}

/* The rows before `end`. */
static int add_sealed(rewrite *work, size_t end) {
  int rc = MEDLEY_OK;
  const uint64_t *live = work->vector->live;
  size_t at = find_row(live, work->at, end, true);
  while (rc == MEDLEY_OK && at < end) {
    size_t run_end = find_row(live, at, end, false);
    while (rc == MEDLEY_OK && at < run_end) rc = add_some(work, &at, run_end);
    at = find_row(live, at, end, true);
  }
  work->at = end;
  return rc;
}

/* ---- Records ---- */
static int delete_run(rewrite *work) {
  size_t deleted;
  if (!work->deletes) return MEDLEY_OK;
  int rc = med_wide_key_step(work->txn, &work->delete_last);
  if (rc == MEDLEY_OK)
    rc = med_txn_delete_range(work->txn, MED_TREE_WIDE, med_key_slice(&work->delete_from),
                              med_key_slice(&work->delete_last), SIZE_MAX, &deleted);
  assert(rc != MEDLEY_OK || deleted == work->delete_count);
  work->deletes = false;
  med_wide_hot_rows_leave(&work->hot);
  return rc;
}

static int next_record(rewrite *work) {
  int rc = work->stopped ? MEDLEY_NOT_FOUND : med_wide_hot_rows_next(&work->hot);
  work->has_hot = rc == MEDLEY_OK;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static void note_deleted(rewrite *work) {
  if (!work->deletes) {
    work->delete_from = work->hot.key;
    work->delete_count = 0;
  }
  work->deletes = true;
  work->delete_count++;
  work->delete_last = work->hot.key;
}

static void note_reach(rewrite *work) {
  med_wide_seal_reach *reach = work->reach;
  med_slice clustering = med_wide_hot_rows_clustering(&work->hot);
  if (!reach->known || med_slice_compare(clustering, med_key_slice(&reach->low)) < 0)
    med_key_set(&reach->low, clustering);
  if (!reach->known || med_slice_compare(clustering, med_key_slice(&reach->high)) > 0)
    med_key_set(&reach->high, clustering);
  reach->known = true;
}

static int take_record(rewrite *work) {
  med_wide_hot_rows *hot = &work->hot;
  int rc = need_writer(work, hot->bytes);
  if (rc == MEDLEY_OK && !hot->stands) rc = med_wide_hot_rows_again(hot);
  if (rc != MEDLEY_OK) return rc;
  uint64_t vectors = med_wide_segment_writer_vectors(work->writer);
  rc = med_wide_segment_writer_add(work->writer, med_key_slice(&hot->key), &hot->row, hot->bytes);
  if (med_wide_segment_writer_vectors(work->writer) != vectors) med_wide_hot_rows_leave(hot);
  if (rc != MEDLEY_OK) return rc;
  if (hot->in_run)
    rc = med_wide_run_rows_take(work->runs);
  else
    note_deleted(work);
  note_reach(work);
  work->last_record = hot->key;
  work->rows++;
  work->records++;
  work->record_bytes += hot->bytes;
  return rc;
}

/* The present record, and the way to the next one. */
static int pass_record(rewrite *work) {
  int rc = MEDLEY_OK;
  if (work->hot.plain)
    work->stopped = work->records == work->range->records_max || work->record_bytes >= MED_WIDE_SEGMENT_BYTES_MAX;
  if (work->hot.plain && !work->stopped) rc = take_record(work);
  if (!work->hot.plain && !work->hot.in_run) rc = delete_run(work);
  return rc == MEDLEY_OK ? next_record(work) : rc;
}

/* ---- The range ---- */
static int open_range(rewrite *work) {
  const med_wide_seal_range *range = work->range;
  med_slice *values = med_arena_alloc(&work->arena, (range->columns->count + 1) * sizeof *values);
  if (values == NULL) return med_error_no_memory(med_txn_error(work->txn));
  int rc = med_cursor_open(work->txn, MED_TREE_WIDE, &work->cursor);
  if (rc != MEDLEY_OK) return rc;
  if (range->table->flags & MED_WIDE_TABLE_RUNS) {
    rc = med_wide_run_rows_open(work->txn, range->table->id, &work->runs);
    if (rc != MEDLEY_OK) return rc;
    med_wide_run_rows_own(work->runs);
  }
  med_wide_hot_rows_init(&work->hot, work->txn, work->cursor, work->runs, range->columns, values, &range->from,
                         &range->to);
  if (range->segment_count > 0) {
    rc = med_wide_segment_source_open(work->txn, range->columns, &range->segments[0].first, &range->to, &work->source);
    if (rc == MEDLEY_OK) rc = next_vector(work);
  }
  return rc == MEDLEY_OK ? next_record(work) : rc;
}

static int merge(rewrite *work) {
  int rc = MEDLEY_OK;
  while (rc == MEDLEY_OK && (work->has_hot || work->vector != NULL)) {
    if (work->vector != NULL) {
      rc = add_sealed(work, find_end(work));
      if (rc == MEDLEY_OK && work->at == work->vector->rows) {
        rc = next_vector(work);
        continue;
      }
      if (rc == MEDLEY_OK && med_rows_has(work->vector->live, work->at) && compare(work, work->at) == 0)
        rc = med_error_set(med_txn_error(work->txn), MEDLEY_CORRUPT, "wide-column: table %.*s: a row stands twice",
                           (int)work->range->table->name.len, (const char *)work->range->table->name.bytes);
    }
    if (rc == MEDLEY_OK) rc = pass_record(work);
  }
  return rc;
}

static void rewrite_clear(rewrite *work) {
  med_wide_segment_writer_close(work->writer);
  med_wide_segment_source_close(work->source);
  med_wide_run_rows_close(work->runs);
  med_cursor_close(work->cursor);
  med_arena_clear(&work->arena);
}

int med_wide_seal_range_write(med_txn *txn, const med_wide_seal_range *range, uint64_t *rows, med_key *next,
                              med_wide_seal_reach *reach) {
  rewrite work = {.txn = txn, .range = range, .reach = reach, .stopped = range->records_max == 0};
  reach->known = false;
  int rc = open_range(&work);
  if (rc == MEDLEY_OK) rc = merge(&work);
  if (rc == MEDLEY_OK) rc = delete_run(&work);
  if (rc == MEDLEY_OK && work.runs != NULL) rc = med_wide_run_rows_settle(work.runs);
  if (rc == MEDLEY_OK) rc = replace(&work);
  *rows = work.rows;
  *next = range->to;
  if (rc == MEDLEY_OK && work.stopped && range->records_max > 0) {
    *next = work.last_record;
    rc = med_wide_key_step(txn, next);
  }
  rewrite_clear(&work);
  return rc;
}
