/* keyvalue_damage_kit.h - one key of each kind, as the product writes them; their records changed one by one; and what the check then tells. */
#ifndef KEYVALUE_DAMAGE_KIT_H
#define KEYVALUE_DAMAGE_KIT_H

#include "models/keyvalue/hash.h"
#include "models/keyvalue/list.h"
#include "models/keyvalue/record.h"
#include "models/keyvalue/set.h"
#include "models/keyvalue/sorted_set.h"
#include "models/keyvalue/string.h"
#include "tests/unit/collection_kit.h"

enum {
  DAMAGE_LONG = 9000,          /* bytes of what lies in chunks: three of them */
  DAMAGE_NAME = 600,           /* of a name that its part's key does not hold */
  DAMAGE_EDITED = 100,         /* elements of the list that was edited in the middle */
  DAMAGE_MEMBERS = 300,        /* of the set and of the sorted set: some are sampled, groups are counted */
  DAMAGE_EXPIRES_MS = 1 << 20, /* after now */
  DAMAGE_HEADER = 9,           /* of a record: type and stamp */
  DAMAGE_COUNT_AT = 17,        /* in a record with an object and without an expiry */
  DAMAGE_HEAD_AT = 25,
  DAMAGE_TAIL_AT = 33
};

static collection_kit kit;
static char damage_long[DAMAGE_LONG], damage_name[DAMAGE_NAME], damage_key[DAMAGE_NAME], damage_long_key[DAMAGE_LONG];

#define OK(expression_) KIT_OK(&kit, expression_)
#define TEXT(text_) med_slice_of_text(text_)
#define ALL_OF(bytes_) med_slice_of(bytes_, sizeof bytes_)

/* ---- One key of each kind ---- */
/* The first chunk does not pack, those behind it do. */
static inline void damage_fill(char *bytes, size_t len, uint64_t seed) {
  for (size_t i = 0; i < len; i++) bytes[i] = i < 4064 ? (char)property_random(&seed) : 'r';
}

static inline void damage_put_strings(void) {
  OK(med_string_set(&kit.kv, TEXT("short"), TEXT("value"), med_kv_now_ms(&kit.kv) + DAMAGE_EXPIRES_MS));
  OK(med_string_set(&kit.kv, TEXT("long"), ALL_OF(damage_long), 0));
  OK(med_string_set(&kit.kv, ALL_OF(damage_key), TEXT("v"), 0));
  OK(med_string_set(&kit.kv, ALL_OF(damage_long_key), TEXT("v"), 0));
}

static inline void damage_put_hash(void) {
  med_collection hash;
  bool created;
  OK(med_hash_open(&kit.kv, TEXT("hash"), &kit.arena, &hash));
  OK(med_hash_put(&hash, TEXT("a"), TEXT("1"), false, &created));
  OK(med_hash_set_expiry(&hash, TEXT("a"), med_kv_now_ms(&kit.kv) + DAMAGE_EXPIRES_MS));
  OK(med_hash_put(&hash, TEXT("b"), ALL_OF(damage_long), false, &created));
  OK(med_hash_put(&hash, ALL_OF(damage_name), TEXT("2"), false, &created));
  OK(med_collection_save(&hash));
}

static inline void damage_put_lists(void) {
  med_collection list;
  OK(med_list_open(&kit.kv, TEXT("list"), &kit.arena, &list));
  OK(med_list_push(&list, false, TEXT("one")));
  OK(med_list_push(&list, false, ALL_OF(damage_long)));
  OK(med_list_push(&list, false, TEXT("three")));
  OK(med_collection_save(&list));
  OK(med_list_open(&kit.kv, TEXT("edited"), &kit.arena, &list));
  for (int i = 1; i < DAMAGE_EDITED; i++) OK(med_list_push(&list, false, TEXT("e")));
  OK(med_list_insert(&list, DAMAGE_EDITED / 2, TEXT("between")));
  OK(med_collection_save(&list));
}

static inline void damage_put_sets(void) {
  med_collection set, sorted;
  bool added;
  OK(med_set_open(&kit.kv, TEXT("set"), &kit.arena, &set));
  OK(med_sorted_set_open(&kit.kv, TEXT("sorted"), &kit.arena, &sorted));
  for (int i = 1; i < DAMAGE_MEMBERS; i++) {
    char name[16];
    snprintf(name, sizeof name, "%d", i);
    OK(med_set_add(&set, TEXT(name), &added));
    OK(med_sorted_set_put(&sorted, TEXT(name), i, NULL, NULL));
  }
  OK(med_set_add(&set, ALL_OF(damage_name), &added));
  OK(med_sorted_set_put(&sorted, ALL_OF(damage_name), 0, NULL, NULL));
  OK(med_collection_save(&set));
  OK(med_collection_save(&sorted));
}

static inline void damage_open(void) {
  kit_open(&kit, 1);
  damage_fill(damage_long, sizeof damage_long, 7919);
  damage_fill(damage_long_key, sizeof damage_long_key, 104729);
  memset(damage_name, 'n', sizeof damage_name);
  memset(damage_key, 'k', sizeof damage_key);
  damage_put_strings();
  damage_put_hash();
  damage_put_lists();
  damage_put_sets();
}

/* ---- Where things are ---- */
static inline med_key damage_record_key(med_slice name) {
  med_key key;
  med_record_key(kit.kv.bucket_id, name, &key);
  return key;
}

static inline uint64_t damage_object(const char *name) {
  med_kv_meta meta;
  OK(med_kv_find(&kit.kv, TEXT(name), &meta));
  return meta.object_id;
}

