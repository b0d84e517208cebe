/* type.h - CQL's types: kinds, their nesting, and their spelling.
 *
 * What it is: a description of what a value's bytes mean. What it is not: values (value.h). The numbers of the kinds are
 * those of Cassandra's native protocol, so they may be stored.
 * Threads: a type never changes once it is made. Lifetime: it lives in the arena it was made in. */
#ifndef MED_WIDECOLUMN_TYPE_H
#define MED_WIDECOLUMN_TYPE_H

#include "storage/bytes.h"
#include "storage/memory.h"
#include "storage/status.h"

typedef enum med_wide_kind {
  MED_WIDE_ASCII = 0x01,
  MED_WIDE_BIGINT = 0x02,
  MED_WIDE_BLOB = 0x03,
  MED_WIDE_BOOLEAN = 0x04,
  MED_WIDE_COUNTER = 0x05,
  MED_WIDE_DECIMAL = 0x06,
  MED_WIDE_DOUBLE = 0x07,
  MED_WIDE_FLOAT = 0x08,
  MED_WIDE_INT = 0x09,
  MED_WIDE_TIMESTAMP = 0x0B,
  MED_WIDE_UUID = 0x0C,
  MED_WIDE_TEXT = 0x0D,
  MED_WIDE_VARINT = 0x0E,
  MED_WIDE_TIMEUUID = 0x0F,
  MED_WIDE_INET = 0x10,
  MED_WIDE_DATE = 0x11,
  MED_WIDE_TIME = 0x12,
  MED_WIDE_SMALLINT = 0x13,
  MED_WIDE_TINYINT = 0x14,
  MED_WIDE_DURATION = 0x15,
  MED_WIDE_LIST = 0x20,
  MED_WIDE_MAP = 0x21,
  MED_WIDE_SET = 0x22,
  MED_WIDE_UDT = 0x30,
  MED_WIDE_TUPLE = 0x31
} med_wide_kind;

#define MED_WIDE_TYPE_DEPTH_MAX 16   /* of nested types: whoever walks a type or a value may recurse */
#define MED_WIDE_TYPE_PARTS_MAX 1024 /* components of a tuple, fields of a user type */
#define MED_WIDE_TYPE_SIZE_MAX 4096  /* types within a type, itself and those of user types' fields among them */

typedef struct med_wide_type med_wide_type;
struct med_wide_type {
  med_wide_kind kind;
  bool frozen; /* always true for a tuple */
  uint16_t part_count;
  const med_wide_type *parts; /* list, set: element; map: key, value; tuple: components; user type: fields */
  med_slice keyspace, name;   /* of a user type */
  const med_slice *fields;    /* names of a user type's fields */
};

/* Finds a user type; keyspace is empty if the text named none. NOT_FOUND if there is none of that name, TOO_BIG beyond the limits above. */
typedef int (*med_wide_type_finder)(void *context, med_slice keyspace, med_slice name, med_wide_type *type);

/* Reads CQL's spelling, such as map<text, frozen<list<int>>>. Names are not case-sensitive unless quoted. finder may be
 * NULL: then no user type is known. The type is made in the arena and borrows nothing from the text. Fails with SYNTAX; with
 * TYPE for what Cassandra refuses (a counter in a collection); with NOT_FOUND for an unknown user type; with UNSUPPORTED for
 * a custom class; with TOO_BIG beyond the limits above. */
MEDLEY_MUST_USE int med_wide_type_parse(med_slice text, med_wide_type_finder finder, void *context, med_arena *arena,
                                        med_wide_type *type, medley_error *error);
/* CQL's spelling, which med_wide_type_parse reads back. False if memory is short. */
MEDLEY_MUST_USE bool med_wide_type_write(const med_wide_type *type, med_buffer *text);

/* How many types are within the type, itself among them. */
size_t med_wide_type_size(const med_wide_type *type);
/* A type without parts; the kind must be one. */
med_wide_type med_wide_type_of(med_wide_kind kind);
bool med_wide_type_equal(const med_wide_type *a, const med_wide_type *b);
static inline bool med_wide_kind_is_collection(med_wide_kind kind) {
  return kind == MED_WIDE_LIST || kind == MED_WIDE_SET || kind == MED_WIDE_MAP;
}
/* Kept as one cell for each element or field, not as one value. */
static inline bool med_wide_type_is_complex(const med_wide_type *type) {
  return !type->frozen && (med_wide_kind_is_collection(type->kind) || type->kind == MED_WIDE_UDT);
}

/* Whether values of the type have an order that a key can have: no durations and counters inside. */
bool med_wide_type_has_order(const med_wide_type *type);
/* Bytes of every value of the kind, or 0 if they differ in length. */
size_t med_wide_kind_size(med_wide_kind kind);

#endif
