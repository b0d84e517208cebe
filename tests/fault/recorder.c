/* recorder.c - a library for LD_PRELOAD that records what a process does to the files of one folder.
 *
 * LMDB and the C library are used as packaged: LMDB's calls go through the procedure linkage table and arrive here. The
 * real call is made as well, so mapped readers see what they must see. Formats: trace.h.
 *
 * A flush covers the writes that were recorded before it began; it is recorded when it has returned. A write is recorded
 * when it has returned. The mutex is not held over the real flush, so that other threads run on meanwhile as they would
 * with a disk. Files ending in "-lock" and "-cache" are shared memory that holds no acknowledged data: not watched. */
#undef _FILE_OFFSET_BITS /* open and open64 are two symbols here, and both are meant */
#include "tests/fault/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FD_MAX 1024
#define FILE_MAX 4096
#define EXPORT __attribute__((visibility("default")))

typedef enum watch_kind { WATCH_NONE = 0, WATCH_FILE, WATCH_FOLDER, WATCH_MARKS } watch_kind;
typedef struct watch {
  watch_kind kind;
  int32_t file;
  bool dsync;
} watch;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static watch watches[FD_MAX];
static ino_t inodes[FILE_MAX]; /* file id -> inode; 0 once unlinked */
static int32_t file_count;
static uint64_t record_count;
static int trace_fd = -1;
static pid_t owner;
static char folder[PATH_MAX];
static size_t folder_len;
static unsigned sync_us;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv(FAULT_TRACE_FILE);
  const char *watched = getenv(FAULT_TRACE_FOLDER);
  const char *delay = getenv(FAULT_TRACE_SYNC_US);
  if (path == NULL || watched == NULL || realpath(watched, folder) == NULL) return;
  folder_len = strlen(folder);
  sync_us = delay != NULL ? (unsigned)atoi(delay) : 0;
  owner = getpid();
  trace_fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Under the mutex. */
static void put_record(uint32_t type, int32_t file, uint64_t offset, const struct iovec *parts, int part_count,
                       uint64_t len, uint64_t extra) {
  static const char padding[8];
  fault_trace_record record = {type, file, offset, len, extra};
  struct iovec out[IOV_MAX];
  int count = 0;
  uint64_t left = len;
  out[count++] = (struct iovec){&record, sizeof record};
  for (int i = 0; i < part_count && left > 0 && count < IOV_MAX - 1; i++) {
    size_t take = parts[i].iov_len < left ? parts[i].iov_len : (size_t)left;
    out[count++] = (struct iovec){parts[i].iov_base, take};
    left -= take;
  }
  if (len % 8 != 0) out[count++] = (struct iovec){(void *)(uintptr_t)padding, 8 - (size_t)(len % 8)};
  uint64_t total = 0;
  for (int i = 0; i < count; i++) total += out[i].iov_len;
  if (left > 0 || syscall(SYS_writev, trace_fd, out, count) != (long)total) abort(); /* a lying trace is worse */
  record_count++;
}

static void put_path(uint32_t type, int32_t file, const char *path, uint64_t extra) {
  struct iovec part = {(void *)(uintptr_t)path, strlen(path)};
  put_record(type, file, 0, &part, 1, part.iov_len, extra);
}

static bool recording(void) { return trace_fd >= 0 && getpid() == owner; }

static watch *watch_of(int fd) {
  return recording() && fd >= 0 && fd < FD_MAX && watches[fd].kind != WATCH_NONE ? &watches[fd] : NULL;
}

static bool ends_with(const char *text, const char *end) {
  size_t text_len = strlen(text), end_len = strlen(end);
  return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0;
}

static bool in_folder(const char *path) { return strncmp(path, folder, folder_len) == 0 && path[folder_len] == '/'; }

static int32_t file_id(ino_t inode, bool created) {
  for (int32_t i = 0; !created && i < file_count; i++) {
    if (inodes[i] == inode) return i;
  }
  if (file_count == FILE_MAX) abort();
  inodes[file_count] = inode;
  return file_count++;
}

