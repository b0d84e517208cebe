/* run_corpus.c - the main function of a fuzz target in the ordinary tests: every file of the folders given, and seeded changes of
 * each of them.
 *
 * run_corpus FOLDER...; MEDLEY_TEST_SEED repeats the changes, MEDLEY_TEST_LONG=1 makes fifty times as many. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/random.h"
#include "tests/fuzz/target.h"

enum { HANG_S = 120, CHANGES = 40, LONG_FACTOR = 50, SIZE_MAX_CHANGED = 1 << 16, GROWTH = 64 };

static uint8_t *load(const char *path, size_t *size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    if (fd >= 0) close(fd);
    return NULL;
  }
  *size = (size_t)status.st_size;
  uint8_t *bytes = malloc(*size + 1);
  if (bytes == NULL || read(fd, bytes, *size) != (ssize_t)*size) exit(3);
  close(fd);
  return bytes;
}

/* The input at hand, shown when the target dies of it or hangs: xxd -r -p makes a file of it. */
static const uint8_t *present;
static size_t present_size;

static void show(const char *text, size_t len) {
  if (write(STDOUT_FILENO, text, len) != (ssize_t)len) _exit(3);
}

static void on_death(int number) {
  static const char digits[] = "0123456789abcdef", head[] = "the input was\n";
  signal(number, SIG_DFL);
  show(head, sizeof head - 1);
  for (size_t i = 0; i < present_size; i++) {
    char two[2] = {digits[present[i] >> 4], digits[present[i] & 15]};
    show(two, sizeof two);
  }
  show("\n", 1);
  raise(number);
}

/* The target gets memory of exactly that size, so that a sanitizer sees the first byte behind it. */
static void run(const uint8_t *bytes, size_t size) {
  uint8_t *exact = malloc(size > 0 ? size : 1);
  if (exact == NULL) exit(3);
  memcpy(exact, bytes, size);
  present = exact;
  present_size = size;
  alarm(HANG_S);
  (void)LLVMFuzzerTestOneInput(exact, size);
  free(exact);
}

static size_t change(fault_random *random, uint8_t *bytes, size_t size) {
  for (uint32_t left = 1 + fault_random_below(random, 4); left > 0; left--) {
    size_t at = fault_random_below(random, (uint32_t)size + 1);
    size_t len = 1 + fault_random_below(random, 8);
    switch (fault_random_below(random, 4)) {
      case 0:
        if (at < size) bytes[at] = (uint8_t)fault_random_next(random);
        break;
      case 1:
        if (at < size) bytes[at] ^= (uint8_t)(1 << fault_random_below(random, 8));
        break;
      case 2: /* out */
        if (at + len > size) break;
        memmove(bytes + at, bytes + at + len, size - at - len);
        size -= len;
        break;
      default: /* once more */
        if (at + len > size || left > 8) break;
        memmove(bytes + at + len, bytes + at, size - at);
        size += len;
        break;
    }
  }
  return size;
}

static void run_changes(const char *path, const uint8_t *bytes, size_t size, uint64_t seed, unsigned count) {
  if (size > SIZE_MAX_CHANGED) return;
  fault_random random = fault_random_of(seed, size, 0);
  for (const char *at = path; *at != '\0'; at++) random.state = random.state * 31 + (uint8_t)*at;
  uint8_t *changed = malloc(size + GROWTH);
  if (changed == NULL) exit(3);
  for (unsigned i = 0; i < count; i++) {
    memcpy(changed, bytes, size);
    run(changed, change(&random, changed, size));
  }
  free(changed);
}

static unsigned run_folder(const char *folder, uint64_t seed, unsigned changes) {
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, alphasort);
  unsigned done = 0;
  if (count < 0) {
    fprintf(stderr, "cannot read %s\n", folder);
    exit(3);
  }
  for (int i = 0; i < count; i++) {
    char path[4096];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    uint8_t *bytes = load(path, &size);
    if (bytes != NULL) {
      printf("%s\n", path); /* the last line before a crash says which */
      run(bytes, size);
      run_changes(entries[i]->d_name, bytes, size, seed, changes);
      free(bytes);
      done++;
    }
    free(entries[i]);
  }
  free(entries);
  return done;
}

int main(int count, char **words) {
  const char *given = getenv("MEDLEY_TEST_SEED"), *is_long = getenv("MEDLEY_TEST_LONG");
  uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
  unsigned changes = CHANGES * (is_long != NULL && *is_long == '1' ? LONG_FACTOR : 1), done = 0;
  static const int deaths[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGALRM, SIGSEGV};
  setvbuf(stdout, NULL, _IOLBF, 0);
#ifndef __SANITIZE_ADDRESS__ /* which has a word of its own to say */
  for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) signal(deaths[i], on_death);
#else
  signal(deaths[0], on_death);
#endif
  printf("MEDLEY_TEST_SEED=%llu, %u changes of each file\n", (unsigned long long)seed, changes);
  for (int i = 1; i < count; i++) done += run_folder(words[i], seed, changes);
  printf("%u passed, %u failed\n", done, done == 0);
  return done == 0;
}
