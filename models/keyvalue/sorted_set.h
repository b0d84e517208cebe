/* sorted_set.h - sorted sets: members with a score each, found by member, by score, by name and by place.
 *
 * FORMAT.md section "Collections". Layout:
 *   part 'm' name -> score(8) [element: the whole member, if it is long]
 *   part 's' score(8) name -> nothing
 *   part 'n' ... -> counts (ranks.h)
 * The score stands in its sortable form (med_key_real_bits); -0 is stored as 0. NaN is refused by the caller.
 *
 * Costs: score of a member: one record. put, remove: three records and one on each level of counts. A walk begins with one
 * search and then takes one step of a cursor for each member. Places: see ranks.h. */
#ifndef MED_KEYVALUE_SORTED_SET_H
#define MED_KEYVALUE_SORTED_SET_H

#include "models/keyvalue/collection.h"

MEDLEY_MUST_USE int med_sorted_set_open(med_kv *kv, med_slice key, med_arena *arena, med_collection *set);

/* NOT_FOUND if there is no such member. */
MEDLEY_MUST_USE int med_sorted_set_score(med_collection *set, med_slice member, double *score);
/* Adds the member or gives it another score. created and changed may be NULL. */
MEDLEY_MUST_USE int med_sorted_set_put(med_collection *set, med_slice member, double score, bool *created,
                                       bool *changed);
MEDLEY_MUST_USE int med_sorted_set_remove(med_collection *set, med_slice member);
/* Place of a member from 0, in ascending order. */
MEDLEY_MUST_USE int med_sorted_set_rank(med_collection *set, med_slice member, uint64_t *rank);

/* A position between members: in front of the first member that is not before it. */
typedef med_key med_sorted_set_bound;
void med_sorted_set_bound_start(med_sorted_set_bound *bound);
void med_sorted_set_bound_end(med_sorted_set_bound *bound);
/* In front of the members with this score, or behind them. */
void med_sorted_set_bound_score(double score, bool behind, med_sorted_set_bound *bound);
/* In front of this member, or behind it, in a set whose members all have the score of its first one. */
MEDLEY_MUST_USE int med_sorted_set_bound_name(med_collection *set, med_slice member, bool behind,
                                              med_sorted_set_bound *bound);
/* In front of the member at this place; the end from the count on. */
MEDLEY_MUST_USE int med_sorted_set_bound_rank(med_collection *set, uint64_t rank, med_sorted_set_bound *bound);
/* How many members stand before it. */
MEDLEY_MUST_USE int med_sorted_set_bound_place(med_collection *set, const med_sorted_set_bound *bound, uint64_t *rank);

/* From a bound on, forwards or backwards, up to another one. */
typedef struct med_sorted_set_walk {
  med_part_walk parts;
  med_sorted_set_bound until;
  bool names; /* whether member is loaded */
  med_slice member;
  double score;
} med_sorted_set_walk;
/* Members in [from, until); reverse: the same ones, backwards. */
MEDLEY_MUST_USE int med_sorted_set_walk_open(med_collection *set, const med_sorted_set_bound *from,
                                             const med_sorted_set_bound *until, bool reverse,
                                             med_sorted_set_walk *walk);
MEDLEY_MUST_USE int med_sorted_set_walk_next(med_sorted_set_walk *walk);
void med_sorted_set_walk_close(med_sorted_set_walk *walk);

/* Members in name order (part 'm'), from a stored name on: what unions and intersections merge. */
typedef struct med_member_walk {
  med_part_walk parts;
  med_slice member;
  double score; /* of a set's member: 1 */
} med_member_walk;
/* collection: a sorted set or a set. */
MEDLEY_MUST_USE int med_member_walk_open(med_collection *collection, med_slice from, med_member_walk *walk);
MEDLEY_MUST_USE int med_member_walk_next(med_member_walk *walk);
void med_member_walk_close(med_member_walk *walk);

/* Removes the members in [from, until). */
MEDLEY_MUST_USE int med_sorted_set_remove_range(med_collection *set, const med_sorted_set_bound *from,
                                                const med_sorted_set_bound *until, uint64_t *removed);

#endif
