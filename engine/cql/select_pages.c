/* select_pages.c - where a page of a SELECT ends, and where the next one begins. */
#include "engine/cql/select_cursor.h"
#include "models/widecolumn/pack.h"

/* A state is 02, a hash of the statement (8 bytes, high ones first), the table's number, rows answered so far in all and in the partition,
 * the last row's tail. */
enum { PAGE_STATE_FORM = 2 };

/* ---- Whose state it is ---- the statement's text and what is bound to it. Recursion is as deep as the value. */
static uint64_t hash_number(uint64_t number, uint64_t hash) {
  uint8_t bytes[8];
  med_put_u64(bytes, number);
  return med_hash64(bytes, sizeof bytes, hash);
}

static uint64_t hash_value(const medley_value *value, uint64_t hash) {
  uint64_t bits;
  hash = hash_number(value->type, hash);
  switch (value->type) {
    case MEDLEY_TYPE_BOOLEAN: return hash_number(value->as.boolean != 0, hash);
    case MEDLEY_TYPE_INTEGER: return hash_number((uint64_t)value->as.integer, hash);
    case MEDLEY_TYPE_REAL: memcpy(&bits, &value->as.real, sizeof bits); return hash_number(bits, hash);
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_STATUS:
    case MEDLEY_TYPE_BLOB: return med_hash64(value->as.text.bytes, value->as.text.len, hash);
    case MEDLEY_TYPE_LIST:
      hash = hash_number(value->as.list.count, hash);
      for (size_t i = 0; i < value->as.list.count; i++) hash = hash_value(&value->as.list.items[i], hash);
      return hash;
    case MEDLEY_TYPE_MAP:
      hash = hash_number(value->as.map.count, hash);
      for (size_t i = 0; i < value->as.map.count; i++)
        hash = hash_value(&value->as.map.values[i], hash_value(&value->as.map.keys[i], hash));
      return hash;
    default: return hash; /* null; others fit no type */
  }
}

static uint64_t hash_statement(const med_cql_run *run) {
  uint64_t hash = med_hash64(run->text.bytes, run->text.len, 0);
  for (int i = 0; i < run->statement->parameter_count; i++)
    hash = hash_value(&run->statement->parameters[i].value, hash);
  return hash;
}

bool med_cql_select_goes_on(const med_cql_select_cursor *cursor, const med_wide_entry *entry) {
  size_t len = cursor->page_partition_len;
  return len > 0 && entry->tail.len >= len && memcmp(entry->tail.bytes, cursor->page_tail.bytes, len) == 0;
}

static int wrong_state(med_cql_run *run) {
  return med_error_set(run->error, MEDLEY_ERROR, "cql: Invalid value for the paging state");
}

int med_cql_select_remember(med_cql_select_cursor *cursor, med_slice tail) {
  const med_wide_table *table = cursor->plan->table;
  med_key key;
  med_wide_place place;
  med_wide_table_prefix(table->id, &key);
  if (tail.len > MED_KEY_SIZE_MAX - (size_t)key.len) return wrong_state(cursor->run);
  memcpy(key.bytes + key.len, tail.bytes, tail.len);
  key.len = (uint16_t)(key.len + tail.len);
  int rc = med_wide_key_place(table, med_key_slice(&key), &place, cursor->run->error);
  if (rc != MEDLEY_OK) return wrong_state(cursor->run);
  med_key_set(&cursor->page_tail, tail);
  cursor->page_partition_len = place.partition.len - MED_WIDE_TAIL_OFFSET;
  return MEDLEY_OK;
}

bool med_cql_select_page_state(const med_cql_select_cursor *cursor, med_buffer *state) {
  bool more = cursor->paged && cursor->page_left == 0 && !cursor->ended && cursor->answered < cursor->limit;
  if (!more || cursor->page_tail.len == 0) return true;
  uint8_t hash[8];
  med_put_u64(hash, cursor->page_hash);
  return med_buffer_append_byte(state, PAGE_STATE_FORM) && med_buffer_append(state, hash, sizeof hash) &&
         med_pack_number(state, cursor->plan->table->id) && med_pack_number(state, cursor->answered) &&
         med_pack_number(state, cursor->in_partition) &&
         med_buffer_append(state, cursor->page_tail.bytes, cursor->page_tail.len);
}

