/* fuzz_walker.c - the walker over changed LMDB files; what it accepts is read and written by LMDB here and now.
 *
 * An input is small: a byte that chooses a file which LMDB made, and patches: offset(3) length(1) bytes. Offsets count in units of
 * one byte from the start of the page offset / 4096 % pages. The choice FF: the rest is the file itself. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/walker.h"
#include "tests/fuzz/target.h"
#include "tests/unit/lmdb_shapes.h"

enum { BASES = 12, PAGE = 4096, RAW = 0xFF };

typedef struct base {
  uint8_t *bytes;
  uint64_t size;
} base;

static char path[64];

static int touch_entry(void *context, const med_walker_entry *entry) {
  uint64_t *sum = context;
  const uint8_t *key = entry->key.bytes;
  for (size_t i = 0; i < entry->key.len; i++) *sum += key[i];
  const uint8_t *value = entry->value.bytes;
  for (size_t i = 0; value != NULL && i < entry->value.len; i++) *sum += value[i];
  return MEDLEY_OK;
}

static void try_file(const uint8_t *bytes, uint64_t size) {
  medley_error error;
  uint64_t sum = 0;
  file_store(path, bytes, size);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  MUST(fd >= 0);
  int rc = med_walker_check_header(fd, size, &error);
  med_walker_report report;
  if (rc == MEDLEY_OK) rc = med_walker_walk(fd, size, touch_entry, &sum, &report, &error);
  close(fd);
  MUST(rc == MEDLEY_OK || rc == MEDLEY_CORRUPT || rc == MEDLEY_NOT_A_DATABASE);
  if (rc == MEDLEY_OK && size > 0) (void)lmdb_workout(path, sum, 3);
}

static void patch(base *of, input *in, uint8_t *bytes) {
  while (in->left >= 5) {
    uint64_t offset = input_number(in, 3);
    size_t len, wanted = input_byte(in);
    const uint8_t *from = input_take(in, wanted, &len);
    uint64_t at = offset / PAGE % (of->size / PAGE) * PAGE + offset % PAGE;
    if (at + len > of->size) len = (size_t)(of->size - at);
    memcpy(bytes + at, from, len);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static base bases[BASES];
  if (size < 1) return 0;
  if (path[0] == '\0')
    snprintf(path, sizeof path, "%s/medley-fuzz-%d.mdb", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
             (int)getpid());
  input in = {bytes + 1, size - 1};
  if (bytes[0] == RAW) {
    try_file(in.bytes, in.left);
  } else {
    unsigned choice = bytes[0] % BASES;
    base *b = &bases[choice];
    if (b->bytes == NULL) {
      static const lmdb_shape shapes[] = {SHAPE_EMPTY, SHAPE_SMALL, SHAPE_CHURN, SHAPE_GIVEN_UP};
      lmdb_shape_build(path, shapes[choice % 4], choice);
      b->bytes = file_load(path, &b->size);
    }
    uint8_t *copy = malloc(b->size);
    MUST(copy != NULL);
    memcpy(copy, b->bytes, b->size);
    patch(b, &in, copy);
    try_file(copy, b->size);
    free(copy);
  }
  char lock[80];
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(path);
  unlink(lock);
  return 0;
}
