/* page_vfs.c - the VFS, its file methods, and the memo of mapped pages. */
#include "storage/page_vfs.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>

#include "storage/memory.h"

#define CHECKSUM_SIZE 8
#define MAP_MARGIN 256 /* SQLite may read a little beyond a damaged page */
#define SECTOR_SIZE 4096
#define HEADER_PAGE_SIZE_AT 16
#define HEADER_WRITE_VERSION_AT 18
#define HEADER_READ_VERSION_AT 19
#define HEADER_RESERVE_AT 20
#define MEMO_SIZE_MIN 256
#define MEMO_SIZE_MAX (1u << 16)

struct med_page_vfs {
  sqlite3_vfs base;
  med_store *store;
  sqlite3_vfs *system;
  char name[40];
};

/* Pages found in the map of one snapshot. SQLite's change counter would not do to tell snapshots apart: a member that spilled
 * and then rolled back moves pages without counting. */
typedef struct page_memo {
  uint32_t page_number;
  uint32_t epoch;
  const uint8_t *bytes;
  uint64_t checksum; /* that it was found sound with: the same bytes need not be hashed again */
} page_memo;

struct med_page_file {
  sqlite3_file base;
  med_page_vfs *vfs;
  med_txn *txn;
  int lock_level;
  bool count_known;
  bool wrote;
  bool confirmed;
  bool mapped;
  bool prefers_copies;
  int failure;
  uint32_t page_count;
  uint32_t fetched; /* mapped pages that SQLite holds */
  med_pragma_filter pragma_filter;
  page_memo *memo;
  uint32_t memo_size;
  uint32_t memo_used;
  uint32_t memo_epoch; /* entries of older ones are looked up again */
  uint64_t memo_id;    /* snapshot that the epoch belongs to */
};

static uint64_t page_checksum(uint32_t page_number, const uint8_t *bytes) {
  return med_hash64(bytes, MED_PAGE_USED, page_number);
}

bool med_page_vfs_value_is_sound(uint32_t page_number, med_slice value) {
  const uint8_t *bytes = value.bytes;
  return value.len == MED_PAGE_VALUE_SIZE && med_get_u64(bytes + MED_PAGE_USED) == page_checksum(page_number, bytes);
}

/* SQLite learns a code of its own, the session asks for ours. */
static int fail(med_page_file *file, int status, int sqlite_code) {
  if (file->failure == MEDLEY_OK) file->failure = status; /* what comes after the first one is its consequence */
  return status == MEDLEY_FULL || status == MEDLEY_TXN_TOO_BIG ? SQLITE_FULL
         : status == MEDLEY_NO_MEMORY                          ? SQLITE_IOERR_NOMEM
         : status == MEDLEY_CORRUPT                            ? SQLITE_CORRUPT
                                                               : sqlite_code;
}

static int fail_with(med_page_file *file, int status, int sqlite_code, const char *message) {
  if (file->txn != NULL) med_error_set(med_txn_error(file->txn), status, "sql: %s", message);
  return fail(file, status, sqlite_code);
}

/* ---- Reading ---- */
static int load_page_count(med_page_file *file) {
  if (file->count_known) return SQLITE_OK;
  if (!med_txn_is_active(file->txn)) return fail(file, MEDLEY_MISUSE, SQLITE_IOERR_FSTAT);
  int rc = med_txn_last_page(file->txn, &file->page_count);
  if (rc != MEDLEY_OK) return fail(file, rc, SQLITE_IOERR_FSTAT);
  file->count_known = true;
  return SQLITE_OK;
}

static page_memo *memo_slot(med_page_file *file, uint32_t page_number) {
  return &file->memo[(page_number * 2654435761u) >> (32 - (uint32_t)__builtin_ctz(file->memo_size))];
}

static void memo_grow(med_page_file *file) {
  uint32_t size = file->memo == NULL ? MEMO_SIZE_MIN : file->memo_size * 4;
  if (file->memo != NULL && (file->memo_used < file->memo_size / 2 || size > MEMO_SIZE_MAX)) return;
  page_memo *memo = med_alloc_zero(size * sizeof *memo);
  if (memo == NULL) return; /* the present one serves */
  page_memo *old = file->memo;
  uint32_t old_size = file->memo_size;
  file->memo = memo;
  file->memo_size = size;
  file->memo_used = 0;
  for (uint32_t i = 0; i < old_size; i++) {
    if (old[i].bytes == NULL) continue;
    *memo_slot(file, old[i].page_number) = old[i];
    file->memo_used++;
  }
  med_free(old);
}

