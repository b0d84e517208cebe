/* groups.c - see groups.h. */
#include "models/widecolumn/groups.h"

#include <math.h>

#include "models/widecolumn/group_numbers.h"
#include "models/widecolumn/read.h"

struct med_wide_groups {
  med_wide_group_query query;
  med_txn *txn;
  const med_wide_table *table;
  int64_t now_s;
  med_group_values values[MED_WIDE_GROUP_KEYS_MAX];
  med_group_pairs pairs[MED_WIDE_GROUP_KEYS_MAX]; /* [k]: of the groups by keys before k, and key k; [0] is not used */
  uint32_t capacity;                              /* of groups, in `rows` and `totals` */
  uint64_t *rows;
  med_wide_total *totals[MED_WIDE_GROUP_TOTALS_MAX];
  uint32_t *numbers[MED_WIDE_GROUP_KEYS_MAX]; /* of each row of a vector */
  uint32_t groups[MED_VECTOR_ROWS];           /* of each listed row */
  uint16_t listed[MED_VECTOR_ROWS];           /* the rows that count */
  med_arena arena;                            /* of a record's row */
};

/* ---- What is taken ---- */
static bool is_plain(const med_wide_column *column) {
  return column->role != MED_WIDE_STATIC && column->type.kind != MED_WIDE_COUNTER &&
         !med_wide_type_is_complex(&column->type);
}

static bool is_text(const med_wide_column *column) {
  med_wide_kind kind = column->type.kind;
  return kind == MED_WIDE_TEXT || kind == MED_WIDE_ASCII || kind == MED_WIDE_BLOB;
}

static med_column_type type_of(const med_wide_column *column) { return med_wide_segment_type(column->type.kind); }

bool med_wide_groups_take_key(const med_wide_column *column) {
  return is_plain(column) && (type_of(column) == MED_COLUMN_INTEGERS || is_text(column));
}

bool med_wide_groups_take_total(const med_wide_column *column) { return is_plain(column); }

bool med_wide_groups_take_test(const med_wide_column *column) {
  return is_plain(column) && (type_of(column) != MED_COLUMN_TEXTS || is_text(column));
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

static void add_integer(med_wide_total *total, int64_t value) {
  if (total->count++ == 0) {
    total->as.integers.sum = value;
    total->as.integers.min = total->as.integers.max = value;
    return;
  }
  total->as.integers.sum += value;
  if (value < total->as.integers.min) total->as.integers.min = value;
  if (value > total->as.integers.max) total->as.integers.max = value;
}

static void add_real(med_wide_total *total, double value) {
  if (isnan(value)) return;
  if (total->count++ == 0) {
    total->as.reals.sum = total->as.reals.min = total->as.reals.max = value;
    return;
  }
  total->as.reals.sum += value;
  if (value < total->as.reals.min) total->as.reals.min = value;
  if (value > total->as.reals.max) total->as.reals.max = value;
}

uint32_t med_wide_groups_count(const med_wide_groups *of) {
  size_t keys = of->query.key_count;
  if (keys == 0) return 1;
  return keys == 1 ? of->values[0].count : of->pairs[keys - 1].count;
}

/* ---- Sealed rows ---- */
static int match_all(med_wide_groups *of, med_wide_segment_scan *scan, uint64_t *selected) {
  static const uint8_t infinity[8] = {0x7F, 0xF0}, narrow_infinity[4] = {0x7F, 0x80};
  for (size_t i = 0; i < of->query.test_count; i++) {
    const med_wide_group_test *test = &of->query.tests[i];
    int rc = med_wide_segment_scan_match(scan, test->column, test->compare, test->value, selected);
    bool above = test->compare == MED_GREATER || test->compare == MED_GREATER_EQUAL || test->compare == MED_NOT_EQUAL;
    if (rc == MEDLEY_OK && above && type_of(test->column) == MED_COLUMN_REALS) /* where NaN is, too */
      rc = med_wide_segment_scan_match(
          scan, test->column, MED_LESS_EQUAL,
          test->column->type.kind == MED_WIDE_FLOAT ? med_slice_of(narrow_infinity, 4) : med_slice_of(infinity, 8),
          selected);
    if (rc != MEDLEY_OK) return rc;
    if (med_rows_count(selected) == 0) return MEDLEY_OK;
  }
  return MEDLEY_OK;
}

static int number_texts(med_wide_groups *of, med_wide_segment_scan *scan, size_t key, size_t count) {
  med_wide_texts texts;
  med_group_values *values = &of->values[key];
  int rc = med_wide_segment_scan_texts(scan, of->query.keys[key], &texts);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < count; i++) {
    size_t row = of->listed[i];
    bool ok = true;
    if (!med_rows_has(texts.present, row))
      of->numbers[key][i] = MED_GROUP_NULL;
    else if (texts.codes != NULL)
      ok = med_group_values_code(values, texts.segment, texts.codes[row], texts.texts, texts.text_count,
                                 &of->numbers[key][i]);
    else
      ok = med_group_values_text(values, texts.texts[row], &of->numbers[key][i]);
    if (!ok) return med_error_no_memory(med_txn_error(of->txn));
  }
  return MEDLEY_OK;
}

