/* literal.h - the value of a term that stands where a value of a known type is wanted.
 *
 * Which literal fits which type, and what is said when it does not, is Cassandra's. What is no literal (markers, calls,
 * casts, arithmetic) is asked of the caller. Values live in the arena; null is a slice without bytes. */
#ifndef MED_CQL_LITERAL_H
#define MED_CQL_LITERAL_H

#include "engine/cql/ast.h"
#include "models/widecolumn/value.h"

/* Where a value is wanted, for messages: a column, value(c), key(c), c[1], c.field. */
typedef enum med_cql_place_kind {
  MED_CQL_PLACE_NAMED, /* name */
  MED_CQL_PLACE_VALUE, /* of a collection: value(outer) */
  MED_CQL_PLACE_KEY,   /* key(outer) */
  MED_CQL_PLACE_COMPONENT,
  MED_CQL_PLACE_FIELD
} med_cql_place_kind;
typedef struct med_cql_place {
  med_cql_place_kind kind;
  const struct med_cql_place *outer;
  med_slice name; /* of the column, or of the field */
  size_t index;   /* COMPONENT */
} med_cql_place;
static inline med_cql_place med_cql_place_of(med_slice column) {
  return (med_cql_place){.kind = MED_CQL_PLACE_NAMED, .name = column};
}
/* False if memory is short. */
MEDLEY_MUST_USE bool med_cql_place_write(const med_cql_place *place, med_buffer *text);

typedef struct med_cql_literals {
  med_slice text; /* the statement's, for positions */
  med_arena *arena;
  med_wide_type_finder finder; /* for hints; may be NULL */
  void *finder_context;
  /* The value, of the type that is wanted, of a term that is no literal; TYPE if it has another. NULL: such terms are
   * refused. */
  int (*other)(void *context, const med_wide_type *type, const med_cql_term *term, const med_cql_place *place,
               med_slice *value, medley_error *error);
  /* The type that such a term has by itself, NULL if it takes what is wanted (a marker); may itself be NULL. */
  int (*type_of)(void *context, const med_cql_term *term, const med_wide_type **type, medley_error *error);
  void *context;
} med_cql_literals;

/* TYPE with Cassandra's words and the term's position, RANGE, TOO_BIG, NO_MEMORY, or what the caller's functions answer. */
MEDLEY_MUST_USE int med_cql_literal(const med_cql_literals *literals, const med_wide_type *type,
                                    const med_cql_term *term, const med_cql_place *place, med_slice *value,
                                    medley_error *error);

/* The type a literal has where none is wanted (in a SELECT list, as an argument): an int, bigint or varint by its size, a
 * double, text, blob, uuid, boolean, duration. False if it has none: null, markers, collections, and what is no literal. */
bool med_cql_literal_type(const med_cql_term *term, med_wide_type *type);

/* Whether a constant may stand where the type is wanted, and null may everywhere. False for all else. */
bool med_cql_literal_fits(const med_wide_type *type, const med_cql_term *term);

/* Whether a value of one type may stand where another is wanted, as its bytes are: the same, frozen or not; ascii as text;
 * timeuuid as uuid; int and bigint as varint; timestamp as bigint and the other way round; anything as blob. Parts of a type must be the same. */
bool med_cql_type_accepts(const med_wide_type *wanted, const med_wide_type *given);

/* The value that a text, without quotes, is for a type without parts; TYPE or RANGE as Cassandra words it. */
MEDLEY_MUST_USE int med_cql_text_value(med_wide_kind kind, med_slice text, med_arena *arena, med_slice *value,
                                       medley_error *error);

/* A term as text, for messages and names: 'x', 0xcafe, {1, 2}, f(?), a + 1. False if memory is short. */
MEDLEY_MUST_USE bool med_cql_term_write(const med_cql_term *term, med_buffer *text);
/* The name Cassandra gives to a term's column in a result: count, system.max(a), system.todate(system.now()), cast(a as int). */
MEDLEY_MUST_USE bool med_cql_term_name(const med_cql_term *term, med_buffer *text);

#endif
