/* hub.c - opening and closing what the Redis side of a database shares. */
#include "engine/redis/state.h"

int med_redis_hub_open(med_store *store, struct med_redis_hub **hub, medley_error *error) {
  struct med_redis_hub *made = med_alloc_zero(sizeof *made);
  *hub = NULL;
  if (made == NULL) return med_error_no_memory(error);
  if (pthread_mutex_init(&made->mutex, NULL) != 0) {
    med_free(made);
    return med_error_no_memory(error);
  }
  made->store = store;
  made->next_client_id = 1;
  made->next_cursor = 1;
  made->opened_us = med_store_now_us(store);
  med_redis_index_fill(made);
  *hub = made;
  return MEDLEY_OK;
}

void med_redis_hub_close(struct med_redis_hub *hub) {
  if (hub == NULL) return;
  pthread_mutex_destroy(&hub->mutex);
  med_free(hub->scans);
  med_free(hub);
}

/* ---- Names ---- */

bool med_redis_names_has(const med_redis_names *names, med_slice name) {
  for (size_t i = 0; i < names->count; i++)
    if (med_slice_equal(med_slice_of(names->items[i].bytes, names->items[i].len), name)) return true;
  return false;
}

bool med_redis_names_add(med_redis_names *names, med_slice name) {
  if (med_redis_names_has(names, name)) return true;
  if (names->count == names->capacity) {
    size_t capacity = names->capacity == 0 ? 4 : names->capacity * 2;
    med_buffer *items = med_realloc(names->items, capacity * sizeof *items);
    if (items == NULL) return false;
    names->items = items;
    names->capacity = capacity;
  }
  med_buffer copy = {0};
  if (name.len > 0 && !med_buffer_append(&copy, name.bytes, name.len)) return false;
  names->items[names->count++] = copy;
  return true;
}

bool med_redis_names_remove(med_redis_names *names, med_slice name) {
  for (size_t i = 0; i < names->count; i++) {
    if (!med_slice_equal(med_slice_of(names->items[i].bytes, names->items[i].len), name)) continue;
    med_buffer_clear(&names->items[i]);
    names->count--;
    memmove(names->items + i, names->items + i + 1, (names->count - i) * sizeof *names->items);
    return true;
  }
  return false;
}

void med_redis_names_clear(med_redis_names *names) {
  for (size_t i = 0; i < names->count; i++) med_buffer_clear(&names->items[i]);
  med_free(names->items);
  *names = (med_redis_names){NULL, 0, 0};
}
