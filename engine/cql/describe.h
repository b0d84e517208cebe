/* describe.h - DESCRIBE: definitions as the statements that make them.
 *
 * Columns as Cassandra 4 answers: keyspace_name, type, name, and, for one thing and what belongs to it, create_statement.
 * Threads: a session's. Lifetime: rows are in the run's arena. */
#ifndef MED_CQL_DESCRIBE_H
#define MED_CQL_DESCRIBE_H

#include "engine/cql/run.h"

typedef struct med_cql_described {
  const medley_value *values;
  struct med_cql_described *next;
} med_cql_described;

int med_cql_describe_column_count(const med_cql_describe *describe);
MEDLEY_MUST_USE int med_cql_describe_run(med_cql_run *run, const med_cql_describe *describe, med_cql_described **rows);

#endif
