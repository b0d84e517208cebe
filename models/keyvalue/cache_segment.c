/* cache_segment.c - where the memory of a cache bucket comes from: making, attaching, checking, dropping.
 *
 * Whoever has a segment attached keeps a shared flock on its file; the kernel gives it back when the process ends, however
 * it ends. So an exclusive flock says "nobody else is here", and only then is a segment made anew. */
#include "models/keyvalue/cache_layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_PREFIX "medley-cache-"
#define ATTACH_TRIES 400 /* of 5 ms */
#define TABLE_LEN_MIN 64

/* ---- Names ---- */
static uint64_t database_number(const med_cache_place *place) {
  uint8_t bytes[32];
  med_put_u64(bytes, place->device);
  med_put_u64(bytes + 8, place->inode);
  memcpy(bytes + 16, place->identity, 16);
  return med_hash64(bytes, sizeof bytes, 0);
}

static char *path_of(const med_cache_place *place) {
  med_buffer path = {0};
  if (!med_buffer_printf(&path, "%s/%s%016llx-%llx", place->directory, NAME_PREFIX,
                         (unsigned long long)database_number(place), (unsigned long long)place->bucket_id)) {
    med_buffer_clear(&path);
    return NULL;
  }
  return path.bytes;
}

/* ---- Geometry ---- computed from the size alone, never read from the segment */
static size_t round_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

static uint32_t shard_count_for(uint64_t size_bytes) {
  uint32_t count = 1;
  while (count < MED_CACHE_SHARDS_MAX && (uint64_t)count * 2 * MED_CACHE_SIZE_MIN <= size_bytes) count *= 2;
  return count;
}

static void lay_out(med_cache_segment *segment, uint64_t size_bytes, uint8_t *memory) {
  segment->map_size = (size_t)size_bytes;
  segment->shard_count = shard_count_for(size_bytes);
  uint64_t table_len = TABLE_LEN_MIN;
  while (table_len * 2 * segment->shard_count <= size_bytes / MED_CACHE_CHUNK_SIZE / 2) table_len *= 2;
  segment->table_len = (uint32_t)table_len;
  size_t shards_at = round_up(sizeof(med_cache_header), 4096);
  size_t tables_at = shards_at + segment->shard_count * sizeof(med_cache_shard);
  size_t table_bytes = (size_t)segment->shard_count * segment->table_len * sizeof(uint32_t);
  size_t chunks_at = round_up(tables_at + table_bytes, MED_CACHE_CHUNK_SIZE);
  segment->header = (med_cache_header *)(void *)memory;
  segment->shards = (med_cache_shard *)(void *)(memory + shards_at);
  segment->tables = (uint32_t *)(void *)(memory + tables_at);
  segment->chunks = memory + chunks_at;
  segment->chunk_count = (uint32_t)((size_bytes - chunks_at) / MED_CACHE_CHUNK_SIZE);
  segment->hold_reserve = segment->chunk_count / 64;
  segment->share = segment->chunk_count / segment->shard_count;
  segment->value_size_max = size_bytes / 4 < UINT32_MAX / 2 ? (size_t)(size_bytes / 4) : UINT32_MAX / 2;
}

/* ---- The header ---- */
static void read_boot_id(char boot_id[40]) {
  memset(boot_id, 0, 40);
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t len = read(fd, boot_id, 36);
  close(fd);
  if (len != 36) memset(boot_id, 0, 40);
}

static bool header_fits(const med_cache_segment *segment, const med_cache_place *place, uint64_t size_bytes) {
  const med_cache_header *header = segment->header;
  char boot_id[40];
  read_boot_id(boot_id);
  return atomic_load_explicit(&header->magic, memory_order_acquire) == MED_CACHE_MAGIC &&
         header->layout_version == MED_CACHE_LAYOUT_VERSION && header->header_size == sizeof *header &&
         boot_id[0] != '\0' && memcmp(header->boot_id, boot_id, sizeof boot_id) == 0 &&
         memcmp(header->identity, place->identity, 16) == 0 && header->device == place->device &&
         header->inode == place->inode && header->bucket_id == place->bucket_id && header->size_bytes == size_bytes &&
         header->eviction == (uint32_t)segment->eviction && !atomic_load(&header->dropped);
}

static uint64_t mix(uint64_t seed, uint64_t number) { return med_hash64(&number, sizeof number, seed); }

