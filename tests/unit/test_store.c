/* test_store.c - trees, checksums, undo and limits, against a reference in memory. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "storage/store.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

enum { KEYS = 200, STEPS = 6000 };

typedef struct store_kit {
  med_store *store;
  med_member *member;
  medley_error error;
} store_kit;

static void kit_options(medley_options *options) {
  medley_options_init(options);
  options->flags = MEDLEY_OPEN_MEMORY;
}

static void kit_open(store_kit *kit, const medley_options *options) {
  ck_assert_msg(med_store_open("", options, &kit->store, &kit->error) == MEDLEY_OK, "%s", kit->error.message);
  ck_assert_int_eq(med_member_open(kit->store, &kit->member), MEDLEY_OK);
}

static void kit_close(store_kit *kit) {
  med_member_close(kit->member);
  med_store_close(kit->store);
}

static med_txn *kit_begin(store_kit *kit) {
  ck_assert_int_eq(med_writer_begin(kit->member, true, 1000, &kit->error), MEDLEY_OK);
  return med_member_txn(kit->member);
}

static med_slice text(const char *bytes) { return med_slice_of_text(bytes); }

START_TEST(a_value_comes_back_as_it_was_put) {
  store_kit kit = {0};
  medley_options options;
  kit_options(&options);
  kit_open(&kit, &options);
  uint8_t large[MED_VALUE_SIZE_MAX];
  memset(large, 'x', sizeof large);
  med_txn *txn = kit_begin(&kit);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text("k"), med_slice_of(large, sizeof large)), MEDLEY_OK);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text("empty"), text("")), MEDLEY_OK);
  med_slice value;
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_KV, text("k"), &value), MEDLEY_OK);
  ck_assert_uint_eq(value.len, sizeof large);
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_KV, text("empty"), &value), MEDLEY_OK);
  ck_assert_uint_eq(value.len, 0);
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_WIDE, text("k"), &value), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_writer_commit(kit.member, &kit.error), MEDLEY_OK);
  kit_close(&kit);
}
END_TEST

START_TEST(keys_and_values_beyond_their_limits_are_refused_and_change_nothing) {
  store_kit kit = {0};
  medley_options options;
  kit_options(&options);
  kit_open(&kit, &options);
  uint8_t large[MED_VALUE_SIZE_MAX + 1] = {0};
  med_txn *txn = kit_begin(&kit);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text("k"), med_slice_of(large, sizeof large)), MEDLEY_TOO_BIG);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text(""), text("v")), MEDLEY_TOO_BIG);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, med_slice_of(large, MED_KEY_SIZE_MAX + 1), text("v")), MEDLEY_TOO_BIG);
  ck_assert(!med_txn_broken(txn));
  med_slice value;
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_KV, text("k"), &value), MEDLEY_NOT_FOUND);
  med_writer_rollback(kit.member);
  kit_close(&kit);
}
END_TEST

START_TEST(a_reader_cannot_write_and_keeps_its_snapshot) {
  store_kit kit = {0};
  medley_options options;
  kit_options(&options);
  kit_open(&kit, &options);
  med_txn *reader;
  ck_assert_int_eq(med_txn_open_reader(kit.store, &reader, &kit.error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(med_txn_put(reader, MED_TREE_KV, text("k"), text("v")), MEDLEY_READ_ONLY);
  med_txn *txn = kit_begin(&kit);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text("k"), text("v")), MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(kit.member, &kit.error), MEDLEY_OK);
  med_slice value;
  ck_assert_int_eq(med_txn_get(reader, MED_TREE_KV, text("k"), &value), MEDLEY_NOT_FOUND);
  med_txn_reset(reader);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(med_txn_get(reader, MED_TREE_KV, text("k"), &value), MEDLEY_OK);
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  kit_close(&kit);
}
END_TEST

/* ---- Undo against a reference ---- */
typedef struct reference {
  int values[KEYS]; /* 0: absent */
} reference;

static med_slice number_key(int key, char *bytes) {
  return med_slice_of(bytes, (size_t)snprintf(bytes, 32, "key %d", key));
}

static void compare(med_txn *txn, const reference *expected) {
  char bytes[32];
  for (int key = 0; key < KEYS; key++) {
    med_slice value;
    int rc = med_txn_get(txn, MED_TREE_GRAPH, number_key(key, bytes), &value);
    ck_assert_int_eq(rc, expected->values[key] == 0 ? MEDLEY_NOT_FOUND : MEDLEY_OK);
    if (rc != MEDLEY_OK) continue;
    int found;
    ck_assert_uint_ge(value.len, sizeof found);
    memcpy(&found, value.bytes, sizeof found);
    ck_assert_int_eq(found, expected->values[key]);
  }
}

