/* image.c - see image.h.
 *
 * Each file keeps its durable bytes and a list of the records that are not durable yet. An image is the durable bytes with
 * a choice of those records laid over them, in their order. */
#include "tests/fault/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR_SIZE 512
#define NAME_SIZE 256
#define FILE_COUNT_MAX 64

typedef struct file {
  char *bytes;
  size_t len, capacity;
  size_t *pending; /* record numbers */
  size_t pending_count, pending_capacity;
} file;

typedef struct name {
  char text[NAME_SIZE];
  int32_t file;
} name;

typedef struct folder {
  name names[FILE_COUNT_MAX];
  size_t count;
} folder;

struct fault_image {
  const fault_trace *trace;
  file files[FILE_COUNT_MAX];
  folder names;    /* durable */
  size_t *changes; /* records that change names and are not durable */
  size_t change_count, change_capacity;
};

static void *grow(void *memory, size_t *capacity, size_t wanted, size_t size) {
  if (wanted <= *capacity) return memory;
  while (*capacity < wanted) *capacity = *capacity == 0 ? 64 : *capacity * 2;
  memory = realloc(memory, *capacity * size);
  if (memory == NULL) {
    fprintf(stderr, "image: out of memory\n");
    exit(2);
  }
  return memory;
}

static void set_len(file *to, size_t len) {
  to->bytes = grow(to->bytes, &to->capacity, len, 1);
  if (len > to->len) memset(to->bytes + to->len, 0, len - to->len);
  to->len = len;
}

static void put_bytes(file *to, size_t offset, const char *bytes, size_t len) {
  if (offset + len > to->len) set_len(to, offset + len);
  if (len > 0) memcpy(to->bytes + offset, bytes, len);
}

static void apply_whole(file *to, const fault_trace_record *record) {
  if (record->type == FAULT_TRACE_WRITE) {
    put_bytes(to, (size_t)record->offset, fault_trace_payload(record), (size_t)record->len);
  } else if (record->type == FAULT_TRACE_TRUNCATE || record->offset > to->len) {
    set_len(to, (size_t)record->offset);
  }
}

/* Sectors are those of the disk: aligned in the file. */
static void apply_torn(file *to, const fault_trace_record *record, fault_random *random) {
  const char *bytes = fault_trace_payload(record);
  bool prefix_only = fault_random_percent(random, 30);
  for (size_t at = 0; at < record->len;) {
    size_t room = SECTOR_SIZE - (size_t)(record->offset + at) % SECTOR_SIZE;
    size_t take = record->len - at < room ? (size_t)record->len - at : room;
    bool there = fault_random_percent(random, 50);
    if (there) put_bytes(to, (size_t)record->offset + at, bytes + at, take);
    if (prefix_only && !there) return;
    at += take;
  }
}

static void copy_text(char *to, const char *from, size_t len) {
  if (len >= NAME_SIZE) len = NAME_SIZE - 1;
  memcpy(to, from, len);
  to[len] = 0;
}

static void remove_name(folder *names, const char *text) {
  for (size_t i = 0; i < names->count; i++) {
    if (strcmp(names->names[i].text, text) == 0) names->names[i--] = names->names[--names->count];
  }
}

static void add_name(folder *names, const char *text, int32_t file_number) {
  remove_name(names, text);
  if (names->count == FILE_COUNT_MAX) return;
  strcpy(names->names[names->count].text, text);
  names->names[names->count++].file = file_number;
}

static void apply_name(folder *names, const fault_trace_record *record) {
  char text[NAME_SIZE], second[NAME_SIZE];
  const char *payload = fault_trace_payload(record);
  copy_text(text, payload, (size_t)(record->type == FAULT_TRACE_RENAME ? record->offset : record->len));
  if (record->type == FAULT_TRACE_OPEN) add_name(names, text, record->file);
  if (record->type == FAULT_TRACE_UNLINK) remove_name(names, text);
  if (record->type != FAULT_TRACE_RENAME) return;
  copy_text(second, payload + record->offset, (size_t)(record->len - record->offset));
  for (size_t i = 0; i < names->count; i++) {
    if (strcmp(names->names[i].text, text) != 0) continue;
    int32_t file_number = names->names[i].file;
    remove_name(names, text);
    add_name(names, second, file_number);
    return;
  }
}

