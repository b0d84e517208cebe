/* test_group_halves.c - totals by groups: half of the segments by another thread, headers in place of vectors, groups in order: beside one thread,
 * vectors, and a naive order. */
#include "models/widecolumn/groups.h"
#include "models/widecolumn/mutation.h"
#include "models/widecolumn/sweep.h"
#include "storage/thread.h"
#include "tests/unit/failing_kit.h"
#include "tests/unit/property.h"
#include "tests/unit/segment_kit.h"

enum { PARTITIONS = 60, ROWS = 50, TABLE = 100, NEVER = 1 << 30, LIFE_S = 1000 };

static med_txn *reader;

static void make_table(void) {
  med_wide_column columns[5] = {
      {.id = 1, .name = med_slice_of_text("p"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_PARTITION},
      {.id = 2, .name = med_slice_of_text("id"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_CLUSTERING},
      {.id = 3, .name = med_slice_of_text("a"), .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_REGULAR},
      {.id = 4, .name = med_slice_of_text("b"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_REGULAR},
      {.id = 5, .name = med_slice_of_text("c"), .type = {.kind = MED_WIDE_DOUBLE}, .role = MED_WIDE_REGULAR}};
  sealing_make_table(TABLE, "t", columns, sizeof columns / sizeof columns[0], "64");
}

static med_slice number(uint8_t bytes[4], int value) {
  med_put_u32(bytes, (uint32_t)value);
  return med_slice_of(bytes, 4);
}

static void insert(int p, int id) {
  uint8_t p_bytes[4], id_bytes[4], b_bytes[4];
  static const char *const texts[] = {"", "zebra", "zebra crossing", "apple", "zebra cross"};
  med_slice partition = number(p_bytes, p - 7), clustering = number(id_bytes, id);
  med_wide_change changes[2] = {
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[2], .value = med_slice_of_text(texts[(p + id) % 5])},
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[3], .value = number(b_bytes, id * 1000 - p)}};
  med_wide_write write = {.table = table,
                          .partition = &partition,
                          .clustering = &clustering,
                          .timestamp_us = 1000,
                          .ttl_s = id % 3 == 0 ? LIFE_S : 0,
                          .marker = true,
                          .changes = changes,
                          .change_count = (p + id) % 11 == 0 ? 0
                                          : id % 13 == 0     ? 1
                                                             : 2}; /* some have no b, some not even a */
  OK(med_wide_apply(txn, &write, &arena));
  med_arena_reset(&arena);
}

static void setup(void) {
  sealing_open();
  make_table();
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) insert(p, id);
  }
  for (bool left = true; left;) {
    size_t swept;
    OK(med_wide_sweep(txn, 500, &swept, &left));
  }
  insert(3, 1000); /* a record beside them */
  OK(med_writer_commit(member, &error));
  OK(med_txn_open_reader(store, &reader, &error));
  OK(med_txn_renew(reader));
  med_wide_catalog_release(catalog);
  OK(med_wide_catalog_open(reader, &catalog));
  table = med_wide_catalog_table(catalog, med_slice_of_text("k"), med_slice_of_text("t"));
  ck_assert(table->flags & MED_WIDE_TABLE_SEGMENTS);
}

static void teardown(void) {
  med_txn_close_reader(reader);
  OK(med_writer_begin(member, false, 10000, &error));
  sealing_close();
}

/* ---- Queries ---- */
static uint64_t polls, polls_max;

static int poll(void *context) {
  (void)context;
  return ++polls > polls_max ? MEDLEY_INTERRUPTED : MEDLEY_OK;
}

/* Bits of `keys`: p, id, a. */
static med_wide_group_query query_of(unsigned keys, uint64_t share_rows) {
  med_wide_group_query query = {.share_rows = share_rows, .poll = poll, .total_count = 2};
  for (size_t i = 0; i < 3; i++) {
    if (keys >> i & 1) query.keys[query.key_count++] = &table->columns[i];
  }
  query.totals[0] = &table->columns[3];
  query.bounds[0] = true;
  query.totals[1] = &table->columns[2];
  polls = 0;
  polls_max = UINT64_MAX;
  return query;
}

static int compare_groups(const med_wide_groups *of, const med_wide_group_query *query, uint32_t left, uint32_t right,
                          const med_wide_group_order *orders, size_t count) {
  for (size_t i = 0; i < count; i++) {
    int64_t integers[2] = {0};
    med_slice texts[2] = {{0}};
    bool a = med_wide_groups_key(of, left, orders[i].key, &integers[0], &texts[0]);
    bool b = med_wide_groups_key(of, right, orders[i].key, &integers[1], &texts[1]);
    int order = a != b ? a - b : (integers[0] > integers[1]) - (integers[0] < integers[1]);
    if (a && b && query->keys[orders[i].key]->type.kind == MED_WIDE_TEXT) order = med_slice_compare(texts[0], texts[1]);
    if (order != 0) return orders[i].descending ? -order : order;
  }
  return 0;
}

