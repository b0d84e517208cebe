/* cache_client.h - the insides of a session's cache side, for cache.c, cache_client.c and cache_calls.c.
 *
 *   overlay  ──prepare──►  a commit at each touched segment, its keys held  ──finish──►  values stored, holds ended
 */
#ifndef MED_ENGINE_CACHE_CLIENT_H
#define MED_ENGINE_CACHE_CLIENT_H

#include "engine/cache_overlay.h"

typedef struct med_cache_part { /* of a prepared commit: one bucket's */
  med_cache_bucket *bucket;     /* kept by the overlay's entries */
  med_cache_commit commit;
  bool closed; /* the whole segment is held */
} med_cache_part;

struct med_cache_client {
  med_cache_hub *hub;
  med_cache_overlay overlay;
  med_cache_part *parts;
  size_t part_count;
  bool prepared;
  med_cache_bucket **buckets; /* borrowed: the committed buckets that this session has used */
  size_t bucket_count;
  med_buffer value; /* what the last call lent out */
  uint64_t sequence;
};

MEDLEY_MUST_USE int med_cache_client_open(medley_session *session, med_cache_client **client);
/* The bucket that the name means to this session now; valid until the next call of this function or the end of the
 * transaction. NOT_FOUND without a message. */
MEDLEY_MUST_USE int med_cache_client_bucket(med_cache_client *client, med_slice name, med_cache_bucket **bucket,
                                            medley_error *error);
/* Adds an entry for a bucket; borrows it. */
MEDLEY_MUST_USE int med_cache_client_add(med_cache_client *client, med_overlay_entry *entry, med_slice key,
                                         med_slice value, medley_error *error);

#endif
