/* format_reply.c - a Redis reply as redis-cli shows it on a terminal: OK, (integer) 5, "text", (nil), 1) "a" ... */
#include "tools/format.h"

static void print_indent(FILE *out, size_t indent) {
  while (indent--) fputc(' ', out);
}

static void print_quoted(FILE *out, const medley_value *value) {
  text quoted = {0};
  text_add_redis_quoted(&quoted, value->as.text.bytes, value->as.text.len);
  fwrite(quoted.bytes, 1, quoted.len, out);
  fputc('\n', out);
  text_clear(&quoted);
}

static size_t digits(size_t number) {
  size_t count = 1;
  while (number >= 10) {
    number /= 10;
    count++;
  }
  return count;
}

/* Items are numbered from 1, right-aligned; what is nested starts where its number ends. */
static void print_list(FILE *out, const medley_value *value, size_t indent) {
  size_t width = digits(value->as.list.count);
  if (value->as.list.count == 0) fputs("(empty array)\n", out);
  for (size_t i = 0; i < value->as.list.count; i++) {
    if (i) print_indent(out, indent);
    fprintf(out, "%*zu) ", (int)width, i + 1);
    format_reply_print(out, &value->as.list.items[i], indent + width + 2);
  }
}

static void print_map(FILE *out, const medley_value *value, size_t indent) {
  size_t width = digits(value->as.map.count);
  if (value->as.map.count == 0) fputs("(empty hash)\n", out);
  for (size_t i = 0; i < value->as.map.count; i++) {
    text key = {0};
    const medley_value *name = &value->as.map.keys[i];
    if (name->type == MEDLEY_TYPE_TEXT || name->type == MEDLEY_TYPE_BLOB)
      text_add_redis_quoted(&key, name->as.text.bytes, name->as.text.len);
    else
      text_add_plain(&key, name, true);
    if (i) print_indent(out, indent);
    fprintf(out, "%*zu# %s => ", (int)width, i + 1, key.bytes ? key.bytes : "");
    format_reply_print(out, &value->as.map.values[i], indent + width + 2);
    text_clear(&key);
  }
}

void format_reply_print(FILE *out, const medley_value *value, size_t indent) {
  text plain = {0};
  switch (value->type) {
    case MEDLEY_TYPE_NULL: fputs("(nil)\n", out); break;
    case MEDLEY_TYPE_BOOLEAN: fputs(value->as.boolean ? "(true)\n" : "(false)\n", out); break;
    case MEDLEY_TYPE_INTEGER: fprintf(out, "(integer) %lld\n", (long long)value->as.integer); break;
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_BLOB: print_quoted(out, value); break;
    case MEDLEY_TYPE_LIST: print_list(out, value, indent); break;
    case MEDLEY_TYPE_MAP: print_map(out, value, indent); break;
    case MEDLEY_TYPE_REAL: fputs("(double) ", out); /* fall through */
    default:
      text_add_plain(&plain, value, true);
      fprintf(out, "%s\n", plain.bytes ? plain.bytes : "");
      text_clear(&plain);
  }
}

static void begin(format_result *result) { (void)result; }

static void row(format_result *result, const medley_value *const *values) {
  bool is_text = values[0]->type == MEDLEY_TYPE_TEXT || values[0]->type == MEDLEY_TYPE_BLOB;
  if (!result->raw || !is_text) {
    format_reply_print(result->out, values[0], 0);
    return;
  }
  for (size_t i = 0; i < values[0]->as.text.len; i++)
    if (values[0]->as.text.bytes[i] != '\r') fputc(values[0]->as.text.bytes[i], result->out);
}

static void end(format_result *result) { (void)result; }

const format_functions format_reply = {begin, row, end};
