/* cache.c - what a session does with cache buckets: straight into the segment, or into the overlay of its transaction.
 *
 * A read-only handle may use cache buckets: they are no part of the file. */
#include "engine/cache.h"

#include "engine/cache_client.h"
#include "models/keyvalue/keyspace.h"

/* Numbers of values and leases in an overlay: never those of a segment, which begin far below. */
#define OVERLAY_NUMBER ((uint64_t)1 << 63)

typedef struct cache_call {
  medley_session *session;
  med_cache_client *client;
  med_cache_bucket *bucket;
  med_slice name;
  int64_t now_us;
  bool writing; /* into the overlay */
  bool begun;   /* a statement of its own, which made the transaction a writing one */
} cache_call;

static medley_error *slot_of(const cache_call *call) { return med_session_error_slot(call->session); }

int64_t med_cache_now_us(medley_session *session) {
  return med_store_now_us(med_cache_hub_store(med_session_cache_hub(session)));
}

/* ---- The frame of a call ---- */
static int find_bucket(cache_call *call) {
  int rc = med_cache_client_bucket(call->client, call->name, &call->bucket, slot_of(call));
  if (rc != MEDLEY_NOT_FOUND) return rc;
  return med_error_set(slot_of(call), rc, "cache: there is no such bucket: %.*s",
                       (int)(call->name.len < 100 ? call->name.len : 100), (const char *)call->name.bytes);
}

static int begin_call(cache_call *call, medley_session *session, med_slice bucket, bool changes) {
  *call = (cache_call){.session = session, .name = bucket};
  int rc = med_cache_client_open(session, &call->client);
  if (rc != MEDLEY_OK) return rc;
  med_txn *txn = med_session_txn(session);
  call->writing = txn != NULL && med_txn_writes(txn);
  if (changes && !call->writing && medley_session_state(session) != MEDLEY_NO_TRANSACTION) {
    rc = med_session_statement_begin(session, MED_WRITES, &txn);
    if (rc != MEDLEY_OK) return rc;
    call->begun = call->writing = true;
  }
  rc = find_bucket(call);
  call->now_us = med_cache_now_us(session);
  if (rc != MEDLEY_OK && call->begun) rc = med_session_statement_end(session, rc, false);
  return rc;
}

/* A key may not be there, or be there, or be another: the caller asked for just that, so there is no message. A refused
 * change has left nothing, so the statement that carried it ends well. */
static int end_call(cache_call *call, int rc) {
  int end = call->begun ? med_session_statement_end(call->session, MEDLEY_OK, false) : MEDLEY_OK;
  if (end != MEDLEY_OK) return end;
  medley_error *error = slot_of(call);
  if (rc == MEDLEY_OK || error->status != MEDLEY_OK) return rc;
  switch (rc) {
    case MEDLEY_TOO_BIG:
      return med_error_set(error, rc, "cache: a key has at most %d bytes, a value at most a quarter of its bucket",
                           MED_CACHE_KEY_SIZE_MAX);
    case MEDLEY_FULL: return med_error_set(error, rc, "cache: the bucket is full, and its policy evicts nothing");
    case MEDLEY_TYPE: return med_error_set(error, rc, "cache: the value is not a decimal number of 64 bits");
    case MEDLEY_NO_MEMORY: return med_error_no_memory(error);
    case MEDLEY_CORRUPT: return med_error_set(error, rc, "cache: a mutex of the bucket is unusable");
    default: return rc;
  }
}

/* Whether the call is to be tried again, in the bucket that now has the name. */
static bool is_gone(cache_call *call, int *rc) {
  if (*rc != MEDLEY_SCHEMA) return false;
  *rc = find_bucket(call);
  return *rc == MEDLEY_OK;
}

static void lend(const cache_call *call, med_slice value, const med_cache_hit *hit, medley_cache_item *item) {
  (void)call;
  item->value = value;
  item->flags = hit->flags;
  item->cas = hit->cas;
  item->lease = 0;
}

static med_slice lent_value(const cache_call *call) {
  return med_slice_of(call->client->value.bytes, call->client->value.len);
}

