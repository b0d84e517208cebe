/* reply.c - building one reply. Items of an open list grow in the arena by doubling; nothing is freed before the arena. */
#include "engine/redis/reply.h"

#include <math.h>
#include <stdio.h>

#define FIRST_CAPACITY 8

void med_reply_init(med_reply *reply, med_arena *memory) {
  reply->memory = memory;
  med_reply_restart(reply);
}

void med_reply_restart(med_reply *reply) {
  reply->depth = 0;
  reply->failed = false;
  reply->root.type = MEDLEY_TYPE_NULL;
}

int med_reply_take(med_reply *reply, medley_error *error, medley_value *value) {
  while (reply->depth > 0) med_reply_list_end(reply);
  if (reply->failed) return med_error_no_memory(error);
  *value = reply->root;
  return MEDLEY_OK;
}

static void add(med_reply *reply, const medley_value *value) {
  if (reply->failed) return;
  if (reply->depth == 0) {
    reply->root = *value;
    return;
  }
  med_reply_list *list = &reply->open[reply->depth - 1];
  if (list->count == list->capacity) {
    size_t capacity = list->capacity == 0 ? FIRST_CAPACITY : list->capacity * 2;
    medley_value *items = med_arena_alloc(reply->memory, capacity * sizeof *items);
    if (items == NULL) {
      reply->failed = true;
      return;
    }
    if (list->count > 0) memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    list->capacity = capacity;
  }
  list->items[list->count++] = *value;
}

void med_reply_value(med_reply *reply, const medley_value *value) { add(reply, value); }

static void add_bytes(med_reply *reply, medley_type type, const void *bytes, size_t len) {
  medley_value value = {.type = type};
  value.as.text.len = len;
  value.as.text.bytes = "";
  if (len > 0) {
    value.as.text.bytes = med_arena_strndup(reply->memory, bytes, len);
    if (value.as.text.bytes == NULL) {
      reply->failed = true;
      return;
    }
  }
  add(reply, &value);
}

void med_reply_null(med_reply *reply) {
  medley_value value = {.type = MEDLEY_TYPE_NULL};
  add(reply, &value);
}

void med_reply_integer(med_reply *reply, int64_t integer) {
  medley_value value = {.type = MEDLEY_TYPE_INTEGER, .as = {.integer = integer}};
  add(reply, &value);
}

void med_reply_bulk(med_reply *reply, const void *bytes, size_t len) { add_bytes(reply, MEDLEY_TYPE_TEXT, bytes, len); }
void med_reply_bulk_slice(med_reply *reply, med_slice slice) { med_reply_bulk(reply, slice.bytes, slice.len); }
void med_reply_bulk_text(med_reply *reply, const char *text) { med_reply_bulk(reply, text, strlen(text)); }

void med_reply_real(med_reply *reply, double real) {
  char text[40];
  if (isinf(real)) {
    med_reply_bulk_text(reply, real > 0 ? "inf" : "-inf");
    return;
  }
  int len = snprintf(text, sizeof text, "%.17g", real);
  for (char *at = text; *at != 0; at++)
    if (*at == ',') *at = '.'; /* whatever the host's locale says */
  med_reply_bulk(reply, text, (size_t)len);
}

void med_reply_status_slice(med_reply *reply, med_slice slice) {
  add_bytes(reply, MEDLEY_TYPE_STATUS, slice.bytes, slice.len);
}
void med_reply_status(med_reply *reply, const char *text) { med_reply_status_slice(reply, med_slice_of_text(text)); }

void med_reply_ok(med_reply *reply) {
  medley_value value = {.type = MEDLEY_TYPE_STATUS, .as = {.text = {"OK", 2}}};
  add(reply, &value);
}

void med_reply_list_begin(med_reply *reply) {
  if (reply->depth == MED_REPLY_DEPTH_MAX) {
    reply->failed = true;
    return;
  }
  reply->open[reply->depth++] = (med_reply_list){NULL, 0, 0};
}

void med_reply_list_end(med_reply *reply) {
  if (reply->depth == 0) return;
  med_reply_list *list = &reply->open[--reply->depth];
  medley_value value = {.type = MEDLEY_TYPE_LIST};
  value.as.list.items = list->items;
  value.as.list.count = list->count;
  add(reply, &value);
}

void med_reply_null_list(med_reply *reply) { med_reply_null(reply); }

size_t med_reply_list_count(const med_reply *reply) {
  return reply->depth == 0 ? 0 : reply->open[reply->depth - 1].count;
}
