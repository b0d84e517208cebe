/* name_text.h - names as CQL has to have them written: as they are, or between quotes.
 *
 * What it is: the words that are no names in CQL, and the quoting that follows. What it is not: the parser (engine/cql). */
#ifndef MED_WIDECOLUMN_NAME_TEXT_H
#define MED_WIDECOLUMN_NAME_TEXT_H

#include "storage/bytes.h"
#include "storage/memory.h"

/* A word of the language that is a name only between quotes. Whatever its case. */
bool med_wide_word_is_reserved(med_slice word);
/* A name in its stored form: as it is if it reads so, else quoted. False if memory is short. */
MEDLEY_MUST_USE bool med_wide_name_write(med_slice name, med_buffer *text);
/* Always quoted. */
MEDLEY_MUST_USE bool med_wide_name_quote(med_slice name, med_buffer *text);

#endif