static void memo_put(med_page_file *file, uint32_t page_number, const uint8_t *bytes) {
  memo_grow(file);
  if (file->memo == NULL) return;
  page_memo *slot = memo_slot(file, page_number);
  if (slot->bytes == NULL) file->memo_used++;
  *slot = (page_memo){page_number, file->memo_epoch, bytes, med_get_u64(bytes + MED_PAGE_USED)};
}

/* The page in the bound transaction, found sound; NULL if it was never written. A reader's pages are remembered. */
static int find_page(med_page_file *file, uint32_t page_number, const uint8_t **bytes) {
  med_slice value;
  *bytes = NULL;
  bool remembers = file->mapped && !med_txn_writes(file->txn);
  page_memo *slot = remembers && file->memo != NULL ? memo_slot(file, page_number) : NULL;
  if (slot != NULL && (slot->bytes == NULL || slot->page_number != page_number)) slot = NULL;
  /* What goes into SQLite's cache outlives the snapshot and is always looked up. */
  if (slot != NULL && slot->epoch == file->memo_epoch && !file->prefers_copies && page_number > 1) {
    *bytes = slot->bytes;
    return SQLITE_OK;
  }
  int rc = med_txn_get_page(file->txn, page_number, &value);
  if (rc == MEDLEY_NOT_FOUND) return SQLITE_OK;
  if (rc != MEDLEY_OK) return fail(file, rc, SQLITE_IOERR_READ);
  const uint8_t *found = value.bytes;
  if (slot != NULL && slot->bytes == found && value.len == MED_PAGE_VALUE_SIZE &&
      slot->checksum == med_get_u64(found + MED_PAGE_USED)) {
    slot->epoch = file->memo_epoch;
    *bytes = found;
    return SQLITE_OK;
  }
  if (!med_page_vfs_value_is_sound(page_number, value)) {
    med_error_set(med_txn_error(file->txn), MEDLEY_CORRUPT, "sql: page %u does not match its checksum", page_number);
    return fail(file, MEDLEY_CORRUPT, SQLITE_CORRUPT);
  }
  if (remembers) memo_put(file, page_number, found);
  *bytes = found;
  return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *buffer, int amount, sqlite3_int64 offset) {
  med_page_file *file = (med_page_file *)base;
  if (file->txn == NULL && file->lock_level == SQLITE_LOCK_NONE) { /* the look at the header when a file is opened */
    memset(buffer, 0, (size_t)amount);
    return SQLITE_IOERR_SHORT_READ;
  }
  if (!med_txn_is_active(file->txn)) return fail(file, MEDLEY_MISUSE, SQLITE_IOERR_READ);
  uint32_t page_number = (uint32_t)(offset / MED_PAGE_SIZE) + 1;
  size_t within = (size_t)(offset % MED_PAGE_SIZE), wanted = (size_t)amount;
  assert(within + wanted <= MED_PAGE_SIZE);
  const uint8_t *bytes;
  int rc = find_page(file, page_number, &bytes);
  if (rc != SQLITE_OK) return rc;
  size_t present = bytes != NULL && within < MED_PAGE_USED ? MED_PAGE_USED - within : 0;
  if (present > wanted) present = wanted;
  if (present > 0) memcpy(buffer, bytes + within, present);
  memset((uint8_t *)buffer + present, 0, wanted - present);
  return bytes != NULL ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size) {
  med_page_file *file = (med_page_file *)base;
  int rc = load_page_count(file);
  *size = rc == SQLITE_OK ? (sqlite3_int64)file->page_count * MED_PAGE_SIZE : 0;
  return rc;
}

/* ---- Writing ---- */
static bool first_page_is_sound(const uint8_t *page) {
  return med_get_u16(page + HEADER_PAGE_SIZE_AT) == MED_PAGE_SIZE && page[HEADER_WRITE_VERSION_AT] == 1 &&
         page[HEADER_READ_VERSION_AT] == 1 && page[HEADER_RESERVE_AT] == MED_PAGE_RESERVE;
}