/* ---- What a key is to a writing session ---- */
typedef struct present_value {
  med_slice value;
  med_cache_hit hit;
  uint64_t base_cas; /* of the segment's value it was made from, 0: of none */
} present_value;

static int look_in_overlay(const cache_call *call, const med_overlay_entry *entry, present_value *present) {
  if (entry->kind != MED_OVERLAY_SET) return MEDLEY_NOT_FOUND;
  if (entry->expires_us != 0 && entry->expires_us <= call->now_us) return MEDLEY_NOT_FOUND;
  present->value = med_overlay_value(entry);
  present->base_cas = entry->base_cas;
  present->hit = (med_cache_hit){
      .flags = entry->flags, .cas = entry->cas, .expires_us = entry->expires_us, .value_len = entry->value_len};
  return MEDLEY_OK;
}

static int find_present(cache_call *call, med_slice key, present_value *present) {
  const med_overlay_entry *entry = med_overlay_find(&call->client->overlay, call->bucket, key);
  if (entry != NULL) return look_in_overlay(call, entry, present);
  int rc;
  do {
    rc = med_cache_segment_get(call->bucket->segment, key, call->now_us, &call->client->value, &present->hit);
  } while (is_gone(call, &rc));
  present->value = lent_value(call);
  present->base_cas = present->hit.cas;
  return rc;
}

static int add(cache_call *call, med_overlay_entry *entry, med_slice key, med_slice value) {
  entry->bucket = call->bucket;
  entry->cas = OVERLAY_NUMBER | ++call->client->sequence;
  return med_cache_client_add(call->client, entry, key, value, slot_of(call));
}

static int add_value(cache_call *call, med_slice key, med_slice value, uint32_t flags, int64_t expires_us,
                     uint64_t base_cas) {
  med_overlay_entry entry = {.kind = MED_OVERLAY_SET, .flags = flags, .expires_us = expires_us, .base_cas = base_cas};
  return add(call, &entry, key, value);
}

static int check_sizes(const cache_call *call, med_slice key, size_t value_len) {
  bool fits = key.len <= MED_CACHE_KEY_SIZE_MAX && value_len <= med_cache_segment_value_size_max(call->bucket->segment);
  return fits ? MEDLEY_OK : MEDLEY_TOO_BIG;
}

/* ---- Reading ---- */
int med_cache_find_bucket(medley_session *session, med_slice bucket) {
  med_cache_client *client;
  med_cache_bucket *found;
  int rc = med_cache_client_open(session, &client);
  return rc == MEDLEY_OK ? med_cache_client_bucket(client, bucket, &found, med_session_error_slot(session)) : rc;
}

int med_cache_get(medley_session *session, med_slice bucket, med_slice key, medley_cache_item *item) {
  cache_call call;
  int rc = begin_call(&call, session, bucket, false);
  if (rc != MEDLEY_OK) return rc;
  present_value present = {0};
  rc = find_present(&call, key, &present); /* without a transaction the overlay is empty */
  if (rc == MEDLEY_OK) lend(&call, present.value, &present.hit, item);
  return end_call(&call, rc);
}

int med_cache_expiry(medley_session *session, med_slice bucket, med_slice key, int64_t *expires_us, size_t *value_len) {
  cache_call call;
  int rc = begin_call(&call, session, bucket, false);
  if (rc != MEDLEY_OK) return rc;
  present_value present = {0};
  const med_overlay_entry *entry = med_overlay_find(&call.client->overlay, call.bucket, key);
  if (entry != NULL) {
    rc = look_in_overlay(&call, entry, &present);
  } else {
    do {
      rc = med_cache_segment_look(call.bucket->segment, key, call.now_us, &present.hit);
    } while (is_gone(&call, &rc));
  }
  if (rc == MEDLEY_OK) {
    *expires_us = present.hit.expires_us;
    if (value_len != NULL) *value_len = present.hit.value_len;
  }
  return end_call(&call, rc);
}

int med_cache_ttl(medley_session *session, med_slice bucket, med_slice key, int64_t *ttl_ms) {
  int64_t expires_us;
  int rc = med_cache_expiry(session, bucket, key, &expires_us, NULL);
  if (rc != MEDLEY_OK) return rc;
  int64_t left_us = expires_us - med_cache_now_us(session);
  *ttl_ms = expires_us == 0 ? -1 : left_us <= 0 ? 0 : (left_us - 1) / 1000 + 1;
  return rc;
}

