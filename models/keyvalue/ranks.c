/* ranks.c - counted groups over the members of a sorted set. */
#include "models/keyvalue/ranks.h"

#define GROUP_MEMBERS_MAX 128 /* of a group of level 1 */
#define GROUP_CHILDREN_MAX 128
#define LEVELS_MAX 8 /* 45^8 groups: more than there can be */
#define GROUP_SIZE 12
#define ITEM_SIZE_MAX (8 + MED_PART_LONG_NAME)

typedef struct group {
  med_key boundary; /* an item, or empty */
  uint64_t members;
  uint32_t children; /* groups of the level below; 0 on level 1 */
  bool removed;
} group;

/* What a damaged record says may be anything. */
static unsigned level_count(const med_collection *set) {
  return set->meta.head < 0 || set->meta.head > LEVELS_MAX ? LEVELS_MAX + 1 : (unsigned)set->meta.head;
}

static void copy_bytes(med_key *to, med_slice from) {
  to->len = (uint16_t)from.len;
  if (from.len > 0) memcpy(to->bytes, from.bytes, from.len);
}

static void group_key(const med_collection *set, unsigned level, med_slice boundary, med_key *key) {
  med_part_key(set, MED_PART_COUNTS, key);
  med_key_add_u8(key, (uint8_t)level);
  if (boundary.len > 0) memcpy(key->bytes + key->len, boundary.bytes, boundary.len);
  key->len = (uint16_t)(key->len + boundary.len);
}

static int put_group(med_collection *set, unsigned level, const group *changed) {
  med_key key;
  uint8_t record[GROUP_SIZE];
  group_key(set, level, med_key_slice(&changed->boundary), &key);
  med_put_u64(record, changed->members);
  med_put_u32(record + 8, changed->children);
  return med_txn_put(set->kv->txn, MED_TREE_KV, med_key_slice(&key), med_slice_of(record, sizeof record));
}

static int decode_group(med_collection *set, med_slice boundary, med_slice record, group *found) {
  if (record.len != GROUP_SIZE || boundary.len > ITEM_SIZE_MAX) {
    return med_collection_damaged(set, "a count of members does not decode");
  }
  copy_bytes(&found->boundary, boundary);
  found->members = med_get_u64(record.bytes);
  found->children = med_get_u32((const uint8_t *)record.bytes + 8);
  found->removed = false;
  return MEDLEY_OK;
}

/* The group of a level that `item` belongs to: the last one whose boundary is not behind it. */
static int find_group(med_collection *set, med_cursor *cursor, unsigned level, med_slice item, group *found) {
  med_key key;
  med_slice present, record;
  group_key(set, level, item, &key);
  med_key_add_u8(&key, 0); /* just behind the item itself */
  int rc = med_cursor_seek_before(cursor, med_key_slice(&key), &present, &record);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  if (rc == MEDLEY_NOT_FOUND || present.len < MED_PART_PREFIX_SIZE + 1 ||
      memcmp(present.bytes, key.bytes, MED_PART_PREFIX_SIZE + 1) != 0) {
    return med_collection_damaged(set, "a count of members is missing");
  }
  med_slice boundary =
      med_slice_of((const uint8_t *)present.bytes + MED_PART_PREFIX_SIZE + 1, present.len - MED_PART_PREFIX_SIZE - 1);
  return decode_group(set, boundary, record, found);
}

/* ---- Walking a level, from a boundary on, or back from in front of one ---- */
static int level_walk_open_from(med_collection *set, unsigned level, med_slice boundary, bool reverse,
                                med_part_walk *walk) {
  uint8_t from[1 + ITEM_SIZE_MAX];
  from[0] = (uint8_t)level;
  if (boundary.len > 0) memcpy(from + 1, boundary.bytes, boundary.len);
  return med_part_walk_open(set, MED_PART_COUNTS, med_slice_of(from, 1 + boundary.len), reverse, walk);
}

