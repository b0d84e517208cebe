/* checkpoint.c - see checkpoint.h. */
#include "storage/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/checkpoint_state.h"
#include "storage/walker.h"

enum { PIECE_SIZE = 256 << 10, PIECES_MAX = 4096 };

int med_checkpoint_open(med_store *store, med_checkpoint **opened, medley_error *error) {
  med_checkpoint *checkpoint = med_alloc_zero(sizeof *checkpoint);
  med_buffer path = {0};
  *opened = NULL;
  if (checkpoint == NULL || !med_buffer_printf(&path, "%s-log", store->path)) {
    med_free(checkpoint);
    return med_error_no_memory(error);
  }
  checkpoint->store = store;
  checkpoint->path = path.bytes;
  med_log_init(&checkpoint->log);
  *opened = checkpoint;
  return MEDLEY_OK;
}

void med_checkpoint_free(med_checkpoint *checkpoint) {
  if (checkpoint == NULL) return;
  med_log_clear(&checkpoint->log);
  med_free(checkpoint->path);
  med_free(checkpoint);
}

void med_checkpoint_enable(med_checkpoint *checkpoint) { checkpoint->enabled = true; }
bool med_checkpoint_is_enabled(const med_checkpoint *checkpoint) { return checkpoint->enabled; }
bool med_checkpoint_log_exists(const med_checkpoint *checkpoint) { return access(checkpoint->path, F_OK) == 0; }
bool med_checkpoint_is_unsettled(const med_checkpoint *checkpoint) { return checkpoint->unsettled; }
uint64_t med_checkpoint_saved_id(const med_checkpoint *checkpoint) { return checkpoint->log.header.checkpoint_id; }

/* ---- The pin ---- */
static int pin_newest(med_checkpoint *checkpoint, uint64_t expected, medley_error *error) {
  int code;
  if (checkpoint->pin == NULL) {
    code = mdb_txn_begin(checkpoint->store->env, NULL, MDB_RDONLY, &checkpoint->pin);
  } else {
    if (checkpoint->pinned) mdb_txn_reset(checkpoint->pin);
    checkpoint->pinned = false;
    code = mdb_txn_renew(checkpoint->pin);
  }
  if (code != MDB_SUCCESS) return med_store_fail(error, code, "checkpoint");
  checkpoint->pinned = true;
  checkpoint->store->pinned_id = expected;
  if (mdb_txn_id(checkpoint->pin) != expected)
    return med_error_set(error, MEDLEY_CORRUPT, "checkpoint: a reader has commit %llu instead of %llu",
                         (unsigned long long)mdb_txn_id(checkpoint->pin), (unsigned long long)expected);
  return med_store_show_pin(checkpoint->store, true, error);
}

static void unpin(med_checkpoint *checkpoint) {
  if (checkpoint->pin != NULL) mdb_txn_abort(checkpoint->pin);
  checkpoint->pin = NULL;
  checkpoint->pinned = false;
  checkpoint->store->pinned_id = 0;
  medley_error ignored = {0};
  int rc = med_store_show_pin(checkpoint->store, false, &ignored);
  (void)rc;
}

/* ---- A checkpoint ---- */
static int read_metas(const med_store *store, uint8_t *metas, medley_error *error) {
  ssize_t len;
  do len = pread(store->data_fd, metas, 2 * MED_PAGE_SIZE, 0);
  while (len < 0 && errno == EINTR);
  if (len == 2 * MED_PAGE_SIZE) return MEDLEY_OK;
  return med_error_set_foreign(error, MEDLEY_IO, len < 0 ? errno : 0, "checkpoint: cannot read the meta pages");
}

/* What a flush could not write may be gone from the page cache too, and a later flush would say nothing of it: only what is read
 * from the disk again can be trusted. */
static int flush_failed(med_store *store, int code, medley_error *error) {
  store->dead = true;
  return med_store_fail(error, code, "checkpoint: flush");
}

/* Never the same twice in one file, whatever the seed of the handle: what an earlier use of the file has left would count again. */
static uint64_t new_salt(const med_checkpoint *checkpoint, uint64_t id) {
  const med_log_header *before = &checkpoint->log.header;
  const uint64_t parts[] = {med_store_random(checkpoint->store), before->generation, before->salt, id};
  return med_hash64(parts, sizeof parts, 0);
}

