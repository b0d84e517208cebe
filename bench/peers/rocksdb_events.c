/* rocksdb_events.c - see rocksdb_events.h. */
#include "bench/peers/rocksdb_events.h"

#include <stdlib.h>
#include <string.h>

#include "bench/workload_widecolumn.h"

#define KEY_SIZE 20
#define USER_COUNT_FIRST 1024

/* What a row's value holds; the key holds user, time and number, all big-endian so that they sort. */
typedef struct event_value {
  int64_t price;
  uint32_t type, item, duration, session, country;
} event_value;

static void put_big(uint8_t *at, uint64_t number, int size) {
  for (int i = size - 1; i >= 0; i--, number >>= 8) at[i] = (uint8_t)number;
}

static uint64_t get_big(const uint8_t *at, int size) {
  uint64_t number = 0;
  for (int i = 0; i < size; i++) number = number << 8 | at[i];
  return number;
}

void med_rocksdb_events_add(rocksdb_writebatch_t *batch, const med_event *event) {
  uint8_t key[KEY_SIZE];
  event_value value;
  memset(&value, 0, sizeof value);
  value = (event_value){event->price, event->type, event->item, event->duration, event->session, event->country};
  put_big(key, event->user, 4);
  put_big(key + 4, (uint64_t)event->time_us, 8);
  put_big(key + 12, event->number, 8);
  rocksdb_writebatch_put(batch, (const char *)key, sizeof key, (const char *)&value, sizeof value);
}

/* The row under the iterator; false behind the last one. */
static int read_row(rocksdb_iterator_t *iterator, uint32_t *user, int64_t *time_us, event_value *value) {
  size_t len;
  if (!rocksdb_iter_valid(iterator)) return 0;
  const uint8_t *key = (const uint8_t *)rocksdb_iter_key(iterator, &len);
  *user = (uint32_t)get_big(key, 4);
  *time_us = (int64_t)get_big(key + 4, 8);
  memcpy(value, rocksdb_iter_value(iterator, &len), sizeof *value);
  return 1;
}

static int end(rocksdb_iterator_t *iterator, int answer) {
  char *error = NULL;
  rocksdb_iter_get_error(iterator, &error);
  rocksdb_iter_destroy(iterator);
  if (!error) return answer;
  med_peer_fail("rocksdb: %s", error);
  rocksdb_free(error);
  return -1;
}

int med_rocksdb_events_by_type(rocksdb_iterator_t *iterator, med_group *groups, int limit) {
  med_group all[MED_EVENT_TYPE_COUNT] = {{0}};
  uint32_t user;
  int64_t time_us;
  event_value value;
  int count = 0;
  for (rocksdb_iter_seek_to_first(iterator); read_row(iterator, &user, &time_us, &value); rocksdb_iter_next(iterator)) {
    all[value.type % MED_EVENT_TYPE_COUNT].count++;
    all[value.type % MED_EVENT_TYPE_COUNT].sum += value.price;
  }
  for (int i = 0; i < MED_EVENT_TYPE_COUNT && count < limit; i++) {
    if (all[i].count > 0) groups[count++] = (med_group){(uint64_t)i, all[i].count, all[i].sum};
  }
  return end(iterator, count);
}

int med_rocksdb_events_sum(rocksdb_iterator_t *iterator, int64_t from_us, int64_t to_us, med_group *total) {
  uint32_t user;
  int64_t time_us;
  event_value value;
  *total = (med_group){0};
  for (rocksdb_iter_seek_to_first(iterator); read_row(iterator, &user, &time_us, &value); rocksdb_iter_next(iterator)) {
    if (time_us < from_us || time_us >= to_us) continue;
    total->count++;
    total->sum += value.price;
  }
  return end(iterator, 0);
}

/* Keeps the groups with the most events; users come in ascending order, so an equal one goes behind. */
static int keep_best(med_group *groups, int count, int limit, const med_group *group) {
  int at = count;
  if (group->count == 0) return count;
  while (at > 0 && groups[at - 1].count < group->count) at--;
  if (at >= limit) return count;
  if (count < limit) count++;
  memmove(groups + at + 1, groups + at, (size_t)(count - at - 1) * sizeof *groups);
  groups[at] = *group;
  return count;
}

/* Rows are sorted by user: a group is complete when the next user begins. */
int med_rocksdb_events_top_users(rocksdb_iterator_t *iterator, med_group *groups, int limit) {
  med_group present = {0};
  uint32_t user;
  int64_t time_us;
  event_value value;
  int count = 0;
  for (rocksdb_iter_seek_to_first(iterator); read_row(iterator, &user, &time_us, &value); rocksdb_iter_next(iterator)) {
    if (user != present.key) {
      count = keep_best(groups, count, limit, &present);
      present = (med_group){.key = user};
    }
    present.count++;
    present.sum += value.price;
  }
  count = keep_best(groups, count, limit, &present);
  return end(iterator, count);
}

int med_rocksdb_events_partition(rocksdb_iterator_t *iterator, uint32_t user, int limit, med_group *total) {
  uint8_t key[KEY_SIZE] = {0};
  uint32_t found;
  int64_t time_us;
  event_value value;
  put_big(key, user, 4);
  *total = (med_group){0};
  rocksdb_iter_seek(iterator, (const char *)key, sizeof key);
  while (read_row(iterator, &found, &time_us, &value) && found == user) {
    total->count++;
    total->sum += value.price;
    if (limit > 0 && total->count == (uint64_t)limit) break;
    rocksdb_iter_next(iterator);
  }
  return end(iterator, 0);
}
