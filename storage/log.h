/* log.h - the redo log's file: NAME.medley-log, a header in two places and a chain of records behind them.
 *
 * FORMAT.md section "Log". What it is: bytes, checksums, appending and flushing, reading forward. What it is not: what the records
 * mean (log_operations.h), when a header is written and what LMDB has to do with it (checkpoint.h).
 *
 * Threads: one at a time; the caller holds the write lock, or is alone with the file.
 * Lifetime: a record that med_log_next answers lives until the next call.
 *
 * Invariants
 *  1. A record is valid only behind the one before it, and only under the header whose salt it was written with: what is left of
 *     an earlier use of the file is never taken for a record.                                     test_log
 *  2. A torn header leaves the other one valid; records that the valid one needs are not overwritten before the next one is on
 *     disk.                                                                                       fault: power cut
 *  3. Every byte is checked before it is believed; no content of the file makes a call read outside of it. test_log, fuzz log */
#ifndef MED_STORAGE_LOG_H
#define MED_STORAGE_LOG_H

#include "storage/bytes.h"
#include "storage/memory.h"
#include "storage/status.h"

#define MED_LOG_VERSION 1
#define MED_LOG_PAGE 4096
#define MED_LOG_HEADER_SIZE (3 * MED_LOG_PAGE) /* fields, and LMDB's two meta pages */
#define MED_LOG_FIRST_RECORD (2 * MED_LOG_HEADER_SIZE)
#define MED_LOG_RAW_SIZE_MAX ((size_t)4 << 20) /* of one record; what is larger is not logged but checkpointed */

/* What a checkpoint writes down. */
typedef struct med_log_header {
  bool relaxed;        /* records may follow that are not flushed before the next ones are written */
  uint64_t generation; /* grows by one with each; 0: there is none */
  uint64_t salt;
  uint64_t checkpoint_id; /* number of the commit that the meta pages are of */
  uint8_t identity[16];   /* of the database */
  uint8_t metas[2 * MED_LOG_PAGE];
} med_log_header;

typedef struct med_log {
  int fd; /* -1: not open */
  med_log_header header;
  uint64_t tail;           /* where the next record goes */
  uint64_t chain;          /* checksum of the last record, or of the header */
  uint64_t last_id;        /* commit number of the last record, or of the checkpoint */
  uint64_t initialised_to; /* up to here the file has blocks with bytes in them: a flush need not change its size */
  bool unflushed;
  med_buffer record; /* the one that is being written or was read */
  med_buffer raw;
} med_log;

/* A record that was read. */
typedef struct med_log_record {
  uint64_t id;          /* the commit's number */
  med_slice operations; /* log_operations.h */
} med_log_record;

void med_log_init(med_log *log); /* no file yet */
void med_log_clear(med_log *log);

/* Opens the file at path, makes it first if create. NOT_FOUND if there is none and it is not to be made. The header is empty
 * until one is read or written. */
MEDLEY_MUST_USE int med_log_open(med_log *log, const char *path, bool create, medley_error *error);
/* The newer valid header, and the place behind it. NOT_FOUND if neither is valid; NEWER_FORMAT. */
MEDLEY_MUST_USE int med_log_read_header(med_log *log, medley_error *error);
/* Of a log whose header was just read: whether a record stands behind another header, which is damaged now. Then the one that was
 * read is of a time that the file has left. */
MEDLEY_MUST_USE int med_log_is_outdated(med_log *log, bool *outdated, medley_error *error);
/* Cheap: whether the file's newest header is still the one that was read. */
MEDLEY_MUST_USE int med_log_is_present(med_log *log, bool *present, medley_error *error);
/* Writes header, with the next generation, over the older one, and flushes: from then on it counts, and the log is empty. FULL or
 * IO leave the one before in place; after COMMIT_UNKNOWN, a failed flush, nobody knows which of the two is on disk. */
MEDLEY_MUST_USE int med_log_write_header(med_log *log, const med_log_header *header, medley_error *error);

/* Appends one record, id being above all before it. FULL if there is no space and nothing of it is in the file; IO if the write failed and it is
 * not. It is on disk after med_log_flush, whose failure leaves that open. */
MEDLEY_MUST_USE int med_log_append(med_log *log, uint64_t id, med_slice operations, medley_error *error);
/* Takes the last record back that was appended, which began at `tail` behind `chain`. COMMIT_UNKNOWN if that fails. */
MEDLEY_MUST_USE int med_log_take_back(med_log *log, uint64_t tail, uint64_t chain, uint64_t last_id,
                                      medley_error *error);
/* Has the disk begin to write what stands from offset `from` on, without waiting for it: med_log_flush has less to do then. */
void med_log_start_flush(const med_log *log, uint64_t from);
MEDLEY_MUST_USE int med_log_flush(med_log *log, medley_error *error);

/* Whether something at the tail says that it is the next record: one look, for med_log_next to decide. */
MEDLEY_MUST_USE int med_log_may_go_on(med_log *log, bool *may, medley_error *error);
/* The record at the tail, which moves behind it. NOT_FOUND at the last whole one; CORRUPT if a whole record that was flushed
 * stands behind a damaged one: something else than a power cut has been there. */
MEDLEY_MUST_USE int med_log_next(med_log *log, med_log_record *record, medley_error *error);

#endif
