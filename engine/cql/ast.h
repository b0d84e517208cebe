/* ast.h - a CQL statement as its author wrote it: what the parser makes and everything behind it reads.
 *
 * What it is: shapes and places, nothing looked up. What it is not: checked against a schema (analysis), typed or run.
 * Slices are borrowed from the statement's text or, where quoting or case changed them, from its arena: names are in their
 * stored form (lower case unless quoted). `at` is the byte in the text where a thing begins; errors are placed with it.
 * Lists are arrays in the arena. Depth of nesting is limited by the parser, so whoever walks a term may recurse. */
#ifndef MED_CQL_AST_H
#define MED_CQL_AST_H

#include "storage/bytes.h"

#define MED_CQL_DEPTH_MAX 64 /* of nested terms: the parser refuses more */

typedef struct med_cql_name { /* [keyspace.]name; keyspace.bytes NULL if it was not written */
  med_slice keyspace, name;
  uint32_t at;
} med_cql_name;

typedef struct med_cql_identifier {
  med_slice name;
  uint32_t at;
} med_cql_identifier;

/* ---- Terms: values and selectors ---- */
typedef enum med_cql_term_kind {
  MED_CQL_NULL,
  MED_CQL_BOOLEAN,    /* text: "true" or "false" in lower case */
  MED_CQL_INTEGER,    /* text: digits, - before them if written together */
  MED_CQL_REAL,       /* text, NaN and Infinity included */
  MED_CQL_STRING,     /* text: unquoted, '' and $$ undone */
  MED_CQL_BLOB,       /* text: hex digits without 0x */
  MED_CQL_UUID,       /* text */
  MED_CQL_DURATION,   /* text: 1h30m, P1DT2H, ... */
  MED_CQL_LIST,       /* [ items ] */
  MED_CQL_SET,        /* { items }; {} is an empty set or map */
  MED_CQL_MAP,        /* { items[0]: items[1], ... } */
  MED_CQL_FIELDS,     /* { names[i]: items[i], ... }: a user type's literal */
  MED_CQL_TUPLE,      /* ( items ), two or more; or one that is a tuple by its context */
  MED_CQL_MARKER,     /* ? or :name; parameter says which */
  MED_CQL_CALL,       /* name(items); count(*) has one item, STAR */
  MED_CQL_CAST,       /* CAST(items[0] AS type) */
  MED_CQL_HINT,       /* (type) items[0] */
  MED_CQL_NEGATE,     /* - items[0] */
  MED_CQL_ARITHMETIC, /* items[0] operation items[1], operation one of + - * / % */
  /* in a SELECT list, and in assignments and conditions where the grammar has them */
  MED_CQL_STAR,
  MED_CQL_COLUMN,     /* name */
  MED_CQL_FIELD_OF,   /* items[0].text */
  MED_CQL_ELEMENT_OF, /* items[0][items[1]] */
  MED_CQL_SLICE_OF    /* items[0][items[1]..items[2]], either bound NULL if absent */
} med_cql_term_kind;

typedef struct med_cql_term med_cql_term;
struct med_cql_term {
  med_cql_term_kind kind;
  uint32_t at;
  med_slice text;
  med_cql_name name;          /* CALL, COLUMN */
  med_slice type;             /* CAST, HINT: CQL's spelling, for med_wide_type_parse */
  char operation;             /* ARITHMETIC */
  int parameter;              /* MARKER: from 1 */
  const med_cql_term **items; /* MAP: 2 * count of them */
  const med_slice *names;     /* FIELDS */
  size_t count;
  unsigned height; /* of the tree from here: at most MED_CQL_DEPTH_MAX */
};

/* ---- Relations: WHERE and IF ---- */
typedef enum med_cql_operator {
  MED_CQL_EQUAL,
  MED_CQL_NOT_EQUAL,
  MED_CQL_LESS,
  MED_CQL_LESS_OR_EQUAL,
  MED_CQL_GREATER,
  MED_CQL_GREATER_OR_EQUAL,
  MED_CQL_IN,
  MED_CQL_CONTAINS,
  MED_CQL_CONTAINS_KEY,
  MED_CQL_LIKE,
  MED_CQL_IS_NOT_NULL
} med_cql_operator;

typedef enum med_cql_left_kind {
  MED_CQL_LEFT_COLUMN,  /* columns[0] */
  MED_CQL_LEFT_ELEMENT, /* columns[0][element] */
  MED_CQL_LEFT_FIELD,   /* columns[0].field */
  MED_CQL_LEFT_TUPLE,   /* (columns) */
  MED_CQL_LEFT_TOKEN    /* token(columns) */
} med_cql_left_kind;

typedef struct med_cql_relation {
  med_cql_left_kind left;
  const med_cql_identifier *columns;
  size_t column_count;
  const med_cql_term *element;
  med_cql_identifier field;
  med_cql_operator operation;
  uint32_t at;
  const med_cql_term *value;   /* one term; IN ?: the marker */
  const med_cql_term **values; /* IN (...): may be none; then value is NULL */
  size_t value_count;
} med_cql_relation;