int med_cache_stat(medley_session *session, med_slice bucket, medley_cache_stats *stats) {
  cache_call call;
  int rc = begin_call(&call, session, bucket, false);
  if (rc != MEDLEY_OK) return rc;
  do {
    rc = med_cache_segment_stat(call.bucket->segment, stats);
  } while (is_gone(&call, &rc));
  return end_call(&call, rc);
}

/* ---- Changing ---- */
static int touch_in_overlay(cache_call *call, med_slice key, int64_t expires_us, present_value *present) {
  int rc = find_present(call, key, present);
  if (rc == MEDLEY_OK) rc = add_value(call, key, present->value, present->hit.flags, expires_us, present->base_cas);
  return rc;
}

int med_cache_get_and_touch(medley_session *session, med_slice bucket, med_slice key, int64_t expires_us,
                            medley_cache_item *item) {
  cache_call call;
  int rc = begin_call(&call, session, bucket, true);
  if (rc != MEDLEY_OK) return rc;
  present_value present = {0};
  if (call.writing) {
    rc = touch_in_overlay(&call, key, expires_us, &present);
  } else {
    do {
      rc = med_cache_segment_get_and_touch(call.bucket->segment, key, expires_us, call.now_us, &call.client->value,
                                           &present.hit);
    } while (is_gone(&call, &rc));
    present.value = lent_value(&call);
  }
  if (rc == MEDLEY_OK) lend(&call, present.value, &present.hit, item);
  return end_call(&call, rc);
}

int med_cache_touch(medley_session *session, med_slice bucket, med_slice key, int64_t expires_us) {
  cache_call call;
  int rc = begin_call(&call, session, bucket, true);
  if (rc != MEDLEY_OK) return rc;
  present_value present = {0};
  if (call.writing) {
    rc = touch_in_overlay(&call, key, expires_us, &present);
  } else {
    do {
      rc = med_cache_segment_touch(call.bucket->segment, key, expires_us, call.now_us);
    } while (is_gone(&call, &rc));
  }
  return end_call(&call, rc);
}

/* APPEND and PREPEND: the whole new value goes into the overlay. */
static int join(cache_call *call, const med_cache_change *change, const present_value *present) {
  size_t len = present->value.len + change->value.len;
  int rc = check_sizes(call, change->key, len);
  if (rc != MEDLEY_OK) return rc;
  bool appends = change->mode == MEDLEY_CACHE_APPEND;
  med_slice first = appends ? present->value : change->value, last = appends ? change->value : present->value;
  med_buffer joined = {0};
  if (med_buffer_append(&joined, first.bytes, first.len) && med_buffer_append(&joined, last.bytes, last.len)) {
    rc = add_value(call, change->key, med_slice_of(joined.bytes, joined.len), present->hit.flags,
                   present->hit.expires_us, present->base_cas);
  } else {
    rc = MEDLEY_NO_MEMORY;
  }
  med_buffer_clear(&joined);
  return rc;
}

static int put_in_overlay(cache_call *call, const med_cache_change *change) {
  present_value present = {0};
  int rc = check_sizes(call, change->key, change->value.len);
  if (rc != MEDLEY_OK) return rc;
  bool is_blind = change->mode == MEDLEY_CACHE_SET && !change->keep_expiry;
  int found = is_blind ? MEDLEY_NOT_FOUND : find_present(call, change->key, &present);
  if (found != MEDLEY_OK && found != MEDLEY_NOT_FOUND) return found;
  int64_t expires_us = found == MEDLEY_OK && change->keep_expiry ? present.hit.expires_us : change->expires_us;
  switch (change->mode) {
    case MEDLEY_CACHE_SET: break;
    case MEDLEY_CACHE_ADD:
      if (found == MEDLEY_OK) return MEDLEY_EXISTS;
      break;
    case MEDLEY_CACHE_REPLACE:
      if (found != MEDLEY_OK) return found;
      break;
    case MEDLEY_CACHE_CAS:
      if (found != MEDLEY_OK) return found;
      if (present.hit.cas != change->cas) return MEDLEY_CONSTRAINT;
      return add_value(call, change->key, change->value, change->flags, expires_us, present.base_cas);
    case MEDLEY_CACHE_APPEND:
    case MEDLEY_CACHE_PREPEND: return found == MEDLEY_OK ? join(call, change, &present) : found;
    default: return MEDLEY_MISUSE;
  }
  return add_value(call, change->key, change->value, change->flags, expires_us, 0);
}