static int level_walk_open(med_collection *set, unsigned level, med_slice boundary, med_part_walk *walk) {
  return level_walk_open_from(set, level, boundary, false, walk);
}

/* NOT_FOUND behind the last group of the level. */
static int level_walk_next(med_part_walk *walk, unsigned level, med_slice *boundary, uint64_t *members) {
  int rc = med_part_walk_next(walk);
  if (rc != MEDLEY_OK) return rc;
  const uint8_t *name = walk->name.bytes;
  if (walk->name.len < 1 || name[0] != level) return MEDLEY_NOT_FOUND;
  if (walk->value.len != GROUP_SIZE || walk->name.len > 1 + ITEM_SIZE_MAX) {
    return med_collection_damaged(walk->collection, "a count of members does not decode");
  }
  *boundary = med_slice_of(name + 1, walk->name.len - 1);
  *members = med_get_u64(walk->value.bytes);
  return MEDLEY_OK;
}

/* ---- Growing ---- */
/* The item `steps` parts behind the first one from a boundary on; in reverse, in front of the last one before it. */
static int item_behind(med_collection *set, med_slice boundary, uint64_t steps, bool reverse, med_key *item) {
  med_part_walk walk;
  int rc = med_part_walk_open(set, MED_PART_SCORE, boundary, reverse, &walk);
  for (uint64_t i = 0; i <= steps && rc == MEDLEY_OK; i++) rc = med_part_walk_next(&walk);
  if (rc == MEDLEY_OK && walk.name.len > ITEM_SIZE_MAX) rc = med_collection_damaged(set, "a member is too long");
  if (rc == MEDLEY_OK) copy_bytes(item, walk.name);
  med_part_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? med_collection_damaged(set, "fewer members than were counted") : rc;
}

/* The boundary `steps` groups behind one of the level, and how many members lie between the two. */
static int boundary_behind(med_collection *set, unsigned level, med_slice from, uint32_t steps, med_key *boundary,
                           uint64_t *between) {
  med_part_walk walk;
  med_slice present = from;
  uint64_t members = 0;
  *between = 0;
  int rc = level_walk_open(set, level, from, &walk);
  for (uint32_t i = 0; i <= steps && rc == MEDLEY_OK; i++) {
    *between += members;
    rc = level_walk_next(&walk, level, &present, &members);
  }
  if (rc == MEDLEY_OK) copy_bytes(boundary, present);
  med_part_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? med_collection_damaged(set, "fewer groups than were counted") : rc;
}

/* Halves a group that has grown too big; both halves are written. */
static int split_group(med_collection *set, unsigned level, group *big) {
  group right = {.children = 0};
  uint64_t left_members;
  int rc;
  if (level == 1) {
    left_members = big->members / 2;
    rc = item_behind(set, med_key_slice(&big->boundary), left_members, false, &right.boundary);
  } else {
    right.children = big->children - big->children / 2;
    rc = boundary_behind(set, level - 1, med_key_slice(&big->boundary), big->children / 2, &right.boundary,
                         &left_members);
    big->children /= 2;
  }
  if (rc != MEDLEY_OK) return rc;
  if (left_members > big->members) return med_collection_damaged(set, "counts of members do not add up");
  right.members = big->members - left_members;
  big->members = left_members;
  rc = put_group(set, level, big);
  return rc == MEDLEY_OK ? put_group(set, level, &right) : rc;
}

/* A level above the present ones, of two groups. */
static int add_level(med_collection *set) {
  if (level_count(set) >= LEVELS_MAX) return med_collection_damaged(set, "too many levels of counts");
  group all = {.members = set->meta.count, .children = (uint32_t)set->meta.tail};
  set->meta.head++;
  set->meta.tail = 2;
  return split_group(set, level_count(set), &all);
}

static bool is_too_big(unsigned level, const group *grown) {
  return level == 1 ? grown->members > GROUP_MEMBERS_MAX : grown->children > GROUP_CHILDREN_MAX;
}

