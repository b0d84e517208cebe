/* kit.h - a small memory database for a fuzz target: its own clock, a fixed seed, short limits. */
#ifndef FUZZ_KIT_H
#define FUZZ_KIT_H

#include "engine/medley.h"

typedef struct fuzz_kit {
  medley *db;
  medley_session *session;
} fuzz_kit;

/* Ends the program if that fails. deadline_ms: of each statement. */
void fuzz_kit_open(fuzz_kit *kit, uint32_t deadline_ms);
void fuzz_kit_close(fuzz_kit *kit);

/* Prepares the text, binds something to each parameter, steps through at most some hundred rows, reads every column, closes.
 * Answers the last status; *tail as medley_prepare. */
int fuzz_kit_run(fuzz_kit *kit, medley_language language, const char *text, size_t len, const char **tail);
/* Every number, length and item of a value is looked at. */
void fuzz_kit_read(const medley_value *value);

#endif
