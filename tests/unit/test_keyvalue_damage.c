/* test_keyvalue_damage.c - each way in which the key-value records of a file can contradict each other has its name, and is told. */
#include "tests/unit/keyvalue_damage_kit.h"

enum {
  TOO_LONG = MED_KEY_SIZE_MAX - MED_PART_PREFIX_SIZE /* bytes of a name: more than any has, but the file holds them */
};

static med_key record(const char *name) { return damage_record_key(TEXT(name)); }
static med_key member(const char *name, const char *of_member) {
  return damage_part(name, MED_PART_MEMBER, TEXT(of_member));
}

static med_key part_of_long_name(const char *name, uint8_t tag) {
  med_key key = damage_part(name, tag, TEXT(""));
  med_part_add_name(&key, ALL_OF(damage_name));
  return key;
}

static med_key part_too_long(const char *name, uint8_t tag) {
  static char bytes[TOO_LONG];
  memset(bytes, 't', sizeof bytes);
  return damage_part(name, tag, ALL_OF(bytes));
}

static void add_part(med_key key, const void *bytes, size_t len) {
  damage_add(MED_TREE_KV, key.bytes, key.len, med_slice_of(bytes, len));
}

static void set_count(uint64_t count, size_t len) {
  uint8_t bytes[8];
  med_put_u64(bytes, count);
  damage_add(MED_TREE_META, "kv/b\0\0\0\0", 8, med_slice_of(bytes, len));
}

/* ---- Records ---- */
START_TEST(a_record_that_does_not_decode) {
  static const char words[] = "a key's record does not decode";
  med_key shortest = record("short"), inside = damage_record_key(ALL_OF(damage_key)),
          beside = damage_record_key(ALL_OF(damage_long_key));
  TELLS(words, damage_len(shortest, DAMAGE_HEADER - 1));
  TELLS(words, damage_len(shortest, DAMAGE_HEADER + 7)); /* in its expiry */
  TELLS(words, damage_byte(shortest, 0, 0x10));          /* no type has 0 */
  TELLS(words, damage_byte(shortest, 0, 0x16));          /* nor 6 */
  TELLS(words, damage_byte(shortest, 0, 0x12));          /* a hash without an object */
  TELLS(words, damage_len(record("long"), DAMAGE_COUNT_AT + 7));
  TELLS(words, damage_len(record("long"), DAMAGE_COUNT_AT + 9)); /* bytes behind a string that lies elsewhere */
  TELLS(words, damage_number(record("long"), DAMAGE_COUNT_AT, MED_KV_VALUE_SIZE_MAX + 1));
  TELLS(words, damage_len(record("list"), DAMAGE_TAIL_AT + 7));
  TELLS(words, damage_len(record("hash"), DAMAGE_HEAD_AT + 7)); /* in the number of fields that expire */
  TELLS(words, damage_len(inside, DAMAGE_HEADER + 3));          /* in the length of the whole key */
  TELLS(words, damage_len(inside, DAMAGE_HEADER + 4 + DAMAGE_NAME - 1));
  TELLS(words, damage_byte(inside, DAMAGE_HEADER + 2, DAMAGE_NAME / 256 + 1)); /* longer than what is there */
  TELLS(words, damage_byte(inside, DAMAGE_HEADER, 0xFF));                      /* longer than any */
  TELLS(words, damage_len(beside, DAMAGE_HEADER + 4 + 7));                     /* in the object of the whole key */
  TELLS(words, damage_byte(beside, DAMAGE_HEADER, 4));
}
END_TEST

static void copy_record(const char *from, const char *to) {
  med_key key = record(from), other = record(to);
  damage_value value = damage_get(&key);
  damage_put(&other, &value);
}

START_TEST(records_that_contradict_each_other) {
  med_key inside = damage_record_key(ALL_OF(damage_key)), beside = damage_record_key(ALL_OF(damage_long_key));
  damage_value whole = damage_get(&beside);
  uint64_t key_object = med_get_u64(whole.bytes + DAMAGE_HEADER + 4);
  static const char elsewhere[] = "a record lies where another key's belongs: bucket 0";
  TELLS(elsewhere, damage_byte(inside, DAMAGE_HEADER + 4, 'x'));
  TELLS(elsewhere, damage_byte(inside, DAMAGE_HEADER + 3, DAMAGE_NAME % 256 - 1));
  TELLS(elsewhere, damage_move(beside, inside));
  TELLS("a part is missing: chunk 1 of object", damage_drop(damage_chunk(key_object, 1)));
  TELLS("it is too short: chunk 0 of object", damage_len(damage_chunk(key_object, 0), 4000));
  TELLS("two records name one object", copy_record("long", "other"));
  TELLS("nobody owns the parts of object", damage_drop(record("long")));
  TELLS("bucket 0 says it has another number of keys", damage_drop(record("short")));
  TELLS("bucket 0 says it has another number of keys", set_count(77, 8));
  TELLS("bucket 1 says it has another number of keys",
        add_part((med_key){6, {1, 0, 0, 0, 1, 'k'}}, "\1\0\0\0\0\0\0\0\0v", 10));
  TELLS("the catalog of buckets does not decode", set_count(9, 7));
  TELLS("a key that expires is not in the expiry index", damage_number(record("short"), DAMAGE_HEADER, 1));
  TELLS("the expiry index has 1 keys, but 0 expire", damage_byte(record("short"), 0, 1));
  TELLS("the expiry index has 2 keys, but 1 expire",
        damage_add(MED_TREE_EXPIRY, "\1\0\0\0\0\0\0\0\1\0\0\0\0k", 14, TEXT("")));
}
END_TEST

