/* lexer.h - CQL's text as tokens.
 *
 * What it is: Cassandra's lexical grammar, with two liberties: a minus is a token of its own (the parser joins it with the
 * number it touches, so that a-1 is a difference), and $name, @name and ?n are markers beside ?. Keywords are words: what a
 * word means depends on where it stands. A token borrows from the text. */
#ifndef MED_CQL_LEXER_H
#define MED_CQL_LEXER_H

#include "storage/bytes.h"

typedef enum med_cql_token_kind {
  MED_CQL_TOKEN_END,    /* of the text */
  MED_CQL_TOKEN_WORD,   /* a name or a keyword */
  MED_CQL_TOKEN_QUOTED, /* "name", with its quotes */
  MED_CQL_TOKEN_STRING, /* 'text' or $$text$$, with its quotes */
  MED_CQL_TOKEN_INTEGER,
  MED_CQL_TOKEN_REAL,
  MED_CQL_TOKEN_HEX, /* 0x... */
  MED_CQL_TOKEN_UUID,
  MED_CQL_TOKEN_DURATION,
  MED_CQL_TOKEN_MARKER, /* ?, ?1, $name, @name */
  MED_CQL_TOKEN_SYMBOL,
  MED_CQL_TOKEN_BAD /* `problem` says why */
} med_cql_token_kind;

#define MED_CQL_PAIR(first, second) ((first) << 8 | (second)) /* a symbol of two characters */

typedef struct med_cql_token {
  med_cql_token_kind kind;
  med_slice text;
  uint32_t at;
  int symbol; /* a character, or MED_CQL_PAIR */
  const char *problem;
} med_cql_token;

typedef struct med_cql_lexer {
  med_slice text; /* at most INT32_MAX bytes */
  size_t at;
} med_cql_lexer;

/* Always goes forward, until END; after BAD there is nothing sensible to read. */
void med_cql_lexer_next(med_cql_lexer *lexer, med_cql_token *token);

#endif
