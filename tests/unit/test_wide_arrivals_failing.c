/* test_wide_arrivals_failing.c - rows that are put off and made together (arrivals.h) while memory ends or the store fails: each request of each step fails
 * once, is answered by that, and the transaction has all rows of the statement or none. */
#include "models/widecolumn/run_writer.h"
#include "tests/unit/failing_kit.h"
#include "tests/unit/property.h"
#include "tests/unit/segment_uses.h"

enum { RECORDS, SEALED, IN_RUN, NEW, IN_RUN_TOO, IN_RUN_TOO_2, PARTITIONS, ROWS = 12, TWICE = 3, LONG_SIZE = 1500 };

static bool statement_is_short;
static int rows_in_runs;

static void begin(void) {
  OK(med_writer_begin(member, false, 10000, &error));
  txn = med_member_txn(member);
  sealing_read_catalog("t");
}

static void commit(void) { OK(med_writer_commit(member, &error)); }

/* ---- Rows of a statement ---- their e says of which one they are; that of some is longer than runs take; some have no a. */
static size_t text_of(int p, int c, const char *statement, char *text) {
  size_t len = (size_t)snprintf(text, LONG_SIZE, "%s row %d of partition %d", statement, c, p);
  if (c != ROWS - 1) return len;
  memset(text + len, 'x', LONG_SIZE - len);
  return LONG_SIZE;
}

static int insert(int p, int c, const char *statement, med_arena *own) {
  kinds_key key;
  char text[LONG_SIZE];
  kinds_key_of(p, c, &key);
  med_wide_change changes[2] = {
      {.kind = MED_WIDE_CHANGE_SET,
       .column = &table->columns[2],
       .value = c % 4 == 0 ? med_slice_of(NULL, 0) : med_slice_of_text("few")},
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[5], .value = {text, text_of(p, c, statement, text)}}};
  med_wide_write write = {.table = table,
                          .partition = &key.partition,
                          .clustering = &key.clustering,
                          .timestamp_us = 2000,
                          .marker = true,
                          .may_wait = true,
                          .changes = changes,
                          .change_count = 2};
  return med_wide_apply(txn, &write, own);
}

static int insert_partition(int p, const char *statement) {
  med_arena own = {0};
  int rc = MEDLEY_OK;
  for (int c = 0; rc == MEDLEY_OK && c < ROWS; c++) rc = insert(p, c, statement, &own);
  med_arena_clear(&own);
  return rc;
}

/* Rows that are there as they can be, in any order, and new ones, of which some come twice. */
static int insert_statement(const char *statement) {
  med_arena own = {0};
  int rc = MEDLEY_OK;
  for (int c = 0; rc == MEDLEY_OK && c < TWICE; c++) rc = insert(NEW, c, "lost", &own);
  for (int c = ROWS - 1; rc == MEDLEY_OK && c >= 0; c--) {
    for (int p = 0; rc == MEDLEY_OK && p <= NEW; p++) {
      if (p == NEW || !statement_is_short) rc = insert(p, c, statement, &own);
    }
  }
  med_arena_clear(&own);
  return rc;
}

/* ---- What is there ---- */
static bool is_row_of(med_wide_tiers *tiers, int p, int c, const char *statement) {
  med_wide_found found;
  med_wide_row row;
  med_key key;
  med_arena own = {0};
  char text[LONG_SIZE];
  bool ok = true;
  kinds_tree_key(p, c, &key);
  int rc = med_wide_tiers_get(tiers, med_key_slice(&key), &found);
  ck_assert_msg(rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND, "%s: %s", medley_status_name(rc), error.message);
  if (rc == MEDLEY_NOT_FOUND) return false;
  OK(med_wide_tiers_row(tiers, &found, &own, &row));
  med_slice e = med_wide_row_value(&row, &table->columns[5], 0, &own, &ok);
  med_slice a = med_wide_row_value(&row, &table->columns[2], 0, &own, &ok);
  size_t len = text_of(p, c, statement, text);
  bool same = ok && med_slice_equal(e, med_slice_of(text, len)) && med_wide_is_null(a) == (c % 4 == 0);
  med_arena_clear(&own);
  return same;
}

