/* peers.c - the list of peers that were built in, and what peers share. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"
#include "peers_found.h" /* made by meson.build: X(name) for each peer found, Y(name) for each that was not */

#define X(name) extern const med_peer med_peer_##name;
MED_PEERS_FOUND(X)
#undef X

const med_peer *const med_peers[] = {
#define X(name) &med_peer_##name,
    MED_PEERS_FOUND(X)
#undef X
        NULL};

const char *const med_peers_absent[] = {
#define Y(name) #name,
    MED_PEERS_ABSENT(Y)
#undef Y
        NULL};

const med_peer *med_peer_find(const char *name) {
  for (int i = 0; med_peers[i]; i++) {
    if (strcmp(med_peers[i]->name, name) == 0) return med_peers[i];
  }
  return NULL;
}

/* ---- Failures: the first of a process stays, because what comes after it is its consequence ---- */

static pthread_mutex_t failure_lock = PTHREAD_MUTEX_INITIALIZER;
static char failure_text[240];

int med_peer_fail(const char *format, ...) {
  va_list arguments;
  pthread_mutex_lock(&failure_lock);
  if (!failure_text[0]) {
    va_start(arguments, format);
    vsnprintf(failure_text, sizeof failure_text, format, arguments);
    va_end(arguments);
  }
  pthread_mutex_unlock(&failure_lock);
  return -1;
}

const char *med_peer_failure(void) { return failure_text[0] ? failure_text : "an answer was not as expected"; }

pid_t med_peer_server(const med_place *place, const char *name) {
  char path[4096];
  long pid = 0;
  snprintf(path, sizeof path, "%s/%s.pid", place->servers, name);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  if (fscanf(file, "%ld", &pid) != 1) pid = 0;
  fclose(file);
  /* EPERM: it lives and belongs to somebody else. */
  return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM) ? (pid_t)pid : 0;
}
