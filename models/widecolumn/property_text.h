/* property_text.h - a table's properties by name, and the text of one taken apart as CQL writes it: signs, strings between single quotes.
 *
 * Threads: none of this shares anything. Lifetime: of the arena. */
#ifndef MED_WIDECOLUMN_PROPERTY_TEXT_H
#define MED_WIDECOLUMN_PROPERTY_TEXT_H

#include "models/widecolumn/schema.h"

/* NULL bytes if the table has no such property. */
med_slice med_wide_property_find(const med_wide_table *table, const char *name);

/* Each takes what it answers off the front of the text, and blanks before it. */
void med_wide_property_skip(med_slice *text, size_t len);
void med_wide_property_blanks(med_slice *text);
/* Whether the sign came next. */
bool med_wide_property_sign(med_slice *text, char sign);
/* A string between single quotes, doubled ones within it made one, in the arena with a NUL behind it. OK, ERROR if there is none, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_property_string(med_slice *text, med_arena *arena, med_slice *string);

#endif