static void change(med_txn *txn, reference *now, uint64_t *random) {
  static uint8_t value[3000];
  char bytes[32];
  int key = (int)property_below(random, KEYS);
  med_slice slice = number_key(key, bytes);
  uint64_t kind = property_below(random, 10);
  if (kind < 7) {
    now->values[key] = (int)property_below(random, 1000000) + 1;
    memcpy(value, &now->values[key], sizeof(int));
    size_t len = sizeof(int) + property_below(random, property_below(random, 3) ? 40 : sizeof value - sizeof(int));
    ck_assert_int_eq(med_txn_put(txn, MED_TREE_GRAPH, slice, med_slice_of(value, len)), MEDLEY_OK);
  } else if (kind < 9) {
    int rc = med_txn_delete(txn, MED_TREE_GRAPH, slice);
    ck_assert_int_eq(rc, now->values[key] == 0 ? MEDLEY_NOT_FOUND : MEDLEY_OK);
    now->values[key] = 0;
  } else {
    /* "key 1" to "key 2": 1, 10 to 19 and 100 to 199, at most three of them in key order */
    char from[] = "key 1", to[] = "key 2";
    size_t deleted, expected = 0;
    ck_assert_int_eq(med_txn_delete_range(txn, MED_TREE_GRAPH, text(from), text(to), 3, &deleted), MEDLEY_OK);
    for (int level = 0; level < KEYS; level++) {
      med_slice found;
      bool in_range = level == 1 || (level >= 10 && level <= 19) || level >= 100;
      bool gone = in_range && now->values[level] != 0 &&
                  med_txn_get(txn, MED_TREE_GRAPH, number_key(level, bytes), &found) == MEDLEY_NOT_FOUND;
      if (!gone) continue;
      now->values[level] = 0;
      expected++;
    }
    ck_assert_uint_eq(deleted, expected);
  }
}

START_TEST(a_rollback_to_a_mark_restores_every_value) {
  store_kit kit = {0};
  medley_options options;
  kit_options(&options);
  kit_open(&kit, &options);
  uint64_t random = property_seed("store undo");
  reference now = {0}, saved[8];
  med_mark marks[8];
  int depth = 0;
  med_txn *txn = kit_begin(&kit);
  for (int step = 0; step < STEPS; step++) {
    uint64_t kind = property_below(&random, 40);
    if (kind == 0 && depth < 8) {
      saved[depth] = now;
      marks[depth++] = med_txn_mark(txn);
    } else if (kind == 1 && depth > 0) {
      depth = (int)property_below(&random, (uint64_t)depth);
      ck_assert_int_eq(med_txn_rollback_to(txn, marks[depth]), MEDLEY_OK);
      now = saved[depth];
      compare(txn, &now);
    } else {
      change(txn, &now, &random);
    }
  }
  compare(txn, &now);
  ck_assert_int_eq(med_writer_commit(kit.member, &kit.error), MEDLEY_OK);
  txn = kit_begin(&kit);
  compare(txn, &now);
  med_writer_rollback(kit.member);
  kit_close(&kit);
}
END_TEST

START_TEST(a_cursor_walks_in_key_order_both_ways_and_seeks) {
  store_kit kit = {0};
  medley_options options;
  kit_options(&options);
  kit_open(&kit, &options);
  med_txn *txn = kit_begin(&kit);
  static const char *const keys[] = {"a", "b", "ba", "c"};
  for (size_t i = 0; i < 4; i++) {
    ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text(keys[i]), text(keys[i])), MEDLEY_OK);
  }
  med_cursor *cursor;
  ck_assert_int_eq(med_cursor_open(txn, MED_TREE_KV, &cursor), MEDLEY_OK);
  med_slice key, value;
  size_t i = 0;
  for (int rc = med_cursor_first(cursor, &key, &value); rc == MEDLEY_OK; rc = med_cursor_next(cursor, &key, &value)) {
    ck_assert(med_slice_equal(key, text(keys[i++])) && med_slice_equal(key, value));
  }
  ck_assert_uint_eq(i, 4);
  for (int rc = med_cursor_last(cursor, &key, NULL); rc == MEDLEY_OK; rc = med_cursor_previous(cursor, &key, NULL)) {
    ck_assert(med_slice_equal(key, text(keys[--i])));
  }
  ck_assert_uint_eq(i, 0);
  ck_assert_int_eq(med_cursor_seek(cursor, text("bb"), &key, NULL), MEDLEY_OK);
  ck_assert(med_slice_equal(key, text("c")));
  ck_assert_int_eq(med_cursor_seek(cursor, text("d"), &key, NULL), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_cursor_seek_before(cursor, text("b"), &key, NULL), MEDLEY_OK);
  ck_assert(med_slice_equal(key, text("a")));
  ck_assert_int_eq(med_cursor_seek_before(cursor, text("a"), &key, NULL), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_cursor_seek_before(cursor, text("z"), &key, NULL), MEDLEY_OK);
  ck_assert(med_slice_equal(key, text("c")));
  med_cursor_close(cursor);
  med_writer_rollback(kit.member);
  kit_close(&kit);
}
END_TEST

