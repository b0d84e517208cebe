/* tokens.h - SQL's text cut into tokens, as SQLite cuts it.
 *
 * For what has to be found in a text before SQLite sees it; whether it is SQL, SQLite says. Threads: nothing is shared. Lifetime: a token is
 * a slice of the text. */
#ifndef MED_SQL_TOKENS_H
#define MED_SQL_TOKENS_H

#include "engine/session.h"

typedef enum med_sql_token_kind {
  MED_SQL_END,   /* of the text, or of the statement: its text is the semicolon, or empty */
  MED_SQL_WORD,  /* a keyword or a name */
  MED_SQL_NAME,  /* "x", `x`, [x] */
  MED_SQL_VALUE, /* a number, 'text', x'blob', ?, ?1, :x, @x, $x */
  MED_SQL_SYMBOL,
  MED_SQL_BAD /* nothing of these, or without an end */
} med_sql_token_kind;

typedef struct med_sql_token {
  med_sql_token_kind kind;
  med_slice text;
} med_sql_token;

/* Behind blanks and comments; an open block comment ends with the text. */
size_t med_sql_skip_blanks(const char *text, size_t len, size_t at);
/* The token at *at or behind it; *at moves behind the token. */
med_sql_token med_sql_next_token(const char *text, size_t len, size_t *at);

bool med_sql_token_is(const med_sql_token *token, const char *keyword_or_symbol);
/* Appends the name that a WORD or NAME stands for. False if memory is short. */
MEDLEY_MUST_USE bool med_sql_token_name(const med_sql_token *token, med_buffer *name);
/* Appends a name in double quotes. False if memory is short. */
MEDLEY_MUST_USE bool med_sql_quote_name(med_slice name, med_buffer *text);

#endif
