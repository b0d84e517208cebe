/* inject.c - a library for LD_PRELOAD that makes chosen calls of a process fail. See inject.h.
 *
 * glibc's allocator is reached under its own names (__libc_malloc ...), so that nothing is allocated on the way. I/O is
 * counted only for descriptors of files in the watched folder, and only while armed. */
#undef _FILE_OFFSET_BITS /* open and open64 are two symbols here, and both are meant */
#include "tests/fault/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define FD_MAX 1024

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

extern fault_inject_control fault_inject;
EXPORT fault_inject_control fault_inject;

enum { UNWATCHED, BESIDE, IN_FOLDER };
static volatile char watched[FD_MAX];

/* Whether this call is the one. */
bool fault_inject_due(int kind, const char *call) {
  if (fault_inject.kind != kind) return false;
  long number = __sync_add_and_fetch(&fault_inject.seen, 1);
  if (number < fault_inject.at || number - fault_inject.at >= fault_inject.repeat) return false;
  __sync_add_and_fetch(&fault_inject.failed, 1);
  fault_inject.last_call = call;
  return true;
}

/* ---- Memory ---- */
#define FAIL_MEMORY(call)                            \
  if (fault_inject_due(FAULT_INJECT_MEMORY, call)) { \
    errno = ENOMEM;                                  \
    return NULL;                                     \
  }

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
int posix_memalign(void **memory, size_t alignment, size_t size);

EXPORT void *malloc(size_t size) {
  FAIL_MEMORY("malloc")
  return __libc_malloc(size);
}
EXPORT void *calloc(size_t count, size_t size) {
  FAIL_MEMORY("calloc")
  return __libc_calloc(count, size);
}
EXPORT void *realloc(void *memory, size_t size) {
  FAIL_MEMORY("realloc")
  return __libc_realloc(memory, size);
}
EXPORT int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (fault_inject_due(FAULT_INJECT_MEMORY, "posix_memalign")) return ENOMEM;
  *memory = __libc_memalign(alignment, size);
  return *memory != NULL ? 0 : ENOMEM;
}

/* ---- I/O ---- */
static void end_here(void) {
  if (fault_inject.kill_delay_us > 0) usleep(fault_inject.kill_delay_us);
  kill(getpid(), SIGKILL);
}

/* 0: make the call; an errno: fail with it; FAULT_INJECT_SHORT: make half of it. */
static int fault_of(const char *call, bool can_be_short) {
  if (fault_inject.kind != FAULT_INJECT_IO) return 0;
  if (fault_inject.error == FAULT_INJECT_SHORT && !can_be_short) return 0;
  return fault_inject_due(FAULT_INJECT_IO, call) ? fault_inject.error : 0;
}

static bool is_watched(int fd) { return fd >= 0 && fd < FD_MAX && watched[fd] != 0; }

static bool begins_with(const char *path, const char *start) {
  return start[0] != 0 && strncmp(path, start, strlen(start)) == 0;
}

static bool is_watched_path(const char *path) {
  return begins_with(path, fault_inject.folder) || begins_with(path, fault_inject.beside[0]) ||
         begins_with(path, fault_inject.beside[1]);
}

static int open_at(int folder_fd, const char *path, int flags, mode_t mode) {
  bool ours = is_watched_path(path);
  int fault = ours ? fault_of("open", false) : 0;
  if (fault > 0) {
    errno = fault;
    return -1;
  }
  int fd = (int)syscall(SYS_openat, folder_fd, path, flags, mode);
  if (fault == FAULT_INJECT_KILL) end_here();
  if (fd >= 0 && fd < FD_MAX)
    watched[fd] = !ours ? UNWATCHED : begins_with(path, fault_inject.folder) ? IN_FOLDER : BESIDE;
  return fd;
}

#define OPEN_MODE(flags)                                            \
  mode_t mode = 0;                                                  \
  if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) { \
    va_list arguments;                                              \
    va_start(arguments, flags);                                     \
    mode = va_arg(arguments, mode_t);                               \
    va_end(arguments);                                              \
  }

EXPORT int open(const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}
EXPORT int open64(const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
EXPORT int openat(int folder_fd, const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return open_at(folder_fd, path, flags, mode);
}
EXPORT int close(int fd) {
  if (fd >= 0 && fd < FD_MAX) watched[fd] = 0;
  return (int)syscall(SYS_close, fd);
}

static ssize_t transfer(int fd, const char *call, bool writes, const struct iovec *parts, int count, off_t position) {
  struct iovec half;
  int fault = is_watched(fd) ? fault_of(call, true) : 0;
  if (fault > 0) {
    errno = fault;
    return -1;
  }
  if (fault == FAULT_INJECT_SHORT) {
    half = (struct iovec){parts[0].iov_base, (parts[0].iov_len + 1) / 2};
    parts = &half;
    count = 1;
  }
  ssize_t done = position < 0 ? syscall(writes ? SYS_writev : SYS_readv, fd, parts, count)
                              : syscall(writes ? SYS_pwritev : SYS_preadv, fd, parts, count, position, 0);
  if (fault == FAULT_INJECT_KILL) end_here();
  return done;
}

#define PART(bytes, len) struct iovec part = {(void *)(uintptr_t)(bytes), len}

EXPORT ssize_t write(int fd, const void *bytes, size_t len) {
  PART(bytes, len);
  return transfer(fd, "write", true, &part, 1, -1);
}
EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
  return transfer(fd, "writev", true, parts, count, -1);
}
EXPORT ssize_t pwrite(int fd, const void *bytes, size_t len, off_t position) {
  PART(bytes, len);
  return transfer(fd, "pwrite", true, &part, 1, position);
}
EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t position) {
  return pwrite(fd, bytes, len, position);
}
EXPORT ssize_t pread(int fd, void *bytes, size_t len, off_t position) {
  PART(bytes, len);
  return transfer(fd, "pread", false, &part, 1, position);
}
EXPORT ssize_t pread64(int fd, void *bytes, size_t len, off64_t position) { return pread(fd, bytes, len, position); }
EXPORT ssize_t read(int fd, void *bytes, size_t len) {
  PART(bytes, len);
  return transfer(fd, "read", false, &part, 1, -1);
}

