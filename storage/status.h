/* status.h - filling the one error slot, and the macro that passes failures up.
 *
 * A medley_error is filled where a failure is first understood and read at the public boundary; in between only the
 * status travels. Message form: "where: what is wrong: which thing". Foreign codes are translated in the file that
 * owns the foreign header. */
#ifndef MED_STORAGE_STATUS_H
#define MED_STORAGE_STATUS_H

#include "engine/medley.h"

/* Jumps to the label `done` of the calling function with `rc` set, unless the expression is MEDLEY_OK. */
#define MED_TRY(expression)         \
  do {                              \
    rc = (expression);              \
    if (rc != MEDLEY_OK) goto done; \
  } while (0)

#define MED_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))

/* Fills the slot (NULL is allowed) and returns status. Language and position stay as they are. A message that does
 * not fit is cut before the character that would not. */
int med_error_set(medley_error *error, int status, const char *format, ...) MED_PRINTF(3, 4);
/* The same, keeping a foreign code. */
int med_error_set_foreign(medley_error *error, int status, int foreign_code, const char *format, ...) MED_PRINTF(4, 5);
/* "out of memory" in the slot; returns MEDLEY_NO_MEMORY. */
int med_error_no_memory(medley_error *error);
void med_error_clear(medley_error *error);
/* Position of byte `offset` of text: lines and byte columns from 1. */
void med_error_set_position(medley_error *error, const char *text, size_t text_len, size_t offset);

#endif
