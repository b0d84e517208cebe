/* family.c - the families of a table of cells, read from the text of its properties. */
#include "models/widecolumn/family.h"

/* ---- The shape ---- */
bool med_wide_family_shape(const med_wide_table *table) {
  static const struct {
    const char *name;
    med_wide_kind kind;
    med_wide_role role;
  } shape[] = {{"region", MED_WIDE_INT, MED_WIDE_PARTITION},         {"key", MED_WIDE_BLOB, MED_WIDE_CLUSTERING},
               {"family", MED_WIDE_TEXT, MED_WIDE_CLUSTERING},       {"qualifier", MED_WIDE_BLOB, MED_WIDE_CLUSTERING},
               {"version", MED_WIDE_TIMESTAMP, MED_WIDE_CLUSTERING}, {"value", MED_WIDE_BLOB, MED_WIDE_REGULAR}};
  const size_t count = sizeof shape / sizeof shape[0];
  bool same = table->column_count == count && (table->flags & MED_WIDE_TABLE_VIEW) == 0;
  for (size_t i = 0; same && i < count; i++) {
    const med_wide_column *column = &table->columns[i];
    same = med_slice_equal(column->name, med_slice_of_text(shape[i].name)) && column->type.kind == shape[i].kind &&
           column->role == shape[i].role && column->descending == (i == MED_CELLS_VERSION);
  }
  return same;
}

/* ---- The text of a property ---- {'name': '3', 'other': 'all'}, as CQL writes it; numbers may stand without quotes. */
static med_slice find_property(const med_wide_table *table, const char *name) {
  for (size_t i = 0; i < table->property_count; i++) {
    if (med_slice_equal(table->properties[i].name, med_slice_of_text(name))) return table->properties[i].value;
  }
  return med_slice_of(NULL, 0);
}

static void skip(med_slice *text, size_t len) {
  *text = med_slice_of((const char *)text->bytes + len, text->len - len);
}

static void skip_blanks(med_slice *text) {
  while (text->len > 0 && *(const char *)text->bytes == ' ') skip(text, 1);
}

static bool take_sign(med_slice *text, char sign) {
  skip_blanks(text);
  if (text->len == 0 || *(const char *)text->bytes != sign) return false;
  skip(text, 1);
  return true;
}

/* A string between single quotes, doubled ones within it made one, in the arena. OK, ERROR if there is none, NO_MEMORY. */
static int take_string(med_slice *text, med_arena *arena, med_slice *string) {
  if (!take_sign(text, '\'')) return MEDLEY_ERROR;
  char *bytes = med_arena_alloc(arena, text->len + 1);
  size_t len = 0;
  if (bytes == NULL) return MEDLEY_NO_MEMORY;
  while (text->len > 0) {
    char c = *(const char *)text->bytes;
    skip(text, 1);
    if (c == '\'' && (text->len == 0 || *(const char *)text->bytes != '\'')) {
      bytes[len] = '\0';
      *string = med_slice_of(bytes, len);
      return MEDLEY_OK;
    }
    if (c == '\'') skip(text, 1);
    bytes[len++] = c;
  }
  return MEDLEY_ERROR;
}

/* A number, in quotes or not; "all" is 0 where it may stand. ERROR if it is none, RANGE beyond max. */
static int take_count(med_slice *text, bool may_be_all, uint32_t max, uint32_t *number) {
  bool quoted = take_sign(text, '\'');
  uint64_t value = 0;
  size_t digits = 0;
  *number = 0;
  if (quoted && may_be_all && med_slice_starts_with(*text, med_slice_of_text("all'"))) {
    skip(text, 4);
    return MEDLEY_OK;
  }
  for (; text->len > 0; skip(text, 1), digits++) {
    char c = *(const char *)text->bytes;
    if (c < '0' || c > '9') break;
    if (value <= max) value = value * 10 + (uint64_t)(c - '0');
  }
  if (digits == 0 || (quoted && !take_sign(text, '\''))) return MEDLEY_ERROR;
  if (value < 1 || value > max) return MEDLEY_RANGE;
  *number = (uint32_t)value;
  return MEDLEY_OK;
}

typedef int (*take_pair)(med_wide_family *families, size_t *count, med_slice name, med_slice *text,
                         medley_error *error);

static int refuse(medley_error *error, const char *property) {
  return med_error_set(error, MEDLEY_ERROR, "%s must be a map of families and numbers, such as {'info': '3'}",
                       property);
}

static int take_map(const char *property, med_slice text, med_arena *arena, med_wide_family *families, size_t *count,
                    take_pair take, medley_error *error) {
  med_slice name;
  if (!take_sign(&text, '{')) return refuse(error, property);
  do {
    int rc = take_string(&text, arena, &name);
    if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(error);
    if (rc != MEDLEY_OK || !take_sign(&text, ':')) return refuse(error, property);
    rc = take(families, count, name, &text, error);
    if (rc != MEDLEY_OK) return rc;
  } while (take_sign(&text, ','));
  bool ends = take_sign(&text, '}');
  skip_blanks(&text);
  return ends && text.len == 0 ? MEDLEY_OK : refuse(error, property);
}

