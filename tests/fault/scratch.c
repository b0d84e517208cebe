/* scratch.c - see scratch.h. */
#include "tests/fault/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/trace.h"

void fault_scratch_make(char path[FAULT_PATH_SIZE]) {
  const char *parent = getenv("MEDLEY_TEST_SCRATCH");
  if (parent == NULL) parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
  if (parent == NULL) parent = "/tmp";
  snprintf(path, FAULT_PATH_SIZE, "%s/medley-fault-XXXXXX", parent);
  if (mkdtemp(path) == NULL) {
    perror(path);
    exit(2);
  }
}

void fault_scratch_join(char path[FAULT_PATH_SIZE], const char *folder, const char *name) {
  if (snprintf(path, FAULT_PATH_SIZE, "%s/%s", folder, name) >= FAULT_PATH_SIZE) exit(2);
}

void fault_scratch_remove(const char *path) {
  DIR *folder = opendir(path);
  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    char inside[FAULT_PATH_SIZE];
    struct stat status;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    fault_scratch_join(inside, path, entry->d_name);
    if (lstat(inside, &status) == 0 && S_ISDIR(status.st_mode)) {
      fault_scratch_remove(inside);
    } else {
      unlink(inside);
    }
  }
  if (folder != NULL) closedir(folder);
  rmdir(path);
}

unsigned char *fault_scratch_read(const char *path, size_t *size) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0) {
    if (fd >= 0) close(fd);
    return NULL;
  }
  unsigned char *bytes = malloc((size_t)status.st_size + 1);
  *size = 0;
  while (bytes != NULL && *size < (size_t)status.st_size) {
    ssize_t got = pread(fd, bytes + *size, (size_t)status.st_size - *size, (off_t)*size);
    if (got <= 0) break;
    *size += (size_t)got;
  }
  close(fd);
  return bytes;
}

int fault_scratch_write(const char *path, const void *bytes, size_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  size_t at = 0;
  while (fd >= 0 && at < size) {
    ssize_t written = pwrite(fd, (const char *)bytes + at, size - at, (off_t)at);
    if (written <= 0) break;
    at += (size_t)written;
  }
  if (fd >= 0) close(fd);
  return fd >= 0 && at == size ? 0 : -1;
}

int fault_scratch_copy(const char *from, const char *to) {
  size_t size;
  unsigned char *bytes = fault_scratch_read(from, &size);
  int rc = bytes != NULL ? fault_scratch_write(to, bytes, size) : -1;
  free(bytes);
  return rc;
}

void fault_scratch_preload(const char *library) {
  char resolved[PATH_MAX];
  if (realpath(library, resolved) == NULL) {
    perror(library);
    exit(2);
  }
  setenv("LD_PRELOAD", resolved, 1);
  setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 0);
}

int fault_scratch_record(const char *recorder, const char *folder, const char *trace, unsigned sync_us,
                         char *const argv[]) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    char delay[16];
    snprintf(delay, sizeof delay, "%u", sync_us);
    setenv(FAULT_TRACE_FILE, trace, 1);
    setenv(FAULT_TRACE_FOLDER, folder, 1);
    setenv(FAULT_TRACE_SYNC_US, delay, 1);
    fault_scratch_preload(recorder);
    execv(argv[0], argv);
    perror(argv[0]);
    _exit(127);
  }
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return 127;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

uint64_t fault_scratch_number(int argc, char **argv, const char *name, const char *variable, uint64_t otherwise) {
  size_t len = strlen(name);
  for (int i = 1; i < argc; i++) {
    if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=') return strtoull(argv[i] + len + 1, NULL, 0);
  }
  const char *text = variable != NULL ? getenv(variable) : NULL;
  return text != NULL && text[0] != 0 ? strtoull(text, NULL, 0) : otherwise;
}

unsigned fault_scratch_journal(int argc, char **argv, uint64_t seed) {
  unsigned journal =
      (unsigned)fault_scratch_number(argc, argv, "--journal", "MEDLEY_TEST_JOURNAL", seed % 3 == 2 ? 2 : 1);
  printf("%s a log\n", journal == 1 ? "with" : "without");
  fflush(stdout);
  return journal;
}

bool fault_scratch_long(void) {
  const char *text = getenv("MEDLEY_TEST_LONG");
  return text != NULL && text[0] != 0 && strcmp(text, "0") != 0;
}

uint64_t fault_scratch_seed(int argc, char **argv) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t fresh = (uint64_t)now.tv_sec * 1000003u + (uint64_t)now.tv_nsec;
  uint64_t seed = fault_scratch_number(argc, argv, "--seed", "MEDLEY_TEST_SEED", fresh % 1000000000u);
  printf("seed %llu (repeat with --seed=%llu)\n", (unsigned long long)seed, (unsigned long long)seed);
  fflush(stdout);
  return seed;
}