int med_ranks_added(med_collection *set, med_slice item) {
  unsigned levels = level_count(set);
  set->changed = true;
  if (levels == 0) return set->meta.count > GROUP_MEMBERS_MAX ? add_level(set) : MEDLEY_OK;
  if (levels > LEVELS_MAX) return med_collection_damaged(set, "too many levels of counts");
  med_cursor *cursor;
  int rc = med_cursor_open(set->kv->txn, MED_TREE_KV, &cursor);
  if (rc != MEDLEY_OK) return rc;
  bool split = false;
  for (unsigned level = 1; level <= levels; level++) {
    group grown;
    MED_TRY(find_group(set, cursor, level, item, &grown));
    grown.members++;
    grown.children += split;
    split = is_too_big(level, &grown);
    MED_TRY(split ? split_group(set, level, &grown) : put_group(set, level, &grown));
  }
  if (split && ++set->meta.tail > GROUP_CHILDREN_MAX) rc = add_level(set);
done:
  med_cursor_close(cursor);
  return rc;
}

/* ---- Shrinking ---- */
/* Decides from the highest level down which empty groups go, and counts them in the groups above. */
static void mark_removed(med_collection *set, unsigned levels, group *groups) {
  for (unsigned level = levels; level >= 1; level--) {
    group *present = &groups[level];
    if (present->members > 0 || present->boundary.len == 0) continue;
    bool top = level == levels;
    if (!top && !groups[level + 1].removed &&
        med_slice_equal(med_key_slice(&present->boundary), med_key_slice(&groups[level + 1].boundary))) {
      continue;
    }
    present->removed = true;
    if (top) {
      set->meta.tail--;
    } else if (groups[level + 1].children > 0) {
      groups[level + 1].children--;
    }
  }
}

/* Removes a boundary from a level and from all below: there it may have stayed behind with an empty group, because it was
 * this group's boundary. */
static int delete_boundary(med_collection *set, unsigned level, const group *removed) {
  int rc = MEDLEY_OK;
  for (; level >= 1 && rc == MEDLEY_OK; level--) {
    med_key key;
    group_key(set, level, med_key_slice(&removed->boundary), &key);
    rc = med_txn_delete(set->kv->txn, MED_TREE_KV, med_key_slice(&key));
    if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  }
  return rc;
}

int med_ranks_removed(med_collection *set, med_slice item) {
  unsigned levels = level_count(set);
  set->changed = true;
  if (levels == 0) return MEDLEY_OK;
  if (levels > LEVELS_MAX) return med_collection_damaged(set, "too many levels of counts");
  group groups[LEVELS_MAX + 1];
  med_cursor *cursor;
  int rc = med_cursor_open(set->kv->txn, MED_TREE_KV, &cursor);
  if (rc != MEDLEY_OK) return rc;
  for (unsigned level = levels; level >= 1; level--) {
    MED_TRY(find_group(set, cursor, level, item, &groups[level]));
    if (groups[level].members == 0) MED_TRY(med_collection_damaged(set, "more members than were counted"));
    groups[level].members--;
  }
  mark_removed(set, levels, groups);
  for (unsigned level = levels; level >= 1; level--) {
    MED_TRY(groups[level].removed ? delete_boundary(set, level, &groups[level])
                                  : put_group(set, level, &groups[level]));
  }
done:
  med_cursor_close(cursor);
  return rc;
}

/* ---- Looking ---- */
/* Members of the level's groups from boundary `from` up to, and without, boundary `to`. */
static int members_between(med_collection *set, unsigned level, med_slice from, med_slice to, uint64_t *count) {
  med_part_walk walk;
  int rc = level_walk_open(set, level, from, &walk);
  while (rc == MEDLEY_OK) {
    med_slice boundary = {0};
    uint64_t members = 0;
    rc = level_walk_next(&walk, level, &boundary, &members);
    if (rc != MEDLEY_OK || med_slice_equal(boundary, to)) break;
    *count += members;
  }
  med_part_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? med_collection_damaged(set, "a count of members is missing") : rc;
}

