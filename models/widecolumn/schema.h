/* schema.h - what is defined: keyspaces, user types, tables with their indexes and views.
 *
 * FORMAT.md section "Wide-column". What it is: plain descriptions, and their records as bytes. What it is not: where they are found
 * (catalog.h), what rows look like (row.h). Names are in their stored form.
 * Threads: a description never changes once it is in a catalog. Lifetime: of the arena it was made in. */
#ifndef MED_WIDECOLUMN_SCHEMA_H
#define MED_WIDECOLUMN_SCHEMA_H

#include "models/widecolumn/type.h"

#define MED_WIDE_COLUMNS_MAX 4096
#define MED_WIDE_KEY_COLUMNS_MAX 64 /* of a partition key, and of a clustering key */
#define MED_WIDE_NAME_MAX 48        /* bytes of a keyspace's, table's or type's name: Cassandra's limit */
#define MED_WIDE_TTL_MAX 630720000  /* seconds: 20 years, as in Cassandra */
#define MED_WIDE_GC_GRACE_DEFAULT 864000

typedef struct med_wide_property { /* of a keyspace or table, as CQL's text */
  med_slice name, value;
} med_wide_property;

typedef struct med_wide_keyspace {
  med_slice name;
  const med_wide_property *properties;
  size_t property_count;
} med_wide_keyspace;

typedef enum med_wide_role {
  MED_WIDE_PARTITION = 0,
  MED_WIDE_CLUSTERING = 1,
  MED_WIDE_STATIC = 2,
  MED_WIDE_REGULAR = 3
} med_wide_role;

typedef struct med_wide_column {
  uint16_t id; /* from 1, never used again in the table */
  med_slice name;
  med_wide_type type;
  med_wide_role role;
  bool descending;  /* a clustering column */
  uint16_t base_id; /* in a view: the column of the base table */
} med_wide_column;

typedef enum med_wide_index_target {
  MED_WIDE_INDEX_VALUE = 0,  /* the column's value; a frozen collection as a whole */
  MED_WIDE_INDEX_VALUES = 1, /* each element of a list or set, each value of a map */
  MED_WIDE_INDEX_KEYS = 2,   /* each key of a map */
  MED_WIDE_INDEX_ENTRIES = 3 /* each key with its value */
} med_wide_index_target;

typedef struct med_wide_index {
  uint32_t id;
  med_slice name;
  uint16_t column_id;
  med_wide_index_target target;
} med_wide_index;

/* How a view's filter compares a base column with a constant. */
typedef enum med_wide_comparison {
  MED_WIDE_EQUAL = 0,
  MED_WIDE_LESS = 1,
  MED_WIDE_LESS_OR_EQUAL = 2,
  MED_WIDE_GREATER = 3,
  MED_WIDE_GREATER_OR_EQUAL = 4,
  MED_WIDE_NOT_EQUAL = 5
} med_wide_comparison;

typedef struct med_wide_filter {
  uint16_t base_id;
  med_wide_comparison comparison;
  med_slice value; /* serialized */
} med_wide_filter;

enum {
  MED_WIDE_TABLE_COUNTER = 1 << 0,
  /* A statement has given an explicit timestamp: from then on tombstones are kept for gc_grace_s (mutation.h). */
  MED_WIDE_TABLE_TIMESTAMPS = 1 << 1,
  MED_WIDE_TABLE_EXPIRES = 1 << 2, /* a cell has had a time to live: there may be expired ones */
  MED_WIDE_TABLE_VIEW = 1 << 3,
  MED_WIDE_TABLE_SEGMENTS = 1 << 4, /* rows have been sealed (segment.h): both tiers are to be looked at */
  MED_WIDE_TABLE_VIEW_ALL = 1 << 5, /* a view of all columns but static ones: those that its base gains are its too */
  MED_WIDE_TABLE_RUNS = 1 << 6      /* rows have been put into runs (sorted_runs.h) */
};

#define MED_WIDE_APPEND_ONLY_PROPERTY "append_only"
#define MED_WIDE_SEGMENT_ROWS_PROPERTY "segment_rows"
#define MED_WIDE_SEGMENT_ROWS_DEFAULT 16384
#define MED_WIDE_SEGMENT_ROWS_LIMIT 65536