static bool write_header(med_cache_segment *segment, const med_cache_place *place, uint64_t size_bytes, uint64_t seed) {
  med_cache_header *header = segment->header;
  header->layout_version = MED_CACHE_LAYOUT_VERSION;
  header->header_size = sizeof *header;
  read_boot_id(header->boot_id);
  memcpy(header->identity, place->identity, 16);
  header->device = place->device;
  header->inode = place->inode;
  header->bucket_id = place->bucket_id;
  header->size_bytes = size_bytes;
  header->eviction = (uint32_t)segment->eviction;
  header->hash_seed = mix(seed, 1);
  size_t path_len = place->database_path != NULL ? strlen(place->database_path) : 0;
  if (path_len > 0 && path_len < sizeof header->database_path) {
    memcpy(header->database_path, place->database_path, path_len);
  }
  header->token_count = mix(seed, 2) >> 16;
  /* Numbers that a caller kept from an earlier segment of that name must not fit this one, so they begin at random. */
  for (uint32_t i = 0; i < segment->shard_count; i++) {
    segment->shards[i].cas_count = mix(seed, 3) >> 16;
    segment->shards[i].random = mix(seed, 4 + i) | 1;
    if (!med_cache_init_mutex(&segment->shards[i].mutex)) return false;
  }
  if (!med_cache_init_mutex(&header->control) || !med_cache_init_mutex(&header->pool.mutex)) return false;
  med_cache_make_empty(segment);
  atomic_store_explicit(&header->magic, MED_CACHE_MAGIC, memory_order_release);
  return true;
}

