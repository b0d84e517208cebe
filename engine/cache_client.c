/* cache_client.c - a session's buckets, and the way of its overlay into the segments when the transaction commits.
 *
 * A part is begun at each segment that the transaction touched. Every touched key is held, or, if the bucket was flushed or
 * dropped or there are more keys than a segment holds, all of the segment is. Holding all of it also empties it. */
#include "engine/cache_client.h"

#define VALUE_KEPT_MAX ((size_t)1 << 20) /* a lent value beyond this is given back at the end of its transaction */

int med_cache_client_open(medley_session *session, med_cache_client **client) {
  med_cache_client **slot = med_session_cache_client(session);
  if (*slot == NULL) {
    *slot = med_alloc_zero(sizeof **slot);
    if (*slot == NULL) return med_error_no_memory(med_session_error_slot(session));
    (*slot)->hub = med_session_cache_hub(session);
  }
  *client = *slot;
  return MEDLEY_OK;
}

void med_cache_client_close(med_cache_client *client) {
  if (client == NULL) return;
  med_cache_finish_commit(client, false);
  for (size_t i = 0; i < client->bucket_count; i++) med_cache_hub_return(client->hub, client->buckets[i]);
  med_overlay_clear(&client->overlay);
  med_free(client->buckets);
  med_free(client->parts);
  med_buffer_clear(&client->value);
  med_free(client);
}

/* ---- Buckets ---- */
static int remember(med_cache_client *client, med_cache_bucket *bucket) {
  med_cache_bucket **grown = med_realloc(client->buckets, (client->bucket_count + 1) * sizeof *grown);
  if (grown == NULL) return MEDLEY_NO_MEMORY;
  client->buckets = grown;
  grown[client->bucket_count++] = bucket;
  return MEDLEY_OK;
}

static void forget(med_cache_client *client, size_t index) {
  med_cache_hub_return(client->hub, client->buckets[index]);
  client->buckets[index] = client->buckets[--client->bucket_count];
}

int med_cache_client_bucket(med_cache_client *client, med_slice name, med_cache_bucket **bucket, medley_error *error) {
  const med_overlay_entry *own = med_overlay_find_name(&client->overlay, name);
  if (own != NULL) {
    *bucket = own->bucket;
    return own->kind == MED_OVERLAY_CREATE ? MEDLEY_OK : MEDLEY_NOT_FOUND;
  }
  for (size_t i = 0; i < client->bucket_count; i++) {
    med_cache_bucket *known = client->buckets[i];
    if (known->name_len != name.len || memcmp(known->name, name.bytes, name.len) != 0) continue;
    *bucket = known;
    if (!med_cache_segment_dropped(known->segment)) return MEDLEY_OK;
    forget(client, i);
    break;
  }
  int rc = med_cache_hub_borrow(client->hub, name, bucket, error);
  if (rc != MEDLEY_OK) return rc;
  rc = remember(client, *bucket);
  if (rc != MEDLEY_OK) {
    med_cache_hub_return(client->hub, *bucket);
    return med_error_no_memory(error);
  }
  return rc;
}

/* ---- The overlay ---- */
int med_cache_client_add(med_cache_client *client, med_overlay_entry *entry, med_slice key, med_slice value,
                         medley_error *error) {
  int rc = med_overlay_add(&client->overlay, entry, key, value);
  if (rc == MEDLEY_OK) med_cache_hub_borrow_again(client->hub, entry->bucket);
  if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(error);
  if (rc == MEDLEY_TXN_TOO_BIG) {
    return med_error_set(error, rc, "cache: a transaction changes at most %d MiB of values",
                         (int)(MED_CACHE_OVERLAY_BYTES_MAX >> 20));
  }
  return rc;
}

/* What the transaction made goes with it, unless it came about. */
static void pop(med_cache_client *client, bool committed) {
  bool made = client->overlay.entries[client->overlay.count - 1].kind == MED_OVERLAY_CREATE;
  med_cache_bucket *bucket = med_overlay_pop(&client->overlay);
  if (made && !committed) med_cache_hub_drop(client->hub, bucket);
  med_cache_hub_return(client->hub, bucket);
}

size_t med_cache_mark(const med_cache_client *client) { return client != NULL ? client->overlay.count : 0; }

void med_cache_rollback_to(med_cache_client *client, size_t mark) {
  if (client == NULL) return;
  while (client->overlay.count > mark) pop(client, false);
}

/* ---- Prepare ---- */
static med_cache_part *find_part(const med_cache_client *client, const med_cache_bucket *bucket) {
  for (size_t i = 0; i < client->part_count; i++) {
    if (client->parts[i].bucket == bucket) return &client->parts[i];
  }
  return NULL;
}

/* A bucket that somebody else dropped meanwhile gets a part without a token: nothing of it is stored. */
static int begin_part(med_cache_client *client, med_cache_bucket *bucket) {
  if (find_part(client, bucket) != NULL) return MEDLEY_OK;
  med_cache_part *grown = med_realloc(client->parts, (client->part_count + 1) * sizeof *grown);
  if (grown == NULL) return MEDLEY_NO_MEMORY;
  client->parts = grown;
  grown[client->part_count] = (med_cache_part){.bucket = bucket};
  int rc = med_cache_commit_begin(bucket->segment, &grown[client->part_count].commit);
  if (rc == MEDLEY_OK || rc == MEDLEY_SCHEMA) client->part_count++;
  return rc == MEDLEY_SCHEMA ? MEDLEY_OK : rc;
}

