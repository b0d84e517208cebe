/* log.c - see log.h. All numbers in the file are big-endian.
 *
 * A record is one pwrite, and one flush makes it durable; so the flush must not have to change the file's size or its block
 * map: zeros are written ahead in steps, and the blocks are used again after each checkpoint. */
#include "storage/log.h"

#include <errno.h>
#include <fcntl.h>
#include <lz4.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_MAGIC "medlylog"
#define RECORD_MAGIC 0x4D4C5231u /* MLR1 */
#define RECORD_HEADER_SIZE 40
#define RECORD_ALIGNMENT 8
#define AHEAD_SIZE ((uint64_t)256 << 10)
#define COMPRESS_FROM 1024 /* less is not worth the setting up */
#define HEADER_RELAXED 1u
#define FLAG_LZ4 1u
#define FLAG_ALONE 2u /* all records before it were flushed before it was written */
#define STORED_SIZE_MAX (MED_LOG_RAW_SIZE_MAX + MED_LOG_RAW_SIZE_MAX / 255 + 64)

/* Where things are in a header and in a record. */
enum {
  AT_VERSION = 8,
  AT_FLAGS = 12,
  AT_IDENTITY = 16,
  AT_SALT = 32,
  AT_GENERATION = 40,
  AT_CHECKPOINT = 48,
  AT_CHECKSUM = 56,
  AT_METAS = MED_LOG_PAGE
};
enum { IN_STORED = 4, IN_RAW = 8, IN_FLAGS = 12, IN_ID = 16, IN_CHAIN = 24, IN_CHECKSUM = 32 };

static int io_failure(medley_error *error, const char *what) {
  int code = errno;
  int status = code == ENOSPC || code == EDQUOT ? MEDLEY_FULL : MEDLEY_IO;
  return med_error_set_foreign(error, status, code, "log: %s: %s", what, strerror(code));
}

static int unknown(medley_error *error) {
  int code = error != NULL ? error->foreign_code : 0;
  return med_error_set_foreign(error, MEDLEY_COMMIT_UNKNOWN, code,
                               "log: %s: the commit's outcome is unknown: reopen the database and look",
                               strerror(code));
}

/* ---- The file ---- */
void med_log_init(med_log *log) {
  memset(log, 0, sizeof *log);
  log->fd = -1;
}

void med_log_clear(med_log *log) {
  if (log->fd >= 0) close(log->fd);
  med_buffer_clear(&log->record);
  med_buffer_clear(&log->raw);
  med_log_init(log);
}

int med_log_open(med_log *log, const char *path, bool create, medley_error *error) {
  int mode = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | (create ? O_CREAT : 0);
  int fd = open(path, mode, 0600);
  if (fd < 0 && errno == ENOENT && !create) return MEDLEY_NOT_FOUND;
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    int rc = med_error_set_foreign(error, MEDLEY_CANNOT_OPEN, errno, "log: cannot be opened: %s", path);
    if (fd >= 0) close(fd);
    return rc;
  }
  med_log_clear(log);
  log->fd = fd;
  log->initialised_to = (uint64_t)status.st_size;
  return MEDLEY_OK;
}

/* The bytes at offset, as many of them as there are. */
static int read_at(const med_log *log, uint64_t offset, void *bytes, size_t len, size_t *read_len,
                   medley_error *error) {
  *read_len = 0;
  while (*read_len < len) {
    ssize_t count = pread(log->fd, (uint8_t *)bytes + *read_len, len - *read_len, (off_t)(offset + *read_len));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_failure(error, "read");
    if (count == 0) break;
    *read_len += (size_t)count;
  }
  return MEDLEY_OK;
}

