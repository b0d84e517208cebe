/* lcs.c - LCS: the longest common subsequence of two strings, by the usual table. */
#include "engine/redis/arguments.h"
#include "models/keyvalue/string.h"

/* Redis's own bound is proto-max-bulk-len; ours is the largest value. */
#define TABLE_SIZE_MAX MED_KV_VALUE_SIZE_MAX

typedef struct lcs {
  const uint8_t *a, *b;
  size_t a_len, b_len;
  uint32_t *table;
  bool len_only, with_index, with_lengths;
  int64_t match_len_min;
} lcs;

static uint32_t *cell(const lcs *work, size_t i, size_t j) { return &work->table[i * (work->b_len + 1) + j]; }

static int parse_options(med_redis_call *call, lcs *work) {
  for (size_t i = 3; i < call->argc; i++) {
    if (med_redis_arg_is(call, i, "idx")) {
      work->with_index = true;
    } else if (med_redis_arg_is(call, i, "len")) {
      work->len_only = true;
    } else if (med_redis_arg_is(call, i, "withmatchlen")) {
      work->with_lengths = true;
    } else if (med_redis_arg_is(call, i, "minmatchlen") && i + 1 < call->argc) {
      int rc = med_redis_arg_integer(call, ++i, &work->match_len_min);
      if (rc != MEDLEY_OK) return rc;
      if (work->match_len_min < 0) work->match_len_min = 0;
    } else {
      return med_redis_syntax_error(call);
    }
  }
  if (work->with_index && work->len_only)
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR If you want both the length and indexes, please just use IDX.");
  return MEDLEY_OK;
}

static int load(med_redis_call *call, size_t index, med_buffer *buffer) {
  med_kv_meta meta;
  med_slice value = {0};
  int rc = med_kv_find(&call->kv, call->argv[index], &meta);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  if (meta.type != MED_KV_STRING)
    return med_redis_error(call, MEDLEY_TYPE, "ERR The specified keys must contain string values");
  rc = med_string_load(&call->kv, &meta, call->scratch, &value);
  if (rc == MEDLEY_OK && value.len > 0 && !med_buffer_append(buffer, value.bytes, value.len))
    rc = med_error_no_memory(med_session_error_slot(call->session));
  return rc;
}

static int fill_table(med_redis_call *call, lcs *work) {
  for (size_t i = 1; i <= work->a_len; i++) {
    for (size_t j = 1; j <= work->b_len; j++) {
      if (work->a[i - 1] == work->b[j - 1]) {
        *cell(work, i, j) = *cell(work, i - 1, j - 1) + 1;
        continue;
      }
      uint32_t up = *cell(work, i - 1, j), left = *cell(work, i, j - 1);
      *cell(work, i, j) = up > left ? up : left;
    }
    int rc = med_redis_poll(call);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

static void reply_range(med_redis_call *call, size_t first, size_t last) {
  med_reply_list_begin(call->reply);
  med_reply_integer(call->reply, (int64_t)first);
  med_reply_integer(call->reply, (int64_t)last);
  med_reply_list_end(call->reply);
}

static void reply_match(med_redis_call *call, const lcs *work, size_t a_first, size_t b_first, size_t len) {
  if (len == 0 || (int64_t)len < work->match_len_min) return;
  med_reply_list_begin(call->reply);
  reply_range(call, a_first, a_first + len - 1);
  reply_range(call, b_first, b_first + len - 1);
  if (work->with_lengths) med_reply_integer(call->reply, (int64_t)len);
  med_reply_list_end(call->reply);
}

/* From the table's far corner back: the sequence into text (NULL if not wanted), its runs to the reply if wanted. */
static void trace(med_redis_call *call, const lcs *work, uint8_t *text) {
  size_t i = work->a_len, j = work->b_len, left = *cell(work, i, j), run = 0;
  while (i > 0 && j > 0) {
    if (work->a[i - 1] == work->b[j - 1]) {
      if (text != NULL) text[left - 1] = work->a[i - 1];
      left--;
      run++;
      i--;
      j--;
      continue;
    }
    if (work->with_index) reply_match(call, work, i, j, run);
    run = 0;
    if (*cell(work, i - 1, j) > *cell(work, i, j - 1))
      i--;
    else
      j--;
  }
  if (work->with_index) reply_match(call, work, i, j, run);
}

static int reply_lcs(med_redis_call *call, const lcs *work) {
  size_t len = *cell(work, work->a_len, work->b_len);
  if (work->len_only) {
    med_reply_integer(call->reply, (int64_t)len);
    return MEDLEY_OK;
  }
  if (work->with_index) {
    med_reply_list_begin(call->reply);
    med_reply_bulk_text(call->reply, "matches");
    med_reply_list_begin(call->reply);
    trace(call, work, NULL);
    med_reply_list_end(call->reply);
    med_reply_bulk_text(call->reply, "len");
    med_reply_integer(call->reply, (int64_t)len);
    med_reply_list_end(call->reply);
    return MEDLEY_OK;
  }
  uint8_t *text = med_alloc(len + 1);
  if (text == NULL) return med_error_no_memory(med_session_error_slot(call->session));
  trace(call, work, text);
  med_reply_bulk(call->reply, text, len);
  med_free(text);
  return MEDLEY_OK;
}

int med_redis_lcs_command(med_redis_call *call) {
  lcs work = {0};
  med_buffer a = {0}, b = {0};
  int rc;
  MED_TRY(load(call, 1, &a));
  MED_TRY(load(call, 2, &b));
  MED_TRY(parse_options(call, &work));
  work.a = (const uint8_t *)a.bytes;
  work.b = (const uint8_t *)b.bytes;
  work.a_len = a.len;
  work.b_len = b.len;
  if ((a.len + 1) > TABLE_SIZE_MAX / sizeof(uint32_t) / (b.len + 1)) {
    rc = med_redis_error(call, MEDLEY_TOO_BIG,
                         "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    goto done;
  }
  work.table = med_alloc_zero((a.len + 1) * (b.len + 1) * sizeof *work.table);
  if (work.table == NULL) {
    rc = med_error_no_memory(med_session_error_slot(call->session));
    goto done;
  }
  MED_TRY(fill_table(call, &work));
  rc = reply_lcs(call, &work);
done:
  med_free(work.table);
  med_buffer_clear(&a);
  med_buffer_clear(&b);
  return rc;
}