/* Whether the rows are the statement's: all of them, or none. */
static bool has_statement(const char *statement) {
  med_wide_tiers tiers;
  int of_it = 0, all = 0;
  sealing_read_catalog("t");
  med_wide_tiers_init(&tiers, txn, table);
  for (int p = statement_is_short ? NEW : 0; p <= NEW; p++) {
    for (int c = 0; c < ROWS; c++) {
      of_it += is_row_of(&tiers, p, c, statement);
      all++;
    }
  }
  med_wide_tiers_clear(&tiers);
  ck_assert_msg(of_it == 0 || of_it == all, "%d of %d rows", of_it, all);
  ck_assert_uint_eq(problems(), 0);
  return of_it > 0;
}

static size_t run_count(void) {
  med_wide_run *runs;
  size_t count;
  OK(med_wide_runs_list(txn, table->id, &arena, &runs, &count));
  return count;
}

static void setup(void) {
  statement_is_short = false;
  sealing_open();
  kinds_make("16", true);
  for (int c = 0; c < ROWS; c++) kinds_insert(SEALED, c, 0);
  kinds_sweep();
  ck_assert_uint_gt(first_segment().rows, 0);
  for (int c = 0; c < ROWS; c++) kinds_insert(RECORDS, c, 0);
  commit();
  begin();
}

/* Three runs of one size. */
static void make_runs(void) {
  static const int partitions[] = {IN_RUN, IN_RUN_TOO, IN_RUN_TOO_2};
  for (int i = 0; i < 3; i++) {
    OK(insert_partition(partitions[i], "first"));
    commit();
    begin();
    ck_assert_uint_eq(run_count(), i + 1);
  }
}

static void teardown(void) {
  table = NULL;
  sealing_close();
}

/* ---- Each step ---- */
static void begin_anew(void) {
  failing_inside++;
  med_writer_rollback(member);
  begin();
  failing_inside--;
}

/* In a transaction of its own: what it puts off is its own, too. */
static int insert_and_settle(void) {
  begin_anew();
  med_mark mark = med_txn_mark(txn);
  int rc = insert_statement("second");
  bool taken = rc == MEDLEY_OK;
  if (rc == MEDLEY_OK) rc = med_txn_settle(txn);
  failing_inside++;
  medley_error kept = error;
  ck_assert(!med_txn_broken(txn));
  if (!taken) OK(med_txn_rollback_to(txn, mark));
  ck_assert_int_eq(has_statement("second"), taken); /* what could not be made waits, and is made by this */
  OK(med_txn_rollback_to(txn, mark));
  ck_assert(!has_statement("second"));
  OK(insert_statement("third")); /* the transaction goes on */
  ck_assert(has_statement("third"));
  error = kept;
  failing_inside--;
  return rc;
}

static void fails_everywhere(failing_call *call, const char *name) {
  unsigned memory = failing_each(FAILING_MEMORY, call, name, &error);
  unsigned requests = failing_each(FAILING_STORE, call, name, &error);
  printf("%s: %u requests for memory, %u of the store\n", name, memory, requests);
  ck_assert_uint_gt(memory, 0);
  ck_assert_uint_gt(requests, 0);
}

START_TEST(the_first_run_of_a_table_is_made_whole) {
  statement_is_short = true;
  ck_assert_uint_eq(run_count(), 0);
  fails_everywhere(insert_and_settle, "the first run");
  begin_anew();
  OK(insert_statement("second"));
  OK(med_txn_settle(txn));
  ck_assert_uint_eq(run_count(), 1);
}
END_TEST

START_TEST(rows_that_are_there_and_new_ones_are_made_whole) {
  make_runs();
  fails_everywhere(insert_and_settle, "rows of all kinds");
  begin_anew();
  OK(insert_statement("second"));
  OK(med_txn_settle(txn));
  ck_assert_uint_eq(run_count(), 1); /* and the runs were merged */
}
END_TEST

