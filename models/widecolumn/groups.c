/* groups.c - see groups.h: groups made and answered; rows that are records. Sealed rows: group_vectors.c. */
#include "models/widecolumn/groups.h"

#include <math.h>
#include <stdlib.h>

#include "models/widecolumn/groups_state.h"
#include "models/widecolumn/read.h"

/* ---- What is taken ---- */
static bool is_plain(const med_wide_column *column) {
  return column->role != MED_WIDE_STATIC && column->type.kind != MED_WIDE_COUNTER &&
         !med_wide_type_is_complex(&column->type);
}

static bool is_text(const med_wide_column *column) {
  med_wide_kind kind = column->type.kind;
  return kind == MED_WIDE_TEXT || kind == MED_WIDE_ASCII || kind == MED_WIDE_BLOB;
}

bool med_wide_groups_take_key(const med_wide_column *column) {
  return is_plain(column) && (med_wide_groups_type(column) == MED_COLUMN_INTEGERS || is_text(column));
}

bool med_wide_groups_take_total(const med_wide_column *column) { return is_plain(column); }

bool med_wide_groups_take_test(const med_wide_column *column) {
  return is_plain(column) && (med_wide_groups_type(column) != MED_COLUMN_TEXTS || is_text(column));
}

/* ---- Totals ---- */
static bool make_room(med_wide_groups *of, uint32_t count) {
  if (count <= of->capacity) return true;
  uint32_t capacity = count + count / 2 + 16;
  uint64_t *rows = med_realloc(of->rows, capacity * sizeof *rows);
  if (rows == NULL) return false;
  of->rows = rows;
  memset(rows + of->capacity, 0, (capacity - of->capacity) * sizeof *rows);
  for (size_t i = 0; i < of->query.total_count; i++) {
    med_wide_total *totals = med_realloc(of->totals[i], capacity * sizeof *totals);
    if (totals == NULL) return false;
    of->totals[i] = totals;
    memset(totals + of->capacity, 0, (capacity - of->capacity) * sizeof *totals);
  }
  of->capacity = capacity;
  return true;
}

uint32_t med_wide_groups_count(const med_wide_groups *of) {
  size_t keys = of->query.key_count;
  if (keys == 0) return 1;
  return keys == 1 ? of->values[0].count : of->pairs[keys - 1].count;
}

int med_wide_groups_find(med_wide_groups *of, size_t count) {
  size_t keys = of->query.key_count;
  if (keys == 0) memset(of->groups, 0, count * sizeof *of->groups);
  if (keys > 0) memcpy(of->groups, of->numbers[0], count * sizeof *of->groups);
  for (size_t key = 1; key < keys; key++) {
    for (size_t i = 0; i < count; i++) {
      if (!med_group_pairs_number(&of->pairs[key], of->groups[i], of->numbers[key][i], &of->groups[i]))
        return med_error_no_memory(med_txn_error(of->txn));
    }
  }
  if (med_wide_groups_count(of) > MED_WIDE_GROUPS_MAX)
    return med_error_set(med_txn_error(of->txn), MEDLEY_TOO_BIG, "more than %u groups", MED_WIDE_GROUPS_MAX);
  return make_room(of, med_wide_groups_count(of)) ? MEDLEY_OK : med_error_no_memory(med_txn_error(of->txn));
}

/* ---- Records ---- */
static med_slice value_of(med_wide_groups *of, const med_wide_entry *entry, const med_wide_column *column, bool *ok) {
  size_t at = (size_t)(column - of->table->columns);
  if (column->role == MED_WIDE_PARTITION) return entry->partition[at];
  if (column->role == MED_WIDE_CLUSTERING) return entry->clustering[at - of->table->partition_count];
  return med_wide_row_value(entry->row, column, of->now_s, &of->arena, ok);
}

