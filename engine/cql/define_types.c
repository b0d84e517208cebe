/* define_types.c - CREATE TYPE and ALTER TYPE. */
#include "engine/cql/define.h"

bool med_cql_type_has_counter(const med_wide_type *type) {
  bool found = type->kind == MED_WIDE_COUNTER;
  for (unsigned i = 0; i < type->part_count && !found; i++) found = med_cql_type_has_counter(&type->parts[i]);
  return found;
}

/* The first user type within a type that is of another keyspace; NULL: there is none. */
static const med_wide_type *find_foreign(const med_wide_type *type, med_slice keyspace) {
  if (type->kind == MED_WIDE_UDT && !med_slice_equal(type->keyspace, keyspace)) return type;
  for (unsigned i = 0; i < type->part_count; i++) {
    const med_wide_type *found = find_foreign(&type->parts[i], keyspace);
    if (found != NULL) return found;
  }
  return NULL;
}

/* A keyspace is dropped with its types, and described by itself: nothing outside of it may need them. */
int med_cql_read_own_type(med_cql_run *run, const med_cql_column_definition *definition, med_slice keyspace,
                          med_wide_type *type) {
  int rc = med_cql_read_type(run, definition->type, definition->type_at, keyspace, type);
  const med_wide_type *foreign = rc == MEDLEY_OK ? find_foreign(type, keyspace) : NULL;
  if (foreign == NULL) return rc;
  return med_cql_fail(run, definition->type_at, MEDLEY_ERROR,
                      "Statement on keyspace %.*s cannot refer to a user type in keyspace %.*s; user types can only be "
                      "used in the keyspace they are defined in",
                      MED_CQL_TEXT(keyspace), MED_CQL_TEXT(foreign->keyspace));
}

int med_cql_check_nesting(med_cql_run *run, uint32_t at, const med_wide_type *type) {
  for (unsigned i = 0; i < type->part_count; i++) {
    if (type->frozen || !med_wide_type_is_complex(&type->parts[i])) continue;
    return med_cql_fail(run, at, MEDLEY_TYPE, "Non-frozen %s are not allowed inside %s: %s",
                        type->parts[i].kind == MED_WIDE_UDT ? "UDTs" : "collections",
                        type->kind == MED_WIDE_UDT ? "UDTs" : "collections", med_cql_type_text(run, type));
  }
  return MEDLEY_OK;
}

static int refuse_change(med_cql_run *run, const med_cql_name *name, int status) {
  char reason[MEDLEY_ERROR_MESSAGE_SIZE];
  if (status == MEDLEY_NO_MEMORY) return med_cql_no_memory(run);
  memcpy(reason, run->error->message, sizeof reason);
  return med_cql_fail(run, name->at, status, "type %.*s cannot be so where it is used: %.180s",
                      MED_CQL_TEXT(name->name),
                      reason[0] != '\0'          ? reason
                      : status == MEDLEY_TOO_BIG ? "nested too deep, or of too many parts"
                                                 : medley_status_text(status));
}

static int check_columns(med_cql_run *run, const med_cql_name *name, const med_wide_user_type *type,
                         const med_wide_catalog *catalog) {
  size_t count;
  int rc = MEDLEY_OK;
  const med_wide_table *tables = med_wide_catalog_tables(catalog, &count);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; rc == MEDLEY_OK && j < tables[i].column_count; j++) {
      const med_wide_type *of = &tables[i].columns[j].type;
      if (med_cql_type_uses(of, type)) rc = med_cql_check_nesting(run, name->at, of);
    }
  }
  return rc;
}

/* Puts the type, and sees to it that every type and table that uses it can still be read, and made again: a field may be of a kind that is not
 * allowed where the type stands, or nest too deep there. */
static int put_type(med_cql_run *run, const med_cql_name *name, const med_wide_user_type *type) {
  med_wide_catalog *changed = NULL;
  size_t count;
  int rc;
  MED_TRY(med_wide_catalog_put_user_type(run->txn, type));
  med_error_clear(run->error);
  rc = med_wide_catalog_open(run->txn, &changed);
  if (rc != MEDLEY_OK) return refuse_change(run, name, rc);
  const med_wide_user_type *types = med_wide_catalog_user_types(changed, &count);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    med_wide_type whole;
    med_wide_type_scope scope = {changed, types[i].keyspace, run->arena, 0};
    rc = med_wide_catalog_find_type(&scope, types[i].keyspace, types[i].name, &whole);
  }
  if (rc == MEDLEY_OK) rc = check_columns(run, name, type, changed);
  med_wide_catalog_release(changed);
  if (rc != MEDLEY_OK) rc = refuse_change(run, name, rc);
