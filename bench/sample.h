/* sample.h - one measured run of one task on one peer, and the clients that do the work.
 *
 * A sample is a plain struct of fixed size: it crosses the pipe between the process of a peer and the harness. */
#ifndef MED_BENCH_SAMPLE_H
#define MED_BENCH_SAMPLE_H

#include <stdint.h>
#include <sys/types.h>

#include "bench/dice.h"
#include "bench/histogram.h"

#define MED_FAILURE_SIZE 240

typedef struct med_sample {
  uint64_t operation_count; /* what the rate counts: reads, rows, transactions */
  uint64_t wall_ns;
  uint64_t cpu_ns; /* of this process and of the peer's server */
  /* Given to write calls by this process and the peer's server, sockets included. The kernel's write_bytes would count
   * whole folios of the page cache, up to 64 times what is written to the disk. */
  uint64_t written_bytes;
  uint64_t peak_bytes; /* resident, the highest since the last start */
  uint64_t disk_bytes; /* of the peer's folder, afterwards */
  uint64_t answer;     /* must be equal for all peers */
  int status;          /* 0, or -1 with a failure, or MED_SAMPLE_ABSENT */
  char failure[MED_FAILURE_SIZE];
  med_histogram latency; /* in ns; of every stride-th operation */
} med_sample;

#define MED_SAMPLE_ABSENT 1 /* the peer has nothing of that kind */

/* Between start and stop runs what is measured; what prepares it stays outside. server is 0 or a process id, whose
 * children count as well. */
typedef struct med_usage {
  uint64_t wall_ns, cpu_ns, written_bytes;
} med_usage;
void med_sample_start(med_usage *before, pid_t server);
void med_sample_stop(med_sample *sample, const med_usage *before, pid_t server);
int med_sample_fail(med_sample *sample, const char *reason); /* always -1 */

uint64_t med_sample_now_ns(void);
/* Bytes that the files below a folder occupy. */
uint64_t med_sample_disk_bytes(const char *folder);
/* Resident bytes of this process now. */
uint64_t med_sample_resident_bytes(void);

/* ---- Clients ---- `operation_count` operations spread over threads. Operation i rolls dice of (seed, i): the answer,
 * a sum over operations, depends neither on the number of clients nor on their order. */
typedef struct med_crowd {
  int client_count;
  uint64_t operation_count;
  uint64_t seed;
  uint64_t grain;          /* operations that a client takes at a time; 0: one */
  unsigned latency_stride; /* time every stride-th operation; 0: none */
  void *context;
  int (*join)(void *context, int index, void **client);                            /* 0 or -1 */
  int (*operate)(void *client, uint64_t number, med_dice *dice, uint64_t *answer); /* 0 or -1 */
  void (*leave)(void *client);
  /* One more client that works until the others are done; NULL: none. It adds nothing to the answer. */
  int (*operate_behind)(void *client, uint64_t number, med_dice *dice);
  pid_t server;
} med_crowd;
/* Joins everybody, starts together, measures until the last is done. Adds to sample->answer. */
int med_crowd_run(const med_crowd *crowd, med_sample *sample);

#endif
