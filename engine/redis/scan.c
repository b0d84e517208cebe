/* scan.c - cursors: numbers for positions that the hub remembers. */
#include "engine/redis/scan.h"

#include "engine/redis/state.h"

/* As strtoul reads it, up to a NUL: a sign is allowed, nothing at all is 0, a space in front and what is too large are
 * not. */
static bool parse_cursor(med_slice text, uint64_t *cursor) {
  const char *bytes = text.bytes, *end = memchr(bytes, 0, text.len);
  size_t len = end != NULL ? (size_t)(end - bytes) : text.len, at = 0;
  bool negative = len > 0 && bytes[0] == '-';
  *cursor = 0;
  if (len > 0 && (bytes[0] == '-' || bytes[0] == '+')) at++;
  if (at == len) return len == 0;
  for (; at < len; at++) {
    if (bytes[at] < '0' || bytes[at] > '9') return false;
    if (__builtin_mul_overflow(*cursor, (uint64_t)10, cursor) ||
        __builtin_add_overflow(*cursor, (uint64_t)(bytes[at] - '0'), cursor))
      return false;
  }
  if (negative) *cursor = 0 - *cursor;
  return true;
}

static void find_position(struct med_redis_hub *hub, uint64_t cursor, med_redis_scan *scan) {
  scan->from_start = true;
  if (cursor == 0) return;
  pthread_mutex_lock(&hub->mutex);
  for (size_t i = 0; hub->scans != NULL && i < MED_REDIS_SCAN_POSITIONS; i++) {
    if (hub->scans[i].cursor != cursor) continue;
    hub->scans[i].used = 0; /* the scan goes on under a new number: this one is the first to give way */
    scan->position = hub->scans[i].position;
    scan->from_start = false;
    break;
  }
  pthread_mutex_unlock(&hub->mutex);
}

static int parse_option(med_redis_call *call, size_t *at, unsigned allowed, med_redis_scan *scan) {
  if (med_redis_arg_is(call, *at, "novalues") && (allowed & MED_REDIS_SCAN_NO_VALUES)) {
    scan->no_values = true;
    (*at)++;
    return MEDLEY_OK;
  }
  if (*at + 1 >= call->argc) return med_redis_syntax_error(call);
  if (med_redis_arg_is(call, *at, "count")) {
    int64_t count;
    int rc = med_redis_arg_integer(call, *at + 1, &count);
    if (rc != MEDLEY_OK) return rc;
    if (count < 1) return med_redis_syntax_error(call);
    scan->count = (size_t)count;
  } else if (med_redis_arg_is(call, *at, "match")) {
    scan->pattern = call->argv[*at + 1];
    scan->has_pattern = !(scan->pattern.len == 1 && *(const char *)scan->pattern.bytes == '*');
  } else if (med_redis_arg_is(call, *at, "type") && (allowed & MED_REDIS_SCAN_TYPE)) {
    scan->type = call->argv[*at + 1];
    scan->has_type = true;
  } else {
    return med_redis_syntax_error(call);
  }
  *at += 2;
  return MEDLEY_OK;
}

int med_redis_scan_parse(med_redis_call *call, size_t cursor_index, unsigned allowed, med_redis_scan *scan) {
  memset(scan, 0, sizeof *scan);
  scan->count = 10;
  uint64_t cursor;
  if (!parse_cursor(call->argv[cursor_index], &cursor))
    return med_redis_error(call, MEDLEY_RANGE, "ERR invalid cursor");
  for (size_t at = cursor_index + 1; at < call->argc;) {
    int rc = parse_option(call, &at, allowed, scan);
    if (rc != MEDLEY_OK) return rc;
  }
  find_position(call->hub, cursor, scan);
  return MEDLEY_OK;
}

/* A free place, or the one that was not used for the longest time. Under the mutex; 0 if memory is short. */
static uint64_t remember(struct med_redis_hub *hub, med_slice position) {
  if (hub->scans == NULL) {
    hub->scans = med_alloc_zero(MED_REDIS_SCAN_POSITIONS * sizeof *hub->scans);
    if (hub->scans == NULL) return 0;
  }
  med_redis_scan_entry *place = &hub->scans[0];
  for (size_t i = 0; i < MED_REDIS_SCAN_POSITIONS && place->cursor != 0; i++)
    if (hub->scans[i].cursor == 0 || hub->scans[i].used < place->used) place = &hub->scans[i];
  place->cursor = hub->next_cursor++;
  place->used = ++hub->scan_uses;
  med_key_set(&place->position, position);
  return place->cursor;
}

void med_redis_scan_reply_cursor(med_redis_call *call, const med_slice *position) {
  char digits[24];
  uint64_t cursor = 0;
  if (position != NULL) {
    pthread_mutex_lock(&call->hub->mutex);
    cursor = remember(call->hub, *position);
    pthread_mutex_unlock(&call->hub->mutex);
    if (cursor == 0) call->reply->failed = true;
  }
  size_t len = 0, first = sizeof digits;
  do {
    digits[--first] = (char)('0' + cursor % 10);
    cursor /= 10;
    len++;
  } while (cursor > 0);
  med_reply_list_begin(call->reply);
  med_reply_bulk(call->reply, digits + first, len);
}

bool med_redis_scan_matches(const med_redis_scan *scan, med_slice text) {
  return !scan->has_pattern || med_redis_glob_match(scan->pattern, text, false);
}
