/* database.c - opening, sharing and closing databases, and the registry of those that are open. */
#include "engine/database.h"

#include <sys/stat.h>

#include "engine/housekeeping.h"
#include "storage/memory.h"

#define MAP_SIZE_MIN ((uint64_t)1 << 20)
#define MAP_SIZE_DEFAULT ((uint64_t)1 << 40)
#define PAGE_CAP_DEFAULT 98304
#define BUSY_TIMEOUT_MS_DEFAULT 10000
#define READER_COUNT_DEFAULT 1024
#define SQL_CACHE_DEFAULT (8u << 20)
#define CHECKPOINT_COMMITS_DEFAULT 2000

/* The one piece of global state: file identity is a fact of the process, not of a handle. */
static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static medley *registry;

void medley_options_init(medley_options *options) {
  *options = (medley_options){
      .struct_size = sizeof *options,
      .map_size_bytes = MAP_SIZE_DEFAULT,
      .txn_page_cap = PAGE_CAP_DEFAULT,
      .busy_timeout_ms = BUSY_TIMEOUT_MS_DEFAULT,
      .reader_count_max = READER_COUNT_DEFAULT,
      .sql_cache_bytes = SQL_CACHE_DEFAULT,
      .checkpoint_commits = CHECKPOINT_COMMITS_DEFAULT,
  };
}

static int complete_options(const medley_options *given, medley_options *options, medley_error *error) {
  medley_options_init(options);
  if (given == NULL) return MEDLEY_OK;
  if (given->struct_size != sizeof *given) {
    return med_error_set(error, MEDLEY_MISUSE, "open: the options were not initialised with medley_options_init");
  }
  medley_options defaults = *options;
  *options = *given;
  if (options->map_size_bytes == 0) options->map_size_bytes = defaults.map_size_bytes;
  if (options->map_size_bytes < MAP_SIZE_MIN) {
    return med_error_set(error, MEDLEY_MISUSE, "open: a map of %llu bytes: at least %llu are needed",
                         (unsigned long long)options->map_size_bytes, (unsigned long long)MAP_SIZE_MIN);
  }
  if (options->txn_page_cap == 0) options->txn_page_cap = defaults.txn_page_cap;
  if (options->reader_count_max == 0) options->reader_count_max = defaults.reader_count_max;
  if (options->sql_cache_bytes == 0) options->sql_cache_bytes = defaults.sql_cache_bytes;
  if (options->checkpoint_commits == 0) options->checkpoint_commits = defaults.checkpoint_commits;
  if (options->journal < MEDLEY_JOURNAL_DEFAULT || options->journal > MEDLEY_JOURNAL_NONE) {
    return med_error_set(error, MEDLEY_MISUSE, "open: no such journal: %d", (int)options->journal);
  }
  if (options->maintenance_ms > 0 && options->flags & MEDLEY_OPEN_NO_THREADS) {
    return med_error_set(error, MEDLEY_MISUSE, "open: maintenance_ms needs a thread, and there are to be none");
  }
  return MEDLEY_OK;
}

static bool options_agree(const medley_options *a, const medley_options *b) {
  return a->flags == b->flags && a->durability == b->durability && a->map_size_bytes == b->map_size_bytes &&
         a->size_limit_bytes == b->size_limit_bytes && a->txn_page_cap == b->txn_page_cap &&
         a->clock_us == b->clock_us && a->clock_context == b->clock_context && a->seed == b->seed;
}

/* Registry's mutex held. The open database of that file, counted up, or NULL. */
static int find_open(const char *path, const medley_options *options, medley **db, medley_error *error) {
  struct stat status;
  *db = NULL;
  if (options->flags & MEDLEY_OPEN_MEMORY || stat(path, &status) != 0) return MEDLEY_OK;
  for (medley *open = registry; open != NULL; open = open->next) {
    if (open->device != status.st_dev || open->inode != status.st_ino) continue;
    if (open->options.flags & MEDLEY_OPEN_MEMORY) continue;
    if (med_store_usable(open->store, NULL) == MEDLEY_FORKED) continue; /* the parent's: a child opens its own */
    if (!options_agree(&open->options, options)) {
      return med_error_set(error, MEDLEY_MISUSE, "open: the file is open in this process with other options: %s", path);
    }
    open->open_count++;
    *db = open;
    return MEDLEY_OK;
  }
  return MEDLEY_OK;
}

static void destroy(medley *db) {
  if (db == NULL) return;
  med_housekeeping_stop(db);
  med_redis_hub_close(db->redis_hub);
  med_cache_hub_close(db->cache_hub);
  med_page_vfs_close(db->vfs);
  med_store_close(db->store);
  med_free(db);
}

static int create(const char *path, const medley_options *options, medley **opened, medley_error *error) {
  bool memory = (options->flags & MEDLEY_OPEN_MEMORY) != 0;
  int rc;
  medley *db = med_alloc_zero(sizeof *db);
  if (db == NULL) return med_error_no_memory(error);
  db->options = *options;
  db->open_count = 1;
  MED_TRY(med_store_open(path, options, &db->store, error));
  MED_TRY(med_page_vfs_open(db->store, &db->vfs, error));
  MED_TRY(med_redis_hub_open(db->store, &db->redis_hub, error));
  MED_TRY(med_cache_hub_open(db->store, memory ? NULL : path, &db->cache_hub, error));
  struct stat status;
  if (!memory && stat(path, &status) == 0) {
    db->device = status.st_dev;
    db->inode = status.st_ino;
  }
  MED_TRY(med_housekeeping_start(db, error));
done:
  if (rc != MEDLEY_OK) {
    destroy(db);
    db = NULL;
  }
  *opened = db;
  return rc;
}

int medley_open(const char *path, const medley_options *given, medley **db, medley_error *error) {
  if (error != NULL) med_error_clear(error);
  if (db == NULL) return med_error_set(error, MEDLEY_MISUSE, "open: nowhere to put the handle");
  *db = NULL;
  medley_options options;
  int rc = complete_options(given, &options, error);
  if (rc != MEDLEY_OK) return rc;
  if (path == NULL || path[0] == '\0') {
    if (!(options.flags & MEDLEY_OPEN_MEMORY)) return med_error_set(error, MEDLEY_MISUSE, "open: no path is given");
    path = "";
  }
  pthread_mutex_lock(&registry_mutex);
  rc = find_open(path, &options, db, error);
  if (rc == MEDLEY_OK && *db == NULL) {
    rc = create(path, &options, db, error);
    if (rc == MEDLEY_OK) {
      (*db)->next = registry;
      registry = *db;
    }
  }
  pthread_mutex_unlock(&registry_mutex);
  return rc;
}

int medley_close(medley *db) {
  if (db == NULL) return MEDLEY_OK;
  int rc = MEDLEY_OK;
  pthread_mutex_lock(&registry_mutex);
  if (db->open_count > 1) {
    db->open_count--;
  } else if (db->session_count > 0) {
    rc = MEDLEY_MISUSE;
  } else {
    medley **link = &registry;
    while (*link != db) link = &(*link)->next;
    *link = db->next;
    /* Closed under the mutex: the next open of this file must not overlap with it. */
    destroy(db);
  }
  pthread_mutex_unlock(&registry_mutex);
  return rc;
}
