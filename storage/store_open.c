/* store_open.c - opening and closing an environment: what is checked before LMDB touches a file, and what is kept beside it.
 *
 * Order: look at the file (type, file system, header pages) with pread alone; take a shared OFD lock on it, so that a lost
 * lock file is noticed; reserve the map; open the trees; make or check the header record; flush the directory. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "storage/checkpoint.h"
#include "storage/txn.h"
#include "storage/walker.h"
#include "storage/writer.h"

#define MAP_SIZE_MIN ((uint64_t)16 << 20)
#define LOCK_FILE_HEADER_SIZE 128
#define LOCK_FILE_READER_SIZE 64
#define LMDB_COMMIT_NUMBER_AT 144 /* in a meta page: header 16, then 128 bytes of MDB_meta */
#define LOCK_AT_CLOSE_MS 1000
#define REOPENINGS_MAX 200 /* of 5 ms */
#define FUSE_MAGIC 0x65735546
#define CIFS_MAGIC 0xFF534D42
#define SMB2_MAGIC 0xFE534D42
#define V9FS_MAGIC 0x01021997

/* ---- Clock and randomness ---- */
static int64_t system_clock_us(void *context) {
  (void)context;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t med_store_now_us(med_store *store) {
  int64_t now = store->options.clock_us(store->options.clock_context);
  int64_t last = store->last_now_us;
  while (now > last) {
    if (atomic_compare_exchange_weak(&store->last_now_us, &last, now)) return now;
  }
  return last;
}

/* xoroshiro128+ (Blackman and Vigna). */
uint64_t med_store_random(med_store *store) {
  pthread_mutex_lock(&store->random_mutex);
  uint64_t a = store->random_state[0], b = store->random_state[1];
  uint64_t result = a + b;
  b ^= a;
  store->random_state[0] = ((a << 24) | (a >> 40)) ^ b ^ (b << 16);
  store->random_state[1] = (b << 37) | (b >> 27);
  pthread_mutex_unlock(&store->random_mutex);
  return result;
}

static void seed_random(med_store *store) {
  uint64_t seed = store->options.seed;
  if (seed == 0 && getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = (uint64_t)system_clock_us(NULL);
  store->random_state[0] = med_hash64(&seed, sizeof seed, 1);
  store->random_state[1] = med_hash64(&seed, sizeof seed, 2) | 1;
}

const uint8_t *med_store_identity(const med_store *store) { return store->identity; }

/* ---- Looking at the file before LMDB does ---- */
static int refuse_network_file_system(const char *path, int fd, medley_error *error) {
  struct statfs fs;
  if (fstatfs(fd, &fs) != 0) return MEDLEY_OK;
  switch ((uint64_t)fs.f_type & 0xFFFFFFFF) {
    case NFS_SUPER_MAGIC:
    case CIFS_MAGIC:
    case SMB2_MAGIC:
    case V9FS_MAGIC:
    case FUSE_MAGIC:
      return med_error_set(error, MEDLEY_CANNOT_OPEN,
                           "open: a network file system, where locks and maps cannot be trusted: %s", path);
    default: return MEDLEY_OK;
  }
}

static int open_data_file(med_store *store, const char *path, medley_error *error) {
  unsigned flags = store->options.flags;
  struct stat status;
  if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
    return med_error_set_foreign(error, MEDLEY_CANNOT_OPEN, EISDIR, "open: a directory, not a database file: %s", path);
  }
  int mode = flags & MEDLEY_OPEN_READ_ONLY ? O_RDONLY : O_RDWR;
  if (!(flags & (MEDLEY_OPEN_READ_ONLY | MEDLEY_OPEN_NO_CREATE))) mode |= O_CREAT;
  store->data_fd = open(path, mode | O_CLOEXEC | O_NOCTTY, 0600);
  if (store->data_fd < 0) {
    int code = errno;
    return med_error_set_foreign(error, MEDLEY_CANNOT_OPEN, code, "open: %s: %s", strerror(code), path);
  }
  if (fstat(store->data_fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return med_error_set(error, MEDLEY_CANNOT_OPEN, "open: not a regular file: %s", path);
  }
  if (flags & MEDLEY_OPEN_FORCE_NETWORK) return MEDLEY_OK;
  return refuse_network_file_system(path, store->data_fd, error);
}

/* LMDB makes its lock file sparse and writes to it through a map: on a full disk that is a SIGBUS. So its blocks are taken
 * here, before LMDB has it open; a file that other processes use keeps its size. */
static int reserve_lock_file(med_store *store, const char *path, medley_error *error) {
  med_buffer lock_path = {0};
  if (!med_buffer_printf(&lock_path, "%s-lock", path)) return med_error_no_memory(error);
  int fd = open(lock_path.bytes, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
  med_buffer_clear(&lock_path);
  if (fd < 0) return MEDLEY_OK; /* LMDB says better what is wrong, or does without it on a read-only file system */
  struct stat status;
  off_t size = fstat(fd, &status) == 0 ? status.st_size : 0;
  off_t wanted = LOCK_FILE_HEADER_SIZE + (off_t)store->options.reader_count_max * LOCK_FILE_READER_SIZE;
  int code;
  do code = posix_fallocate(fd, 0, size > 0 ? size : wanted);
  while (code == EINTR);
  close(fd);
  if (code != ENOSPC && code != EDQUOT) return MEDLEY_OK;
  return med_error_set_foreign(error, MEDLEY_FULL, code, "open: no space for the lock file: %s-lock", path);
}

/* Whoever has the database open holds a shared lock on the data file. If somebody does and the lock file is gone, a new
 * lock file would divide the processes into two groups that overwrite each other's pages. */
static int check_lock_file(med_store *store, const char *path, bool *alone, medley_error *error) {
  med_buffer lock_path = {0};
  if (!med_buffer_printf(&lock_path, "%s-lock", path)) return med_error_no_memory(error);
  struct stat status;
  bool present = stat(lock_path.bytes, &status) == 0;
  med_buffer_clear(&lock_path);
  if (!present && med_store_sees_lock(store, MED_LOCK_IN_USE)) {
    return med_error_set(error, MEDLEY_CANNOT_OPEN,
                         "open: the lock file is gone while another process has the database open: end that process "
                         "first: %s-lock",
                         path);
  }
  *alone = !med_store_sees_lock(store, MED_LOCK_IN_USE);
  return MEDLEY_OK;
}

/* Only when the file is what everybody may go on with: who sees this lock believes that a log has been settled. */
static int mark_in_use(const med_store *store, const char *path, medley_error *error) {
  if (med_store_set_lock(store, F_RDLCK, MED_LOCK_IN_USE) == 0) return MEDLEY_OK;
  return med_error_set_foreign(error, MEDLEY_CANNOT_OPEN, errno, "open: cannot lock: %s", path);
}

/* ---- The environment ---- */
static unsigned environment_flags(const medley_options *options) {
  unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
  if (options->durability == MEDLEY_RELAXED) flags |= MDB_NOMETASYNC;
  if (options->flags & MEDLEY_OPEN_READ_ONLY) flags |= MDB_RDONLY;
  if (options->flags & MEDLEY_OPEN_MEMORY) flags |= MDB_NOSYNC;
  return flags;
}

static int try_environment(med_store *store, const char *path, uint64_t map_size) {
  int code = mdb_env_create(&store->env);
  if (code != MDB_SUCCESS) return code;
  code = mdb_env_set_maxdbs(store->env, MED_TREE_COUNT);
  if (code == MDB_SUCCESS) code = mdb_env_set_maxreaders(store->env, store->options.reader_count_max);
  if (code == MDB_SUCCESS) code = mdb_env_set_mapsize(store->env, map_size);
  if (code == MDB_SUCCESS) code = mdb_env_open(store->env, path, environment_flags(&store->options), 0600);
  if (code == MDB_SUCCESS) return code;
  mdb_env_close(store->env);
  store->env = NULL;
  return code;
}

static int open_environment(med_store *store, const char *path, medley_error *error) {
  uint64_t map_size = store->options.map_size_bytes;
  map_size &= ~(uint64_t)(MED_PAGE_SIZE - 1);
  int code = try_environment(store, path, map_size);
  while ((code == ENOMEM || code == EINVAL) && map_size > MAP_SIZE_MIN) { /* valgrind says EINVAL */
    map_size /= 2;
    code = try_environment(store, path, map_size);
  }
  store->map_size_bytes = map_size;
  if (code == MDB_SUCCESS) return MEDLEY_OK;
  int status = code == MDB_INVALID || code == MDB_VERSION_MISMATCH ? MEDLEY_NOT_A_DATABASE
               : code == ENOMEM                                    ? MEDLEY_NO_MEMORY
               : code == EIO                                       ? MEDLEY_IO
               : code == ENOSPC                                    ? MEDLEY_FULL
                                                                   : MEDLEY_CANNOT_OPEN;
  return med_error_set_foreign(error, status, code, "open: %s: %s", mdb_strerror(code), path);
}

static int make_fork_guard(med_store *store, medley_error *error) {
  uint8_t *page = mmap(NULL, MED_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return med_error_no_memory(error);
  *page = 1;
  store->fork_guard = page;
  (void)madvise(page, MED_PAGE_SIZE, MADV_WIPEONFORK);
  return MEDLEY_OK;
}

/* A file of at most two pages can hold nothing but LMDB's two meta pages. If a power cut left them zero or torn while the
 * database was being made, nothing is lost by beginning anew; anything else is somebody's file. */
static bool is_unfinished_file(int fd, uint64_t size) {
  uint8_t bytes[2 * MED_PAGE_SIZE];
  if (size > sizeof bytes || pread(fd, bytes, size, 0) != (ssize_t)size) return false;
  static const uint8_t lmdb_magic[4] = {0xDE, 0xC0, 0xEF, 0xBE};
  for (uint64_t page = 0; page < size; page += MED_PAGE_SIZE) {
    uint64_t len = size - page < MED_PAGE_SIZE ? size - page : MED_PAGE_SIZE;
    bool zero = true;
    for (uint64_t i = 0; i < len && zero; i++) zero = bytes[page + i] == 0;
    bool meta = len >= 20 && memcmp(bytes + page + 16, lmdb_magic, sizeof lmdb_magic) == 0;
    for (uint64_t i = LMDB_COMMIT_NUMBER_AT; meta && i < len && i < LMDB_COMMIT_NUMBER_AT + 8; i++) {
      meta = bytes[page + i] == 0; /* any commit's file is somebody's data, cut short */
    }
    if (!zero && !meta) return false;
  }
  return true;
}

/* Only who is alone with the file may empty it: another process may be making it at this moment. */
static bool begin_anew(med_store *store, uint64_t size) {
  if (!is_unfinished_file(store->data_fd, size)) return false;
  if (med_store_set_lock(store, F_WRLCK, MED_LOCK_IN_USE) != 0) return false;
  bool done = is_unfinished_file(store->data_fd, size) && ftruncate(store->data_fd, 0) == 0;
  (void)med_store_set_lock(store, F_RDLCK, MED_LOCK_IN_USE);
  return done;
}

static int check_before_open(med_store *store, uint64_t size, medley_error *error) {
  unsigned flags = store->options.flags;
  if (size == 0 && flags & MEDLEY_OPEN_READ_ONLY)
    return med_error_set(error, MEDLEY_NOT_A_DATABASE, "open: the file is empty: %s", store->path);
  if (size == 0) return MEDLEY_OK;
  int rc = med_walker_check_header(store->data_fd, size, error);
  if (rc != MEDLEY_OK && !(flags & MEDLEY_OPEN_READ_ONLY) && begin_anew(store, size)) return MEDLEY_OK;
  if (rc != MEDLEY_OK || !(flags & MEDLEY_OPEN_UNTRUSTED)) return rc;
  /* The walk needs a file that stands still. */
  bool locks = !(flags & MEDLEY_OPEN_READ_ONLY);
  if (locks) rc = med_store_lock_within(store, F_WRLCK, MED_LOCK_WRITER, store->options.busy_timeout_ms, "open", error);
  if (rc != MEDLEY_OK) return rc;
  struct stat status;
  if (fstat(store->data_fd, &status) == 0) size = (uint64_t)status.st_size;
  rc = med_walker_walk(store->data_fd, size, NULL, NULL, NULL, error);
  if (locks) (void)med_store_set_lock(store, F_UNLCK, MED_LOCK_WRITER);
  return rc;
}

/* A database without a name: a file on a memory file system that is unlinked as soon as it is open. */
static int make_memory_path(med_store *store, medley_error *error) {
  static const char *const directories[] = {"/dev/shm", "/tmp"};
  for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
    if (access(directories[i], W_OK | X_OK) != 0) continue;
    med_buffer path = {0};
    uint64_t name = 0;
    if (getrandom(&name, sizeof name, 0) != sizeof name) name = med_store_random(store);
    if (!med_buffer_printf(&path, "%s/medley-memory-%016llx", directories[i], (unsigned long long)name)) break;
    store->path = path.bytes;
    return MEDLEY_OK;
  }
  return med_error_set(error, MEDLEY_CANNOT_OPEN, "open: no place for a database in memory: /dev/shm, /tmp");
}

static void unlink_memory_files(med_store *store) {
  med_buffer lock_path = {0};
  if (med_buffer_printf(&lock_path, "%s-lock", store->path)) (void)unlink(lock_path.bytes);
  med_buffer_clear(&lock_path);
  (void)unlink(store->path);
}

static int set_path(med_store *store, const char *path, medley_error *error) {
  if (store->options.flags & MEDLEY_OPEN_MEMORY) return make_memory_path(store, error);
  store->path = med_strndup(path, strlen(path));
  return store->path != NULL ? MEDLEY_OK : med_error_no_memory(error);
}

static int open_probe(med_store *store, medley_error *error) {
  int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->probe);
  if (code != MDB_SUCCESS) {
    store->probe = NULL;
    return med_store_fail(error, code, "open");
  }
  mdb_txn_reset(store->probe);
  return MEDLEY_OK;
}

/* A process that is being killed gives up our lock a moment before LMDB's. Who opens in between finds the commit number that it left in
 * the lock file, which no longer fits meta pages that were put back: LMDB must make the lock file anew. */
static int open_newly(med_store *store, const char *path, medley_error *error) {
  for (int tries = 0;; tries++) {
    int rc = open_environment(store, path, error);
    if (rc == MEDLEY_OK) rc = open_probe(store, error);
    if (rc != MEDLEY_OK || store->checkpoint == NULL || tries == REOPENINGS_MAX) return rc;
    if (!med_checkpoint_is_unsettled(store->checkpoint)) return rc;
    if (mdb_txn_id(store->probe) == med_checkpoint_saved_id(store->checkpoint)) return rc;
    mdb_txn_abort(store->probe);
    mdb_env_close(store->env);
    store->probe = NULL;
    store->env = NULL;
    struct timespec pause = {0, 5000000};
    nanosleep(&pause, NULL);
  }
}

/* A writer that died between its meta page and the lock file's commit number leaves a commit that is on disk but that no
 * reader sees until the next write: an application that looks after a restart would miss its own payment. The next writer
 * settles it; so there is one here, if the two numbers differ. */
static int settle_interrupted_commit(med_store *store, medley_error *error) {
  if (store->options.flags & (MEDLEY_OPEN_READ_ONLY | MEDLEY_OPEN_MEMORY)) return MEDLEY_OK;
  MDB_envinfo info;
  int code = mdb_txn_renew(store->probe);
  if (code != MDB_SUCCESS) return med_store_fail(error, code, "open");
  uint64_t seen = mdb_txn_id(store->probe);
  mdb_txn_reset(store->probe);
  code = mdb_env_info(store->env, &info);
  if (code != MDB_SUCCESS) return med_store_fail(error, code, "open");
  if (info.me_last_txnid == seen) return MEDLEY_OK;
  int rc = med_store_lock(store, store->options.busy_timeout_ms, error);
  if (rc != MEDLEY_OK) return rc;
  med_batch batch = {0};
  rc = med_batch_begin(store, &batch, error);
  if (rc == MEDLEY_OK) med_batch_abort(store, &batch);
  med_store_unlock(store);
  if (rc == MEDLEY_OK && batch.id <= info.me_last_txnid) {
    rc = med_error_set(
        error, MEDLEY_CORRUPT,
        "open: the lock file does not belong to the newest commit: end all processes that use the database "
        "and open it again");
  }
  return rc;
}

/* ---- Open and close ---- */
/* Who is alone puts a log's checkpoint back before anybody looks at the file; who only reads cannot. */
static int open_log(med_store *store, bool alone, medley_error *error) {
  unsigned flags = store->options.flags;
  int rc;
  if (flags & MEDLEY_OPEN_MEMORY) return MEDLEY_OK;
  MED_TRY(med_checkpoint_open(store, &store->checkpoint, error));
  if (!alone) goto done;
  if (!(flags & MEDLEY_OPEN_READ_ONLY)) return med_checkpoint_restore(store->checkpoint, error);
  if (med_checkpoint_log_exists(store->checkpoint))
    rc = med_error_set(error, MEDLEY_CANNOT_OPEN,
                       "open: the database was not closed and its log has to be applied first: open it for writing: %s",
                       store->path);
done:
  return rc;
}

#define LOOK_PAUSE_NS 1000000

/* Who has the write lock for long has taken a dead process's record back when he got it; a record that stands there meanwhile is about to be
 * committed or taken back. */
static int look_at_log(med_store *store, medley_error *error) {
  int64_t end_us = med_store_monotonic_us() + (int64_t)store->options.busy_timeout_ms * 1000;
  for (;;) {
    bool seen;
    if (med_store_set_lock(store, F_WRLCK, MED_LOCK_WRITER) == 0) {
      int rc = med_checkpoint_look(store->checkpoint, error);
      med_store_unlock(store);
      return rc;
    }
    int rc = med_checkpoint_sees_tail(store->checkpoint, &seen, error);
    if (rc != MEDLEY_OK || !seen) return rc;
    if (med_store_monotonic_us() >= end_us)
      return med_error_set(error, MEDLEY_BUSY, "open: a commit of another process does not come to its end: %s",
                           store->path);
    struct timespec pause = {0, LOOK_PAUSE_NS};
    nanosleep(&pause, NULL);
  }
}

static int open_in_turn(med_store *store, const char *path, medley_error *error) {
  uint64_t size = 0;
  bool alone = false;
  struct stat status;
  int rc;
  MED_TRY(check_lock_file(store, path, &alone, error));
  MED_TRY(open_log(store, alone, error));
  MED_TRY(mark_in_use(store, path, error));
  if (!alone && store->checkpoint != NULL) MED_TRY(med_checkpoint_flush_others(store->checkpoint, error));
  if (fstat(store->data_fd, &status) == 0) size = (uint64_t)status.st_size;
  MED_TRY(check_before_open(store, size, error));
  MED_TRY(reserve_lock_file(store, path, error));
  MED_TRY(open_newly(store, path, error));
  MED_TRY(settle_interrupted_commit(store, error));
  MED_TRY(med_store_open_contents(store, path, error));
  if (store->checkpoint != NULL && med_checkpoint_is_unsettled(store->checkpoint)) {
    if (store->format_version < 2)
      rc = med_error_set(error, MEDLEY_CORRUPT, "open: a log beside a database without one");
    if (rc == MEDLEY_OK) rc = med_checkpoint_settle(store->checkpoint, error);
  }
  if (rc != MEDLEY_OK || store->options.flags & MEDLEY_OPEN_READ_ONLY) goto done;
  (void)med_store_check_readers(store);
  if (!alone && store->checkpoint != NULL) rc = look_at_log(store, error);
done:
  return rc;
}

/* One process opens at a time. LMDB's first opener clears the lock file's commit number before it fills it in again; if it is
 * killed in between, one that waits inside LMDB goes on with number 0 and overwrites live pages. One that waits here finds the
 * lock file ownerless and makes it anew. And only one may settle what a power cut has left. */
static int open_alone(med_store *store, const char *path, medley_error *error) {
  bool locks = !(store->options.flags & MEDLEY_OPEN_MEMORY);
  short type = store->options.flags & MEDLEY_OPEN_READ_ONLY ? F_RDLCK : F_WRLCK;
  int rc = MEDLEY_OK;
  if (locks)
    MED_TRY(med_store_lock_within(store, type, MED_LOCK_OPENING, store->options.busy_timeout_ms, "open", error));
  rc = open_in_turn(store, path, error);
  /* After a failure others wait until this one has closed what it had opened: it may have settled half of a log. */
  if (locks && rc == MEDLEY_OK) (void)med_store_set_lock(store, F_UNLCK, MED_LOCK_OPENING);
done:
  return rc;
}

int med_store_open(const char *path, const medley_options *options, med_store **opened, medley_error *error) {
  *opened = NULL;
  med_store *store = med_alloc_zero(sizeof *store);
  if (store == NULL) return med_error_no_memory(error);
  store->options = *options;
  store->data_fd = -1;
  store->has_processors = sysconf(_SC_NPROCESSORS_ONLN) > 1;
  if (store->options.clock_us == NULL) store->options.clock_us = system_clock_us;
  pthread_mutex_init(&store->random_mutex, NULL);
  pthread_mutex_init(&store->probe_mutex, NULL);
  seed_random(store);
  int rc;
  MED_TRY(set_path(store, path, error));
  path = store->path;
  MED_TRY(make_fork_guard(store, error));
  MED_TRY(open_data_file(store, path, error));
  MED_TRY(open_alone(store, path, error));
  store->writer = med_writer_open(store);
  if (store->writer == NULL) rc = med_error_no_memory(error);
done:
  if (store->path != NULL && options->flags & MEDLEY_OPEN_MEMORY) unlink_memory_files(store);
  if (rc != MEDLEY_OK) {
    med_store_close(store);
    return rc;
  }
  *opened = store;
  return MEDLEY_OK;
}

/* The last one to close leaves one file: its checkpoint is the database, and the log goes. */
static void close_log(med_store *store) {
  med_checkpoint *checkpoint = store->checkpoint;
  medley_error ignored = {0};
  if (store->env == NULL || !med_checkpoint_is_enabled(checkpoint)) return;
  bool locked =
      med_store_lock_within(store, F_WRLCK, MED_LOCK_OPENING, LOCK_AT_CLOSE_MS, "close", &ignored) == MEDLEY_OK;
  bool alone = locked && med_store_set_lock(store, F_WRLCK, MED_LOCK_IN_USE) == 0;
  med_checkpoint_close(checkpoint, alone);
}

/* When LMDB has closed the file; by name, because a forked child may hold the descriptor for longer. */
static void unlock_all(const med_store *store) {
  if (store->data_fd < 0 || store->options.flags & MEDLEY_OPEN_MEMORY) return;
  (void)med_store_set_lock(store, F_UNLCK, MED_LOCK_IN_USE);
  (void)med_store_set_lock(store, F_UNLCK, MED_LOCK_OPENING);
}

void med_store_close(med_store *store) {
  if (store == NULL) return;
  bool forked = store->fork_guard != NULL && *store->fork_guard == 0;
  if (store->writer != NULL && !forked) med_writer_stop(store->writer);
  med_writer_close(store->writer, forked);
  if (store->checkpoint != NULL && !forked) close_log(store);
  /* A forked child must not close the parent's lock table. */
  if (store->probe != NULL && !forked) mdb_txn_abort(store->probe);
  if (store->env != NULL && !forked) mdb_env_close(store->env);
  if (!forked) unlock_all(store);
  med_checkpoint_free(store->checkpoint);
  if (store->data_fd >= 0) close(store->data_fd);
  if (store->fork_guard != NULL) munmap((void *)(uintptr_t)store->fork_guard, MED_PAGE_SIZE);
  pthread_mutex_destroy(&store->random_mutex);
  pthread_mutex_destroy(&store->probe_mutex);
  med_free(store->path);
  med_free(store);
}