static int number_integers(med_wide_groups *of, med_wide_segment_scan *scan, size_t key, size_t count) {
  const med_wide_vector *vector;
  int rc = med_wide_segment_scan_vector(scan, of->query.keys[key], &vector);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < count; i++) {
    size_t row = of->listed[i];
    if (!med_rows_has(vector->present, row))
      of->numbers[key][i] = MED_GROUP_NULL;
    else if (!med_group_values_integer(&of->values[key], vector->values.integers[row], &of->numbers[key][i]))
      return med_error_no_memory(med_txn_error(of->txn));
  }
  return MEDLEY_OK;
}

/* From the numbers of `count` rows to their groups. */
static int find_groups(med_wide_groups *of, size_t count) {
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

static int add_column(med_wide_groups *of, med_wide_segment_scan *scan, size_t at, size_t count) {
  const med_wide_column *column = of->query.totals[at];
  med_wide_total *totals = of->totals[at];
  const med_wide_vector *vector;
  uint64_t present[MED_VECTOR_WORDS];
  if (type_of(column) == MED_COLUMN_TEXTS) {
    int rc = med_wide_segment_scan_present(scan, column, present);
    for (size_t i = 0; rc == MEDLEY_OK && i < count; i++)
      totals[of->groups[i]].count += med_rows_has(present, of->listed[i]);
    return rc;
  }
  int rc = med_wide_segment_scan_vector(scan, column, &vector);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < count; i++) {
    size_t row = of->listed[i];
    if (!med_rows_has(vector->present, row)) continue;
    if (type_of(column) == MED_COLUMN_INTEGERS)
      add_integer(&totals[of->groups[i]], vector->values.integers[row]);
    else
      add_real(&totals[of->groups[i]], vector->values.reals[row]);
  }
  return MEDLEY_OK;
}

static int add_vector(med_wide_groups *of, med_wide_segment_scan *scan, uint64_t *selected) {
  int rc = match_all(of, scan, selected);
  if (rc != MEDLEY_OK) return rc;
  size_t count = med_column_list_rows(selected, of->listed);
  if (count == 0) return MEDLEY_OK;
  for (size_t key = 0; rc == MEDLEY_OK && key < of->query.key_count; key++)
    rc = of->values[key].is_text ? number_texts(of, scan, key, count) : number_integers(of, scan, key, count);
  if (rc == MEDLEY_OK) rc = find_groups(of, count);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < count; i++) of->rows[of->groups[i]]++;
  for (size_t at = 0; rc == MEDLEY_OK && at < of->query.total_count; at++) rc = add_column(of, scan, at, count);
  return rc;
}

static int need_column(med_wide_segment_scan *scan, const med_wide_column *column) {
  bool stores;
  int rc = med_wide_segment_scan_stores(scan, column, &stores);
  return rc == MEDLEY_OK && !stores ? MEDLEY_UNSUPPORTED : rc;
}

