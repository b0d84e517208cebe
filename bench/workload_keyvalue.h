/* workload_keyvalue.h - keys, values and clients of the key-value workloads.
 *
 * Keys are 16 bytes in random order, values 100 bytes; both are functions of the number of the record, values of its
 * version as well. */
#ifndef MED_BENCH_WORKLOAD_KEYVALUE_H
#define MED_BENCH_WORKLOAD_KEYVALUE_H

#include "bench/workload.h"

#define MED_KEYVALUE_KEY_SIZE 16
#define MED_KEYVALUE_VALUE_SIZE 100

typedef struct med_keyvalue {
  void *db;
  void *connection;    /* the main thread's */
  int has_cache;       /* the cache is filled */
  int has_collections; /* the hash, the list and the sorted set are filled */
} med_keyvalue;

void med_keyvalue_key(uint64_t number, char *key);
void med_keyvalue_value(uint64_t number, uint64_t version, char *value);
/* What a read adds to the answer. */
uint64_t med_keyvalue_fingerprint(const void *value, size_t len);

/* keyvalue_collections.c: fills what the task needs at its first run. */
int med_keyvalue_collection_read(med_contestant *contestant, const med_task *task, const med_order *order,
                                 med_sample *sample);
int med_keyvalue_collection_write(med_contestant *contestant, const med_task *task, const med_order *order,
                                  med_sample *sample);
int med_keyvalue_collection_delete(med_contestant *contestant, const med_task *task, const med_order *order,
                                   med_sample *sample);
enum { MED_KEYVALUE_HASH, MED_KEYVALUE_LIST, MED_KEYVALUE_SORTED_SET }; /* a collection task's parameter */

#endif