START_TEST(numbers_never_repeat_after_rollbacks_and_aborts) {
  store_kit kit = {0};
  medley_options options;
  kit_options(&options);
  kit_open(&kit, &options);
  uint64_t last_committed = 0, id;
  for (int round = 0; round < 200; round++) {
    med_txn *txn = kit_begin(&kit);
    med_mark mark = med_txn_mark(txn);
    ck_assert_int_eq(med_txn_next_id(txn, &id), MEDLEY_OK);
    ck_assert_uint_gt(id, last_committed);
    if (round % 3 == 0) {
      ck_assert_int_eq(med_txn_rollback_to(txn, mark), MEDLEY_OK);
      ck_assert_int_eq(med_txn_next_id(txn, &id), MEDLEY_OK);
      ck_assert_uint_gt(id, last_committed);
    }
    if (round % 5 == 0) {
      med_writer_rollback(kit.member);
      continue;
    }
    ck_assert_int_eq(med_writer_commit(kit.member, &kit.error), MEDLEY_OK);
    last_committed = id;
  }
  kit_close(&kit);
}
END_TEST

static int fill(med_txn *txn, int count, size_t value_len) {
  static uint8_t value[4000];
  char bytes[32];
  int rc = MEDLEY_OK;
  for (int i = 0; i < count && rc == MEDLEY_OK; i++) {
    rc = med_txn_put(txn, MED_TREE_KV, number_key(i, bytes), med_slice_of(value, value_len));
  }
  return rc;
}

START_TEST(a_transaction_beyond_its_page_cap_is_told_so) {
  store_kit kit = {0};
  medley_options options;
  kit_options(&options);
  options.txn_page_cap = 500;
  kit_open(&kit, &options);
  ck_assert_int_eq(fill(kit_begin(&kit), 100, 4000), MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(kit.member, &kit.error), MEDLEY_OK);
  ck_assert_int_eq(fill(kit_begin(&kit), 5000, 4000), MEDLEY_TXN_TOO_BIG);
  med_writer_rollback(kit.member);
  kit_close(&kit);
}
END_TEST

START_TEST(at_the_size_limit_growth_is_refused_and_freeing_is_not) {
  store_kit kit = {0};
  medley_options options;
  kit_options(&options);
  options.size_limit_bytes = 4 << 20;
  kit_open(&kit, &options);
  int rc = MEDLEY_OK, rounds = 0;
  char bytes[32];
  static uint8_t value[4000];
  for (; rc == MEDLEY_OK && rounds < 5000; rounds++) {
    med_txn *txn = kit_begin(&kit);
    rc = med_txn_begin_statement(txn, false);
    if (rc == MEDLEY_OK) {
      rc = med_txn_put(txn, MED_TREE_KV, number_key(rounds, bytes), med_slice_of(value, sizeof value));
    }
    if (rc == MEDLEY_OK)
      rc = med_writer_commit(kit.member, &kit.error);
    else
      med_writer_rollback(kit.member);
  }
  ck_assert_int_eq(rc, MEDLEY_FULL);
  ck_assert_int_gt(rounds, 500);
  for (int i = 0; i < rounds - 1; i++) {
    med_txn *txn = kit_begin(&kit);
    ck_assert_int_eq(med_txn_begin_statement(txn, true), MEDLEY_OK);
    ck_assert_int_eq(med_txn_delete(txn, MED_TREE_KV, number_key(i, bytes)), MEDLEY_OK);
    ck_assert_int_eq(med_writer_commit(kit.member, &kit.error), MEDLEY_OK);
  }
  med_txn *txn = kit_begin(&kit);
  ck_assert_int_eq(med_txn_begin_statement(txn, false), MEDLEY_OK);
  med_writer_rollback(kit.member);
  kit_close(&kit);
}
END_TEST

/* ---- Files ---- */
static char directory[64];

