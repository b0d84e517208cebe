/* remembered.h - numbers for rows that have none: what SQLite calls a rowid.
 *
 * A row is known by bytes (its key). It has the same number as long as nothing is forgotten, since SQLite tells by it whether
 * two terms of an OR have found one row, and gives it back to say which row is updated or deleted.
 * Threads: a session's. Lifetime: a virtual table's; it forgets when its first cursor opens. */
#ifndef MED_SQL_REMEMBERED_H
#define MED_SQL_REMEMBERED_H

#include <sqlite3.h>

#include "storage/bytes.h"
#include "storage/memory.h"
#include "storage/status.h"

typedef struct med_sql_remembered {
  med_slice *rows; /* copies; number 1 is the first */
  size_t count, capacity;
  uint32_t *slots; /* numbers by the hash of the bytes; 0: free */
  size_t slot_count;
} med_sql_remembered;

/* SQLITE_OK, NOMEM, or TOOBIG beyond two thousand million rows. */
int med_sql_remembered_number(med_sql_remembered *remembered, med_slice row, sqlite3_int64 *number);
/* Null bytes if no row has that number. */
med_slice med_sql_remembered_row(const med_sql_remembered *remembered, sqlite3_int64 number);
void med_sql_remembered_forget(med_sql_remembered *remembered);

#endif
