/* language.h - what a query language gives to the dispatcher: prepare, step, reset, close.
 *
 * dispatch.c owns medley_statement: parameters, their names, the present row. A language fills the rest. Every function
 * is called between med_session_enter and _leave. A language that is not built answers UNSUPPORTED in dispatch.c. */
#ifndef MED_ENGINE_LANGUAGE_H
#define MED_ENGINE_LANGUAGE_H

#include "engine/session.h"

/* Columns of a streaming row, straight from where the language has them; they convert as medley.h says. text is ended by
 * NUL; both live until the next step; NULL with a length of 0 if memory is short. */
typedef struct med_column_access {
  int64_t (*integer)(medley_statement *statement, int column);
  double (*real)(medley_statement *statement, int column);
  const char *(*text)(medley_statement *statement, int column, size_t *len);
  const void *(*blob)(medley_statement *statement, int column, size_t *len);
} med_column_access;

typedef struct med_language {
  medley_language id;
  /* Fills statement->state and adds parameters (med_statement_add_parameter) and columns (med_statement_add_column).
   * *used: how many bytes of text the statement took. state stays NULL for blank text. */
  int (*prepare)(medley_statement *statement, const char *text, size_t text_len, size_t *used);
  /* ROW with statement->row filled (column_count values, borrowed until the next step, their bytes ended by NUL), DONE, or an
   * error. */
  int (*step)(medley_statement *statement);
  void (*reset)(medley_statement *statement); /* ends an execution; called before step begins anew, and before close */
  void (*close)(medley_statement *statement); /* frees state */
  /* Takes the rest of the rows of a running statement into memory, so that its transaction may end. NULL if rows never
   * depend on the transaction. */
  int (*drain)(medley_statement *statement);
  /* Whether a running statement's rows still come from its transaction. NULL with drain. */
  bool (*streams)(const medley_statement *statement);
  /* A column of the present row, when step answers ROW without having filled statement->row; NULL if memory is short.
   * Its text is ended by NUL. NULL if step always fills the row. */
  const medley_value *(*column)(medley_statement *statement, int column);
  const med_column_access *access; /* with column */
  /* Pages: medley_page_set, before the first step, and medley_page_state. NULL: there are none. page: the state is copied. */
  int (*page)(medley_statement *statement, uint64_t rows, med_slice state);
  med_slice (*page_state)(const medley_statement *statement);
} med_language;

typedef struct med_parameter {
  char *name;         /* as written, with its first character; NULL for ? */
  bool changed;       /* since the language took it last */
  medley_value value; /* a deep copy in `memory` */
  med_arena memory;
} med_parameter;

struct medley_statement {
  medley_session *session; /* NULL once its session has closed */
  const med_language *language;
  void *state;
  bool writes;
  bool running;
  _Atomic bool given_back; /* closed while another thread was in its session */
  bool aborted;            /* its transaction was rolled back under it: the next step says so */
  med_parameter *parameters;
  int parameter_count;
  char **column_names;
  int column_count;
  bool has_row;
  const medley_value *row;           /* column_count values, or NULL: the language is asked for each column */
  med_arena conversions;             /* numbers of the present row as text; cleared by step and reset */
  struct med_conversion *converted;  /* what is in it */
  uint64_t short_columns;            /* of the present row: memory was short for them (bit: column modulo 64) */
  int known_column;                  /* 1 + the streaming column whose bytes were asked for last, 0: none */
  size_t known_len;                  /* how many they are, as text and as blob alike */
  medley_statement *next, *previous; /* the session's list */
};

/* The number of the new parameter, or of the present one of that name; 0 if memory is short. */
int med_statement_add_parameter(medley_statement *statement, const char *name, size_t name_len);
/* The same for a name that the caller knows to be new: nothing is looked through. */
int med_statement_add_new_parameter(medley_statement *statement, const char *name, size_t name_len);
MEDLEY_MUST_USE int med_statement_add_column(medley_statement *statement, const char *name, size_t name_len);
void med_statement_clear_columns(medley_statement *statement);

/* When its session closes: the statement is an empty shell that is still given back, and is given back here if its owner had
 * already done so while another thread was in the session. */
void med_statement_orphan(medley_statement *statement);

/* The deep copy of a value into an arena; NO_MEMORY, or TOO_BIG if it is nested deeper than 100. */
MEDLEY_MUST_USE int med_value_copy(med_arena *arena, const medley_value *value, medley_value *copy);

/* Between numbers and text, as SQLite converts: the longest numeric prefix, 0 if there is none. */
int64_t med_value_real_to_integer(double real);
int64_t med_value_text_to_integer(const char *bytes, size_t len);
double med_value_text_to_real(const char *bytes, size_t len);
/* 15 significant digits, as SQLite prints a real; size >= 40. Answers the length. */
size_t med_value_real_to_text(double real, char *text, size_t size);

extern const med_language med_language_sql;
extern const med_language med_language_redis;
extern const med_language med_language_cql;

#endif
