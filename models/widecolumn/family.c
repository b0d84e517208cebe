/* family.c - the families of a table of cells, read from the text of its properties. */
#include "models/widecolumn/family.h"

#include "models/widecolumn/property_text.h"

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

/* ---- The text of a property ---- {'name': '3', 'other': 'all'}; numbers may stand without quotes. */
/* A number, in quotes or not; "all" is 0 where it may stand. ERROR if it is none, RANGE beyond max. */
static int take_count(med_slice *text, bool may_be_all, uint32_t max, uint32_t *number) {
  bool quoted = med_wide_property_sign(text, '\'');
  uint64_t value = 0;
  size_t digits = 0;
  *number = 0;
  if (quoted && may_be_all && med_slice_starts_with(*text, med_slice_of_text("all'"))) {
    med_wide_property_skip(text, 4);
    return MEDLEY_OK;
  }
  for (; text->len > 0; med_wide_property_skip(text, 1), digits++) {
    char c = *(const char *)text->bytes;
    if (c < '0' || c > '9') break;
    if (value <= max) value = value * 10 + (uint64_t)(c - '0');
  }
  if (digits == 0 || (quoted && !med_wide_property_sign(text, '\''))) return MEDLEY_ERROR;
  if (value < 1 || value > max) return MEDLEY_RANGE;
  *number = (uint32_t)value;
  return MEDLEY_OK;
}

/* The families that were read so far. */
typedef struct reading {
  med_wide_family *families;
  size_t count;
  med_arena *arena;
  medley_error *error;
} reading;

typedef struct map_kind {
  const char *property;
  bool may_be_empty;
  int (*take)(reading *to, med_slice name, med_slice *text); /* what stands behind a name */
} map_kind;

static int refuse(const reading *to, const char *property) {
  return med_error_set(to->error, MEDLEY_ERROR, "%s must be a map of families and numbers, such as {'info': '3'}",
                       property);
}

static int take_map(const map_kind *kind, med_slice text, reading *to) {
  med_slice name;
  if (!med_wide_property_sign(&text, '{')) return refuse(to, kind->property);
  bool ends = kind->may_be_empty && med_wide_property_sign(&text, '}'), more = !ends;
  while (more) {
    int rc = med_wide_property_string(&text, to->arena, &name);
    if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(to->error);
    if (rc != MEDLEY_OK || !med_wide_property_sign(&text, ':')) return refuse(to, kind->property);
    rc = kind->take(to, name, &text);
    if (rc != MEDLEY_OK) return rc;
    more = med_wide_property_sign(&text, ',');
  }
  ends = ends || med_wide_property_sign(&text, '}');
  med_wide_property_blanks(&text);
  return ends && text.len == 0 ? MEDLEY_OK : refuse(to, kind->property);
}

/* ---- What the properties say ---- */
static med_wide_family *find(med_wide_family *families, size_t count, med_slice name) {
  for (size_t i = 0; i < count; i++) {
    if (med_slice_equal(families[i].name, name)) return &families[i];
  }
  return NULL;
}

static int take_versions(reading *to, med_slice name, med_slice *text) {
  int length = (int)(name.len < MED_WIDE_NAME_MAX ? name.len : MED_WIDE_NAME_MAX);
  const char *bytes = name.bytes;
  if (name.len == 0 || name.len > MED_WIDE_NAME_MAX || memchr(bytes, '\0', name.len) != NULL)
    return med_error_set(to->error, MEDLEY_ERROR, "a family's name has 1 to %d bytes: '%.*s'", MED_WIDE_NAME_MAX,
                         length, bytes);
  if (find(to->families, to->count, name) != NULL)
    return med_error_set(to->error, MEDLEY_ERROR, "max_versions names the family '%.*s' twice", length, bytes);
  if (to->count == MED_WIDE_FAMILIES_MAX)
    return med_error_set(to->error, MEDLEY_TOO_BIG, "a table of more than %d families", MED_WIDE_FAMILIES_MAX);
  med_wide_family *family = &to->families[to->count++];
  *family = (med_wide_family){.name = name};
  int rc = take_count(text, true, MED_WIDE_VERSIONS_MAX, &family->max_versions);
  if (rc == MEDLEY_RANGE)
    return med_error_set(to->error, rc, "max_versions of '%.*s' must be between 1 and %d, or 'all'", length, bytes,
                         MED_WIDE_VERSIONS_MAX);
  return rc == MEDLEY_OK ? rc : refuse(to, MED_WIDE_FAMILIES_PROPERTY);
}

static int take_ttl(reading *to, med_slice name, med_slice *text) {
  med_wide_family *family = find(to->families, to->count, name);
  int length = (int)(name.len < MED_WIDE_NAME_MAX ? name.len : MED_WIDE_NAME_MAX);
  const char *bytes = name.bytes;
  if (family == NULL)
    return med_error_set(to->error, MEDLEY_ERROR, "family_time_to_live names '%.*s', which max_versions does not",
                         length, bytes);
  int rc = take_count(text, false, MED_WIDE_TTL_MAX, &family->ttl_s);
  if (rc == MEDLEY_RANGE)
    return med_error_set(to->error, rc, "family_time_to_live of '%.*s' must be between 1 and %d", length, bytes,
                         MED_WIDE_TTL_MAX);
  return rc == MEDLEY_OK ? rc : refuse(to, MED_WIDE_FAMILY_TTL_PROPERTY);
}

int med_wide_family_read(med_wide_table *table, med_arena *arena, medley_error *error) {
  med_slice versions = med_wide_property_find(table, MED_WIDE_FAMILIES_PROPERTY);
  med_slice ttls = med_wide_property_find(table, MED_WIDE_FAMILY_TTL_PROPERTY);
  static const map_kind versions_kind = {MED_WIDE_FAMILIES_PROPERTY, false, take_versions};
  static const map_kind ttls_kind = {MED_WIDE_FAMILY_TTL_PROPERTY, true, take_ttl};
  reading to = {.arena = arena, .error = error};
  table->families = NULL;
  table->family_count = 0;
  if (versions.bytes == NULL && ttls.bytes == NULL) return MEDLEY_OK;
  if (versions.bytes == NULL)
    return med_error_set(error, MEDLEY_ERROR, "family_time_to_live is of the families that max_versions names");
  if (!med_wide_family_shape(table))
    return med_error_set(error, MEDLEY_ERROR,
                         "max_versions is of tables of cells: (region int, key blob, family text, qualifier blob, "
                         "version timestamp, value blob), all but value their key, version descending");
  to.families = med_arena_alloc(arena, MED_WIDE_FAMILIES_MAX * sizeof *to.families);
  if (to.families == NULL) return med_error_no_memory(error);
  int rc = take_map(&versions_kind, versions, &to);
  if (rc == MEDLEY_OK && ttls.bytes != NULL) rc = take_map(&ttls_kind, ttls, &to);
  if (rc != MEDLEY_OK) return rc;
  table->families = to.families;
  table->family_count = to.count;
  return MEDLEY_OK;
}

const med_wide_family *med_wide_family_find(const med_wide_table *table, med_slice name) {
  for (size_t i = 0; i < table->family_count; i++) {
    if (med_slice_equal(table->families[i].name, name)) return &table->families[i];
  }
  return NULL;
}