/* A call that answers 0 or -1. */
#define FAIL_CALL(fd, call)                               \
  int fault = is_watched(fd) ? fault_of(call, false) : 0; \
  if (fault > 0) {                                        \
    errno = fault;                                        \
    return -1;                                            \
  }                                                       \
  if (fault == FAULT_INJECT_KILL) end_here();

EXPORT int fdatasync(int fd) {
  FAIL_CALL(fd, "fdatasync")
  return (int)syscall(SYS_fdatasync, fd);
}
EXPORT int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags) {
  FAIL_CALL(fd, "sync_file_range")
  return (int)syscall(SYS_sync_file_range, fd, offset, length, flags);
}
EXPORT int fsync(int fd) {
  FAIL_CALL(fd, "fsync")
  return (int)syscall(SYS_fsync, fd);
}
EXPORT int ftruncate(int fd, off_t length) {
  FAIL_CALL(fd, "ftruncate")
  return (int)syscall(SYS_ftruncate, fd, length);
}
EXPORT int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }
EXPORT int fallocate(int fd, int mode, off_t offset, off_t length) {
  FAIL_CALL(fd, "fallocate")
  return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}
EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return fallocate(fd, mode, offset, length); }
EXPORT int posix_fallocate(int fd, off_t offset, off_t length) {
  return fallocate(fd, 0, offset, length) == 0 ? 0 : errno;
}
EXPORT int posix_fallocate64(int fd, off64_t offset, off64_t length) { return posix_fallocate(fd, offset, length); }

EXPORT void *mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset) {
  int fault = is_watched(fd) ? fault_of("mmap", false) : 0;
  if (fault > 0) {
    errno = fault == EIO ? ENOMEM : fault;
    return MAP_FAILED;
  }
  if (fault == FAULT_INJECT_KILL) end_here();
  return (void *)syscall(SYS_mmap, address, len, protection, flags, fd, offset);
}
EXPORT void *mmap64(void *address, size_t len, int protection, int flags, int fd, off64_t offset) {
  return mmap(address, len, protection, flags, fd, offset);
}

/* ---- Questions and locks ---- nothing is torn by them, so nobody is killed there. In the folder alone: it is emptied in the end, while
 * an empty file in another place would stay. */
static bool is_in_folder(int fd) { return fd >= 0 && fd < FD_MAX && watched[fd] == IN_FOLDER; }

static int quiet_fault_of(const char *call) {
  return fault_inject.error == FAULT_INJECT_KILL ? 0 : fault_of(call, false);
}

#define FAIL_QUIETLY(is_ours, call)                 \
  int fault = (is_ours) ? quiet_fault_of(call) : 0; \
  if (fault > 0) {                                  \
    errno = fault;                                  \
    return -1;                                      \
  }

EXPORT int fstat(int fd, struct stat *facts) {
  FAIL_QUIETLY(is_in_folder(fd), "fstat")
  return (int)syscall(SYS_fstat, fd, facts);
}
EXPORT int fstat64(int fd, struct stat64 *facts) {
  FAIL_QUIETLY(is_in_folder(fd), "fstat")
  return (int)syscall(SYS_fstat, fd, facts);
}
EXPORT int flock(int fd, int operation) {
  FAIL_QUIETLY(is_in_folder(fd), "flock")
  return (int)syscall(SYS_flock, fd, operation);
}
EXPORT int unlink(const char *path) {
  FAIL_QUIETLY(begins_with(path, fault_inject.folder), "unlink")
  return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* The library's locks. LMDB's own are of the older kind: when one fails it takes its lock file for another program's. */
static bool is_lock(int command) { return command == F_OFD_SETLK || command == F_OFD_GETLK; }
EXPORT int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  FAIL_QUIETLY(is_lock(command) && is_in_folder(fd), "fcntl")
  return (int)syscall(SYS_fcntl, fd, command, argument);
}
EXPORT int fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  return fcntl(fd, command, argument);
}

EXPORT int rename(const char *from, const char *to) {
  int fault = is_watched_path(to) ? fault_of("rename", false) : 0;
  if (fault > 0) {
    errno = fault;
    return -1;
  }
  return (int)syscall(SYS_rename, from, to);
}
