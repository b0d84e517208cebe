/* fuzz_records.c - decoders of stored records, given records with good checksums and bad contents.
 *
 * A small database of every type is made; then its records are changed through storage's own door, which gives them valid
 * checksums. An input is a list of changes: tree(1) record(1) kind(1) and what the kind needs. Afterwards every command that
 * reads these types runs, and so does the check. CORRUPT is a good answer; a crash, a hang or a wild read is none. */
#include <stdio.h>

#include "engine/database.h"
#include "tests/fuzz/kit.h"
#include "tests/fuzz/target.h"

enum { VALUE_MAX = 4096, CHANGES_MAX = 16, DEADLINE_MS = 200 };

static const char *const makers[] = {"SET s short",
                                     "SETRANGE long 9000 x",
                                     "EXPIRE s 1000",
                                     "HSET h a 1 b 2 c 3",
                                     "HPEXPIRE h 9000 FIELDS 1 a",
                                     "RPUSH l 1 2 3 4 5",
                                     "LPUSH l 0",
                                     "SADD t a b c 1",
                                     "ZADD z 1 a 2 b 3 c",
                                     "SELECT 1",
                                     "SET in-one 1",
                                     "SELECT 0",
                                     "INCR n",
                                     "SETBIT bits 77 1",
                                     "DEL gone",
                                     "RPUSH gone a b c d",
                                     "DEL gone",
                                     "PEXPIRE n 99999"};
static const char *const users[] = {"GET s",
                                    "GETRANGE long 0 -1",
                                    "STRLEN long",
                                    "APPEND s y",
                                    "SETRANGE long 5000 yy",
                                    "GETBIT bits 77",
                                    "BITCOUNT bits",
                                    "TTL s",
                                    "HGETALL h",
                                    "HGET h a",
                                    "HSET h a 9 z 1",
                                    "HDEL h b",
                                    "HTTL h FIELDS 1 a",
                                    "LRANGE l 0 -1",
                                    "LINDEX l 2",
                                    "LPUSH l q",
                                    "RPOP l",
                                    "LREM l 1 3",
                                    "LINSERT l BEFORE 2 w",
                                    "SMEMBERS t",
                                    "SISMEMBER t a",
                                    "SADD t zz",
                                    "SPOP t",
                                    "SREM t b",
                                    "ZRANGE z 0 -1 WITHSCORES",
                                    "ZADD z 5 a",
                                    "ZRANK z b",
                                    "ZPOPMIN z",
                                    "ZRANGEBYSCORE z -inf +inf",
                                    "TYPE s",
                                    "OBJECT ENCODING l",
                                    "SCAN 0",
                                    "HSCAN h 0",
                                    "SSCAN t 0",
                                    "ZSCAN z 0",
                                    "DUMP l",
                                    "COPY h h2",
                                    "RENAME z z2",
                                    "SORT l",
                                    "INCR n",
                                    "RANDOMKEY",
                                    "DBSIZE",
                                    "KEYS *",
                                    "DEL h l t",
                                    "INFO",
                                    "FLUSHALL"};

static void run_all(fuzz_kit *kit, const char *const *texts, size_t count) {
  for (size_t i = 0; i < count; i++) (void)fuzz_kit_run(kit, MEDLEY_LANGUAGE_REDIS, texts[i], strlen(texts[i]), NULL);
}

/* The record of that number, wrapping round; false if the tree is empty. */
static bool find_record(med_txn *txn, med_tree tree, unsigned number, med_key *key, uint8_t *value, size_t *len) {
  med_cursor *cursor;
  med_slice at, bytes;
  bool found = false;
  if (med_cursor_open(txn, tree, &cursor) != MEDLEY_OK) return false;
  int rc = med_cursor_first(cursor, &at, &bytes);
  for (unsigned i = 0; rc == MEDLEY_OK; i++) {
    med_key_init(key);
    med_key_set(key, at);
    *len = bytes.len < VALUE_MAX ? bytes.len : VALUE_MAX;
    memcpy(value, bytes.bytes, *len);
    found = true;
    if (i == number) break;
    rc = med_cursor_next(cursor, &at, &bytes);
  }
  med_cursor_close(cursor);
  return found;
}

static void change_record(med_txn *txn, input *in) {
  static const med_tree trees[] = {MED_TREE_KV, MED_TREE_KV, MED_TREE_EXPIRY, MED_TREE_META};
  med_tree tree = trees[input_byte(in) % 4];
  unsigned number = input_byte(in), kind = input_byte(in);
  med_key key;
  uint8_t value[VALUE_MAX + 256];
  size_t len, taken;
  if (!find_record(txn, tree, number % 64, &key, value, &len)) return;
  const uint8_t *from;
  switch (kind % 5) {
    case 0: /* bytes of the value */
    case 1: {
      size_t at = kind >= 128 ? input_byte(in) : input_byte(in) % 24;
      from = input_take(in, 1 + kind / 5 % 8, &taken);
      for (size_t i = 0; i < taken && at + i < len; i++) value[at + i] = from[i];
      break;
    }
    case 2: len = len > 0 ? input_byte(in) % len : 0; break; /* cut */
    case 3:                                                  /* another one */
      from = input_take(in, input_byte(in), &taken);
      memcpy(value, from, taken);
      len = taken;
      break;
    default: /* another key */
      from = input_take(in, 1 + kind / 5 % 12, &taken);
      if (taken == 0) return;
      size_t at = input_byte(in) % MED_KEY_SIZE_MAX;
      for (size_t i = 0; i < taken && at + i < MED_KEY_SIZE_MAX; i++) key.bytes[at + i] = from[i];
      if (at + taken > key.len && at <= key.len && at + taken <= MED_KEY_SIZE_MAX) key.len = (uint16_t)(at + taken);
      break;
  }
  if (len <= MED_VALUE_SIZE_MAX && key.len > 0)
    input_any_status(med_txn_put(txn, tree, med_key_slice(&key), med_slice_of(value, len)));
}

static void change_records(fuzz_kit *kit, input *in) {
  med_member *member;
  medley_error error;
  MUST(med_member_open(kit->db->store, &member) == MEDLEY_OK);
  MUST(med_writer_begin(member, false, 1000, &error) == MEDLEY_OK);
  for (unsigned i = 0; i < CHANGES_MAX && in->left > 2; i++) change_record(med_member_txn(member), in);
  MUST(med_writer_commit(member, &error) == MEDLEY_OK);
  med_member_close(member);
}

static void on_problem(void *context, const char *problem) {
  size_t *bytes = context;
  MUST(problem != NULL);
  *bytes += strlen(problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_kit kit;
  uint64_t problems;
  size_t problem_bytes = 0;
  medley_error error;
  input in = {bytes, size};
  fuzz_kit_open(&kit, DEADLINE_MS);
  run_all(&kit, makers, sizeof makers / sizeof *makers);
  change_records(&kit, &in);
  int more;
  input_any_status(medley_check(kit.db, on_problem, &problem_bytes, &problems, &error));
  run_all(&kit, users, sizeof users / sizeof *users);
  static const char sql[] = "SELECT * FROM kv";
  (void)fuzz_kit_run(&kit, MEDLEY_LANGUAGE_SQL, sql, sizeof sql - 1, NULL);
  input_any_status(medley_maintain(kit.db, 2000, &more, &error));
  input_any_status(medley_check(kit.db, on_problem, &problem_bytes, &problems, &error));
  fuzz_kit_close(&kit);
  return 0;
}
