/* calls.h - short forms of the public interface for tests: one call for one statement. */
#ifndef FAULT_CALLS_H
#define FAULT_CALLS_H

#include "engine/medley.h"
#include "tests/fault/text.h"

/* Why the last call on this thread failed. Closing a statement clears the session's own message, so it is kept here. */
const char *fault_error(const medley_session *session);
void fault_error_clear(void);

/* SQL with integer parameters; rows are dropped. Answers the status. */
int fault_sql(medley_session *session, const char *sql, int count, const int64_t *values);
/* The same with one blob as the last parameter. */
int fault_sql_blob(medley_session *session, const char *sql, int count, const int64_t *values, const void *blob,
                   size_t blob_len);
/* Rows as lines of columns separated by "|"; blobs as length and hash. */
int fault_sql_rows(medley_session *session, const char *sql, int count, const int64_t *values, fault_text *rows);
/* The first column of the first row; NOT_FOUND if there is no row. */
int fault_sql_number(medley_session *session, const char *sql, int count, const int64_t *values, int64_t *number);

/* CQL likewise. _text: one text as the first parameter. Rows: texts as length and hash, lists as [ 1 2], maps as { 1=2}. */
int fault_cql(medley_session *session, const char *cql, int count, const int64_t *values);
int fault_cql_text(medley_session *session, const char *cql, const char *text, size_t len, int count,
                   const int64_t *values);
int fault_cql_rows(medley_session *session, const char *cql, int count, const int64_t *values, fault_text *rows);

/* A Redis command of NUL-ended words, the last argument NULL; *reply may be NULL. */
int fault_redis(medley_session *session, const medley_value **reply, ...) __attribute__((sentinel));
/* The same, where the last word is bytes. */
int fault_redis_bytes(medley_session *session, const char *command, const char *key, const void *bytes, size_t len);

/* Opens a database and one session for a test; the message is in `why`. */
int fault_open(const char *path, const medley_options *options, medley **db, medley_session **session, char *why,
               size_t why_size);
/* medley_check: OK if there is no problem, CORRUPT (and the first problem in `why`) if there are some. */
int fault_check(medley *db, char *why, size_t why_size);

#endif