static void note_open(int fd, int flags, bool created) {
  char link[64], path[PATH_MAX] = {0};
  struct stat status;
  if (fd < 0 || fd >= FD_MAX || !recording()) return;
  strcpy(link, "/proc/self/fd/");
  char digits[12];
  int count = 0;
  for (int rest = fd; count == 0 || rest > 0; rest /= 10) digits[count++] = (char)('0' + rest % 10);
  size_t at = strlen(link);
  while (count > 0) link[at++] = digits[--count];
  link[at] = 0;
  if (readlink(link, path, sizeof path - 1) < 0 || fstat(fd, &status) != 0) return;
  pthread_mutex_lock(&mutex);
  watches[fd] = (watch){0};
  if (strcmp(path, folder) == 0) {
    watches[fd].kind = WATCH_FOLDER;
  } else if (ends_with(path, ".ack")) {
    watches[fd].kind = WATCH_MARKS;
  } else if (in_folder(path) && S_ISREG(status.st_mode) && !ends_with(path, "-lock") && !ends_with(path, "-cache")) {
    watches[fd] = (watch){WATCH_FILE, file_id(status.st_ino, created), (flags & (O_DSYNC | O_SYNC)) != 0};
    put_path(FAULT_TRACE_OPEN, watches[fd].file, path + folder_len + 1, created);
    if ((flags & O_TRUNC) != 0 && !created) put_record(FAULT_TRACE_TRUNCATE, watches[fd].file, 0, NULL, 0, 0, 0);
  }
  pthread_mutex_unlock(&mutex);
}

static int open_at(int folder_fd, const char *path, int flags, mode_t mode) {
  bool missing = (flags & O_CREAT) != 0 && syscall(SYS_faccessat, folder_fd, path, F_OK) != 0;
  int fd = (int)syscall(SYS_openat, folder_fd, path, flags, mode);
  int kept = errno;
  if (fd >= 0) note_open(fd, flags, missing);
  errno = kept;
  return fd;
}

#define OPEN_MODE(flags, last)                                      \
  mode_t mode = 0;                                                  \
  if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) { \
    va_list arguments;                                              \
    va_start(arguments, last);                                      \
    mode = va_arg(arguments, mode_t);                               \
    va_end(arguments);                                              \
  }

EXPORT int open(const char *path, int flags, ...) {
  OPEN_MODE(flags, flags)
  return open_at(AT_FDCWD, path, flags, mode);
}
EXPORT int open64(const char *path, int flags, ...) {
  OPEN_MODE(flags, flags)
  return open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
EXPORT int openat(int folder_fd, const char *path, int flags, ...) {
  OPEN_MODE(flags, flags)
  return open_at(folder_fd, path, flags, mode);
}
EXPORT int openat64(int folder_fd, const char *path, int flags, ...) {
  OPEN_MODE(flags, flags)
  return open_at(folder_fd, path, flags | O_LARGEFILE, mode);
}

EXPORT int close(int fd) {
  if (fd >= 0 && fd < FD_MAX) {
    pthread_mutex_lock(&mutex);
    watches[fd] = (watch){0};
    pthread_mutex_unlock(&mutex);
  }
  return (int)syscall(SYS_close, fd);
}

/* Makes the call and records what it wrote. position < 0: at the descriptor's own position. */
static ssize_t write_parts(int fd, const struct iovec *parts, int count, off_t position) {
  watch *watched = watch_of(fd);
  if (watched == NULL) {
    return position < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, position, 0);
  }
  if (watched->dsync && sync_us > 0) usleep(sync_us);
  pthread_mutex_lock(&mutex);
  ssize_t written =
      position < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, position, 0);
  int kept = errno;
  if (written > 0 && watched->kind == WATCH_MARKS) {
    put_record(FAULT_TRACE_MARK, -1, 0, parts, count, (uint64_t)written, 0);
  } else if (written > 0 && watched->kind == WATCH_FILE) {
    off_t at = position >= 0 ? position : (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) - written;
    put_record(FAULT_TRACE_WRITE, watched->file, (uint64_t)at, parts, count, (uint64_t)written, watched->dsync);
  }
  pthread_mutex_unlock(&mutex);
  errno = kept;
  return written;
}

EXPORT ssize_t write(int fd, const void *bytes, size_t len) {
  struct iovec part = {(void *)(uintptr_t)bytes, len};
  return write_parts(fd, &part, 1, -1);
}
EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) { return write_parts(fd, parts, count, -1); }
EXPORT ssize_t pwrite(int fd, const void *bytes, size_t len, off_t position) {
  struct iovec part = {(void *)(uintptr_t)bytes, len};
  return write_parts(fd, &part, 1, position);
}
EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t position) {
  return pwrite(fd, bytes, len, position);
}
EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t position) {
  return write_parts(fd, parts, count, position);
}
EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t position) {
  return write_parts(fd, parts, count, position);
}

static int flush(int fd, long call) {
  watch *watched = watch_of(fd);
  if (watched == NULL) return (int)syscall(call, fd);
  pthread_mutex_lock(&mutex);
  uint64_t covered = record_count;
  pthread_mutex_unlock(&mutex);
  int rc = (int)syscall(call, fd);
  int kept = errno;
  if (sync_us > 0) usleep(sync_us);
  if (rc == 0) {
    pthread_mutex_lock(&mutex);
    if (watched->kind == WATCH_FILE) put_record(FAULT_TRACE_SYNC, watched->file, 0, NULL, 0, 0, covered);
    if (watched->kind == WATCH_FOLDER) put_record(FAULT_TRACE_DIR_SYNC, -1, 0, NULL, 0, 0, covered);
    pthread_mutex_unlock(&mutex);
  }
  errno = kept;
  return rc;
}
EXPORT int fdatasync(int fd) { return flush(fd, SYS_fdatasync); }
EXPORT int fsync(int fd) { return flush(fd, SYS_fsync); }

