/* type.c - CQL's types read and written. */
#include "models/widecolumn/type.h"

#include <assert.h>
#include <string.h>

#include "models/widecolumn/name_text.h"

#define NAME_SIZE_MAX 128

typedef struct kind_row {
  const char *name;
  med_wide_kind kind;
} kind_row;

static const kind_row kind_rows[] = {
    {"ascii", MED_WIDE_ASCII},         {"bigint", MED_WIDE_BIGINT},   {"blob", MED_WIDE_BLOB},
    {"boolean", MED_WIDE_BOOLEAN},     {"counter", MED_WIDE_COUNTER}, {"decimal", MED_WIDE_DECIMAL},
    {"double", MED_WIDE_DOUBLE},       {"float", MED_WIDE_FLOAT},     {"int", MED_WIDE_INT},
    {"timestamp", MED_WIDE_TIMESTAMP}, {"uuid", MED_WIDE_UUID},       {"text", MED_WIDE_TEXT},
    {"varchar", MED_WIDE_TEXT},        {"varint", MED_WIDE_VARINT},   {"timeuuid", MED_WIDE_TIMEUUID},
    {"inet", MED_WIDE_INET},           {"date", MED_WIDE_DATE},       {"time", MED_WIDE_TIME},
    {"smallint", MED_WIDE_SMALLINT},   {"tinyint", MED_WIDE_TINYINT}, {"duration", MED_WIDE_DURATION},
    {"list", MED_WIDE_LIST},           {"map", MED_WIDE_MAP},         {"set", MED_WIDE_SET},
    {"tuple", MED_WIDE_TUPLE},
};
#define KIND_COUNT (sizeof kind_rows / sizeof kind_rows[0])

static const kind_row *row_of_kind(med_wide_kind kind) {
  for (size_t i = 0; i < KIND_COUNT; i++) {
    if (kind_rows[i].kind == kind) return &kind_rows[i];
  }
  return NULL;
}

/* Asked for every value that is read. */
size_t med_wide_kind_size(med_wide_kind kind) {
  switch (kind) {
    case MED_WIDE_BOOLEAN:
    case MED_WIDE_TINYINT: return 1;
    case MED_WIDE_SMALLINT: return 2;
    case MED_WIDE_DATE:
    case MED_WIDE_FLOAT:
    case MED_WIDE_INT: return 4;
    case MED_WIDE_BIGINT:
    case MED_WIDE_COUNTER:
    case MED_WIDE_DOUBLE:
    case MED_WIDE_TIME:
    case MED_WIDE_TIMESTAMP: return 8;
    case MED_WIDE_TIMEUUID:
    case MED_WIDE_UUID: return 16;
    default: return 0;
  }
}

med_wide_type med_wide_type_of(med_wide_kind kind) {
  assert(kind < MED_WIDE_LIST);
  med_wide_type type = {.kind = kind};
  return type;
}

size_t med_wide_type_size(const med_wide_type *type) {
  size_t size = 1;
  for (unsigned i = 0; i < type->part_count; i++) size += med_wide_type_size(&type->parts[i]);
  return size;
}

bool med_wide_type_equal(const med_wide_type *a, const med_wide_type *b) {
  if (a->kind != b->kind || a->frozen != b->frozen || a->part_count != b->part_count) return false;
  if (!med_slice_equal(a->keyspace, b->keyspace) || !med_slice_equal(a->name, b->name)) return false;
  for (unsigned i = 0; i < a->part_count; i++) {
    if (!med_wide_type_equal(&a->parts[i], &b->parts[i])) return false;
    if (a->kind == MED_WIDE_UDT && !med_slice_equal(a->fields[i], b->fields[i])) return false;
  }
  return true;
}

bool med_wide_type_has_order(const med_wide_type *type) {
  if (type->kind == MED_WIDE_DURATION || type->kind == MED_WIDE_COUNTER) return false;
  for (unsigned i = 0; i < type->part_count; i++) {
    if (!med_wide_type_has_order(&type->parts[i])) return false;
  }
  return true;
}

/* ---- Reading ---- */

typedef struct reader {
  const char *text;
  size_t len, at;
  size_t size; /* types so far */
  med_wide_type_finder finder;
  void *context;
  med_arena *arena;
  medley_error *error;
} reader;

static bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void skip_space(reader *r) {
  while (r->at < r->len && strchr(" \t\r\n", r->text[r->at]) != NULL && r->text[r->at] != 0) r->at++;
}

static bool take(reader *r, char c) {
  skip_space(r);
  if (r->at == r->len || r->text[r->at] != c) return false;
  r->at++;
  return true;
}

static int fail_syntax(reader *r, const char *wanted) {
  med_error_set_position(r->error, r->text, r->len, r->at);
  return med_error_set(r->error, MEDLEY_SYNTAX, "type: %s expected at byte %zu of the type", wanted, r->at + 1);
}

