/* property_text.c - see property_text.h. */
#include "models/widecolumn/property_text.h"

med_slice med_wide_property_find(const med_wide_table *table, const char *name) {
  for (size_t i = 0; i < table->property_count; i++) {
    if (med_slice_equal(table->properties[i].name, med_slice_of_text(name))) return table->properties[i].value;
  }
  return med_slice_of(NULL, 0);
}

void med_wide_property_skip(med_slice *text, size_t len) {
  *text = med_slice_of((const char *)text->bytes + len, text->len - len);
}

void med_wide_property_blanks(med_slice *text) {
  while (text->len > 0 && *(const char *)text->bytes == ' ') med_wide_property_skip(text, 1);
}

bool med_wide_property_sign(med_slice *text, char sign) {
  med_wide_property_blanks(text);
  if (text->len == 0 || *(const char *)text->bytes != sign) return false;
  med_wide_property_skip(text, 1);
  return true;
}

int med_wide_property_string(med_slice *text, med_arena *arena, med_slice *string) {
  if (!med_wide_property_sign(text, '\'')) return MEDLEY_ERROR;
  char *bytes = med_arena_alloc(arena, text->len + 1);
  size_t len = 0;
  if (bytes == NULL) return MEDLEY_NO_MEMORY;
  while (text->len > 0) {
    char c = *(const char *)text->bytes;
    med_wide_property_skip(text, 1);
    if (c == '\'' && (text->len == 0 || *(const char *)text->bytes != '\'')) {
      bytes[len] = '\0';
      *string = med_slice_of(bytes, len);
      return MEDLEY_OK;
    }
    if (c == '\'') med_wide_property_skip(text, 1);
    bytes[len++] = c;
  }
  return MEDLEY_ERROR;
}