static void remove_directory(void) {
  DIR *entries = opendir(directory);
  char path[400];
  for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    (void)unlink(path);
  }
  if (entries != NULL) closedir(entries);
  (void)rmdir(directory);
}

static const char *temporary_path(const char *name) {
  static char path[128];
  if (directory[0] == '\0') {
    snprintf(directory, sizeof directory, "/tmp/medley-test-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(atexit(remove_directory), 0);
  }
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return path;
}

static int open_file(const char *path, unsigned flags, med_store **store, medley_error *error) {
  medley_options options;
  medley_options_init(&options);
  options.flags = flags;
  return med_store_open(path, &options, store, error);
}

static void write_file(const char *path, const void *bytes, size_t len) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ck_assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
  close(fd);
}

START_TEST(a_flipped_bit_in_a_value_is_found_when_it_is_read) {
  const char *path = temporary_path("flip");
  store_kit kit = {0};
  ck_assert_int_eq(open_file(path, 0, &kit.store, &kit.error), MEDLEY_OK);
  ck_assert_int_eq(med_member_open(kit.store, &kit.member), MEDLEY_OK);
  ck_assert_int_eq(med_txn_put(kit_begin(&kit), MED_TREE_KV, text("k"), text("look for these bytes")), MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(kit.member, &kit.error), MEDLEY_OK);
  kit_close(&kit);
  static char bytes[1 << 20];
  int fd = open(path, O_RDWR);
  ssize_t size = read(fd, bytes, sizeof bytes);
  char *found = memmem(bytes, (size_t)size, "look for", 8);
  ck_assert_ptr_nonnull(found);
  ck_assert_int_eq(pwrite(fd, "m", 1, found - bytes), 1);
  close(fd);
  ck_assert_int_eq(open_file(path, 0, &kit.store, &kit.error), MEDLEY_OK);
  med_txn *reader;
  ck_assert_int_eq(med_txn_open_reader(kit.store, &reader, &kit.error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  med_slice value;
  ck_assert_int_eq(med_txn_get(reader, MED_TREE_KV, text("k"), &value), MEDLEY_CORRUPT);
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  uint64_t problems = 0;
  ck_assert_int_eq(med_store_check(kit.store, NULL, NULL, &problems, &kit.error), MEDLEY_OK);
  ck_assert_uint_ge(problems, 1);
  med_store_close(kit.store);
}
END_TEST

START_TEST(what_is_not_a_database_is_refused_and_left_as_it_is) {
  med_store *store;
  medley_error error = {0};
  const char *path = temporary_path("text");
  char text_file[9000];
  memset(text_file, 'a', sizeof text_file);
  write_file(path, text_file, sizeof text_file);
  ck_assert_int_eq(open_file(path, 0, &store, &error), MEDLEY_NOT_A_DATABASE);
  struct stat status;
  ck_assert(stat(path, &status) == 0 && status.st_size == sizeof text_file);
  write_file(path, "short", 5);
  ck_assert_int_eq(open_file(path, 0, &store, &error), MEDLEY_NOT_A_DATABASE);
  ck_assert_int_eq(open_file(directory, 0, &store, &error), MEDLEY_CANNOT_OPEN);
  ck_assert_int_eq(open_file(temporary_path("absent"), MEDLEY_OPEN_NO_CREATE, &store, &error), MEDLEY_CANNOT_OPEN);
  ck_assert_int_eq(open_file(temporary_path("no/where"), 0, &store, &error), MEDLEY_CANNOT_OPEN);
}
END_TEST

START_TEST(a_file_cut_short_while_it_was_made_is_made_anew_and_data_is_not) {
  med_store *store;
  medley_error error = {0};
  const char *path = temporary_path("unfinished");
  static const char zeros[8192];
  write_file(path, zeros, sizeof zeros);
  ck_assert_msg(open_file(path, 0, &store, &error) == MEDLEY_OK, "%s", error.message);
  med_member *member;
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, true, 0, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_put(med_member_txn(member), MED_TREE_KV, text("k"), text("v")), MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
  med_member_close(member);
  med_store_close(store);
  for (off_t size = 4096; size <= 8192; size += 4096) {
    char bytes[8192];
    int fd = open(path, O_RDONLY);
    ck_assert_int_eq(pread(fd, bytes, sizeof bytes, 0), sizeof bytes);
    close(fd);
    write_file(temporary_path("cut"), bytes, (size_t)size);
    ck_assert_int_eq(open_file(temporary_path("cut"), 0, &store, &error), MEDLEY_CORRUPT);
    path = temporary_path("unfinished");
  }
}
END_TEST

START_TEST(a_file_of_a_newer_format_is_refused_and_left_as_it_is) {
  store_kit kit = {0};
  ck_assert_int_eq(open_file(temporary_path("newer"), 0, &kit.store, &kit.error), MEDLEY_OK);
  ck_assert_int_eq(med_member_open(kit.store, &kit.member), MEDLEY_OK);
  med_txn *txn = kit_begin(&kit);
  med_slice header;
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_META, text("header"), &header), MEDLEY_OK);
  uint8_t bytes[64];
  ck_assert_uint_le(header.len, sizeof bytes);
  memcpy(bytes, header.bytes, header.len);
  med_put_u32(bytes + 8, MED_FORMAT_VERSION + 1);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_META, text("header"), med_slice_of(bytes, header.len)), MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(kit.member, &kit.error), MEDLEY_OK);
  kit_close(&kit);
  for (int round = 0; round < 2; round++) {
    ck_assert_int_eq(open_file(temporary_path("newer"), 0, &kit.store, &kit.error), MEDLEY_NEWER_FORMAT);
    ck_assert_ptr_null(kit.store);
  }
}
END_TEST

