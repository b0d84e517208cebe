/* row_buffer.c - rows that are copied into an arena, one after the other. */
#include "engine/row_buffer.h"

#include "engine/session_state.h"

#define BYTES_MAX ((size_t)256 << 20)

struct med_buffered_row {
  med_buffered_row *next;
  const medley_value *values;
};

static size_t bytes_of(const medley_value *value) {
  bool bytes = value->type == MEDLEY_TYPE_TEXT || value->type == MEDLEY_TYPE_BLOB;
  return sizeof *value + (bytes ? value->as.text.len : 0);
}

int med_row_buffer_keep(med_row_buffer *buffer, const medley_value *values, size_t count, const medley_value **kept,
                        medley_error *error) {
  medley_value *copies = med_arena_alloc(&buffer->arena, (count + 1) * sizeof *copies);
  if (copies == NULL) return med_error_no_memory(error);
  for (size_t i = 0; i < count; i++) {
    int rc = med_value_copy(&buffer->arena, &values[i], &copies[i]);
    if (rc != MEDLEY_OK) return rc == MEDLEY_NO_MEMORY ? med_error_no_memory(error) : rc;
  }
  *kept = copies;
  return MEDLEY_OK;
}

int med_row_buffer_add(med_row_buffer *buffer, const medley_value *values, size_t count, medley_error *error) {
  med_buffered_row *row = med_arena_alloc(&buffer->arena, sizeof *row);
  if (row == NULL) return med_error_no_memory(error);
  *row = (med_buffered_row){0};
  buffer->bytes += sizeof *row;
  for (size_t i = 0; i < count; i++) buffer->bytes += bytes_of(&values[i]);
  if (buffer->bytes > BYTES_MAX)
    return med_error_set(error, MEDLEY_TOO_BIG, "the rows of the statement take more than %zu bytes of memory",
                         BYTES_MAX);
  int rc = med_row_buffer_keep(buffer, values, count, &row->values, error);
  if (rc != MEDLEY_OK) return rc;
  if (buffer->last != NULL)
    buffer->last->next = row;
  else
    buffer->first = row;
  buffer->last = row;
  return MEDLEY_OK;
}

void med_row_buffer_end(med_row_buffer *buffer, int final, const medley_error *error) {
  buffer->active = true;
  buffer->final = final;
  if (final != MEDLEY_DONE) buffer->final_error = *error;
}

int med_row_buffer_next(med_row_buffer *buffer, const medley_value **row, medley_error *error) {
  med_buffered_row *next = buffer->first;
  if (next != NULL) {
    buffer->first = next->next;
    *row = next->values;
    return MEDLEY_ROW;
  }
  if (buffer->final != MEDLEY_DONE) *error = buffer->final_error;
  return buffer->final;
}

void med_row_buffer_reset(med_row_buffer *buffer) {
  buffer->active = false;
  buffer->first = buffer->last = NULL;
  buffer->bytes = 0;
  med_arena_reset(&buffer->arena);
}

void med_row_buffer_clear(med_row_buffer *buffer) {
  med_row_buffer_reset(buffer);
  med_arena_clear(&buffer->arena);
}
