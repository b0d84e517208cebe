/* medley_events.c - see medley_events.h. */
#include "bench/peers/medley_events.h"

#include <stdlib.h>
#include <string.h>

struct med_medley_events {
  medley_session *session;
  medley_statement *insert, *sum, *users, *types, *all, *first;
};

static const char *const definitions[] = {
    "CREATE KEYSPACE bench WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    "CREATE TABLE bench.events (user int, time_us bigint, number bigint, type int, item int, price bigint, duration "
    "int, "
    "session int, country int, PRIMARY KEY (user, time_us, number))"};

static int fail(medley_session *session) {
  const medley_error *error = medley_session_error(session);
  return med_peer_fail("medley: %s: %s", medley_status_name(error->status), error->message);
}

int med_medley_events_create(medley_session *session) {
  for (size_t i = 0; i < sizeof definitions / sizeof definitions[0]; i++) {
    if (medley_exec(session, MEDLEY_LANGUAGE_CQL, definitions[i], MEDLEY_NUL_ENDED, NULL, NULL) != MEDLEY_OK)
      return fail(session);
  }
  return 0;
}

static int prepare(med_medley_events *events, medley_language language, const char *text,
                   medley_statement **statement) {
  return medley_prepare(events->session, language, text, MEDLEY_NUL_ENDED, statement, NULL);
}

int med_medley_events_connect(medley_session *session, med_medley_events **out) {
  med_medley_events *events = calloc(1, sizeof *events);
  if (!events) return med_peer_fail("no memory");
  events->session = session;
  int rc =
      prepare(events, MEDLEY_LANGUAGE_CQL,
              "INSERT INTO bench.events (user, time_us, number, type, item, price, duration, session, country) VALUES "
              "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
              &events->insert);
  if (rc == MEDLEY_OK)
    rc = prepare(events, MEDLEY_LANGUAGE_CQL,
                 "SELECT count(*), sum(price) FROM bench.events WHERE time_us >= ? AND time_us < ? ALLOW FILTERING",
                 &events->sum);
  if (rc == MEDLEY_OK)
    rc = prepare(events, MEDLEY_LANGUAGE_SQL,
                 "SELECT user, count(*), sum(price) FROM \"bench.events\" GROUP BY user ORDER BY count(*) DESC, user "
                 "LIMIT ?",
                 &events->users);
  if (rc == MEDLEY_OK)
    rc = prepare(events, MEDLEY_LANGUAGE_SQL,
                 "SELECT type, count(*), sum(price) FROM \"bench.events\" GROUP BY type ORDER BY type", &events->types);
  if (rc == MEDLEY_OK)
    rc = prepare(events, MEDLEY_LANGUAGE_CQL, "SELECT price FROM bench.events WHERE user = ?", &events->all);
  if (rc == MEDLEY_OK)
    rc = prepare(events, MEDLEY_LANGUAGE_CQL, "SELECT price FROM bench.events WHERE user = ? LIMIT ?", &events->first);
  if (rc == MEDLEY_OK) {
    *out = events;
    return 0;
  }
  int status = fail(session);
  med_medley_events_disconnect(events);
  return status;
}

void med_medley_events_disconnect(med_medley_events *events) {
  if (!events) return;
  medley_statement *const statements[] = {events->insert, events->sum, events->users,
                                          events->types,  events->all, events->first};
  for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) medley_statement_close(statements[i]);
  free(events);
}

static int append_one(medley_statement *insert, const med_event *event) {
  const int64_t values[] = {event->user,  event->time_us,  (int64_t)event->number, event->type,   event->item,
                            event->price, event->duration, event->session,         event->country};
  for (int i = 0; i < 9; i++) {
    if (medley_bind_integer(insert, i + 1, values[i]) != MEDLEY_OK) return -1;
  }
  return medley_step(insert) == MEDLEY_DONE ? 0 : -1;
}

int med_medley_events_append(med_medley_events *events, const med_event *rows, int count) {
  if (count == 1) return append_one(events->insert, rows) == 0 ? 0 : fail(events->session);
  if (medley_begin(events->session, MEDLEY_WRITE) != MEDLEY_OK) return fail(events->session);
  for (int i = 0; i < count; i++) {
    if (append_one(events->insert, &rows[i]) == 0) continue;
    int status = fail(events->session);
    medley_rollback(events->session);
    return status;
  }
  return medley_commit(events->session) == MEDLEY_OK ? 0 : fail(events->session);
}

static med_group group_of(medley_statement *row) {
  return (med_group){(uint64_t)medley_column_integer(row, 0), (uint64_t)medley_column_integer(row, 1),
                     medley_column_integer(row, 2)};
}

int med_medley_events_by_type(med_medley_events *events, med_group *groups, int limit) {
  int count = 0, rc;
  while ((rc = medley_step(events->types)) == MEDLEY_ROW) {
    if (count < limit) groups[count++] = group_of(events->types);
  }
  return rc == MEDLEY_DONE ? count : fail(events->session);
}

int med_medley_events_sum(med_medley_events *events, int64_t from_us, int64_t to_us, med_group *total) {
  *total = (med_group){0};
  int rc = medley_bind_integer(events->sum, 1, from_us);
  if (rc == MEDLEY_OK) rc = medley_bind_integer(events->sum, 2, to_us);
  if (rc == MEDLEY_OK) rc = medley_step(events->sum);
  if (rc == MEDLEY_ROW) {
    total->count = (uint64_t)medley_column_integer(events->sum, 0);
    total->sum = medley_column_integer(events->sum, 1);
    rc = medley_step(events->sum);
  }
  return rc == MEDLEY_DONE ? 0 : fail(events->session);
}

int med_medley_events_top_users(med_medley_events *events, med_group *groups, int limit) {
  int count = 0, rc = medley_bind_integer(events->users, 1, limit);
  while (rc == MEDLEY_OK && (rc = medley_step(events->users)) == MEDLEY_ROW) {
    groups[count++] = group_of(events->users);
    rc = MEDLEY_OK;
  }
  return rc == MEDLEY_DONE ? count : fail(events->session);
}

int med_medley_events_partition(med_medley_events *events, uint32_t user, int limit, med_group *total) {
  medley_statement *statement = limit > 0 ? events->first : events->all;
  *total = (med_group){0};
  int rc = medley_bind_integer(statement, 1, user);
  if (rc == MEDLEY_OK && limit > 0) rc = medley_bind_integer(statement, 2, limit);
  while (rc == MEDLEY_OK && (rc = medley_step(statement)) == MEDLEY_ROW) {
    total->count++;
    total->sum += medley_column_integer(statement, 0);
    rc = MEDLEY_OK;
  }
  return rc == MEDLEY_DONE ? 0 : fail(events->session);
}