fault_image *fault_image_open(const fault_trace *trace) {
  fault_image *image = calloc(1, sizeof *image);
  if (image != NULL) image->trace = trace;
  return image;
}

void fault_image_close(fault_image *image) {
  if (image == NULL) return;
  for (size_t i = 0; i < FILE_COUNT_MAX; i++) {
    free(image->files[i].bytes);
    free(image->files[i].pending);
  }
  free(image->changes);
  free(image);
}

bool fault_image_begin(fault_image *image, size_t index) {
  const fault_trace_record *record = image->trace->records[index];
  if (record->file >= FILE_COUNT_MAX) {
    fprintf(stderr, "image: more than %d files\n", FILE_COUNT_MAX);
    exit(2);
  }
  switch (record->type) {
    case FAULT_TRACE_MAPPED:
      fprintf(stderr, "image: file %d is mapped for writing: its writes cannot be recorded\n", record->file);
      exit(2);
    case FAULT_TRACE_WRITE:
    case FAULT_TRACE_TRUNCATE:
    case FAULT_TRACE_EXTEND: {
      file *to = &image->files[record->file];
      to->pending = grow(to->pending, &to->pending_capacity, to->pending_count + 1, sizeof *to->pending);
      to->pending[to->pending_count++] = index;
      return true;
    }
    case FAULT_TRACE_OPEN:
      if (record->extra == 0) { /* it stood there before the recording: its name is durable */
        for (size_t i = 0; i < image->names.count; i++) {
          if (image->names.names[i].file == record->file) return false;
        }
        for (size_t i = 0; i < image->change_count; i++) {
          if (image->trace->records[image->changes[i]]->file == record->file) return false;
        }
        apply_name(&image->names, record);
        return false;
      }
      /* fall through */
    case FAULT_TRACE_UNLINK:
    case FAULT_TRACE_RENAME:
      image->changes = grow(image->changes, &image->change_capacity, image->change_count + 1, sizeof *image->changes);
      image->changes[image->change_count++] = index;
      return true;
    default: return record->type == FAULT_TRACE_SYNC || record->type == FAULT_TRACE_DIR_SYNC;
  }
}

/* What was recorded before `covered` is durable now. */
static void flush_file(fault_image *image, file *flushed, size_t covered) {
  size_t kept = 0;
  for (size_t i = 0; i < flushed->pending_count; i++) {
    if (flushed->pending[i] < covered) {
      apply_whole(flushed, image->trace->records[flushed->pending[i]]);
    } else {
      flushed->pending[kept++] = flushed->pending[i];
    }
  }
  flushed->pending_count = kept;
}

/* An O_DSYNC write is durable alone. Older pending writes that it covers can no longer be seen. */
static void finish_dsync(fault_image *image, file *to, size_t index) {
  const fault_trace_record *record = image->trace->records[index];
  size_t kept = 0;
  for (size_t i = 0; i < to->pending_count; i++) {
    const fault_trace_record *other = image->trace->records[to->pending[i]];
    bool covered = other->type == FAULT_TRACE_WRITE && other->offset >= record->offset &&
                   other->offset + other->len <= record->offset + record->len;
    if (!covered) to->pending[kept++] = to->pending[i];
  }
  to->pending_count = kept;
  apply_whole(to, record);
}

static void flush_names(fault_image *image, size_t covered) {
  size_t kept = 0;
  for (size_t i = 0; i < image->change_count; i++) {
    if (image->changes[i] < covered) {
      apply_name(&image->names, image->trace->records[image->changes[i]]);
    } else {
      image->changes[kept++] = image->changes[i];
    }
  }
  image->change_count = kept;
}

