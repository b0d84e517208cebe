/* test_walker_survival.c - what the walker accepts, LMDB survives.
 *
 * Files that LMDB made are changed at random, most often where the structure is. The walker looks at each; those that it
 * accepts are read in full and written to at random by LMDB, in a child process, and must then be accepted again. A
 * child that dies of a signal, hangs, or leaves a file that the walker refuses is a failure.
 *
 * MEDLEY_TEST_SEED repeats a run, MEDLEY_TEST_LONG=1 makes it thirty times as long. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/walker.h"
#include "tests/unit/lmdb_shapes.h"

enum { PAGE = 4096, HEADER = 16, FILES = 2500, LONG_FACTOR = 40, CHANGES_PER_BASE = 200, HANG_S = 60 };

typedef struct base {
  uint8_t *bytes, *changed;
  uint64_t size, changed_size;
} base;

static char path[256];

static int walk_file(medley_error *error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) exit(3);
  memset(error, 0, sizeof *error);
  int rc = med_walker_check_header(fd, (uint64_t)status.st_size, error);
  if (rc == MEDLEY_OK) rc = med_walker_walk(fd, (uint64_t)status.st_size, NULL, NULL, NULL, error);
  close(fd);
  return rc;
}

/* ---- Changes ---- */
static uint16_t get_16(const uint8_t *at) { return (uint16_t)(at[0] | at[1] << 8); }

/* A number of `size` bytes becomes another one: a near one, an extreme one, or any. */
static void change_number(uint8_t *at, unsigned size, uint64_t *random) {
  uint64_t value = 0;
  memcpy(&value, at, size);
  switch (test_random_below(random, 6)) {
    case 0: value += 1 + test_random_below(random, 8); break;
    case 1: value -= 1 + test_random_below(random, 8); break;
    case 2: value ^= (uint64_t)1 << test_random_below(random, size * 8); break;
    case 3: value = 0; break;
    case 4: value = test_random_below(random, 2) ? UINT64_MAX : 1; break;
    default: value = test_random_below(random, 2) ? test_random_below(random, 600) : test_random(random); break;
  }
  memcpy(at, &value, size);
}

static uint8_t *random_page(base *b, uint64_t *random) {
  return b->changed + PAGE * test_random_below(random, b->size / PAGE);
}

static void change_meta(base *b, uint64_t *random) {
  static const uint8_t fields[][2] = {{0, 4},  {4, 4},  {8, 8},   {16, 8},  {24, 4},  {28, 2},  {30, 2},
                                      {32, 8}, {40, 8}, {48, 8},  {56, 8},  {64, 8},  {72, 4},  {76, 2},
                                      {78, 2}, {80, 8}, {104, 8}, {112, 8}, {120, 8}, {120, 8}, {128, 8}};
  const uint8_t *field = fields[test_random_below(random, sizeof fields / sizeof *fields)];
  change_number(b->changed + PAGE * test_random_below(random, 2) + HEADER + field[0], field[1], random);
}

static void change_page_header(base *b, uint64_t *random) {
  static const uint8_t fields[][2] = {{0, 8}, {8, 2}, {10, 2}, {12, 2}, {14, 2}, {12, 4}};
  const uint8_t *field = fields[test_random_below(random, sizeof fields / sizeof *fields)];
  change_number(random_page(b, random) + field[0], field[1], random);
}

/* A node of a branch or leaf page; NULL if this page has none. */
static uint8_t *random_node(base *b, uint64_t *random) {
  uint8_t *page = random_page(b, random);
  unsigned lower = get_16(page + 12);
  if (get_16(page + 10) > 2 || lower < HEADER + 2 || lower > PAGE) return NULL;
  unsigned offset = get_16(page + HEADER + 2 * test_random_below(random, (lower - HEADER) / 2));
  return offset + 24 < PAGE ? page + offset : NULL;
}

static void change_node(base *b, uint64_t *random) {
  static const uint8_t fields[][2] = {{0, 2}, {2, 2}, {4, 2}, {6, 2}, {8, 1}, {8, 8}, {16, 8}, {0, 4}};
  uint8_t *node = random_node(b, random);
  const uint8_t *field = fields[test_random_below(random, sizeof fields / sizeof *fields)];
  if (node != NULL) change_number(node + field[0], field[1], random);
}

/* The value of a node: tree records, free records and overflow page numbers are there. */
static void change_node_value(base *b, uint64_t *random) {
  uint8_t *node = random_node(b, random);
  if (node == NULL) return;
  uint64_t offset = 8u + get_16(node + 6) + 8 * test_random_below(random, 6);
  if ((uint64_t)(node - b->changed) % PAGE + offset + 8 <= PAGE) change_number(node + offset, 8, random);
}

static void change_offset(base *b, uint64_t *random) {
  change_number(random_page(b, random) + HEADER + 2 * test_random_below(random, 12), 2, random);
}

/* One page over another, with or without the number that belongs there. */
static void copy_page(base *b, uint64_t *random) {
  uint8_t *to = random_page(b, random);
  const uint8_t *from = random_page(b, random);
  uint8_t number[8];
  memcpy(number, to, sizeof number);
  memmove(to, from, PAGE);
  if (test_random_below(random, 4) != 0) memcpy(to, number, sizeof number);
}

