/* histogram.c - see histogram.h. Bucket (power, part) holds values with the leading bit `power + SPLIT_BITS` whose next
 * SPLIT_BITS bits are `part`. */
#include "bench/histogram.h"

#include <string.h>

#define SPLIT (UINT64_C(1) << MED_HISTOGRAM_SPLIT_BITS)
#define VALUE_MAX ((UINT64_C(1) << MED_HISTOGRAM_VALUE_BITS) - 1)

void med_histogram_clear(med_histogram *histogram) { memset(histogram, 0, sizeof *histogram); }

int med_histogram_bucket_of(uint64_t value) {
  if (value > VALUE_MAX) value = VALUE_MAX;
  if (value < SPLIT) return (int)value;
  int shift = 63 - __builtin_clzll(value) - MED_HISTOGRAM_SPLIT_BITS;
  return (int)(((uint64_t)(shift + 1) << MED_HISTOGRAM_SPLIT_BITS) + (value >> shift) - SPLIT);
}

uint64_t med_histogram_bucket_low(int bucket) {
  if (bucket < (int)SPLIT) return (uint64_t)bucket;
  int shift = (bucket >> MED_HISTOGRAM_SPLIT_BITS) - 1;
  return (SPLIT + ((uint64_t)bucket & (SPLIT - 1))) << shift;
}

uint64_t med_histogram_bucket_high(int bucket) { return med_histogram_bucket_low(bucket + 1) - 1; }

void med_histogram_record(med_histogram *histogram, uint64_t value) {
  histogram->buckets[med_histogram_bucket_of(value)]++;
  histogram->count++;
  histogram->sum += value;
  if (value > histogram->max) histogram->max = value;
}

void med_histogram_merge(med_histogram *into, const med_histogram *from) {
  for (int i = 0; i < MED_HISTOGRAM_BUCKET_COUNT; i++) into->buckets[i] += from->buckets[i];
  into->count += from->count;
  into->sum += from->sum;
  if (from->max > into->max) into->max = from->max;
}

uint64_t med_histogram_quantile(const med_histogram *histogram, double part) {
  if (histogram->count == 0) return 0;
  double exact = part * (double)histogram->count;
  uint64_t wanted = (uint64_t)exact;
  if ((double)wanted < exact || wanted == 0) wanted++;
  uint64_t seen = 0;
  for (int i = 0; i < MED_HISTOGRAM_BUCKET_COUNT; i++) {
    seen += histogram->buckets[i];
    if (seen < wanted) continue;
    uint64_t high = med_histogram_bucket_high(i);
    return high < histogram->max ? high : histogram->max;
  }
  return histogram->max;
}
