/* set.h - sets: members, each once.
 *
 * FORMAT.md section "Collections". Layout: part 'm' name -> nothing, or, of a long member, an element with all of it.
 * Members are walked in name order with med_member_walk (sorted_set.h), which serves both kinds of sets.
 * Costs: add, remove and has are one record each, whatever the size of the set; a random member: see sample.h. */
#ifndef MED_KEYVALUE_SET_H
#define MED_KEYVALUE_SET_H

#include "models/keyvalue/collection.h"

MEDLEY_MUST_USE int med_set_open(med_kv *kv, med_slice key, med_arena *arena, med_collection *set);
MEDLEY_MUST_USE int med_set_add(med_collection *set, med_slice member, bool *added);
/* NOT_FOUND if it is no member. */
MEDLEY_MUST_USE int med_set_remove(med_collection *set, med_slice member);
MEDLEY_MUST_USE int med_set_has(med_collection *set, med_slice member, bool *has);
/* A random member, borrowed or in the arena, and its stored name if asked for; NOT_FOUND in an empty set. */
MEDLEY_MUST_USE int med_set_pick(med_collection *set, med_slice *member, med_key *stored_name);

#endif
