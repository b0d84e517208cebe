/* segment_lookup.c - bitmaps of the rows that may have a key, one vector after the other.
 *
 * Only whole numbers are compared: a key's other columns stay open, and whoever asks looks at the keys themselves then. */
#include "models/widecolumn/segment_lookup.h"

#include "storage/column_kernels.h"
#include "storage/column_reader.h"

#define COLUMNS_MAX (1 + 2 * MED_WIDE_KEY_COLUMNS_MAX)

/* A column that has to be equal to a number. */
typedef struct compared {
  uint64_t number; /* MED_WIDE_SEGMENT_... */
  int64_t wanted;
  med_column_reader *reader;
} compared;

typedef struct lookup {
  med_txn *txn;
  med_cursor *cursor;
  const med_wide_segment *segment;
  const med_wide_table *table;
  bool whole; /* rows that are equal in all that is compared have the key */
  size_t count;
  compared columns[COLUMNS_MAX]; /* the tokens, then the clustering key's, then the partition key's */
  med_arena arena;
} lookup;

static int damaged(const lookup *of, const char *what) {
  return med_error_set(med_txn_error(of->txn), MEDLEY_CORRUPT, "wide-column: segment %llu: %s",
                       (unsigned long long)of->segment->id, what);
}

/* ---- What is compared ---- */
static bool has_numbers(const med_wide_segment *segment, uint16_t id) {
  size_t at = med_wide_segment_column_at(segment, id);
  return at < segment->column_count && segment->columns[at].type == MED_COLUMN_INTEGERS;
}

static void add_columns(lookup *of, const med_wide_column *columns, size_t count, const med_slice *values) {
  for (size_t i = 0; i < count; i++) {
    bool numbers = med_wide_segment_type(columns[i].type.kind) == MED_COLUMN_INTEGERS;
    if (!numbers || !has_numbers(of->segment, columns[i].id)) {
      of->whole = false;
      continue;
    }
    of->columns[of->count++] = (compared){.number = (uint64_t)MED_WIDE_SEGMENT_COLUMN + columns[i].id,
                                          .wanted = med_wide_segment_integer(columns[i].type.kind, values[i])};
  }
}

/* What decides most comes first: of a partition, which has one token, the clustering columns. */
static int choose_columns(lookup *of, med_slice key) {
  const med_wide_table *table = of->table;
  med_slice values[MED_WIDE_KEY_COLUMNS_MAX];
  med_wide_place place;
  medley_error *error = med_txn_error(of->txn);
  int rc;
  MED_TRY(med_wide_key_place(table, key, &place, error));
  of->whole = !place.hashed && place.sub == MED_WIDE_SUB_ROW;
  of->columns[of->count++] = (compared){.number = MED_WIDE_SEGMENT_TOKENS, .wanted = place.token};
  if (place.sub != MED_WIDE_SUB_ROW) goto done;
  MED_TRY(med_wide_key_values(med_wide_clustering(table), table->clustering_count, place.clustering, &of->arena, values,
                              error));
  add_columns(of, med_wide_clustering(table), table->clustering_count, values);
  if (place.hashed) goto done;
  MED_TRY(med_wide_key_values(table->columns, table->partition_count, place.parts, &of->arena, values, error));
  add_columns(of, table->columns, table->partition_count, values);
done:
  return rc;
}

/* ---- Comparing ---- */
static int get_group(lookup *of, compared *column, const med_column_group **group) {
  int rc = MEDLEY_OK;
  if (column->reader == NULL) {
    med_page_run run;
    med_wide_segment_run(of->segment, column->number, &run);
    rc = med_column_reader_open(of->txn, &run, MED_COLUMN_INTEGERS, &column->reader);
    if (rc == MEDLEY_OK) med_column_reader_use(column->reader, of->cursor);
  }
  if (rc == MEDLEY_OK) rc = med_column_reader_group(column->reader, 0, group);
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && (*group)->rows != of->segment->rows))
    return damaged(of, "a column has another number of rows than there are");
  return rc;
}

/* Of rows without a value nothing is known. */
static bool is_within(const med_column_zone *zone, int64_t wanted) {
  return zone->nulls > 0 || (zone->min.integer <= wanted && wanted <= zone->max.integer);
}

