/* seal.c - passes over tables: which ranges are to be written anew. */
#include "models/widecolumn/seal.h"

#include "models/widecolumn/hot_rows.h"
#include "models/widecolumn/pack.h"
#include "models/widecolumn/record.h"
#include "models/widecolumn/run_writer.h"
#include "models/widecolumn/seal_range.h"
#include "models/widecolumn/segment_expiry.h"
#include "models/widecolumn/window_directory.h"

#define SEGMENTS_WRITTEN_MAX 8 /* by one slice, about */
#define SEALED_PART 4       /* of a segment: where so many plain rows have gathered in its range, it is written anew */
#define SLICE_ROWS_MIN 1024 /* moved from runs to another one by a slice, if there are so many */
#define SAMPLES_PER_SEGMENT 64 /* rows are counted in steps of this part of a segment */

/* What a table's record says. */
typedef struct pass {
  uint32_t table_id;
  uint64_t grown; /* rows put or taken from segments since the last pass, about */
  uint64_t due;   /* a pass begins at so many */
  uint64_t left;  /* plain rows that the last one has come by and not sealed, or this one so far */
  bool thorough;  /* the last one, or this one, takes ranges with any of them */
  bool wanted;    /* the next one is to */
  bool bounded; /* clustering parts of all rows that were ever sealed are from `low` to `high`; else nothing is known */
  med_key low, high;
  uint64_t gathers; /* the number of the run that what a pass left in runs is being moved to; 0: none */
  bool begun;
  uint64_t hot, hot_bytes; /* plain records from `from` to `at` */
  uint64_t seen;           /* rows that the pass has come by */
  med_key from, at;        /* the range's beginning, and where the next record is looked for; from 04 on */
} pass;

static void pass_key(uint32_t table_id, med_key *key) {
  med_key_init(key);
  med_key_add_u8(key, MED_WIDE_KEY_SEALING);
  med_key_add_u32(key, table_id);
}

static uint64_t due_at_least(const med_wide_table *table) { return (uint64_t)table->segment_rows * 4; }

static med_slice tail_of(const med_key *key) {
  return med_slice_of(key->bytes + MED_WIDE_TAIL_OFFSET, (size_t)key->len - MED_WIDE_TAIL_OFFSET);
}

static int put_pass(med_txn *txn, const pass *of) {
  med_buffer value = {0};
  med_key key;
  pass_key(of->table_id, &key);
  bool ok = med_pack_number(&value, of->grown) && med_pack_number(&value, of->due) &&
            med_pack_number(&value, of->left) && med_buffer_append_byte(&value, of->thorough) &&
            med_buffer_append_byte(&value, of->wanted) && med_buffer_append_byte(&value, of->bounded);
  if (of->bounded)
    ok = ok && med_pack_bytes(&value, med_key_slice(&of->low)) && med_pack_bytes(&value, med_key_slice(&of->high));
  ok = ok && med_pack_number(&value, of->gathers) && med_buffer_append_byte(&value, of->begun);
  if (of->begun)
    ok = ok && med_pack_number(&value, of->hot) && med_pack_number(&value, of->hot_bytes) &&
         med_pack_number(&value, of->seen) && med_pack_bytes(&value, tail_of(&of->from)) &&
         med_pack_bytes(&value, tail_of(&of->at));
  int rc = ok ? med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(value.bytes, value.len))
              : med_error_no_memory(med_txn_error(txn));
  med_buffer_clear(&value);
  return rc;
}

static bool take_tail(med_slice *value, uint32_t table_id, med_key *key) {
  med_slice tail;
  med_wide_table_prefix(table_id, key);
  if (!med_unpack_bytes(value, &tail) || tail.len > MED_KEY_SIZE_MAX - MED_WIDE_TAIL_OFFSET) return false;
  if (tail.len > 0) memcpy(key->bytes + key->len, tail.bytes, tail.len);
  key->len = (uint16_t)(key->len + tail.len);
  return true;
}

