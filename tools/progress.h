/* progress.h - a bar on the terminal while something long runs; nothing where stderr is no terminal. */
#ifndef MEDLEY_TOOLS_PROGRESS_H
#define MEDLEY_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
  bool shown;
  uint64_t total; /* 0: unknown, only the count is shown */
  double begun_s, drawn_s;
} progress;

void progress_begin(progress *bar, uint64_t total);
/* Draws at most ten times a second. done counts towards total; rows is what the reader is told. */
void progress_show(progress *bar, uint64_t done, uint64_t rows);
/* Wipes the bar. Answers the seconds since the beginning. */
double progress_end(progress *bar);

#endif
