/* collection.h - what hashes, lists, sets and sorted sets have in common: one open collection, the keys of its parts,
 * and elements of any length inside of them.
 *
 * FORMAT.md section "Collections". What it is: finding a collection once, changing it any number of times, saving it
 * once; part keys; long elements; walking the parts of one kind in the order of their names. What it is not: what a part
 * means (hash.h, list.h, set.h, sorted_set.h).
 *
 * Layout: every part is 02 object id(8) tag(1) ..., so that removing the object's prefix frees all of it, the chunks of
 * long elements included.
 *   tag 'm' name         -> a set's or sorted set's member     (set.h, sorted_set.h)
 *   tag 'f' name         -> a hash's field                     (hash.h)
 *   tag 'x' time(8) name -> a field of a hash that will expire (hash.h)
 *   tag 'e' position(8)  -> an element of a list               (list.h)
 *   tag 'p' node(4)      -> the runs of an edited list         (runs.h)
 *   tag 's' score(8) name -> a member in the order of scores   (sorted_set.h)
 *   tag 'n' level(1) score(8) name -> counts of such members   (ranks.h)
 *   tag 'r' hash(8)      -> one name in 16, for random choices (sample.h)
 *   tag 'c' number(8) index(4) -> a chunk of a long element
 * A name (field or member) of up to 400 bytes is stored whole; a longer one as its first 400 bytes and a 128-bit hash of
 * all of it (416 bytes, so that the two cannot be confused), and the record carries the whole name. Names are in memcmp
 * order; long ones with equal first 400 bytes are in the order of their hashes.
 * An element is length(2) bytes, or FFFF number(8) length(8) and lies in chunks of 4,064 bytes.
 *
 * Threads and lifetime: as the transaction's. A slice that is handed out lives until the next write in the transaction,
 * or in the collection's arena if it had to be put together. */
#ifndef MED_KEYVALUE_COLLECTION_H
#define MED_KEYVALUE_COLLECTION_H

#include "models/keyvalue/keyspace.h"
#include "storage/memory.h"

#define MED_PART_NAME_MAX 400                       /* bytes of a name that are whole in a key */
#define MED_PART_LONG_NAME (MED_PART_NAME_MAX + 16) /* what a longer one takes */
#define MED_ELEMENT_SIZE_MAX MED_KV_VALUE_SIZE_MAX  /* of every field, value, member and element */

enum {
  MED_PART_MEMBER = 'm',
  MED_PART_FIELD = 'f',
  MED_PART_FIELD_EXPIRY = 'x',
  MED_PART_ELEMENT = 'e',
  MED_PART_RUNS = 'p',
  MED_PART_SCORE = 's',
  MED_PART_COUNTS = 'n',
  MED_PART_SAMPLE = 'r',
  MED_PART_CHUNK = 'c'
};

typedef struct med_collection {
  med_kv *kv;
  med_slice key; /* borrowed from the caller */
  med_kv_type type;
  med_kv_meta meta; /* count 0 and object id 0 while there is none */
  bool exists;
  bool changed; /* save has something to do */
  int64_t now_ms;
  med_arena *arena; /* of what is put together; the caller's */
} med_collection;

/* OK whether there is one or not (exists says); TYPE if the key holds something else. */
MEDLEY_MUST_USE int med_collection_open(med_kv *kv, med_slice key, med_kv_type type, med_arena *arena,
                                        med_collection *collection);
/* Takes an object id if there is none yet; save then writes the record. */
MEDLEY_MUST_USE int med_collection_create(med_collection *collection);
/* Writes the record if something changed; an empty collection is removed. */
MEDLEY_MUST_USE int med_collection_save(med_collection *collection);

/* ---- Names and keys of parts ---- */
/* 02 object id tag. */
void med_part_key(const med_collection *collection, uint8_t tag, med_key *key);
#define MED_PART_PREFIX_SIZE 10
/* The name as it is stored, behind what the key has. */
void med_part_add_name(med_key *key, med_slice name);
static inline bool med_part_is_long(med_slice stored_name) { return stored_name.len > MED_PART_NAME_MAX; }

/* ---- Records ---- A record is built on the stack. */
typedef struct med_part_record {
  size_t len;
  uint8_t bytes[MED_VALUE_SIZE_MAX];
} med_part_record;

typedef struct med_element {
  bool chunked;
  uint64_t number; /* of its chunks */
  uint64_t len;
  med_slice bytes; /* unless chunked */
} med_element;

/* Appends an element to a record, of whose room `reserve` bytes stay free; what does not fit goes into chunks. TOO_BIG
 * above MED_ELEMENT_SIZE_MAX. */
MEDLEY_MUST_USE int med_element_add(med_collection *collection, med_part_record *record, med_slice bytes,
                                    size_t reserve);
/* Takes one element from the front of rest; CORRUPT if there is none. */
MEDLEY_MUST_USE int med_element_take(med_collection *collection, med_slice *rest, med_element *element);
/* Its bytes: borrowed from the record, or put together in the arena. */
MEDLEY_MUST_USE int med_element_load(med_collection *collection, const med_element *element, med_slice *bytes);
/* Deletes its chunks, if it has any. */
MEDLEY_MUST_USE int med_element_drop(med_collection *collection, const med_element *element);
/* *equal: whether its bytes are these. */
MEDLEY_MUST_USE int med_element_equal(med_collection *collection, const med_element *element, med_slice bytes,
                                      bool *equal);

/* CORRUPT, with the key's object id in the message. */
int med_collection_damaged(const med_collection *collection, const char *what);

/* ---- Walking the parts of one tag in the order of their keys ---- */
typedef struct med_part_walk {
  med_collection *collection;
  med_cursor *cursor;
  uint8_t tag;
  bool begun;
  bool reverse;
  med_key from;    /* before the first step: where it begins */
  med_slice name;  /* what stands behind the tag */
  med_slice value; /* the record */
} med_part_walk;
/* From the first one at or behind `from` (as stored; empty: from the first); in reverse from the last one before `from`
 * (empty: from the last). A collection that does not exist has none. */
MEDLEY_MUST_USE int med_part_walk_open(med_collection *collection, uint8_t tag, med_slice from, bool reverse,
                                       med_part_walk *walk);
/* OK, or NOT_FOUND at the end. */
MEDLEY_MUST_USE int med_part_walk_next(med_part_walk *walk);
void med_part_walk_close(med_part_walk *walk);

/* ---- Checking ---- Reads all parts of the collection behind a record; one line for each problem. keyspace.c calls it. */
typedef void (*med_collection_problem)(void *context, const char *problem);
MEDLEY_MUST_USE int med_collection_check(med_kv *kv, med_slice key, const med_kv_meta *meta,
                                         med_collection_problem on_problem, void *context, uint64_t *problem_count);

#endif