static int close_part(med_cache_part *part, bool dropping) {
  if (part->commit.token == 0) return MEDLEY_OK;
  int rc = med_cache_commit_hold_all(part->bucket->segment, &part->commit, dropping);
  part->closed = true;
  return rc == MEDLEY_SCHEMA ? MEDLEY_OK : rc;
}

static int hold_key(const med_cache_client *client, const med_overlay_entry *entry, int64_t now_us) {
  med_cache_part *part = find_part(client, entry->bucket);
  if (part->commit.token == 0) return MEDLEY_OK;
  int rc = med_cache_commit_hold(part->bucket->segment, &part->commit, med_overlay_key(entry), entry->base_cas, now_us);
  /* Too many keys: all of the segment is held and emptied, and what has a hold of its own by then counts as lost. */
  if (rc == MEDLEY_FULL) rc = part->closed ? MEDLEY_OK : close_part(part, false);
  return rc == MEDLEY_SCHEMA ? MEDLEY_OK : rc;
}

static bool touches(const med_overlay_entry *entry) { return entry->kind != MED_OVERLAY_LEASE; }

static int hold_everything(med_cache_client *client, int64_t now_us) {
  const med_cache_overlay *overlay = &client->overlay;
  int rc = MEDLEY_OK;
  for (uint32_t i = 0; rc == MEDLEY_OK && i < overlay->count; i++) {
    if (touches(&overlay->entries[i])) rc = begin_part(client, overlay->entries[i].bucket);
  }
  for (uint32_t i = 0; rc == MEDLEY_OK && i < overlay->count; i++) {
    med_overlay_kind kind = overlay->entries[i].kind;
    if (kind != MED_OVERLAY_FLUSH && kind != MED_OVERLAY_DROP) continue;
    rc = close_part(find_part(client, overlay->entries[i].bucket), kind == MED_OVERLAY_DROP);
  }
  for (uint32_t i = 0; rc == MEDLEY_OK && i < overlay->count; i++) {
    const med_overlay_entry *entry = &overlay->entries[i];
    if (touches(entry) && med_overlay_is_newest(overlay, entry)) rc = hold_key(client, entry, now_us);
  }
  return rc;
}

/* ---- Finish ---- */
static void release_keys(const med_cache_client *client, bool committed, int64_t now_us) {
  const med_cache_overlay *overlay = &client->overlay;
  for (uint32_t i = 0; i < overlay->count; i++) {
    const med_overlay_entry *entry = &overlay->entries[i];
    if (!touches(entry) || !med_overlay_is_newest(overlay, entry)) continue;
    const med_cache_part *part = find_part(client, entry->bucket);
    if (part == NULL) continue;
    med_slice value = med_overlay_value(entry);
    bool stores = committed && entry->kind == MED_OVERLAY_SET;
    med_cache_commit_release(part->bucket->segment, &part->commit, med_overlay_key(entry), stores ? &value : NULL,
                             entry->flags, entry->expires_us, now_us);
  }
}

static void end_parts(med_cache_client *client, bool committed) {
  int64_t now_us = med_store_now_us(med_cache_hub_store(client->hub));
  const med_cache_overlay *overlay = &client->overlay;
  /* What is dropped goes first: nothing that is opened below may be a bucket whose name means another one by now. If the
   * commit failed, or nobody knows, it goes as well: it is empty, and who needs it makes it again. */
  for (uint32_t i = 0; i < overlay->count; i++) {
    if (overlay->entries[i].kind == MED_OVERLAY_DROP) med_cache_hub_drop(client->hub, overlay->entries[i].bucket);
  }
  for (size_t i = 0; i < client->part_count; i++) {
    const med_cache_part *part = &client->parts[i];
    if (part->closed) med_cache_commit_reopen(part->bucket->segment, &part->commit);
  }
  release_keys(client, committed, now_us);
  for (size_t i = 0; i < client->part_count; i++) {
    med_cache_commit_end(client->parts[i].bucket->segment, &client->parts[i].commit);
  }
  client->part_count = 0;
  client->prepared = false;
}

int med_cache_prepare_commit(med_cache_client *client, medley_error *error) {
  if (client == NULL || client->overlay.count == 0) return MEDLEY_OK;
  client->prepared = true;
  int rc = hold_everything(client, med_store_now_us(med_cache_hub_store(client->hub)));
  if (rc == MEDLEY_OK) return rc;
  end_parts(client, false);
  if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(error);
  const char *why = rc == MEDLEY_BUSY ? "too many transactions are committing" : medley_status_text(rc);
  return med_error_set(error, rc, "cache: the transaction cannot hold its keys: %s", why);
}

void med_cache_finish_commit(med_cache_client *client, bool committed) {
  if (client == NULL || client->overlay.count == 0) return;
  bool came_about = committed && client->prepared;
  if (client->prepared) end_parts(client, committed);
  while (client->overlay.count > 0) pop(client, came_about);
  if (client->value.capacity > VALUE_KEPT_MAX) med_buffer_clear(&client->value);
}
