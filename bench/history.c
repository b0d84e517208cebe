/* history.c - see history.h. Fields are found by name in one table, so that a new one is one line. */
#include "bench/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct record_field {
  const char *name;
  size_t offset;
  size_t size; /* of a text; 0 for a number */
} record_field;

#define TEXT(name) \
  { #name, offsetof(med_record, name), sizeof((med_record *)0)->name }
#define NUMBER(name) \
  { #name, offsetof(med_record, name), 0 }
static const record_field fields[] = {
    TEXT(time),
    TEXT(commit),
    TEXT(machine),
    TEXT(build),
    TEXT(workload),
    TEXT(task),
    TEXT(title),
    TEXT(unit),
    TEXT(peer),
    TEXT(version),
    TEXT(durability),
    TEXT(status),
    TEXT(failure),
    NUMBER(scale),
    NUMBER(seed),
    NUMBER(rounds),
    NUMBER(clients),
    NUMBER(operations),
    NUMBER(answers_compared),
    NUMBER(rate),
    NUMBER(rate_low),
    NUMBER(rate_high),
    NUMBER(p50_us),
    NUMBER(p95_us),
    NUMBER(p99_us),
    NUMBER(max_us),
    NUMBER(cpu_us),
    NUMBER(written_bytes),
    NUMBER(peak_bytes),
    NUMBER(disk_bytes),
    NUMBER(ratio),
    NUMBER(ratio_low),
    NUMBER(ratio_high),
    NUMBER(cpu_ratio),
    NUMBER(sign_chance),
    NUMBER(target),
};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])

static const record_field *find_field(const char *name) {
  for (size_t i = 0; i < FIELD_COUNT; i++) {
    if (strcmp(fields[i].name, name) == 0) return &fields[i];
  }
  return NULL;
}

/* Copies a string up to its closing quote and returns the byte after it; NULL if it does not close. */
static const char *take_string(const char *at, char *text, size_t size) {
  size_t len = 0;
  for (at++; *at && *at != '"'; at++) {
    if (*at == '\\' && at[1]) at++;
    if (len + 1 < size) text[len++] = *at;
  }
  text[len] = 0;
  return *at == '"' ? at + 1 : NULL;
}

static const char *take_member(const char *at, med_record *record) {
  char name[32], text[256];
  if (*at != '"' || !(at = take_string(at, name, sizeof name)) || *at != ':') return NULL;
  at++;
  const record_field *field = find_field(name);
  if (*at == '"') {
    at = take_string(at, text, sizeof text);
    if (at && field && field->size)
      snprintf((char *)record + field->offset, field->size, "%.*s", (int)field->size - 1, text);
    return at;
  }
  char *end = NULL;
  double number = strtod(at, &end);
  if (end == at) return NULL;
  if (field && !field->size) memcpy((char *)record + field->offset, &number, sizeof number);
  return end;
}

int med_history_parse(const char *line, med_record *record) {
  const char *at = line;
  memset(record, 0, sizeof *record);
  if (*at++ != '{') return -1;
  while (at && *at != '}') {
    at = take_member(at, record);
    if (!at || (*at != ',' && *at != '}')) return -1;
    if (*at == ',') at++;
  }
  return record->workload[0] && record->task[0] && record->peer[0] ? 0 : -1;
}

int med_history_read(const char *path, med_history *history) {
  char *line = NULL;
  size_t size = 0, capacity = 0, line_number = 0;
  *history = (med_history){0};
  FILE *file = fopen(path, "r");
  if (!file) return -1;
  while (getline(&line, &size, file) > 0) {
    line_number++;
    if (history->count == capacity) {
      capacity = capacity * 2 + 64;
      history->records = realloc(history->records, capacity * sizeof *history->records);
      if (!history->records) abort();
    }
    if (med_history_parse(line, &history->records[history->count]) == 0)
      history->count++;
    else if (history->bad_line == 0)
      history->bad_line = line_number;
  }
  free(line);
  fclose(file);
  return 0;
}

void med_history_clear(med_history *history) {
  free(history->records);
  *history = (med_history){0};
}

static int is_same_task(const med_record *a, const med_record *b) {
  return strcmp(a->machine, b->machine) == 0 && strcmp(a->workload, b->workload) == 0 &&
         strcmp(a->durability, b->durability) == 0 && strcmp(a->task, b->task) == 0 && a->scale >= b->scale &&
         a->scale <= b->scale;
}

static int is_comparable(const med_record *a, const med_record *b) {
  return strcmp(a->peer, b->peer) == 0 && is_same_task(a, b);
}

/* Where a peer that the task did not have belongs: behind the task's last one. */
static size_t place_of_new(const med_record *records, size_t count, const med_record *record) {
  size_t place = count;
  while (place > 0 && !is_same_task(&records[place - 1], record)) place--;
  return place > 0 ? place : count;
}

void med_history_keep_newest(med_history *history) {
  size_t kept = 0;
  for (size_t i = 0; i < history->count; i++) {
    med_record record = history->records[i]; /* lines are in the order of time */
    size_t at = 0;
    while (at < kept && !is_comparable(&history->records[at], &record)) at++;
    if (at == kept) {
      at = place_of_new(history->records, kept, &record);
      memmove(history->records + at + 1, history->records + at, (kept - at) * sizeof record);
      kept++;
    }
    history->records[at] = record;
  }
  history->count = kept;
}

const med_record *med_history_find(const med_history *history, const med_record *like) {
  for (size_t i = history->count; i > 0; i--) {
    const med_record *record = &history->records[i - 1];
    if (is_comparable(record, like) && strcmp(record->status, "ok") == 0) return record;
  }
  return NULL;
}