/* The same, and the commit makes them: it answers the failure, and nothing of the transaction is there. */
static int insert_and_commit(void) {
  static unsigned number;
  char statement[20];
  snprintf(statement, sizeof statement, "number %u", ++number);
  begin_anew();
  int rc = insert_statement(statement);
  if (rc == MEDLEY_OK)
    rc = med_writer_commit(member, &error);
  else
    med_writer_rollback(member);
  failing_inside++;
  medley_error kept = error;
  begin();
  ck_assert_int_eq(has_statement(statement), rc == MEDLEY_OK);
  error = kept;
  failing_inside--;
  return rc;
}

START_TEST(a_commit_that_makes_rows_is_whole) {
  make_runs();
  fails_everywhere(insert_and_commit, "commit");
}
END_TEST

/* ---- Append-only tables ---- look for each row at once, with what the first one has opened. */
static void set_properties(const med_wide_property *properties, size_t count) {
  med_wide_table made = *table;
  made.properties = properties;
  made.property_count = count;
  OK(med_wide_catalog_put_table(txn, &made));
  commit();
  begin();
}

/* OK if it is refused, as it has to be. */
static int insert_present(int p) {
  med_arena own = {0};
  int rc = insert(p, 1, "again", &own);
  med_arena_clear(&own);
  ck_assert_msg(rc != MEDLEY_OK, "a row of partition %d came twice", p);
  return rc == MEDLEY_EXISTS ? MEDLEY_OK : rc;
}

/* Where a row could not be looked for, the next ones are looked for all the same. */
static int insert_where_rows_are(void) {
  static const int partitions[] = {SEALED, IN_RUN, RECORDS, NEW};
  const size_t count = sizeof partitions / sizeof *partitions;
  int rc = MEDLEY_OK;
  begin_anew();
  failing_inside++;
  med_arena own = {0};
  for (int c = 0; c < 2; c++) OK(insert(NEW, c, "new", &own)); /* written at once: nothing was looked for yet */
  med_arena_clear(&own);
  failing_inside--;
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) rc = insert_present(partitions[i]);
  failing_inside++;
  medley_error kept = error;
  for (size_t i = 0; i < count; i++) OK(insert_present(partitions[i]));
  OK(insert_partition(PARTITIONS, "new"));
  OK(insert_present(PARTITIONS));
  ck_assert_uint_eq(problems(), 0);
  error = kept;
  failing_inside--;
  return rc;
}

START_TEST(rows_that_are_there_are_refused_whatever_failed_before) {
  const med_wide_property properties[2] = {
      sealing_rows("16"), {med_slice_of_text(MED_WIDE_APPEND_ONLY_PROPERTY), med_slice_of_text("true")}};
  make_runs();
  set_properties(properties, 2);
  ck_assert(table->append_only);
  fails_everywhere(insert_where_rows_are, "append-only");
}
END_TEST

/* ---- Reading runs, and whatever changes them ---- */
static int undone(med_mark mark, int rc) {
  failing_inside++;
  OK(med_txn_rollback_to(txn, mark));
  failing_inside--;
  return rc;
}

static int walk_forth(void) {
  int rc = use_walk_forth();
  ck_assert(rc != MEDLEY_OK || used_rows == (PARTITIONS - 1) * ROWS);
  return rc;
}

static int walk_back(void) {
  int rc = use_walk_back();
  ck_assert(rc != MEDLEY_OK || used_rows == (PARTITIONS - 1) * ROWS);
  return rc;
}

static int find_rows(void) {
  int rc = use_find();
  ck_assert(rc != MEDLEY_OK || used_rows == ROWS);
  return rc;
}

static int seal(void) {
  med_mark mark = med_txn_mark(txn);
  return undone(mark, use_sweep());
}

