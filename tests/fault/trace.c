/* trace.c - maps a trace and finds its records. */
#include "tests/fault/trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t record_size(const fault_trace_record *record) {
  return sizeof *record + ((size_t)record->len + 7) / 8 * 8;
}

static int index_records(fault_trace *trace) {
  size_t capacity = 0;
  for (size_t at = 0; at + sizeof(fault_trace_record) <= trace->size;) {
    const fault_trace_record *record = (const fault_trace_record *)(const void *)(trace->bytes + at);
    if (record_size(record) > trace->size - at) break;
    if (trace->count == capacity) {
      capacity = capacity == 0 ? 1024 : capacity * 2;
      const fault_trace_record **grown = realloc(trace->records, capacity * sizeof *grown);
      if (grown == NULL) return -1;
      trace->records = grown;
    }
    trace->records[trace->count++] = record;
    at += record_size(record);
  }
  return 0;
}

int fault_trace_open(fault_trace *trace, const char *path) {
  *trace = (fault_trace){0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0) {
    fprintf(stderr, "trace: nothing was recorded: %s\n", path);
    if (fd >= 0) close(fd);
    return -1;
  }
  trace->size = (size_t)status.st_size;
  void *bytes = mmap(NULL, trace->size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (bytes == MAP_FAILED) return -1;
  trace->bytes = bytes;
  return index_records(trace);
}

void fault_trace_close(fault_trace *trace) {
  if (trace->bytes != NULL) munmap((void *)(uintptr_t)trace->bytes, trace->size);
  free(trace->records);
  *trace = (fault_trace){0};
}