/* No key of a tree can be made of it, so whatever meets it stops. */
START_TEST(a_key_that_is_longer_than_those_of_records) {
  med_key first = {MED_KEY_SIZE_MAX, {MED_KV_KEY_RECORD}}, last = {MED_KEY_SIZE_MAX, {MED_KV_KEY_RECORD}};
  static const char words[] = "a record's key has a wrong length", value[] = "\1\0\0\0\0\0\0\0\0v";
  med_buffer key = {0};
  med_kv_walk walk;
  memset(last.bytes + MED_KV_TAIL_OFFSET, 0xFF, sizeof last.bytes - MED_KV_TAIL_OFFSET);
  TELLS(words, add_part(first, value, 10));
  REFUSES(words, med_kv_flush(&kit.kv), add_part(first, value, 10));
  REFUSES(words, med_kv_random_key(&kit.kv, 0, &key), add_part(first, value, 10));
  REFUSES(words, med_kv_random_key(&kit.kv, UINT64_MAX, &key), add_part(last, value, 10));
  OK(med_kv_walk_open(&kit.kv, TEXT(""), &walk));
  REFUSES(words, med_kv_walk_next(&walk), add_part(first, value, 10));
  med_kv_walk_close(&walk);
  med_buffer_clear(&key);
}
END_TEST

/* ---- Chunks ---- */
static int read_long(void) {
  med_buffer space = {0};
  med_slice value;
  int rc = med_string_get(&kit.kv, TEXT("long"), &space, &value);
  med_buffer_clear(&space);
  return rc;
}

static int write_long(uint64_t offset, size_t len) {
  med_kv_meta meta;
  OK(med_kv_find(&kit.kv, TEXT("long"), &meta));
  return med_string_write(&kit.kv, TEXT("long"), &meta, offset, med_slice_of(damage_name, len));
}

START_TEST(chunks_that_are_not_what_the_record_says) {
  uint64_t object = damage_object("long");
  med_key plain = damage_chunk(object, 0), packed = damage_chunk(object, 1);
  ck_assert_uint_eq(damage_get(&plain).bytes[0], 0);
  ck_assert_uint_eq(damage_get(&packed).bytes[0], 1);
  TELLS("a part is missing: chunk 1", damage_drop(packed));
  TELLS("unknown form: chunk 0", damage_byte(plain, 0, 2));
  TELLS("unknown form: chunk 0", damage_len(plain, 0));
  TELLS("unknown form: chunk 0", damage_len(plain, 4064 + 2));
  TELLS("unknown form: chunk 1", damage_len(packed, 3));
  TELLS("it does not unpack: chunk 1", damage_byte(packed, 1, 1)); /* another length than it has */
  TELLS("it does not unpack: chunk 1", damage_byte(packed, 1, 0xFF));
  TELLS("it does not unpack: chunk 1", damage_len(packed, 4));
  TELLS("a string's chunk has the wrong length", damage_len(plain, 4064));
  REFUSES("a part is missing: chunk 2", read_long(), damage_drop(damage_chunk(object, 2)));
  REFUSES("it is too short: chunk 0", read_long(), damage_len(plain, 4064));
  REFUSES("it is too short: chunk 0", read_long(), damage_len(plain, 1));
  REFUSES("it is too short: chunk 0", write_long(10, 5), damage_len(plain, 4064));
  REFUSES("it does not unpack: chunk 1", write_long(4064 + 10, 5), damage_byte(packed, 1, 0xFF));
  REFUSES("a part is missing: chunk 1", write_long(4000, 100), damage_drop(packed));
}
END_TEST