START_TEST(the_files_belong_to_their_owner_alone) {
  med_store *store;
  medley_error error = {0};
  umask(0);
  ck_assert_int_eq(open_file(temporary_path("mode"), 0, &store, &error), MEDLEY_OK);
  struct stat status;
  ck_assert(stat(temporary_path("mode"), &status) == 0 && (status.st_mode & 0777) == 0600);
  ck_assert(stat(temporary_path("mode-lock"), &status) == 0 && (status.st_mode & 0777) == 0600);
  med_store_close(store);
}
END_TEST

START_TEST(a_forked_child_is_refused) {
  store_kit kit = {0};
  ck_assert_int_eq(open_file(temporary_path("fork"), 0, &kit.store, &kit.error), MEDLEY_OK);
  ck_assert_int_eq(med_member_open(kit.store, &kit.member), MEDLEY_OK);
  med_txn *reader;
  ck_assert_int_eq(med_txn_open_reader(kit.store, &reader, &kit.error), MEDLEY_OK);
  pid_t child = fork();
  if (child == 0) {
    int read_status = med_txn_renew(reader);
    int write_status = med_writer_begin(kit.member, true, 0, &kit.error);
    _exit(read_status == MEDLEY_FORKED && write_status == MEDLEY_FORKED ? 0 : 1);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  med_txn_close_reader(reader);
  kit_close(&kit);
}
END_TEST

START_TEST(a_lost_lock_file_is_noticed_while_another_process_has_the_database) {
  const char *path = temporary_path("lost");
  int ready[2], done[2];
  ck_assert(pipe(ready) == 0 && pipe(done) == 0);
  char byte = 0;
  pid_t child = fork();
  if (child == 0) {
    med_store *store;
    medley_error error = {0};
    if (open_file(path, 0, &store, &error) != MEDLEY_OK) _exit(1);
    if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1) _exit(1);
    med_store_close(store);
    _exit(0);
  }
  ck_assert_int_eq(read(ready[0], &byte, 1), 1);
  ck_assert_int_eq(unlink(temporary_path("lost-lock")), 0);
  med_store *store;
  medley_error error = {0};
  ck_assert_int_eq(open_file(temporary_path("lost"), 0, &store, &error), MEDLEY_CANNOT_OPEN);
  ck_assert_int_eq(write(done[1], &byte, 1), 1);
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  ck_assert_int_eq(open_file(temporary_path("lost"), 0, &store, &error), MEDLEY_OK);
  med_store_close(store);
}
END_TEST

PROPERTY_MAIN("store", a_value_comes_back_as_it_was_put,
              keys_and_values_beyond_their_limits_are_refused_and_change_nothing,
              a_reader_cannot_write_and_keeps_its_snapshot, a_rollback_to_a_mark_restores_every_value,
              a_cursor_walks_in_key_order_both_ways_and_seeks, numbers_never_repeat_after_rollbacks_and_aborts,
              a_transaction_beyond_its_page_cap_is_told_so, at_the_size_limit_growth_is_refused_and_freeing_is_not,
              a_flipped_bit_in_a_value_is_found_when_it_is_read, what_is_not_a_database_is_refused_and_left_as_it_is,
              a_file_cut_short_while_it_was_made_is_made_anew_and_data_is_not,
              a_file_of_a_newer_format_is_refused_and_left_as_it_is, the_files_belong_to_their_owner_alone,
              a_forked_child_is_refused, a_lost_lock_file_is_noticed_while_another_process_has_the_database)