int med_ranks_of(med_collection *set, med_slice item, uint64_t *rank) {
  *rank = 0;
  if (!set->exists) return MEDLEY_OK;
  if (level_count(set) > LEVELS_MAX) return med_collection_damaged(set, "too many levels of counts");
  med_key from;
  from.len = 0;
  int rc = MEDLEY_OK;
  if (level_count(set) > 0) {
    med_cursor *cursor;
    rc = med_cursor_open(set->kv->txn, MED_TREE_KV, &cursor);
    if (rc != MEDLEY_OK) return rc;
    for (unsigned level = level_count(set); level >= 1 && rc == MEDLEY_OK; level--) {
      group found;
      rc = find_group(set, cursor, level, item, &found);
      if (rc == MEDLEY_OK) {
        rc = members_between(set, level, med_key_slice(&from), med_key_slice(&found.boundary), rank);
      }
      from = found.boundary;
    }
    med_cursor_close(cursor);
  }
  if (rc != MEDLEY_OK) return rc;
  med_part_walk walk;
  rc = med_part_walk_open(set, MED_PART_SCORE, med_key_slice(&from), false, &walk);
  while (rc == MEDLEY_OK) {
    rc = med_part_walk_next(&walk);
    if (rc != MEDLEY_OK || med_slice_compare(walk.name, item) >= 0) break;
    ++*rank;
  }
  med_part_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* Members in [from, to); `to` empty: up to the last one. `rank` counts from `from`. */
typedef struct range {
  med_key from, to;
  uint64_t members, rank;
} range;

/* Narrows the range to one group of the level, from the front. */
static int narrow_forwards(med_collection *set, unsigned level, range *within) {
  med_part_walk walk;
  med_slice boundary = med_slice_of(NULL, 0);
  uint64_t members = 0;
  int rc = level_walk_open(set, level, med_key_slice(&within->from), &walk);
  if (rc == MEDLEY_OK) rc = level_walk_next(&walk, level, &boundary, &members);
  while (rc == MEDLEY_OK && within->rank >= members) {
    within->rank -= members;
    rc = level_walk_next(&walk, level, &boundary, &members);
  }
  if (rc == MEDLEY_OK) {
    copy_bytes(&within->from, boundary);
    within->members = members;
    rc = level_walk_next(&walk, level, &boundary, &members);
    if (rc == MEDLEY_OK) copy_bytes(&within->to, boundary);
    if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  }
  med_part_walk_close(&walk);
  return rc;
}

/* The same, from the back. */
static int narrow_backwards(med_collection *set, unsigned level, range *within) {
  med_part_walk walk;
  uint64_t right = within->members;
  bool open_end = within->to.len == 0;
  int rc = level_walk_open_from(set, open_end ? level + 1 : level, med_key_slice(&within->to), true, &walk);
  while (rc == MEDLEY_OK) {
    med_slice boundary = {0};
    uint64_t members = 0;
    rc = level_walk_next(&walk, level, &boundary, &members);
    if (rc == MEDLEY_OK && members > right) rc = MEDLEY_NOT_FOUND;
    if (rc != MEDLEY_OK) break;
    right -= members;
    if (within->rank >= right) {
      copy_bytes(&within->from, boundary);
      within->rank -= right;
      within->members = members;
      break;
    }
    copy_bytes(&within->to, boundary);
  }
  med_part_walk_close(&walk);
  return rc;
}

int med_ranks_at(med_collection *set, uint64_t rank, med_key *item) {
  range within = {.members = set->meta.count, .rank = rank};
  if (level_count(set) > LEVELS_MAX) return med_collection_damaged(set, "too many levels of counts");
  for (unsigned level = level_count(set); level >= 1; level--) {
    bool forwards = within.rank < within.members / 2;
    int rc = forwards ? narrow_forwards(set, level, &within) : narrow_backwards(set, level, &within);
    if (rc == MEDLEY_NOT_FOUND) return med_collection_damaged(set, "fewer members than were counted");
    if (rc != MEDLEY_OK) return rc;
  }
  if (within.rank >= within.members) return med_collection_damaged(set, "fewer members than were counted");
  if (within.rank < within.members / 2) return item_behind(set, med_key_slice(&within.from), within.rank, false, item);
  return item_behind(set, med_key_slice(&within.to), within.members - 1 - within.rank, true, item);
}

/* ---- Checking ---- */
/* What lies between a group's boundary and the next one, counted on the level below. */
typedef struct tally {
  uint64_t members;
  uint32_t children;
} tally;

static int tally_below(med_collection *set, unsigned level, const group *left, const group *right, tally *sum) {
  med_part_walk walk;
  int rc;
  memset(sum, 0, sizeof *sum);
  if (level == 1) {
    rc = med_part_walk_open(set, MED_PART_SCORE, med_key_slice(&left->boundary), false, &walk);
    while (rc == MEDLEY_OK && (rc = med_part_walk_next(&walk)) == MEDLEY_OK) {
      if (right != NULL && med_slice_compare(walk.name, med_key_slice(&right->boundary)) >= 0) break;
      sum->members++;
    }
  } else {
    rc = level_walk_open(set, level - 1, med_key_slice(&left->boundary), &walk);
    while (rc == MEDLEY_OK) {
      med_slice boundary = {0};
      uint64_t members = 0;
      rc = level_walk_next(&walk, level - 1, &boundary, &members);
      if (rc != MEDLEY_OK) break;
      if (right != NULL && med_slice_compare(boundary, med_key_slice(&right->boundary)) >= 0) break;
      if (sum->children == 0 && !med_slice_equal(boundary, med_key_slice(&left->boundary))) break;
      sum->members += members;
      sum->children++;
    }
  }
  med_part_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* *end: whether there is no further group of the level. */
static int next_group(med_part_walk *walk, unsigned level, group *next, bool *end) {
  med_slice boundary;
  uint64_t members;
  int rc = level_walk_next(walk, level, &boundary, &members);
  *end = rc == MEDLEY_NOT_FOUND;
  return rc == MEDLEY_OK ? decode_group(walk->collection, boundary, walk->value, next) : *end ? MEDLEY_OK : rc;
}

static int check_level(med_collection *set, unsigned level, uint64_t *group_count, bool *sound) {
  group left, right;
  bool end, last;
  med_part_walk walk;
  int rc;
  *group_count = 0;
  MED_TRY(level_walk_open(set, level, med_slice_of(NULL, 0), &walk));
  rc = next_group(&walk, level, &left, &end);
  if (rc == MEDLEY_OK && (end || left.boundary.len > 0)) *sound = false;
  while (rc == MEDLEY_OK && !end) {
    tally sum;
    ++*group_count;
    rc = next_group(&walk, level, &right, &last);
    if (rc == MEDLEY_OK) rc = tally_below(set, level, &left, last ? NULL : &right, &sum);
    if (rc == MEDLEY_OK && (sum.members != left.members || sum.children != left.children)) *sound = false;
    left = right;
    end = last;
  }
  med_part_walk_close(&walk);
done:
  return rc;
}

int med_ranks_check(med_collection *set, med_collection_problem on_problem, void *context, uint64_t *problem_count) {
  uint64_t groups = 0;
  bool sound = level_count(set) <= LEVELS_MAX;
  int rc = MEDLEY_OK;
  for (unsigned level = 1; level <= level_count(set) && sound && rc == MEDLEY_OK; level++) {
    rc = check_level(set, level, &groups, &sound);
  }
  if (rc == MEDLEY_OK && sound && level_count(set) > 0) sound = groups == (uint64_t)set->meta.tail;
  if (rc != MEDLEY_OK || sound) return rc;
  on_problem(context, "key-value: a sorted set's counts do not agree with its members");
  ++*problem_count;
  return MEDLEY_OK;
}
