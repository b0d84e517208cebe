/* refusals.h - what SQLite could do and Medley does not let it, each with its reason. */
#ifndef MED_RELATIONAL_REFUSALS_H
#define MED_RELATIONAL_REFUSALS_H

#include <stddef.h>

/* NULL if the PRAGMA is allowed with this argument (NULL: none); otherwise why not. A constant text. */
const char *med_refusals_pragma(const char *name, const char *argument);
/* How many PRAGMAs the list knows. */
size_t med_refusals_pragma_count(void);
/* The same for an SQL function. */
const char *med_refusals_function(const char *name);

#endif
