/* define_windows.c - time_window and append_only: with what else a table may have them, and what of them may be altered. */
#include "engine/cql/define.h"

#include "models/widecolumn/window_directory.h"

/* Where the statement names the property; else `at`. */
static uint32_t place_of(const med_cql_with *with, const char *name, uint32_t at) {
  for (size_t i = 0; with != NULL && i < with->count; i++) {
    if (med_slice_equal(with->properties[i].name.name, med_slice_of_text(name))) return with->properties[i].name.at;
  }
  return at;
}

/* ---- time_window ---- */
static bool same_windows(const med_wide_time_window *a, const med_wide_time_window *b) {
  return a->column == b->column && a->size_s == b->size_s && a->tick == b->tick;
}

/* A table that is there has rows in windows, or in none. */
static int check_altered(med_cql_run *run, uint32_t at, const med_wide_time_window *before,
                         const med_wide_time_window *now) {
  if (before == NULL && now != NULL)
    return med_cql_fail(run, at, MEDLEY_UNSUPPORTED,
                        "time_window of a table that is there is not supported: it is said when the table is made");
  if (before == NULL) return MEDLEY_OK;
  if (!same_windows(before, now))
    return med_cql_fail(run, at, MEDLEY_UNSUPPORTED,
                        "time_window: another column, size or unit is not supported: only keep can be altered");
  return before->keep_s != now->keep_s ? med_wide_windows_request(run->txn) : MEDLEY_OK;
}

/* The property is kept in one form. */
static int put_form(med_cql_run *run, med_wide_table *table) {
  med_buffer text = {0};
  bool ok = med_wide_time_window_write(table, &text);
  med_slice form = med_wide_copy(run->arena, med_slice_of(ok ? text.bytes : "", ok ? text.len : 0), &ok);
  med_buffer_clear(&text);
  med_wide_property *all = med_cql_alloc(run, table->property_count * sizeof *all);
  if (!ok || all == NULL) return med_cql_no_memory(run);
  memcpy(all, table->properties, table->property_count * sizeof *all);
  for (size_t i = 0; i < table->property_count; i++) {
    if (med_slice_equal(all[i].name, med_slice_of_text(MED_WIDE_WINDOW_PROPERTY))) all[i].value = form;
  }
  table->properties = all;
  return MEDLEY_OK;
}

int med_cql_check_windows(med_cql_run *run, const med_cql_with *with, uint32_t at, med_wide_table *table) {
  const med_wide_time_window *before = table->time_window;
  medley_error found = {0};
  at = place_of(with, MED_WIDE_WINDOW_PROPERTY, at);
  int rc = med_wide_time_window_read(table, run->arena, &found);
  if (rc != MEDLEY_OK) return med_cql_fail(run, at, rc, "%s", found.message);
  if (table->id != 0) rc = check_altered(run, at, before, table->time_window);
  return rc == MEDLEY_OK && table->time_window != NULL ? put_form(run, table) : rc;
}

/* ---- append_only ---- */
int med_cql_take_append_only(med_cql_run *run, const med_cql_property *property, med_wide_table *table) {
  const med_cql_term *term = property->value;
  bool before = table->append_only;
  if (term->kind != MED_CQL_BOOLEAN)
    return med_cql_fail(run, term->at, MEDLEY_ERROR, "append_only must be true or false");
  table->append_only = med_slice_equal(term->text, med_slice_of_text("true"));
  if (table->id == 0 || before || !table->append_only) return MEDLEY_OK;
  return med_cql_fail(
      run, property->name.at, MEDLEY_UNSUPPORTED,
      "append_only = true of a table that is there is not supported: it is said when the table is made");
}

int med_cql_check_append_only(med_cql_run *run, const med_cql_with *with, uint32_t at, const med_wide_table *table) {
  const char *what = NULL;
  if (med_wide_table_has_static(table)) what = "static columns are";
  if (table->flags & MED_WIDE_TABLE_COUNTER) what = "counters are";
  if (table->flags & MED_WIDE_TABLE_VIEW) what = "a materialized view is";
  if (table->default_ttl_s > 0) what = "default_time_to_live is";
  if (table->family_count > 0) what = "max_versions is";
  if (!table->append_only || what == NULL) return MEDLEY_OK;
  return med_cql_fail(run, place_of(with, MED_WIDE_APPEND_ONLY_PROPERTY, at), MEDLEY_UNSUPPORTED,
                      "append_only: %s not supported in a table whose rows are never changed", what);
}