/* As it is done at rest: the pass takes them all. */
static int seal_at_rest(void) {
  med_mark mark = med_txn_mark(txn);
  bool left = true, wanted = false;
  size_t swept;
  int rc = med_wide_seal_rest(txn, &wanted);
  ck_assert(rc != MEDLEY_OK || wanted);
  while (rc == MEDLEY_OK && left) rc = med_wide_sweep(txn, 50, &swept, &left);
  failing_inside++;
  ck_assert(rc != MEDLEY_OK || run_count() == 0);
  ck_assert(rc != MEDLEY_OK || problems() == 0);
  failing_inside--;
  return undone(mark, rc);
}

static int check(void) {
  uint64_t count = 0;
  int rc = med_wide_check(txn, NULL, NULL, &count);
  ck_assert_uint_eq(count, 0);
  return rc;
}

/* Every row of a run, which goes with the last one, and one that stays. */
static int delete_rows(void) {
  med_mark mark = med_txn_mark(txn);
  med_arena own = {0};
  int rc = MEDLEY_OK;
  for (int c = 0; rc == MEDLEY_OK && c <= ROWS; c++) {
    kinds_key key;
    kinds_key_of(c < ROWS ? IN_RUN : IN_RUN_TOO, c % ROWS, &key);
    rc = med_wide_delete_row(txn, table, &key.partition, &key.clustering, 9000, &own);
  }
  med_arena_clear(&own);
  return undone(mark, rc);
}

/* Others write before each step, so that the directory is read anew. Where a step fails, the same one works afterwards. */
static int step_while_written(med_wide_run_rows *rows, int number, int *failure) {
  med_slice found, value;
  failing_inside++;
  OK(med_txn_put(txn, MED_TREE_WIDE, med_slice_of("\x09", 1), med_slice_of(&number, sizeof number)));
  failing_inside--;
  int rc = med_wide_run_rows_next(rows, &found, &value);
  if (rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND) return rc;
  *failure = rc;
  return med_wide_run_rows_next(rows, &found, &value);
}

static int walk_while_written(void) {
  med_mark mark = med_txn_mark(txn);
  med_wide_run_rows *rows;
  int failure = MEDLEY_OK, seen = 0;
  int rc = med_wide_run_rows_open(txn, table->id, &rows);
  if (rc != MEDLEY_OK) return rc;
  while ((rc = step_while_written(rows, seen, &failure)) == MEDLEY_OK) seen++;
  ck_assert_int_eq(rc, MEDLEY_NOT_FOUND);
  ck_assert_int_eq(seen, rows_in_runs);
  med_wide_run_rows_close(rows);
  return undone(mark, failure);
}

static void count_rows_in_runs(void) {
  med_wide_run *runs;
  size_t count;
  OK(med_wide_runs_list(txn, table->id, &arena, &runs, &count));
  rows_in_runs = 0;
  for (size_t i = 0; i < count; i++) rows_in_runs += (int)runs[i].rows;
  ck_assert_int_gt(rows_in_runs, 3 * ROWS / 2);
}

START_TEST(runs_are_read_and_changed_whole) {
  make_runs();
  count_rows_in_runs();
  fails_everywhere(walk_while_written, "walk while others write");
  fails_everywhere(walk_forth, "walk forth");
  fails_everywhere(walk_back, "walk back");
  for (int c = 0; c < ROWS + 2; c++) use_key(IN_RUN, c);
  fails_everywhere(find_rows, "find");
  fails_everywhere(delete_rows, "delete");
  fails_everywhere(seal, "seal");
  fails_everywhere(seal_at_rest, "seal at rest");
  fails_everywhere(check, "check");
  ck_assert_uint_eq(run_count(), 3);
  ck_assert_uint_eq(problems(), 0);
}
END_TEST

/* ---- A pass that leaves rows in runs ---- which are too few to have a segment written anew. */
static void make_small_runs(void) {
  const med_wide_property property = sealing_rows("64");
  set_properties(&property, 1);
  for (int c = 0; c < 3 * ROWS; c++) kinds_insert(PARTITIONS, c, 0);
  kinds_sweep();
  for (int i = 0; i < 2; i++) {
    med_arena own = {0};
    commit();
    begin();
    for (int c = 0; c < 7; c++) OK(insert(NEW, 10 * i + c, "few", &own)); /* the first two become records */
    med_arena_clear(&own);
  }
  commit();
  begin();
}

