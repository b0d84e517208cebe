/* trace.h - what the recorder writes and the image builder reads: every change of a file in one folder, in order.
 *
 * A trace is a sequence of records, each a fault_trace_record and its payload, in the order in which the calls took
 * effect. Native byte order: a trace never leaves the machine that made it.
 *
 *   type      file  offset        len          extra                     payload
 *   OPEN      id    -             path bytes   1: this call created it   path
 *   WRITE     id    file offset   data bytes   1: O_DSYNC                data
 *   SYNC      id    -             0            records before it began   -
 *   TRUNCATE  id    new length    0            -                         -
 *   EXTEND    id    new length    0            -                         -      (fallocate: never shorter)
 *   DIR_SYNC  -     -             0            records before it began   -
 *   UNLINK    -     -             path bytes   -                         path
 *   RENAME    -     old bytes     all bytes    -                         old path, new path
 *   MARK      -     -             data bytes   -                         what the workload wrote to its ".ack" file
 *   MAPPED    id    -             0            -                         -      (writable shared mapping: unseen writes) */
#ifndef FAULT_TRACE_H
#define FAULT_TRACE_H

#include <stddef.h>
#include <stdint.h>

enum fault_trace_type {
  FAULT_TRACE_OPEN = 1,
  FAULT_TRACE_WRITE,
  FAULT_TRACE_SYNC,
  FAULT_TRACE_TRUNCATE,
  FAULT_TRACE_EXTEND,
  FAULT_TRACE_DIR_SYNC,
  FAULT_TRACE_UNLINK,
  FAULT_TRACE_RENAME,
  FAULT_TRACE_MARK,
  FAULT_TRACE_MAPPED
};

typedef struct fault_trace_record {
  uint32_t type;
  int32_t file;
  uint64_t offset;
  uint64_t len;
  uint64_t extra;
} fault_trace_record;

/* What a workload writes to its ".ack" file, 16 bytes in one write. */
enum fault_mark_kind {
  FAULT_MARK_OPENED = 1, /* the database was opened (created) */
  FAULT_MARK_READY,      /* what the workload stands on was acknowledged */
  FAULT_MARK_BEGUN,      /* worker begins its transaction `number` */
  FAULT_MARK_ACKED,      /* ... and it was acknowledged */
  FAULT_MARK_SEEN        /* a reader was shown worker's transaction `number` */
};
typedef struct fault_mark {
  uint32_t kind;
  uint32_t worker;
  uint64_t number;
} fault_mark;

/* Environment variables of the recorder: where the trace goes, which folder is watched, how long a flush takes. */
#define FAULT_TRACE_FILE "FAULT_TRACE_FILE"
#define FAULT_TRACE_FOLDER "FAULT_TRACE_FOLDER"
#define FAULT_TRACE_SYNC_US "FAULT_TRACE_SYNC_US"

/* A trace in memory. */
typedef struct fault_trace {
  const char *bytes;
  size_t size;
  const fault_trace_record **records;
  size_t count;
} fault_trace;

/* Answers 0, or -1 with a line on stderr. A record cut off at the end (the recorder's process died) is left out. */
int fault_trace_open(fault_trace *trace, const char *path);
void fault_trace_close(fault_trace *trace);
static inline const char *fault_trace_payload(const fault_trace_record *record) { return (const char *)(record + 1); }

#endif