static int order_of(const med_wide_column *column, med_slice value, med_slice constant) {
  med_wide_kind kind = column->type.kind;
  if (med_wide_groups_type(column) == MED_COLUMN_TEXTS) return med_slice_compare(value, constant);
  if (med_wide_groups_type(column) == MED_COLUMN_INTEGERS) {
    int64_t a = med_wide_segment_integer(kind, value), b = med_wide_segment_integer(kind, constant);
    return a < b ? -1 : a > b;
  }
  double a = med_wide_segment_real(value), b = med_wide_segment_real(constant);
  return a < b ? -1 : a > b;
}

static bool is_null(const med_wide_column *column, med_slice value) {
  return med_wide_is_null(value) ||
         (med_wide_groups_type(column) == MED_COLUMN_REALS && isnan(med_wide_segment_real(value)));
}

static bool passes(med_wide_groups *of, const med_wide_entry *entry, bool *ok) {
  for (size_t i = 0; i < of->query.test_count; i++) {
    const med_wide_group_test *test = &of->query.tests[i];
    med_slice value = value_of(of, entry, test->column, ok);
    if (!*ok || is_null(test->column, value)) return false;
    if (!med_compare_holds(order_of(test->column, value, test->value), test->compare)) return false;
  }
  return true;
}

static bool number_record(med_wide_groups *of, const med_wide_entry *entry) {
  bool ok = true;
  for (size_t key = 0; ok && key < of->query.key_count; key++) {
    const med_wide_column *column = of->query.keys[key];
    med_slice value = value_of(of, entry, column, &ok);
    uint32_t *number = &of->numbers[key][0];
    if (!ok) break;
    if (med_wide_is_null(value))
      *number = MED_GROUP_NULL;
    else if (of->values[key].is_text)
      ok = med_group_values_text(&of->values[key], value, number);
    else
      ok = med_group_values_integer(&of->values[key], med_wide_segment_integer(column->type.kind, value), number);
  }
  return ok;
}

static int add_record(med_wide_groups *of, const med_wide_entry *entry) {
  bool ok = true;
  med_arena_reset(&of->arena);
  if (!passes(of, entry, &ok)) return ok ? MEDLEY_OK : med_error_no_memory(med_txn_error(of->txn));
  if (!number_record(of, entry)) return med_error_no_memory(med_txn_error(of->txn));
  int rc = med_wide_groups_find(of, 1);
  if (rc != MEDLEY_OK) return rc;
  uint32_t group = of->groups[0];
  of->rows[group]++;
  for (size_t at = 0; ok && at < of->query.total_count; at++) {
    const med_wide_column *column = of->query.totals[at];
    med_slice value = value_of(of, entry, column, &ok);
    if (!ok || med_wide_is_null(value)) continue;
    switch (med_wide_groups_type(column)) {
      case MED_COLUMN_INTEGERS: {
        int64_t integer = med_wide_segment_integer(column->type.kind, value);
        med_group_add_sum(&of->totals[at][group], 1, integer, integer, integer);
        break;
      }
      case MED_COLUMN_REALS: med_group_add_real(&of->totals[at][group], med_wide_segment_real(value)); break;
      default: of->totals[at][group].count++;
    }
  }
  return ok ? MEDLEY_OK : med_error_no_memory(med_txn_error(of->txn));
}

#define POLL_EVERY 256 /* records */

/* Where the tests say something of the time, other windows need not be looked at. */
static med_wide_window_span windows_of(const med_wide_groups *of) {
  med_wide_window_span span = MED_WIDE_WINDOWS_ALL;
  for (size_t i = 0; i < of->query.test_count; i++)
    med_wide_window_span_limit(of->table, of->query.tests[i].column, of->query.tests[i].compare,
                               of->query.tests[i].value, &span);
  return span;
}

