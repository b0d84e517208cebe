/* segment_match.c - which rows of a vector compare so with constants: by bounds, as they are packed, by dictionary, or one by one. */
#include "models/widecolumn/row.h"
#include "models/widecolumn/segment_scan_state.h"

static bool may_match(const med_column_zone *zone, const med_wide_column *column, med_compare compare,
                      med_slice constant) {
  switch (med_wide_segment_type(column->type.kind)) {
    case MED_COLUMN_INTEGERS:
      return med_column_may_match_integers(zone->min.integer, zone->max.integer, compare,
                                           med_wide_segment_integer(column->type.kind, constant));
    case MED_COLUMN_REALS:
      return med_column_may_match_reals(zone->min.real, zone->max.real, compare, med_wide_segment_real(constant));
    default: return med_column_may_match_texts(zone->min.prefix, zone->max.prefix, compare, constant);
  }
}

/* What the bounds of the vector say: that some row may match, that all do. */
static int ask_zone(med_wide_segment_scan *scan, med_wide_scanned *of, const med_wide_column *column,
                    med_compare compare, med_slice constant, bool *some, bool *all) {
  const med_column_group *group;
  int rc = med_wide_scan_header_of(scan, of, &group);
  if (rc != MEDLEY_OK) return rc;
  const med_column_zone *zone = &group->zones[scan->vector];
  *some = zone->nulls < scan->rows && may_match(zone, column, compare, constant);
  *all = zone->nulls == 0 && !may_match(zone, column, med_compare_opposite(compare), constant);
  return MEDLEY_OK;
}

/* By the dictionary: each of its texts is compared once for the segment. */
static int match_dictionary(med_wide_segment_scan *scan, med_wide_scanned *of, med_compare compare, med_slice constant,
                            const uint8_t **matches) {
  const med_column_group *group;
  const med_slice *texts;
  bool ok = true;
  for (const med_wide_text_match *known = of->matches; known != NULL; known = known->next) {
    *matches = known->matches;
    if (known->compare == compare && med_slice_equal(known->constant, constant)) return MEDLEY_OK;
  }
  int rc = med_column_reader_group(of->reader, 0, &group);
  if (rc == MEDLEY_OK) rc = med_column_reader_dictionary(of->reader, 0, &texts);
  if (rc == MEDLEY_NOT_FOUND) return med_wide_scan_damaged(scan);
  if (rc != MEDLEY_OK) return rc;
  med_wide_text_match *made = med_arena_alloc(&scan->arena, sizeof *made);
  if (made != NULL) made->matches = med_arena_alloc(&scan->arena, (size_t)group->dictionary_texts + 1);
  if (made == NULL || made->matches == NULL) return med_error_no_memory(med_txn_error(scan->txn));
  made->matches[0] = 0; /* rows without a text have number 0, also where there is no text at all */
  for (size_t i = 0; i < group->dictionary_texts; i++)
    made->matches[i] = med_compare_holds(med_slice_compare(texts[i], constant), compare);
  made->compare = compare;
  made->constant = med_wide_copy(&scan->arena, constant, &ok);
  if (!ok) return med_error_no_memory(med_txn_error(scan->txn));
  made->next = of->matches;
  of->matches = made;
  *matches = made->matches;
  return MEDLEY_OK;
}

