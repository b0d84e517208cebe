/* fuzz_values.c - trees of values, bound to parameters of SQL and Redis and read back in every way. */
#include "tests/fuzz/kit.h"
#include "tests/fuzz/target.h"

enum { NODES_MAX = 400, DEPTH_MAX = 40 };

typedef struct tree {
  medley_value nodes[NODES_MAX];
  size_t used;
} tree;

static medley_value *take_nodes(tree *t, size_t count) {
  if (t->used + count > NODES_MAX) return NULL;
  medley_value *nodes = &t->nodes[t->used];
  t->used += count;
  return nodes;
}

static void build(input *in, tree *t, medley_value *value, int depth) {
  memset(value, 0, sizeof *value);
  uint8_t kind = input_byte(in);
  size_t count = kind >> 4;
  value->type = (medley_type)(kind % 8);
  switch (value->type) {
    case MEDLEY_TYPE_BOOLEAN: value->as.boolean = input_byte(in); break;
    case MEDLEY_TYPE_INTEGER: value->as.integer = (int64_t)((uint64_t)input_number(in, 4) << (kind >> 4)); break;
    case MEDLEY_TYPE_REAL: {
      uint64_t bits = (uint64_t)input_number(in, 4) << 32 | input_number(in, 2);
      memcpy(&value->as.real, &bits, sizeof bits);
      break;
    }
    case MEDLEY_TYPE_LIST:
    case MEDLEY_TYPE_MAP: {
      medley_value *nodes = depth < DEPTH_MAX ? take_nodes(t, count * 2) : NULL;
      if (nodes == NULL) count = 0;
      for (size_t i = 0; i < count * 2; i++) build(in, t, &nodes[i], depth + 1);
      if (value->type == MEDLEY_TYPE_LIST) {
        value->as.list.items = nodes;
        value->as.list.count = count;
      } else {
        value->as.map.keys = nodes;
        value->as.map.values = nodes != NULL ? nodes + count : NULL;
        value->as.map.count = count;
      }
      break;
    }
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_BLOB: {
      size_t len;
      value->as.text.bytes = (const char *)input_take(in, count == 15 ? 5000 : count, &len);
      value->as.text.len = len;
      break;
    }
    default: break;
  }
}

typedef struct use {
  medley_language language;
  const char *text;
} use;

/* What is bound comes back as it was, if the language has that type. */
static void check_back(medley_statement *statement, const medley_value *value) {
  const medley_value *back = medley_column_value(statement, 0);
  if (value->type == MEDLEY_TYPE_INTEGER)
    MUST(back->type == MEDLEY_TYPE_INTEGER && back->as.integer == value->as.integer);
  if (value->type == MEDLEY_TYPE_BLOB)
    MUST(back->type == MEDLEY_TYPE_BLOB && back->as.text.len == value->as.text.len &&
         (back->as.text.len == 0 || memcmp(back->as.text.bytes, value->as.text.bytes, back->as.text.len) == 0));
}

static void run(fuzz_kit *kit, const use *u, const medley_value *value) {
  medley_statement *statement = NULL;
  int rc = medley_prepare(kit->session, u->language, u->text, MEDLEY_NUL_ENDED, &statement, NULL);
  if (rc != MEDLEY_OK || statement == NULL) return;
  for (int i = 0; i <= medley_bind_count(statement) + 1; i++) (void)medley_bind_value(statement, i, value);
  for (int rows = 0; rows < 10 && (rc = medley_step(statement)) == MEDLEY_ROW; rows++) {
    if (u->language == MEDLEY_LANGUAGE_SQL && rows == 0) check_back(statement, value);
    for (int i = 0; i < medley_column_count(statement); i++) {
      fuzz_kit_read(medley_column_value(statement, i));
      const char *text = medley_column_text(statement, i);
      if (text != NULL) MUST(text[medley_column_bytes(statement, i)] == '\0');
      (void)medley_column_integer(statement, i);
      (void)medley_column_real(statement, i);
    }
  }
  medley_statement_close(statement);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const use uses[] = {
      {MEDLEY_LANGUAGE_SQL, "SELECT ?1, typeof(?1), ?1 || 'x', ?1 + 1, CAST(?1 AS BLOB)"},
      {MEDLEY_LANGUAGE_REDIS, "SET $key $value"},
      {MEDLEY_LANGUAGE_REDIS, "RPUSH list ? ?"},
      {MEDLEY_LANGUAGE_REDIS, "GET ?"},
      {MEDLEY_LANGUAGE_REDIS, "ZADD z ? m"},
      {MEDLEY_LANGUAGE_REDIS, "HSET h ? ?"},
      {MEDLEY_LANGUAGE_REDIS, "LRANGE list 0 -1"},
  };
  static fuzz_kit kit;
  static tree t;
  if (kit.db == NULL) fuzz_kit_open(&kit, 100);
  input in = {bytes, size};
  for (unsigned i = 0; i < 8 && in.left > 0; i++) {
    medley_value value;
    t.used = 0;
    const use *u = &uses[input_byte(&in) % (sizeof uses / sizeof *uses)];
    build(&in, &t, &value, 0);
    run(&kit, u, &value);
  }
  const medley_value *reply;
  static const char *const flush[] = {"FLUSHALL"};
  static const size_t flush_lens[] = {8};
  MUST(medley_command(kit.session, 1, flush, flush_lens, &reply) == MEDLEY_OK);
  int more;
  input_any_status(medley_maintain(kit.db, 1000, &more, NULL));
  return 0;
}