static int file_write(sqlite3_file *base, const void *buffer, int amount, sqlite3_int64 offset) {
  med_page_file *file = (med_page_file *)base;
  if (!med_txn_is_active(file->txn) || !med_txn_writes(file->txn)) {
    return fail_with(file, MEDLEY_READ_ONLY, SQLITE_IOERR_WRITE, "a write outside of a write transaction");
  }
  if (amount != MED_PAGE_SIZE || offset % MED_PAGE_SIZE != 0) {
    return fail_with(file, MEDLEY_MISUSE, SQLITE_IOERR_WRITE, "a write that is not one page");
  }
  uint32_t page_number = (uint32_t)(offset / MED_PAGE_SIZE) + 1;
  if (page_number == 1 && !first_page_is_sound(buffer)) {
    return fail_with(file, MEDLEY_MISUSE, SQLITE_IOERR_WRITE,
                     "page 1 would change the journal mode or the page layout");
  }
  int rc = load_page_count(file);
  if (rc != SQLITE_OK) return rc;
  uint8_t value[MED_PAGE_VALUE_SIZE];
  memcpy(value, buffer, MED_PAGE_USED);
  med_put_u64(value + MED_PAGE_USED, page_checksum(page_number, value));
  rc = med_txn_put_page(file->txn, page_number, value);
  if (rc != MEDLEY_OK) return fail(file, rc, SQLITE_IOERR_WRITE);
  file->wrote = true;
  if (page_number > file->page_count) file->page_count = page_number;
  return SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size) {
  med_page_file *file = (med_page_file *)base;
  if (!med_txn_is_active(file->txn) || !med_txn_writes(file->txn)) {
    return fail_with(file, MEDLEY_READ_ONLY, SQLITE_IOERR_TRUNCATE, "a truncation outside of a write transaction");
  }
  int rc = load_page_count(file);
  if (rc != SQLITE_OK) return rc;
  uint32_t kept = (uint32_t)((size + MED_PAGE_SIZE - 1) / MED_PAGE_SIZE);
  for (uint32_t page = file->page_count; page > kept; page--) {
    rc = med_txn_delete_page(file->txn, page);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return fail(file, rc, SQLITE_IOERR_TRUNCATE);
    file->wrote = true;
  }
  if (kept < file->page_count) file->page_count = kept;
  return SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags) {
  (void)base;
  (void)flags;
  return SQLITE_OK; /* durability is the storage's commit */
}

/* ---- Locks ---- who may write is decided before SQLite is asked; these only keep the books. */
static int file_lock(sqlite3_file *base, int level) {
  med_page_file *file = (med_page_file *)base;
  if (!med_txn_is_active(file->txn)) return fail(file, MEDLEY_MISUSE, SQLITE_IOERR_LOCK);
  if (level >= SQLITE_LOCK_RESERVED && !med_txn_writes(file->txn)) return SQLITE_READONLY;
  if (level > file->lock_level) file->lock_level = level;
  return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level) {
  med_page_file *file = (med_page_file *)base;
  if (level < file->lock_level) file->lock_level = level;
  return SQLITE_OK;
}

static int file_check_reserved_lock(sqlite3_file *base, int *reserved) {
  (void)base;
  *reserved = 0; /* the journal is in memory: a hot one cannot be found */
  return SQLITE_OK;
}

static int answer_pragma(med_page_file *file, char **arguments) {
  if (file->pragma_filter == NULL) return SQLITE_NOTFOUND;
  const char *refusal = file->pragma_filter(arguments[1], arguments[2]);
  if (refusal == NULL) return SQLITE_NOTFOUND;
  arguments[0] = sqlite3_mprintf("PRAGMA %s: %s", arguments[1], refusal);
  return SQLITE_ERROR;
}

static int file_control(sqlite3_file *base, int operation, void *argument) {
  med_page_file *file = (med_page_file *)base;
  switch (operation) {
    case SQLITE_FCNTL_COMMIT_PHASETWO:
      if (file->wrote) file->confirmed = true;
      file->wrote = false;
      return SQLITE_OK;
    case SQLITE_FCNTL_PRAGMA: return answer_pragma(file, argument);
    case SQLITE_FCNTL_VFSNAME: *(char **)argument = sqlite3_mprintf("%s", file->vfs->name); return SQLITE_OK;
    default: return SQLITE_NOTFOUND;
  }
}

