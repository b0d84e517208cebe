/* peer_postgres.c - PostgreSQL over a Unix socket: 1 GiB of shared buffers, synchronous_commit on (durable) or off,
 * prepared statements (peers/setup, postgres_link.c). */
#include "bench/peers/postgres_link.h"

const med_peer med_peer_postgres = {.name = "postgres",
                                    .description = "PostgreSQL over a Unix socket, shared_buffers 1 GiB",
                                    .version = med_postgres_link_version,
                                    .sql = &med_postgres_link_sql,
                                    .server = "postgres"};