static int resize(int fd, off_t length, uint32_t type, int rc) {
  watch *watched = watch_of(fd);
  if (rc != 0 || watched == NULL || watched->kind != WATCH_FILE) return rc;
  pthread_mutex_lock(&mutex);
  put_record(type, watched->file, (uint64_t)length, NULL, 0, 0, 0);
  pthread_mutex_unlock(&mutex);
  return rc;
}
EXPORT int ftruncate(int fd, off_t length) {
  return resize(fd, length, FAULT_TRACE_TRUNCATE, (int)syscall(SYS_ftruncate, fd, length));
}
EXPORT int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }
EXPORT int fallocate(int fd, int mode, off_t offset, off_t length) {
  int rc = (int)syscall(SYS_fallocate, fd, mode, offset, length);
  return mode == 0 ? resize(fd, offset + length, FAULT_TRACE_EXTEND, rc) : rc;
}
EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return fallocate(fd, mode, offset, length); }
EXPORT int posix_fallocate(int fd, off_t offset, off_t length) {
  return fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
}
EXPORT int posix_fallocate64(int fd, off64_t offset, off64_t length) { return posix_fallocate(fd, offset, length); }

EXPORT void *mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset) {
  watch *watched = watch_of(fd);
  if (watched != NULL && watched->kind == WATCH_FILE && (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0) {
    pthread_mutex_lock(&mutex);
    put_record(FAULT_TRACE_MAPPED, watched->file, 0, NULL, 0, 0, 0);
    pthread_mutex_unlock(&mutex);
  }
  return (void *)syscall(SYS_mmap, address, len, protection, flags, fd, offset);
}
EXPORT void *mmap64(void *address, size_t len, int protection, int flags, int fd, off64_t offset) {
  return mmap(address, len, protection, flags, fd, offset);
}

/* The path inside the folder, or NULL. */
static const char *watched_name(const char *path, char resolved[PATH_MAX]) {
  const char *slash = strrchr(path, '/');
  char parent[PATH_MAX] = ".";
  if (!recording() || strlen(path) >= PATH_MAX) return NULL;
  if (slash != NULL) {
    memcpy(parent, path, (size_t)(slash - path));
    parent[slash - path] = 0;
  }
  if (realpath(parent, resolved) == NULL || strcmp(resolved, folder) != 0) return NULL;
  return slash != NULL ? slash + 1 : path;
}

static void forget(const char *path) {
  struct stat status;
  if (fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  for (int32_t i = 0; i < file_count; i++) {
    if (inodes[i] == status.st_ino) inodes[i] = 0;
  }
}

static int unlink_at(int folder_fd, const char *path, int flags) {
  char resolved[PATH_MAX];
  const char *name = folder_fd == AT_FDCWD ? watched_name(path, resolved) : NULL;
  if (name == NULL) return (int)syscall(SYS_unlinkat, folder_fd, path, flags);
  pthread_mutex_lock(&mutex);
  forget(path);
  int rc = (int)syscall(SYS_unlinkat, folder_fd, path, flags);
  int kept = errno;
  if (rc == 0) put_path(FAULT_TRACE_UNLINK, -1, name, 0);
  pthread_mutex_unlock(&mutex);
  errno = kept;
  return rc;
}
EXPORT int unlink(const char *path) { return unlink_at(AT_FDCWD, path, 0); }
EXPORT int unlinkat(int folder_fd, const char *path, int flags) { return unlink_at(folder_fd, path, flags); }

EXPORT int rename(const char *from, const char *to) {
  char resolved[PATH_MAX];
  const char *old = watched_name(from, resolved);
  const char *new = watched_name(to, resolved);
  if (old == NULL || new == NULL) return (int)syscall(SYS_rename, from, to);
  pthread_mutex_lock(&mutex);
  int rc = (int)syscall(SYS_rename, from, to);
  int kept = errno;
  struct iovec parts[2] = {{(void *)(uintptr_t)old, strlen(old)}, {(void *)(uintptr_t) new, strlen(new)}};
  if (rc == 0) {
    put_record(FAULT_TRACE_RENAME, -1, parts[0].iov_len, parts, 2, parts[0].iov_len + parts[1].iov_len, 0);
  }
  pthread_mutex_unlock(&mutex);
  errno = kept;
  return rc;
}
