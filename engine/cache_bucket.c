/* cache_bucket.c - the catalog of cache buckets and the hub of attached segments. */
#include "engine/cache_bucket.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHARED_MEMORY "/dev/shm"
#define RECORD_VERSION 1
#define RECORD_SIZE 19
#define KEY_PREFIX "cache/"
#define KEY_PREFIX_LEN (sizeof KEY_PREFIX - 1)

struct med_cache_hub {
  pthread_mutex_t mutex;
  med_store *store;
  char *path;   /* of the database file, absolute if that can be had; NULL: the database is in memory */
  char *beside; /* its directory */
  uint64_t device, inode;
  med_txn *reader; /* made with the first lookup */
  med_cache_bucket *buckets;
};

/* ---- The hub ---- */
static char *directory_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) return med_strndup(".", 1);
  return slash == path ? med_strndup("/", 1) : med_strndup(path, (size_t)(slash - path));
}

int med_cache_hub_open(med_store *store, const char *path, med_cache_hub **opened, medley_error *error) {
  *opened = NULL;
  med_cache_hub *hub = med_alloc_zero(sizeof *hub);
  if (hub == NULL) return med_error_no_memory(error);
  hub->store = store;
  if (path != NULL) {
    struct stat facts;
    if (stat(path, &facts) == 0) {
      hub->device = (uint64_t)facts.st_dev;
      hub->inode = (uint64_t)facts.st_ino;
    }
    char absolute[PATH_MAX];
    const char *known = realpath(path, absolute) != NULL ? absolute : path;
    hub->path = med_strndup(known, strlen(known));
    if (hub->path != NULL) hub->beside = directory_of(hub->path);
  }
  if (path != NULL && hub->beside == NULL) {
    med_free(hub->path);
    med_free(hub);
    return med_error_no_memory(error);
  }
  pthread_mutex_init(&hub->mutex, NULL);
  *opened = hub;
  return MEDLEY_OK;
}

static void free_bucket(med_cache_bucket *bucket) {
  med_cache_segment_close(bucket->segment);
  med_free(bucket->name);
  med_free(bucket);
}

void med_cache_hub_close(med_cache_hub *hub) {
  if (hub == NULL) return;
  while (hub->buckets != NULL) {
    med_cache_bucket *bucket = hub->buckets;
    hub->buckets = bucket->next;
    free_bucket(bucket);
  }
  med_txn_close_reader(hub->reader);
  pthread_mutex_destroy(&hub->mutex);
  med_free(hub->beside);
  med_free(hub->path);
  med_free(hub);
}

med_store *med_cache_hub_store(const med_cache_hub *hub) { return hub->store; }

/* ---- Records ---- */
static int damaged(medley_error *error) {
  return med_error_set(error, MEDLEY_CORRUPT, "cache: the catalog of buckets does not decode");
}

static void make_key(med_slice name, med_key *key) {
  memcpy(key->bytes, KEY_PREFIX, KEY_PREFIX_LEN);
  if (name.len > 0) memcpy(key->bytes + KEY_PREFIX_LEN, name.bytes, name.len);
  key->len = (uint16_t)(KEY_PREFIX_LEN + name.len);
}

static bool decode(med_slice value, med_cache_record *record) {
  const uint8_t *bytes = value.bytes;
  if (value.len != RECORD_SIZE || bytes[0] != RECORD_VERSION) return false;
  record->id = med_get_u64(bytes + 1);
  record->size_bytes = med_get_u64(bytes + 9);
  record->eviction = (medley_eviction)bytes[17];
  record->beside = bytes[18];
  return bytes[17] <= MEDLEY_EVICT_VOLATILE_TTL && bytes[18] <= 1;
}

int med_cache_catalog_get(med_txn *txn, med_slice name, med_cache_record *record) {
  if (name.len > MED_CACHE_NAME_MAX) return MEDLEY_NOT_FOUND;
  med_key key;
  make_key(name, &key);
  med_slice value;
  int rc = med_txn_get(txn, MED_TREE_META, med_key_slice(&key), &value);
  if (rc != MEDLEY_OK) return rc;
  return decode(value, record) ? MEDLEY_OK : damaged(med_txn_error(txn));
}

static int put_record(med_txn *txn, med_slice name, const med_cache_record *record) {
  med_key key;
  make_key(name, &key);
  uint8_t bytes[RECORD_SIZE] = {RECORD_VERSION};
  med_put_u64(bytes + 1, record->id);
  med_put_u64(bytes + 9, record->size_bytes);
  bytes[17] = (uint8_t)record->eviction;
  bytes[18] = record->beside;
  return med_txn_put(txn, MED_TREE_META, med_key_slice(&key), med_slice_of(bytes, sizeof bytes));
}

int med_cache_catalog_delete(med_txn *txn, med_slice name) {
  if (name.len > MED_CACHE_NAME_MAX) return MEDLEY_NOT_FOUND;
  med_key key;
  make_key(name, &key);
  return med_txn_delete(txn, MED_TREE_META, med_key_slice(&key));
}