/* A name in lower case, or as it is between quotes. */
static int read_name(reader *r, char name[NAME_SIZE_MAX], size_t *len, bool *quoted) {
  *len = 0;
  *quoted = take(r, '"');
  while (r->at < r->len) {
    char c = r->text[r->at];
    if (*quoted && c == '"') {
      if (r->at + 1 == r->len || r->text[r->at + 1] != '"') break;
      r->at++;
    } else if (!*quoted) {
      if (!is_name_byte(c)) break;
      if (c >= 'A' && c <= 'Z') c = (char)(c + ('a' - 'A'));
    }
    if (*len == NAME_SIZE_MAX) return med_error_set(r->error, MEDLEY_TOO_BIG, "type: a name is too long");
    name[(*len)++] = c;
    r->at++;
  }
  if (*quoted && !take(r, '"')) return fail_syntax(r, "a closing quote");
  return *len > 0 ? MEDLEY_OK : fail_syntax(r, "a type");
}

static int read_type(reader *r, unsigned depth, med_wide_type *type);

static int read_parts(reader *r, unsigned depth, unsigned part_count_max, med_wide_type *type) {
  med_wide_type *parts = NULL;
  size_t count = 0, capacity = 0;
  int rc;
  if (!take(r, '<')) return fail_syntax(r, "'<'");
  do {
    if (count == part_count_max) return fail_syntax(r, "'>'");
    if (count == capacity) {
      capacity = capacity == 0 ? 2 : 2 * capacity;
      med_wide_type *more = med_arena_alloc(r->arena, capacity * sizeof *more);
      if (more == NULL) return med_error_no_memory(r->error);
      if (count > 0) memcpy(more, parts, count * sizeof *more);
      parts = more;
    }
    rc = read_type(r, depth + 1, &parts[count]);
    if (rc != MEDLEY_OK) return rc;
    count++;
  } while (take(r, ','));
  if (!take(r, '>')) return fail_syntax(r, "'>'");
  type->parts = parts;
  type->part_count = (uint16_t)count;
  return MEDLEY_OK;
}

/* What Cassandra refuses inside a collection. */
static int check_collection(reader *r, const med_wide_type *type) {
  for (unsigned i = 0; i < type->part_count; i++) {
    const med_wide_type *part = &type->parts[i];
    if (part->kind == MED_WIDE_COUNTER)
      return med_error_set(r->error, MEDLEY_TYPE, "Counters are not allowed inside collections");
    if (type->kind == MED_WIDE_TUPLE) continue;
    if (med_wide_type_is_complex(part)) {
      return med_error_set(r->error, MEDLEY_TYPE, "Non-frozen %s are not allowed inside collections",
                           part->kind == MED_WIDE_UDT ? "UDTs" : "collections");
    }
    if (type->kind == MED_WIDE_SET && !med_wide_type_has_order(part))
      return med_error_set(r->error, MEDLEY_TYPE, "Durations are not allowed inside sets");
    if (type->kind == MED_WIDE_MAP && i == 0 && !med_wide_type_has_order(part))
      return med_error_set(r->error, MEDLEY_TYPE, "Durations are not allowed as map keys");
  }
  return MEDLEY_OK;
}

static int read_frozen(reader *r, unsigned depth, med_wide_type *type) {
  int rc;
  if (!take(r, '<')) return fail_syntax(r, "'<'");
  MED_TRY(read_type(r, depth + 1, type));
  if (!take(r, '>')) return fail_syntax(r, "'>'");
  if (type->kind < MED_WIDE_LIST) {
    return med_error_set(r->error, MEDLEY_TYPE,
                         "frozen<> is only allowed on collections, tuples, and user-defined types");
  }
  type->frozen = true;
done:
  return rc;
}

static unsigned depth_of(const med_wide_type *type) {
  unsigned deepest = 0;
  for (unsigned i = 0; i < type->part_count; i++) {
    unsigned depth = depth_of(&type->parts[i]);
    if (depth > deepest) deepest = depth;
  }
  return deepest + 1;
}

static int fail_depth(reader *r) {
  return med_error_set(r->error, MEDLEY_TOO_BIG, "type: nested more than %d deep", MED_WIDE_TYPE_DEPTH_MAX);
}

/* User types that have each other twice, and so on, would otherwise be types without measure. */
static int count_types(reader *r, size_t count) {
  r->size += count;
  return r->size <= MED_WIDE_TYPE_SIZE_MAX
             ? MEDLEY_OK
             : med_error_set(r->error, MEDLEY_TOO_BIG, "type: more than %d parts", MED_WIDE_TYPE_SIZE_MAX);
}

