/* network.c - the stream of a generated network: rows, counts, and the order of the parts. */
#include "bench/network_stream.h"

#include <stdlib.h>
#include <string.h>

#define SCALE_MIN 2
#define SCALE_MAX 100000000

int medley_network_generate(const medley_network_options *options, medley_network_callback on_row, void *context) {
  if (options->scale < SCALE_MIN || options->scale > SCALE_MAX) return MEDLEY_RANGE;
  med_network_stream stream = {.seed = options->seed,
                               .person_count = (uint32_t)options->scale,
                               .on_row = on_row,
                               .context = context,
                               .status = MEDLEY_OK};
  med_network_emit_places(&stream);
  med_network_emit_persons(&stream);
  med_network_make_friends(&stream);
  med_network_emit_knows(&stream);
  med_network_emit_forums(&stream);
  med_network_emit_accounts(&stream);
  med_network_emit_views(&stream);
  med_network_emit_sessions(&stream);
  free(stream.earlier_offsets);
  free(stream.later_offsets);
  free(stream.earlier);
  free(stream.later);
  return stream.status;
}

static int count_row(void *context, const medley_network_row *row) {
  medley_network_counts *counts = context;
  counts->rows[row->table]++;
  counts->total++;
  return MEDLEY_OK;
}

int medley_network_count(const medley_network_options *options, medley_network_counts *counts) {
  memset(counts, 0, sizeof *counts);
  return medley_network_generate(options, count_row, counts);
}

/* ---- Rows ---- */

void med_network_begin(med_network_stream *stream, medley_network_table table) {
  stream->row.table = table;
  stream->row.field_count = 0;
}

void med_network_integer(med_network_stream *stream, int64_t integer) {
  stream->row.fields[stream->row.field_count++] =
      (medley_network_field){.type = MEDLEY_TYPE_INTEGER, .integer = integer};
}

void med_network_text(med_network_stream *stream, const char *text, size_t len) {
  stream->row.fields[stream->row.field_count++] =
      (medley_network_field){.type = MEDLEY_TYPE_TEXT, .text = text, .len = len};
}

void med_network_word(med_network_stream *stream, const char *text) { med_network_text(stream, text, strlen(text)); }

void med_network_null(med_network_stream *stream) {
  stream->row.fields[stream->row.field_count++] = (medley_network_field){.type = MEDLEY_TYPE_NULL};
}

void med_network_emit(med_network_stream *stream) {
  if (stream->status == MEDLEY_OK) stream->status = stream->on_row(stream->context, &stream->row);
}

void med_network_pair(med_network_stream *stream, medley_network_table table, uint64_t first, uint64_t second) {
  med_network_begin(stream, table);
  med_network_integer(stream, (int64_t)first);
  med_network_integer(stream, (int64_t)second);
  med_network_emit(stream);
}

void med_network_triple(med_network_stream *stream, medley_network_table table, uint64_t first, uint64_t second,
                        int64_t third) {
  med_network_begin(stream, table);
  med_network_integer(stream, (int64_t)first);
  med_network_integer(stream, (int64_t)second);
  med_network_integer(stream, third);
  med_network_emit(stream);
}
