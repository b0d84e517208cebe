/* fuzz_load.c - the readers of `medley load`: the first byte chooses CSV (and its delimiter) or JSON lines. */
#include <stdio.h>

#include "tests/fuzz/target.h"
#include "tools/load_rows.h"

enum { ROWS_MAX = 2000 };

static void check_rows(const load_rows *rows) {
  for (size_t r = 0; r < rows->row_count; r++) {
    const load_row *row = &rows->rows[r];
    MUST(row->first_field + row->field_count <= rows->field_count);
    for (size_t f = 0; f < row->field_count; f++) {
      const load_field *field = &rows->fields[row->first_field + f];
      MUST(field->offset + field->len <= rows->bytes.len);
    }
  }
}

static void read_rows(load_input *in, uint8_t choice) {
  load_columns columns = {.open = true};
  load_rows rows = {0};
  uint32_t *order = NULL;
  size_t order_len = 0;
  char delimiter = choice % 4 == 1 ? ';' : choice % 4 == 2 ? '\t' : ',';
  bool json = choice % 2 != 0;
  load_result result = json ? LOAD_ROW : csv_reader_header(in, delimiter, &columns, &order, &order_len);
  for (unsigned i = 0; i < ROWS_MAX && result == LOAD_ROW; i++) {
    result = json ? json_lines_reader_row(in, &columns, &rows) : csv_reader_row(in, delimiter, order, order_len, &rows);
    check_rows(&rows);
    if (i % 64 == 63) load_rows_reset(&rows);
  }
  if (result == LOAD_FAILED) MUST(in->message[0] != '\0' && in->failed_line > 0);
  free(order);
  load_rows_clear(&rows);
  load_columns_clear(&columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size < 2) return 0;
  FILE *file = fmemopen((void *)(uintptr_t)(bytes + 1), size - 1, "r");
  MUST(file != NULL);
  load_input in = {.file = file, .name = "fuzz", .line = 1};
  read_rows(&in, bytes[0]);
  fclose(file);
  return 0;
}
