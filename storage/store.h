/* store.h - one LMDB environment as a fixed set of ordered trees, and the one door through which all of it is written.
 *
 * FORMAT.md sections "File" and "Values". What it is: opening, snapshots, checked values, cursors, and undo. What it is
 * not: who may write when (writer.h), SQLite's pages (page_vfs.h), what the keys mean (the models).
 *
 * Threads: a med_store is shared. A med_txn is used by one thread at a time; a write transaction is ended by the
 * thread that began it, which med_txn_* checks.
 * Lifetime: a slice read from a transaction lives until the next write in that transaction or its end.
 *
 * Invariants
 *  1. Every write passes med_txn_put or med_txn_delete (or med_txn_put_page for SQL).     tidy: owners of lmdb.h
 *  2. No value is above MED_VALUE_SIZE_MAX bytes, none is stored unchecked.               test_store
 *  3. After med_txn_rollback_to every tree reads as it did at the mark; SQL pages excepted, which SQLite restores
 *     itself.                                                                             test_store, fault
 *  4. After a failed put or delete the transaction can only be rolled back as a whole if med_txn_broken. test_store */
#ifndef MED_STORAGE_STORE_H
#define MED_STORAGE_STORE_H

#include "storage/bytes.h"
#include "storage/keys.h"
#include "storage/status.h"

/* The trees. Numbers are part of the file format: append only. */
typedef enum med_tree {
  MED_TREE_META = 0,   /* header and catalog */
  MED_TREE_SQL = 1,    /* SQLite's pages: key page number */
  MED_TREE_KV = 2,     /* key-value records and their parts */
  MED_TREE_EXPIRY = 3, /* what is due when; parts waiting to be freed */
  MED_TREE_WIDE = 4,
  MED_TREE_GRAPH = 5,
  MED_TREE_SEARCH = 6,
  MED_TREE_CHANGES = 7,
  MED_TREE_COUNT = 8
} med_tree;

/* LMDB gives a value of 4,080 bytes exactly one page; 8 of them are the checksum. */
#define MED_VALUE_SIZE_MAX 4072

#define MED_PAGE_SIZE 4096
#define MED_FORMAT_VERSION 2 /* FORMAT.md; a newer file is refused. 1: without a redo log */

typedef struct med_store med_store;
typedef struct med_txn med_txn;
typedef struct med_cursor med_cursor;

/* ---- The environment ---- */
/* options is complete (medley_options_init). One call per (device, inode) and process: the registry above sees to it. */
MEDLEY_MUST_USE int med_store_open(const char *path, const medley_options *options, med_store **store,
                                   medley_error *error);
void med_store_close(med_store *store);
const char *med_store_path(const med_store *store);
const medley_options *med_store_options(const med_store *store);
/* FORKED or DEAD with a message, or OK. */
MEDLEY_MUST_USE int med_store_usable(const med_store *store, medley_error *error);
/* Fills what the environment knows of medley_stats; txn is any open transaction. */
MEDLEY_MUST_USE int med_store_stat(med_txn *txn, medley_stats *stats);
/* Copies one snapshot, without free pages, to a new file while others write. */
MEDLEY_MUST_USE int med_store_backup(med_store *store, const char *path, medley_error *error);
/* Forgets readers whose process died, where that may be done at any time; answers how many. */
int med_store_check_readers(med_store *store);
/* Walks and checks the whole file; each value of ours is verified. The caller holds the write lock, if it can. */
MEDLEY_MUST_USE int med_store_check(med_store *store, void (*on_problem)(void *, const char *), void *context,
                                    uint64_t *problem_count, medley_error *error);
/* Microseconds since 1970 of the handle's clock; never moves backwards within one handle. */
int64_t med_store_now_us(med_store *store);
/* The random 16 bytes given to the database when it was made. */
const uint8_t *med_store_identity(const med_store *store);
/* 64 random bits of the handle's generator; any thread. */
uint64_t med_store_random(med_store *store);
/* Whether a thread of the library's own is allowed, and has a processor to run on. */
bool med_store_may_start_threads(const med_store *store);

