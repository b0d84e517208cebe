/* kills.h - how many of a user's actions are half done after a client was killed in the middle of its work: 0 where one
 * transaction covers all models, and what there is where an application calls one store after the other. */
#ifndef MED_BENCH_KILLS_H
#define MED_BENCH_KILLS_H

#include "bench/harness.h"

/* Kills each of setting->peers setting->rounds times at random moments and prints a table. setting->threads clients (0:
 * one). Answers 0, or 1 if a peer failed or Medley had an action half done. */
int med_kills_run(const med_setting *setting);

#endif