/* All of it as text, in the order of all keys. */
static char *text_of(const med_wide_groups *groups, const med_wide_group_query *query) {
  static const med_wide_group_order orders[] = {{0, false}, {1, true}, {2, false}};
  uint32_t count;
  uint32_t *listed = med_wide_groups_list(groups, orders, query->key_count, &count);
  char *text = NULL;
  size_t len;
  FILE *to = open_memstream(&text, &len);
  ck_assert(listed != NULL && to != NULL);
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0) ck_assert_int_lt(compare_groups(groups, query, listed[i - 1], listed[i], orders, query->key_count), 0);
    for (size_t key = 0; key < query->key_count; key++) {
      int64_t integer = 0;
      med_slice value = med_slice_of_text("");
      bool has = med_wide_groups_key(groups, listed[i], key, &integer, &value);
      fprintf(to, "%s %lld %.*s|", has ? "" : "null", (long long)integer, (int)value.len, (const char *)value.bytes);
    }
    const med_wide_total *b = med_wide_groups_total(groups, listed[i], 0),
                         *a = med_wide_groups_total(groups, listed[i], 1);
    fprintf(to, "%llu|%llu|%llu", (unsigned long long)med_wide_groups_rows(groups, listed[i]),
            (unsigned long long)a->count, (unsigned long long)b->count);
    if (b->count > 0)
      fprintf(to, "|%lld|%lld|%lld", (long long)b->as.integers.sum, (long long)b->as.integers.min,
              (long long)b->as.integers.max);
    fprintf(to, "\n");
  }
  fclose(to);
  med_free(listed);
  return text;
}

static void both_ways_are_equal(med_wide_group_query query) {
  char *texts[2];
  for (int way = 0; way < 2; way++) {
    med_wide_groups *groups;
    query.share_rows = way == 0 ? NEVER : 1;
    OK(med_wide_groups_make(reader, table, &query, &groups));
    texts[way] = text_of(groups, &query);
    med_wide_groups_free(groups);
  }
  ck_assert_str_eq(texts[0], texts[1]);
  ck_assert_uint_gt(strlen(texts[0]), 10);
  free(texts[0]);
  free(texts[1]);
}

START_TEST(two_threads_have_the_groups_of_one) {
  uint8_t bytes[4];
  for (unsigned keys = 0; keys < 8; keys++) {
    med_wide_group_query query = query_of(keys, 0);
    both_ways_are_equal(query);
    query.tests[query.test_count++] = (med_wide_group_test){&table->columns[3], MED_GREATER, number(bytes, 20000)};
    both_ways_are_equal(query);
  }
}
END_TEST

/* The second thread's snapshot begins later than the statement's: what expires between them is there for both. */
START_TEST(both_halves_have_one_now) {
  med_wide_group_query query = query_of(4, 0);
  (void)med_txn_now_us(reader); /* taken when it is asked for at first */
  sealing_ahead_us += (int64_t)2 * LIFE_S * 1000000;
  both_ways_are_equal(query);
  med_txn_reset(reader); /* and then for neither */
  OK(med_txn_renew(reader));
  med_wide_groups *groups;
  OK(med_wide_groups_make(reader, table, &query, &groups));
  uint64_t rows = 0;
  for (uint32_t i = 0; i < med_wide_groups_count(groups); i++) rows += med_wide_groups_rows(groups, i);
  ck_assert_uint_eq(rows, PARTITIONS * (ROWS - (ROWS + 2) / 3) + 1);
  med_wide_groups_free(groups);
}
END_TEST

/* Of either thread. Where it is what the second one is made of that cannot be had, the first one does all. */
START_TEST(memory_may_end_in_either_half) {
  med_wide_group_query query = query_of(5, 1);
  med_wide_groups *groups;
  OK(med_wide_groups_make(reader, table, &query, &groups));
  char *whole = text_of(groups, &query);
  med_wide_groups_free(groups);
  bool struck = true;
  unsigned answered = 0;
  for (unsigned n = 1; struck; n++) {
    medley_error *told = med_txn_error(reader);
    med_error_clear(told);
    failing_begin(FAILING_MEMORY, n, NULL);
    int rc = med_wide_groups_make(reader, table, &query, &groups);
    struck = failing_end();
    if (rc == MEDLEY_OK) {
      char *text = text_of(groups, &query);
      ck_assert_str_eq(text, whole);
      free(text);
      med_wide_groups_free(groups);
      answered += struck;
    } else {
      ck_assert_int_eq(rc, MEDLEY_NO_MEMORY);
      ck_assert(struck && told->status == MEDLEY_NO_MEMORY && told->message[0] != '\0');
      ck_assert_ptr_null(groups);
    }
  }
  ck_assert_uint_gt(answered, 0);
  free(whole);
}
END_TEST

/* Polls are the statement's own thread's: with all of the segments they are more than with half of them. */
START_TEST(the_second_thread_has_half_of_the_segments) {
  uint64_t seen[2];
  for (int way = 0; way < 2; way++) {
    med_wide_groups *groups;
    med_wide_group_query query = query_of(4, way == 0 ? NEVER : 1);
    OK(med_wide_groups_make(reader, table, &query, &groups));
    seen[way] = polls;
    med_wide_groups_free(groups);
  }
  if (sysconf(_SC_NPROCESSORS_ONLN) > 1) ck_assert_uint_lt(seen[1] * 3, seen[0] * 2);
}
END_TEST

