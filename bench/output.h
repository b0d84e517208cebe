/* output.h - an outcome as a table for people, as JSON lines, as CSV. */
#ifndef MED_BENCH_OUTPUT_H
#define MED_BENCH_OUTPUT_H

#include "bench/harness.h"

typedef struct med_circumstances { /* of a run: what makes two runs comparable, and what tells them apart */
  char commit[24];                 /* short hash, "+" if the tree was changed; "unknown" outside of a repository */
  char machine[160];               /* class: processor, cores, memory; no name */
  char time[24];                   /* UTC, ISO 8601 */
  char build[32];                  /* compiler and whether it optimizes */
} med_circumstances;
void med_circumstances_take(med_circumstances *circumstances, const char *source_folder);

void med_output_table(FILE *file, const med_outcome *outcome);
void med_output_csv(FILE *file, const med_outcome *outcome);
/* One flat object a line for each result: what the history holds. */
void med_output_json(FILE *file, const med_outcome *outcome, const med_circumstances *circumstances);

/* "12.3 M", "4.56 k", "789": three digits. text has at least 16 bytes. */
const char *med_output_number(double number, char *text, size_t size);
/* "1.2 ms", "34 us" from microseconds. */
const char *med_output_time(double us, char *text, size_t size);
const char *med_output_bytes(double bytes, char *text, size_t size);
const char *med_output_durability(med_durability durability);

#endif
