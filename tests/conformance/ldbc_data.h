/* ldbc_data.h - puts a data folder of the LDBC social network benchmark (Interactive v1, CsvBasic layout) into the tables
 * of ldbc/schema.sql, and applies its update streams.
 *
 * A folder has static/NAME_I_J.csv and dynamic/NAME_I_J.csv in any number of parts, and update_streams/. Failures are
 * printed to stderr with file:line and answered with false; what was loaded so far stays. */
#ifndef TEST_LDBC_DATA_H
#define TEST_LDBC_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/medley.h"

/* The tables must be there and empty. */
bool test_ldbc_data_load(medley_session *session, const char *folder, size_t *row_count);
/* Applies every operation of the streams in the order of their times, each in a transaction of its own. */
bool test_ldbc_data_update(medley_session *session, const char *folder, size_t *update_count);

#endif