int med_cache_put(medley_session *session, med_slice bucket, medley_cache_mode mode, med_slice key, med_slice value,
                  uint32_t flags, int64_t expires_us, uint64_t cas) {
  if ((int)mode < 0 || mode > MEDLEY_CACHE_CAS) {
    return med_error_set(med_session_error_slot(session), MEDLEY_MISUSE, "cache: put has six modes");
  }
  cache_call call;
  int rc = begin_call(&call, session, bucket, true);
  if (rc != MEDLEY_OK) return rc;
  med_cache_change change = {.mode = mode, .key = key, .value = value, .flags = flags, .cas = cas};
  change.keep_expiry = expires_us == MED_CACHE_KEEP_EXPIRY;
  change.expires_us = change.keep_expiry ? 0 : expires_us;
  if (call.writing) {
    rc = put_in_overlay(&call, &change);
  } else {
    do {
      rc = med_cache_segment_put(call.bucket->segment, &change, call.now_us);
    } while (is_gone(&call, &rc));
  }
  return end_call(&call, rc);
}

/* Also of what is not there: the commit then voids its lease. */
static int delete_in_overlay(cache_call *call, med_slice key) {
  if (key.len > MED_CACHE_KEY_SIZE_MAX) return MEDLEY_NOT_FOUND;
  present_value present = {0};
  int found = find_present(call, key, &present);
  if (found != MEDLEY_OK && found != MEDLEY_NOT_FOUND) return found;
  med_overlay_entry entry = {.kind = MED_OVERLAY_DELETE};
  int rc = add(call, &entry, key, med_slice_of(NULL, 0));
  return rc == MEDLEY_OK ? found : rc;
}

int med_cache_delete(medley_session *session, med_slice bucket, med_slice key) {
  cache_call call;
  int rc = begin_call(&call, session, bucket, true);
  if (rc != MEDLEY_OK) return rc;
  if (call.writing) {
    rc = delete_in_overlay(&call, key);
  } else {
    do {
      rc = med_cache_segment_delete(call.bucket->segment, key, call.now_us);
    } while (is_gone(&call, &rc));
  }
  return end_call(&call, rc);
}

static int increment_in_overlay(cache_call *call, med_slice key, uint64_t by, bool decrement, uint64_t *result) {
  present_value present = {0};
  char text[MED_CACHE_NUMBER_SIZE];
  int rc = find_present(call, key, &present);
  if (rc == MEDLEY_OK) rc = med_cache_number_add(present.value.bytes, present.value.len, by, decrement, result);
  if (rc != MEDLEY_OK) return rc;
  return add_value(call, key, med_slice_of(text, med_cache_number_text(*result, text)), present.hit.flags,
                   present.hit.expires_us, present.base_cas);
}

int med_cache_increment(medley_session *session, med_slice bucket, med_slice key, uint64_t by, bool decrement,
                        uint64_t *result) {
  cache_call call;
  int rc = begin_call(&call, session, bucket, true);
  if (rc != MEDLEY_OK) return rc;
  if (call.writing) {
    rc = increment_in_overlay(&call, key, by, decrement, result);
  } else {
    do {
      rc = med_cache_segment_increment(call.bucket->segment, key, by, decrement, call.now_us, result);
    } while (is_gone(&call, &rc));
  }
  return end_call(&call, rc);
}

int med_cache_flush(medley_session *session, med_slice bucket) {
  cache_call call;
  int rc = begin_call(&call, session, bucket, true);
  if (rc != MEDLEY_OK) return rc;
  if (call.writing) {
    med_overlay_entry entry = {.kind = MED_OVERLAY_FLUSH};
    rc = add(&call, &entry, med_slice_of(NULL, 0), med_slice_of(NULL, 0));
  } else {
    do {
      rc = med_cache_segment_flush(call.bucket->segment);
    } while (is_gone(&call, &rc));
  }
  return end_call(&call, rc);
}