/* ---- What the properties say ---- */
static med_wide_family *find(med_wide_family *families, size_t count, med_slice name) {
  for (size_t i = 0; i < count; i++) {
    if (med_slice_equal(families[i].name, name)) return &families[i];
  }
  return NULL;
}

static int take_versions(med_wide_family *families, size_t *count, med_slice name, med_slice *text,
                         medley_error *error) {
  int length = (int)(name.len < MED_WIDE_NAME_MAX ? name.len : MED_WIDE_NAME_MAX);
  if (name.len == 0 || name.len > MED_WIDE_NAME_MAX || memchr(name.bytes, '\0', name.len) != NULL)
    return med_error_set(error, MEDLEY_ERROR, "a family's name has 1 to %d bytes: '%.*s'", MED_WIDE_NAME_MAX, length,
                         (const char *)name.bytes);
  if (find(families, *count, name) != NULL)
    return med_error_set(error, MEDLEY_ERROR, "max_versions names the family '%.*s' twice", length,
                         (const char *)name.bytes);
  if (*count == MED_WIDE_FAMILIES_MAX)
    return med_error_set(error, MEDLEY_TOO_BIG, "a table of more than %d families", MED_WIDE_FAMILIES_MAX);
  med_wide_family *family = &families[(*count)++];
  *family = (med_wide_family){.name = name};
  int rc = take_count(text, true, MED_WIDE_VERSIONS_MAX, &family->max_versions);
  if (rc == MEDLEY_RANGE)
    return med_error_set(error, rc, "max_versions of '%.*s' must be between 1 and %d, or 'all'", length,
                         (const char *)name.bytes, MED_WIDE_VERSIONS_MAX);
  return rc == MEDLEY_OK ? rc : refuse(error, MED_WIDE_FAMILIES_PROPERTY);
}

static int take_ttl(med_wide_family *families, size_t *count, med_slice name, med_slice *text, medley_error *error) {
  med_wide_family *family = find(families, *count, name);
  int length = (int)(name.len < MED_WIDE_NAME_MAX ? name.len : MED_WIDE_NAME_MAX);
  if (family == NULL)
    return med_error_set(error, MEDLEY_ERROR, "family_time_to_live names '%.*s', which max_versions does not", length,
                         (const char *)name.bytes);
  int rc = take_count(text, false, MED_WIDE_TTL_MAX, &family->ttl_s);
  if (rc == MEDLEY_RANGE)
    return med_error_set(error, rc, "family_time_to_live of '%.*s' must be between 1 and %d", length,
                         (const char *)name.bytes, MED_WIDE_TTL_MAX);
  return rc == MEDLEY_OK ? rc : refuse(error, MED_WIDE_FAMILY_TTL_PROPERTY);
}

int med_wide_family_read(med_wide_table *table, med_arena *arena, medley_error *error) {
  med_slice versions = find_property(table, MED_WIDE_FAMILIES_PROPERTY);
  med_slice ttls = find_property(table, MED_WIDE_FAMILY_TTL_PROPERTY);
  size_t count = 0;
  table->families = NULL;
  table->family_count = 0;
  if (versions.bytes == NULL && ttls.bytes == NULL) return MEDLEY_OK;
  if (versions.bytes == NULL)
    return med_error_set(error, MEDLEY_ERROR, "family_time_to_live is of the families that max_versions names");
  if (!med_wide_family_shape(table))
    return med_error_set(error, MEDLEY_ERROR,
                         "max_versions is of tables of cells: (region int, key blob, family text, qualifier blob, "
                         "version timestamp, value blob), all but value their key, version descending");
  med_wide_family *families = med_arena_alloc(arena, MED_WIDE_FAMILIES_MAX * sizeof *families);
  if (families == NULL) return med_error_no_memory(error);
  int rc = take_map(MED_WIDE_FAMILIES_PROPERTY, versions, arena, families, &count, take_versions, error);
  if (rc == MEDLEY_OK && ttls.bytes != NULL)
    rc = take_map(MED_WIDE_FAMILY_TTL_PROPERTY, ttls, arena, families, &count, take_ttl, error);
  if (rc != MEDLEY_OK) return rc;
  table->families = families;
  table->family_count = count;
  return MEDLEY_OK;
}

const med_wide_family *med_wide_family_find(const med_wide_table *table, med_slice name) {
  for (size_t i = 0; i < table->family_count; i++) {
    if (med_slice_equal(table->families[i].name, name)) return &table->families[i];
  }
  return NULL;
}