static int file_sector_size(sqlite3_file *base) {
  (void)base;
  return SECTOR_SIZE;
}

static int file_characteristics(sqlite3_file *base) {
  (void)base;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SAFE_APPEND | SQLITE_IOCAP_SEQUENTIAL | SQLITE_IOCAP_ATOMIC |
         SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN;
}

static int no_shared_memory_map(sqlite3_file *base, int a, int b, int c, void volatile **d) {
  (void)base, (void)a, (void)b, (void)c, (void)d;
  return SQLITE_IOERR;
}
static int no_shared_memory_lock(sqlite3_file *base, int a, int b, int c) {
  (void)base, (void)a, (void)b, (void)c;
  return SQLITE_IOERR;
}
static void no_shared_memory_barrier(sqlite3_file *base) { (void)base; }
static int no_shared_memory_unmap(sqlite3_file *base, int a) {
  (void)base, (void)a;
  return SQLITE_OK;
}

/* ---- Mapped pages ---- */
static bool may_map(const med_page_file *file, sqlite3_int64 offset, int amount) {
  return file->mapped && !file->prefers_copies && amount == MED_PAGE_SIZE && offset % MED_PAGE_SIZE == 0 &&
         offset > 0 && med_txn_is_active(file->txn) && !med_txn_writes(file->txn);
}

static int file_fetch(sqlite3_file *base, sqlite3_int64 offset, int amount, void **page) {
  med_page_file *file = (med_page_file *)base;
  *page = NULL;
  if (!may_map(file, offset, amount)) return SQLITE_OK;
  const uint8_t *bytes;
  int rc = find_page(file, (uint32_t)(offset / MED_PAGE_SIZE) + 1, &bytes);
  if (rc != SQLITE_OK || bytes == NULL) return rc;
  if (((uintptr_t)bytes & 7) != 0 || !med_txn_is_mapped(file->txn, bytes, MED_PAGE_VALUE_SIZE + MAP_MARGIN)) {
    return SQLITE_OK;
  }
  *page = (void *)(uintptr_t)bytes;
  file->fetched++;
  return SQLITE_OK;
}

static int file_unfetch(sqlite3_file *base, sqlite3_int64 offset, void *page) {
  med_page_file *file = (med_page_file *)base;
  (void)offset;
  if (page != NULL) file->fetched--;
  return SQLITE_OK;
}

static int file_close(sqlite3_file *base) {
  med_page_file *file = (med_page_file *)base;
  med_free(file->memo);
  file->memo = NULL;
  return SQLITE_OK;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 3,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = no_shared_memory_map,
    .xShmLock = no_shared_memory_lock,
    .xShmBarrier = no_shared_memory_barrier,
    .xShmUnmap = no_shared_memory_unmap,
    .xFetch = file_fetch,
    .xUnfetch = file_unfetch,
};

/* ---- Binding ---- */
/* Entries are trusted within one snapshot. In the next one they only spare the hashing of pages that have not moved. */
static void check_memo(med_page_file *file) {
  if (file->txn == NULL || med_txn_writes(file->txn)) return;
  if (med_txn_id(file->txn) != file->memo_id) file->memo_epoch++;
  file->memo_id = med_txn_id(file->txn);
}

void med_page_file_bind(med_page_file *file, med_txn *txn) {
  assert(file->fetched == 0 || txn == NULL || !med_txn_writes(txn));
  file->txn = txn;
  file->prefers_copies = false;
  file->count_known = false;
  file->wrote = file->confirmed = false;
  file->failure = MEDLEY_OK;
  if (file->mapped) check_memo(file);
}

void med_page_file_prefer_copies(med_page_file *file) { file->prefers_copies = true; }

bool med_page_file_take_confirmed(med_page_file *file) {
  bool confirmed = file->confirmed;
  file->confirmed = file->wrote = false;
  return confirmed;
}

int med_page_file_take_failure(med_page_file *file) {
  int failure = file->failure;
  file->failure = MEDLEY_OK;
  return failure;
}

void med_page_file_set_pragma_filter(med_page_file *file, med_pragma_filter filter) { file->pragma_filter = filter; }

void med_page_file_set_mapped(med_page_file *file, bool mapped) {
  file->mapped = mapped;
  file->memo_epoch++;
}