void fault_image_finish(fault_image *image, size_t index) {
  const fault_trace_record *record = image->trace->records[index];
  if (record->type == FAULT_TRACE_SYNC) flush_file(image, &image->files[record->file], (size_t)record->extra);
  if (record->type == FAULT_TRACE_DIR_SYNC) flush_names(image, (size_t)record->extra);
  if (record->type == FAULT_TRACE_WRITE && record->extra == 1) finish_dsync(image, &image->files[record->file], index);
}

bool fault_image_has(const fault_image *image, fault_variant variant) {
  size_t pending = image->change_count;
  for (size_t i = 0; i < FILE_COUNT_MAX; i++) pending += image->files[i].pending_count;
  switch (variant) {
    case FAULT_NOTHING: return true;
    case FAULT_SUBSET: return pending > 1;
    default: return pending > 0;
  }
}

static void lay_over(const fault_image *image, const file *from, file *to, fault_variant variant,
                     fault_random *random) {
  set_len(to, 0);
  put_bytes(to, 0, from->bytes, from->len);
  for (size_t i = 0; i < from->pending_count && variant != FAULT_NOTHING; i++) {
    const fault_trace_record *record = image->trace->records[from->pending[i]];
    uint32_t choice = fault_random_below(random, 100);
    if (variant == FAULT_EVERYTHING || (variant == FAULT_SUBSET && choice < 50) ||
        (variant == FAULT_TORN && choice < 35)) {
      apply_whole(to, record);
    } else if (variant == FAULT_TORN && choice < 75) {
      if (record->type == FAULT_TRACE_WRITE) apply_torn(to, record, random);
    }
  }
}

static int write_file(const char *folder_path, const char *text, const file *from) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder_path, text);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  int rc = 0;
  for (size_t at = 0; rc == 0 && at < from->len;) {
    ssize_t written = pwrite(fd, from->bytes + at, from->len - at, (off_t)at);
    if (written <= 0) rc = -1;
    if (written > 0) at += (size_t)written;
  }
  if (rc == 0) rc = ftruncate(fd, (off_t)from->len);
  close(fd);
  return rc;
}

int fault_image_write(const fault_image *image, const char *folder_path, fault_variant variant, fault_random *random) {
  folder names = image->names;
  size_t changes = variant == FAULT_NOTHING      ? 0
                   : variant == FAULT_EVERYTHING ? image->change_count
                                                 : fault_random_below(random, (uint32_t)image->change_count + 1);
  for (size_t i = 0; i < changes; i++) apply_name(&names, image->trace->records[image->changes[i]]);
  file scratch = {0};
  bool written[FILE_COUNT_MAX] = {false};
  int rc = 0;
  for (size_t i = 0; rc == 0 && i < names.count; i++) {
    int32_t number = names.names[i].file;
    lay_over(image, &image->files[number], &scratch, variant, random);
    rc = write_file(folder_path, names.names[i].text, &scratch);
    written[number] = true;
  }
  free(scratch.bytes);
  /* Names that no image has now but an earlier one may have had. */
  for (size_t i = 0; rc == 0 && i < image->trace->count; i++) {
    const fault_trace_record *record = image->trace->records[i];
    if (record->type != FAULT_TRACE_OPEN || written[record->file]) continue;
    char text[NAME_SIZE], path[4096];
    copy_text(text, fault_trace_payload(record), (size_t)record->len);
    bool in_use = false;
    for (size_t n = 0; n < names.count; n++) in_use = in_use || strcmp(names.names[n].text, text) == 0;
    snprintf(path, sizeof path, "%s/%s", folder_path, text);
    if (!in_use && unlink(path) != 0 && errno != ENOENT) rc = -1;
  }
  return rc;
}
