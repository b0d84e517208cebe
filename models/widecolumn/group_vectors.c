/* group_vectors.c - sealed rows, a vector at a time, into groups; a segment at a time where headers say all. */
#include "models/widecolumn/groups_state.h"

/* ---- Rows that count ---- */
static int match_all(med_wide_groups *of, med_wide_segment_scan *scan, uint64_t *selected) {
  static const uint8_t infinity[8] = {0x7F, 0xF0}, narrow_infinity[4] = {0x7F, 0x80};
  for (size_t i = 0; i < of->range_count; i++) {
    int rc = med_wide_segment_scan_within(scan, of->ranges[i].column, &of->ranges[i].range, selected);
    if (rc != MEDLEY_OK || !med_rows_any(selected)) return rc;
  }
  for (size_t i = 0; i < of->query.test_count; i++) {
    const med_wide_group_test *test = &of->query.tests[i];
    if (med_wide_groups_type(test->column) == MED_COLUMN_INTEGERS) continue;
    int rc = med_wide_segment_scan_match(scan, test->column, test->compare, test->value, selected);
    bool above = test->compare == MED_GREATER || test->compare == MED_GREATER_EQUAL || test->compare == MED_NOT_EQUAL;
    if (rc == MEDLEY_OK && above && med_wide_groups_type(test->column) == MED_COLUMN_REALS) /* where NaN is, too */
      rc = med_wide_segment_scan_match(
          scan, test->column, MED_LESS_EQUAL,
          test->column->type.kind == MED_WIDE_FLOAT ? med_slice_of(narrow_infinity, 4) : med_slice_of(infinity, 8),
          selected);
    if (rc != MEDLEY_OK) return rc;
    if (!med_rows_any(selected)) return MEDLEY_OK;
  }
  return MEDLEY_OK;
}

static bool all_have(const uint64_t *selected, const uint64_t *present) {
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) {
    if (selected[i] & ~present[i]) return false;
  }
  return true;
}

/* The values of the listed rows, of which all have one, side by side. */
static const int64_t *pack_integers(med_wide_groups *of, const int64_t *values, size_t count) {
  if (count == of->vector_rows) return values;
  for (size_t i = 0; i < count; i++) of->packed.integers[i] = values[of->listed[i]];
  return of->packed.integers;
}

static const double *pack_reals(med_wide_groups *of, const double *values, size_t count) {
  if (count == of->vector_rows) return values;
  for (size_t i = 0; i < count; i++) of->packed.reals[i] = values[of->listed[i]];
  return of->packed.reals;
}

static bool number_each_text(med_wide_groups *of, const med_wide_texts *texts, size_t key, size_t count) {
  med_group_values *values = &of->values[key];
  bool ok = true;
  for (size_t i = 0; ok && i < count; i++) {
    size_t row = of->listed[i];
    uint32_t *number = &of->numbers[key][i];
    if (!med_rows_has(texts->present, row))
      *number = MED_GROUP_NULL;
    else if (texts->codes != NULL)
      ok = med_group_values_codes(values, texts->segment, texts->texts, texts->text_count, &texts->codes[row], 1,
                                  number);
    else
      ok = med_group_values_text(values, texts->texts[row], number);
  }
  return ok;
}

static int number_texts(med_wide_groups *of, med_wide_segment_scan *scan, size_t key, size_t count) {
  med_wide_texts texts;
  int rc = med_wide_segment_scan_texts(scan, of->query.keys[key], &texts);
  if (rc != MEDLEY_OK) return rc;
  bool whole = texts.codes != NULL && count == of->vector_rows && all_have(of->selected, texts.present);
  bool ok = whole ? med_group_values_codes(&of->values[key], texts.segment, texts.texts, texts.text_count, texts.codes,
                                           count, of->numbers[key])
                  : number_each_text(of, &texts, key, count);
  return ok ? MEDLEY_OK : med_error_no_memory(med_txn_error(of->txn));
}