static int seal_and_gather(void) {
  med_mark mark = med_txn_mark(txn);
  int rc = use_sweep();
  failing_inside++;
  ck_assert(rc != MEDLEY_OK || run_count() == 1);
  ck_assert(rc != MEDLEY_OK || problems() == 0);
  failing_inside--;
  return undone(mark, rc);
}

START_TEST(rows_that_a_pass_leaves_in_runs_are_gathered_whole) {
  make_small_runs();
  ck_assert_uint_eq(run_count(), 2);
  fails_everywhere(seal_and_gather, "seal and gather");
  ck_assert_uint_eq(run_count(), 2);
  ck_assert_uint_eq(problems(), 0);
}
END_TEST

/* ---- Merging ---- runs of many blocks, of a table that nobody else has. */
enum { MERGED_TABLE = 5000, MERGED_ROWS = 14 };

static void write_run(uint8_t number) {
  static med_wide_run_writer writer;
  static const uint8_t value[900] = {1};
  uint8_t tail[10] = {0};
  tail[9] = number;
  OK(med_wide_run_writer_open(&writer, txn, MERGED_TABLE));
  med_wide_run_writer_bound(&writer, med_slice_of(tail, 1), med_slice_of(tail, 1));
  for (; tail[8] < MERGED_ROWS; tail[8]++)
    OK(med_wide_run_writer_add(&writer, med_slice_of(tail, sizeof tail), med_slice_of(value, sizeof value)));
  OK(med_wide_run_writer_finish(&writer));
}

static int merge(void) {
  med_mark mark = med_txn_mark(txn);
  uint64_t keys = 0;
  failing_inside++;
  for (uint8_t number = 0; number < MED_WIDE_RUNS_OF_A_SIZE; number++) write_run(number);
  failing_inside--;
  int rc = med_wide_runs_merge(txn, MERGED_TABLE, 0, UINT64_MAX);
  failing_inside++;
  if (rc == MEDLEY_OK) OK(med_wide_runs_check(txn, MERGED_TABLE, &keys));
  ck_assert(rc != MEDLEY_OK || keys == 1 + MED_WIDE_RUNS_OF_A_SIZE * MERGED_ROWS / 4);
  failing_inside--;
  return undone(mark, rc);
}

/* In slices; what the last one has left goes with the mark. */
static int gather(void) {
  med_mark mark = med_txn_mark(txn);
  uint64_t target, moved, keys = 0;
  bool done = false;
  int rc = MEDLEY_OK;
  failing_inside++;
  for (uint8_t number = 0; number < 3; number++) write_run(number);
  OK(med_txn_next_id(txn, &target));
  failing_inside--;
  while (rc == MEDLEY_OK && !done) rc = med_wide_runs_gather(txn, MERGED_TABLE, target, 15, &moved, &done);
  failing_inside++;
  if (rc == MEDLEY_OK) OK(med_wide_runs_check(txn, MERGED_TABLE, &keys));
  ck_assert(rc != MEDLEY_OK || keys > 1 + 3 * MERGED_ROWS / 4);
  failing_inside--;
  return undone(mark, rc);
}

static int check_runs(void) {
  uint64_t keys = 0;
  return med_wide_runs_check(txn, MERGED_TABLE, &keys);
}

START_TEST(runs_are_merged_and_proven_whole) {
  fails_everywhere(merge, "merge");
  fails_everywhere(gather, "gather");
  write_run(0);
  fails_everywhere(check_runs, "check of runs");
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_arrivals_failing", setup, teardown, the_first_run_of_a_table_is_made_whole,
                      rows_that_are_there_and_new_ones_are_made_whole, a_commit_that_makes_rows_is_whole,
                      rows_that_are_there_are_refused_whatever_failed_before, runs_are_read_and_changed_whole,
                      rows_that_a_pass_leaves_in_runs_are_gathered_whole, runs_are_merged_and_proven_whole)
