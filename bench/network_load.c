/* network_load.c - loads a generated network through the public interface, in bounded transactions. */
#include "bench/network.h"

#include <stdio.h>
#include <string.h>

#define ROWS_PER_TRANSACTION_DEFAULT 10000
#define PROGRESS_STEPS 100

typedef struct network_loader {
  medley_session *session;
  medley_statement *inserts[MEDLEY_NETWORK_TABLE_COUNT];
  const medley_network_load_options *options;
  medley_network_counts totals;
  medley_network_counts done;
  uint64_t progress_step, progress_next;
  uint32_t rows_per_transaction, rows_in_transaction;
} network_loader;

void medley_network_load_options_init(medley_network_load_options *options) {
  *options = (medley_network_load_options){
      .network = {.scale = MEDLEY_NETWORK_SCALE_DEFAULT, .seed = MEDLEY_NETWORK_SEED_DEFAULT},
      .rows_per_transaction = ROWS_PER_TRANSACTION_DEFAULT};
}

static int bind_field(medley_statement *statement, int index, const medley_network_field *field) {
  switch (field->type) {
    case MEDLEY_TYPE_INTEGER: return medley_bind_integer(statement, index, field->integer);
    case MEDLEY_TYPE_TEXT: return medley_bind_text(statement, index, field->text, field->len);
    default: return medley_bind_null(statement, index);
  }
}

static int insert_row(medley_statement *insert, const medley_network_row *row) {
  for (int i = 0; i < row->field_count; i++) {
    int status = bind_field(insert, i + 1, &row->fields[i]);
    if (status != MEDLEY_OK) return status;
  }
  int status = medley_step(insert);
  medley_reset(insert);
  return status == MEDLEY_DONE ? MEDLEY_OK : status;
}

/* HSET session:TOKEN person_id ... created_at, then EXPIRE session:TOKEN ttl_seconds. */
static int put_session(medley_session *session, const medley_network_row *row) {
  const medley_network_table_info *info = medley_network_table_describe(MEDLEY_NETWORK_SESSION);
  char key[64], numbers[MEDLEY_NETWORK_COLUMN_COUNT_MAX][24];
  const char *words[2 + 2 * MEDLEY_NETWORK_COLUMN_COUNT_MAX];
  size_t lens[2 + 2 * MEDLEY_NETWORK_COLUMN_COUNT_MAX];
  size_t count = 2;
  int ttl_index = row->field_count - 1;
  words[0] = "HSET";
  words[1] = key;
  snprintf(key, sizeof key, "session:%s", row->fields[0].text);
  for (int i = 0; i < row->field_count; i++) {
    snprintf(numbers[i], sizeof numbers[i], "%lld", (long long)row->fields[i].integer);
  }
  for (int i = 1; i < ttl_index; i++) {
    words[count++] = info->columns[i];
    words[count++] = row->fields[i].type == MEDLEY_TYPE_TEXT ? row->fields[i].text : numbers[i];
  }
  for (size_t i = 0; i < count; i++) lens[i] = strlen(words[i]);
  int status = medley_command(session, count, words, lens, NULL);
  if (status != MEDLEY_OK) return status;
  const char *expire[] = {"EXPIRE", key, numbers[ttl_index]};
  const size_t expire_lens[] = {6, strlen(key), strlen(numbers[ttl_index])};
  return medley_command(session, 3, expire, expire_lens, NULL);
}

static int report_progress(network_loader *loader, int at_the_end) {
  if (!loader->options->on_progress) return MEDLEY_OK;
  if (loader->done.total < loader->progress_next && !at_the_end) return MEDLEY_OK;
  loader->progress_next = loader->done.total + loader->progress_step;
  int stop = loader->options->on_progress(loader->options->progress_context, loader->done.total, loader->totals.total);
  return stop ? MEDLEY_INTERRUPTED : MEDLEY_OK;
}

