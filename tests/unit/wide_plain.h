/* wide_plain.h - a plain model of a wide-column table in memory that forgets no tombstone: for test_wide_rows.c.
 *
 * A few partitions of a few rows with a marker, two cells and a set; tombstones of rows and partitions: one of a range is one of each row
 * in it. What is seen follows from what Cassandra's rules say of all of it. */
#ifndef WIDE_PLAIN_H
#define WIDE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARTITIONS = 3, ROWS = 12, ELEMENTS = 5 };

typedef struct cell {
  bool there, tombstone;
  int64_t timestamp_us;
  int64_t expiry_s; /* 0: none */
  int32_t value;
} cell;

typedef struct row {
  cell marker, a, b;
  int64_t set_deleted_us;
  cell set[ELEMENTS];
  int64_t deleted_us;
} row;

typedef struct plain {
  row rows[PARTITIONS][ROWS];
  cell statics[PARTITIONS];
  int64_t deleted_us[PARTITIONS];
} plain;

static inline bool later(const cell *now, const cell *old) {
  if (!old->there || now->timestamp_us != old->timestamp_us)
    return !old->there || now->timestamp_us > old->timestamp_us;
  bool now_ends = now->tombstone || now->expiry_s != 0, old_ends = old->tombstone || old->expiry_s != 0;
  if (now_ends != old_ends) return now_ends;
  if (now->tombstone != old->tombstone) return now->tombstone;
  if (now->expiry_s != old->expiry_s) return now->expiry_s > old->expiry_s;
  return (uint32_t)now->value >= (uint32_t)old->value; /* as bytes */
}

static inline void settle(cell *old, cell now) {
  now.there = true;
  if (later(&now, old)) *old = now;
}

static inline void delete_row(plain *model, int partition, int id, int64_t deleted_us) {
  row *r = &model->rows[partition][id];
  if (deleted_us > r->deleted_us) r->deleted_us = deleted_us;
}

static inline int64_t deleted(const plain *model, int partition, int id) {
  int64_t of_row = model->rows[partition][id].deleted_us, of_all = model->deleted_us[partition];
  return of_row > of_all ? of_row : of_all;
}

static inline bool visible(const cell *c, int64_t deleted_us, int64_t now_s) {
  return c->there && !c->tombstone && c->timestamp_us > deleted_us && (c->expiry_s == 0 || c->expiry_s > now_s);
}

#endif