static bool take_flag(med_slice *value, bool *flag) {
  if (value->len == 0 || *(const uint8_t *)value->bytes > 1) return false;
  *flag = *(const uint8_t *)value->bytes == 1;
  *value = med_slice_of((const uint8_t *)value->bytes + 1, value->len - 1);
  return true;
}

static bool take_parts(med_slice *value, med_key *key) {
  med_slice parts;
  if (!med_unpack_bytes(value, &parts) || parts.len > MED_KEY_SIZE_MAX) return false;
  med_key_set(key, parts);
  return true;
}

static bool take_pass(med_slice value, pass *of) {
  if (!med_unpack_number(&value, &of->grown) || !med_unpack_number(&value, &of->due) ||
      !med_unpack_number(&value, &of->left) || !take_flag(&value, &of->thorough) || !take_flag(&value, &of->wanted) ||
      !take_flag(&value, &of->bounded))
    return false;
  if (of->bounded && (!take_parts(&value, &of->low) || !take_parts(&value, &of->high))) return false;
  if (!med_unpack_number(&value, &of->gathers) || !take_flag(&value, &of->begun)) return false;
  if (!of->begun) return value.len == 0;
  return med_unpack_number(&value, &of->hot) && med_unpack_number(&value, &of->hot_bytes) &&
         med_unpack_number(&value, &of->seen) && take_tail(&value, of->table_id, &of->from) &&
         take_tail(&value, of->table_id, &of->at) && value.len == 0;
}

static bool is_pass_key(med_slice key, uint32_t *table_id) {
  const uint8_t *bytes = key.bytes;
  if (key.len != MED_WIDE_TAIL_OFFSET || bytes[0] != MED_WIDE_KEY_SEALING) return false;
  *table_id = med_get_u32(bytes + 1);
  return true;
}

/* NOT_FOUND, without a message, leaves an empty one. */
static int get_pass(med_txn *txn, uint32_t table_id, pass *of) {
  med_key key;
  med_slice value;
  of->table_id = table_id;
  of->grown = of->due = of->left = of->gathers = of->hot = of->hot_bytes = of->seen = 0;
  of->thorough = of->wanted = of->bounded = of->begun = false;
  pass_key(table_id, &key);
  int rc = med_txn_get(txn, MED_TREE_WIDE, med_key_slice(&key), &value);
  if (rc == MEDLEY_OK && !take_pass(value, of))
    rc = med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: the state of sealing is damaged");
  return rc;
}

/* ---- Counting ---- */
static bool is_sealed_at_all(const med_wide_table *table) {
  return table->segment_rows > 0 && !(table->flags & (MED_WIDE_TABLE_COUNTER | MED_WIDE_TABLE_VIEW)) &&
         table->column_count <= MED_WIDE_SEGMENT_COLUMNS_MAX;
}

bool med_wide_seal_takes_records(const med_wide_table *table) {
  return is_sealed_at_all(table) && !(table->flags & MED_WIDE_TABLE_TIMESTAMPS);
}

static int note(med_txn *txn, const med_wide_table *table, uint64_t rows, pass *of) {
  int rc = get_pass(txn, table->id, of);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  if (rc == MEDLEY_NOT_FOUND) of->due = due_at_least(table);
  of->grown += rows;
  return put_pass(txn, of);
}

int med_wide_seal_note_run(med_txn *txn, const med_wide_table *table, uint64_t rows) {
  pass of;
  int rc = note(txn, table, rows, &of);
  return rc == MEDLEY_OK ? med_wide_runs_merge(txn, table->id, of.gathers, of.due) : rc;
}

int med_wide_seal_note(med_txn *txn, const med_wide_table *table, med_slice key) {
  if (!is_sealed_at_all(table)) return MEDLEY_OK;
  uint64_t step = table->segment_rows / SAMPLES_PER_SEGMENT;
  if (step > 1 && med_hash64(key.bytes, key.len, 0) % step != 0) return MEDLEY_OK;
  pass of;
  return note(txn, table, step > 1 ? step : 1, &of);
}