typedef struct med_cql_where {
  const med_cql_relation *relations;
  size_t count;
} med_cql_where;

/* ---- SELECT ---- */
typedef struct med_cql_selector {
  const med_cql_term *term;
  med_slice text;           /* as written, for the column's name */
  med_cql_identifier alias; /* name.bytes NULL without one */
} med_cql_selector;

typedef struct med_cql_order {
  med_cql_identifier column;
  bool descending;
} med_cql_order;

typedef struct med_cql_select {
  med_cql_name table;
  bool json, distinct, allow_filtering;
  const med_cql_selector *selectors; /* none: SELECT * */
  size_t selector_count;
  med_cql_where where;
  const med_cql_term **group_by; /* columns */
  size_t group_count;
  const med_cql_order *order_by;
  size_t order_count;
  const med_cql_term *per_partition_limit, *limit; /* NULL without */
} med_cql_select;

/* ---- Changes ---- */
typedef struct med_cql_using { /* NULL where it was not written */
  const med_cql_term *timestamp, *ttl;
} med_cql_using;

typedef enum med_cql_if_kind {
  MED_CQL_IF_NONE,
  MED_CQL_IF_EXISTS,
  MED_CQL_IF_NOT_EXISTS,
  MED_CQL_IF_CONDITIONS
} med_cql_if_kind;

typedef struct med_cql_insert {
  med_cql_name table;
  const med_cql_identifier *columns;
  const med_cql_term **values;
  size_t count;
  const med_cql_term *json; /* INSERT ... JSON: a string or marker; columns are then none */
  bool default_unset;       /* DEFAULT UNSET */
  bool if_not_exists;
  med_cql_using using;
} med_cql_insert;

typedef enum med_cql_assignment_kind {
  MED_CQL_SET_VALUE,   /* column = value */
  MED_CQL_ADD,         /* column = column + value, column += value */
  MED_CQL_SUBTRACT,    /* column = column - value, column -= value */
  MED_CQL_PREPEND,     /* column = value + column */
  MED_CQL_SET_ELEMENT, /* column[element] = value */
  MED_CQL_SET_FIELD    /* column.field = value */
} med_cql_assignment_kind;

typedef struct med_cql_assignment {
  med_cql_assignment_kind kind;
  med_cql_identifier column;
  const med_cql_term *element;
  med_cql_identifier field;
  const med_cql_term *value;
} med_cql_assignment;

typedef struct med_cql_update {
  med_cql_name table;
  med_cql_using using;
  const med_cql_assignment *assignments;
  size_t count;
  med_cql_where where;
  med_cql_if_kind if_kind;
  med_cql_where conditions;
} med_cql_update;

typedef struct med_cql_delete {
  med_cql_name table;
  const med_cql_term **targets; /* COLUMN, ELEMENT_OF, FIELD_OF; none: whole rows */
  size_t count;
  med_cql_using using; /* no ttl */
  med_cql_where where;
  med_cql_if_kind if_kind;
  med_cql_where conditions;
} med_cql_delete;

typedef enum med_cql_batch_kind {
  MED_CQL_BATCH_LOGGED,
  MED_CQL_BATCH_UNLOGGED,
  MED_CQL_BATCH_COUNTER
} med_cql_batch_kind;
struct med_cql_statement;
typedef struct med_cql_batch {
  med_cql_batch_kind kind;
  med_cql_using using;                        /* no ttl */
  const struct med_cql_statement *statements; /* INSERT, UPDATE, DELETE */
  size_t count;
} med_cql_batch;

/* ---- Definitions ---- */
typedef struct med_cql_property { /* WITH name = value */
  med_cql_identifier name;
  const med_cql_term *value; /* a literal, or a MAP of literals */
} med_cql_property;

typedef struct med_cql_column_definition {
  med_cql_identifier name;
  med_slice type;
  uint32_t type_at;
  bool is_static, primary_key;
} med_cql_column_definition;

typedef struct med_cql_key { /* PRIMARY KEY ((partition), clustering) */
  const med_cql_identifier *partition, *clustering;
  size_t partition_count, clustering_count;
  uint32_t at;
} med_cql_key;

typedef struct med_cql_with { /* WITH ... AND ... */
  const med_cql_property *properties;
  size_t count;
  const med_cql_order *clustering_order;
  size_t clustering_order_count;
  bool compact_storage;
  uint32_t compact_at;
} med_cql_with;

typedef struct med_cql_keyspace_definition { /* CREATE, ALTER KEYSPACE */
  med_cql_identifier name;
  bool tolerant; /* IF NOT EXISTS; of ALTER: IF EXISTS */
  med_cql_with with;
} med_cql_keyspace_definition;

typedef struct med_cql_table_definition { /* CREATE TABLE */
  med_cql_name name;
  bool if_not_exists;
  const med_cql_column_definition *columns;
  size_t count;
  med_cql_key key; /* partition_count 0 if a column says PRIMARY KEY, or none does */
  med_cql_with with;
} med_cql_table_definition;

