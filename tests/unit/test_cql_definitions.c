/* test_cql_definitions.c - CQL's grammar: CREATE, ALTER, DROP, DESCRIBE and the short statements. */
#include "tests/unit/cql_kit.h"

START_TEST(a_table_has_columns_a_key_and_properties) {
  cql_parsed parsed;
  cql_parse(&parsed,
            "CREATE TABLE IF NOT EXISTS ks.t (a int, b text STATIC, c set<frozen<map<int, text>>>, d \"My.Type\", "
            "PRIMARY KEY ((a, c), d, b),) WITH CLUSTERING ORDER BY (d DESC, b ASC) AND COMPACT STORAGE "
            "AND comment = 'x' AND caching = {'keys': 'ALL'} AND gc_grace_seconds = 10 AND speculative = always");
  const med_cql_table_definition *table = &parsed.statement->as.create_table;
  ck_assert(table->if_not_exists);
  ck_assert_uint_eq(table->count, 4);
  ck_assert(!table->columns[0].is_static && table->columns[1].is_static);
  ck_assert_slice_eq(table->columns[2].type, "set<frozen<map<int, text>>>");
  ck_assert_slice_eq(table->columns[3].type, "\"My.Type\"");
  ck_assert_uint_eq(table->key.partition_count, 2);
  ck_assert_uint_eq(table->key.clustering_count, 2);
  ck_assert_slice_eq(table->key.clustering[1].name, "b");
  ck_assert_uint_eq(table->with.clustering_order_count, 2);
  ck_assert(table->with.compact_storage && table->with.clustering_order[0].descending);
  ck_assert_uint_eq(table->with.count, 4);
  ck_assert_int_eq(table->with.properties[1].value->kind, MED_CQL_MAP);
  ck_assert_slice_eq(table->with.properties[3].value->text, "always");
  cql_clear(&parsed);
  cql_parse(&parsed, "CREATE COLUMNFAMILY t (a int PRIMARY KEY)");
  ck_assert(parsed.statement->as.create_table.columns[0].primary_key);
  ck_assert_uint_eq(parsed.statement->as.create_table.key.partition_count, 0);
  cql_clear(&parsed);
  cql_parse(&parsed, "CREATE TABLE t (a 'org.x.Type', PRIMARY KEY (a, b, c))");
  ck_assert_slice_eq(parsed.statement->as.create_table.columns[0].type, "'org.x.Type'");
  ck_assert_uint_eq(parsed.statement->as.create_table.key.partition_count, 1);
  ck_assert_uint_eq(parsed.statement->as.create_table.key.clustering_count, 2);
  cql_clear(&parsed);
  cql_refused("CREATE TABLE t (a int, PRIMARY KEY (a), PRIMARY KEY (a))", MEDLEY_ERROR, 1, 41,
              "cql: Multiple PRIMARY KEYs specified (exactly one required)");
  cql_refused("CREATE TABLE t (a map<int, >)", MEDLEY_SYNTAX, 1, 28,
              "cql: syntax error: unexpected '>', expected a type");
}
END_TEST

START_TEST(keyspaces_types_indexes_and_views_are_created) {
  cql_parsed parsed;
  cql_parse(&parsed,
            "CREATE KEYSPACE IF NOT EXISTS k WITH replication = {'class': 'SimpleStrategy'} AND durable_writes = true");
  ck_assert(parsed.statement->as.keyspace.tolerant && parsed.statement->as.keyspace.with.count == 2);
  cql_clear(&parsed);
  cql_parse(&parsed, "CREATE TYPE k.address (street text, phones list<text>)");
  ck_assert_uint_eq(parsed.statement->as.create_type.count, 2);
  cql_clear(&parsed);
  cql_parse(&parsed, "CREATE CUSTOM INDEX IF NOT EXISTS i ON k.t (ENTRIES(m)) USING 'class' WITH OPTIONS = {'a': 'b'}");
  const med_cql_index_definition *index = &parsed.statement->as.create_index;
  ck_assert(index->custom && index->if_not_exists && index->target == MED_CQL_INDEX_ENTRIES);
  ck_assert_slice_eq(index->using_class, "class");
  ck_assert_slice_eq(index->name, "i");
  ck_assert_uint_eq(index->with.count, 1);
  cql_clear(&parsed);
  cql_parse(&parsed, "CREATE INDEX ON t (values)");
  ck_assert(parsed.statement->as.create_index.name.bytes == NULL);
  ck_assert_int_eq(parsed.statement->as.create_index.target, MED_CQL_INDEX_COLUMN);
  cql_clear(&parsed);
  cql_parse(&parsed,
            "CREATE MATERIALIZED VIEW v AS SELECT a, b FROM t WHERE a IS NOT NULL AND b > 1 PRIMARY KEY (b, a) "
            "WITH CLUSTERING ORDER BY (a DESC)");
  const med_cql_view_definition *view = &parsed.statement->as.create_view;
  ck_assert_uint_eq(view->select.selector_count, 2);
  ck_assert_uint_eq(view->select.where.count, 2);
  ck_assert_slice_eq(view->key.partition[0].name, "b");
  ck_assert_uint_eq(view->with.clustering_order_count, 1);
  cql_clear(&parsed);
}
END_TEST

