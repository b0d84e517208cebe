/* control.h - recognising the SQL statements that act on the session's transaction rather than on SQLite's.
 *
 * BEGIN [DEFERRED|IMMEDIATE|EXCLUSIVE] [TRANSACTION], COMMIT | END [TRANSACTION], SAVEPOINT name, RELEASE [SAVEPOINT] name,
 * ROLLBACK [TRANSACTION] [TO [SAVEPOINT] name]; SQLite's grammar. Nothing here keeps state. */
#ifndef MED_SQL_CONTROL_H
#define MED_SQL_CONTROL_H

#include "storage/bytes.h"
#include "storage/status.h"

typedef enum med_control_kind {
  MED_CONTROL_NONE = 0, /* an ordinary statement */
  MED_CONTROL_BEGIN,
  MED_CONTROL_COMMIT,
  MED_CONTROL_ROLLBACK,
  MED_CONTROL_SAVEPOINT,
  MED_CONTROL_RELEASE,
  MED_CONTROL_ROLLBACK_TO
} med_control_kind;

typedef struct med_control {
  med_control_kind kind;
  medley_mode mode; /* of BEGIN */
  med_slice name;   /* of a savepoint, within the text, without its quotes */
  size_t used;      /* bytes of the text up to and with the semicolon */
} med_control;

/* Looks at the first statement of text. SYNTAX with a position if it begins like one of these and goes on wrongly. */
MEDLEY_MUST_USE int med_control_parse(const char *text, size_t text_len, med_control *control, medley_error *error);
/* The first word of the text, behind blanks, comments and empty statements; empty at the end of text. */
med_slice med_control_first_word(const char *text, size_t text_len);

#endif