/* ---- The VFS ---- */
static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *opened, int flags, int *out_flags) {
  med_page_vfs *vfs = (med_page_vfs *)base;
  opened->pMethods = NULL;
  if (flags & (SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_SUBJOURNAL)) {
    return vfs->system->xOpen(vfs->system, name, opened, flags, out_flags);
  }
  if (!(flags & SQLITE_OPEN_MAIN_DB)) return SQLITE_CANTOPEN;
  med_page_file *file = (med_page_file *)opened;
  memset(file, 0, sizeof *file);
  file->base.pMethods = &file_methods;
  file->vfs = vfs;
  if (out_flags != NULL) *out_flags = flags;
  return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync_directory) {
  med_page_vfs *vfs = (med_page_vfs *)base;
  return vfs->system->xDelete(vfs->system, name, sync_directory); /* temporary files alone come here */
}

static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *result) {
  (void)base;
  (void)name;
  (void)flags;
  *result = 0; /* no journal, no WAL */
  return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *base, const char *name, int size, char *full) {
  (void)base;
  return snprintf(full, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *base, int count, char *bytes) {
  med_page_vfs *vfs = (med_page_vfs *)base;
  for (int i = 0; i < count; i++) bytes[i] = (char)med_store_random(vfs->store);
  return count;
}

static int vfs_sleep(sqlite3_vfs *base, int microseconds) {
  med_page_vfs *vfs = (med_page_vfs *)base;
  return vfs->system->xSleep(vfs->system, microseconds);
}

#define JULIAN_DAY_OF_1970_MS ((sqlite3_int64)210866760000000)

static int vfs_current_time_ms(sqlite3_vfs *base, sqlite3_int64 *julian_ms) {
  med_page_vfs *vfs = (med_page_vfs *)base;
  *julian_ms = JULIAN_DAY_OF_1970_MS + med_store_now_us(vfs->store) / 1000;
  return SQLITE_OK;
}

static int vfs_current_time(sqlite3_vfs *base, double *julian_days) {
  sqlite3_int64 julian_ms;
  int rc = vfs_current_time_ms(base, &julian_ms);
  *julian_days = (double)julian_ms / 86400000.0;
  return rc;
}

static int vfs_last_error(sqlite3_vfs *base, int size, char *text) {
  (void)base;
  (void)size;
  (void)text;
  return 0;
}

int med_page_vfs_open(med_store *store, med_page_vfs **opened, medley_error *error) {
  *opened = NULL;
  med_page_vfs *vfs = med_alloc_zero(sizeof *vfs);
  if (vfs == NULL) return med_error_no_memory(error);
  vfs->store = store;
  vfs->system = sqlite3_vfs_find(NULL);
  if (vfs->system == NULL) {
    med_free(vfs);
    return med_error_set(error, MEDLEY_ERROR, "sql: the SQL library has no default file layer");
  }
  (void)snprintf(vfs->name, sizeof vfs->name, "medley-%llx", (unsigned long long)(uintptr_t)vfs);
  int own_size = (int)sizeof(med_page_file);
  vfs->base = (sqlite3_vfs){
      .iVersion = 2,
      .szOsFile = vfs->system->szOsFile > own_size ? vfs->system->szOsFile : own_size,
      .mxPathname = 512,
      .zName = vfs->name,
      .xOpen = vfs_open,
      .xDelete = vfs_delete,
      .xAccess = vfs_access,
      .xFullPathname = vfs_full_path,
      .xRandomness = vfs_randomness,
      .xSleep = vfs_sleep,
      .xCurrentTime = vfs_current_time,
      .xGetLastError = vfs_last_error,
      .xCurrentTimeInt64 = vfs_current_time_ms,
  };
  int code = sqlite3_vfs_register(&vfs->base, 0);
  if (code != SQLITE_OK) {
    med_free(vfs);
    return med_error_set_foreign(error, MEDLEY_ERROR, code, "sql: cannot register the file layer");
  }
  *opened = vfs;
  return MEDLEY_OK;
}

void med_page_vfs_close(med_page_vfs *vfs) {
  if (vfs == NULL) return;
  (void)sqlite3_vfs_unregister(&vfs->base);
  med_free(vfs);
}

const char *med_page_vfs_name(const med_page_vfs *vfs) { return vfs->name; }
