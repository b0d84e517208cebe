/* token.h - the place of a partition in a table: the number that Cassandra's Murmur3Partitioner computes.
 *
 * MurmurHash3 x64 128, first half, with Cassandra's slip: the last bytes (fewer than 16) are taken as signed. */
#ifndef MED_WIDECOLUMN_TOKEN_H
#define MED_WIDECOLUMN_TOKEN_H

#include "storage/bytes.h"

/* Of the serialized partition key. An empty key has the smallest token, which no other key has. */
int64_t med_wide_token(med_slice partition_key);

/* Of the key's columns: one column stands for itself; several are joined as length(2) bytes 00 each. The same answer as
 * med_wide_token of the joined bytes, without joining them. Each value is at most 65,535 bytes (asserted). */
int64_t med_wide_token_of_values(const med_slice *values, size_t count);

#endif