static int number_integers(med_wide_groups *of, med_wide_segment_scan *scan, size_t key, size_t count) {
  const med_wide_column *column = of->query.keys[key];
  const med_wide_vector *vector;
  bool any, ok = true;
  int64_t min = 0, max = 0;
  int rc = med_wide_segment_scan_some(scan, column, of->selected, &vector);
  if (rc == MEDLEY_OK) rc = med_wide_segment_scan_bounds(scan, column, &any, &min, &max);
  if (rc != MEDLEY_OK) return rc;
  if (all_have(of->selected, vector->present)) {
    const int64_t *integers = pack_integers(of, vector->values.integers, count);
    ok = med_group_values_integers(&of->values[key], integers, count, min, max, of->numbers[key]);
  } else {
    for (size_t i = 0; ok && i < count; i++) {
      size_t row = of->listed[i];
      if (!med_rows_has(vector->present, row))
        of->numbers[key][i] = MED_GROUP_NULL;
      else
        ok = med_group_values_integer(&of->values[key], vector->values.integers[row], &of->numbers[key][i]);
    }
  }
  return ok ? MEDLEY_OK : med_error_no_memory(med_txn_error(of->txn));
}

/* The listed rows that have a value: their groups, and their values side by side. */
static size_t pack_some(med_wide_groups *of, const med_wide_vector *vector, bool integers, size_t count) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    size_t row = of->listed[i];
    if (!med_rows_has(vector->present, row)) continue;
    of->some_groups[found] = of->groups[i];
    if (integers)
      of->packed.integers[found] = vector->values.integers[row];
    else
      of->packed.reals[found] = vector->values.reals[row];
    found++;
  }
  return found;
}

static int add_numbers(med_wide_groups *of, med_wide_segment_scan *scan, size_t at, const med_group_rows *rows) {
  const int64_t far = INT64_C(1) << 52; /* med_group_add_integers: a vector's sum of nearer ones is within 64 bits */
  const med_wide_column *column = of->query.totals[at];
  const med_wide_vector *vector;
  const med_group_rows *these = rows;
  med_group_rows some;
  bool any = false, integers = med_wide_groups_type(column) == MED_COLUMN_INTEGERS;
  int64_t min = 0, max = 0;
  int rc = med_wide_segment_scan_some(scan, column, of->selected, &vector);
  if (rc == MEDLEY_OK && integers) rc = med_wide_segment_scan_bounds(scan, column, &any, &min, &max);
  if (rc != MEDLEY_OK) return rc;
  bool all = all_have(of->selected, vector->present);
  if (!all) {
    size_t found = pack_some(of, vector, integers, rows->count);
    if (found == 0) return MEDLEY_OK;
    med_group_rows_init(&some, of->some_groups, found, rows->group_count);
    these = &some;
  }
  if (integers)
    med_group_add_integers(these, all ? pack_integers(of, vector->values.integers, rows->count) : of->packed.integers,
                           of->query.bounds[at], min >= -far && max <= far, of->totals[at]);
  else
    med_group_add_reals(these, all ? pack_reals(of, vector->values.reals, rows->count) : of->packed.reals,
                        of->totals[at]);
  return MEDLEY_OK;
}

static int count_texts(med_wide_groups *of, med_wide_segment_scan *scan, size_t at, size_t count) {
  uint64_t present[MED_VECTOR_WORDS];
  int rc = med_wide_segment_scan_present(scan, of->query.totals[at], present);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++)
    of->totals[at][of->groups[i]].count += med_rows_has(present, of->listed[i]);
  return rc;
}

static size_t list_rows(med_wide_groups *of, const uint64_t *selected) {
  size_t count = med_rows_count(selected);
  of->selected = selected;
  if (count < of->vector_rows) {
    of->lists_all = false;
    return med_column_list_rows(selected, of->listed);
  }
  for (uint16_t row = 0; !of->lists_all && row < MED_VECTOR_ROWS; row++) of->listed[row] = row;
  of->lists_all = true;
  return count;
}

