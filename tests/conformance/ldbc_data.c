/* ldbc_data.c - one INSERT for each kind of file and of update; the fields of a line are its parameters ?1, ?2, ... */
#include "tests/conformance/ldbc_data.h"

#include <glob.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/conformance/text_file.h"

#define FIELD_COUNT_MAX 20
#define PATH_SIZE_MAX 4096
/* Rows between commits. A commit that a foreign key still forbids is tried again after as many more. */
#define ROWS_PER_COMMIT 20000

/* Types of fields: i integer, t text, d date and time, b birthday. An empty field is null. */
typedef struct csv_kind {
  const char *name;
  const char *types;
  const char *sql;
} csv_kind;

static const csv_kind csv_kinds[] = {
    {"static/place", "ittti", "INSERT INTO place(id, name, url, kind, part_of_id) VALUES (?1, ?2, ?3, ?4, ?5)"},
    {"static/tagclass", "itti", "INSERT INTO tag_class(id, name, url, parent_id) VALUES (?1, ?2, ?3, ?4)"},
    {"static/tag", "itti", "INSERT INTO tag(id, name, url, class_id) VALUES (?1, ?2, ?3, ?4)"},
    {"static/organisation", "ittti",
     "INSERT INTO organisation(id, kind, name, url, place_id) VALUES (?1, ?2, ?3, ?4, ?5)"},
    {"dynamic/person", "itttbdtti",
     "INSERT INTO person(id, first_name, last_name, gender, birthday, creation_date, location_ip, browser, city_id) "
     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
    {"dynamic/person_email_emailaddress", "it", "INSERT INTO person_email(person_id, email) VALUES (?1, ?2)"},
    {"dynamic/person_speaks_language", "it", "INSERT INTO person_language(person_id, language) VALUES (?1, ?2)"},
    {"dynamic/person_hasInterest_tag", "ii", "INSERT INTO person_interest(person_id, tag_id) VALUES (?1, ?2)"},
    {"dynamic/person_studyAt_organisation", "iii",
     "INSERT INTO study(person_id, organisation_id, class_year) VALUES (?1, ?2, ?3)"},
    {"dynamic/person_workAt_organisation", "iii",
     "INSERT INTO work(person_id, organisation_id, work_from) VALUES (?1, ?2, ?3)"},
    {"dynamic/person_knows_person", "iid",
     "INSERT INTO knows(person1_id, person2_id, creation_date) VALUES (?1, ?2, ?3), (?2, ?1, ?3)"},
    {"dynamic/forum", "itdi", "INSERT INTO forum(id, title, creation_date, moderator_id) VALUES (?1, ?2, ?3, ?4)"},
    {"dynamic/forum_hasMember_person", "iid",
     "INSERT INTO forum_member(forum_id, person_id, join_date) VALUES (?1, ?2, ?3)"},
    {"dynamic/forum_hasTag_tag", "ii", "INSERT INTO forum_tag(forum_id, tag_id) VALUES (?1, ?2)"},
    {"dynamic/post", "itdttttiiii",
     "INSERT INTO message(id, is_post, image_file, creation_date, location_ip, browser, language, content, length, "
     "creator_id, forum_id, country_id) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
    {"dynamic/comment", "idtttiiiii",
     "INSERT INTO message(id, is_post, creation_date, location_ip, browser, content, length, creator_id, country_id, "
     "reply_to_id) VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, coalesce(?9, ?10))"},
    {"dynamic/post_hasTag_tag", "ii", "INSERT INTO message_tag(message_id, tag_id) VALUES (?1, ?2)"},
    {"dynamic/comment_hasTag_tag", "ii", "INSERT INTO message_tag(message_id, tag_id) VALUES (?1, ?2)"},
    {"dynamic/person_likes_post", "iid", "INSERT INTO likes(person_id, message_id, creation_date) VALUES (?1, ?2, ?3)"},
    {"dynamic/person_likes_comment", "iid",
     "INSERT INTO likes(person_id, message_id, creation_date) VALUES (?1, ?2, ?3)"},
};

/* A list in a field of an update: each of its items is inserted with the operation's first field as ?1. An item is one
 * value, or with the types of two, a pair `a,b`. */
typedef struct update_list {
  size_t field_index; /* 0: there is no list */
  const char *types;
  const char *sql;
} update_list;

#define UPDATE_LIST_COUNT_MAX 5
typedef struct update_kind {
  const char *types; /* of the fields after time, dependency time and type; a list is - */
  const char *sql;
  update_list lists[UPDATE_LIST_COUNT_MAX];
} update_kind;

#define UPDATE_KIND_COUNT 8
static const update_kind update_kinds[UPDATE_KIND_COUNT] = {
    {"itttiitti-----",
     "INSERT INTO person(id, first_name, last_name, gender, birthday, creation_date, location_ip, browser, city_id) "
     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
     {{9, "t", "INSERT INTO person_language(person_id, language) VALUES (?1, ?2)"},
      {10, "t", "INSERT INTO person_email(person_id, email) VALUES (?1, ?2)"},
      {11, "i", "INSERT INTO person_interest(person_id, tag_id) VALUES (?1, ?2)"},
      {12, "ii", "INSERT INTO study(person_id, organisation_id, class_year) VALUES (?1, ?2, ?3)"},
      {13, "ii", "INSERT INTO work(person_id, organisation_id, work_from) VALUES (?1, ?2, ?3)"}}},
    {"iii", "INSERT INTO likes(person_id, message_id, creation_date) VALUES (?1, ?2, ?3)", {{0}}},
    {"iii", "INSERT INTO likes(person_id, message_id, creation_date) VALUES (?1, ?2, ?3)", {{0}}},
    {"itii-",
     "INSERT INTO forum(id, title, creation_date, moderator_id) VALUES (?1, ?2, ?3, ?4)",
     {{4, "i", "INSERT INTO forum_tag(forum_id, tag_id) VALUES (?1, ?2)"}}},
    {"iii", "INSERT INTO forum_member(forum_id, person_id, join_date) VALUES (?1, ?2, ?3)", {{0}}},
    {"itittttiiii-",
     "INSERT INTO message(id, is_post, image_file, creation_date, location_ip, browser, language, content, length, "
     "creator_id, forum_id, country_id) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
     {{11, "i", "INSERT INTO message_tag(message_id, tag_id) VALUES (?1, ?2)"}}},
    {"iitttiiiii-",
     "INSERT INTO message(id, is_post, creation_date, location_ip, browser, content, length, creator_id, country_id, "
     "reply_to_id) VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, coalesce(nullif(?9, -1), nullif(?10, -1)))",
     {{10, "i", "INSERT INTO message_tag(message_id, tag_id) VALUES (?1, ?2)"}}},
    {"iii", "INSERT INTO knows(person1_id, person2_id, creation_date) VALUES (?1, ?2, ?3), (?2, ?1, ?3)", {{0}}},
};

/* ---- Fields ------------------------------------------------------------------------------------------------ */

static bool complain(const char *path, size_t line, const char *what) {
  fprintf(stderr, "%s:%zu: %s\n", path, line, what);
  return false;
}

/* Cuts the line in place at the delimiter; FIELD_COUNT_MAX + 1 if there are too many. */
static size_t split(char *line, char delimiter, char *fields[FIELD_COUNT_MAX]) {
  size_t count = 0;
  for (char *rest = line; rest != NULL;) {
    if (count == FIELD_COUNT_MAX) return FIELD_COUNT_MAX + 1;
    fields[count++] = rest;
    rest = strchr(rest, delimiter);
    if (rest != NULL) *rest++ = '\0';
  }
  return count;
}

static bool parse_integer(const char *text, int64_t *integer) {
  char *end;
  *integer = strtoll(text, &end, 10);
  return end != text && *end == '\0';
}

/* 1987-09-18, or with the time 2010-06-27T23:36:57.962+0000; to milliseconds since 1970. */
static bool parse_date(const char *text, bool with_time, int64_t *date_ms) {
  struct tm parts = {0};
  int used = 0, millisecond = 0;
  sscanf(text, "%4d-%2d-%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &used);
  if (used != 10) return false;
  const char *rest = text + used;
  used = 0;
  if (with_time) {
    sscanf(rest, "T%2d:%2d:%2d.%3d+0000%n", &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &millisecond, &used);
    if (used != 18) return false;
  }
  if (rest[used] != '\0') return false;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  *date_ms = (int64_t)timegm(&parts) * 1000 + millisecond;
  return true;
}

static bool bind_field(medley_statement *statement, int index, char type, const char *field) {
  int64_t integer;
  if (field[0] == '\0') return medley_bind_null(statement, index) == MEDLEY_OK;
  switch (type) {
    case 't': return medley_bind_text(statement, index, field, strlen(field)) == MEDLEY_OK;
    case 'i': return parse_integer(field, &integer) && medley_bind_integer(statement, index, integer) == MEDLEY_OK;
    default:
      return parse_date(field, type == 'd', &integer) && medley_bind_integer(statement, index, integer) == MEDLEY_OK;
  }
}

static bool run_once(medley_statement *statement) {
  int rc = medley_step(statement);
  medley_reset(statement);
  return rc == MEDLEY_DONE;
}

static medley_statement *prepare(medley_session *session, const char *sql) {
  medley_statement *statement = NULL;
  if (medley_prepare(session, MEDLEY_LANGUAGE_SQL, sql, MEDLEY_NUL_ENDED, &statement, NULL) == MEDLEY_OK)
    return statement;
  fprintf(stderr, "%s: %s\n", sql, medley_session_error(session)->message);
  return NULL;
}

/* ---- Loading ----------------------------------------------------------------------------------------------- */

static bool insert_line(medley_session *session, medley_statement *statement, const char *types, char *line,
                        const char *path, size_t line_number) {
  char *fields[FIELD_COUNT_MAX];
  size_t count = split(line, '|', fields);
  if (count != strlen(types)) return complain(path, line_number, "another number of fields than the layout has");
  for (size_t i = 0; i < count; i++) {
    if (!bind_field(statement, (int)i + 1, types[i], fields[i]))
      return complain(path, line_number, "a field is malformed");
  }
  return run_once(statement) || complain(path, line_number, medley_session_error(session)->message);
}

static bool load_file(medley_session *session, medley_statement *statement, const char *types, const char *path,
                      size_t *row_count) {
  test_text_file file;
  if (!test_text_file_read(&file, path)) return false;
  bool ok = medley_begin(session, MEDLEY_WRITE) == MEDLEY_OK;
  for (size_t i = 1; ok && i < file.line_count; i++) { /* the first line is the header */
    ok = insert_line(session, statement, types, file.lines[i], path, i + 1);
    *row_count += ok;
    if (!ok || i % ROWS_PER_COMMIT != 0) continue;
    int rc = medley_commit(session);
    ok = rc == MEDLEY_CONSTRAINT || (rc == MEDLEY_OK && medley_begin(session, MEDLEY_WRITE) == MEDLEY_OK);
  }
  ok = ok && medley_commit(session) == MEDLEY_OK;
  if (!ok) {
    complain(path, file.line_count, medley_session_error(session)->message);
    medley_rollback(session);
  }
  test_text_file_clear(&file);
  return ok;
}

static bool load_kind(medley_session *session, const csv_kind *kind, const char *folder, size_t *row_count) {
  char pattern[PATH_SIZE_MAX];
  glob_t parts;
  snprintf(pattern, sizeof pattern, "%s/%s_[0-9]*_[0-9]*.csv", folder, kind->name);
  if (glob(pattern, 0, NULL, &parts) != 0) {
    fprintf(stderr, "%s: no such file\n", pattern);
    return false;
  }
  medley_statement *statement = prepare(session, kind->sql);
  bool ok = statement != NULL;
  for (size_t i = 0; ok && i < parts.gl_pathc; i++) {
    ok = load_file(session, statement, kind->types, parts.gl_pathv[i], row_count);
  }
  medley_statement_close(statement);
  globfree(&parts);
  return ok;
}

bool test_ldbc_data_load(medley_session *session, const char *folder, size_t *row_count) {
  *row_count = 0;
  for (size_t i = 0; i < sizeof csv_kinds / sizeof csv_kinds[0]; i++) {
    if (!load_kind(session, &csv_kinds[i], folder, row_count)) return false;
  }
  return true;
}

/* ---- Updates ----------------------------------------------------------------------------------------------- */

typedef struct update {
  int64_t time_ms;
  size_t order; /* of the line over all files: equal times keep it */
  char *line;
  const char *path;
  size_t line_number;
} update;

typedef struct update_statements {
  medley_statement *main;
  medley_statement *lists[UPDATE_LIST_COUNT_MAX];
} update_statements;

static int compare_updates(const void *left, const void *right) {
  const update *a = left, *b = right;
  if (a->time_ms != b->time_ms) return a->time_ms < b->time_ms ? -1 : 1;
  return a->order < b->order ? -1 : a->order > b->order;
}

static bool insert_item(medley_statement *statement, const char *types, const char *owner_id, char *item) {
  char *fields[FIELD_COUNT_MAX];
  if (split(item, ',', fields) != strlen(types)) return false;
  if (!bind_field(statement, 1, 'i', owner_id)) return false;
  for (size_t i = 0; types[i] != '\0'; i++) {
    if (!bind_field(statement, (int)i + 2, types[i], fields[i])) return false;
  }
  return run_once(statement);
}

static bool insert_list(medley_statement *statement, const update_list *list, const char *owner_id, char *field) {
  char *rest = field[0] != '\0' ? field : NULL;
  while (rest != NULL) {
    char *item = rest;
    rest = strchr(rest, ';');
    if (rest != NULL) *rest++ = '\0';
    if (!insert_item(statement, list->types, owner_id, item)) return false;
  }
  return true;
}

static bool insert_update(const update_kind *kind, const update_statements *statements, char **fields) {
  for (size_t i = 0; kind->types[i] != '\0'; i++) {
    if (kind->types[i] == '-') continue;
    if (!bind_field(statements->main, (int)i + 1, kind->types[i], fields[i])) return false;
  }
  if (!run_once(statements->main)) return false;
  for (size_t i = 0; i < UPDATE_LIST_COUNT_MAX && kind->lists[i].field_index != 0; i++) {
    const update_list *list = &kind->lists[i];
    if (!insert_list(statements->lists[i], list, fields[0], fields[list->field_index])) return false;
  }
  return true;
}

static bool apply_update(medley_session *session, const update_statements *statements, const update *one) {
  char *fields[FIELD_COUNT_MAX];
  size_t count = split(one->line, '|', fields);
  int64_t number;
  if (count < 4 || !parse_integer(fields[2], &number) || number < 1 || number > UPDATE_KIND_COUNT) {
    return complain(one->path, one->line_number, "no update of a known type");
  }
  const update_kind *kind = &update_kinds[number - 1];
  if (count - 3 != strlen(kind->types)) return complain(one->path, one->line_number, "another number of fields");
  bool begun = medley_begin(session, MEDLEY_WRITE) == MEDLEY_OK;
  if (begun && insert_update(kind, &statements[number - 1], fields + 3) && medley_commit(session) == MEDLEY_OK)
    return true;
  complain(one->path, one->line_number, medley_session_error(session)->message);
  if (begun) medley_rollback(session);
  return false;
}

static bool prepare_updates(medley_session *session, update_statements *statements) {
  for (size_t i = 0; i < UPDATE_KIND_COUNT; i++) {
    statements[i].main = prepare(session, update_kinds[i].sql);
    if (statements[i].main == NULL) return false;
    for (size_t j = 0; j < UPDATE_LIST_COUNT_MAX && update_kinds[i].lists[j].field_index != 0; j++) {
      statements[i].lists[j] = prepare(session, update_kinds[i].lists[j].sql);
      if (statements[i].lists[j] == NULL) return false;
    }
  }
  return true;
}

static void close_updates(update_statements *statements) {
  for (size_t i = 0; i < UPDATE_KIND_COUNT; i++) {
    medley_statement_close(statements[i].main);
    for (size_t j = 0; j < UPDATE_LIST_COUNT_MAX; j++) medley_statement_close(statements[i].lists[j]);
  }
}

/* Adds the operations of one file; the lines stay in the file. */
static bool collect_updates(const test_text_file *file, const char *path, update **updates, size_t *count) {
  update *larger = realloc(*updates, (*count + file->line_count + 1) * sizeof *larger);
  if (larger == NULL) return false;
  *updates = larger;
  for (size_t i = 0; i < file->line_count; i++) {
    if (file->lines[i][0] == '\0') continue;
    update *one = &larger[*count];
    *one = (update){.order = *count, .line = file->lines[i], .path = path, .line_number = i + 1};
    one->time_ms = strtoll(file->lines[i], NULL, 10);
    (*count)++;
  }
  return true;
}

static bool apply_updates(medley_session *session, update *updates, size_t count, size_t *update_count) {
  update_statements statements[UPDATE_KIND_COUNT] = {{0}};
  qsort(updates, count, sizeof *updates, compare_updates);
  bool ok = prepare_updates(session, statements);
  for (size_t i = 0; ok && i < count; i++) {
    ok = apply_update(session, statements, &updates[i]);
    *update_count += ok;
  }
  close_updates(statements);
  return ok;
}

bool test_ldbc_data_update(medley_session *session, const char *folder, size_t *update_count) {
  char pattern[PATH_SIZE_MAX];
  glob_t paths;
  *update_count = 0;
  snprintf(pattern, sizeof pattern, "%s/update_streams/*.csv", folder);
  if (glob(pattern, 0, NULL, &paths) != 0) {
    fprintf(stderr, "%s: no such file\n", pattern);
    return false;
  }
  test_text_file *files = calloc(paths.gl_pathc, sizeof *files);
  update *updates = NULL;
  size_t count = 0;
  bool ok = files != NULL;
  for (size_t i = 0; ok && i < paths.gl_pathc; i++) {
    ok = test_text_file_read(&files[i], paths.gl_pathv[i]) &&
         collect_updates(&files[i], paths.gl_pathv[i], &updates, &count);
  }
  if (ok) ok = apply_updates(session, updates, count, update_count);
  for (size_t i = 0; files != NULL && i < paths.gl_pathc; i++) test_text_file_clear(&files[i]);
  free(files);
  free(updates);
  globfree(&paths);
  return ok;
}