/* ---- The newest snapshot ---- mutex held */
static int look_begin(med_cache_hub *hub, medley_error *error) {
  int rc = MEDLEY_OK;
  if (hub->reader == NULL) {
    rc = med_txn_open_reader(hub->store, &hub->reader, error);
    if (rc != MEDLEY_OK) return rc;
  }
  med_txn_set_error_slot(hub->reader, error);
  return med_txn_renew(hub->reader);
}

static void look_end(med_cache_hub *hub) {
  med_txn_reset(hub->reader);
  med_txn_set_error_slot(hub->reader, NULL);
}

static int look_up(med_cache_hub *hub, med_slice name, med_cache_record *record, medley_error *error) {
  int rc = look_begin(hub, error);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cache_catalog_get(hub->reader, name, record);
  look_end(hub);
  return rc;
}

int med_cache_hub_newest(med_cache_hub *hub, uint64_t *commit_id, medley_error *error) {
  pthread_mutex_lock(&hub->mutex);
  int rc = look_begin(hub, error);
  if (rc == MEDLEY_OK) {
    *commit_id = med_txn_id(hub->reader);
    look_end(hub);
  }
  pthread_mutex_unlock(&hub->mutex);
  return rc;
}

static int each_record(med_cache_hub *hub, int (*on_bucket)(void *context, const med_cache_bucket_info *info),
                       void *context, medley_error *error) {
  med_cursor *cursor = NULL;
  med_slice prefix = med_slice_of(KEY_PREFIX, KEY_PREFIX_LEN), key, value;
  int rc = look_begin(hub, error);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(med_cursor_open(hub->reader, MED_TREE_META, &cursor));
  rc = med_cursor_seek(cursor, prefix, &key, &value);
  while (rc == MEDLEY_OK && med_slice_starts_with(key, prefix)) {
    med_cache_record record;
    if (!decode(value, &record)) {
      rc = damaged(error);
      break;
    }
    med_cache_bucket_info info = {
        .name = med_slice_of((const char *)key.bytes + KEY_PREFIX_LEN, key.len - KEY_PREFIX_LEN),
        .id = record.id,
        .size_bytes = record.size_bytes,
        .eviction = record.eviction,
    };
    if (on_bucket(context, &info) != 0) break;
    rc = med_cursor_next(cursor, &key, &value);
  }
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
done:
  med_cursor_close(cursor);
  look_end(hub);
  return rc;
}

int med_cache_hub_each(med_cache_hub *hub, int (*on_bucket)(void *context, const med_cache_bucket_info *info),
                       void *context, medley_error *error) {
  pthread_mutex_lock(&hub->mutex);
  int rc = each_record(hub, on_bucket, context, error);
  pthread_mutex_unlock(&hub->mutex);
  return rc;
}

/* ---- Attaching ---- mutex held */
static med_cache_place place_of(const med_cache_hub *hub, uint64_t id, bool beside) {
  med_cache_place place = {.directory = beside ? hub->beside : SHARED_MEMORY,
                           .device = hub->device,
                           .inode = hub->inode,
                           .identity = med_store_identity(hub->store),
                           .bucket_id = id,
                           .database_path = hub->path};
  if (hub->beside == NULL) place.directory = NULL;
  return place;
}

static void unlist(med_cache_hub *hub, med_cache_bucket *bucket) {
  med_cache_bucket **link = &hub->buckets;
  while (*link != NULL && *link != bucket) link = &(*link)->next;
  if (*link == bucket) *link = bucket->next;
  bucket->listed = false;
  if (bucket->borrowed == 0) free_bucket(bucket);
}

static med_cache_bucket *find_attached(med_cache_hub *hub, uint64_t id) {
  for (med_cache_bucket *bucket = hub->buckets, *next; bucket != NULL; bucket = next) {
    next = bucket->next;
    if (bucket->record.id != id) continue;
    if (!med_cache_segment_dropped(bucket->segment)) return bucket;
    unlist(hub, bucket);
  }
  return NULL;
}

static int attach(med_cache_hub *hub, med_slice name, const med_cache_record *record, bool fresh,
                  med_cache_bucket **attached, medley_error *error) {
  *attached = fresh ? NULL : find_attached(hub, record->id);
  if (*attached == NULL) {
    med_cache_bucket *bucket = med_alloc_zero(sizeof *bucket);
    if (bucket == NULL || (bucket->name = med_strndup(name.bytes, name.len)) == NULL) {
      med_free(bucket);
      return med_error_no_memory(error);
    }
    bucket->name_len = name.len;
    bucket->record = *record;
    med_cache_place place = place_of(hub, record->id, record->beside);
    int rc = med_cache_segment_open(&place, record->size_bytes, record->eviction, fresh, med_store_random(hub->store),
                                    &bucket->segment, error);
    if (rc != MEDLEY_OK) {
      free_bucket(bucket);
      return rc;
    }
    bucket->listed = true;
    bucket->next = hub->buckets;
    hub->buckets = bucket;
    *attached = bucket;
  }
  (*attached)->borrowed++;
  return MEDLEY_OK;
}

