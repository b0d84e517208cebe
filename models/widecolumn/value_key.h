/* value_key.h - values as parts of a key: memcmp order of the bytes is the values' order (med_wide_value_compare).
 *
 * No part is a prefix of another one of its type, so that parts may follow each other. Descending: every byte inverted.
 *   boolean, integers, date, time   their bytes, the sign flipped where there is one
 *   timestamp                       likewise
 *   float, double                   IEEE bits in order; every NaN is one
 *   uuid, timeuuid                  med_wide_uuid_order(8), the last eight bytes (timeuuid: each with its sign flipped)
 *   ascii, text, blob, inet         00 as 00 FF, then 00 00
 *   varint                          8000 + length(2), or 8000 - length(2) if negative; shortest two's complement
 *   decimal                         00 negative, 01 zero, 02 positive; then exponent + 2^32 (5), two digits a byte as 1 ... 100,
 *                                   00; all but the first inverted if negative
 *   list, set, map                  01 before each part, 00
 *   tuple, user type                for each component of the type: 00 if null, else 01 and the part
 * A value comes back as it was, except that what compares equal is one: NaN is Java's, varint the shortest, decimal without
 * zeros at its end (1.00 is 1), a tuple with all its nulls written out. */
#ifndef MED_WIDECOLUMN_VALUE_KEY_H
#define MED_WIDECOLUMN_VALUE_KEY_H

#include "models/widecolumn/value.h"

/* Appends the part. The value has been checked and is not null, and its type has an order (asserted). NO_MEMORY, or RANGE if
 * a decimal's scale leaves 32 bits; then the key is as it was. */
MEDLEY_MUST_USE int med_wide_key_add(const med_wide_type *type, med_slice value, bool descending, med_buffer *key);
/* Takes the part off the front of *key and appends the value's bytes. CORRUPT if it is none (bytes in a file are looked at
 * with distrust: what comes out is passed by med_wide_value_check), NO_MEMORY; then the value is as it was. */
MEDLEY_MUST_USE int med_wide_key_take(const med_wide_type *type, bool descending, med_slice *key, med_buffer *value);

#endif