/* ---- Snapshots ---- A read transaction object is kept by its user and renewed: that costs no lock. */
MEDLEY_MUST_USE int med_txn_open_reader(med_store *store, med_txn **txn, medley_error *error);
MEDLEY_MUST_USE int med_txn_renew(med_txn *txn); /* takes the newest snapshot */
/* For an active reader: true if its snapshot still is the newest; then its time begins anew. */
bool med_txn_go_on(med_txn *txn);
void med_txn_reset(med_txn *txn); /* gives the snapshot back, keeps the object */
void med_txn_close_reader(med_txn *txn);
bool med_txn_is_active(const med_txn *txn);

/* ---- Facts about a transaction ---- */
med_store *med_txn_store(const med_txn *txn);
bool med_txn_writes(const med_txn *txn);
/* Number of the snapshot: of the last commit it sees, or of the commit it will become. */
uint64_t med_txn_id(const med_txn *txn);
/* The time of the transaction: taken once, when it began, so that one transaction sees one now. */
int64_t med_txn_now_us(const med_txn *txn);
/* The error slot that this transaction's functions fill. */
medley_error *med_txn_error(const med_txn *txn);
void med_txn_set_error_slot(med_txn *txn, medley_error *error);
bool med_txn_broken(const med_txn *txn);
/* The whole batch of the transaction can only be dropped: what is in it can no longer be undone in parts. */
void med_txn_break(med_txn *txn);

/* Another number after every write and every undo: whoever keeps what he found compares it. Always the same in a reader. */
uint64_t med_txn_changes(const med_txn *txn);

/* ---- Reading ---- */
/* NOT_FOUND (without filling the error slot) if there is none; CORRUPT if the checksum does not hold. */
MEDLEY_MUST_USE int med_txn_get(med_txn *txn, med_tree tree, med_slice key, med_slice *value);

/* ---- Writing: the one door ---- */
/* value.len <= MED_VALUE_SIZE_MAX and 0 < key.len <= MED_KEY_SIZE_MAX, or TOO_BIG. Neither slice may point into the map
 * of a tree that is being written unless it is the present value's prefix; copy first. */
MEDLEY_MUST_USE int med_txn_put(med_txn *txn, med_tree tree, med_slice key, med_slice value);
/* NOT_FOUND if there was none. */
MEDLEY_MUST_USE int med_txn_delete(med_txn *txn, med_tree tree, med_slice key);
/* Deletes keys in [from, to) until `limit` of them are gone; *deleted counts them. */
MEDLEY_MUST_USE int med_txn_delete_range(med_txn *txn, med_tree tree, med_slice from, med_slice to, size_t limit,
                                         size_t *deleted);

/* FULL or TXN_TOO_BIG if the transaction may not grow further; also looked at every few hundred writes. */
MEDLEY_MUST_USE int med_txn_check_limits(med_txn *txn);
/* The same at the beginning of a statement, if it has to be looked at. frees: the statement only gives space back and may
 * write out of the reserve when the disk or the size limit is full. */
MEDLEY_MUST_USE int med_txn_begin_statement(med_txn *txn, bool frees);

/* ---- Undo ---- A mark is a position in the transaction's undo log. */
typedef size_t med_mark;
med_mark med_txn_mark(const med_txn *txn);
MEDLEY_MUST_USE int med_txn_rollback_to(med_txn *txn, med_mark mark);
/* Off: nothing is recorded, and a failure can only be answered by dropping the whole batch. On at begin. */
void med_txn_set_undo(med_txn *txn, bool on);

/* ---- Changes put off ---- A model may keep some changes of a write transaction to itself, to make many of them at once. They are made before
 * anything that they concern is read or written by its key, or anything of their tree with a cursor; before med_txn_settle returns; and before the
 * transaction is committed. Undo knows of them: what was taken after a mark is forgotten, and what was made after it is put off again. */