static void swap_nodes(base *b, uint64_t *random) {
  uint8_t *one = random_node(b, random), *other = random_node(b, random);
  if (one == NULL || other == NULL) return;
  memcpy(one, other, 4 + 4 * (size_t)test_random_below(random, 2));
}

static void change_bytes(base *b, uint64_t *random) {
  for (uint64_t left = 1 + test_random_below(random, 3); left > 0; left--)
    b->changed[test_random_below(random, b->size)] = (uint8_t)test_random(random);
}

static void change_length(base *b, uint64_t *random) {
  uint64_t size = test_random_below(random, b->size + 1);
  b->changed_size = test_random_below(random, 2) ? size : size / PAGE * PAGE;
}

static void change(base *b, uint64_t *random) {
  static void (*const kinds[])(base *, uint64_t *) = {
      change_meta, change_page_header, change_page_header, change_node,   change_node,
      change_node, change_node_value,  change_node_value,  change_offset, copy_page,
      swap_nodes,  change_bytes,       change_length};
  memcpy(b->changed, b->bytes, b->size);
  b->changed_size = b->size;
  uint64_t left = 1 + (test_random_below(random, 4) == 0);
  for (; left > 0; left--) kinds[test_random_below(random, sizeof kinds / sizeof *kinds)](b, random);
}

/* ---- Survival ---- */
/* Answers what went wrong, or NULL. */
static const char *survive(uint64_t seed, unsigned *lmdb_refused) {
  static char text[400];
  pid_t child = fork();
  if (child < 0) exit(3);
  if (child == 0) {
    alarm(HANG_S);
    int code = lmdb_workout(path, seed, 4);
    _exit(code == 0 ? 0 : 1);
  }
  int status;
  if (waitpid(child, &status, 0) != child) exit(3);
  if (WIFSIGNALED(status)) {
    snprintf(text, sizeof text, "LMDB died of signal %d", WTERMSIG(status));
    return text;
  }
  if (WEXITSTATUS(status) > 1) return "a sanitizer stopped LMDB";
  medley_error error;
  if (WEXITSTATUS(status) == 1) {
    *lmdb_refused += 1;
  } else if (walk_file(&error) != MEDLEY_OK) {
    snprintf(text, sizeof text, "refused after LMDB wrote to it: %s", error.message);
    return text;
  }
  return NULL;
}

typedef struct tally {
  unsigned accepted, refused, lmdb_refused, failed;
} tally;

static void keep_failure(const base *b, uint64_t seed, const char *why) {
  char kept[300];
  snprintf(kept, sizeof kept, "%s.failed-%llx", path, (unsigned long long)seed);
  file_store(kept, b->changed, b->changed_size);
  printf("FAILED: %s; the file as it was before is %s\n", why, kept);
}

static void try_one(base *b, uint64_t *random, tally *t) {
  medley_error error;
  change(b, random);
  file_store(path, b->changed, b->changed_size);
  uint64_t seed = test_random(random);
  if (walk_file(&error) != MEDLEY_OK) {
    t->refused++;
    return;
  }
  t->accepted++;
  const char *why = survive(seed, &t->lmdb_refused);
  if (why == NULL) return;
  t->failed++;
  keep_failure(b, seed, why);
}

static void run(uint64_t seed, unsigned files, tally *t) {
  uint64_t random = seed;
  base b = {0};
  for (unsigned i = 0; i < files && t->failed < 10; i++) {
    if (i % CHANGES_PER_BASE == 0) {
      lmdb_shape shape = (lmdb_shape)(SHAPE_SMALL + (i / CHANGES_PER_BASE) % (SHAPE_COUNT - SHAPE_SMALL));
      free(b.bytes);
      free(b.changed);
      lmdb_shape_build(path, shape, test_random(&random));
      if (test_random_below(&random, 2) != 0 && lmdb_workout(path, test_random(&random), 5) != 0) exit(3);
      b.bytes = file_load(path, &b.size);
      b.changed = malloc(b.size);
      if (b.changed == NULL) exit(3);
    }
    try_one(&b, &random, t);
  }
  free(b.bytes);
  free(b.changed);
}

int main(void) {
  const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  const char *is_long = getenv("MEDLEY_TEST_LONG");
  char lock[300];
  snprintf(path, sizeof path, "%s/medley-survival-%d.mdb", folder, (int)getpid());
  snprintf(lock, sizeof lock, "%s-lock", path);
  setvbuf(stdout, NULL, _IONBF, 0);
  uint64_t seed = test_seed("walker survival");
  tally t = {0};
  run(seed, FILES * (is_long != NULL && *is_long == '1' ? LONG_FACTOR : 1), &t);
  unlink(path);
  unlink(lock);
  printf("%u changed files: %u refused by the walker, %u accepted, of which LMDB itself ended %u early\n",
         t.accepted + t.refused, t.refused, t.accepted, t.lmdb_refused);
  /* A run without either kind proves nothing. */
  if (t.accepted == 0 || t.refused == 0) t.failed++;
  printf("%u passed, %u failed\n", t.accepted + t.refused - (t.failed < t.accepted ? t.failed : t.accepted), t.failed);
  return t.failed != 0;
}
