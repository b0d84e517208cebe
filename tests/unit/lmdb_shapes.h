/* lmdb_shapes.h - LMDB files of many shapes, and a workout that shows whether LMDB survives a file.
 *
 * For the tests of the walker, which needs files that LMDB itself made. Everything is decided by the seed. */
#ifndef LMDB_SHAPES_H
#define LMDB_SHAPES_H

#include <stdint.h>

typedef enum lmdb_shape {
  SHAPE_EMPTY,     /* made, never written */
  SHAPE_SMALL,     /* a few records, all in one leaf */
  SHAPE_DEEP,      /* long keys: few to a branch page, so many levels */
  SHAPE_OVERFLOW,  /* values of many pages, overwritten by shorter ones */
  SHAPE_MEDLEY,    /* eight trees, one with integer keys, values of at most a page */
  SHAPE_CHURN,     /* many transactions that put and delete; some aborted, some nested */
  SHAPE_FREE_LIST, /* a big tree emptied under an open reader: free records of many pages */
  SHAPE_GIVEN_UP,  /* pages taken and given up in one transaction, at the end of the file */
  SHAPE_COPY,      /* a plain copy of CHURN */
  SHAPE_COMPACTED, /* a compacting copy of CHURN */
  SHAPE_COUNT
} lmdb_shape;

const char *lmdb_shape_name(lmdb_shape shape);

/* The next number of a seeded sequence (splitmix64). */
uint64_t test_random(uint64_t *state);
uint64_t test_random_below(uint64_t *state, uint64_t end);
/* MEDLEY_TEST_SEED, or a new one; printed with the name. */
uint64_t test_seed(const char *name);

/* Writes the file (and path + "-lock"). Exits the process if LMDB refuses what it should do. */
void lmdb_shape_build(const char *path, lmdb_shape shape, uint64_t seed);

/* Opens the file, reads every record of every tree, writes and deletes at random over some transactions. Answers 0, or
 * the LMDB code that ended it early. Crashes if LMDB does: call it in a child process. */
int lmdb_workout(const char *path, uint64_t seed, unsigned transactions);

/* The whole file in memory; free() it. */
uint8_t *file_load(const char *path, uint64_t *size);
void file_store(const char *path, const uint8_t *bytes, uint64_t size);

#endif
