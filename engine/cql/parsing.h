/* parsing.h - the insides of the parser, for its files: the present token, names, types, lists.
 *
 * A function that answers bool reads what its name says and answers whether it could: false means that parser.rc is set and
 * the error filled, and everybody gives up. `take` moves on if the token is there and says whether; `expect` fails if not. */
#ifndef MED_CQL_PARSING_H
#define MED_CQL_PARSING_H

#include "engine/cql/lexer.h"
#include "engine/cql/parser.h"
#include "storage/status.h"

typedef struct med_cql_list { /* a growing array in the arena */
  void *items;
  size_t count, capacity;
} med_cql_list;

typedef struct med_cql_parser {
  med_cql_lexer lexer;  /* behind the present token */
  med_cql_token token;  /* the present one */
  size_t end;           /* of the one before it */
  unsigned depth;       /* of what is being read */
  bool columns;         /* whether a term may name columns */
  bool in_assignment;   /* whether `value + column` is one */
  med_cql_list markers; /* med_slice */
  int *marker_slots;    /* where a marker's name is in the list, from 1; 0: free; found by the name's hash */
  size_t slot_count, named_count;
  med_arena *arena;
  medley_error *error;
  int rc;
} med_cql_parser;

/* ---- parsing.c: tokens ---- */
void med_cql_advance(med_cql_parser *p);
/* The token behind the present one. */
med_cql_token med_cql_peek(const med_cql_parser *p);
/* word is in lower case. */
bool med_cql_token_is_word(const med_cql_token *token, const char *word);
bool med_cql_at_word(const med_cql_parser *p, const char *word);
bool med_cql_at_symbol(const med_cql_parser *p, int symbol);
bool med_cql_take_word(med_cql_parser *p, const char *word);
bool med_cql_take_symbol(med_cql_parser *p, int symbol);
bool med_cql_expect_word(med_cql_parser *p, const char *word);
/* Several words, with blanks between them. */
bool med_cql_expect_words(med_cql_parser *p, const char *words);
bool med_cql_expect_symbol(med_cql_parser *p, int symbol);

/* ---- failing: each answers false ---- */
/* "syntax error: unexpected ..., expected `what`", at the present token. */
bool med_cql_expected(med_cql_parser *p, const char *what);
bool med_cql_parser_fail(med_cql_parser *p, int status, uint32_t at, const char *format, ...) MED_PRINTF(4, 5);
bool med_cql_parser_unsupported(med_cql_parser *p, uint32_t at, const char *what);

/* ---- names, types, lists ---- */
/* A name that is no reserved keyword, or one in quotes. */
bool med_cql_is_name(const med_cql_token *token);
bool med_cql_parse_identifier(med_cql_parser *p, med_cql_identifier *identifier);
/* [keyspace.]name */
bool med_cql_parse_name(med_cql_parser *p, med_cql_name *name);
bool med_cql_parse_type(med_cql_parser *p, med_slice *type);
/* Past a type, if there is one: looks ahead and never fails. */
bool med_cql_skip_type(med_cql_lexer *lexer, med_cql_token *token, unsigned depth);
/* Its text without quotes, in lower case if it had none. False if memory is short. */
bool med_cql_unquote(med_cql_parser *p, const med_cql_token *token, med_slice *text);
/* IF NOT EXISTS (not = true), IF EXISTS: *there says whether it was written. */
bool med_cql_parse_if_exists(med_cql_parser *p, bool not_exists, bool *there);
/* A new item of zeros at the list's end; NULL if memory is short. */
void *med_cql_list_add(med_cql_parser *p, med_cql_list *list, size_t item_size);
bool med_cql_enter(med_cql_parser *p); /* one deeper; TOO_BIG */
void med_cql_leave(med_cql_parser *p);

/* ---- parser_terms.c ---- */
bool med_cql_parse_term(med_cql_parser *p, const med_cql_term **term);
/* A term in which columns have a meaning. */
bool med_cql_parse_selector(med_cql_parser *p, const med_cql_term **term);
/* Adds a term to a list of const med_cql_term *. */
bool med_cql_parse_term_into(med_cql_parser *p, med_cql_list *terms);
/* A whole number or a marker: LIMIT, TTL, TIMESTAMP. */
bool med_cql_parse_count(med_cql_parser *p, const med_cql_term **term);
bool med_cql_at_marker(const med_cql_parser *p);
bool med_cql_parse_marker(med_cql_parser *p, const med_cql_term **term);
/* A literal that is not null, a word that is no keyword of CQL, or a map of literals. */
bool med_cql_parse_property_value(med_cql_parser *p, const med_cql_term **term);
bool med_cql_parse_string(med_cql_parser *p, med_slice *text);
/* column, column[element], column.field */
bool med_cql_parse_target(med_cql_parser *p, const med_cql_term **term);

/* ---- parser_relations.c ---- */
bool med_cql_parse_where(med_cql_parser *p, med_cql_where *where);
/* Behind IF: EXISTS, or conditions. */
bool med_cql_parse_if(med_cql_parser *p, med_cql_if_kind *kind, med_cql_where *conditions);
bool med_cql_parse_identifiers(med_cql_parser *p, const med_cql_identifier **identifiers, size_t *count);

/* ---- the statements; each begins behind its first word, whose place is statement->at ---- */
bool med_cql_parse_select(med_cql_parser *p, med_cql_statement *statement); /* parser_queries.c */
bool med_cql_parse_insert(med_cql_parser *p, med_cql_statement *statement); /* parser_changes.c */
bool med_cql_parse_update(med_cql_parser *p, med_cql_statement *statement);
bool med_cql_parse_delete(med_cql_parser *p, med_cql_statement *statement);
bool med_cql_parse_batch(med_cql_parser *p, med_cql_statement *statement);
bool med_cql_parse_create(med_cql_parser *p, med_cql_statement *statement); /* parser_definitions.c */
bool med_cql_parse_alter(med_cql_parser *p, med_cql_statement *statement);  /* parser_alterations.c */
bool med_cql_parse_drop(med_cql_parser *p, med_cql_statement *statement);
/* Parts of definitions. */
/* creates_table: CLUSTERING ORDER BY and COMPACT STORAGE are properties too. */
bool med_cql_parse_with(med_cql_parser *p, bool creates_table, med_cql_with *with);
bool med_cql_parse_column_definition(med_cql_parser *p, bool is_field, med_cql_column_definition *column);
/* The clauses of a view's SELECT: the select list up to WHERE's end. */
bool med_cql_parse_select_list(med_cql_parser *p, med_cql_select *select);
/* CREATE, ALTER or DROP of what Medley has not: fails with its name if the present words are one. True if they are not. */
bool med_cql_refuse_object(med_cql_parser *p, const char *verb, uint32_t at);

#endif
