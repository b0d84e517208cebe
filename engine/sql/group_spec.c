/* group_spec.c - what a statement asks medley_groups for, as a text: by NAME ... of NAME LETTERS ... where NAME OPERATOR ... */
#include <string.h>

#include "engine/sql/group_query.h"

static const char letters[MED_GROUP_FUNCTIONS + 1] = "cstlh"; /* count, sum, total, lowest, highest */

static const struct {
  const char *symbol;
  med_compare compare;
} operators[] = {{"<", MED_LESS},           {"<=", MED_LESS_EQUAL}, {"=", MED_EQUAL},  {"<>", MED_NOT_EQUAL},
                 {">=", MED_GREATER_EQUAL}, {">", MED_GREATER},     {"==", MED_EQUAL}, {"!=", MED_NOT_EQUAL}};

const char *med_group_spec_operator(med_compare compare) {
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    if (operators[i].compare == compare) return operators[i].symbol;
  }
  return "=";
}

bool med_group_spec_compare(const med_sql_token *token, med_compare *compare) {
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    *compare = operators[i].compare;
    if (med_sql_token_is(token, operators[i].symbol)) return true;
  }
  return false;
}

void med_group_spec_clear(med_group_spec *spec) {
  for (size_t i = 0; i < spec->key_count; i++) med_buffer_clear(&spec->keys[i]);
  for (size_t i = 0; i < spec->total_count; i++) med_buffer_clear(&spec->totals[i]);
  for (size_t i = 0; i < spec->test_count; i++) med_buffer_clear(&spec->tests[i]);
  *spec = (med_group_spec){0};
}

/* ---- Writing ---- */
static bool write_name(const med_buffer *name, med_buffer *text) {
  return (text->len == 0 || med_buffer_append_byte(text, ' ')) &&
         med_sql_quote_name(med_slice_of(name->bytes, name->len), text);
}

static bool write_word(const char *word, med_buffer *text) {
  return med_buffer_printf(text, "%s%s", text->len > 0 ? " " : "", word);
}

static bool write_letters(unsigned functions, med_buffer *text) {
  bool ok = med_buffer_append_byte(text, ' ');
  for (size_t i = 0; ok && i < MED_GROUP_FUNCTIONS; i++)
    ok = !(functions >> i & 1) || med_buffer_append_byte(text, (uint8_t)letters[i]);
  return ok;
}

bool med_group_spec_write(const med_group_spec *spec, med_buffer *text) {
  bool ok = spec->key_count == 0 || write_word("by", text);
  for (size_t i = 0; ok && i < spec->key_count; i++) ok = write_name(&spec->keys[i], text);
  ok = ok && (spec->total_count == 0 || write_word("of", text));
  for (size_t i = 0; ok && i < spec->total_count; i++)
    ok = write_name(&spec->totals[i], text) && write_letters(spec->functions[i], text);
  ok = ok && (spec->test_count == 0 || write_word("where", text));
  for (size_t i = 0; ok && i < spec->test_count; i++)
    ok =
        write_name(&spec->tests[i], text) && med_buffer_printf(text, " %s", med_group_spec_operator(spec->compares[i]));
  return ok;
}

/* ---- Reading ---- */
typedef struct reading {
  med_slice text;
  size_t at;
  med_sql_token token; /* the next one */
} reading;

static void step(reading *of) { of->token = med_sql_next_token(of->text.bytes, of->text.len, &of->at); }

/* *name is empty before. */
static int read_name(reading *of, size_t max, size_t *count, med_buffer *names) {
  if (of->token.kind != MED_SQL_NAME || *count == max) return MEDLEY_ERROR;
  names[*count] = (med_buffer){0};
  if (!med_sql_token_name(&of->token, &names[(*count)++])) return MEDLEY_NO_MEMORY;
  step(of);
  return MEDLEY_OK;
}

static int read_letters(reading *of, unsigned *functions) {
  *functions = 0;
  if (of->token.kind != MED_SQL_WORD) return MEDLEY_ERROR;
  for (size_t i = 0; i < of->token.text.len; i++) {
    const char *found = memchr(letters, ((const char *)of->token.text.bytes)[i], MED_GROUP_FUNCTIONS);
    if (found == NULL) return MEDLEY_ERROR;
    *functions |= 1u << (found - letters);
  }
  step(of);
  return MEDLEY_OK;
}

static bool take_word(reading *of, const char *word) {
  if (!med_sql_token_is(&of->token, word)) return false;
  step(of);
  return true;
}

int med_group_spec_read(med_slice text, med_group_spec *spec) {
  reading of = {.text = text};
  int rc = MEDLEY_OK;
  *spec = (med_group_spec){0};
  step(&of);
  if (take_word(&of, "by")) {
    do MED_TRY(read_name(&of, MED_WIDE_GROUP_KEYS_MAX, &spec->key_count, spec->keys));
    while (of.token.kind == MED_SQL_NAME);
  }
  if (take_word(&of, "of")) {
    do {
      MED_TRY(read_name(&of, MED_WIDE_GROUP_TOTALS_MAX, &spec->total_count, spec->totals));
      MED_TRY(read_letters(&of, &spec->functions[spec->total_count - 1]));
    } while (of.token.kind == MED_SQL_NAME);
  }
  if (take_word(&of, "where")) {
    do {
      MED_TRY(read_name(&of, MED_WIDE_GROUP_TESTS_MAX, &spec->test_count, spec->tests));
      if (!med_group_spec_compare(&of.token, &spec->compares[spec->test_count - 1])) return MEDLEY_ERROR;
      step(&of);
    } while (of.token.kind == MED_SQL_NAME);
  }
  if (of.token.kind != MED_SQL_END || of.at < text.len) rc = MEDLEY_ERROR;
done:
  return rc;
}
