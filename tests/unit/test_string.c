/* test_string.c - a string is an array of bytes, whether it lies in its record or in chunks. */
#include "models/keyvalue/string.h"

#include "models/keyvalue/chunks.h"
#include "tests/unit/collection_kit.h"

enum { LENGTH_MAX = 40000, ROUNDS = 4000 };

static void compare_string(collection_kit *kit, med_slice key, const char *bytes, size_t len) {
  med_buffer scratch = {0};
  med_slice value = {0};
  int rc = med_string_get(&kit->kv, key, &scratch, &value);
  if (rc != MEDLEY_NOT_FOUND) KIT_OK(kit, rc);
  ck_assert_uint_eq(value.len, len);
  ck_assert(len == 0 || memcmp(value.bytes, bytes, len) == 0);
  med_buffer_clear(&scratch);
}

static void random_bytes(uint64_t *random, char *bytes, size_t len) {
  bool easy = property_below(random, 2) != 0; /* what compresses, and what does not */
  for (size_t i = 0; i < len; i++) bytes[i] = easy ? (char)(i / 50) : (char)property_random(random);
}

static void read_a_part(collection_kit *kit, med_slice key, const char *bytes, size_t len, uint64_t *random) {
  med_kv_meta meta;
  int rc = med_kv_find(&kit->kv, key, &meta);
  if (rc == MEDLEY_NOT_FOUND) return;
  KIT_OK(kit, rc);
  med_buffer scratch = {0};
  med_slice part;
  size_t offset = property_below(random, len + 10), want = property_below(random, 9000);
  KIT_OK(kit, med_string_read(&kit->kv, &meta, offset, want, &scratch, &part));
  size_t there = offset >= len ? 0 : len - offset < want ? len - offset : want;
  ck_assert_uint_eq(part.len, there);
  ck_assert(there == 0 || memcmp(part.bytes, bytes + offset, there) == 0);
  med_buffer_clear(&scratch);
}

START_TEST(a_string_is_an_array_through_sets_appends_and_writes_anywhere) {
  collection_kit kit;
  uint64_t random = property_seed("string");
  kit_open(&kit, random);
  char *bytes = calloc(1, LENGTH_MAX), *piece = malloc(LENGTH_MAX);
  size_t len = 0;
  char long_key[700];
  memset(long_key, 'K', sizeof long_key);
  med_slice key = property_below(&random, 2) ? med_slice_of_text("s") : med_slice_of(long_key, sizeof long_key);
  for (unsigned round = 0; round < ROUNDS; round++) {
    size_t piece_len = property_below(&random, property_below(&random, 4) ? 300 : 9000);
    random_bytes(&random, piece, piece_len);
    med_kv_meta meta;
    bool created;
    uint64_t new_len;
    switch (property_below(&random, 5)) {
      case 0:
        if (property_below(&random, 8)) break;
        KIT_OK(&kit, med_string_set(&kit.kv, key, med_slice_of(piece, piece_len), 0));
        memcpy(bytes, piece, piece_len);
        len = piece_len;
        break;
      case 1:
        if (len + piece_len > LENGTH_MAX) break;
        KIT_OK(&kit, med_string_append(&kit.kv, key, med_slice_of(piece, piece_len), &new_len));
        memcpy(bytes + len, piece, piece_len);
        len += piece_len;
        ck_assert_uint_eq(new_len, len);
        break;
      case 2: {
        size_t offset = property_below(&random, len + (property_below(&random, 5) ? 10 : 9000));
        if (offset + piece_len > LENGTH_MAX || piece_len == 0) break;
        KIT_OK(&kit, med_kv_find_or_create(&kit.kv, key, MED_KV_STRING, &meta, &created));
        KIT_OK(&kit, med_string_write(&kit.kv, key, &meta, offset, med_slice_of(piece, piece_len)));
        if (offset > len) memset(bytes + len, 0, offset - len);
        memcpy(bytes + offset, piece, piece_len);
        if (offset + piece_len > len) len = offset + piece_len;
        break;
      }
      case 3: read_a_part(&kit, key, bytes, len, &random); break;
      default:
        if (property_below(&random, 50) == 0) kit_reopen(&kit);
        if (property_below(&random, 20) == 0) compare_string(&kit, key, bytes, len);
    }
  }
  compare_string(&kit, key, bytes, len);
  uint64_t printed = 0, count = 0;
  KIT_OK(&kit, med_kv_check(kit.kv.txn, kit_problem, &printed, &count));
  ck_assert_uint_eq(count, 0);
  int rc = med_kv_remove(&kit.kv, key);
  ck_assert(rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND);
  kit_sweep_all(&kit);
  ck_assert_uint_eq(kit_part_count(&kit), 0);
  free(bytes);
  free(piece);
  kit_close(&kit);
}
END_TEST