static int add_vector(med_wide_groups *of, med_wide_segment_scan *scan, uint64_t *selected) {
  med_group_rows rows;
  int rc = match_all(of, scan, selected);
  if (rc != MEDLEY_OK) return rc;
  size_t count = list_rows(of, selected);
  if (count == 0) return MEDLEY_OK;
  for (size_t key = 0; rc == MEDLEY_OK && key < of->query.key_count; key++)
    rc = of->values[key].is_text ? number_texts(of, scan, key, count) : number_integers(of, scan, key, count);
  if (rc == MEDLEY_OK) rc = med_wide_groups_find(of, count);
  if (rc != MEDLEY_OK) return rc;
  med_group_rows_init(&rows, of->groups, count, med_wide_groups_count(of));
  med_group_count_rows(&rows, of->rows);
  for (size_t at = 0; rc == MEDLEY_OK && at < of->query.total_count; at++)
    rc = med_wide_groups_type(of->query.totals[at]) == MED_COLUMN_TEXTS ? count_texts(of, scan, at, count)
                                                                        : add_numbers(of, scan, at, &rows);
  return rc;
}

/* ---- Segments as a whole ---- */
/* By what headers say of integers: none of the segment's rows passes all tests, or every one does. */
static int ask_segment(const med_wide_groups *of, med_wide_segment_scan *scan, bool *none, bool *all) {
  *none = false;
  *all = true;
  for (size_t i = 0; i < of->query.test_count && !*none; i++) {
    const med_wide_group_test *test = &of->query.tests[i];
    bool some, every;
    if (med_wide_groups_type(test->column) != MED_COLUMN_INTEGERS) {
      *all = false;
      continue;
    }
    int rc = med_wide_segment_scan_ask(scan, test->column, test->compare,
                                       med_wide_segment_integer(test->column->type.kind, test->value), &some, &every);
    if (rc != MEDLEY_OK) return rc;
    *none = !some;
    *all = *all && every;
  }
  return MEDLEY_OK;
}

/* Without groups, and of integers and counts, headers have the totals. */
static bool may_add_headers(const med_wide_groups *of) {
  for (size_t at = 0; at < of->query.total_count; at++) {
    if (med_wide_groups_type(of->query.totals[at]) == MED_COLUMN_REALS) return false;
  }
  return of->query.key_count == 0;
}

static int add_headers(med_wide_groups *of, med_wide_segment_scan *scan) {
  of->rows[0] += med_wide_segment_scan_rows(scan);
  for (size_t at = 0; at < of->query.total_count; at++) {
    const med_column_group *header;
    med_wide_total *total = of->totals[at];
    int rc = med_wide_segment_scan_header(scan, of->query.totals[at], &header);
    if (rc != MEDLEY_OK) return rc;
    if (header == NULL || header->nulls >= header->rows) continue;
    if (med_wide_groups_type(of->query.totals[at]) == MED_COLUMN_INTEGERS)
      med_group_add_sum(total, header->rows - header->nulls, header->sum, header->min.integer, header->max.integer);
    else
      total->count += header->rows - header->nulls;
  }
  return MEDLEY_OK;
}

/* *done: nothing is left to be done of the segment, at whose first vector the scan is. */
static int add_segment(med_wide_groups *of, med_wide_segment_scan *scan, bool *done) {
  bool none, all;
  int rc = ask_segment(of, scan, &none, &all);
  *done = none;
  if (rc != MEDLEY_OK || none || !all || !may_add_headers(of)) return rc;
  rc = med_wide_segment_scan_whole(scan, done);
  return rc == MEDLEY_OK && *done ? add_headers(of, scan) : rc;
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

int med_wide_groups_add_segments(med_wide_groups *of, med_wide_segment_scan *scan) {
  uint64_t selected[MED_VECTOR_WORDS];
  int rc;
  while ((rc = med_wide_segment_scan_next(scan, &of->vector_rows, selected)) == MEDLEY_OK) {
    bool done = false, first = med_wide_segment_scan_is_first(scan);
    if (of->stop != NULL && atomic_load_explicit(of->stop, memory_order_relaxed)) return MEDLEY_INTERRUPTED;
    if (first) rc = need_columns(of, scan);
    if (rc == MEDLEY_OK && of->query.poll != NULL) rc = of->query.poll(of->query.poll_context);
    if (rc == MEDLEY_OK && first) rc = add_segment(of, scan, &done);
    if (rc == MEDLEY_OK && !done) rc = add_vector(of, scan, selected);
    if (rc != MEDLEY_OK) return rc;
    if (done) med_wide_segment_scan_skip(scan);
  }
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}
