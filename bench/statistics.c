/* statistics.c - see statistics.h. */
#include "bench/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/dice.h"

#define RESAMPLE_COUNT 2000
#define BOOTSTRAP_COUNT_MIN 5

static int compare(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double quantile_of_sorted(const double *sorted, size_t count, double part) {
  double at = part * (double)(count - 1);
  size_t below = (size_t)at;
  if (below + 1 >= count) return sorted[count - 1];
  return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double med_statistics_quantile(const double *values, size_t count, double part) {
  double sorted[MED_STATISTICS_COUNT_MAX];
  if (count == 0) return 0;
  if (count > MED_STATISTICS_COUNT_MAX) count = MED_STATISTICS_COUNT_MAX;
  memcpy(sorted, values, count * sizeof *values);
  qsort(sorted, count, sizeof *sorted, compare);
  return quantile_of_sorted(sorted, count, part);
}

double med_statistics_median(const double *values, size_t count) { return med_statistics_quantile(values, count, 0.5); }

med_interval med_statistics_bootstrap(const double *values, size_t count, uint64_t seed) {
  double medians[RESAMPLE_COUNT], drawn[MED_STATISTICS_COUNT_MAX];
  if (count > MED_STATISTICS_COUNT_MAX) count = MED_STATISTICS_COUNT_MAX;
  med_interval interval = {.middle = med_statistics_median(values, count)};
  if (count < BOOTSTRAP_COUNT_MIN) {
    interval.low = med_statistics_quantile(values, count, 0);
    interval.high = med_statistics_quantile(values, count, 1);
    return interval;
  }
  med_dice dice;
  med_dice_init(&dice, seed, 0, count);
  for (int i = 0; i < RESAMPLE_COUNT; i++) {
    for (size_t j = 0; j < count; j++) drawn[j] = values[med_dice_below(&dice, count)];
    medians[i] = med_statistics_median(drawn, count);
  }
  qsort(medians, RESAMPLE_COUNT, sizeof *medians, compare);
  interval.low = quantile_of_sorted(medians, RESAMPLE_COUNT, 0.025);
  interval.high = quantile_of_sorted(medians, RESAMPLE_COUNT, 0.975);
  return interval;
}

double med_statistics_sign_test(size_t wins, size_t count) {
  if (count == 0) return 1;
  size_t fewer = wins < count - wins ? wins : count - wins;
  double chance = pow(0.5, (double)count), tail = 0;
  for (size_t k = 0; k <= fewer; k++) {
    tail += chance;
    chance *= (double)(count - k) / (double)(k + 1);
  }
  return tail * 2 > 1 ? 1 : tail * 2;
}

double med_statistics_exponent(const double *x, const double *y, size_t count) {
  double mean_x = 0, mean_y = 0, covariance = 0, variance = 0;
  if (count < 2) return 0;
  for (size_t i = 0; i < count; i++) {
    mean_x += log(x[i]) / (double)count;
    mean_y += log(y[i]) / (double)count;
  }
  for (size_t i = 0; i < count; i++) {
    covariance += (log(x[i]) - mean_x) * (log(y[i]) - mean_y);
    variance += (log(x[i]) - mean_x) * (log(x[i]) - mean_x);
  }
  return variance > 0 ? covariance / variance : 0;
}