/* Of a column id: what is asked for every cell that is read. */
typedef struct med_wide_column_place {
  uint16_t index; /* of the column, and one more; 0: the table has none of that id */
  uint8_t size;   /* of its cells' values if nothing else is to be looked at; or one of these: */
} med_wide_column_place;
enum { MED_WIDE_SIZE_ANY = 0xFE, MED_WIDE_SIZE_LOOK = 0xFF };

typedef struct med_wide_family med_wide_family;           /* family.h */
typedef struct med_wide_time_window med_wide_time_window; /* time_window.h */
typedef struct med_wide_catalog med_wide_catalog;         /* catalog.h */
typedef struct med_wide_table med_wide_table;
struct med_wide_table {
  uint32_t id; /* never used again in the database */
  uint32_t flags;
  med_slice keyspace, name;
  /* Partition key in order, clustering key in order, static columns by name, regular columns by name. */
  const med_wide_column *columns;
  size_t column_count, partition_count, clustering_count;
  uint16_t next_column_id;
  uint32_t default_ttl_s, gc_grace_s;
  const med_wide_property *properties;
  size_t property_count;
  const med_wide_index *indexes;
  size_t index_count;
  /* A view */
  med_slice base_name; /* in the same keyspace */
  const med_wide_filter *filters;
  size_t filter_count;
  /* Filled by the catalog, not stored */
  med_wide_catalog *catalog; /* the one that it is of; NULL: it was made by hand */
  const med_wide_table **views;
  size_t view_count;
  const med_wide_column_place *places; /* of each column id below next_column_id */
  const med_wide_column *placed;   /* the columns when that was made: a description that is being changed has others */
  const med_wide_family *families; /* of a table of cells (family.h); none: it is none */
  size_t family_count;
  uint32_t segment_rows; /* rows of a segment, of the property segment_rows; 0: rows are not sealed */
  bool append_only;      /* of the property append_only: rows are inserted, and never changed or deleted */
  const med_wide_time_window *time_window; /* of the property time_window; NULL: its rows stand in no windows */
  /* A window (window_directory.h): a table of its own by its number, and otherwise the one that it belongs to */
  const med_wide_table *window_of; /* NULL: it is none */
  int64_t window_number;
};

typedef struct med_wide_user_type {
  med_slice keyspace, name;
  const med_slice *fields; /* names */
  const med_slice *types;  /* CQL's spelling */
  size_t count;
} med_wide_user_type;

static inline const med_wide_column *med_wide_clustering(const med_wide_table *table) {
  return table->columns + table->partition_count;
}
static inline bool med_wide_table_has_static(const med_wide_table *table) {
  size_t keys = table->partition_count + table->clustering_count;
  return table->column_count > keys && table->columns[keys].role == MED_WIDE_STATIC;
}
/* Whether something is derived from its rows. */
static inline bool med_wide_table_derives(const med_wide_table *table) {
  return table->index_count > 0 || table->view_count > 0;
}
/* NULL if there is none. */
const med_wide_column *med_wide_table_column(const med_wide_table *table, med_slice name);
const med_wide_column *med_wide_table_column_by_id(const med_wide_table *table, uint16_t id);
const med_wide_index *med_wide_table_index(const med_wide_table *table, uint16_t column_id,
                                           med_wide_index_target target);
/* Puts columns into the order that a table has them in. */
void med_wide_columns_sort(med_wide_column *columns, size_t count);

/* Their records. write: false if memory is short. read: CORRUPT, NO_MEMORY, of a column's type what med_wide_type_parse says; slices are
 * borrowed from the record, arrays in the arena; the names in the record's key are the caller's to fill in, and finder is med_wide_type_parse's. */
MEDLEY_MUST_USE bool med_wide_keyspace_write(const med_wide_keyspace *keyspace, med_buffer *record);
MEDLEY_MUST_USE int med_wide_keyspace_read(med_slice record, med_arena *arena, med_wide_keyspace *keyspace,
                                           medley_error *error);
MEDLEY_MUST_USE bool med_wide_user_type_write(const med_wide_user_type *type, med_buffer *record);
MEDLEY_MUST_USE int med_wide_user_type_read(med_slice record, med_arena *arena, med_wide_user_type *type,
                                            medley_error *error);
MEDLEY_MUST_USE bool med_wide_table_write(const med_wide_table *table, med_buffer *record);
MEDLEY_MUST_USE int med_wide_table_read(med_slice record, med_wide_type_finder finder, void *context, med_arena *arena,
                                        med_wide_table *table, medley_error *error);

#endif