done:
  return rc;
}

/* A field's type, and its spelling with the keyspace of user types written out. */
static int read_field(med_cql_run *run, const med_cql_column_definition *field, med_slice keyspace, med_wide_type *type,
                      med_slice *spelling) {
  int rc = med_cql_read_own_type(run, field, keyspace, type);
  if (rc != MEDLEY_OK) return rc;
  if (med_cql_type_has_counter(type))
    return med_cql_fail(run, field->type_at, MEDLEY_TYPE, "A user type cannot contain counters");
  if (type->kind == MED_WIDE_UDT && !type->frozen)
    return med_cql_fail(run, field->type_at, MEDLEY_TYPE, "A user type cannot contain non-frozen UDTs");
  *spelling = med_slice_of_text(med_cql_type_text(run, type));
  return MEDLEY_OK;
}

static int create_type(med_cql_run *run, const med_cql_type_definition *definition) {
  med_wide_user_type type = {.name = definition->name.name, .count = definition->count};
  int rc = med_cql_keyspace_of(run, &definition->name, &type.keyspace);
  if (rc == MEDLEY_OK) rc = med_cql_check_name(run, "type", MED_WIDE_NAME_MAX, type.name, definition->name.at);
  if (rc != MEDLEY_OK) return rc;
  if (med_wide_catalog_user_type(run->catalog, type.keyspace, type.name) != NULL) {
    if (definition->if_not_exists) return MEDLEY_OK;
    return med_cql_fail(run, definition->name.at, MEDLEY_EXISTS, "A user type with name '%.*s' already exists",
                        MED_CQL_TEXT(type.name));
  }
  if (definition->count > MED_WIDE_TYPE_PARTS_MAX)
    return med_cql_fail(run, definition->name.at, MEDLEY_TOO_BIG, "a type of more than %d fields",
                        MED_WIDE_TYPE_PARTS_MAX);
  med_slice *names = med_cql_alloc(run, (2 * definition->count + 1) * sizeof *names);
  if (names == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < definition->count; i++) {
    med_wide_type field;
    names[i] = definition->fields[i].name.name;
    for (size_t j = 0; j < i; j++) {
      if (med_slice_equal(names[i], names[j]))
        return med_cql_fail(run, definition->fields[i].name.at, MEDLEY_ERROR,
                            "Duplicate field name '%.*s' in type '%.*s'", MED_CQL_TEXT(names[i]),
                            MED_CQL_TEXT(type.name));
    }
    rc = read_field(run, &definition->fields[i], type.keyspace, &field, &names[definition->count + i]);
    if (rc != MEDLEY_OK) return rc;
  }
  type.fields = names;
  type.types = names + definition->count;
  return put_type(run, &definition->name, &type);
}

/* A type whose values stand in keys cannot grow: every key that has one would have to be written anew. */
static int check_keys(med_cql_run *run, const med_wide_user_type *type, uint32_t at) {
  size_t count;
  const med_wide_table *tables = med_wide_catalog_tables(run->catalog, &count);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < tables[i].column_count; j++) {
      const med_wide_column *column = &tables[i].columns[j];
      bool indexed = column->role <= MED_WIDE_CLUSTERING;
      for (size_t k = 0; k < tables[i].index_count; k++)
        indexed = indexed || tables[i].indexes[k].column_id == column->id;
      if (indexed && med_cql_type_uses(&column->type, type))
        return med_cql_fail(
            run, at, MEDLEY_ERROR,
            "Cannot add new field to type %.*s.%.*s as it is used in a primary key or index of table %.*s",
            MED_CQL_TEXT(type->keyspace), MED_CQL_TEXT(type->name), MED_CQL_TEXT(tables[i].name));
    }
  }
  return MEDLEY_OK;
}