/* Of commit `id`, which is LMDB's newest; a write transaction may be open. The order is the rule: LMDB's file is flushed, then its
 * meta pages are copied, then the header is flushed, and only then the pin moves and dead readers are forgotten. */
int med_checkpoint_make(med_checkpoint *checkpoint, uint64_t id, medley_error *error) {
  med_store *store = checkpoint->store;
  med_log_header header = {.relaxed = med_checkpoint_is_relaxed(checkpoint), .checkpoint_id = id};
  bool is_new = checkpoint->log.fd < 0;
  int rc = MEDLEY_OK, code = mdb_env_sync(store->env, 1);
  if (code != MDB_SUCCESS) return flush_failed(store, code, error);
  memcpy(header.identity, store->identity, sizeof header.identity);
  if (is_new) MED_TRY(med_log_open(&checkpoint->log, checkpoint->path, true, error));
  header.salt = new_salt(checkpoint, id);
  MED_TRY(read_metas(store, header.metas, error));
  rc = med_log_write_header(&checkpoint->log, &header, error);
  if (rc == MEDLEY_COMMIT_UNKNOWN) return flush_failed(store, EIO, error);
  if (rc != MEDLEY_OK) goto done;
  if (is_new) MED_TRY(med_store_flush_directory(checkpoint->path, error));
  int dead_count = 0;
  (void)mdb_reader_check(store->env, &dead_count);
  MED_TRY(pin_newest(checkpoint, id, error));
  MDB_envinfo info;
  if (mdb_env_info(store->env, &info) == MDB_SUCCESS) checkpoint->pages_then = info.me_last_pgno;
  checkpoint->due = checkpoint->overdue = false;
  checkpoint->commits = 0;
done:
  return rc;
}

int med_checkpoint_run(med_checkpoint *checkpoint, medley_error *error) {
  MDB_envinfo info;
  int code = mdb_env_info(checkpoint->store->env, &info);
  return code == MDB_SUCCESS ? med_checkpoint_make(checkpoint, info.me_last_txnid, error)
                             : med_store_fail(error, code, "checkpoint");
}

bool med_checkpoint_due(const med_checkpoint *checkpoint) { return checkpoint != NULL && checkpoint->due; }
bool med_checkpoint_overdue(const med_checkpoint *checkpoint) { return checkpoint->overdue; }
bool med_checkpoint_has_news(const med_checkpoint *checkpoint) { return checkpoint != NULL && checkpoint->commits > 0; }

/* One piece of the file after the other, each waited for: the disk has little before it when a commit asks for its own flush. False: what was to
 * be written may be lost, and no later flush would say so. */
static bool write_in_pieces(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return true;
  off_t piece = status.st_size / PIECES_MAX > PIECE_SIZE ? status.st_size / PIECES_MAX : PIECE_SIZE;
  const unsigned whole = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  for (off_t at = 0; at < status.st_size; at += piece) {
    if (sync_file_range(fd, at, piece, whole) == 0 || errno == EINTR) continue;
    return errno == EINVAL || errno == ENOSYS || errno == ESPIPE; /* files for which there is no such call */
  }
  return true;
}

void med_checkpoint_flush_ahead(const med_checkpoint *checkpoint) {
  int fd = checkpoint->store->data_fd;
  if (!write_in_pieces(fd) || (fdatasync(fd) != 0 && errno != EINTR)) checkpoint->store->dead = true;
}

/* ---- Where the log ends ---- */
/* Reads on to the record of commit `id`. One behind it was never acknowledged: the next one is written over it. */
static int read_on(med_log *log, uint64_t id, medley_error *error) {
  while (log->last_id < id) {
    uint64_t tail = log->tail, chain = log->chain, last_id = log->last_id;
    med_log_record record;
    int rc = med_log_next(log, &record, error);
    if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
    if (rc != MEDLEY_OK) return rc;
    if (record.id <= id) continue;
    log->tail = tail;
    log->chain = chain;
    log->last_id = last_id;
    return MEDLEY_OK;
  }
  return MEDLEY_OK;
}

