/* database.h - what one opened file is to its process: storage, SQL's file layer, and what the sessions share.
 *
 * The registry holds every open file by (device, inode): LMDB's locks die with any second descriptor of its lock file, so
 * the same file is never opened twice in a process; a second medley_open counts up instead.
 * Threads: any. */
#ifndef MED_ENGINE_DATABASE_H
#define MED_ENGINE_DATABASE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "engine/cache.h"
#include "engine/medley.h"
#include "engine/redis/hub.h"
#include "storage/page_vfs.h"
#include "storage/store.h"
#include "storage/writer.h"

struct medley {
  med_store *store;
  med_page_vfs *vfs;
  struct med_redis_hub *redis_hub;
  struct med_cache_hub *cache_hub;
  medley_options options; /* as asked for */
  dev_t device;
  ino_t inode;
  uint32_t open_count; /* registry's mutex */
  _Atomic uint32_t session_count;
  _Atomic int64_t wide_timestamp_us; /* the last one that was given to a write */
  _Atomic uint32_t writes_since_sweep;
  _Atomic bool sweep_due;              /* the last slice left something */
  struct med_housekeeper *housekeeper; /* housekeeping.h; NULL: no thread was asked for */
  struct medley *next;                 /* in the registry */
};

#endif
