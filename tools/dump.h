/* dump.h - the three parts of `medley dump`: SQL, buckets, wide-column tables. Each writes statements that load again, from the snapshot of
 * the session's transaction. After a failure what was written so far has no end: the last transaction lacks its COMMIT. */
#ifndef MEDLEY_TOOLS_DUMP_H
#define MEDLEY_TOOLS_DUMP_H

#include <stdio.h>
#include "engine/medley.h"

/* Tables, rows, indexes, views and triggers, in one transaction unless sql_bytes, what they take, is too much for one. A
 * medley_status; the message is the session's. */
MEDLEY_MUST_USE int dump_sql(medley_session *session, FILE *out, uint64_t sql_bytes);
/* Every key of every durable bucket, with expiries, one `redis:` line each; large ones in several. */
MEDLEY_MUST_USE int dump_buckets(medley_session *session, FILE *out);

/* Every keyspace, type, table, row, index and view of CQL, as `cql:` lines; what is not part of it stands in dump_wide.c. */
MEDLEY_MUST_USE int dump_wide(medley_session *session, FILE *out);

#endif