int med_wide_seal_bounds(med_txn *txn, const med_wide_table *table, med_wide_seal_reach *reach) {
  *reach = (med_wide_seal_reach){0};
  return table->flags & MED_WIDE_TABLE_SEGMENTS ? med_wide_seal_check(txn, table->id, reach) : MEDLEY_OK;
}

int med_wide_seal_check(med_txn *txn, uint32_t table_id, med_wide_seal_reach *reach) {
  pass of;
  *reach = (med_wide_seal_reach){0};
  int rc = get_pass(txn, table_id, &of);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  reach->known = rc == MEDLEY_OK && of.bounded;
  reach->low = of.low;
  reach->high = of.high;
  return rc;
}

int med_wide_seal_request(med_txn *txn, const med_wide_table *table) {
  pass of;
  if (!is_sealed_at_all(table)) return MEDLEY_OK;
  int rc = get_pass(txn, table->id, &of);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  if (rc == MEDLEY_NOT_FOUND) of.due = due_at_least(table);
  if (of.begun || of.grown >= of.due) return MEDLEY_OK;
  of.grown = of.due;
  return put_pass(txn, &of);
}

/* A pass that was thorough is not made again for the few rows that came since. */
static bool may_rest(const pass *of) {
  if (of->begun || of->gathers != 0 || of->grown >= of->due || of->left + of->grown <= of->due / 4) return false;
  return !of->thorough || of->grown > of->due / 8;
}

