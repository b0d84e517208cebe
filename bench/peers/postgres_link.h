/* postgres_link.h - PostgreSQL as a med_sql, for the peers that use it: postgres and stack. */
#ifndef MED_BENCH_POSTGRES_LINK_H
#define MED_BENCH_POSTGRES_LINK_H

#include "bench/peer.h"

extern const med_sql med_postgres_link_sql;
void med_postgres_link_version(char *text, size_t size);

#endif
