/* test_refusals.c - the lists of engine/sql/README.md are what the library does. */
#include "models/relational/refusals.h"

#include <string.h>
#include <strings.h>

#include "tests/unit/property.h"

#ifndef SQL_README
#define SQL_README "engine/sql/README.md"
#endif

static char *read_readme(void) {
  FILE *file = fopen(SQL_README, "r");
  ck_assert_msg(file != NULL, "cannot read %s", SQL_README);
  static char text[1 << 16];
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  return text;
}

/* Calls check for each name in backquotes from `begin` up to the next empty line; answers how many there were. */
static int each_name(const char *text, const char *begin, void (*check)(const char *name)) {
  const char *at = strstr(text, begin);
  ck_assert_msg(at != NULL, "the README has no \"%s\"", begin);
  const char *end = strstr(at, "\n\n");
  int count = 0;
  while ((at = strchr(at, '`')) != NULL && at < end) {
    char name[64] = {0};
    size_t len = strcspn(++at, "`");
    ck_assert_uint_lt(len, sizeof name);
    memcpy(name, at, len);
    check(name);
    at += len + 1;
    count++;
  }
  return count;
}

static void check_free(const char *name) {
  ck_assert_msg(med_refusals_pragma(name, NULL) == NULL && med_refusals_pragma(name, "1") == NULL, "%s", name);
}
static void check_readable(const char *name) {
  ck_assert_msg(med_refusals_pragma(name, NULL) == NULL, "%s", name);
  ck_assert_msg(med_refusals_pragma(name, "1") != NULL, "%s", name);
}

START_TEST(the_lists_of_pragmas_in_the_readme_are_true_and_whole) {
  const char *text = read_readme();
  int listed = each_name(text, "PRAGMAs that are allowed", check_free);
  listed += each_name(text, "PRAGMAs that can be read", check_readable);
  ck_assert_int_eq(listed, (int)med_refusals_pragma_count());
}
END_TEST

START_TEST(what_is_not_listed_is_refused) {
  ck_assert_ptr_nonnull(med_refusals_pragma("writable_schema", NULL));
  ck_assert_ptr_nonnull(med_refusals_pragma("temp_store_directory", "x"));
  ck_assert_ptr_nonnull(med_refusals_pragma("JOURNAL_MODE", "wal"));
  ck_assert_ptr_nonnull(med_refusals_function("LOAD_EXTENSION"));
  ck_assert_ptr_null(med_refusals_function("lower"));
}
END_TEST

PROPERTY_MAIN("refusals", the_lists_of_pragmas_in_the_readme_are_true_and_whole, what_is_not_listed_is_refused)
