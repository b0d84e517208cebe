/* check.c - proving that records, buckets' counts, the expiry index and the parts of objects agree with each other.
 *
 * Three passes: every record (decodes, is where its key says, has its expiry entry, its object is whole), every entry of
 * tree EXPIRY (names something that is there), every object among the parts (a record names it, or it waits to be freed).
 * The ids of objects that records name are kept in memory meanwhile: eight bytes each. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/keyvalue/chunks.h"
#include "models/keyvalue/collection.h"
#include "models/keyvalue/record.h"
#include "models/keyvalue/string.h"

typedef struct check {
  med_txn *txn;
  void (*on_problem)(void *, const char *);
  void *context;
  uint64_t *problem_count;
  med_buffer object_ids; /* of records, eight bytes each, sorted before the third pass */
  uint32_t bucket_id;    /* of the records that are being counted */
  uint64_t bucket_count, due_count;
} check;

/* As a collection's check wants it: there is always somebody to tell. */
static void tell(void *context, const char *text) {
  check *work = context;
  if (work->on_problem != NULL) work->on_problem(work->context, text);
}

static void problem(check *work, const char *format, ...) MED_PRINTF(2, 3);
static void problem(check *work, const char *format, ...) {
  char text[MEDLEY_ERROR_MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  (*work->problem_count)++;
  tell(work, text);
}

/* Damage is a problem to be told; anything else ends the check. */
static int tell_damage(check *work, int rc) {
  if (rc != MEDLEY_CORRUPT) return rc;
  problem(work, "%s", med_txn_error(work->txn)->message);
  med_error_clear(med_txn_error(work->txn));
  return MEDLEY_OK;
}

static int add_object(check *work, uint64_t object_id) {
  uint8_t bytes[8];
  memcpy(bytes, &object_id, sizeof bytes);
  if (object_id == 0 || med_buffer_append(&work->object_ids, bytes, sizeof bytes)) return MEDLEY_OK;
  return med_error_no_memory(med_txn_error(work->txn));
}

static int finish_bucket(check *work) {
  uint64_t count = 0;
  int rc = tell_damage(work, med_bucket_count(work->txn, work->bucket_id, &count));
  if (rc != MEDLEY_OK) return rc;
  if (count != work->bucket_count)
    problem(work, "key-value: bucket %u says it has another number of keys than its %llu", work->bucket_id,
            (unsigned long long)work->bucket_count);
  work->bucket_count = 0;
  return MEDLEY_OK;
}

static int check_parts(check *work, const med_kv_meta *meta, med_slice key) {
  med_kv kv = {work->txn, work->bucket_id};
  if (meta->type == MED_KV_STRING) return tell_damage(work, med_string_check(&kv, meta));
  return tell_damage(work, med_collection_check(&kv, key, meta, tell, work, work->problem_count));
}

static int check_record(check *work, const med_key *tree_key, med_slice value) {
  med_kv_meta meta;
  med_kv_whole_key whole;
  med_buffer space = {0};
  med_slice key, found;
  med_key expected, due;
  int rc = med_record_decode(work->txn, value, &meta, &whole);
  if (rc != MEDLEY_OK) return tell_damage(work, rc);
  MED_TRY(add_object(work, meta.object_id));
  MED_TRY(add_object(work, meta.key_object_id));
  rc = med_record_whole_key(work->txn, tree_key, &meta, &whole, &space, &key);
  if (rc != MEDLEY_OK) {
    rc = tell_damage(work, rc);
    goto done;
  }
  med_record_key(work->bucket_id, key, &expected);
  if (!med_slice_equal(med_key_slice(&expected), med_key_slice(tree_key)))
    problem(work, "key-value: a record lies where another key's belongs: bucket %u", work->bucket_id);
  if (meta.expires_ms != 0) {
    work->due_count++;
    med_record_due_key(meta.expires_ms, tree_key, &due);
    rc = med_txn_get(work->txn, MED_TREE_EXPIRY, med_key_slice(&due), &found);
    if (rc == MEDLEY_NOT_FOUND) problem(work, "key-value: a key that expires is not in the expiry index");
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) MED_TRY(tell_damage(work, rc));
  }
  MED_TRY(check_parts(work, &meta, key));
done:
  med_buffer_clear(&space);
  return rc;
}