/* Takes rows out that are not equal in one column; those without a value stay, as nothing is known of them. */
static int keep_equal(lookup *of, compared *column, uint64_t vector, uint64_t *selected) {
  uint64_t equal[MED_VECTOR_WORDS];
  med_vector_rows rows;
  const med_column_group *group;
  int rc = get_group(of, column, &group);
  if (rc != MEDLEY_OK) return rc;
  const med_column_zone *zone = &group->zones[vector];
  if (zone->nulls > 0) of->whole = false;
  if (!is_within(zone, column->wanted)) {
    memset(selected, 0, MED_VECTOR_WORDS * sizeof *selected);
    return MEDLEY_OK;
  }
  if (zone->page == MED_COLUMN_NO_PAGE) return MEDLEY_OK; /* all are equal, or nothing is known of any */
  rc = med_column_reader_within(column->reader, vector, column->wanted, column->wanted, &rows, equal);
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? damaged(of, "a column has fewer rows than there are") : rc;
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) selected[i] &= equal[i] | ~rows.present[i];
  return MEDLEY_OK;
}

/* Adds the vector's rows to the place. */
static void take_rows(const uint64_t *selected, uint64_t vector, med_wide_segment_place *place) {
  for (size_t word = 0; word < MED_VECTOR_WORDS; word++) {
    if (selected[word] == 0) continue;
    uint64_t row = vector * MED_VECTOR_ROWS + word * 64;
    if (place->low == place->high) place->low = row + (uint64_t)__builtin_ctzll(selected[word]);
    place->high = row + 64 - (uint64_t)__builtin_clzll(selected[word]);
  }
}

/* By the bounds of the vector, none of which is decoded for that: a key beyond the times that are sealed ends here. */
static int may_have(lookup *of, uint64_t vector, bool *may) {
  *may = true;
  for (size_t i = 1; i < of->count && *may; i++) { /* that the token is within its bounds is known */
    const med_column_group *group;
    int rc = get_group(of, &of->columns[i], &group);
    if (rc != MEDLEY_OK) return rc;
    *may = is_within(&group->zones[vector], of->columns[i].wanted);
  }
  return MEDLEY_OK;
}

static int look_into(lookup *of, uint64_t vector, size_t rows, med_wide_segment_place *place) {
  uint64_t selected[MED_VECTOR_WORDS];
  bool may;
  int rc = may_have(of, vector, &may);
  if (rc != MEDLEY_OK || !may) return rc;
  med_rows_fill(selected, rows);
  for (size_t i = 0; i < of->count && med_rows_any(selected); i++) {
    rc = keep_equal(of, &of->columns[i], vector, selected);
    if (rc != MEDLEY_OK) return rc;
  }
  if (med_rows_any(selected)) take_rows(selected, vector, place);
  return MEDLEY_OK;
}

static int look(lookup *of, med_wide_segment_place *place) {
  const med_column_group *tokens;
  int64_t token = of->columns[0].wanted;
  int rc = get_group(of, &of->columns[0], &tokens);
  if (rc == MEDLEY_OK && tokens->nulls > 0) rc = damaged(of, "a row has no key or time");
  for (uint64_t vector = 0; rc == MEDLEY_OK && vector < tokens->vectors; vector++) {
    if (tokens->zones[vector].max.integer < token) continue;
    if (tokens->zones[vector].min.integer > token) break;
    rc = look_into(of, vector, med_column_group_vector_rows(tokens, (size_t)vector), place);
  }
  place->is_row = of->whole && place->high == place->low + 1;
  return rc;
}

int med_wide_segment_lookup(med_txn *txn, med_cursor *cursor, const med_wide_segment *segment,
                            const med_wide_table *table, med_slice key, med_wide_segment_place *place) {
  lookup of; /* its columns are large, and few are used */
  of.txn = txn;
  of.cursor = cursor;
  of.segment = segment;
  of.table = table;
  of.count = 0;
  of.arena = (med_arena){0};
  *place = (med_wide_segment_place){0};
  int rc = choose_columns(&of, key);
  if (rc == MEDLEY_OK) rc = look(&of, place);
  for (size_t i = 0; i < of.count; i++) med_column_reader_close(of.columns[i].reader);
  med_arena_clear(&of.arena);
  return rc;
}