/* ---- Leases ---- */
static int lease_in_overlay(cache_call *call, med_slice key, present_value *present, uint64_t *lease) {
  int rc = find_present(call, key, present);
  if (rc != MEDLEY_NOT_FOUND || key.len > MED_CACHE_KEY_SIZE_MAX) return rc;
  med_overlay_entry entry = {.kind = MED_OVERLAY_LEASE};
  int added = add(call, &entry, key, med_slice_of(NULL, 0));
  if (added != MEDLEY_OK) return added;
  *lease = entry.cas;
  return rc;
}

/* A session that reads an older snapshot would compute an outdated value, and no later change would void its lease. The
 * lease comes first and the look at the newest commit second: a commit in between has voided it. */
static int lease_for_snapshot(cache_call *call, med_slice key, uint64_t *lease) {
  const med_txn *txn = med_session_txn(call->session);
  if (*lease == 0 || txn == NULL) return MEDLEY_OK;
  uint64_t newest;
  int rc = med_cache_hub_newest(call->client->hub, &newest, slot_of(call));
  if (rc == MEDLEY_OK && newest == med_txn_id(txn)) return rc;
  med_cache_segment_void_lease(call->bucket->segment, key, *lease);
  *lease = 0;
  return rc;
}

int med_cache_lease(medley_session *session, med_slice bucket, med_slice key, medley_cache_item *item) {
  cache_call call;
  memset(item, 0, sizeof *item);
  int rc = begin_call(&call, session, bucket, false);
  if (rc != MEDLEY_OK) return rc;
  present_value present = {0};
  if (call.writing) {
    rc = lease_in_overlay(&call, key, &present, &item->lease);
  } else {
    do {
      rc = med_cache_segment_lease(call.bucket->segment, key, call.now_us, &call.client->value, &present.hit);
    } while (is_gone(&call, &rc));
    present.value = lent_value(&call);
    if (rc == MEDLEY_NOT_FOUND) {
      item->lease = present.hit.lease;
      int checked = lease_for_snapshot(&call, key, &item->lease);
      if (checked != MEDLEY_OK) rc = checked;
    }
  }
  if (rc == MEDLEY_OK) lend(&call, present.value, &present.hit, item);
  return end_call(&call, rc);
}

static int fill_in_overlay(cache_call *call, med_slice key, uint64_t lease, med_slice value, uint32_t flags,
                           int64_t expires_us) {
  int rc = check_sizes(call, key, value.len);
  if (rc != MEDLEY_OK) return rc;
  const med_overlay_entry *entry = med_overlay_find(&call->client->overlay, call->bucket, key);
  if (entry != NULL) {
    if (entry->kind != MED_OVERLAY_LEASE || entry->cas != lease) return MEDLEY_CONSTRAINT;
  } else { /* a lease from before the transaction wrote */
    rc = med_cache_segment_check_lease(call->bucket->segment, key, lease, call->now_us);
    if (rc != MEDLEY_OK) return rc == MEDLEY_SCHEMA ? MEDLEY_CONSTRAINT : rc;
  }
  return add_value(call, key, value, flags, expires_us, 0);
}

int med_cache_fill(medley_session *session, med_slice bucket, med_slice key, uint64_t lease, med_slice value,
                   uint32_t flags, int64_t expires_us) {
  cache_call call;
  int rc = begin_call(&call, session, bucket, false);
  if (rc != MEDLEY_OK) return rc;
  if (call.writing) {
    rc = fill_in_overlay(&call, key, lease, value, flags, expires_us);
  } else {
    rc = med_cache_segment_fill(call.bucket->segment, key, lease, value, flags, expires_us, call.now_us);
    if (rc == MEDLEY_SCHEMA) rc = MEDLEY_CONSTRAINT; /* the lease went with the bucket */
  }
  return end_call(&call, rc);
}

