/* leak_canary.c - a test that leaks: built where leaks are looked for, run by leak_canary_is_found, which demands that it fails.
 *
 * What it forgets comes from the library's one allocator. Without this canary a sanitizer build in which leaks are not looked for (an
 * option, a kernel that does not allow it) would be green. A whole database that is left open is found by nobody: the registry of open
 * databases still knows it. */
#include <check.h>
#include <stdio.h>

#include "storage/memory.h"
#include "tests/unit/property.h"

START_TEST(what_is_forgotten_fails_its_test) {
  char *volatile forgotten = med_strndup("forgotten", 9);
  ck_assert_ptr_nonnull(forgotten);
  forgotten = NULL;
}
END_TEST

START_TEST(what_is_freed_does_not) {
  char *freed = med_strndup("freed", 5);
  ck_assert_ptr_nonnull(freed);
  med_free(freed);
}
END_TEST

PROPERTY_MAIN("leak canary", what_is_forgotten_fails_its_test, what_is_freed_does_not)
