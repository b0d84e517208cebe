/* differential_grammar.h - what the two files of the generator share: its state, choices, and pieces of SQL. */
#ifndef DIFFERENTIAL_GRAMMAR_H
#define DIFFERENTIAL_GRAMMAR_H

#include "tests/fault/differential_generate.h"

enum { SCOPE_MAX = 4, TABLE_NAMES = 9 };
#define BLOB_MAX 200000

typedef struct scope {
  int count;
  const sql_table *tables[SCOPE_MAX];
  char aliases[SCOPE_MAX][8];
  const struct scope *outer;
} scope;

struct sql_generator {
  fault_random random;
  const sql_schema *schema;
  sqlite3_str *out;
  sql_statement *statement;
  int alias_number;
  bool parameters_allowed;
  bool temporary;   /* one session is alone */
  bool only_tables; /* no views, just now */
  uint8_t blobs[PARAMETERS_MAX][BLOB_MAX];
};

static inline int below(sql_generator *g, int end) { return (int)fault_random_below(&g->random, (uint32_t)end); }
static inline bool percent(sql_generator *g, int share) { return below(g, 100) < share; }
static inline const char *sql_pick_word(sql_generator *g, const char *const *words, int count) {
  return words[below(g, count)];
}
#define PICK(g, ...)                                   \
  sql_pick_word(g, (const char *const[]){__VA_ARGS__}, \
                (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))
#define ADD(g, ...) sqlite3_str_appendf((g)->out, __VA_ARGS__)

/* NULL if the schema has none. */
const sql_table *sql_random_table(sql_generator *g, bool views);
/* Mostly one of its columns. */
const char *sql_random_column(sql_generator *g, const sql_table *table);

void sql_literal(sql_generator *g);
void sql_expression(sql_generator *g, const scope *in, int depth);
void sql_arguments(sql_generator *g, const scope *in, int count, int depth);
/* A condition that is usually cheap and often about one column. */
void sql_condition(sql_generator *g, const scope *in, int depth);
void sql_result_columns(sql_generator *g, const scope *in, int columns, bool grouped, int depth);
/* Adds a table with an alias to the text and the scope; false if there is none. */
bool sql_add_source(sql_generator *g, scope *in);
/* columns 0: any. Answers their number. */
int sql_select(sql_generator *g, const scope *outer, int columns, int depth);

#endif