/* Those who look now do not see what such a record did: it must not be done again after a power cut. */
static int take_tail_back(med_log *log, medley_error *error) {
  uint64_t tail = log->tail, chain = log->chain, last_id = log->last_id;
  med_log_record record;
  int rc = med_log_next(log, &record, error);
  if (rc == MEDLEY_OK) return med_log_take_back(log, tail, chain, last_id, error);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* *complete: the log has everything from its checkpoint to commit `id`. */
static int catch_up(med_checkpoint *checkpoint, uint64_t id, bool *complete, medley_error *error) {
  med_log *log = &checkpoint->log;
  bool present = false;
  int rc = MEDLEY_OK;
  *complete = false;
  if (log->fd < 0) {
    rc = med_log_open(log, checkpoint->path, false, error);
    if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
    if (rc != MEDLEY_OK) return rc;
  }
  MED_TRY(med_log_is_present(log, &present, error));
  if (!present) {
    rc = med_log_read_header(log, error);
    if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK; /* its maker died before it was one */
    if (rc != MEDLEY_OK) return rc;
    if (memcmp(log->header.identity, checkpoint->store->identity, sizeof log->header.identity) != 0)
      return med_error_set(error, MEDLEY_CANNOT_OPEN, "log: belongs to another database: %s", checkpoint->path);
  }
  if (log->last_id != id) MED_TRY(read_on(log, id, error));
  *complete = log->last_id == id;
done:
  return rc;
}

/* From now on what this process sees has to be on disk: see may_go_ahead in checkpoint_commit.c. */
int med_checkpoint_flush_others(const med_checkpoint *checkpoint, medley_error *error) {
  int fd = open(checkpoint->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT) return MEDLEY_OK;
  int code;
  do code = fd < 0 ? -1 : fdatasync(fd);
  while (code != 0 && errno == EINTR);
  int rc = code == 0 ? MEDLEY_OK
                     : med_error_set_foreign(error, MEDLEY_IO, errno, "log: cannot be flushed: %s", checkpoint->path);
  if (fd >= 0) close(fd);
  return rc;
}

int med_checkpoint_look(med_checkpoint *checkpoint, medley_error *error) {
  MDB_txn *mdb;
  bool complete;
  if (!checkpoint->enabled || !med_checkpoint_log_exists(checkpoint)) return MEDLEY_OK;
  int code = mdb_txn_begin(checkpoint->store->env, NULL, 0, &mdb);
  if (code != MDB_SUCCESS) return med_store_fail(error, code, "open");
  int rc = catch_up(checkpoint, mdb_txn_id(mdb) - 1, &complete, error);
  if (rc == MEDLEY_OK && complete) rc = take_tail_back(&checkpoint->log, error);
  /* Nobody's pin: its process may have died of a flush that failed, and what this one sees would be in no log on disk. */
  if (rc == MEDLEY_OK && complete && !med_checkpoint_is_pinned(checkpoint))
    rc = med_checkpoint_make(checkpoint, mdb_txn_id(mdb) - 1, error);
  mdb_txn_abort(mdb);
  return rc;
}

static int open_to_look(const med_checkpoint *checkpoint, med_log *log, medley_error *error) {
  med_log_init(log);
  int rc = med_log_open(log, checkpoint->path, false, error);
  return rc == MEDLEY_OK ? med_log_read_header(log, error) : rc;
}

static int read_to_the_end(med_log *log, medley_error *error) {
  med_log_record record;
  int rc;
  do rc = med_log_next(log, &record, error);
  while (rc == MEDLEY_OK);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_checkpoint_sees_tail(const med_checkpoint *checkpoint, bool *seen, medley_error *error) {
  med_store *store = checkpoint->store;
  med_log log;
  *seen = false;
  if (!checkpoint->enabled) return MEDLEY_OK;
  int rc = open_to_look(checkpoint, &log, error);
  if (rc == MEDLEY_OK) rc = read_to_the_end(&log, error);
  uint64_t last_id = log.last_id;
  med_log_clear(&log);
  if (rc == MEDLEY_CORRUPT) { /* it began anew meanwhile: look again */
    *seen = true;
    return MEDLEY_OK;
  }
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  int code = mdb_txn_renew(store->probe);
  if (code != MDB_SUCCESS) return med_store_fail(error, code, "open");
  *seen = last_id > mdb_txn_id(store->probe);
  mdb_txn_reset(store->probe);
  return MEDLEY_OK;
}

bool med_checkpoint_is_pinned(const med_checkpoint *checkpoint) {
  return checkpoint->pinned || med_store_sees_pin(checkpoint->store);
}

/* On a full disk there may be no room for a log, and deletes must work nevertheless: without one LMDB flushes by itself. */
static int go_without(med_checkpoint *checkpoint, med_batch *batch, int rc, medley_error *error) {
  if (rc != MEDLEY_FULL || checkpoint->log.header.generation > 0 || checkpoint->store->dead) return rc;
  med_log_clear(&checkpoint->log);
  if (unlink(checkpoint->path) != 0 && errno != ENOENT) return rc;
  if (error != NULL) med_error_clear(error);
  batch->redo.wanted = false;
  return MEDLEY_OK;
}

/* A pin from before another process's checkpoint only keeps pages from being used again, while that process holds a younger one.
 * Whoever made the newest checkpoint keeps its pin, so one always stays. */
static int drop_old_pin(med_checkpoint *checkpoint, medley_error *error) {
  med_store *store = checkpoint->store;
  if (!checkpoint->pinned || store->pinned_id >= checkpoint->log.header.checkpoint_id || !med_store_sees_pin(store))
    return MEDLEY_OK;
  mdb_txn_reset(checkpoint->pin);
  checkpoint->pinned = false;
  store->pinned_id = 0;
  return med_store_show_pin(store, false, error);
}

/* This batch may end without a record of its own, and whoever opens the database meanwhile looks without the lock. */
static int settle_tail(med_checkpoint *checkpoint, medley_error *error) {
  bool may;
  int rc = med_log_may_go_on(&checkpoint->log, &may, error);
  if (rc == MEDLEY_OK && may) rc = take_tail_back(&checkpoint->log, error);
  if (rc == MEDLEY_COMMIT_UNKNOWN) return flush_failed(checkpoint->store, EIO, error);
  return rc;
}

int med_checkpoint_begin_batch(med_checkpoint *checkpoint, med_batch *batch, medley_error *error) {
  med_log_operations_start(&batch->redo, checkpoint->enabled);
  if (!checkpoint->enabled) return MEDLEY_OK;
  bool complete;
  int rc = catch_up(checkpoint, batch->id - 1, &complete, error);
  if (rc == MEDLEY_OK && complete) rc = settle_tail(checkpoint, error);
  if (rc == MEDLEY_OK) rc = drop_old_pin(checkpoint, error);
  /* On a full disk deletes live on the pages that a checkpoint sets free. */
  bool wanted =
      !complete || !med_checkpoint_is_pinned(checkpoint) || (checkpoint->store->disk_full && checkpoint->commits > 0);
  /* The header must say that commits may be in the file and not in the log. */
  wanted = wanted || (med_checkpoint_is_relaxed(checkpoint) && !checkpoint->log.header.relaxed);
  if (rc == MEDLEY_OK && wanted) {
    rc = med_checkpoint_make(checkpoint, batch->id - 1, error);
    if (rc != MEDLEY_OK) rc = go_without(checkpoint, batch, rc, error);
  }
  if (rc == MEDLEY_OK) (void)mdb_env_set_flags(checkpoint->store->env, MDB_NOSYNC, batch->redo.wanted);
  return rc;
}

/* ---- After a power cut ---- */
static int refuse(const med_checkpoint *checkpoint, medley_error *error) {
  return med_error_set(error, MEDLEY_CANNOT_OPEN,
                       "open: the log beside the database belongs to another one, or to another time of it: put the "
                       "right file back, or remove the log: %s",
                       checkpoint->path);
}

/* The first header goes to the second place, so a log that was cut off while it was made has nothing in the first one, and has
 * never held a commit. Anything else without a valid header is a damaged one. */
static int without_header(med_checkpoint *checkpoint, medley_error *error) {
  uint8_t bytes[MED_LOG_HEADER_SIZE] = {0}, record[8] = {0};
  ssize_t len = pread(checkpoint->log.fd, bytes, sizeof bytes, 0);
  bool empty = len >= 0 && pread(checkpoint->log.fd, record, sizeof record, MED_LOG_FIRST_RECORD) >= 0;
  for (size_t i = 0; i < sizeof bytes; i++) empty = empty && bytes[i] == 0;
  for (size_t i = 0; i < sizeof record; i++) empty = empty && record[i] == 0;
  med_log_clear(&checkpoint->log);
  if (!empty) return med_error_set(error, MEDLEY_CORRUPT, "log: both headers are damaged: %s", checkpoint->path);
  if (unlink(checkpoint->path) != 0 && errno != ENOENT)
    return med_error_set_foreign(error, MEDLEY_IO, errno, "log: cannot be removed: %s", checkpoint->path);
  return MEDLEY_OK;
}

/* A file that went on without this log has commits that it does not know. One may be missing in the log: LMDB's commit
 * was ahead of its flush, or a checkpoint was to make it durable, and the power went. */
static int check_age(med_checkpoint *checkpoint, const uint8_t *present, medley_error *error) {
  med_log *log = &checkpoint->log;
  uint64_t tail = log->tail, chain = log->chain, last_id = log->last_id;
  bool outdated = false;
  med_log_record record;
  int rc = med_log_is_outdated(log, &outdated, error);
  if (rc != MEDLEY_OK || log->header.relaxed) return rc;
  if (outdated) return med_error_set(error, MEDLEY_CORRUPT, "log: the newer header is damaged: %s", checkpoint->path);
  do rc = med_log_next(log, &record, error);
  while (rc == MEDLEY_OK);
  uint64_t known = log->last_id;
  log->tail = tail;
  log->chain = chain;
  log->last_id = last_id;
  if (rc != MEDLEY_NOT_FOUND) return rc;
  return med_walker_newest_commit(present) <= known + 1 ? MEDLEY_OK : refuse(checkpoint, error);
}

/* Whether the file may be what the log was written beside: its meta pages are the saved ones, newer ones, or torn; and the saved
 * snapshot is there and is this database's. */
static int check_fit(med_checkpoint *checkpoint, medley_error *error) {
  med_store *store = checkpoint->store;
  const med_log_header *header = &checkpoint->log.header;
  uint8_t present[2 * MED_PAGE_SIZE] = {0}, identity[16];
  struct stat status;
  if (fstat(store->data_fd, &status) != 0 || read_metas(store, present, error) != MEDLEY_OK)
    return refuse(checkpoint, error);
  if (!med_walker_metas_may_follow(present, header->metas, header->checkpoint_id)) return refuse(checkpoint, error);
  medley_error ignored = {0};
  int rc = med_walker_find_identity(store->data_fd, (uint64_t)status.st_size, header->metas, identity, &ignored);
  if (rc == MEDLEY_NO_MEMORY || rc == MEDLEY_IO) {
    *error = ignored;
    return rc;
  }
  if (rc != MEDLEY_OK || memcmp(identity, header->identity, sizeof identity) != 0) return refuse(checkpoint, error);
  return check_age(checkpoint, present, error);
}

static int put_metas_back(const med_store *store, const uint8_t *metas, medley_error *error) {
  size_t done = 0;
  while (done < 2 * MED_PAGE_SIZE) {
    ssize_t len = pwrite(store->data_fd, metas + done, 2 * MED_PAGE_SIZE - done, (off_t)done);
    if (len < 0 && errno == EINTR) continue;
    if (len <= 0) return med_error_set_foreign(error, MEDLEY_IO, errno, "open: cannot write the meta pages back");
    done += (size_t)len;
  }
  if (fdatasync(store->data_fd) == 0) return MEDLEY_OK;
  return med_error_set_foreign(error, MEDLEY_IO, errno, "open: cannot flush the meta pages");
}

int med_checkpoint_restore(med_checkpoint *checkpoint, medley_error *error) {
  int rc = med_log_open(&checkpoint->log, checkpoint->path, false, error);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  rc = med_log_read_header(&checkpoint->log, error);
  if (rc == MEDLEY_NOT_FOUND) return without_header(checkpoint, error);
  if (rc == MEDLEY_OK) rc = check_fit(checkpoint, error);
  if (rc == MEDLEY_OK) rc = put_metas_back(checkpoint->store, checkpoint->log.header.metas, error);
  checkpoint->unsettled = rc == MEDLEY_OK;
  return rc;
}

static int redo(med_checkpoint *checkpoint, const med_log_record *record, medley_error *error) {
  MDB_txn *mdb;
  med_store *store = checkpoint->store;
  int code = mdb_txn_begin(store->env, NULL, 0, &mdb);
  if (code != MDB_SUCCESS) return med_store_fail(error, code, "log");
  if (mdb_txn_id(mdb) != record->id) {
    mdb_txn_abort(mdb);
    return med_error_set(error, MEDLEY_CORRUPT, "log: commit %llu does not follow the one before",
                         (unsigned long long)record->id);
  }
  int rc = med_log_operations_apply(record->operations, mdb, store->trees, error);
  if (rc != MEDLEY_OK) {
    mdb_txn_abort(mdb);
    return rc;
  }
  code = mdb_txn_commit(mdb);
  return code == MDB_SUCCESS ? MEDLEY_OK : med_store_fail(error, code, "log");
}

int med_checkpoint_settle(med_checkpoint *checkpoint, medley_error *error) {
  med_log *log = &checkpoint->log;
  int rc;
  med_log_record record;
  /* Pinned again before anything is written: a second power cut begins at the same checkpoint. */
  MED_TRY(pin_newest(checkpoint, log->header.checkpoint_id, error));
  (void)mdb_env_set_flags(checkpoint->store->env, MDB_NOSYNC, 1);
  while ((rc = med_log_next(log, &record, error)) == MEDLEY_OK) MED_TRY(redo(checkpoint, &record, error));
  if (rc != MEDLEY_NOT_FOUND) goto done;
  rc = med_checkpoint_run(checkpoint, error);
  checkpoint->unsettled = false;
done:
  return rc;
}

/* ---- Looking at it ---- */
int med_checkpoint_stat(const med_checkpoint *checkpoint, uint64_t *log_bytes, uint64_t *log_commits,
                        medley_error *error) {
  MDB_envinfo info;
  med_log log;
  *log_bytes = *log_commits = 0;
  int rc = open_to_look(checkpoint, &log, error);
  if (rc == MEDLEY_OK && mdb_env_info(checkpoint->store->env, &info) == MDB_SUCCESS) {
    *log_bytes = log.initialised_to;
    if (info.me_last_txnid > log.header.checkpoint_id) *log_commits = info.me_last_txnid - log.header.checkpoint_id;
  }
  med_log_clear(&log);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

#define LOOKS_MAX 5

/* While others write, the log may begin anew under the reader's eyes: then what was read says nothing. */
int med_checkpoint_check(const med_checkpoint *checkpoint, medley_error *error) {
  med_log log;
  int rc = MEDLEY_OK;
  bool present = false;
  for (int looks = 0; looks < LOOKS_MAX && !present; looks++) {
    MDB_envinfo info;
    if (mdb_env_info(checkpoint->store->env, &info) != MDB_SUCCESS) info.me_last_txnid = 0;
    rc = open_to_look(checkpoint, &log, error);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) { /* it cannot be read, whoever writes */
      med_log_clear(&log);
      return rc;
    }
    if (rc == MEDLEY_OK) rc = read_to_the_end(&log, error);
    int seen = rc == MEDLEY_NOT_FOUND ? rc : med_log_is_present(&log, &present, NULL);
    bool ends_early = rc == MEDLEY_OK && med_checkpoint_is_pinned(checkpoint) && log.last_id < info.me_last_txnid;
    uint64_t tail = log.tail;
    med_log_clear(&log);
    if (seen == MEDLEY_NOT_FOUND) return MEDLEY_OK;
    if (seen != MEDLEY_OK) return med_error_set(error, seen, "log: cannot be read: %s", checkpoint->path);
    if (present && ends_early)
      rc = med_error_set(error, MEDLEY_CORRUPT, "log: ends at byte %llu, before the newest commit",
                         (unsigned long long)tail);
  }
  return present ? rc : MEDLEY_OK;
}

/* ---- Close ---- */
void med_checkpoint_close(med_checkpoint *checkpoint, bool alone) {
  med_store *store = checkpoint->store;
  medley_error ignored = {0};
  if (alone && checkpoint->enabled && !checkpoint->unsettled && !store->dead && access(checkpoint->path, F_OK) == 0) {
    if (mdb_env_sync(store->env, 1) == MDB_SUCCESS && unlink(checkpoint->path) == 0) {
      int rc = med_store_flush_directory(checkpoint->path, &ignored);
      (void)rc;
    }
  }
  if (!alone && med_log_flush(&checkpoint->log, &ignored) != MEDLEY_OK) store->dead = true;
  unpin(checkpoint);
}