static inline med_key damage_part(const char *name, uint8_t tag, med_slice behind) {
  med_key key;
  med_kv_part_key(damage_object(name), &key);
  med_key_add_u8(&key, tag);
  memcpy(key.bytes + key.len, behind.bytes, behind.len);
  key.len = (uint16_t)(key.len + behind.len);
  return key;
}

static inline med_key damage_chunk(uint64_t object_id, uint32_t index) {
  med_key key;
  med_kv_part_key(object_id, &key);
  med_key_add_u32(&key, index);
  return key;
}

/* The first part of that tag. */
static inline med_key damage_first(const char *name, uint8_t tag) {
  med_key from = damage_part(name, tag, med_slice_of("", 0)), found;
  med_cursor *cursor;
  med_slice key;
  OK(med_cursor_open(kit.kv.txn, MED_TREE_KV, &cursor));
  OK(med_cursor_seek(cursor, med_key_slice(&from), &key, NULL));
  ck_assert(med_slice_starts_with(key, med_key_slice(&from)));
  med_key_set(&found, key);
  med_cursor_close(cursor);
  return found;
}

/* ---- Changing it ---- */
typedef struct damage_value {
  size_t len;
  uint8_t bytes[MED_VALUE_SIZE_MAX];
} damage_value;

static inline damage_value damage_get(const med_key *key) {
  damage_value value;
  med_slice found;
  OK(med_txn_get(kit.kv.txn, MED_TREE_KV, med_key_slice(key), &found));
  value.len = found.len;
  if (found.len > 0) memcpy(value.bytes, found.bytes, found.len);
  return value;
}

static inline void damage_put(const med_key *key, const damage_value *value) {
  OK(med_txn_put(kit.kv.txn, MED_TREE_KV, med_key_slice(key), med_slice_of(value->bytes, value->len)));
}

static inline void damage_byte(med_key key, size_t at, uint8_t byte) {
  damage_value value = damage_get(&key);
  ck_assert(at < value.len && value.bytes[at] != byte);
  value.bytes[at] = byte;
  damage_put(&key, &value);
}

static inline void damage_number(med_key key, size_t at, uint64_t number) {
  damage_value value = damage_get(&key);
  ck_assert(at + 8 <= value.len && med_get_u64(value.bytes + at) != number);
  med_put_u64(value.bytes + at, number);
  damage_put(&key, &value);
}

/* Shorter, or longer by zeros. */
static inline void damage_len(med_key key, size_t len) {
  damage_value value = damage_get(&key);
  ck_assert(len != value.len);
  if (len > value.len) memset(value.bytes + value.len, 0, len - value.len);
  value.len = len;
  damage_put(&key, &value);
}

static inline void damage_drop(med_key key) { OK(med_txn_delete(kit.kv.txn, MED_TREE_KV, med_key_slice(&key))); }

static inline void damage_move(med_key from, med_key to) {
  damage_value value = damage_get(&from);
  damage_drop(from);
  damage_put(&to, &value);
}

static inline void damage_add(med_tree tree, const void *key, size_t len, med_slice value) {
  OK(med_txn_put(kit.kv.txn, tree, med_slice_of(key, len), value));
}

/* ---- What is told ---- */
typedef struct damage_told {
  size_t len;
  uint64_t lines;
  char text[1 << 16];
} damage_told;

static inline void damage_tell(void *context, const char *problem) {
  damage_told *told = context;
  told->lines++;
  size_t room = sizeof told->text - told->len;
  size_t len = (size_t)snprintf(told->text + told->len, room, "%s\n", problem);
  told->len += len < room ? len : room - 1;
}

static inline void damage_is_told(const char *words, const char *damage) {
  static damage_told told;
  uint64_t count = 0, again = 0;
  memset(&told, 0, sizeof told);
  OK(med_kv_check(kit.kv.txn, damage_tell, &told, &count));
  ck_assert_msg(strstr(told.text, words) != NULL, "%s\n-- tells not: %s, but:\n%s", damage, words, told.text);
  ck_assert_uint_eq(told.lines, count);
  OK(med_kv_check(kit.kv.txn, NULL, NULL, &again)); /* and is counted when nobody listens */
  ck_assert_uint_eq(again, count);
}

static inline void damage_whole(void) {
  uint64_t printed = 0, count = 0;
  OK(med_kv_check(kit.kv.txn, kit_problem, &printed, &count));
  ck_assert_uint_eq(count, 0);
}

static inline void damage_close(void) {
  damage_whole();
  kit_close(&kit);
}

/* The damage, undone afterwards, is told in these words. */
#define TELLS(words_, damage_)                  \
  do {                                          \
    med_mark mark_ = med_txn_mark(kit.kv.txn);  \
    damage_;                                    \
    damage_is_told(words_, #damage_);           \
    OK(med_txn_rollback_to(kit.kv.txn, mark_)); \
  } while (0)

/* With the damage, undone afterwards, the call answers CORRUPT in these words. */
#define REFUSES(words_, call_, damage_)                                                                     \
  do {                                                                                                      \
    med_mark mark_ = med_txn_mark(kit.kv.txn);                                                              \
    damage_;                                                                                                \
    med_error_clear(med_txn_error(kit.kv.txn));                                                             \
    int rc_ = call_;                                                                                        \
    const char *said_ = med_txn_error(kit.kv.txn)->message;                                                 \
    ck_assert_msg(rc_ == MEDLEY_CORRUPT, "%s\n-- %s: %s", #damage_, #call_, medley_status_name(rc_));       \
    ck_assert_msg(strstr(said_, words_) != NULL, "%s\n-- tells not: %s, but: %s", #damage_, words_, said_); \
    OK(med_txn_rollback_to(kit.kv.txn, mark_));                                                             \
  } while (0)

#endif
