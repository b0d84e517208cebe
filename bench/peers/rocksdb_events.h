/* rocksdb_events.h - events as rows of RocksDB: user, time and number are the key, the rest is the value. */
#ifndef MED_BENCH_ROCKSDB_EVENTS_H
#define MED_BENCH_ROCKSDB_EVENTS_H

#include <rocksdb/c.h>

#include "bench/peer.h"

void med_rocksdb_events_add(rocksdb_writebatch_t *batch, const med_event *event);
/* As med_columns says; each takes a new iterator and destroys it. */
int med_rocksdb_events_by_type(rocksdb_iterator_t *iterator, med_group *groups, int limit);
int med_rocksdb_events_sum(rocksdb_iterator_t *iterator, int64_t from_us, int64_t to_us, med_group *total);
int med_rocksdb_events_top_users(rocksdb_iterator_t *iterator, med_group *groups, int limit);
int med_rocksdb_events_partition(rocksdb_iterator_t *iterator, uint32_t user, int limit, med_group *total);

#endif