/* Also the other half ends then, and nothing is left of it. */
static void *look_at_processors(void *allowed) {
  ck_assert_int_eq(sched_getaffinity(0, sizeof(cpu_set_t), allowed), 0);
  return NULL;
}

START_TEST(a_thread_that_starts_beside_another_may_not_be_where_that_one_is) {
  cpu_set_t mine, others, only;
  pthread_t thread;
  ck_assert_int_eq(sched_getaffinity(0, sizeof mine, &mine), 0);
  ck_assert(med_thread_start_beside(&thread, look_at_processors, &others));
  ck_assert_int_eq(pthread_join(thread, NULL), 0);
  CPU_AND(&only, &mine, &others);
  ck_assert(CPU_EQUAL(&only, &others));
  ck_assert_int_eq(CPU_COUNT(&others), CPU_COUNT(&mine) > 1 ? CPU_COUNT(&mine) - 1 : 1);
  int first = 0;
  while (!CPU_ISSET(first, &mine)) first++;
  CPU_ZERO(&only);
  CPU_SET(first, &only);
  ck_assert_int_eq(sched_setaffinity(0, sizeof only, &only), 0); /* where there is but one, it starts there */
  ck_assert(med_thread_start_beside(&thread, look_at_processors, &others));
  ck_assert_int_eq(pthread_join(thread, NULL), 0);
  ck_assert(CPU_EQUAL(&only, &others));
  ck_assert_int_eq(sched_setaffinity(0, sizeof mine, &mine), 0);
}
END_TEST

START_TEST(an_interrupt_ends_both_halves) {
  for (uint64_t after = 0; after < 20; after++) {
    med_wide_groups *groups;
    med_wide_group_query query = query_of(5, 1);
    polls_max = after;
    ck_assert_int_eq(med_wide_groups_make(reader, table, &query, &groups), MEDLEY_INTERRUPTED);
    ck_assert_ptr_null(groups);
  }
}
END_TEST

/* The other thread can have the newest snapshot only. */
START_TEST(a_snapshot_that_is_not_the_newest_is_one_threads) {
  med_wide_groups *groups;
  med_wide_group_query query = query_of(4, NEVER);
  OK(med_wide_groups_make(reader, table, &query, &groups));
  uint64_t alone = polls;
  char *before = text_of(groups, &query);
  med_wide_groups_free(groups);
  const med_wide_table *of_reader = table;
  OK(med_writer_begin(member, false, 10000, &error));
  txn = med_member_txn(member);
  insert(70, 1);
  OK(med_writer_commit(member, &error));
  query = query_of(4, 1);
  OK(med_wide_groups_make(reader, of_reader, &query, &groups));
  ck_assert_uint_eq(polls, alone);
  char *after = text_of(groups, &query);
  ck_assert_str_eq(before, after);
  free(before);
  free(after);
  med_wide_groups_free(groups);
}
END_TEST

static char *answer(const med_wide_group_query *query) {
  med_wide_groups *groups;
  OK(med_wide_groups_make(reader, table, query, &groups));
  char *text = text_of(groups, query);
  med_wide_groups_free(groups);
  return text;
}

/* Without keys and over integers, where bounds say that every row passes, no vector is read: those of a column may be missing. */
START_TEST(headers_answer_for_whole_segments) {
  med_wide_groups *groups;
  uint8_t bytes[4];
  med_wide_group_query query = query_of(0, NEVER);
  query.tests[query.test_count++] = (med_wide_group_test){&table->columns[0], MED_GREATER, number(bytes, -100)};
  char *by_headers = answer(&query);
  query.totals[query.total_count++] = &table->columns[4]; /* a real: vectors */
  char *by_vectors = answer(&query);
  ck_assert_str_eq(by_headers, by_vectors);
  ck_assert_int_eq(strncmp(by_headers, "3001|", 5), 0);
  OK(med_writer_begin(member, false, 10000, &error));
  txn = med_member_txn(member);
  med_wide_segment segment = first_segment();
  drop_pages(&segment, (uint64_t)MED_WIDE_SEGMENT_COLUMN + table->columns[3].id, false);
  OK(med_writer_commit(member, &error));
  med_txn_reset(reader);
  OK(med_txn_renew(reader));
  query.total_count--;
  char *without_vectors = answer(&query);
  ck_assert_str_eq(by_headers, without_vectors);
  query.total_count++;
  ck_assert_int_eq(med_wide_groups_make(reader, table, &query, &groups), MEDLEY_CORRUPT);
  free(by_headers);
  free(by_vectors);
  free(without_vectors);
}
END_TEST

PROPERTY_MAIN_BETWEEN("group_halves", setup, teardown, a_thread_that_starts_beside_another_may_not_be_where_that_one_is,
                      two_threads_have_the_groups_of_one, both_halves_have_one_now, memory_may_end_in_either_half,
                      the_second_thread_has_half_of_the_segments, an_interrupt_ends_both_halves,
                      a_snapshot_that_is_not_the_newest_is_one_threads, headers_answer_for_whole_segments)