START_TEST(a_whole_key_that_is_cut_is_not_taken_for_equal) {
  med_kv_meta meta;
  OK(med_kv_find(&kit.kv, ALL_OF(damage_long_key), &meta));
  med_key chunk = damage_chunk(meta.key_object_id, 0);
  REFUSES("it is too short: chunk 0", med_kv_find(&kit.kv, ALL_OF(damage_long_key), &meta), damage_len(chunk, 4064));
  REFUSES("it is too short: chunk 0", med_kv_find(&kit.kv, ALL_OF(damage_long_key), &meta), damage_len(chunk, 1));
  REFUSES("a part is missing: chunk 0", med_kv_find(&kit.kv, ALL_OF(damage_long_key), &meta), damage_drop(chunk));
  med_mark mark = med_txn_mark(kit.kv.txn);
  damage_byte(chunk, 1, 'x');
  ck_assert_int_eq(med_kv_find(&kit.kv, ALL_OF(damage_long_key), &meta), MEDLEY_ERROR); /* another key's */
  OK(med_txn_rollback_to(kit.kv.txn, mark));
}
END_TEST

/* ---- Hashes ---- */
START_TEST(fields_of_a_hash) {
  med_key a = damage_part("hash", MED_PART_FIELD, TEXT("a")), b = damage_part("hash", MED_PART_FIELD, TEXT("b")),
          longest = part_of_long_name("hash", MED_PART_FIELD);
  static const uint8_t name_in_chunks[] = {2, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, '2'};
  TELLS("a field's record does not decode", damage_len(a, 0));
  TELLS("a field's record does not decode", damage_byte(a, 0, 4));
  TELLS("a field's record does not decode", damage_len(a, 8)); /* in its expiry */
  TELLS("an element is missing", damage_len(a, 10));
  TELLS("an element is cut", damage_len(a, 11));
  TELLS("an element is cut", damage_len(b, 18));
  TELLS("an element is too long", damage_number(b, 11, MED_ELEMENT_SIZE_MAX + 1));
  TELLS("a chunk is missing", damage_drop(damage_first("hash", MED_PART_CHUNK)));
  TELLS("a chunk has a wrong length", damage_len(damage_first("hash", MED_PART_CHUNK), 4000));
  TELLS("a field's name is cut", damage_byte(longest, 0, 0));
  TELLS("a chunk is missing", add_part(longest, name_in_chunks, sizeof name_in_chunks));
  TELLS("the number of fields is wrong", damage_number(record("hash"), DAMAGE_COUNT_AT, 4));
  TELLS("the number of fields is wrong", damage_drop(b));
}
END_TEST

START_TEST(fields_that_expire) {
  med_key a = damage_part("hash", MED_PART_FIELD, TEXT("a")), entry = damage_first("hash", MED_PART_FIELD_EXPIRY),
          other = entry;
  other.bytes[other.len - 1] = 'b';
  TELLS("a field's expiry is not indexed", damage_number(a, 1, 1));
  TELLS("a field's expiry is not indexed", damage_drop(entry));
  TELLS("the number of expiring fields is wrong", damage_number(record("hash"), DAMAGE_HEAD_AT, 2));
  TELLS("the number of expiring fields is wrong", add_part(other, "", 0));
  TELLS("a name is too long", add_part(part_too_long("hash", MED_PART_FIELD), "\1\0\0\0\0\0\0\0\1\0\1v", 12));
}
END_TEST

/* ---- Lists ---- */
static med_key element(const char *name, uint64_t position) {
  uint8_t bytes[8];
  med_put_u64(bytes, position ^ (uint64_t)1 << 63);
  return damage_part(name, MED_PART_ELEMENT, ALL_OF(bytes));
}

static med_key node(const char *name, uint32_t number) {
  uint8_t bytes[4];
  med_put_u32(bytes, number);
  return damage_part(name, MED_PART_RUNS, ALL_OF(bytes));
}

START_TEST(elements_of_a_list) {
  med_key between = element("list", 0);
  between.len++; /* behind the first one, and none */
  between.bytes[between.len - 1] = 0;
  TELLS("an element is missing", damage_drop(element("list", 1)));
  TELLS("an element is missing", add_part(between, "\0\1x", 3));
  TELLS("fewer elements than were counted", damage_drop(element("list", 2)));
  TELLS("the number of elements is wrong", damage_drop(element("list", 2)));
  TELLS("the number of elements is wrong", add_part(element("list", 3), "\0\1x", 3));
  TELLS("an element is missing", damage_len(element("list", 0), 1));
  TELLS("an element is cut", damage_len(element("list", 0), 4));
  TELLS("a chunk is missing", damage_drop(damage_first("list", MED_PART_CHUNK)));
  TELLS("a dense list has runs", add_part(node("list", 0), "", 0));
}
END_TEST

