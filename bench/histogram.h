/* histogram.h - latencies in buckets of a fixed relative width, after Gil Tene's HdrHistogram.
 *
 * A value below 32 has a bucket of its own; above, each power of two is split into 32 buckets, so that a bucket's
 * bounds are at most 1/32 (3.2 %) apart. Fixed size, no allocation, copied by assignment, merged by addition. */
#ifndef MED_BENCH_HISTOGRAM_H
#define MED_BENCH_HISTOGRAM_H

#include <stdint.h>

#define MED_HISTOGRAM_SPLIT_BITS 5
#define MED_HISTOGRAM_VALUE_BITS 40 /* 2^40 ns are 18 minutes; larger values count as the largest */
#define MED_HISTOGRAM_BUCKET_COUNT \
  ((MED_HISTOGRAM_VALUE_BITS - MED_HISTOGRAM_SPLIT_BITS + 1) << MED_HISTOGRAM_SPLIT_BITS)

typedef struct med_histogram {
  uint64_t count;
  uint64_t max; /* exact */
  uint64_t sum; /* exact */
  uint64_t buckets[MED_HISTOGRAM_BUCKET_COUNT];
} med_histogram;

void med_histogram_clear(med_histogram *histogram);
void med_histogram_record(med_histogram *histogram, uint64_t value);
void med_histogram_merge(med_histogram *into, const med_histogram *from);
/* The smallest value that at least `part` (0 ... 1) of the recorded values do not exceed, rounded up to its bucket's
 * upper bound, and never above the exact maximum; 0 if nothing was recorded. */
uint64_t med_histogram_quantile(const med_histogram *histogram, double part);
/* Bounds of a bucket, both inclusive. */
uint64_t med_histogram_bucket_low(int bucket);
uint64_t med_histogram_bucket_high(int bucket);
int med_histogram_bucket_of(uint64_t value);

#endif
