/* sample.h - random choices among the names of a large collection without reading all of it.
 *
 * FORMAT.md section "Collections". One name in 16, chosen by its hash, has a record 'r' hash(8) -> name. A random name of
 * those is found by a random hash; it owns the run of names from itself up to the next sampled one in name order. The run
 * is accepted with a probability that grows with its length, and one name of it is chosen: each name is about equally
 * likely. Collections of up to MED_SAMPLE_WALK names are walked instead: there each name is exactly equally likely.
 * Redis differs: it chooses a hash slot and then a place in its chain.
 *
 * Cost: 1/16 of a record for each name added; some 200 steps of a cursor on average for each choice. */
#ifndef MED_KEYVALUE_SAMPLE_H
#define MED_KEYVALUE_SAMPLE_H

#include "models/keyvalue/collection.h"

#define MED_SAMPLE_WALK 256

/* stored_name: as it stands in the part's key. */
MEDLEY_MUST_USE int med_sample_add(med_collection *collection, med_slice stored_name);
MEDLEY_MUST_USE int med_sample_remove(med_collection *collection, med_slice stored_name);
/* A random part of that tag: its stored name, copied into key; NOT_FOUND in an empty collection. */
MEDLEY_MUST_USE int med_sample_pick(med_collection *collection, uint8_t tag, med_key *name);
/* A random number below `below`, which is not 0. */
uint64_t med_sample_random(med_collection *collection, uint64_t below);

#endif