static void give_back(med_cache_bucket *bucket) {
  bucket->borrowed--;
  if (bucket->borrowed == 0 && !bucket->listed) free_bucket(bucket);
}

/* A bucket dropped between the lookup and the attaching would leave a segment behind that nobody knows: so look again. */
static int borrow(med_cache_hub *hub, med_slice name, med_cache_bucket **bucket, medley_error *error) {
  med_cache_record record, again;
  int rc = look_up(hub, name, &record, error);
  if (rc != MEDLEY_OK) return rc;
  bool known = find_attached(hub, record.id) != NULL;
  rc = attach(hub, name, &record, false, bucket, error);
  if (rc != MEDLEY_OK || known) return rc;
  rc = look_up(hub, name, &again, error);
  if (rc == MEDLEY_OK && again.id == record.id) return MEDLEY_OK;
  if (rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND) {
    rc = MEDLEY_SCHEMA;
    med_cache_segment_drop((*bucket)->segment);
    unlist(hub, *bucket);
  }
  give_back(*bucket);
  *bucket = NULL;
  return rc;
}

int med_cache_hub_borrow(med_cache_hub *hub, med_slice name, med_cache_bucket **bucket, medley_error *error) {
  int rc;
  *bucket = NULL;
  pthread_mutex_lock(&hub->mutex);
  do rc = borrow(hub, name, bucket, error);
  while (rc == MEDLEY_SCHEMA);
  pthread_mutex_unlock(&hub->mutex);
  return rc;
}

int med_cache_hub_attach(med_cache_hub *hub, med_slice name, const med_cache_record *record, med_cache_bucket **bucket,
                         medley_error *error) {
  pthread_mutex_lock(&hub->mutex);
  int rc = attach(hub, name, record, false, bucket, error);
  pthread_mutex_unlock(&hub->mutex);
  return rc;
}

void med_cache_hub_borrow_again(med_cache_hub *hub, med_cache_bucket *bucket) {
  pthread_mutex_lock(&hub->mutex);
  bucket->borrowed++;
  pthread_mutex_unlock(&hub->mutex);
}

void med_cache_hub_return(med_cache_hub *hub, med_cache_bucket *bucket) {
  if (bucket == NULL) return;
  pthread_mutex_lock(&hub->mutex);
  give_back(bucket);
  pthread_mutex_unlock(&hub->mutex);
}

void med_cache_hub_drop(med_cache_hub *hub, med_cache_bucket *bucket) {
  pthread_mutex_lock(&hub->mutex);
  med_cache_segment_drop(bucket->segment);
  if (bucket->listed) unlist(hub, bucket);
  pthread_mutex_unlock(&hub->mutex);
}

/* ---- Making ---- */
typedef struct known_ids {
  med_cache_hub *hub;
  uint64_t wanted;
  bool found;
} known_ids;

static int compare_id(void *context, const med_cache_bucket_info *info) {
  known_ids *ids = context;
  ids->found = ids->found || info->id == ids->wanted;
  return ids->found;
}

static bool is_known(void *context, uint64_t bucket_id) {
  known_ids *ids = context;
  medley_error ignored = {0};
  ids->wanted = bucket_id;
  ids->found = find_attached(ids->hub, bucket_id) != NULL;
  if (!ids->found && each_record(ids->hub, compare_id, ids, &ignored) != MEDLEY_OK) return true;
  return ids->found;
}

/* Segments that a crash left, of buckets that were dropped or never committed. */
static void sweep(med_cache_hub *hub) {
  known_ids ids = {hub, 0, false};
  for (int beside = 0; beside < 2; beside++) {
    med_cache_place place = place_of(hub, 0, beside != 0);
    med_cache_segment_sweep(&place, is_known, &ids);
  }
}

static int make_segment(med_cache_hub *hub, med_slice name, med_cache_record *record, med_cache_bucket **bucket,
                        medley_error *error) {
  pthread_mutex_lock(&hub->mutex);
  sweep(hub);
  int rc = attach(hub, name, record, true, bucket, error);
  if (hub->beside != NULL && (rc == MEDLEY_FULL || rc == MEDLEY_CANNOT_OPEN)) {
    med_error_clear(error);
    record->beside = 1;
    rc = attach(hub, name, record, true, bucket, error);
  }
  pthread_mutex_unlock(&hub->mutex);
  return rc;
}

int med_cache_catalog_create(med_cache_hub *hub, med_txn *txn, med_slice name, uint64_t size_bytes,
                             medley_eviction eviction, med_cache_bucket **bucket) {
  med_cache_record record = {.size_bytes = size_bytes, .eviction = eviction};
  *bucket = NULL;
  int rc = med_txn_next_id(txn, &record.id);
  if (rc == MEDLEY_OK) rc = make_segment(hub, name, &record, bucket, med_txn_error(txn));
  if (rc == MEDLEY_OK) rc = put_record(txn, name, &record);
  if (rc == MEDLEY_OK || *bucket == NULL) return rc;
  med_cache_hub_drop(hub, *bucket);
  med_cache_hub_return(hub, *bucket);
  *bucket = NULL;
  return rc;
}
