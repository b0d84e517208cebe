/* wide_plain.h - a plain model of a wide-column table in memory that keeps everything it was ever told: for test_wide_rows.c.
 *
 * A few partitions of a few rows with a marker, two cells and a set; tombstones of rows, ranges, partitions. What is seen follows from what
 * Cassandra's rules say of all of it. */
#ifndef WIDE_PLAIN_H
#define WIDE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARTITIONS = 3, ROWS = 6, ELEMENTS = 5, RANGES_MAX = 4000 };

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

typedef struct range {
  int partition, from, to; /* rows from <= id < to */
  int64_t deleted_us;
} range;

typedef struct plain {
  row rows[PARTITIONS][ROWS];
  cell statics[PARTITIONS];
  int64_t deleted_us[PARTITIONS];
  range ranges[RANGES_MAX];
  size_t range_count;
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

static inline int64_t deleted(const plain *model, int partition, int id) {
  int64_t youngest = model->deleted_us[partition];
  if (model->rows[partition][id].deleted_us > youngest) youngest = model->rows[partition][id].deleted_us;
  for (size_t i = 0; i < model->range_count; i++) {
    const range *r = &model->ranges[i];
    if (r->partition == partition && id >= r->from && id < r->to && r->deleted_us > youngest) youngest = r->deleted_us;
  }
  return youngest;
}

static inline bool visible(const cell *c, int64_t deleted_us, int64_t now_s) {
  return c->there && !c->tombstone && c->timestamp_us > deleted_us && (c->expiry_s == 0 || c->expiry_s > now_s);
}

#endif