static int check_records(check *work) {
  med_cursor *cursor = NULL;
  uint8_t first = MED_KV_KEY_RECORD;
  med_slice key, value;
  bool any = false;
  int rc = med_cursor_open(work->txn, MED_TREE_KV, &cursor);
  if (rc != MEDLEY_OK) return rc;
  for (rc = med_cursor_seek(cursor, med_slice_of(&first, 1), &key, &value); rc == MEDLEY_OK;
       rc = med_cursor_next(cursor, &key, &value)) {
    const uint8_t *bytes = key.bytes;
    if (bytes[0] != MED_KV_KEY_RECORD) break;
    if (key.len < MED_KV_TAIL_OFFSET || key.len > MED_KV_TAIL_OFFSET + MED_KV_TAIL_MAX) {
      problem(work, "key-value: a record's key has a wrong length");
      continue;
    }
    uint32_t bucket_id = med_get_u32(bytes + 1);
    if (any && bucket_id != work->bucket_id) rc = finish_bucket(work);
    if (rc != MEDLEY_OK) break;
    any = true;
    work->bucket_id = bucket_id;
    work->bucket_count++;
    med_key tree_key;
    memcpy(tree_key.bytes, bytes, key.len);
    tree_key.len = (uint16_t)key.len;
    rc = check_record(work, &tree_key, value);
    if (rc != MEDLEY_OK) break;
  }
  bool at_end = rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND; /* a walk that was cut short has counted too few */
  if (at_end && any) rc = finish_bucket(work);
  med_cursor_close(cursor);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* ---- The expiry index ---- */

static int check_due(check *work) {
  med_cursor *cursor = NULL;
  uint64_t entries = 0;
  uint8_t first = MED_KV_DUE_KEY;
  med_slice key;
  int rc = med_cursor_open(work->txn, MED_TREE_EXPIRY, &cursor);
  if (rc != MEDLEY_OK) return rc;
  for (rc = med_cursor_seek(cursor, med_slice_of(&first, 1), &key, NULL); rc == MEDLEY_OK;
       rc = med_cursor_next(cursor, &key, NULL)) {
    if (*(const uint8_t *)key.bytes != MED_KV_DUE_KEY) break;
    entries++;
  }
  med_cursor_close(cursor);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return tell_damage(work, rc);
  if (entries != work->due_count)
    problem(work, "key-value: the expiry index has %llu keys, but %llu expire", (unsigned long long)entries,
            (unsigned long long)work->due_count);
  return MEDLEY_OK;
}

/* ---- Objects ---- */

static int compare_ids(const void *a, const void *b) {
  uint64_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return x < y ? -1 : x > y;
}

static void check_unique_objects(check *work) {
  size_t count = work->object_ids.len / 8;
  if (count > 0) qsort(work->object_ids.bytes, count, 8, compare_ids);
  for (size_t i = 1; i < count; i++)
    if (memcmp(work->object_ids.bytes + i * 8, work->object_ids.bytes + i * 8 - 8, 8) == 0)
      problem(work, "key-value: two records name one object");
}

static int check_owner(check *work, uint64_t object_id) {
  size_t count = work->object_ids.len / 8;
  if (count > 0 && bsearch(&object_id, work->object_ids.bytes, count, 8, compare_ids) != NULL) return MEDLEY_OK;
  med_key entry;
  med_slice value;
  med_key_init(&entry);
  med_key_add_u8(&entry, MED_KV_DUE_OBJECT);
  med_key_add_u64(&entry, object_id);
  int rc = med_txn_get(work->txn, MED_TREE_EXPIRY, med_key_slice(&entry), &value);
  if (rc != MEDLEY_NOT_FOUND) return tell_damage(work, rc);
  problem(work, "key-value: nobody owns the parts of object %llu", (unsigned long long)object_id);
  return MEDLEY_OK;
}

/* One look at each object: from its first part straight to the next object's. */
static int check_objects(check *work) {
  med_cursor *cursor = NULL;
  med_slice key;
  uint64_t object_id = 0;
  check_unique_objects(work);
  int rc = med_cursor_open(work->txn, MED_TREE_KV, &cursor);
  while (rc == MEDLEY_OK) {
    med_key from;
    med_kv_part_key(object_id, &from);
    if (object_id == 0) from.len = 1; /* a key that is too short may lie before the first part's */
    rc = med_cursor_seek(cursor, med_key_slice(&from), &key, NULL);
    if (rc != MEDLEY_OK || *(const uint8_t *)key.bytes != MED_KV_KEY_PART) break;
    if (key.len < 9) {
      problem(work, "key-value: a part's key is too short");
      break;
    }
    object_id = med_get_u64((const uint8_t *)key.bytes + 1);
    rc = check_owner(work, object_id);
    if (object_id++ == UINT64_MAX) break;
  }
  med_cursor_close(cursor);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : tell_damage(work, rc);
}

int med_kv_check(med_txn *txn, void (*on_problem)(void *, const char *), void *context, uint64_t *count) {
  check work = {.txn = txn, .on_problem = on_problem, .context = context, .problem_count = count};
  int rc;
  MED_TRY(check_records(&work));
  MED_TRY(check_due(&work));
  MED_TRY(check_objects(&work));
done:
  med_buffer_clear(&work.object_ids);
  return rc;
}
