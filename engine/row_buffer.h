/* row_buffer.h - a statement's rows in memory: of one that writes, because its transaction does not stay open between steps, or of one that
 * read while its transaction ended. */
#ifndef MED_ENGINE_ROW_BUFFER_H
#define MED_ENGINE_ROW_BUFFER_H

#include "engine/medley.h"
#include "storage/memory.h"

typedef struct med_buffered_row med_buffered_row;

typedef struct med_row_buffer { /* starts as {0} */
  bool active;                  /* rows come from here */
  med_arena arena;
  med_buffered_row *first, *last;
  size_t bytes;
  int final; /* what follows the rows: DONE, or the failure that ended their making */
  medley_error final_error;
} med_row_buffer;

/* One more row, copied; TOO_BIG: no more than 256 MiB. */
MEDLEY_MUST_USE int med_row_buffer_add(med_row_buffer *buffer, const medley_value *values, size_t count,
                                       medley_error *error);
/* A row's copy that is no row of the buffer, but lives as long. */
MEDLEY_MUST_USE int med_row_buffer_keep(med_row_buffer *buffer, const medley_value *values, size_t count,
                                        const medley_value **kept, medley_error *error);
/* From now on rows come from here. error: of final, if it is a failure. */
void med_row_buffer_end(med_row_buffer *buffer, int final, const medley_error *error);
/* ROW and the next one, valid until reset; then what was final, with its error. */
MEDLEY_MUST_USE int med_row_buffer_next(med_row_buffer *buffer, const medley_value **row, medley_error *error);
void med_row_buffer_reset(med_row_buffer *buffer);
void med_row_buffer_clear(med_row_buffer *buffer);

#endif