/* ---- Making and dropping ---- */
static int check_name(med_txn *txn, med_slice name) {
  if (name.len == 0 || name.len > MED_CACHE_NAME_MAX) {
    return med_error_set(med_txn_error(txn), MEDLEY_RANGE, "cache: a bucket's name has 1 to %d bytes",
                         MED_CACHE_NAME_MAX);
  }
  med_kv durable;
  int rc = med_kv_open(txn, name, false, &durable);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  return med_error_set(med_txn_error(txn), MEDLEY_EXISTS, "cache: a durable bucket has this name: %.*s",
                       (int)(name.len < 100 ? name.len : 100), (const char *)name.bytes);
}

static int add_of_bucket(med_cache_client *client, med_overlay_kind kind, med_cache_bucket *bucket,
                         medley_error *error) {
  med_overlay_entry entry = {.kind = kind, .bucket = bucket};
  return med_cache_client_add(client, &entry, med_slice_of(NULL, 0), med_slice_of(NULL, 0), error);
}

static int drop_in_transaction(med_cache_client *client, med_txn *txn, med_slice name, const med_cache_record *record) {
  med_cache_bucket *bucket = NULL;
  int rc = med_cache_hub_attach(client->hub, name, record, &bucket, med_txn_error(txn));
  if (rc == MEDLEY_OK) {
    rc = add_of_bucket(client, MED_OVERLAY_DROP, bucket, med_txn_error(txn));
    med_cache_hub_return(client->hub, bucket);
  } else if (rc == MEDLEY_FULL) { /* there is no memory for it, so nobody has it */
    med_error_clear(med_txn_error(txn));
    rc = MEDLEY_OK;
  }
  return rc == MEDLEY_OK ? med_cache_catalog_delete(txn, name) : rc;
}

static int create_in_transaction(med_cache_client *client, med_txn *txn, med_slice name, uint64_t size_bytes,
                                 medley_eviction eviction) {
  med_cache_record record;
  int rc = check_name(txn, name);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cache_catalog_get(txn, name, &record);
  if (rc == MEDLEY_OK && record.size_bytes == size_bytes && record.eviction == eviction) return rc;
  if (rc == MEDLEY_OK) rc = drop_in_transaction(client, txn, name, &record);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  med_cache_bucket *bucket;
  rc = med_cache_catalog_create(client->hub, txn, name, size_bytes, eviction, &bucket);
  if (rc != MEDLEY_OK) return rc;
  rc = add_of_bucket(client, MED_OVERLAY_CREATE, bucket, med_txn_error(txn));
  if (rc != MEDLEY_OK) med_cache_hub_drop(client->hub, bucket);
  med_cache_hub_return(client->hub, bucket);
  return rc;
}

int med_cache_create(medley_session *session, med_slice bucket, uint64_t size_bytes, medley_eviction eviction) {
  med_cache_client *client;
  med_txn *txn;
  int rc = med_cache_client_open(session, &client);
  if (rc == MEDLEY_OK) rc = med_session_statement_begin(session, MED_WRITES, &txn);
  if (rc != MEDLEY_OK) return rc;
  rc = create_in_transaction(client, txn, bucket, size_bytes, eviction);
  return med_session_statement_end(session, rc, false);
}

int med_cache_drop(medley_session *session, med_slice bucket) {
  med_cache_client *client;
  med_cache_record record;
  med_txn *txn;
  int rc = med_cache_client_open(session, &client);
  if (rc == MEDLEY_OK) rc = med_session_statement_begin(session, MED_FREES, &txn);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cache_catalog_get(txn, bucket, &record);
  if (rc == MEDLEY_OK)
    rc = drop_in_transaction(client, txn, bucket, &record);
  else if (rc == MEDLEY_NOT_FOUND) {
    (void)med_error_set(med_txn_error(txn), rc, "cache: there is no such bucket: %.*s",
                        (int)(bucket.len < 100 ? bucket.len : 100), (const char *)bucket.bytes);
  }
  return med_session_statement_end(session, rc, false);
}

int med_cache_each_bucket(medley_session *session, int (*on_bucket)(void *context, const med_cache_bucket_info *info),
                          void *context) {
  return med_cache_hub_each(med_session_cache_hub(session), on_bucket, context, med_session_error_slot(session));
}