static int load_row(void *context, const medley_network_row *row) {
  network_loader *loader = context;
  int status = MEDLEY_OK;
  if (loader->rows_in_transaction == 0) status = medley_begin(loader->session, MEDLEY_WRITE);
  if (status != MEDLEY_OK) return status;
  medley_statement *insert = loader->inserts[row->table];
  status = insert ? insert_row(insert, row) : put_session(loader->session, row);
  if (status != MEDLEY_OK) return status;
  loader->done.rows[row->table]++;
  loader->done.total++;
  if (++loader->rows_in_transaction >= loader->rows_per_transaction) {
    loader->rows_in_transaction = 0;
    status = medley_commit(loader->session);
    if (status != MEDLEY_OK) return status;
  }
  return report_progress(loader, 0);
}

static int run_sql(medley_session *session, const char *sql) {
  return sql ? medley_exec(session, MEDLEY_LANGUAGE_SQL, sql, MEDLEY_NUL_ENDED, NULL, NULL) : MEDLEY_OK;
}

static int make_tables(network_loader *loader) {
  int status = medley_begin(loader->session, MEDLEY_WRITE);
  for (int table = 0; table < MEDLEY_NETWORK_TABLE_COUNT && status == MEDLEY_OK; table++) {
    status = run_sql(loader->session, medley_network_table_describe((medley_network_table)table)->create_sql);
  }
  if (status == MEDLEY_OK) status = medley_commit(loader->session);
  for (int table = 0; table < MEDLEY_NETWORK_TABLE_COUNT && status == MEDLEY_OK; table++) {
    const char *sql = medley_network_table_describe((medley_network_table)table)->insert_sql;
    if (!sql) continue;
    status = medley_prepare(loader->session, MEDLEY_LANGUAGE_SQL, sql, MEDLEY_NUL_ENDED, &loader->inserts[table], NULL);
  }
  return status;
}

/* One transaction for each table's indexes: each sorts its table, and none is larger than the largest table. */
static int make_indexes(network_loader *loader) {
  int status = MEDLEY_OK;
  for (int table = 0; table < MEDLEY_NETWORK_TABLE_COUNT && status == MEDLEY_OK; table++) {
    status = run_sql(loader->session, medley_network_table_describe((medley_network_table)table)->index_sql);
  }
  return status;
}

static int load(network_loader *loader) {
  int status = medley_network_count(&loader->options->network, &loader->totals);
  if (status != MEDLEY_OK) return status;
  loader->progress_step = loader->totals.total / PROGRESS_STEPS + 1;
  loader->progress_next = loader->progress_step;
  status = make_tables(loader);
  if (status == MEDLEY_OK) status = medley_network_generate(&loader->options->network, load_row, loader);
  if (status == MEDLEY_OK && loader->rows_in_transaction > 0) status = medley_commit(loader->session);
  if (status == MEDLEY_OK) status = make_indexes(loader);
  if (status == MEDLEY_OK) status = report_progress(loader, 1);
  return status;
}

int medley_network_load(medley *db, const medley_network_load_options *options, medley_network_counts *counts,
                        medley_error *error) {
  network_loader loader = {.options = options, .rows_per_transaction = options->rows_per_transaction};
  medley_error own_error = {0};
  if (loader.rows_per_transaction == 0) loader.rows_per_transaction = ROWS_PER_TRANSACTION_DEFAULT;
  int status = medley_session_open(db, &loader.session, &own_error);
  if (status == MEDLEY_OK) {
    status = load(&loader);
    if (status != MEDLEY_OK) own_error = *medley_session_error(loader.session);
    for (int table = 0; table < MEDLEY_NETWORK_TABLE_COUNT; table++) medley_statement_close(loader.inserts[table]);
    medley_session_close(loader.session);
  }
  /* What did not come from the session (a scale out of range, a callback that stops) leaves no message there. */
  if (own_error.status != status) {
    own_error.status = status;
    snprintf(own_error.message, sizeof own_error.message, "network: %s", medley_status_text(status));
  }
  if (counts) *counts = loader.done;
  if (error) *error = own_error;
  return status;
}
