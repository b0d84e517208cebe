/* ranks.h - which place a member has in the order of scores, and which member has a place, without walking from the start.
 *
 * FORMAT.md section "Collections". A sorted set of more than 128 members has levels of groups above its parts 's':
 *
 *   level 2   [ -inf: 11,203 members, 96 groups ]        [ 7.5 "kim": 9,870 members, 88 groups ]
 *   level 1   [ -inf: 101 ] [ 1.2 "al": 90 ] ...         [ 7.5 "kim": 120 ] [ 7.9 "bo": 77 ] ...
 *   parts 's'  members in order of score and name
 *
 * A group is a record 'n' level(1) boundary -> members(8) groups of the level below(4); its boundary is the score and name
 * from which on members belong to it; each level's first boundary is empty, and each boundary of a level is one of the
 * level below. A group that grows beyond 128 is halved; an empty one is removed unless it carries its parent's boundary.
 * meta.head is the number of levels, meta.tail the number of groups in the highest one.
 *
 * Cost for n members: a change updates one record of a few bytes on each level, of which there are
 * log90(n / 90), 2 for a million; a rank or a place is found in about 64 steps of a cursor on each level and 45 over parts. */
#ifndef MED_KEYVALUE_RANKS_H
#define MED_KEYVALUE_RANKS_H

#include "models/keyvalue/collection.h"

/* item: score(8) and stored name. Called after the part 's' has come or gone and meta.count has been changed. */
MEDLEY_MUST_USE int med_ranks_added(med_collection *set, med_slice item);
MEDLEY_MUST_USE int med_ranks_removed(med_collection *set, med_slice item);
/* How many members stand before `item`, which need not be one. */
MEDLEY_MUST_USE int med_ranks_of(med_collection *set, med_slice item, uint64_t *rank);
/* The item at a place below meta.count. */
MEDLEY_MUST_USE int med_ranks_at(med_collection *set, uint64_t rank, med_key *item);
/* Compares the groups with the parts; one line for each problem, each of which is counted. */
MEDLEY_MUST_USE int med_ranks_check(med_collection *set, med_collection_problem on_problem, void *context,
                                    uint64_t *problem_count);

#endif
