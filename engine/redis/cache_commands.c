/* cache_commands.c - commands on a selected cache bucket. */
#include "engine/redis/server_commands.h"

const char *med_redis_cache_setting(med_redis_call *call, const char *name) {
  (void)call;
  (void)name;
  return NULL;
}

int med_redis_cache_set_setting(med_redis_call *call, const char *name, med_slice value, bool *done) {
  (void)call;
  (void)name;
  (void)value;
  *done = false;
  return MEDLEY_OK;
}
