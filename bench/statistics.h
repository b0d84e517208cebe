/* statistics.h - what can be said about a few noisy numbers: medians, intervals, exponents.
 *
 * No normal distribution is assumed anywhere: the noise of a shared machine has a long tail on one side. */
#ifndef MED_BENCH_STATISTICS_H
#define MED_BENCH_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#define MED_STATISTICS_COUNT_MAX 64 /* rounds; more values than that are ignored */

/* Of unsorted values, which stay as they are; linear between neighbours; 0 for none. part is 0 ... 1. */
double med_statistics_quantile(const double *values, size_t count, double part);
double med_statistics_median(const double *values, size_t count);

typedef struct med_interval {
  double low, middle, high;
} med_interval;

/* The median with its 95 % interval by the bootstrap: medians of 2,000 samples drawn with replacement. Deterministic
 * by seed. With fewer than 5 values the interval is their range. */
med_interval med_statistics_bootstrap(const double *values, size_t count, uint64_t seed);

/* The chance of `wins` or a more one-sided number among `count` if neither side were better: the two-sided sign test
 * on the rounds. Ties are the caller's to leave out. */
double med_statistics_sign_test(size_t wins, size_t count);

/* The exponent b of y = a x^b by least squares on logarithms; 0 with fewer than two points. All must be positive. */
double med_statistics_exponent(const double *x, const double *y, size_t count);

#endif