/* UNSUPPORTED if the segment does not store a column of the key that is asked for. */
static int need_columns(const med_wide_groups *of, med_wide_segment_scan *scan) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < of->query.key_count; i++) rc = need_column(scan, of->query.keys[i]);
  for (size_t i = 0; rc == MEDLEY_OK && i < of->query.total_count; i++) rc = need_column(scan, of->query.totals[i]);
  for (size_t i = 0; rc == MEDLEY_OK && i < of->query.test_count; i++)
    rc = need_column(scan, of->query.tests[i].column);
  return rc;
}

static int add_sealed(med_wide_groups *of) {
  med_wide_segment_scan *scan;
  uint64_t selected[MED_VECTOR_WORDS];
  size_t rows;
  int rc = med_wide_segment_scan_open(of->txn, of->table, &scan);
  if (rc != MEDLEY_OK) return rc;
  while ((rc = med_wide_segment_scan_next(scan, &rows, selected)) == MEDLEY_OK) {
    rc = need_columns(of, scan);
    if (rc == MEDLEY_OK && of->query.poll != NULL) rc = of->query.poll(of->query.poll_context);
    if (rc == MEDLEY_OK) rc = add_vector(of, scan, selected);
    if (rc != MEDLEY_OK) break;
  }
  med_wide_segment_scan_close(scan);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
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
  if (type_of(column) == MED_COLUMN_TEXTS) return med_slice_compare(value, constant);
  if (type_of(column) == MED_COLUMN_INTEGERS) {
    int64_t a = med_wide_segment_integer(kind, value), b = med_wide_segment_integer(kind, constant);
    return a < b ? -1 : a > b;
  }
  double a = med_wide_segment_real(value), b = med_wide_segment_real(constant);
  return a < b ? -1 : a > b;
}

static bool is_null(const med_wide_column *column, med_slice value) {
  return med_wide_is_null(value) || (type_of(column) == MED_COLUMN_REALS && isnan(med_wide_segment_real(value)));
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
  int rc = find_groups(of, 1);
  if (rc != MEDLEY_OK) return rc;
  uint32_t group = of->groups[0];
  of->rows[group]++;
  for (size_t at = 0; ok && at < of->query.total_count; at++) {
    const med_wide_column *column = of->query.totals[at];
    med_slice value = value_of(of, entry, column, &ok);
    if (!ok || med_wide_is_null(value)) continue;
    switch (type_of(column)) {
      case MED_COLUMN_INTEGERS:
        add_integer(&of->totals[at][group], med_wide_segment_integer(column->type.kind, value));
        break;
      case MED_COLUMN_REALS: add_real(&of->totals[at][group], med_wide_segment_real(value)); break;
      default: of->totals[at][group].count++;
    }
  }
  return ok ? MEDLEY_OK : med_error_no_memory(med_txn_error(of->txn));
}

#define POLL_EVERY 256 /* records */

static int add_records(med_wide_groups *of) {
  med_wide_reader *reader;
  med_wide_entry entry;
  int rc = med_wide_reader_open(of->txn, of->table, &reader);
  if (rc != MEDLEY_OK) return rc;
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

int med_wide_groups_make(med_txn *txn, const med_wide_table *table, const med_wide_group_query *query,
                         med_wide_groups **groups) {
  med_wide_groups *of = med_alloc_zero(sizeof *of);
  *groups = NULL;
  if (of == NULL) return med_error_no_memory(med_txn_error(txn));
  of->query = *query;
  of->txn = txn;
  of->table = table;
  of->now_s = med_txn_now_us(txn) / 1000000;
  int rc = prepare(of) ? MEDLEY_OK : med_error_no_memory(med_txn_error(txn));
  if (rc == MEDLEY_OK && table->flags & MED_WIDE_TABLE_SEGMENTS) rc = add_sealed(of);
  if (rc == MEDLEY_OK) rc = add_records(of);
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
