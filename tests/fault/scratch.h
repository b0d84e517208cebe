/* scratch.h - a folder that is gone afterwards, and programs run under a preloaded library. */
#ifndef FAULT_SCRATCH_H
#define FAULT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FAULT_PATH_SIZE 512

/* A new folder in memory (/dev/shm) if there is one, else below TMPDIR. Ends the program if it cannot be made. */
void fault_scratch_make(char path[FAULT_PATH_SIZE]);
/* The folder with everything in it. */
void fault_scratch_remove(const char *path);
/* A file's name in a folder. */
void fault_scratch_join(char path[FAULT_PATH_SIZE], const char *folder, const char *name);
/* Copies a file's bytes; answers 0 or -1. */
int fault_scratch_copy(const char *from, const char *to);
/* Bytes of a whole file on the heap; NULL if it cannot be read. */
unsigned char *fault_scratch_read(const char *path, size_t *size);
int fault_scratch_write(const char *path, const void *bytes, size_t size);

/* Runs argv[0] (a path) with the recorder over `folder` and answers its exit status, 128 + n if signal n ended it. */
int fault_scratch_record(const char *recorder, const char *folder, const char *trace, unsigned sync_us,
                         char *const argv[]);
/* Puts a library before all others for programs started from now on. */
void fault_scratch_preload(const char *library);

/* With a log (1) or without one (2): --journal=, MEDLEY_TEST_JOURNAL, or by the seed, two in three with a log; printed. The numbers are
 * those of medley_journal. */
unsigned fault_scratch_journal(int argc, char **argv, uint64_t seed);

/* The number behind --name= on the command line, else in the environment variable, else the default. */
uint64_t fault_scratch_number(int argc, char **argv, const char *name, const char *variable, uint64_t otherwise);
/* Whether the long form of the tests is asked for. */
bool fault_scratch_long(void);
/* The seed of this run, printed: --seed=, MEDLEY_TEST_SEED, or a new one from the clock. */
uint64_t fault_scratch_seed(int argc, char **argv);

#endif