typedef struct med_deferred med_deferred;
struct med_deferred {
  med_tree tree;
  uint64_t
      first_bytes; /* which keys of the tree they concern: bit b stands for those that begin with the byte b, below 64 */
  size_t count, made; /* so many were taken, of which the first ones have been made; the store's */
  int (*make)(med_deferred *deferred, med_txn *txn); /* all from `made` on; what a failure leaves of them is undone */
  void (*forget)(med_deferred *deferred);            /* the last one that was taken */
  void (*end)(med_deferred *deferred);               /* the transaction ends: frees it */
};
/* One for each transaction, until its end; NULL if there is none. */
med_deferred *med_txn_deferred(const med_txn *txn);
void med_txn_set_deferred(med_txn *txn, med_deferred *deferred);
/* One more was taken. NO_MEMORY: it was not, and nobody forgets it but the caller. */
MEDLEY_MUST_USE int med_txn_defer(med_txn *txn);
/* Whoever has put changes off looks around without making them: between true and false nothing is settled. */
void med_txn_look_around(med_txn *txn, bool looks);
/* Makes what was put off, all of it or nothing; what fails can be tried again unless the transaction is broken. */
MEDLEY_MUST_USE int med_txn_settle(med_txn *txn);

/* ---- Walking in key order ---- A cursor sees its transaction's own writes. It stays usable over writes in its
 * transaction; what it pointed at does not. Close it before its transaction ends or is reset. */
MEDLEY_MUST_USE int med_cursor_open(med_txn *txn, med_tree tree, med_cursor **cursor);
void med_cursor_close(med_cursor *cursor);
/* Each answers OK and the entry it stands on, or NOT_FOUND past either end. key and value may be NULL. */
MEDLEY_MUST_USE int med_cursor_seek(med_cursor *cursor, med_slice from, med_slice *key, med_slice *value); /* >= from */
/* Like med_txn_get: the less to look at, the nearer the key is to what the cursor was asked for last. */
MEDLEY_MUST_USE int med_cursor_get(med_cursor *cursor, med_slice key, med_slice *value);
MEDLEY_MUST_USE int med_cursor_seek_before(med_cursor *cursor, med_slice to, med_slice *key,
                                           med_slice *value); /* < to */
MEDLEY_MUST_USE int med_cursor_first(med_cursor *cursor, med_slice *key, med_slice *value);
MEDLEY_MUST_USE int med_cursor_last(med_cursor *cursor, med_slice *key, med_slice *value);
MEDLEY_MUST_USE int med_cursor_next(med_cursor *cursor, med_slice *key, med_slice *value);
MEDLEY_MUST_USE int med_cursor_previous(med_cursor *cursor, med_slice *key, med_slice *value);

/* ---- Numbers that never repeat ---- */
/* The next value of a persistent counter of this environment (object ids and their like), from 1. */
MEDLEY_MUST_USE int med_txn_next_id(med_txn *txn, uint64_t *id);

/* ---- SQL pages: for page_vfs.c alone ---- page numbers from 1; a page value is 4,080 bytes, checksum included, and is
 * neither wrapped nor recorded for undo. */
#define MED_PAGE_VALUE_SIZE 4080
MEDLEY_MUST_USE int med_txn_get_page(med_txn *txn, uint32_t page_number, med_slice *value);
MEDLEY_MUST_USE int med_txn_put_page(med_txn *txn, uint32_t page_number, const uint8_t *value);
MEDLEY_MUST_USE int med_txn_delete_page(med_txn *txn, uint32_t page_number);
/* 0 if there are none. */
MEDLEY_MUST_USE int med_txn_last_page(med_txn *txn, uint32_t *page_number);
/* Each page that there is, in the order of the tree, whatever its number and size: what the file says. */
MEDLEY_MUST_USE int med_txn_each_page(med_txn *txn, void (*on_page)(void *, uint32_t page_number, med_slice value),
                                      void *context);
/* Whether `length` bytes from `bytes` (which a reader's med_txn_get_page answered) lie within the file. */
bool med_txn_is_mapped(const med_txn *txn, const void *bytes, size_t length);

#endif