static int read_user_type(reader *r, unsigned depth, const char *first, size_t first_len, med_wide_type *type) {
  char second[NAME_SIZE_MAX];
  size_t second_len;
  bool quoted;
  med_slice keyspace = med_slice_of(NULL, 0), name = med_slice_of(first, first_len);
  int rc = MEDLEY_OK;
  if (take(r, '.')) {
    MED_TRY(read_name(r, second, &second_len, &quoted));
    keyspace = name;
    name = med_slice_of(second, second_len);
  }
  rc = r->finder == NULL ? MEDLEY_NOT_FOUND : r->finder(r->context, keyspace, name, type);
  if (rc == MEDLEY_NOT_FOUND)
    return med_error_set(r->error, rc, "Unknown type %.*s", (int)name.len, (const char *)name.bytes);
  if (rc == MEDLEY_TOO_BIG)
    return med_error_set(r->error, rc, "type: %.*s nests more than %d deep or has more than %d parts", (int)name.len,
                         (const char *)name.bytes, MED_WIDE_TYPE_DEPTH_MAX, MED_WIDE_TYPE_SIZE_MAX);
  if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(r->error);
  if (rc == MEDLEY_OK && depth + depth_of(type) - 1 > MED_WIDE_TYPE_DEPTH_MAX) rc = fail_depth(r);
  if (rc == MEDLEY_OK) rc = count_types(r, med_wide_type_size(type) - 1);
done:
  return rc;
}

static int read_type(reader *r, unsigned depth, med_wide_type *type) {
  char name[NAME_SIZE_MAX];
  size_t len;
  bool quoted;
  const kind_row *row = NULL;
  if (depth > MED_WIDE_TYPE_DEPTH_MAX) return fail_depth(r);
  memset(type, 0, sizeof *type);
  if (take(r, '\'')) return med_error_set(r->error, MEDLEY_UNSUPPORTED, "custom types are not supported");
  int rc = read_name(r, name, &len, &quoted);
  if (rc != MEDLEY_OK) return rc;
  if (!quoted && len == 6 && memcmp(name, "frozen", 6) == 0) return read_frozen(r, depth, type);
  for (size_t i = 0; i < KIND_COUNT && !quoted; i++) {
    if (strlen(kind_rows[i].name) == len && memcmp(kind_rows[i].name, name, len) == 0) row = &kind_rows[i];
  }
  rc = count_types(r, 1);
  if (rc != MEDLEY_OK) return rc;
  if (row == NULL) return read_user_type(r, depth, name, len, type);
  type->kind = row->kind;
  if (row->kind < MED_WIDE_LIST) return MEDLEY_OK;
  type->frozen = row->kind == MED_WIDE_TUPLE;
  unsigned wanted = row->kind == MED_WIDE_TUPLE ? MED_WIDE_TYPE_PARTS_MAX : row->kind == MED_WIDE_MAP ? 2 : 1;
  rc = read_parts(r, depth, wanted, type);
  if (rc == MEDLEY_OK && row->kind == MED_WIDE_MAP && type->part_count != 2) rc = fail_syntax(r, "a map's value type");
  return rc != MEDLEY_OK ? rc : check_collection(r, type);
}

int med_wide_type_parse(med_slice text, med_wide_type_finder finder, void *context, med_arena *arena,
                        med_wide_type *type, medley_error *error) {
  reader r = {text.bytes, text.len, 0, 0, finder, context, arena, error};
  int rc = read_type(&r, 1, type);
  skip_space(&r);
  if (rc == MEDLEY_OK && r.at < r.len) rc = fail_syntax(&r, "the end");
  return rc;
}

/* ---- Writing ---- */

/* Quoted unless it reads as it is: a keyword of a type does not. */
static bool write_name(med_slice name, med_buffer *text) {
  bool keyword = med_slice_equal(name, med_slice_of_text("frozen"));
  for (size_t i = 0; i < KIND_COUNT; i++)
    keyword = keyword || med_slice_equal(name, med_slice_of_text(kind_rows[i].name));
  return keyword ? med_wide_name_quote(name, text) : med_wide_name_write(name, text);
}

static bool write_user_type(const med_wide_type *type, med_buffer *text) {
  if (type->keyspace.len > 0 && !(write_name(type->keyspace, text) && med_buffer_append_byte(text, '.'))) return false;
  return write_name(type->name, text);
}

bool med_wide_type_write(const med_wide_type *type, med_buffer *text) {
  bool wrapped = type->frozen && type->kind != MED_WIDE_TUPLE;
  if (wrapped && !med_buffer_append(text, "frozen<", 7)) return false;
  if (type->kind == MED_WIDE_UDT) {
    if (!write_user_type(type, text)) return false;
  } else {
    const char *name = row_of_kind(type->kind)->name;
    if (!med_buffer_append(text, name, strlen(name))) return false;
    for (unsigned i = 0; i < type->part_count; i++) {
      if (!med_buffer_append(text, i == 0 ? "<" : ", ", i == 0 ? 1 : 2)) return false;
      if (!med_wide_type_write(&type->parts[i], text)) return false;
    }
    if (type->part_count > 0 && !med_buffer_append_byte(text, '>')) return false;
  }
  return !wrapped || med_buffer_append_byte(text, '>');
}
