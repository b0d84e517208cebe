/* hash_field.h - one field's record, decoded. Private to hash*.c. */
#ifndef MED_KEYVALUE_HASH_FIELD_H
#define MED_KEYVALUE_HASH_FIELD_H

#include "models/keyvalue/hash.h"

enum { MED_FIELD_EXPIRES = 1, MED_FIELD_LONG_NAME = 2 };

typedef struct med_hash_field {
  int64_t expires_ms; /* 0: never */
  bool long_name;
  med_element name; /* if long_name */
  med_element value;
} med_hash_field;

/* CORRUPT if the record is none. */
MEDLEY_MUST_USE int med_hash_field_decode(med_collection *hash, med_slice record, med_hash_field *field);
/* The entries of both indexes for a field that expires. */
MEDLEY_MUST_USE int med_hash_index_add(med_collection *hash, med_slice stored_name, int64_t expires_ms);
MEDLEY_MUST_USE int med_hash_index_remove(med_collection *hash, med_slice stored_name, int64_t expires_ms);
/* Removes a field by its stored name, with all that belongs to it. */
MEDLEY_MUST_USE int med_hash_remove_stored(med_collection *hash, med_slice stored_name, const med_hash_field *field);
/* Removes fields that have expired. */
MEDLEY_MUST_USE int med_hash_purge(med_collection *hash);
/* How many fields have expired and are still there. */
MEDLEY_MUST_USE int med_hash_count_expired(med_collection *hash, uint64_t *count);

#endif
