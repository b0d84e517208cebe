/* leave.c - in a build that counts coverage, a test's child that ends by _exit keeps what it has counted.
 *
 * Counters are written by what runs at exit, and _exit runs nothing: a child that fails calls one by one and leaves would have tested
 * nothing. The linker puts this in the place of every _exit of a test (--wrap). What is killed still loses its counters. */
#include <unistd.h>

extern void __gcov_dump(void);
extern void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status) {
  __gcov_dump();
  __real__exit(status);
}
