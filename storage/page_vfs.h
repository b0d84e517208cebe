/* page_vfs.h - SQLite's database file as a tree of pages in the shared storage.
 *
 * FORMAT.md section "SQL pages". One VFS for each store; its main "file" reads and writes the pages of whichever transaction
 * the session has bound to it. What it is: an unmodified SQLite's way to storage. What it is not: a journal. SQLite keeps
 * its rollback journal in memory (journal_mode=MEMORY), because the storage does not hear of a failed statement.
 *
 * A page of 4,096 bytes reserves 24 at its end: 4,072 bytes and an XXH3-64 of them are one storage value of 4,080 bytes,
 * which is exactly one page of the file.
 *
 * Order of a commit in SQLite: dirty pages, xTruncate if the file grows, xSync, xTruncate if it shrinks,
 * COMMIT_PHASETWO, xUnlock. So xSync commits nothing, and a transaction counts as confirmed at COMMIT_PHASETWO only.
 *
 * Invariants
 *  1. Without a bound, active transaction every read and lock fails; without a writing one every write does.
 *  2. Page 1 always says: pages of 4,096 bytes, 24 reserved, rollback journal (bytes 18 and 19 are 1).
 *  3. Journals and WALs are never opened here (SQLITE_CANTOPEN); temporary files go to the default VFS.
 *  4. xFetch hands out mapped pages to readers alone, 8-aligned, sound, and with 256 readable bytes behind them.
 * Threads: as the session's. Lifetime: the store outlives the VFS, the VFS its connections. */
#ifndef MED_STORAGE_PAGE_VFS_H
#define MED_STORAGE_PAGE_VFS_H

#include "storage/store.h"

#define MED_PAGE_RESERVE 24
#define MED_PAGE_USED (MED_PAGE_SIZE - MED_PAGE_RESERVE)

typedef struct med_page_vfs med_page_vfs;
typedef struct med_page_file med_page_file; /* what SQLITE_FCNTL_FILE_POINTER answers for "main" */

MEDLEY_MUST_USE int med_page_vfs_open(med_store *store, med_page_vfs **vfs, medley_error *error);
void med_page_vfs_close(med_page_vfs *vfs);
const char *med_page_vfs_name(const med_page_vfs *vfs);

/* Binds the transaction that the connection works in from now on; NULL for none. Only while SQLite holds no lock, or when
 * the new transaction sees the same pages. */
void med_page_file_bind(med_page_file *file, med_txn *txn);
/* Whether a commit was confirmed (COMMIT_PHASETWO after a write) since the last call. */
bool med_page_file_take_confirmed(med_page_file *file);
/* The status and message behind the last SQLITE_IOERR, FULL or CORRUPT that the VFS answered, or OK; forgets it. */
int med_page_file_take_failure(med_page_file *file);
/* PRAGMAs are shown to this function first: NULL allows, a text refuses with it. */
typedef const char *(*med_pragma_filter)(const char *name, const char *argument);
void med_page_file_set_pragma_filter(med_page_file *file, med_pragma_filter filter);
/* Whether readers get mapped pages (scans) rather than copies in SQLite's cache (warm point reads). */
void med_page_file_set_mapped(med_page_file *file, bool mapped);

/* Until the next bind: pages are copied into SQLite's cache, where a transaction of many statements finds them ready; a
 * mapped page is prepared anew by each statement, but survives other sessions' commits. */
void med_page_file_prefer_copies(med_page_file *file);

bool med_page_vfs_value_is_sound(uint32_t page_number, med_slice value);

#endif