/* ---- Files ---- */
static int open_file(const char *path, int *fd, medley_error *error) {
  *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (*fd < 0) {
    int status = errno == ENOSPC ? MEDLEY_FULL : MEDLEY_CANNOT_OPEN;
    return med_error_set_foreign(error, status, errno, "cache: cannot open the segment: %s", path);
  }
  struct stat facts;
  if (fstat(*fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_uid == geteuid() && (facts.st_mode & 077) == 0) {
    return MEDLEY_OK;
  }
  close(*fd);
  *fd = -1;
  return med_error_set(error, MEDLEY_CANNOT_OPEN, "cache: the segment is not a private file of this user: %s", path);
}

static int reserve(int fd, uint64_t size_bytes, medley_error *error) {
  int code = ftruncate(fd, 0) == 0 ? 0 : errno;
  while (code == 0 || code == EINTR) {
    code = posix_fallocate(fd, 0, (off_t)size_bytes);
    if (code == 0) return MEDLEY_OK;
  }
  (void)!ftruncate(fd, 0);
  int status = code == ENOSPC || code == EFBIG || code == ENOMEM ? MEDLEY_FULL : MEDLEY_IO;
  return med_error_set_foreign(error, status, code, "cache: no room for a segment of %llu bytes",
                               (unsigned long long)size_bytes);
}

static int map(med_cache_segment *segment, uint64_t size_bytes, int fd, medley_error *error) {
  int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  void *memory = mmap(NULL, (size_t)size_bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (memory == MAP_FAILED) {
    return med_error_set_foreign(error, errno == ENOMEM ? MEDLEY_NO_MEMORY : MEDLEY_IO, errno,
                                 "cache: cannot map a segment of %llu bytes", (unsigned long long)size_bytes);
  }
  (void)madvise(memory, (size_t)size_bytes, MADV_HUGEPAGE); /* where the system allows it for shared memory */
  lay_out(segment, size_bytes, memory);
  return MEDLEY_OK;
}

static void unmap(med_cache_segment *segment) {
  if (segment->header != NULL) munmap(segment->header, segment->map_size);
  segment->header = NULL;
}

typedef struct attachment {
  const med_cache_place *place;
  uint64_t size_bytes, seed;
  bool fresh;
} attachment;

/* Maps the file if it holds a segment that fits; *fits says so. */
static int map_present(med_cache_segment *segment, const attachment *wanted, int fd, bool *fits, medley_error *error) {
  struct stat facts;
  *fits = false;
  if (fstat(fd, &facts) != 0 || (uint64_t)facts.st_size != wanted->size_bytes) return MEDLEY_OK;
  int rc = map(segment, wanted->size_bytes, fd, error);
  if (rc != MEDLEY_OK) return rc;
  *fits = header_fits(segment, wanted->place, wanted->size_bytes);
  if (*fits) return MEDLEY_OK;
  bool dropped = atomic_load(&segment->header->magic) == MED_CACHE_MAGIC && atomic_load(&segment->header->dropped);
  unmap(segment);
  if (!dropped) return MEDLEY_OK;
  (void)unlink(segment->path); /* whoever dropped it died before it did so */
  return MEDLEY_BUSY;
}

static int make(med_cache_segment *segment, const attachment *wanted, int fd, medley_error *error) {
  int rc = fd < 0 ? MEDLEY_OK : reserve(fd, wanted->size_bytes, error);
  if (rc == MEDLEY_OK) rc = map(segment, wanted->size_bytes, fd, error);
  if (rc != MEDLEY_OK) return rc;
  if (write_header(segment, wanted->place, wanted->size_bytes, wanted->seed)) return MEDLEY_OK;
  unmap(segment);
  return med_error_set(error, MEDLEY_UNSUPPORTED, "cache: this system has no mutexes that processes can share");
}

/* Nobody else is here, so whatever stands in a slot was left by the dead. False if one of them was dropping the bucket:
 * whether that came about, the catalog knows. */
static bool free_slots(med_cache_segment *segment) {
  med_cache_header *header = segment->header;
  for (int i = 0; i < MED_CACHE_SLOT_COUNT; i++) {
    if (atomic_load(&header->slots[i].state) == MED_CACHE_SLOT_DROP) return false;
    atomic_store(&header->slots[i].state, MED_CACHE_SLOT_FREE);
  }
  atomic_store(&header->all_count, 0);
  return true;
}

/* One try. BUSY: another process is making or dropping it at this moment; UNSUPPORTED: it uses what does not fit. */
static int try_attach(med_cache_segment *segment, const attachment *wanted, medley_error *error) {
  int fd;
  int rc = open_file(segment->path, &fd, error);
  if (rc != MEDLEY_OK) return rc;
  bool alone = flock(fd, LOCK_EX | LOCK_NB) == 0, fits = false;
  struct stat facts;
  if ((!alone && flock(fd, LOCK_SH | LOCK_NB) != 0) || fstat(fd, &facts) != 0 || facts.st_nlink == 0) {
    rc = MEDLEY_BUSY;
  } else if (!alone || !wanted->fresh) {
    rc = map_present(segment, wanted, fd, &fits, error);
    if (rc == MEDLEY_OK && !fits && !alone) rc = MEDLEY_UNSUPPORTED;
    if (fits && alone && !free_slots(segment)) {
      unmap(segment);
      fits = false;
    }
  }
  if (rc == MEDLEY_OK && !fits) {
    rc = make(segment, wanted, fd, error);
    if (rc != MEDLEY_OK) (void)unlink(segment->path);
  }
  if (rc == MEDLEY_OK && alone && flock(fd, LOCK_SH) != 0) rc = MEDLEY_BUSY;
  if (rc == MEDLEY_OK) {
    segment->fd = fd;
    return rc;
  }
  unmap(segment);
  close(fd);
  return rc;
}

static int attach(med_cache_segment *segment, const attachment *wanted, medley_error *error) {
  int rc = MEDLEY_BUSY;
  for (int i = 0; i < ATTACH_TRIES && (rc == MEDLEY_BUSY || rc == MEDLEY_UNSUPPORTED); i++) {
    if (i > 0) {
      struct timespec pause = {0, 5 * 1000000};
      nanosleep(&pause, NULL);
    }
    rc = try_attach(segment, wanted, error);
    /* What is still being made fits in a moment; what other bounds use will not. */
    if (rc == MEDLEY_UNSUPPORTED && i >= ATTACH_TRIES / 4) break;
  }
  if (rc == MEDLEY_UNSUPPORTED && segment->header == NULL) {
    return med_error_set(error, rc, "cache: a process with another version uses the segment: %s", segment->path);
  }
  if (rc == MEDLEY_BUSY) return med_error_set(error, rc, "cache: the segment is locked: %s", segment->path);
  return rc;
}

int med_cache_segment_open(const med_cache_place *place, uint64_t size_bytes, medley_eviction eviction, bool fresh,
                           uint64_t seed, med_cache_segment **segment, medley_error *error) {
  *segment = NULL;
  if (size_bytes < MED_CACHE_SIZE_MIN || size_bytes > MED_CACHE_SIZE_MAX || (int)eviction < 0 ||
      eviction > MEDLEY_EVICT_VOLATILE_TTL) {
    return med_error_set(error, MEDLEY_RANGE, "cache: a bucket has between 1 MiB and 64 GiB and one of nine policies");
  }
  med_cache_segment *made = med_alloc_zero(sizeof *made);
  if (made == NULL) return med_error_no_memory(error);
  attachment wanted = {place, size_bytes, seed, fresh};
  made->fd = -1;
  made->eviction = eviction;
  made->pid = (uint32_t)getpid();
  made->pid_start = med_cache_process_start(made->pid);
  int rc;
  if (place->directory == NULL)
    rc = make(made, &wanted, -1, error);
  else if ((made->path = path_of(place)) == NULL)
    rc = med_error_no_memory(error);
  else
    rc = attach(made, &wanted, error);
  if (rc != MEDLEY_OK) {
    med_cache_segment_close(made);
    return rc;
  }
  made->hash_seed = made->header->hash_seed;
  *segment = made;
  return MEDLEY_OK;
}

void med_cache_segment_close(med_cache_segment *segment) {
  if (segment == NULL) return;
  unmap(segment);
  if (segment->fd >= 0) close(segment->fd);
  med_free(segment->path);
  med_free(segment);
}

void med_cache_segment_drop(med_cache_segment *segment) {
  atomic_store_explicit(&segment->header->dropped, 1, memory_order_release);
  struct stat ours, present; /* another may have unlinked it before, and made the bucket again */
  if (segment->path == NULL || fstat(segment->fd, &ours) != 0 || stat(segment->path, &present) != 0) return;
  if (ours.st_dev == present.st_dev && ours.st_ino == present.st_ino) (void)unlink(segment->path);
}

bool med_cache_segment_dropped(const med_cache_segment *segment) {
  return atomic_load_explicit(&segment->header->dropped, memory_order_acquire) != 0;
}

size_t med_cache_segment_value_size_max(const med_cache_segment *segment) { return segment->value_size_max; }

/* ---- What a crash left ---- */
static bool is_deserted(int fd) {
  enum { SIZE = offsetof(med_cache_header, dropped) };
  union {
    uint8_t bytes[SIZE];
    med_cache_header header;
  } *start = med_alloc(sizeof *start);
  if (start == NULL) return false;
  bool deserted = false;
  if (pread(fd, start->bytes, SIZE, 0) == SIZE && atomic_load(&start->header.magic) == MED_CACHE_MAGIC &&
      start->header.layout_version == MED_CACHE_LAYOUT_VERSION && start->header.database_path[0] == '/' &&
      memchr(start->header.database_path, '\0', MED_CACHE_PATH_SIZE) != NULL) {
    struct stat facts;
    if (stat(start->header.database_path, &facts) != 0)
      deserted = errno == ENOENT;
    else
      deserted = facts.st_dev != start->header.device || facts.st_ino != start->header.inode;
  }
  med_free(start);
  return deserted;
}

static void remove_if_unused(int directory, const char *name, bool is_known_as_unused) {
  int fd = openat(directory, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0 && (is_known_as_unused || is_deserted(fd))) (void)unlinkat(directory, name, 0);
  close(fd);
}

void med_cache_segment_sweep(const med_cache_place *place, bool (*is_known)(void *context, uint64_t bucket_id),
                             void *context) {
  if (place->directory == NULL) return;
  DIR *directory = opendir(place->directory);
  if (directory == NULL) return;
  char prefix[sizeof NAME_PREFIX + 18];
  int prefix_len = snprintf(prefix, sizeof prefix, NAME_PREFIX "%016llx-", (unsigned long long)database_number(place));
  for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    if (strncmp(entry->d_name, NAME_PREFIX, sizeof NAME_PREFIX - 1) != 0) continue;
    if (strncmp(entry->d_name, prefix, (size_t)prefix_len) != 0) {
      remove_if_unused(dirfd(directory), entry->d_name, false);
      continue;
    }
    char *end;
    uint64_t bucket_id = strtoull(entry->d_name + prefix_len, &end, 16);
    if (*end == '\0' && !is_known(context, bucket_id)) remove_if_unused(dirfd(directory), entry->d_name, true);
  }
  closedir(directory);
}
