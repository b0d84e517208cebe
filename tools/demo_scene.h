/* demo_scene.h - what the chapters of the demo stand on: the database, and ways to tell, to do and to check.
 *
 * A chapter tells what it does with scene_say, does it through the public interface, and states what must be true with
 * scene_claim. A claim that does not hold, or a call that fails where it must not, is counted: the program ends with
 * status 1 then. */
#ifndef MEDLEY_TOOLS_DEMO_SCENE_H
#define MEDLEY_TOOLS_DEMO_SCENE_H

#include <stdbool.h>
#include "engine/medley.h"

typedef struct scene {
  const char *path;
  medley *db;
  medley_session *session;
  int claim_count, broken_count;
  /* What later chapters need from earlier ones. */
  int64_t advertiser, publisher; /* persons */
  int64_t payer_account, payee_account;
  char token[64]; /* of the advertiser's sign-in session */
} scene;

/* Opens an existing database. */
bool scene_open(scene *s, const char *path);
void scene_close(scene *s);

void scene_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One line, `ok` or `WRONG`; answers fine. */
bool scene_claim(scene *s, bool fine, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Counts a call that must succeed; says what failed. Answers whether it did. */
bool scene_must(scene *s, int status, const char *what);
double scene_now_ms(void);

/* Runs one SQL statement with `count` integers bound, and answers the first column of its first row, or 0. */
int64_t scene_sql(scene *s, const char *sql, int count, const int64_t *numbers);
/* The same for a text; it is copied to `text`, cut to size. */
void scene_sql_text(scene *s, const char *sql, int64_t number, char *text, size_t size);
/* Prints the rows of a query, indented, a heading above. Answers how many. */
int scene_print(scene *s, const char *sql, int count, const int64_t *numbers);
/* The same in CQL: a statement whose rows nobody wants, and a query. */
bool scene_cql(scene *s, const char *cql, int count, const int64_t *numbers);
int scene_print_cql(scene *s, const char *cql, int count, const int64_t *numbers);
/* A Redis command of words; ends with NULL. The reply is borrowed; NULL if the command failed, which counts. */
const medley_value *scene_redis(scene *s, const char *word, ...) __attribute__((sentinel));
/* The same, and the integer that it answers, or -1. */
int64_t scene_redis_number(scene *s, const char *word, ...) __attribute__((sentinel));

#endif
