/* medley_events.h - Medley's side of the workload `widecolumn`: events in a table of CQL, asked about in CQL and SQL. */
#ifndef MED_BENCH_MEDLEY_EVENTS_H
#define MED_BENCH_MEDLEY_EVENTS_H

#include "bench/peer.h"
#include "engine/medley.h"

/* Between an open database and a session: what one connection keeps prepared. */
typedef struct med_medley_events med_medley_events;

/* Makes the table. 0, or -1 and med_peer_fail. */
int med_medley_events_create(medley_session *session);
int med_medley_events_connect(medley_session *session, med_medley_events **events);
void med_medley_events_disconnect(med_medley_events *events); /* NULL is allowed; the session stays */
int med_medley_events_append(med_medley_events *events, const med_event *rows, int count);
int med_medley_events_by_type(med_medley_events *events, med_group *groups, int limit);
int med_medley_events_sum(med_medley_events *events, int64_t from_us, int64_t to_us, med_group *total);
int med_medley_events_top_users(med_medley_events *events, med_group *groups, int limit);
int med_medley_events_partition(med_medley_events *events, uint32_t user, int limit, med_group *total);

#endif
