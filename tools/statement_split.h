/* statement_split.h - cuts an input into statements, each with its language and its place in the whole input.
 *
 * What it knows: language tags (`redis: GET k`), where a statement of each language ends (SQL and its like at a
 * semicolon outside of quotes, comments, trigger bodies and CQL's batches; a Redis command and a dot command with their
 * line), and which statements belong to the session whatever the language around them (BEGIN; COMMIT; ...).
 * What it is not: a parser. Text that it cannot make sense of goes to the language as it is.
 *
 * Feeding goes piece by piece, and no byte is looked at twice however the pieces are cut.
 * Lifetime: a statement's text is borrowed until the next feed or clear. */
#ifndef MEDLEY_TOOLS_STATEMENT_SPLIT_H
#define MEDLEY_TOOLS_STATEMENT_SPLIT_H

#include <stdbool.h>
#include "engine/medley.h"
#include "tools/text.h"

typedef struct input_statement {
  medley_language language; /* NONE: a dot command of the shell */
  const char *bytes;        /* without its tag */
  size_t len;
  int line, column; /* of the first byte in the input, both from 1 */
} input_statement;

typedef enum split_place { /* where in a semicolon-ended statement the scan stands */
                           SPLIT_PLAIN = 0,
                           SPLIT_QUOTED,
                           SPLIT_DOLLARS, /* CQL's $$text$$ */
                           SPLIT_LINE_COMMENT,
                           SPLIT_BLOCK_COMMENT
} split_place;

typedef struct statement_splitter {
  medley_language default_language;
  text buffer;
  size_t start;     /* everything before it has been handed out */
  int line, column; /* of start */
  /* The statement under way. */
  bool begun;
  medley_language language;
  size_t body; /* its first byte */
  int body_line, body_column;
  size_t scan; /* everything before it has been looked at */
  split_place place;
  char quote;
  int word_count; /* words since the statement's beginning, for CREATE [TEMP] TRIGGER */
  bool create, trigger;
  bool after_semicolon, after_end; /* the trigger's `; END ;` */
  bool begin, batch;               /* CQL's BEGIN [UNLOGGED | COUNTER] BATCH, which ends with APPLY BATCH */
  bool after_apply, applied;
} statement_splitter;

void statement_split_init(statement_splitter *splitter, medley_language default_language);
void statement_split_clear(statement_splitter *splitter);
void statement_split_feed(statement_splitter *splitter, const char *bytes, size_t len);
/* True with the next statement. False if more input is needed; with at_end, if there is none left. */
bool statement_split_next(statement_splitter *splitter, bool at_end, input_statement *statement);
/* Whether a statement has begun and waits for its end. */
bool statement_split_is_inside(const statement_splitter *splitter);

#endif