static int add_fields(med_cql_run *run, const med_cql_alter *alter, med_wide_user_type *type) {
  size_t count = type->count;
  med_slice *names = med_cql_alloc(run, 2 * (count + alter->count + 1) * sizeof *names);
  if (names == NULL) return MEDLEY_NO_MEMORY;
  med_slice *types = names + count + alter->count + 1;
  memcpy(names, type->fields, count * sizeof *names);
  memcpy(types, type->types, count * sizeof *types);
  int rc = check_keys(run, type, alter->name.at);
  for (size_t i = 0; rc == MEDLEY_OK && i < alter->count; i++) {
    const med_cql_column_definition *field = &alter->columns[i];
    med_wide_type of;
    bool there = false;
    for (size_t j = 0; j < count; j++) there = there || med_slice_equal(names[j], field->name.name);
    if (there && alter->column_tolerant) continue;
    if (there || count >= MED_WIDE_TYPE_PARTS_MAX)
      return med_cql_fail(run, field->name.at, there ? MEDLEY_EXISTS : MEDLEY_TOO_BIG,
                          there ? "Cannot add field %.*s to type %.*s.%.*s: a field with name already exists"
                                : "no room for field %.*s in type %.*s.%.*s",
                          MED_CQL_TEXT(field->name.name), MED_CQL_TEXT(type->keyspace), MED_CQL_TEXT(type->name));
    names[count] = field->name.name;
    rc = read_field(run, field, type->keyspace, &of, &types[count]);
    if (rc == MEDLEY_OK && med_cql_type_uses(&of, type))
      rc = med_cql_fail(
          run, field->type_at, MEDLEY_TYPE,
          "Cannot add new field %.*s of type %s to user type %.*s.%.*s as it would create a circular reference",
          MED_CQL_TEXT(field->name.name), med_cql_type_text(run, &of), MED_CQL_TEXT(type->keyspace),
          MED_CQL_TEXT(type->name));
    count++;
  }
  type->fields = names;
  type->types = types;
  type->count = count;
  return rc;
}

static int rename_fields(med_cql_run *run, const med_cql_alter *alter, med_wide_user_type *type) {
  med_slice *names = med_cql_alloc(run, (type->count + 1) * sizeof *names);
  if (names == NULL) return MEDLEY_NO_MEMORY;
  memcpy(names, type->fields, type->count * sizeof *names);
  for (size_t i = 0; i < alter->count; i++) {
    size_t from = type->count;
    bool taken = false;
    for (size_t j = 0; j < type->count; j++) {
      if (med_slice_equal(names[j], alter->from[i].name)) from = j;
      taken = taken || med_slice_equal(names[j], alter->to[i].name);
    }
    if (from == type->count && alter->column_tolerant) continue;
    if (from == type->count)
      return med_cql_fail(run, alter->from[i].at, MEDLEY_NOT_FOUND, "Unkown field %.*s in user type %.*s.%.*s",
                          MED_CQL_TEXT(alter->from[i].name), MED_CQL_TEXT(type->keyspace), MED_CQL_TEXT(type->name));
    if (taken)
      return med_cql_fail(run, alter->to[i].at, MEDLEY_EXISTS, "Duplicate field name %.*s in type %.*s.%.*s",
                          MED_CQL_TEXT(alter->to[i].name), MED_CQL_TEXT(type->keyspace), MED_CQL_TEXT(type->name));
    names[from] = alter->to[i].name;
  }
  type->fields = names;
  return MEDLEY_OK;
}

static int alter_type(med_cql_run *run, const med_cql_alter *alter) {
  med_slice keyspace;
  int rc = med_cql_keyspace_of(run, &alter->name, &keyspace);
  if (rc == MEDLEY_NOT_FOUND && alter->if_exists) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  const med_wide_user_type *old = med_wide_catalog_user_type(run->catalog, keyspace, alter->name.name);
  if (old == NULL && alter->if_exists) return MEDLEY_OK;
  if (old == NULL)
    return med_cql_fail(run, alter->name.at, MEDLEY_NOT_FOUND, "Type '%.*s.%.*s' doesn't exist", MED_CQL_TEXT(keyspace),
                        MED_CQL_TEXT(alter->name.name));
  med_wide_user_type type = *old;
  if (alter->kind == MED_CQL_ALTER_ADD)
    rc = add_fields(run, alter, &type);
  else if (alter->kind == MED_CQL_ALTER_RENAME)
    rc = rename_fields(run, alter, &type);
  else
    return med_cql_fail(run, alter->name.at, MEDLEY_ERROR, "Altering field types is no longer supported");
  return rc == MEDLEY_OK ? put_type(run, &alter->name, &type) : rc;
}

int med_cql_define_type(med_cql_run *run, const med_cql_statement *statement) {
  if (statement->kind == MED_CQL_CREATE_TYPE) return create_type(run, &statement->as.create_type);
  return alter_type(run, &statement->as.alter);
}