int med_wide_seal_rest(med_txn *txn, bool *wanted) {
  med_cursor *cursor;
  med_slice found;
  med_key key;
  uint32_t id = 0;
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  *wanted = false;
  pass_key(id, &key);
  while ((rc = med_cursor_seek(cursor, med_key_slice(&key), &found, NULL)) == MEDLEY_OK && is_pass_key(found, &id)) {
    pass of;
    rc = get_pass(txn, id, &of);
    if (rc == MEDLEY_OK && may_rest(&of)) {
      of.wanted = *wanted = true;
      of.grown = of.due;
      rc = put_pass(txn, &of);
    }
    if (rc != MEDLEY_OK || id == UINT32_MAX) break;
    pass_key(id + 1, &key);
  }
  med_cursor_close(cursor);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* What a step works on. */
typedef struct sealing {
  med_txn *txn;
  med_cursor *cursor;
  med_wide_run_rows *runs; /* NULL: the table has none */
  med_wide_table *table;   /* gets its flag with the first segment */
  med_wide_sealed_columns columns;
  med_slice *values; /* room for one of each column */
  size_t limit, *looked;
} sealing;

/* ---- A range ---- */
typedef struct range {
  med_wide_segment segments[2]; /* its own, and perhaps the next one */
  size_t count;
  uint64_t gone, live; /* rows of its own segment */
  bool has_next;
  med_wide_segment next; /* the one that begins where the range ends */
  uint64_t next_live;
  med_key end; /* the first key behind the range */
} range;

static int count_live(const sealing *to, const med_wide_segment *segment, uint64_t *live) {
  uint64_t gone, expired = 0;
  int rc = med_wide_segment_count_gone(to->txn, segment, &gone);
  if (rc == MEDLEY_OK) rc = med_wide_segment_count_expired(to->txn, to->table, segment, &expired);
  *live = rc == MEDLEY_OK && gone + expired < segment->rows ? segment->rows - gone - expired : 0;
  return rc;
}

static int find_range(const sealing *to, const pass *of, med_arena *arena, range *found) {
  med_txn *txn = to->txn;
  med_cursor *cursor = to->cursor;
  med_slice from = med_key_slice(&of->from);
  *found = (range){0};
  int rc = med_wide_segment_at(txn, cursor, from, arena, &found->segments[0]);
  if (rc == MEDLEY_NOT_FOUND) rc = med_wide_segment_behind(txn, cursor, from, arena, &found->segments[0]);
  found->count = rc == MEDLEY_OK;
  med_wide_table_prefix(of->table_id, &found->end);
  (void)med_key_after_prefix(&found->end, med_key_slice(&found->end)); /* it begins with 04 */
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  rc = count_live(to, &found->segments[0], &found->live);
  if (rc != MEDLEY_OK) return rc;
  found->gone = found->segments[0].rows - found->live;
  rc = med_wide_segment_behind(txn, cursor, med_key_slice(&found->segments[0].first), arena, &found->next);
  found->has_next = rc == MEDLEY_OK;
  if (!found->has_next) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  found->end = found->next.first;
  return count_live(to, &found->next, &found->next_live);
}

static bool is_worth_while(const med_wide_table *table, const pass *of, const range *there) {
  return of->hot * SEALED_PART >= table->segment_rows || of->hot_bytes * SEALED_PART >= MED_WIDE_SEGMENT_BYTES_MAX ||
         (of->thorough && of->hot > 0) || (there->count > 0 && there->gone * 5 > there->segments[0].rows);
}

/* A small segment goes together with the next one, if both are one afterwards. */
static bool may_join(const med_wide_table *table, const pass *of, const range *there) {
  return there->has_next && there->live * 2 <= table->segment_rows &&
         there->live + of->hot + there->next_live <= table->segment_rows &&
         there->segments[0].bytes + of->hot_bytes + there->next.bytes <= MED_WIDE_SEGMENT_BYTES_MAX;
}

static int end_behind(med_txn *txn, med_cursor *cursor, med_arena *arena, range *there) {
  med_wide_segment behind;
  there->segments[there->count++] = there->next;
  med_wide_table_prefix(there->next.table_id, &there->end);
  (void)med_key_after_prefix(&there->end, med_key_slice(&there->end));
  int rc = med_wide_segment_behind(txn, cursor, med_key_slice(&there->next.first), arena, &behind);
  if (rc == MEDLEY_OK) there->end = behind.first;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* Rows of each new segment: no more than the table's property says, unless the range has so many that a slice would have to write too
 * many segments (the property was larger when they were sealed). */
static uint64_t rows_of_each(const med_wide_table *table, const pass *of, const range *there) {
  uint64_t hot = of->hot < table->segment_rows ? of->hot : table->segment_rows;
  uint64_t total = there->live + hot + (there->count > 1 ? there->next_live : 0);
  uint64_t count = (total + table->segment_rows - 1) / table->segment_rows;
  if (count > SEGMENTS_WRITTEN_MAX) count = SEGMENTS_WRITTEN_MAX;
  return count > 0 ? (total + count - 1) / count : table->segment_rows;
}

/* What was sealed now, and what was before, which is known from the first segment on. */
static void widen(pass *of, const med_wide_seal_reach *reach, bool first) {
  if (!reach->known || (!of->bounded && !first)) return;
  if (!of->bounded || med_slice_compare(med_key_slice(&reach->low), med_key_slice(&of->low)) < 0) of->low = reach->low;
  if (!of->bounded || med_slice_compare(med_key_slice(&reach->high), med_key_slice(&of->high)) > 0)
    of->high = reach->high;
  of->bounded = true;
}

/* *next: where the pass goes on. */
static int write_range(const sealing *to, pass *of, const range *there, uint64_t *rows, med_key *next) {
  med_wide_seal_range work = {.table = to->table,
                              .columns = &to->columns,
                              .from = of->from,
                              .to = there->end,
                              .segments = there->segments,
                              .segment_count = there->count,
                              .per_segment = rows_of_each(to->table, of, there),
                              .records_max = med_wide_seal_takes_records(to->table) ? to->table->segment_rows : 0};
  bool first = !(to->table->flags & MED_WIDE_TABLE_SEGMENTS);
  if (there->count > 0 && med_slice_compare(med_key_slice(&there->segments[0].first), med_key_slice(&of->from)) < 0)
    work.from = there->segments[0].first;
  med_wide_seal_reach reach;
  int rc = med_wide_seal_range_write(to->txn, &work, rows, next, &reach);
  if (rc == MEDLEY_OK) widen(of, &reach, first);
  return rc;
}

/* ---- A pass ---- */
/* Counts plain records up to the range's end; *ended: it was reached. */
static int count_records(const sealing *to, pass *of, const range *there, bool *ended) {
  med_wide_hot_rows hot;
  int rc = MEDLEY_OK;
  bool any = false;
  med_wide_hot_rows_init(&hot, to->txn, to->cursor, to->runs, &to->columns, to->values, &of->at, &there->end);
  *ended = !med_wide_seal_takes_records(to->table);
  while (!*ended && *to->looked < to->limit && of->hot < to->table->segment_rows &&
         of->hot_bytes < MED_WIDE_SEGMENT_BYTES_MAX) {
    rc = med_wide_hot_rows_next(&hot);
    *ended = rc == MEDLEY_NOT_FOUND;
    if (rc != MEDLEY_OK) break;
    any = true;
    ++*to->looked;
    of->seen++;
    if (!hot.plain) continue;
    of->hot++;
    of->hot_bytes += hot.bytes;
  }
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  if (rc != MEDLEY_OK || !any) return rc;
  of->at = hot.key;
  return med_wide_key_step(to->txn, &of->at);
}

static void go_on_from(pass *of, const med_key *next) {
  of->from = of->at = *next;
  of->hot = of->hot_bytes = 0;
}

/* One range, or as much of it as the limit allows; *done: the table's end was reached. */
static int pass_range(const sealing *to, pass *of, bool *done) {
  range there;
  med_arena arena = {0};
  med_key next, end;
  bool ended = false;
  uint64_t rows = 0;
  int rc;
  MED_TRY(find_range(to, of, &arena, &there));
  MED_TRY(count_records(to, of, &there, &ended));
  bool full = of->hot >= to->table->segment_rows || of->hot_bytes >= MED_WIDE_SEGMENT_BYTES_MAX;
  if (!ended && !full) goto done;
  of->seen += there.live;
  bool joins = ended && may_join(to->table, of, &there);
  if (joins) MED_TRY(end_behind(to->txn, to->cursor, &arena, &there));
  next = there.end;
  if (joins || is_worth_while(to->table, of, &there))
    MED_TRY(write_range(to, of, &there, &rows, &next));
  else
    of->left += of->hot;
  *to->looked += (size_t)rows + 1;
  med_wide_table_prefix(of->table_id, &end);
  (void)med_key_after_prefix(&end, med_key_slice(&end));
  *done = med_slice_compare(med_key_slice(&next), med_key_slice(&end)) >= 0;
  go_on_from(of, &next);
done:
  med_arena_clear(&arena);
  return rc;
}

/* What the pass has left in runs goes into one of them. */
static int gather(const sealing *to, pass *of) {
  uint64_t moved;
  bool done;
  size_t left = to->limit - *to->looked;
  int rc = med_wide_runs_gather(to->txn, of->table_id, of->gathers, left < SLICE_ROWS_MIN ? SLICE_ROWS_MIN : left,
                                &moved, &done);
  if (rc != MEDLEY_OK) return rc;
  *to->looked += (size_t)moved + 1;
  if (done) of->gathers = 0;
  return put_pass(to->txn, of);
}

static int begin_gathering(const sealing *to, pass *of) {
  med_arena arena = {0};
  med_wide_run *runs;
  size_t count = 0;
  int rc = MEDLEY_OK;
  if (to->runs != NULL) rc = med_wide_runs_list(to->txn, of->table_id, &arena, &runs, &count);
  med_arena_clear(&arena);
  return rc == MEDLEY_OK && count > 1 ? med_txn_next_id(to->txn, &of->gathers) : rc;
}

static void begin_pass(pass *of) {
  of->grown = of->left = 0;
  of->thorough = of->wanted;
  of->wanted = false;
  of->begun = true;
  of->hot = of->hot_bytes = of->seen = 0;
  med_wide_table_prefix(of->table_id, &of->from);
  of->at = of->from;
}

static int end_pass(const sealing *to, pass *of) {
  uint64_t eighth = of->seen / 8, least = due_at_least(to->table);
  of->begun = false;
  of->due = eighth > least ? eighth : least;
  return begin_gathering(to, of);
}

static int go_on(const sealing *to, pass *of) {
  bool done = false;
  int rc = MEDLEY_OK;
  if (of->gathers != 0) return gather(to, of);
  if (!of->begun) begin_pass(of);
  size_t before = *to->looked;
  while (rc == MEDLEY_OK && !done && *to->looked < to->limit) rc = pass_range(to, of, &done);
  if (rc != MEDLEY_OK) return rc;
  if (*to->looked == before) ++*to->looked;
  if (done) rc = end_pass(to, of);
  if (rc != MEDLEY_OK) return rc;
  return of->gathers != 0 ? gather(to, of) : put_pass(to->txn, of);
}

/* ---- Tables ---- */
/* A table or window of that number, as one to be worked on; NOT_FOUND: it was dropped, or is past. */
static int find_table(med_txn *txn, const med_wide_catalog *catalog, uint32_t id, med_wide_table *own) {
  size_t count;
  const med_wide_table *tables = med_wide_catalog_tables(catalog, &count);
  for (size_t i = 0; i < count; i++) {
    if (tables[i].id != id) continue;
    *own = tables[i];
    return MEDLEY_OK;
  }
  int rc = med_wide_window_by_id(txn, catalog, id, own);
  if (rc != MEDLEY_OK) return rc;
  const med_wide_time_window *of = own->window_of->time_window;
  return med_wide_time_window_is_past(of, own->window_number, med_txn_now_us(txn)) ? MEDLEY_NOT_FOUND : MEDLEY_OK;
}

/* The next table from *id on that has a pass to be made; *id is then behind it. NOT_FOUND. */
static int next_pass(med_txn *txn, med_cursor *cursor, uint32_t *id, pass *of) {
  for (;;) {
    med_key key;
    med_slice found;
    pass_key(*id, &key);
    int rc = med_cursor_seek(cursor, med_key_slice(&key), &found, NULL);
    if (rc != MEDLEY_OK) return rc;
    uint32_t table_id;
    if (!is_pass_key(found, &table_id)) return MEDLEY_NOT_FOUND;
    rc = get_pass(txn, table_id, of);
    if (rc != MEDLEY_OK) return rc;
    if (table_id == UINT32_MAX) return MEDLEY_NOT_FOUND;
    *id = table_id + 1;
    if (of->begun || of->gathers != 0 || of->grown >= of->due) return MEDLEY_OK;
  }
}

int med_wide_seal_step(med_txn *txn, size_t limit, size_t *looked, size_t *written, bool *left) {
  med_cursor *cursor;
  med_wide_catalog *catalog = NULL;
  med_arena arena = {0};
  uint32_t id = 0;
  pass of;
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  *left = false;
  while (*looked < limit && (rc = next_pass(txn, cursor, &id, &of)) == MEDLEY_OK) {
    if (catalog == NULL) MED_TRY(med_wide_catalog_open(txn, &catalog));
    med_wide_table own;
    rc = find_table(txn, catalog, of.table_id, &own);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) break;
    if (rc == MEDLEY_NOT_FOUND || !is_sealed_at_all(&own)) continue; /* the sweep frees it; or sealed no more */
    sealing to = {.txn = txn, .cursor = cursor, .table = &own, .limit = limit, .looked = looked};
    bool memory = med_wide_sealed_columns_list(&own, &arena, &to.columns);
    to.values = med_arena_alloc(&arena, (to.columns.count + 1) * sizeof *to.values);
    memory = memory && to.values != NULL;
    rc = memory ? MEDLEY_OK : med_error_no_memory(med_txn_error(txn));
    if (rc == MEDLEY_OK && own.flags & MED_WIDE_TABLE_RUNS) rc = med_wide_run_rows_open(txn, own.id, &to.runs);
    if (rc == MEDLEY_OK) rc = go_on(&to, &of);
    med_wide_run_rows_close(to.runs);
    if (rc != MEDLEY_OK) break;
    ++*written;
  }
  *left = *looked >= limit; /* a pass, or another table's, may have to go on */
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
done:
  med_arena_clear(&arena);
  med_wide_catalog_release(catalog);
  med_cursor_close(cursor);
  return rc;
}