static int match_texts(med_wide_segment_scan *scan, med_wide_scanned *of, med_compare compare, med_slice constant,
                       uint64_t *selected) {
  med_vector_rows rows;
  const uint8_t *matches = NULL;
  uint64_t passed[MED_VECTOR_WORDS] = {0}, present[MED_VECTOR_WORDS];
  bool coded;
  int rc = med_column_reader_codes(of->reader, scan->vector, &rows, scan->codes, &coded);
  if (rc == MEDLEY_OK && coded) {
    rc = med_wide_scan_take_rows(scan, rc, &rows, present);
    if (rc == MEDLEY_OK) rc = match_dictionary(scan, of, compare, constant, &matches);
    if (rc != MEDLEY_OK) return rc;
    med_column_match_codes(scan->codes, rows.rows, matches, passed);
    med_wide_scan_and_rows(selected, present);
  } else {
    if (rc == MEDLEY_NOT_FOUND) return med_wide_scan_damaged(scan);
    if (rc == MEDLEY_OK) rc = med_wide_scan_decode(scan, of);
    if (rc != MEDLEY_OK) return rc;
    med_wide_scan_and_rows(selected, of->vector.present);
    for (size_t row = 0; row < scan->rows; row++) {
      if (med_rows_has(selected, row) &&
          med_compare_holds(med_slice_compare(of->vector.values.texts[row], constant), compare))
        med_rows_add(passed, row);
    }
  }
  med_wide_scan_and_rows(selected, passed);
  return MEDLEY_OK;
}

/* Of an open column that is not decoded. */
static int match_integers(med_wide_segment_scan *scan, med_wide_scanned *of, const med_integer_range *range,
                          uint64_t *selected) {
  med_vector_rows rows;
  uint64_t passed[MED_VECTOR_WORDS], present[MED_VECTOR_WORDS];
  int rc = med_column_reader_within(of->reader, scan->vector, range->low, range->high, &rows, passed);
  rc = med_wide_scan_take_rows(scan, rc, &rows, present);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) selected[i] &= (range->outside ? ~passed[i] : passed[i]) & present[i];
  return MEDLEY_OK;
}

int med_wide_segment_scan_within(med_wide_segment_scan *scan, const med_wide_column *column,
                                 const med_integer_range *range, uint64_t *selected) {
  med_wide_scanned *of;
  const med_column_group *group;
  bool some = false, all = false;
  int rc = med_wide_scan_column(scan, column, &of);
  if (rc == MEDLEY_OK && of != NULL) rc = med_wide_scan_header_of(scan, of, &group);
  if (rc == MEDLEY_OK && of != NULL) {
    const med_column_zone *zone = &group->zones[scan->vector];
    bool beside = zone->max.integer < range->low || zone->min.integer > range->high;
    bool inside = zone->min.integer >= range->low && zone->max.integer <= range->high;
    some = zone->nulls < scan->rows && !(range->outside ? inside : beside);
    all = zone->nulls == 0 && (range->outside ? beside : inside);
  }
  if (rc != MEDLEY_OK || all) return rc;
  if (some) return match_integers(scan, of, range, selected);
  memset(selected, 0, MED_VECTOR_WORDS * sizeof *selected);
  return MEDLEY_OK;
}

int med_wide_segment_scan_match(med_wide_segment_scan *scan, const med_wide_column *column, med_compare compare,
                                med_slice constant, uint64_t *selected) {
  med_wide_scanned *of;
  uint64_t passed[MED_VECTOR_WORDS];
  bool some = false, all = false;
  int rc = med_wide_scan_column(scan, column, &of);
  if (rc == MEDLEY_OK && of != NULL) rc = ask_zone(scan, of, column, compare, constant, &some, &all);
  if (rc != MEDLEY_OK || all) return rc;
  if (!some) {
    memset(selected, 0, sizeof passed);
    return MEDLEY_OK;
  }
  if (of->type == MED_COLUMN_TEXTS) return match_texts(scan, of, compare, constant, selected);
  if (of->type == MED_COLUMN_INTEGERS) {
    med_integer_range range = med_integer_range_of(compare, med_wide_segment_integer(column->type.kind, constant));
    return match_integers(scan, of, &range, selected);
  }
  rc = med_wide_scan_decode(scan, of);
  if (rc != MEDLEY_OK) return rc;
  med_column_compare_reals(of->vector.values.reals, scan->rows, compare, med_wide_segment_real(constant), passed);
  med_wide_scan_and_rows(passed, of->vector.present);
  med_wide_scan_and_rows(selected, passed);
  return MEDLEY_OK;
}