START_TEST(a_change_in_the_middle_of_a_long_string_writes_one_chunk) {
  collection_kit kit;
  kit_open(&kit, 1);
  size_t len = (size_t)1 << 20;
  char *bytes = malloc(len);
  uint64_t random = 7;
  for (size_t i = 0; i < len; i++) bytes[i] = (char)property_random(&random);
  KIT_OK(&kit, med_string_set(&kit.kv, med_slice_of_text("big"), med_slice_of(bytes, len), 0));
  ck_assert_uint_eq(kit_part_count(&kit), (len + MED_CHUNK_SIZE - 1) / MED_CHUNK_SIZE);
  med_mark before = med_txn_mark(kit.kv.txn);
  med_kv_meta meta;
  KIT_OK(&kit, med_kv_find(&kit.kv, med_slice_of_text("big"), &meta));
  KIT_OK(&kit, med_string_write(&kit.kv, med_slice_of_text("big"), &meta, 500000, med_slice_of("!", 1)));
  bytes[500000] = '!';
  /* The undo log has the chunk and the record, not the string. */
  ck_assert_uint_lt(med_txn_mark(kit.kv.txn) - before, 3 * MED_VALUE_SIZE_MAX);
  compare_string(&kit, med_slice_of_text("big"), bytes, len);
  free(bytes);
  kit_close(&kit);
}
END_TEST

START_TEST(beyond_the_largest_value_nothing_is_changed) {
  collection_kit kit;
  kit_open(&kit, 1);
  med_kv_meta meta;
  bool created;
  uint64_t len;
  KIT_OK(&kit, med_string_set(&kit.kv, med_slice_of_text("s"), med_slice_of_text("abc"), 0));
  KIT_OK(&kit, med_kv_find_or_create(&kit.kv, med_slice_of_text("s"), MED_KV_STRING, &meta, &created));
  ck_assert(!created);
  ck_assert_int_eq(
      med_string_write(&kit.kv, med_slice_of_text("s"), &meta, MED_KV_VALUE_SIZE_MAX, med_slice_of("x", 1)),
      MEDLEY_TOO_BIG);
  ck_assert_int_eq(med_string_write(&kit.kv, med_slice_of_text("s"), &meta, UINT64_MAX, med_slice_of("x", 1)),
                   MEDLEY_TOO_BIG);
  KIT_OK(&kit, med_string_len(&kit.kv, med_slice_of_text("s"), &len));
  ck_assert_uint_eq(len, 3);
  compare_string(&kit, med_slice_of_text("s"), "abc", 3);
  kit_close(&kit);
}
END_TEST

START_TEST(integers_are_read_as_strictly_as_redis_reads_them) {
  static const struct {
    const char *text;
    bool valid;
    int64_t integer;
  } cases[] = {{"0", true, 0},
               {"-1", true, -1},
               {"9223372036854775807", true, INT64_MAX},
               {"-9223372036854775808", true, INT64_MIN},
               {"9223372036854775808", false, 0},
               {"-9223372036854775809", false, 0},
               {"18446744073709551616", false, 0},
               {"", false, 0},
               {"-", false, 0},
               {"-0", false, 0},
               {"007", false, 0},
               {"+1", false, 0},
               {" 1", false, 0},
               {"1 ", false, 0},
               {"1x", false, 0},
               {"123456789012345678901", false, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int64_t integer = 0;
    ck_assert_msg(med_string_to_integer(med_slice_of_text(cases[i].text), &integer) == cases[i].valid, "%s",
                  cases[i].text);
    if (!cases[i].valid) continue;
    char digits[24];
    ck_assert_int_eq(integer, cases[i].integer);
    size_t len = med_string_from_integer(integer, digits);
    ck_assert(med_slice_equal(med_slice_of(digits, len), med_slice_of_text(cases[i].text)));
  }
}
END_TEST

START_TEST(a_counter_that_would_overflow_stays_as_it_was) {
  collection_kit kit;
  kit_open(&kit, 1);
  int64_t result;
  med_slice key = med_slice_of_text("n");
  KIT_OK(&kit, med_string_increment(&kit.kv, key, INT64_MAX, &result));
  ck_assert_int_eq(med_string_increment(&kit.kv, key, 1, &result), MEDLEY_RANGE);
  compare_string(&kit, key, "9223372036854775807", 19);
  KIT_OK(&kit, med_string_set(&kit.kv, key, med_slice_of_text("ten"), 0));
  ck_assert_int_eq(med_string_increment(&kit.kv, key, 1, &result), MEDLEY_RANGE);
  compare_string(&kit, key, "ten", 3);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("string", a_string_is_an_array_through_sets_appends_and_writes_anywhere,
              a_change_in_the_middle_of_a_long_string_writes_one_chunk, beyond_the_largest_value_nothing_is_changed,
              integers_are_read_as_strictly_as_redis_reads_them, a_counter_that_would_overflow_stays_as_it_was)
