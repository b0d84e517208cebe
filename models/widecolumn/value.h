/* value.h - values as bytes: the serialization of Cassandra's native protocol v4, checked, taken apart and compared.
 *
 * Null is a slice without bytes (NULL). A slice of length 0 with bytes is the empty value, which only ascii, text and blob
 * have here (Cassandra has it for nearly every type, for the sake of old clients). Numbers are big-endian; a collection is
 * count(4), then length(4) and bytes of each element (map: key, value, key, ...); tuples and user types are length(4) and
 * bytes of each component, -1 for null, and may end early: the rest is null. Sets and maps are in order, without repetition.
 *
 * Only med_wide_value_check looks at bytes with distrust; all else wants what it let pass, except that a text may be of any bytes. */
#ifndef MED_WIDECOLUMN_VALUE_H
#define MED_WIDECOLUMN_VALUE_H

#include "models/widecolumn/type.h"

static inline bool med_wide_is_null(med_slice value) { return value.bytes == NULL; }

/* TYPE, with a message, if the bytes are no value of the type; TOO_BIG for a number beyond number.h's limit. Null passes. */
MEDLEY_MUST_USE int med_wide_value_check(const med_wide_type *type, med_slice value, medley_error *error);

/* Cassandra's order of the type; null comes first. uuid: by version, then time (1) or bytes; timeuuid: by time; float and
 * double: -0 before 0, NaN last; decimal: by number, so that 1.0 and 1.00 are equal; collections: element by element. Values
 * without an order (duration) are compared as bytes. */
int med_wide_value_compare(const med_wide_type *type, med_slice a, med_slice b);

/* The parts of a collection, tuple or user type, in turn. */
typedef struct med_wide_parts {
  const uint8_t *next;
  size_t left;    /* bytes */
  uint32_t count; /* parts not yet taken; of a tuple: the type's, of which the last may be missing */
  bool damaged;   /* the bytes ended within a part */
} med_wide_parts;
void med_wide_parts_init(const med_wide_type *type, med_slice value, med_wide_parts *parts);
/* False at the end, or if damaged. The part is borrowed from the value. */
bool med_wide_parts_next(med_wide_parts *parts, med_slice *part);

/* Putting such a value together: the count first (collections only; a map counts its pairs), then each part. */
MEDLEY_MUST_USE bool med_wide_put_count(med_buffer *value, uint32_t count);
MEDLEY_MUST_USE bool med_wide_put_part(med_buffer *value, med_slice part);

/* The 60-bit time (100 ns since 1582-10-15) and version of a uuid's first eight bytes: order of uuid and timeuuid. */
uint64_t med_wide_uuid_order(const uint8_t uuid[16]);
/* IEEE bits in Java's order: NaNs are one, and last; -0 is before 0. Its own inverse is med_wide_real_unorder. */
uint64_t med_wide_real_order(uint64_t bits, bool is_double);
uint64_t med_wide_real_unorder(uint64_t order, bool is_double);
/* Takes a variable-length integer of the native protocol (as in duration) off the front, zigzag undone. False: damaged. */
bool med_wide_take_vint(med_slice *from, int64_t *number);

#endif