static int write_at(const med_log *log, uint64_t offset, const void *bytes, size_t len, medley_error *error) {
  for (size_t done = 0; done < len;) {
    ssize_t count = pwrite(log->fd, (const uint8_t *)bytes + done, len - done, (off_t)(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return io_failure(error, "write");
    done += (size_t)count;
  }
  return MEDLEY_OK;
}

static int flush_file(med_log *log, medley_error *error) {
  int code;
  do code = fdatasync(log->fd);
  while (code != 0 && errno == EINTR);
  if (code != 0) return io_failure(error, "flush");
  log->unflushed = false;
  return MEDLEY_OK;
}

/* A failure is found again by the flush, which alone counts. */
void med_log_start_flush(const med_log *log, uint64_t from) {
  off_t page = (off_t)(from / MED_LOG_PAGE * MED_LOG_PAGE);
  (void)sync_file_range(log->fd, page, (off_t)log->tail - page, SYNC_FILE_RANGE_WRITE);
}

int med_log_flush(med_log *log, medley_error *error) { return log->unflushed ? flush_file(log, error) : MEDLEY_OK; }

/* Another process may have made the file longer, and filled it. What cannot be had ahead is not an error yet. */
static int write_ahead(med_log *log, uint64_t end, medley_error *error) {
  static const uint8_t zeros[64 << 10];
  struct stat status;
  if (log->initialised_to >= end) return MEDLEY_OK;
  if (fstat(log->fd, &status) != 0) return io_failure(error, "look");
  if ((uint64_t)status.st_size > log->initialised_to) log->initialised_to = (uint64_t)status.st_size;
  uint64_t target = end + AHEAD_SIZE;
  while (log->initialised_to < target) {
    uint64_t left = target - log->initialised_to;
    size_t len = left < sizeof zeros ? (size_t)left : sizeof zeros;
    int rc = write_at(log, log->initialised_to, zeros, len, error);
    if (rc != MEDLEY_OK) return log->initialised_to >= end ? MEDLEY_OK : rc;
    log->initialised_to += len;
  }
  return MEDLEY_OK;
}

/* ---- Headers ---- */
static uint64_t header_checksum(const uint8_t *bytes) {
  return med_hash64(bytes + AT_METAS, 2 * MED_LOG_PAGE, med_hash64(bytes, AT_CHECKSUM, 0));
}

/* Which of the two places has the newest valid header, or -1. */
static int newest_header(const med_log *log, uint8_t *bytes, medley_error *error, int *rc) {
  uint64_t best = 0;
  int place = -1;
  for (int i = 0; i < 2; i++) {
    uint8_t *at = bytes + i * MED_LOG_HEADER_SIZE;
    size_t len;
    *rc = read_at(log, (uint64_t)i * MED_LOG_HEADER_SIZE, at, MED_LOG_HEADER_SIZE, &len, error);
    if (*rc != MEDLEY_OK) return -1;
    if (len < MED_LOG_HEADER_SIZE || memcmp(at, HEADER_MAGIC, 8) != 0) continue;
    if (med_get_u64(at + AT_CHECKSUM) != header_checksum(at)) continue;
    if (med_get_u64(at + AT_GENERATION) <= best) continue;
    best = med_get_u64(at + AT_GENERATION);
    place = i;
  }
  return place;
}

static void start_behind_header(med_log *log, uint64_t checksum) {
  log->tail = MED_LOG_FIRST_RECORD;
  log->chain = checksum;
  log->last_id = log->header.checkpoint_id;
}

int med_log_read_header(med_log *log, medley_error *error) {
  uint8_t bytes[2 * MED_LOG_HEADER_SIZE];
  int rc, place = newest_header(log, bytes, error, &rc);
  if (rc != MEDLEY_OK) return rc;
  if (place < 0) return MEDLEY_NOT_FOUND;
  const uint8_t *at = bytes + place * MED_LOG_HEADER_SIZE;
  uint32_t version = med_get_u32(at + AT_VERSION);
  if (version > MED_LOG_VERSION)
    return med_error_set(error, MEDLEY_NEWER_FORMAT, "log: its format %u is newer than this library's %d", version,
                         MED_LOG_VERSION);
  med_log_header *header = &log->header;
  header->relaxed = (med_get_u32(at + AT_FLAGS) & HEADER_RELAXED) != 0;
  header->generation = med_get_u64(at + AT_GENERATION);
  header->salt = med_get_u64(at + AT_SALT);
  header->checkpoint_id = med_get_u64(at + AT_CHECKPOINT);
  memcpy(header->identity, at + AT_IDENTITY, sizeof header->identity);
  memcpy(header->metas, at + AT_METAS, sizeof header->metas);
  start_behind_header(log, med_get_u64(at + AT_CHECKSUM));
  return MEDLEY_OK;
}

int med_log_is_present(med_log *log, bool *present, medley_error *error) {
  uint8_t fields[AT_CHECKSUM];
  size_t len;
  *present = log->header.generation > 0;
  if (!*present) return MEDLEY_OK;
  /* The next one goes to the other place, and the one after that leaves it there. */
  uint64_t other = (log->header.generation + 1) & 1;
  int rc = read_at(log, other * MED_LOG_HEADER_SIZE, fields, sizeof fields, &len, error);
  if (rc != MEDLEY_OK) return rc;
  *present = len < sizeof fields || med_get_u64(fields + AT_GENERATION) <= log->header.generation;
  return MEDLEY_OK;
}

int med_log_write_header(med_log *log, const med_log_header *header, medley_error *error) {
  uint8_t bytes[MED_LOG_HEADER_SIZE] = HEADER_MAGIC;
  uint64_t generation = log->header.generation + 1;
  med_put_u32(bytes + AT_VERSION, MED_LOG_VERSION);
  med_put_u32(bytes + AT_FLAGS, header->relaxed ? HEADER_RELAXED : 0);
  memcpy(bytes + AT_IDENTITY, header->identity, sizeof header->identity);
  med_put_u64(bytes + AT_SALT, header->salt);
  med_put_u64(bytes + AT_GENERATION, generation);
  med_put_u64(bytes + AT_CHECKPOINT, header->checkpoint_id);
  memcpy(bytes + AT_METAS, header->metas, sizeof header->metas);
  med_put_u64(bytes + AT_CHECKSUM, header_checksum(bytes));
  int rc;
  MED_TRY(write_ahead(log, MED_LOG_FIRST_RECORD, error)); /* room for both places, also when the disk is full later */
  MED_TRY(write_at(log, (generation & 1) * MED_LOG_HEADER_SIZE, bytes, sizeof bytes, error));
  if (flush_file(log, error) != MEDLEY_OK) return unknown(error);
  log->header = *header;
  log->header.generation = generation;
  start_behind_header(log, med_get_u64(bytes + AT_CHECKSUM));
done:
  return rc;
}

/* ---- Writing records ---- */
static uint64_t record_checksum(const med_log *log, const uint8_t *record, size_t stored_len) {
  return med_hash64(record + RECORD_HEADER_SIZE, stored_len, med_hash64(record, IN_CHECKSUM, log->header.salt));
}

static uint64_t aligned(uint64_t len) { return (len + RECORD_ALIGNMENT - 1) / RECORD_ALIGNMENT * RECORD_ALIGNMENT; }

/* Fills log->record with a whole record. */
static int make_record(med_log *log, uint64_t id, med_slice operations, medley_error *error) {
  size_t room = (size_t)LZ4_compressBound((int)operations.len);
  log->record.len = 0;
  if (!med_buffer_reserve(&log->record, RECORD_HEADER_SIZE + room + RECORD_ALIGNMENT))
    return med_error_no_memory(error);
  uint8_t *record = (uint8_t *)log->record.bytes;
  memset(record, 0, RECORD_HEADER_SIZE);
  uint32_t flags = log->unflushed ? 0 : FLAG_ALONE;
  int packed = 0;
  if (operations.len >= COMPRESS_FROM)
    packed =
        LZ4_compress_default(operations.bytes, (char *)record + RECORD_HEADER_SIZE, (int)operations.len, (int)room);
  size_t stored = (size_t)packed;
  if (packed > 0 && stored < operations.len) {
    flags |= FLAG_LZ4;
  } else {
    stored = operations.len;
    if (stored > 0) memcpy(record + RECORD_HEADER_SIZE, operations.bytes, stored);
  }
  med_put_u32(record, RECORD_MAGIC);
  med_put_u32(record + IN_STORED, (uint32_t)stored);
  med_put_u32(record + IN_RAW, (uint32_t)operations.len);
  med_put_u32(record + IN_FLAGS, flags);
  med_put_u64(record + IN_ID, id);
  med_put_u64(record + IN_CHAIN, log->chain);
  med_put_u64(record + IN_CHECKSUM, record_checksum(log, record, stored));
  size_t len = (size_t)aligned(RECORD_HEADER_SIZE + stored);
  memset(record + RECORD_HEADER_SIZE + stored, 0, len - RECORD_HEADER_SIZE - stored);
  log->record.len = len;
  return MEDLEY_OK;
}

int med_log_append(med_log *log, uint64_t id, med_slice operations, medley_error *error) {
  int rc;
  MED_TRY(make_record(log, id, operations, error));
  MED_TRY(write_ahead(log, log->tail + log->record.len, error));
  MED_TRY(write_at(log, log->tail, log->record.bytes, log->record.len, error));
  log->unflushed = true;
  log->chain = med_get_u64((const uint8_t *)log->record.bytes + IN_CHECKSUM);
  log->tail += log->record.len;
  log->last_id = id;
done:
  return rc;
}

int med_log_take_back(med_log *log, uint64_t tail, uint64_t chain, uint64_t last_id, medley_error *error) {
  static const uint8_t zeros[RECORD_HEADER_SIZE];
  int rc;
  MED_TRY(write_at(log, tail, zeros, sizeof zeros, error));
  MED_TRY(flush_file(log, error));
  log->tail = tail;
  log->chain = chain;
  log->last_id = last_id;
  return MEDLEY_OK;
done:
  return unknown(error);
}

/* ---- Reading records ---- */
/* Whether bytes, len of them from the tail's file on, are a whole record under this header, wherever it stands. */
static bool is_whole(const med_log *log, const uint8_t *bytes, size_t len) {
  if (len < RECORD_HEADER_SIZE || med_get_u32(bytes) != RECORD_MAGIC) return false;
  uint64_t stored = med_get_u32(bytes + IN_STORED), raw = med_get_u32(bytes + IN_RAW);
  if (stored > STORED_SIZE_MAX || raw > MED_LOG_RAW_SIZE_MAX || stored > len - RECORD_HEADER_SIZE) return false;
  return med_get_u64(bytes + IN_CHECKSUM) == record_checksum(log, bytes, (size_t)stored);
}

static int load(med_log *log, uint64_t offset, size_t len, size_t *loaded, medley_error *error) {
  log->record.len = 0;
  *loaded = 0;
  if (!med_buffer_reserve(&log->record, len)) return med_error_no_memory(error);
  return read_at(log, offset, log->record.bytes, len, loaded, error);
}

/* Behind what is not a record: a whole one that was flushed before the next was written cannot have been the power's doing. */
static int look_for_lost_records(med_log *log, medley_error *error) {
  enum { WINDOW = 1 << 20 };
  for (uint64_t offset = log->tail;; offset += WINDOW) {
    size_t len;
    int rc = load(log, offset, WINDOW + RECORD_HEADER_SIZE, &len, error);
    if (rc != MEDLEY_OK || len < RECORD_HEADER_SIZE) return rc == MEDLEY_OK ? MEDLEY_NOT_FOUND : rc;
    for (size_t at = 0; at < WINDOW && at + RECORD_HEADER_SIZE <= len; at += RECORD_ALIGNMENT) {
      const uint8_t *bytes = (const uint8_t *)log->record.bytes + at;
      if (med_get_u32(bytes) != RECORD_MAGIC || (med_get_u32(bytes + IN_FLAGS) & FLAG_ALONE) == 0) continue;
      if (offset + at == log->tail || med_get_u64(bytes + IN_ID) <= log->last_id) continue;
      size_t whole = RECORD_HEADER_SIZE + (size_t)med_get_u32(bytes + IN_STORED), found_len;
      if (whole > RECORD_HEADER_SIZE + STORED_SIZE_MAX) continue;
      uint64_t found = offset + at;
      rc = load(log, found, whole, &found_len, error);
      if (rc != MEDLEY_OK) return rc;
      if (is_whole(log, (const uint8_t *)log->record.bytes, found_len))
        return med_error_set(error, MEDLEY_CORRUPT, "log: damaged at byte %llu: there are commits behind it",
                             (unsigned long long)log->tail);
      rc = load(log, offset, WINDOW + RECORD_HEADER_SIZE, &len, error);
      if (rc != MEDLEY_OK) return rc;
    }
  }
}

/* A header that a power cut has torn was not followed by records yet: one that is whole under its salt shows that it was good. */
int med_log_is_outdated(med_log *log, bool *outdated, medley_error *error) {
  uint64_t place = 1 - (log->header.generation & 1), salt = log->header.salt;
  uint8_t other[MED_LOG_HEADER_SIZE];
  size_t len;
  *outdated = false;
  int rc = read_at(log, place * MED_LOG_HEADER_SIZE, other, sizeof other, &len, error);
  if (rc != MEDLEY_OK || len < sizeof other) return rc;
  if (memcmp(other, HEADER_MAGIC, 8) == 0 && med_get_u64(other + AT_CHECKSUM) == header_checksum(other)) return rc;
  MED_TRY(load(log, MED_LOG_FIRST_RECORD, RECORD_HEADER_SIZE, &len, error));
  const uint8_t *bytes = (const uint8_t *)log->record.bytes;
  if (len < RECORD_HEADER_SIZE || med_get_u64(bytes + IN_ID) <= log->header.checkpoint_id) return rc;
  if (med_get_u32(bytes + IN_STORED) > STORED_SIZE_MAX) return rc;
  MED_TRY(load(log, MED_LOG_FIRST_RECORD, RECORD_HEADER_SIZE + (size_t)med_get_u32(bytes + IN_STORED), &len, error));
  log->header.salt = med_get_u64(other + AT_SALT);
  *outdated = log->header.salt != salt && is_whole(log, (const uint8_t *)log->record.bytes, len);
done:
  log->header.salt = salt;
  return rc;
}

static int unpack(med_log *log, size_t stored, size_t raw, uint32_t flags, med_slice *operations, medley_error *error) {
  const char *from = log->record.bytes + RECORD_HEADER_SIZE;
  *operations = med_slice_of(from, stored);
  if ((flags & FLAG_LZ4) == 0) return stored == raw ? MEDLEY_OK : MEDLEY_CORRUPT;
  log->raw.len = 0;
  if (!med_buffer_reserve(&log->raw, raw + 1)) return med_error_no_memory(error);
  if (LZ4_decompress_safe(from, log->raw.bytes, (int)stored, (int)raw) != (int)raw) return MEDLEY_CORRUPT;
  *operations = med_slice_of(log->raw.bytes, raw);
  return MEDLEY_OK;
}

int med_log_may_go_on(med_log *log, bool *may, medley_error *error) {
  size_t len;
  *may = false;
  int rc = load(log, log->tail, RECORD_HEADER_SIZE, &len, error);
  if (rc != MEDLEY_OK) return rc;
  const uint8_t *bytes = (const uint8_t *)log->record.bytes;
  *may = len == RECORD_HEADER_SIZE && med_get_u32(bytes) == RECORD_MAGIC &&
         med_get_u64(bytes + IN_CHAIN) == log->chain && med_get_u64(bytes + IN_ID) > log->last_id &&
         med_get_u32(bytes + IN_STORED) <= STORED_SIZE_MAX && med_get_u32(bytes + IN_RAW) <= MED_LOG_RAW_SIZE_MAX;
  return MEDLEY_OK;
}

int med_log_next(med_log *log, med_log_record *record, medley_error *error) {
  size_t len = 0;
  bool maybe;
  int rc = med_log_may_go_on(log, &maybe, error);
  if (rc != MEDLEY_OK) return rc;
  const uint8_t *bytes = (const uint8_t *)log->record.bytes;
  if (maybe) {
    rc = load(log, log->tail, RECORD_HEADER_SIZE + (size_t)med_get_u32(bytes + IN_STORED), &len, error);
    if (rc != MEDLEY_OK) return rc;
    bytes = (const uint8_t *)log->record.bytes;
  }
  if (!maybe || !is_whole(log, bytes, len)) return look_for_lost_records(log, error);
  size_t stored = med_get_u32(bytes + IN_STORED);
  uint64_t id = med_get_u64(bytes + IN_ID), checksum = med_get_u64(bytes + IN_CHECKSUM);
  rc = unpack(log, stored, med_get_u32(bytes + IN_RAW), med_get_u32(bytes + IN_FLAGS), &record->operations, error);
  if (rc == MEDLEY_CORRUPT)
    return med_error_set(error, rc, "log: the record at byte %llu cannot be unpacked", (unsigned long long)log->tail);
  if (rc != MEDLEY_OK) return rc;
  record->id = id;
  log->tail += aligned(RECORD_HEADER_SIZE + stored);
  log->chain = checksum;
  log->last_id = id;
  return MEDLEY_OK;
}
