/* cells_plain.h - tables of cells in the plainest form: an array of cells in their order, a query answered by looking at all of them. */
#ifndef CELLS_PLAIN_H
#define CELLS_PLAIN_H

#include <stdbool.h>
#include <stdlib.h>

#include "tests/unit/cells_kit.h"

enum { FAMILIES = 4, VALUE_MAX = 24 };
static const char *const plain_families[FAMILIES] = {"info", "log", "one", "short"};

typedef struct plain_cell {
  medley_slice key, qualifier; /* constants of the test */
  int family;
  int64_t version_ms, expiry_s; /* expiry 0: none */
  char value[VALUE_MAX];
  size_t len;
} plain_cell;

typedef struct plain_table {
  plain_cell *cells;
  size_t count;
  uint32_t max_versions[FAMILIES]; /* 0: all; UINT32_MAX: the family is not named */
} plain_table;

static inline int plain_bytes_order(medley_slice a, medley_slice b) {
  size_t len = a.len < b.len ? a.len : b.len;
  int order = len > 0 ? memcmp(a.bytes, b.bytes, len) : 0;
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Of their columns. */
static inline int plain_column_order(const plain_cell *a, const plain_cell *b) {
  int order = plain_bytes_order(a->key, b->key);
  if (order == 0) order = a->family - b->family; /* the families' names are in their order */
  return order != 0 ? order : plain_bytes_order(a->qualifier, b->qualifier);
}

static inline int plain_order(const plain_cell *a, const plain_cell *b) {
  int order = plain_column_order(a, b);
  return order != 0 ? order : (a->version_ms < b->version_ms) - (a->version_ms > b->version_ms);
}

static inline void plain_copy(plain_table *to, const plain_table *from) {
  free(to->cells);
  *to = *from;
  to->cells = malloc((from->count + 8) * sizeof *to->cells);
  if (from->count > 0) memcpy(to->cells, from->cells, from->count * sizeof *to->cells);
}

static inline void plain_remove(plain_table *table, size_t at) {
  memmove(table->cells + at, table->cells + at + 1, (table->count - at - 1) * sizeof *table->cells);
  table->count--;
}

static inline void plain_expire(plain_table *table, int64_t now_s) {
  for (size_t i = table->count; i-- > 0;) {
    if (table->cells[i].expiry_s != 0 && table->cells[i].expiry_s <= now_s) plain_remove(table, i);
  }
}

static inline void plain_put(plain_table *table, const plain_cell *cell) {
  size_t at = 0, kept = 0;
  while (at < table->count && plain_order(&table->cells[at], cell) < 0) at++;
  if (at == table->count || plain_order(&table->cells[at], cell) != 0) {
    table->cells = realloc(table->cells, (table->count + 1) * sizeof *table->cells);
    memmove(table->cells + at + 1, table->cells + at, (table->count - at) * sizeof *table->cells);
    table->count++;
  }
  table->cells[at] = *cell;
  uint32_t max = table->max_versions[cell->family];
  for (size_t i = 0; max > 0 && i < table->count;) {
    bool beyond = plain_column_order(&table->cells[i], cell) == 0 && kept++ >= max;
    if (beyond)
      plain_remove(table, i);
    else
      i++;
  }
}

/* NULL if there is none. */
static inline const plain_cell *plain_newest(const plain_table *table, const plain_cell *column) {
  for (size_t i = 0; i < table->count; i++) {
    if (plain_column_order(&table->cells[i], column) == 0) return &table->cells[i];
  }
  return NULL;
}

/* As MEDLEY_CELLS_DELETE and _DELETE_VERSION: family -1 the row; qualifier without bytes the family. */
static inline void plain_delete(plain_table *table, const plain_cell *what, bool one_version) {
  int64_t version_ms = what->version_ms;
  const plain_cell *newest = one_version && version_ms == 0 ? plain_newest(table, what) : NULL;
  if (one_version && version_ms == 0) version_ms = newest != NULL ? newest->version_ms : -1;
  for (size_t i = table->count; i-- > 0;) {
    const plain_cell *cell = &table->cells[i];
    if (plain_bytes_order(cell->key, what->key) != 0 || (what->family >= 0 && cell->family != what->family)) continue;
    if (what->family >= 0 && what->qualifier.bytes != NULL && plain_bytes_order(cell->qualifier, what->qualifier) != 0)
      continue;
    if (one_version ? cell->version_ms != version_ms : version_ms != 0 && cell->version_ms > version_ms) continue;
    plain_remove(table, i);
  }
}

static inline bool plain_compares(const plain_cell *cell, medley_cells_comparison comparison, medley_slice constant) {
  if (cell == NULL || comparison == MEDLEY_CELLS_ABSENT) return cell == NULL && comparison == MEDLEY_CELLS_ABSENT;
  int order = plain_bytes_order((medley_slice){cell->value, cell->len}, constant);
  return comparison == MEDLEY_CELLS_ANY || (comparison == MEDLEY_CELLS_EQUAL && order == 0) ||
         (comparison == MEDLEY_CELLS_NOT_EQUAL && order != 0) || (comparison == MEDLEY_CELLS_LESS && order < 0) ||
         (comparison == MEDLEY_CELLS_LESS_OR_EQUAL && order <= 0) ||
         (comparison == MEDLEY_CELLS_GREATER && order > 0) ||
         (comparison == MEDLEY_CELLS_GREATER_OR_EQUAL && order >= 0);
}

static inline int plain_family(const char *name) {
  int family = 0;
  while (strcmp(plain_families[family], name) != 0) family++;
  return family;
}

static inline bool plain_holds(const plain_table *table, medley_slice key, const medley_cells_check *check) {
  plain_cell column = {.key = key, .qualifier = check->qualifier, .family = plain_family(check->family)};
  return plain_compares(plain_newest(table, &column), check->comparison, check->value);
}

static inline bool plain_begins(medley_slice bytes, medley_slice prefix) {
  return bytes.len >= prefix.len && (prefix.len == 0 || memcmp(bytes.bytes, prefix.bytes, prefix.len) == 0);
}

static inline bool plain_wants(const medley_cells_query *query, const plain_cell *cell) {
  bool named = query->column_count == 0;
  for (size_t i = 0; i < query->column_count; i++) {
    const medley_cells_column *column = &query->columns[i];
    named = named || (plain_family(column->family) == cell->family &&
                      (column->qualifier.bytes == NULL || plain_bytes_order(column->qualifier, cell->qualifier) == 0));
  }
  return named && plain_begins(cell->qualifier, query->qualifier_prefix);
}

/* The row's cells that the query asks for, by their places in the table; answers how many. first, end: all of the row's. */
static inline size_t plain_row(const plain_table *table, size_t first, size_t end, const medley_cells_query *query,
                               size_t *places) {
  size_t count = 0, rank = 0, shown = 0;
  for (size_t i = first; i < end; i++) {
    const plain_cell *cell = &table->cells[i];
    uint32_t max = table->max_versions[cell->family];
    if (i == first || plain_column_order(&table->cells[i - 1], cell) != 0) rank = shown = 0;
    rank++;
    if (max == UINT32_MAX || (max > 0 && rank > max) || !plain_wants(query, cell)) continue;
    if (query->to_ms != 0 && cell->version_ms >= query->to_ms) continue;
    if (query->from_ms != 0 && cell->version_ms < query->from_ms) continue;
    if (shown++ >= (query->versions > 0 ? query->versions : 1)) continue;
    if (!plain_compares(cell, query->comparison, query->value)) continue;
    if (query->cell_limit == 0 || count < query->cell_limit) places[count++] = i;
  }
  return count;
}

#endif