/* Of the places to read those before the state's row are passed over, and its own is begun behind it. */
static int resume_in_partitions(med_cql_select_cursor *cursor, med_slice tail) {
  const med_cql_bounds *bounds = &cursor->bounds;
  const med_wide_table *table = cursor->plan->table;
  size_t ranges = bounds->all_rows ? 1 : bounds->range_count, len = cursor->page_partition_len;
  for (size_t i = 0; i < bounds->partition_count; i++) {
    med_key key;
    bool hashed;
    int rc = med_wide_partition_key(table, bounds->partitions[i], &key, &hashed, cursor->run->error);
    if (rc != MEDLEY_OK) return rc;
    if ((size_t)key.len - MED_WIDE_TAIL_OFFSET != len || memcmp(key.bytes + MED_WIDE_TAIL_OFFSET, tail.bytes, len) != 0)
      continue;
    med_slice parts = med_slice_of((const uint8_t *)tail.bytes + len + 1, tail.len > len ? tail.len - len - 1 : 0);
    cursor->partition_at = i;
    for (size_t j = 0; j < ranges; j++) {
      const med_wide_range *range =
          bounds->all_rows ? NULL : &bounds->ranges[cursor->plan->reverse ? ranges - 1 - j : j];
      bool inside = range == NULL || med_wide_range_has(range, parts);
      bool passed = range != NULL && !inside && (med_slice_compare(parts, range->from) < 0) == cursor->plan->reverse;
      if (passed) continue;
      cursor->range_at = j + inside;
      if (!inside) return MEDLEY_OK;
      cursor->reading = true;
      rc = med_wide_reader_partition(cursor->reader, bounds->partitions[i], range, cursor->plan->reverse);
      return rc == MEDLEY_OK ? med_wide_reader_resume(cursor->reader, tail) : rc;
    }
    cursor->range_at = ranges;
    return MEDLEY_OK;
  }
  return wrong_state(cursor->run);
}

/* An entry of a static column stands for its partition, whose rows go on behind the state's. */
static int resume_in_index(med_cql_select_cursor *cursor, med_slice tail) {
  if (cursor->indexed->columns[0]->role != MED_WIDE_STATIC) {
    med_wide_index_reader_resume(cursor->index, tail);
    return MEDLEY_OK;
  }
  med_key own;
  med_wide_entry entry;
  med_key_init(&own);
  (void)med_key_add_bytes(&own, med_slice_of(tail.bytes, cursor->page_partition_len), MED_KEY_SIZE_MAX);
  med_key_add_u8(&own, MED_WIDE_SUB_PARTITION);
  med_wide_index_reader_resume(cursor->index, med_key_slice(&own));
  int rc = med_wide_reader_at(cursor->reader, med_key_slice(&own), &entry);
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc; /* nothing has the value there any more */
  cursor->reading = true;
  rc = med_wide_reader_partition(cursor->reader, entry.partition, NULL, false);
  return rc == MEDLEY_OK ? med_wide_reader_resume(cursor->reader, tail) : rc;
}

static int take_group(med_cql_select_cursor *cursor, med_slice tail) {
  const med_wide_table *table = cursor->plan->table;
  const uint8_t *sub = (const uint8_t *)tail.bytes + cursor->page_partition_len;
  size_t left = tail.len - cursor->page_partition_len;
  if (left == 0 || *sub != MED_WIDE_SUB_ROW) return MEDLEY_OK;
  med_slice *values = med_cql_alloc(cursor->run, (table->clustering_count + 1) * sizeof *values);
  if (values == NULL) return MEDLEY_NO_MEMORY;
  cursor->page_clustering = values;
  return med_wide_key_values(med_wide_clustering(table), table->clustering_count, med_slice_of(sub + 1, left - 1),
                             cursor->run->arena, values, cursor->run->error);
}

static int resume(med_cql_select_cursor *cursor, med_slice state) {
  uint64_t table_id, answered, in_partition;
  if (state.len < 9 || *(const uint8_t *)state.bytes != PAGE_STATE_FORM) return wrong_state(cursor->run);
  if (med_get_u64((const uint8_t *)state.bytes + 1) != cursor->page_hash)
    return med_error_set(cursor->run->error, MEDLEY_ERROR,
                         "cql: the paging state is that of another statement, or of other values");
  state = med_slice_of((const uint8_t *)state.bytes + 9, state.len - 9);
  if (!med_unpack_number(&state, &table_id) || !med_unpack_number(&state, &answered) ||
      !med_unpack_number(&state, &in_partition) || table_id != cursor->plan->table->id)
    return wrong_state(cursor->run);
  if (cursor->plan->grouped && cursor->plan->group_count == 0)
    return wrong_state(cursor->run); /* one row has one page */
  int rc = med_cql_select_remember(cursor, state);
  if (rc == MEDLEY_OK && cursor->plan->grouped) rc = take_group(cursor, state);
  if (rc != MEDLEY_OK || cursor->bounds.nothing) return rc;
  cursor->answered = answered;
  cursor->in_partition = in_partition;
  if (cursor->index != NULL) return resume_in_index(cursor, state);
  if (cursor->plan->where.whole_key) return resume_in_partitions(cursor, state);
  cursor->partition_at = 1;
  cursor->reading = true;
  med_wide_reader_tokens(cursor->reader, cursor->bounds.token_from, cursor->bounds.token_to);
  return med_wide_reader_resume(cursor->reader, state);
}

int med_cql_select_open_page(med_cql_select_cursor *cursor, const med_cql_page *page) {
  cursor->paged = page->rows > 0;
  cursor->page_left = page->rows;
  if (!cursor->paged && page->state.len == 0) return MEDLEY_OK;
  if (cursor->plan->sort)
    return med_error_set(cursor->run->error, MEDLEY_UNSUPPORTED,
                         "cql: pages of rows of several partitions in one order are not supported");
  cursor->page_hash = hash_statement(cursor->run);
  return page->state.len > 0 ? resume(cursor, page->state) : MEDLEY_OK;
}