static int add_records(med_wide_groups *of) {
  med_wide_reader *reader;
  med_wide_entry entry;
  med_wide_window_span span = windows_of(of);
  int rc = med_wide_reader_open(of->txn, of->table, &reader);
  if (rc != MEDLEY_OK) return rc;
  med_wide_reader_windows(reader, &span);
  med_wide_reader_tokens(reader, INT64_MIN, INT64_MAX);
  med_wide_reader_only_records(reader);
  for (uint64_t i = 0; (rc = med_wide_reader_next(reader, &entry)) == MEDLEY_OK; i++) {
    if (i % POLL_EVERY == 0 && of->query.poll != NULL) rc = of->query.poll(of->query.poll_context);
    if (rc == MEDLEY_OK) rc = add_record(of, &entry);
    if (rc != MEDLEY_OK) break;
  }
  med_wide_reader_close(reader);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* ---- Making ---- */
static bool prepare(med_wide_groups *of) {
  bool ok = make_room(of, 1);
  uint64_t seed = med_store_random(med_txn_store(of->txn));
  for (size_t key = 0; ok && key < of->query.key_count; key++) {
    of->numbers[key] = med_alloc(MED_VECTOR_ROWS * sizeof(uint32_t));
    ok = of->numbers[key] != NULL && med_group_values_init(&of->values[key], is_text(of->query.keys[key]), seed);
    if (key > 0) ok = ok && med_group_pairs_init(&of->pairs[key], seed);
  }
  return ok;
}

/* Several tests of one column become one range: it is looked at once. */
static void find_ranges(med_wide_groups *of) {
  for (size_t i = 0; i < of->query.test_count; i++) {
    const med_wide_group_test *test = &of->query.tests[i];
    if (med_wide_groups_type(test->column) != MED_COLUMN_INTEGERS) continue;
    med_integer_range range =
        med_integer_range_of(test->compare, med_wide_segment_integer(test->column->type.kind, test->value));
    bool taken = false;
    for (size_t at = 0; at < of->range_count && !taken; at++)
      taken = of->ranges[at].column == test->column && med_integer_range_narrow(&of->ranges[at].range, &range);
    if (!taken) of->ranges[of->range_count++] = (med_wide_group_range){test->column, range};
  }
}

med_wide_groups *med_wide_groups_new(med_txn *txn, const med_wide_table *table, const med_wide_group_query *query) {
  med_wide_groups *of = med_alloc_zero(sizeof *of);
  if (of == NULL) return NULL;
  of->query = *query;
  of->txn = txn;
  of->table = table;
  of->now_s = med_txn_now_us(txn) / 1000000;
  find_ranges(of);
  if (prepare(of)) return of;
  med_wide_groups_free(of);
  return NULL;
}

static int add_sealed(med_wide_groups *of) {
  med_wide_segment_scan *scan;
  bool done;
  int rc = med_wide_groups_add_halves(of, &done);
  if (rc != MEDLEY_OK || done) return rc;
  med_wide_window_span span = windows_of(of);
  rc = med_wide_segment_scan_open(of->txn, of->table, &scan);
  if (rc != MEDLEY_OK) return rc;
  med_wide_segment_scan_windows(scan, &span);
  rc = med_wide_groups_add_segments(of, scan);
  med_wide_segment_scan_close(scan);
  return rc;
}

int med_wide_groups_make(med_txn *txn, const med_wide_table *table, const med_wide_group_query *query,
                         med_wide_groups **groups) {
  med_wide_groups *of = med_wide_groups_new(txn, table, query);
  int rc = of != NULL ? MEDLEY_OK : med_error_no_memory(med_txn_error(txn));
  *groups = NULL;
  if (rc == MEDLEY_OK && table->flags & MED_WIDE_TABLE_SEGMENTS) rc = add_sealed(of);
  if (rc == MEDLEY_OK && !query->only_sealed) rc = add_records(of);
  if (rc == MEDLEY_OK)
    *groups = of;
  else
    med_wide_groups_free(of);
  return rc;
}

void med_wide_groups_free(med_wide_groups *of) {
  if (of == NULL) return;
  for (size_t key = 0; key < MED_WIDE_GROUP_KEYS_MAX; key++) {
    med_group_values_clear(&of->values[key]);
    med_group_pairs_clear(&of->pairs[key]);
    med_free(of->numbers[key]);
  }
  for (size_t at = 0; at < MED_WIDE_GROUP_TOTALS_MAX; at++) med_free(of->totals[at]);
  med_free(of->rows);
  med_arena_clear(&of->arena);
  med_free(of);
}

/* ---- What came of it ---- */
uint64_t med_wide_groups_rows(const med_wide_groups *of, uint32_t group) { return of->rows[group]; }

const med_wide_total *med_wide_groups_total(const med_wide_groups *of, uint32_t group, size_t total) {
  return &of->totals[total][group];
}

bool med_wide_groups_key(const med_wide_groups *of, uint32_t group, size_t key, int64_t *integer, med_slice *text) {
  uint32_t number = group;
  for (size_t i = of->query.key_count - 1; i > key; i--) number = of->pairs[i].left[number];
  if (key > 0) number = of->pairs[key].right[number];
  if (number == MED_GROUP_NULL) return false;
  if (of->values[key].is_text)
    *text = of->values[key].texts[number];
  else
    *integer = of->values[key].integers[number];
  return true;
}

/* ---- In order ---- */
typedef struct listed_group {
  int64_t first; /* of the first key: the integer, or what a text begins with */
  uint32_t number;
  bool has;
} listed_group;

typedef struct listing {
  const med_wide_groups *of;
  const med_wide_group_order *orders;
  size_t count;
} listing;

/* Null, and then as numbers or by memcmp. */
static int compare_keys(const med_wide_groups *of, size_t key, uint32_t a, uint32_t b) {
  int64_t integers[2] = {0};
  med_slice texts[2] = {{0}};
  bool has_a = med_wide_groups_key(of, a, key, &integers[0], &texts[0]);
  bool has_b = med_wide_groups_key(of, b, key, &integers[1], &texts[1]);
  if (!has_a || !has_b) return has_a - has_b;
  if (of->values[key].is_text) return med_slice_compare(texts[0], texts[1]);
  return integers[0] < integers[1] ? -1 : integers[0] > integers[1];
}

static int compare_groups(const void *left, const void *right, void *context) {
  const listed_group *a = left, *b = right;
  const listing *by = context;
  int order = a->has != b->has ? a->has - b->has : a->first < b->first ? -1 : a->first > b->first;
  if (order != 0) return by->orders[0].descending ? -order : order;
  for (size_t i = 0; i < by->count; i++) {
    if (i > 0 || by->of->values[by->orders[0].key].is_text)
      order = compare_keys(by->of, by->orders[i].key, a->number, b->number);
    if (order != 0) return by->orders[i].descending ? -order : order;
  }
  return a->number < b->number ? -1 : 1;
}

static void fill_first(const med_wide_groups *of, size_t key, listed_group *listed) {
  med_slice text;
  listed->first = 0;
  listed->has = med_wide_groups_key(of, listed->number, key, &listed->first, &text);
  if (listed->has && of->values[key].is_text)
    listed->first = (int64_t)(med_column_text_prefix(text) ^ (uint64_t)1 << 63); /* the order of unsigned ones */
}

uint32_t *med_wide_groups_list(const med_wide_groups *of, const med_wide_group_order *orders, size_t order_count,
                               uint32_t *count) {
  uint32_t all = med_wide_groups_count(of);
  listed_group *listed = med_alloc(((size_t)all + 1) * sizeof *listed);
  uint32_t *numbers = med_alloc(((size_t)all + 1) * sizeof *numbers);
  listing by = {of, orders, order_count};
  *count = 0;
  for (uint32_t group = 0; listed != NULL && numbers != NULL && group < all; group++) {
    if (of->query.key_count > 0 && of->rows[group] == 0) continue;
    listed[*count] = (listed_group){.number = group};
    if (order_count > 0) fill_first(of, orders[0].key, &listed[*count]);
    ++*count;
  }
  if (listed != NULL && order_count > 0 && *count > 1) qsort_r(listed, *count, sizeof *listed, compare_groups, &by);
  for (uint32_t i = 0; i < *count; i++) numbers[i] = listed[i].number;
  bool ok = listed != NULL && numbers != NULL;
  med_free(listed);
  if (ok) return numbers;
  med_free(numbers);
  return NULL;
}
