/* collections.c - what the commands on hashes, lists, sets and sorted sets share. */
#include "engine/redis/collections.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "engine/redis/scan.h"
#include "models/keyvalue/hash.h"
#include "storage/real_text.h"

#define NUMBER_TEXT_MAX 255
#define SEEN_FIRST_CAPACITY 64
#define WALK_TOTAL_MAX 2048 /* below so many things one walk is always cheaper */
#define WALK_FRACTION 50    /* above, when more than one in so many is wanted */

int med_redis_open_collection(med_redis_call *call, size_t index, med_kv_type type, med_collection *collection) {
  med_arena *arena = med_session_arena(call->session);
  if (type == MED_KV_HASH) return med_hash_open(&call->kv, call->argv[index], arena, collection);
  return med_collection_open(&call->kv, call->argv[index], type, arena, collection);
}

int med_redis_remove_key(med_redis_call *call, med_slice key, bool *removed) {
  int rc = med_kv_remove(&call->kv, key);
  *removed = rc == MEDLEY_OK;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_redis_no_memory(med_redis_call *call) { return med_error_no_memory(med_session_error_slot(call->session)); }

int med_redis_alloc(med_redis_call *call, size_t size, void **memory) {
  *memory = med_arena_alloc(med_session_arena(call->session), size > 0 ? size : 1);
  return *memory != NULL ? MEDLEY_OK : med_redis_no_memory(call);
}

int med_redis_copy(med_redis_call *call, med_slice bytes, med_slice *copy) {
  void *memory;
  int rc = med_redis_alloc(call, bytes.len, &memory);
  if (rc != MEDLEY_OK) return rc;
  if (bytes.len > 0) memcpy(memory, bytes.bytes, bytes.len);
  *copy = med_slice_of(memory, bytes.len);
  return MEDLEY_OK;
}

int med_redis_arg_at_least(med_redis_call *call, size_t index, int64_t least, const char *message, int64_t *integer) {
  if (med_redis_parse_integer(call->argv[index], integer) && *integer >= least) return MEDLEY_OK;
  return med_redis_error(call, MEDLEY_RANGE, "%s", message);
}

int med_redis_arg_not_negative(med_redis_call *call, size_t index, int64_t *integer) {
  return med_redis_arg_at_least(call, index, 0, "ERR value is out of range, must be positive", integer);
}

int med_redis_arg_count(med_redis_call *call, size_t index, int64_t *count) {
  int rc = med_redis_arg_integer(call, index, count);
  if (rc != MEDLEY_OK || *count > INT64_MIN) return rc;
  return med_redis_error(call, MEDLEY_RANGE, "ERR value is out of range, value must between %lld and %lld",
                         -(long long)INT64_MAX, (long long)INT64_MAX);
}

int med_redis_arg_key_count(med_redis_call *call, size_t index, size_t *count) {
  int64_t wanted;
  int rc = med_redis_arg_at_least(call, index, 1, "ERR numkeys should be greater than 0", &wanted);
  if (rc != MEDLEY_OK) return rc;
  if ((uint64_t)wanted > call->argc - index - 1) {
    return med_redis_error(call, MEDLEY_RANGE, "ERR Number of keys can't be greater than number of args");
  }
  *count = (size_t)wanted;
  return MEDLEY_OK;
}

bool med_redis_parse_loose_real(med_slice text, bool in_range, double *real) {
  char copy[NUMBER_TEXT_MAX + 1], *end;
  if (text.len > NUMBER_TEXT_MAX) return false;
  if (text.len > 0) memcpy(copy, text.bytes, text.len);
  copy[text.len] = 0;
  errno = 0;
  *real = med_real_text_double(copy, &end);
  return *end == 0 && !isnan(*real) && !(in_range && errno == ERANGE);
}

int med_redis_scan_open(med_redis_call *call, med_kv_type type, unsigned allowed, med_redis_scan *scan,
                        med_collection *collection, bool *over) {
  med_redis_call cursor_only = *call;
  int rc;
  cursor_only.argc = 3;
  MED_TRY(med_redis_scan_parse(&cursor_only, 2, 0, scan));
  MED_TRY(med_redis_open_collection(call, 1, type, collection));
  *over = !collection->exists;
  if (*over) {
    med_redis_scan_reply_cursor(call, NULL);
    med_reply_list_begin(call->reply);
    med_reply_list_end(call->reply);
    med_reply_list_end(call->reply);
  } else {
    MED_TRY(med_redis_scan_parse(call, 2, allowed, scan));
  }
done:
  return rc;
}

/* ---- Random subsets ---- Knuth's selection sampling: each subset is equally likely. */
bool med_redis_choice_takes(med_redis_choice *choice) {
  if (choice->wanted == 0 || choice->left == 0) return false;
  med_store *store = med_txn_store(choice->call->kv.txn);
  bool takes = choice->wanted >= choice->left || med_store_random(store) % choice->left < choice->wanted;
  choice->left--;
  choice->wanted -= takes;
  return takes;
}

bool med_redis_choice_walks(uint64_t wanted, uint64_t total) {
  return total <= WALK_TOTAL_MAX || wanted > total / WALK_FRACTION;
}

static med_slice *seen_slot(med_slice *slots, size_t capacity, med_slice name) {
  size_t at = (size_t)med_hash64(name.bytes, name.len, 0) & (capacity - 1);
  while (slots[at].bytes != NULL && !med_slice_equal(slots[at], name)) at = (at + 1) & (capacity - 1);
  return &slots[at];
}

static int seen_grow(med_redis_seen *seen) {
  size_t capacity = seen->capacity > 0 ? seen->capacity * 2 : SEEN_FIRST_CAPACITY;
  void *memory;
  int rc = med_redis_alloc(seen->call, capacity * sizeof(med_slice), &memory);
  if (rc != MEDLEY_OK) return rc;
  med_slice *slots = memory;
  memset(slots, 0, capacity * sizeof *slots);
  for (size_t i = 0; i < seen->capacity; i++) {
    if (seen->slots[i].bytes != NULL) *seen_slot(slots, capacity, seen->slots[i]) = seen->slots[i];
  }
  seen->slots = slots;
  seen->capacity = capacity;
  return MEDLEY_OK;
}

int med_redis_seen_add(med_redis_seen *seen, med_slice name, bool *fresh) {
  int rc = seen->count * 2 >= seen->capacity ? seen_grow(seen) : MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  med_slice *slot = seen_slot(seen->slots, seen->capacity, name);
  *fresh = slot->bytes == NULL;
  if (!*fresh) return MEDLEY_OK;
  seen->count++;
  return med_redis_copy(seen->call, name, slot);
}