typedef enum med_cql_alter_kind {
  MED_CQL_ALTER_ADD,
  MED_CQL_ALTER_DROP,
  MED_CQL_ALTER_RENAME,
  MED_CQL_ALTER_COLUMN_TYPE,
  MED_CQL_ALTER_WITH
} med_cql_alter_kind;

typedef struct med_cql_alter { /* ALTER TABLE, ALTER TYPE, ALTER MATERIALIZED VIEW (WITH only) */
  med_cql_name name;
  bool if_exists, column_tolerant; /* ADD IF NOT EXISTS, DROP IF EXISTS, RENAME IF EXISTS */
  med_cql_alter_kind kind;
  const med_cql_column_definition *columns; /* ADD; TYPE: one, ALTER c TYPE t; DROP: names only */
  size_t count;
  const med_cql_identifier *from, *to; /* RENAME a TO b AND ... : count pairs */
  med_cql_with with;
} med_cql_alter;

typedef struct med_cql_type_definition { /* CREATE TYPE */
  med_cql_name name;
  bool if_not_exists;
  const med_cql_column_definition *fields;
  size_t count;
} med_cql_type_definition;

typedef enum med_cql_index_target {
  MED_CQL_INDEX_COLUMN,
  MED_CQL_INDEX_VALUES,
  MED_CQL_INDEX_KEYS,
  MED_CQL_INDEX_ENTRIES,
  MED_CQL_INDEX_FULL
} med_cql_index_target;

typedef struct med_cql_index_definition { /* CREATE [CUSTOM] INDEX */
  med_slice name;                         /* bytes NULL: named by the table and the column */
  uint32_t at;
  bool if_not_exists, custom;
  med_cql_name table;
  med_cql_index_target target;
  med_cql_identifier column;
  med_slice using_class; /* bytes NULL without */
  uint32_t using_at;
  med_cql_with with;
} med_cql_index_definition;

typedef struct med_cql_view_definition { /* CREATE MATERIALIZED VIEW */
  med_cql_name name;
  bool if_not_exists;
  med_cql_select select;
  med_cql_key key;
  med_cql_with with;
} med_cql_view_definition;

typedef enum med_cql_object {
  MED_CQL_KEYSPACE,
  MED_CQL_TABLE,
  MED_CQL_TYPE,
  MED_CQL_INDEX,
  MED_CQL_VIEW
} med_cql_object;

typedef struct med_cql_drop {
  med_cql_object object;
  med_cql_name name;
  bool if_exists;
} med_cql_drop;

typedef enum med_cql_describe_kind {
  MED_CQL_DESCRIBE_KEYSPACES,
  MED_CQL_DESCRIBE_KEYSPACE, /* name may be absent: the present one */
  MED_CQL_DESCRIBE_TABLES,
  MED_CQL_DESCRIBE_TABLE,
  MED_CQL_DESCRIBE_TYPES,
  MED_CQL_DESCRIBE_TYPE,
  MED_CQL_DESCRIBE_INDEX,
  MED_CQL_DESCRIBE_VIEW,
  MED_CQL_DESCRIBE_SCHEMA,
  MED_CQL_DESCRIBE_ANY /* DESCRIBE name */
} med_cql_describe_kind;

typedef struct med_cql_describe {
  med_cql_describe_kind kind;
  med_cql_name name;
} med_cql_describe;

typedef enum med_cql_statement_kind {
  MED_CQL_SELECT,
  MED_CQL_INSERT,
  MED_CQL_UPDATE,
  MED_CQL_DELETE,
  MED_CQL_BATCH,
  MED_CQL_TRUNCATE, /* as.table */
  MED_CQL_USE,      /* as.use */
  MED_CQL_CREATE_KEYSPACE,
  MED_CQL_ALTER_KEYSPACE,
  MED_CQL_CREATE_TABLE,
  MED_CQL_ALTER_TABLE,
  MED_CQL_CREATE_TYPE,
  MED_CQL_ALTER_TYPE,
  MED_CQL_CREATE_INDEX,
  MED_CQL_CREATE_VIEW,
  MED_CQL_ALTER_VIEW,
  MED_CQL_DROP,
  MED_CQL_DESCRIBE
} med_cql_statement_kind;

typedef struct med_cql_statement {
  med_cql_statement_kind kind;
  uint32_t at;
  union {
    med_cql_select select;
    med_cql_insert insert;
    med_cql_update update;
    med_cql_delete delete;
    med_cql_batch batch;
    med_cql_name table;
    med_cql_identifier use;
    med_cql_keyspace_definition keyspace;
    med_cql_table_definition create_table;
    med_cql_alter alter;
    med_cql_type_definition create_type;
    med_cql_index_definition create_index;
    med_cql_view_definition create_view;
    med_cql_drop drop;
    med_cql_describe describe;
  } as;
} med_cql_statement;

#endif
