/* progress.c - see progress.h. */
#include "tools/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define DRAW_EVERY_S 0.1

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_begin(progress *bar, uint64_t total) {
  *bar = (progress){.shown = isatty(STDERR_FILENO) == 1, .total = total, .begun_s = now_s()};
}

void progress_show(progress *bar, uint64_t done, uint64_t rows) {
  if (!bar->shown) return;
  double now = now_s();
  if (now - bar->drawn_s < DRAW_EVERY_S) return;
  bar->drawn_s = now;
  double rate = (double)rows / (now - bar->begun_s + 1e-9);
  if (bar->total) {
    double part = (double)done / (double)bar->total;
    if (part > 1) part = 1;
    int filled = (int)(part * BAR_WIDTH);
    char drawn[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++) drawn[i] = i < filled ? '#' : '.';
    drawn[BAR_WIDTH] = 0;
    fprintf(stderr, "\r[%s] %3.0f %%  ", drawn, part * 100);
  } else {
    fputc('\r', stderr);
  }
  fprintf(stderr, "%llu rows, %.0f rows/s\033[K", (unsigned long long)rows, rate);
  fflush(stderr);
}

double progress_end(progress *bar) {
  if (bar->shown) fputs("\r\033[K", stderr);
  return now_s() - bar->begun_s;
}