START_TEST(tables_types_keyspaces_and_views_are_altered) {
  cql_parsed parsed;
  const med_cql_alter *alter = NULL;
  cql_parse(&parsed, "ALTER TABLE IF EXISTS k.t ADD IF NOT EXISTS (a int, b text static)");
  alter = &parsed.statement->as.alter;
  ck_assert(alter->if_exists && alter->column_tolerant && alter->kind == MED_CQL_ALTER_ADD && alter->count == 2);
  ck_assert(alter->columns[1].is_static);
  cql_clear(&parsed);
  cql_parse(&parsed, "ALTER TABLE t DROP a, b");
  alter = &parsed.statement->as.alter;
  ck_assert(alter->kind == MED_CQL_ALTER_DROP && alter->count == 2);
  cql_clear(&parsed);
  cql_parse(&parsed, "ALTER TABLE t RENAME a TO b AND c TO d");
  alter = &parsed.statement->as.alter;
  ck_assert(alter->kind == MED_CQL_ALTER_RENAME && alter->count == 2);
  ck_assert_slice_eq(alter->to[1].name, "d");
  cql_clear(&parsed);
  cql_parse(&parsed, "ALTER TABLE t ALTER a TYPE blob");
  alter = &parsed.statement->as.alter;
  ck_assert_int_eq(alter->kind, MED_CQL_ALTER_COLUMN_TYPE);
  ck_assert_slice_eq(alter->columns[0].type, "blob");
  cql_clear(&parsed);
  cql_parse(&parsed, "ALTER TABLE t WITH comment = ''");
  ck_assert_int_eq(parsed.statement->as.alter.kind, MED_CQL_ALTER_WITH);
  cql_clear(&parsed);
  cql_parse(&parsed, "ALTER TYPE k.u ADD f int");
  ck_assert_int_eq(parsed.statement->kind, MED_CQL_ALTER_TYPE);
  cql_clear(&parsed);
  cql_parse(&parsed, "ALTER TYPE u RENAME a TO b");
  ck_assert_int_eq(parsed.statement->as.alter.kind, MED_CQL_ALTER_RENAME);
  cql_clear(&parsed);
  cql_parse(&parsed, "ALTER KEYSPACE k WITH durable_writes = false");
  ck_assert_int_eq(parsed.statement->kind, MED_CQL_ALTER_KEYSPACE);
  cql_clear(&parsed);
  cql_parse(&parsed, "ALTER MATERIALIZED VIEW v WITH comment = 'x'");
  ck_assert_int_eq(parsed.statement->kind, MED_CQL_ALTER_VIEW);
  cql_clear(&parsed);
}
END_TEST

START_TEST(short_statements) {
  static const struct {
    const char *text;
    med_cql_object object;
  } drops[] = {{"DROP KEYSPACE IF EXISTS x", MED_CQL_KEYSPACE},
               {"DROP TABLE IF EXISTS k.x", MED_CQL_TABLE},
               {"DROP TYPE IF EXISTS k.x", MED_CQL_TYPE},
               {"DROP INDEX IF EXISTS k.x", MED_CQL_INDEX},
               {"DROP MATERIALIZED VIEW IF EXISTS x", MED_CQL_VIEW}};
  static const struct {
    const char *text;
    med_cql_describe_kind kind;
  } descriptions[] = {
      {"DESCRIBE KEYSPACES", MED_CQL_DESCRIBE_KEYSPACES}, {"DESC KEYSPACE x", MED_CQL_DESCRIBE_KEYSPACE},
      {"DESCRIBE TABLES", MED_CQL_DESCRIBE_TABLES},       {"DESCRIBE TABLE k.x", MED_CQL_DESCRIBE_TABLE},
      {"DESCRIBE TYPES", MED_CQL_DESCRIBE_TYPES},         {"DESCRIBE TYPE x", MED_CQL_DESCRIBE_TYPE},
      {"DESCRIBE INDEX x", MED_CQL_DESCRIBE_INDEX},       {"DESCRIBE MATERIALIZED VIEW x", MED_CQL_DESCRIBE_VIEW},
      {"DESCRIBE SCHEMA", MED_CQL_DESCRIBE_SCHEMA},       {"DESCRIBE x", MED_CQL_DESCRIBE_ANY}};
  cql_parsed parsed;
  for (size_t i = 0; i < sizeof drops / sizeof *drops; i++) {
    cql_parse(&parsed, drops[i].text);
    ck_assert_int_eq(parsed.statement->as.drop.object, drops[i].object);
    ck_assert(parsed.statement->as.drop.if_exists);
    ck_assert_slice_eq(parsed.statement->as.drop.name.name, "x");
    cql_clear(&parsed);
  }
  for (size_t i = 0; i < sizeof descriptions / sizeof *descriptions; i++) {
    cql_parse(&parsed, descriptions[i].text);
    ck_assert_int_eq(parsed.statement->as.describe.kind, descriptions[i].kind);
    cql_clear(&parsed);
  }
  cql_parse(&parsed, "DESCRIBE KEYSPACE");
  ck_assert(parsed.statement->as.describe.name.name.bytes == NULL);
  cql_clear(&parsed);
  cql_parse(&parsed, "TRUNCATE TABLE k.t");
  ck_assert_slice_eq(parsed.statement->as.table.name, "t");
  cql_clear(&parsed);
  cql_parse(&parsed, "USE \"K\"");
  ck_assert_slice_eq(parsed.statement->as.use.name, "K");
  cql_clear(&parsed);
}
END_TEST

PROPERTY_MAIN("cql_definitions", a_table_has_columns_a_key_and_properties,
              keyspaces_types_indexes_and_views_are_created, tables_types_keyspaces_and_views_are_altered,
              short_statements)