/* Each of its nodes names one child 112 times: whoever followed them all would not come back. */
static void name_elements_endlessly(void) {
  enum { NODES = 8, ENTRIES = 112 };
  uint64_t elements = DAMAGE_EDITED / 2;
  for (uint32_t level = 0; level < NODES; level++) {
    damage_value value = {8 + ENTRIES * 16, {(uint8_t)level, 0, 0, ENTRIES}};
    for (size_t i = 0; i < ENTRIES; i++) {
      med_put_u64(value.bytes + 8 + i * 16, elements);
      med_put_u64(value.bytes + 16 + i * 16, level == 0 ? 0 : NODES - level);
    }
    med_key key = node("edited", NODES - 1 - level);
    damage_put(&key, &value);
    elements *= ENTRIES;
  }
  damage_number(record("edited"), DAMAGE_COUNT_AT, elements);
}

START_TEST(runs_of_a_list) {
  med_key root = node("edited", 0);
  TELLS("a node of runs is missing", damage_drop(root));
  TELLS("a node of runs does not decode", damage_len(root, 7));
  TELLS("a node of runs does not decode", damage_byte(root, 0, 10)); /* no tree is that high */
  TELLS("a node of runs does not decode", damage_byte(root, 3, 0));
  TELLS("a node of runs does not decode", damage_byte(root, 3, 113));
  TELLS("fewer elements than were counted", damage_byte(root, 0, 1));           /* it is its own child */
  TELLS("an element is in no run, another in two", damage_number(root, 16, 1)); /* the first run begins elsewhere */
  TELLS("fewer elements than were counted", damage_drop(element("edited", 0)));
  TELLS("the number of elements is wrong", name_elements_endlessly());
}
END_TEST

/* ---- Sets and sorted sets ---- */
static void drop_sampled(const char *name) {
  med_key sample = damage_first(name, MED_PART_SAMPLE);
  damage_value sampled = damage_get(&sample);
  damage_drop(damage_part(name, MED_PART_MEMBER, med_slice_of(sampled.bytes, sampled.len)));
}

START_TEST(members_of_a_set) {
  med_key longest = part_of_long_name("set", MED_PART_MEMBER);
  TELLS("the number of members is wrong", damage_number(record("set"), DAMAGE_COUNT_AT, 5));
  TELLS("the number of members is wrong", damage_drop(longest));
  TELLS("a sampled name is not there", drop_sampled("set"));
  TELLS("a sampled name is not there", damage_len(damage_first("set", MED_PART_SAMPLE), 0));
  TELLS("a name is too long", damage_len(damage_first("set", MED_PART_SAMPLE), MED_PART_LONG_NAME + 1));
  TELLS("a member's name does not match its key", damage_byte(longest, 5, 'x'));
  TELLS("an element is missing", damage_len(longest, 0));
}
END_TEST

START_TEST(members_and_scores_of_a_sorted_set) {
  uint8_t bits[8], name_too_long[8 + 2 + TOO_LONG] = {0};
  med_put_u64(bits, med_key_real_bits(1));
  med_key score = damage_part("sorted", MED_PART_SCORE, ALL_OF(bits));
  score.bytes[score.len++] = '1';
  med_put_u16(name_too_long + 8, TOO_LONG);
  TELLS("a member has no place among the scores", damage_drop(score));
  TELLS("a member has no place among the scores", damage_number(member("sorted", "1"), 0, 1));
  TELLS("a member's record does not decode", damage_len(member("sorted", "1"), 7));
  TELLS("a name is too long", add_part(part_too_long("sorted", MED_PART_MEMBER), name_too_long, sizeof name_too_long));
  score.bytes[score.len++] = '7';
  TELLS("the number of scores is wrong", add_part(score, "", 0));
  TELLS("a count of members does not decode", damage_len(damage_first("sorted", MED_PART_COUNTS), 11));
  static const char counts[] = "a sorted set's counts do not agree with its members";
  TELLS(counts, damage_number(damage_first("sorted", MED_PART_COUNTS), 0, 1));
  TELLS(counts, damage_drop(damage_first("sorted", MED_PART_COUNTS)));
  TELLS(counts, damage_number(record("sorted"), DAMAGE_HEAD_AT, 99)); /* levels */
  TELLS(counts, damage_number(record("sorted"), DAMAGE_TAIL_AT, 99)); /* groups */
}
END_TEST

PROPERTY_MAIN_BETWEEN("keyvalue_damage", damage_open, damage_close, a_record_that_does_not_decode,
                      records_that_contradict_each_other, a_key_that_is_longer_than_those_of_records,
                      chunks_that_are_not_what_the_record_says, a_whole_key_that_is_cut_is_not_taken_for_equal,
                      fields_of_a_hash, fields_that_expire, elements_of_a_list, runs_of_a_list, members_of_a_set,
                      members_and_scores_of_a_sorted_set)
