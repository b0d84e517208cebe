/* test_page_vfs_methods.c - the file layer's methods called by hand: what SQLite itself would never ask for is refused, too. */
#include <check.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "storage/page_vfs.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

#define NOW_US ((int64_t)1700000000 * 1000000)
#define PAGE MED_PAGE_SIZE

static med_store *store;
static med_page_vfs *layer;
static sqlite3_vfs *vfs;
static sqlite3_file *file;
static med_member *member;
static med_txn *reader;
static medley_error error;

static int64_t test_clock(void *context) {
  (void)context;
  return NOW_US;
}

static med_page_file *page_file(void) { return (med_page_file *)file; }

static void setup(void) {
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.clock_us = test_clock;
  ck_assert_int_eq(med_store_open("", &options, &store, &error), MEDLEY_OK);
  ck_assert_int_eq(med_page_vfs_open(store, &layer, &error), MEDLEY_OK);
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  vfs = sqlite3_vfs_find(med_page_vfs_name(layer));
  ck_assert_ptr_nonnull(vfs);
  file = calloc(1, (size_t)vfs->szOsFile);
  ck_assert_int_eq(vfs->xOpen(vfs, "db", file, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
}

static void teardown(void) {
  ck_assert_int_eq(file->pMethods->xClose(file), SQLITE_OK);
  free(file);
  med_txn_close_reader(reader);
  med_member_close(member);
  med_page_vfs_close(layer);
  med_store_close(store);
}

/* ---- Short calls ---- */
static void begin_writing(void) {
  ck_assert_int_eq(med_writer_begin(member, true, 1000, &error), MEDLEY_OK);
  med_page_file_bind(page_file(), med_member_txn(member));
}

static void commit(void) {
  med_page_file_bind(page_file(), NULL);
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
}

static void begin_reading(void) {
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  med_page_file_bind(page_file(), reader);
}

static void end_reading(void) {
  med_page_file_bind(page_file(), NULL);
  med_txn_reset(reader);
}

static void make_page(uint8_t page[PAGE], uint8_t fill) {
  memset(page, fill, PAGE);
  med_put_u16(page + 16, PAGE);
  page[18] = page[19] = 1;
  page[20] = MED_PAGE_RESERVE;
}

static int write_page(uint32_t number, uint8_t fill) {
  uint8_t page[PAGE];
  make_page(page, fill);
  return file->pMethods->xWrite(file, page, PAGE, (sqlite3_int64)(number - 1) * PAGE);
}

static void write_pages(uint32_t count) {
  begin_writing();
  for (uint32_t number = 1; number <= count; number++) ck_assert_int_eq(write_page(number, (uint8_t)number), SQLITE_OK);
  commit();
}

static int failure(void) { return med_page_file_take_failure(page_file()); }

static sqlite3_int64 size(void) {
  sqlite3_int64 bytes;
  ck_assert_int_eq(file->pMethods->xFileSize(file, &bytes), SQLITE_OK);
  return bytes;
}

/* ---- Transactions ---- */
START_TEST(without_a_transaction_only_the_look_at_an_empty_header_works) {
  uint8_t bytes[100];
  sqlite3_int64 length;
  memset(bytes, 7, sizeof bytes);
  ck_assert_int_eq(file->pMethods->xRead(file, bytes, sizeof bytes, 0), SQLITE_IOERR_SHORT_READ);
  for (size_t i = 0; i < sizeof bytes; i++) ck_assert_int_eq(bytes[i], 0);
  ck_assert_int_eq(file->pMethods->xFileSize(file, &length), SQLITE_IOERR_FSTAT);
  ck_assert_int_eq(length, 0);
  ck_assert_int_eq(failure(), MEDLEY_MISUSE);
  ck_assert_int_eq(file->pMethods->xLock(file, SQLITE_LOCK_SHARED), SQLITE_IOERR_LOCK);
  ck_assert_int_eq(failure(), MEDLEY_MISUSE);
  ck_assert_int_eq(write_page(1, 1), SQLITE_IOERR_WRITE);
  ck_assert_int_eq(failure(), MEDLEY_READ_ONLY);
  ck_assert_int_eq(file->pMethods->xTruncate(file, 0), SQLITE_IOERR_TRUNCATE);
  ck_assert_int_eq(failure(), MEDLEY_READ_ONLY);
  ck_assert_int_eq(failure(), MEDLEY_OK); /* it was taken */
}
END_TEST

START_TEST(a_transaction_that_has_ended_can_neither_be_read_nor_written) {
  uint8_t bytes[PAGE];
  write_pages(1);
  begin_reading();
  ck_assert_int_eq(file->pMethods->xLock(file, SQLITE_LOCK_SHARED), SQLITE_OK);
  med_txn_reset(reader);
  ck_assert_int_eq(file->pMethods->xRead(file, bytes, PAGE, 0), SQLITE_IOERR_READ);
  ck_assert_int_eq(failure(), MEDLEY_MISUSE);
  ck_assert_int_eq(write_page(1, 1), SQLITE_IOERR_WRITE);
  ck_assert_int_eq(file->pMethods->xTruncate(file, 0), SQLITE_IOERR_TRUNCATE);
  med_page_file_bind(page_file(), NULL);
  ck_assert_int_eq(file->pMethods->xRead(file, bytes, PAGE, 0), SQLITE_IOERR_READ); /* it still has a lock */
  ck_assert_int_eq(file->pMethods->xUnlock(file, SQLITE_LOCK_NONE), SQLITE_OK);
}
END_TEST

START_TEST(a_reader_is_not_given_the_locks_of_a_writer_and_cannot_write) {
  write_pages(2);
  begin_reading();
  ck_assert_int_eq(file->pMethods->xLock(file, SQLITE_LOCK_SHARED), SQLITE_OK);
  ck_assert_int_eq(file->pMethods->xLock(file, SQLITE_LOCK_SHARED), SQLITE_OK);
  ck_assert_int_eq(file->pMethods->xLock(file, SQLITE_LOCK_RESERVED), SQLITE_READONLY);
  ck_assert_int_eq(write_page(2, 9), SQLITE_IOERR_WRITE);
  ck_assert_int_eq(failure(), MEDLEY_READ_ONLY);
  ck_assert_int_eq(file->pMethods->xTruncate(file, PAGE), SQLITE_IOERR_TRUNCATE);
  ck_assert_int_eq(failure(), MEDLEY_READ_ONLY);
  ck_assert_int_eq(size(), 2 * PAGE);
  ck_assert_int_eq(file->pMethods->xUnlock(file, SQLITE_LOCK_SHARED), SQLITE_OK);
  ck_assert_int_eq(file->pMethods->xUnlock(file, SQLITE_LOCK_NONE), SQLITE_OK);
  int reserved = 1;
  ck_assert_int_eq(file->pMethods->xCheckReservedLock(file, &reserved), SQLITE_OK);
  ck_assert_int_eq(reserved, 0);
  end_reading();
}
END_TEST

/* ---- Writing ---- */
START_TEST(a_write_that_is_not_one_whole_page_is_refused) {
  uint8_t page[PAGE];
  make_page(page, 3);
  begin_writing();
  ck_assert_int_eq(file->pMethods->xWrite(file, page, PAGE - 1, 0), SQLITE_IOERR_WRITE);
  ck_assert_int_eq(failure(), MEDLEY_MISUSE);
  ck_assert_int_eq(file->pMethods->xWrite(file, page, PAGE, 512), SQLITE_IOERR_WRITE);
  ck_assert_int_eq(failure(), MEDLEY_MISUSE);
  ck_assert_int_eq(size(), 0);
  ck_assert_int_eq(file->pMethods->xWrite(file, page, PAGE, 0), SQLITE_OK);
  ck_assert_int_eq(size(), PAGE);
  commit();
}
END_TEST

START_TEST(a_first_page_with_another_layout_or_a_log_is_refused) {
  static const struct {
    int at;
    uint8_t value;
  } changes[] = {{16, 0x20}, {18, 2}, {19, 2}, {20, 0}};
  uint8_t page[PAGE];
  begin_writing();
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    make_page(page, 3);
    page[changes[i].at] = changes[i].value;
    ck_assert_int_eq(file->pMethods->xWrite(file, page, PAGE, 0), SQLITE_IOERR_WRITE);
    ck_assert_int_eq(failure(), MEDLEY_MISUSE);
  }
  ck_assert_int_eq(size(), 0);
  ck_assert_int_eq(write_page(1, 3), SQLITE_OK);
  commit();
}
END_TEST

START_TEST(truncating_takes_pages_from_the_end_and_never_adds_any) {
  write_pages(5);
  begin_writing();
  ck_assert_int_eq(file->pMethods->xTruncate(file, 9 * PAGE), SQLITE_OK);
  ck_assert_int_eq(size(), 5 * PAGE);
  ck_assert_int_eq(file->pMethods->xTruncate(file, 2 * PAGE + 1), SQLITE_OK); /* a page that is kept in part is kept */
  ck_assert_int_eq(size(), 3 * PAGE);
  ck_assert_int_eq(med_txn_delete_page(med_member_txn(member), 3), MEDLEY_OK); /* never written: nothing to delete */
  ck_assert_int_eq(file->pMethods->xTruncate(file, PAGE), SQLITE_OK);
  ck_assert_int_eq(size(), PAGE);
  commit();
}
END_TEST

/* ---- Reading ---- */
START_TEST(the_reserved_end_of_a_page_reads_as_zeros_and_a_page_never_written_is_short) {
  uint8_t bytes[PAGE];
  write_pages(2);
  begin_reading();
  ck_assert_int_eq(file->pMethods->xRead(file, bytes, PAGE, PAGE), SQLITE_OK);
  ck_assert_int_eq(bytes[MED_PAGE_USED - 1], 2);
  for (size_t i = MED_PAGE_USED; i < PAGE; i++) ck_assert_int_eq(bytes[i], 0);
  memset(bytes, 9, sizeof bytes);
  ck_assert_int_eq(file->pMethods->xRead(file, bytes, 10, 2 * PAGE - 10), SQLITE_OK); /* behind what is stored */
  for (size_t i = 0; i < 10; i++) ck_assert_int_eq(bytes[i], 0);
  ck_assert_int_eq(file->pMethods->xRead(file, bytes, PAGE, 2 * PAGE), SQLITE_IOERR_SHORT_READ);
  for (size_t i = 0; i < PAGE; i++) ck_assert_int_eq(bytes[i], 0);
  end_reading();
}
END_TEST

START_TEST(a_page_that_does_not_fit_its_checksum_is_corrupt_for_copies_and_for_the_map) {
  uint8_t value[MED_PAGE_VALUE_SIZE] = {1};
  uint8_t bytes[PAGE];
  void *mapped = bytes;
  write_pages(3);
  begin_writing();
  ck_assert_int_eq(med_txn_put_page(med_member_txn(member), 2, value), MEDLEY_OK);
  commit();
  begin_reading();
  ck_assert_int_eq(file->pMethods->xRead(file, bytes, PAGE, PAGE), SQLITE_CORRUPT);
  ck_assert_int_eq(failure(), MEDLEY_CORRUPT);
  ck_assert_ptr_nonnull(strstr(med_txn_error(reader)->message, "page 2"));
  end_reading();
  med_page_file_set_mapped(page_file(), true);
  begin_reading();
  ck_assert_int_eq(file->pMethods->xFetch(file, PAGE, PAGE, &mapped), SQLITE_CORRUPT);
  ck_assert_ptr_null(mapped);
  ck_assert_int_eq(failure(), MEDLEY_CORRUPT);
  end_reading();
}
END_TEST

static void *fetch(sqlite3_int64 offset, int amount) {
  void *page = &page;
  ck_assert_int_eq(file->pMethods->xFetch(file, offset, amount, &page), SQLITE_OK);
  if (page != NULL) ck_assert_int_eq(file->pMethods->xUnfetch(file, offset, page), SQLITE_OK);
  return page;
}

START_TEST(mapped_pages_are_given_to_readers_whole_and_never_the_first) {
  write_pages(400);
  begin_reading();
  ck_assert_ptr_null(fetch(PAGE, PAGE)); /* not asked for */
  end_reading();
  med_page_file_set_mapped(page_file(), true);
  begin_reading();
  const uint8_t *page = fetch(PAGE, PAGE);
  ck_assert_ptr_nonnull(page);
  ck_assert_int_eq(page[100], 2);
  ck_assert_ptr_eq(fetch(PAGE, PAGE), page); /* remembered */
  ck_assert_ptr_null(fetch(0, PAGE));
  ck_assert_ptr_null(fetch(PAGE, 100));
  ck_assert_ptr_null(fetch(PAGE + 512, PAGE));
  ck_assert_ptr_null(fetch(1000 * PAGE, PAGE)); /* never written */
  ck_assert_int_eq(file->pMethods->xUnfetch(file, PAGE, NULL), SQLITE_OK);
  for (sqlite3_int64 number = 2; number <= 390; number++) {
    page = fetch((number - 1) * PAGE, PAGE);
    ck_assert(page != NULL && page[100] == (uint8_t)number);
  }
  med_page_file_prefer_copies(page_file());
  ck_assert_ptr_null(fetch(PAGE, PAGE));
  end_reading();
  ck_assert_ptr_null(fetch(PAGE, PAGE)); /* no transaction */
  begin_writing();
  ck_assert_ptr_null(fetch(PAGE, PAGE));
  ck_assert_int_eq(write_page(2, 77), SQLITE_OK);
  commit();
  begin_reading(); /* in the next snapshot a page that moved is looked up again, and one that did not is spared the hashing */
  page = fetch(PAGE, PAGE);
  ck_assert(page != NULL && page[100] == 77);
  page = fetch(2 * PAGE, PAGE);
  ck_assert(page != NULL && page[100] == 3);
  end_reading();
}
END_TEST

/* ---- Everything else ---- */
static const char *refuse_one(const char *name, const char *argument) {
  (void)argument;
  return strcmp(name, "wanted") == 0 ? NULL : "is refused here";
}

START_TEST(pragmas_go_through_the_filter_and_other_controls_are_not_known) {
  char *name = NULL, *arguments[3] = {NULL, (char *)(uintptr_t) "unwanted", NULL};
  ck_assert_int_eq(file->pMethods->xFileControl(file, SQLITE_FCNTL_PRAGMA, arguments), SQLITE_NOTFOUND);
  med_page_file_set_pragma_filter(page_file(), refuse_one);
  ck_assert_int_eq(file->pMethods->xFileControl(file, SQLITE_FCNTL_PRAGMA, arguments), SQLITE_ERROR);
  ck_assert_str_eq(arguments[0], "PRAGMA unwanted: is refused here");
  sqlite3_free(arguments[0]);
  arguments[1] = (char *)(uintptr_t) "wanted";
  ck_assert_int_eq(file->pMethods->xFileControl(file, SQLITE_FCNTL_PRAGMA, arguments), SQLITE_NOTFOUND);
  ck_assert_int_eq(file->pMethods->xFileControl(file, SQLITE_FCNTL_VFSNAME, &name), SQLITE_OK);
  ck_assert_str_eq(name, med_page_vfs_name(layer));
  sqlite3_free(name);
  ck_assert_int_eq(file->pMethods->xFileControl(file, SQLITE_FCNTL_CHUNK_SIZE, &name), SQLITE_NOTFOUND);
  ck_assert_int_eq(file->pMethods->xFileControl(file, SQLITE_FCNTL_COMMIT_PHASETWO, NULL), SQLITE_OK);
  ck_assert(!med_page_file_take_confirmed(page_file())); /* nothing was written */
}
END_TEST

START_TEST(a_commit_is_confirmed_by_its_second_phase_and_told_once) {
  begin_writing();
  ck_assert_int_eq(write_page(1, 1), SQLITE_OK);
  ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
  ck_assert(!med_page_file_take_confirmed(page_file()));
  ck_assert_int_eq(write_page(1, 2), SQLITE_OK);
  ck_assert_int_eq(file->pMethods->xFileControl(file, SQLITE_FCNTL_COMMIT_PHASETWO, NULL), SQLITE_OK);
  ck_assert(med_page_file_take_confirmed(page_file()));
  ck_assert(!med_page_file_take_confirmed(page_file()));
  commit();
}
END_TEST

START_TEST(there_is_no_shared_memory_for_a_log) {
  void volatile *region = NULL;
  ck_assert_int_eq(file->pMethods->xShmMap(file, 0, 32768, 1, &region), SQLITE_IOERR);
  ck_assert_int_eq(file->pMethods->xShmLock(file, 0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED), SQLITE_IOERR);
  file->pMethods->xShmBarrier(file);
  ck_assert_int_eq(file->pMethods->xShmUnmap(file, 0), SQLITE_OK);
  ck_assert_int_eq(file->pMethods->xSectorSize(file), 4096);
  ck_assert_int_ne(file->pMethods->xDeviceCharacteristics(file) & SQLITE_IOCAP_POWERSAFE_OVERWRITE, 0);
}
END_TEST

START_TEST(journals_are_not_opened_and_temporary_files_are_the_systems) {
  int flags = 0, found = 1;
  char full[8];
  sqlite3_file *other = calloc(1, (size_t)vfs->szOsFile);
  ck_assert_int_eq(vfs->xOpen(vfs, "db-journal", other, SQLITE_OPEN_MAIN_JOURNAL, &flags), SQLITE_CANTOPEN);
  ck_assert_int_eq(vfs->xOpen(vfs, "db-wal", other, SQLITE_OPEN_WAL, &flags), SQLITE_CANTOPEN);
  ck_assert_int_eq(vfs->xOpen(vfs, "db", other, SQLITE_OPEN_MAIN_DB, &flags), SQLITE_OK);
  ck_assert_int_eq(flags, SQLITE_OPEN_MAIN_DB);
  ck_assert_int_eq(other->pMethods->xClose(other), SQLITE_OK);
  int wanted = SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
               SQLITE_OPEN_DELETEONCLOSE;
  ck_assert_int_eq(vfs->xOpen(vfs, NULL, other, wanted, &flags), SQLITE_OK);
  ck_assert_int_eq(other->pMethods->xClose(other), SQLITE_OK);
  ck_assert_int_eq(vfs->xDelete(vfs, "/nowhere/to-be-found", 0), SQLITE_IOERR_DELETE_NOENT);
  ck_assert_int_eq(vfs->xAccess(vfs, "db-journal", SQLITE_ACCESS_EXISTS, &found), SQLITE_OK);
  ck_assert_int_eq(found, 0);
  ck_assert_int_eq(vfs->xFullPathname(vfs, "short", sizeof full, full), SQLITE_OK);
  ck_assert_str_eq(full, "short");
  ck_assert_int_eq(vfs->xFullPathname(vfs, "too long", sizeof full, full), SQLITE_CANTOPEN);
  free(other);
}
END_TEST

START_TEST(time_and_chance_are_those_of_the_database) {
  char first[16] = {0}, second[16] = {0}, text[8] = "";
  sqlite3_int64 julian_ms;
  double julian_days;
  ck_assert_int_eq(vfs->xRandomness(vfs, sizeof first, first), sizeof first);
  ck_assert_int_eq(vfs->xRandomness(vfs, sizeof second, second), sizeof second);
  ck_assert_mem_ne(first, second, sizeof first);
  ck_assert_int_eq(vfs->xCurrentTimeInt64(vfs, &julian_ms), SQLITE_OK);
  ck_assert_int_eq(julian_ms, 210866760000000 + NOW_US / 1000);
  ck_assert_int_eq(vfs->xCurrentTime(vfs, &julian_days), SQLITE_OK);
  ck_assert(julian_days > 2460263.4 && julian_days < 2460263.5); /* 14 November 2023, 22:13:20 */
  ck_assert_int_ge(vfs->xSleep(vfs, 1), 0);
  ck_assert_int_eq(vfs->xGetLastError(vfs, sizeof text, text), 0);
}
END_TEST

PROPERTY_MAIN_BETWEEN("page_vfs_methods", setup, teardown, without_a_transaction_only_the_look_at_an_empty_header_works,
                      a_transaction_that_has_ended_can_neither_be_read_nor_written,
                      a_reader_is_not_given_the_locks_of_a_writer_and_cannot_write,
                      a_write_that_is_not_one_whole_page_is_refused,
                      a_first_page_with_another_layout_or_a_log_is_refused,
                      truncating_takes_pages_from_the_end_and_never_adds_any,
                      the_reserved_end_of_a_page_reads_as_zeros_and_a_page_never_written_is_short,
                      a_page_that_does_not_fit_its_checksum_is_corrupt_for_copies_and_for_the_map,
                      mapped_pages_are_given_to_readers_whole_and_never_the_first,
                      pragmas_go_through_the_filter_and_other_controls_are_not_known,
                      a_commit_is_confirmed_by_its_second_phase_and_told_once, there_is_no_shared_memory_for_a_log,
                      journals_are_not_opened_and_temporary_files_are_the_systems,
                      time_and_chance_are_those_of_the_database)
