/* column_check.c - a column read in full and compared with its headers. */
#include "storage/column_check.h"

#include <math.h>

#include "storage/column_reader.h"
#include "storage/memory.h"

typedef struct column_check {
  med_txn *txn;
  const med_page_run *run;
  med_column_reader *reader;
  const med_column_group *group;
  uint64_t rows, pages;
  med_int128 sum;
  double real_sum, magnitude;
  med_vector_rows vector;
  union {
    int64_t integers[MED_VECTOR_ROWS];
    double reals[MED_VECTOR_ROWS];
    med_slice texts[MED_VECTOR_ROWS];
  } values;
} column_check;

static int corrupt(const column_check *check, const char *what) {
  return med_error_set(med_txn_error(check->txn), MEDLEY_CORRUPT, "column: run %llu, behind row %llu: %s",
                       (unsigned long long)check->run->id, (unsigned long long)check->rows, what);
}

/* The value lies within the zone, and adds to the sum. */
static bool take_value(column_check *check, const med_column_zone *zone, size_t row) {
  if (check->group->type == MED_COLUMN_INTEGERS) {
    int64_t value = check->values.integers[row];
    check->sum += value;
    return value >= zone->min.integer && value <= zone->max.integer;
  }
  if (check->group->type == MED_COLUMN_REALS) {
    double value = check->values.reals[row];
    check->real_sum += value;
    check->magnitude += fabs(value);
    return !med_real_less(value, zone->min.real) && !med_real_less(zone->max.real, value);
  }
  uint64_t prefix = med_column_text_prefix(check->values.texts[row]);
  check->sum += (med_int128)check->values.texts[row].len;
  return prefix >= zone->min.prefix && prefix <= zone->max.prefix;
}

static bool zone_is_within(const med_column_group *group, const med_column_zone *zone) {
  if (group->type == MED_COLUMN_INTEGERS) {
    return zone->min.integer >= group->min.integer && zone->max.integer <= group->max.integer;
  }
  if (group->type == MED_COLUMN_REALS) {
    return !med_real_less(zone->min.real, group->min.real) && !med_real_less(group->max.real, zone->max.real);
  }
  return zone->min.prefix >= group->min.prefix && zone->max.prefix <= group->max.prefix;
}

static int read_vector(column_check *check, uint64_t vector) {
  if (check->group->type == MED_COLUMN_INTEGERS) {
    return med_column_reader_integers(check->reader, vector, &check->vector, check->values.integers);
  }
  if (check->group->type == MED_COLUMN_REALS) {
    return med_column_reader_reals(check->reader, vector, &check->vector, check->values.reals);
  }
  return med_column_reader_texts(check->reader, vector, &check->vector, check->values.texts);
}

static int check_vector(column_check *check, uint64_t vector) {
  const med_column_zone *zone = &check->group->zones[vector % MED_GROUP_VECTORS];
  int rc = read_vector(check, vector);
  if (rc != MEDLEY_OK) return rc;
  for (size_t row = 0; row < check->vector.rows; row++) {
    if (!med_rows_has(check->vector.present, row)) continue;
    if (!take_value(check, zone, row)) return corrupt(check, "a value lies outside of its zone");
  }
  check->rows += check->vector.rows;
  if (check->vector.nulls < check->vector.rows && !zone_is_within(check->group, zone)) {
    return corrupt(check, "a zone lies outside of its group");
  }
  return MEDLEY_OK;
}

/* The sum of reals depends on the order by a little; two that are not finite are both taken as they are. */
static bool sums_agree(const column_check *check) {
  if (check->group->type != MED_COLUMN_REALS) return check->sum == check->group->sum;
  double given = check->group->real_sum;
  if (!isfinite(check->magnitude)) return true;
  return fabs(given - check->real_sum) <= check->magnitude * 1e-9;
}

static int check_group(column_check *check, uint32_t number) {
  check->sum = 0;
  check->real_sum = check->magnitude = 0;
  if (check->rows != (uint64_t)number * MED_GROUP_ROWS) return corrupt(check, "a group follows one that is not full");
  int rc = MEDLEY_OK;
  for (uint64_t i = 0; rc == MEDLEY_OK && i < check->group->vectors; i++) {
    rc = check_vector(check, (uint64_t)number * MED_GROUP_VECTORS + i);
  }
  if (rc != MEDLEY_OK) return rc;
  check->pages += 1 + (uint64_t)check->group->pages + check->group->dictionary_pages;
  return sums_agree(check) ? MEDLEY_OK : corrupt(check, "the sum of a group is another one");
}

static int check_groups(column_check *check, uint64_t rows) {
  int rc = MEDLEY_OK;
  uint64_t pages;
  for (uint32_t number = 0; rc == MEDLEY_OK; number++) {
    rc = med_column_reader_group(check->reader, number, &check->group);
    if (rc == MEDLEY_OK) rc = check_group(check, number);
  }
  if (rc != MEDLEY_NOT_FOUND) return rc;
  if (check->rows != rows) return corrupt(check, "the column has another number of rows than its owner says");
  rc = med_page_run_count(check->txn, check->run, &pages);
  if (rc != MEDLEY_OK) return rc;
  return pages == check->pages ? MEDLEY_OK : corrupt(check, "the run has pages that no header names");
}

int med_column_check(med_txn *txn, const med_page_run *run, med_column_type type, uint64_t rows) {
  column_check *check = med_alloc_zero(sizeof *check);
  if (check == NULL) return med_error_no_memory(med_txn_error(txn));
  check->txn = txn;
  check->run = run;
  int rc = med_column_reader_open(txn, run, type, &check->reader);
  if (rc == MEDLEY_OK) rc = check_groups(check, rows);
  med_column_reader_close(check->reader);
  med_free(check);
  return rc;
}
