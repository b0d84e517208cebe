/* cql_match.h - whether a value is what cqlsh printed in a cell.
 *
 * A list of medley.h stands for lists, sets and tuples, so any bracket is right; keys of a map may be names of fields. Reals are
 * compared to as many digits as the cell has. Inside of collections texts are in quotes, and dates and the like may be. */
#ifndef TEST_CQL_MATCH_H
#define TEST_CQL_MATCH_H

#include <stdbool.h>

#include "engine/medley.h"

bool test_cql_match(const medley_value *value, const char *cell);
/* The value as cqlsh prints it, as far as medley.h tells, for reports; cut at size. */
void test_cql_print(const medley_value *value, char *text, size_t size);

#endif
