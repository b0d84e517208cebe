/* test_cache_processes.c - a cache segment between processes that come, go and die; between threads; and after somebody
 * scribbled over it. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/cache_kit.h"

static char directory[64];

static void make_directory(void) {
  snprintf(directory, sizeof directory, "%s/medley-sharing-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  ck_assert_int_eq(system(command), 0);
}

static int open_named(uint64_t bucket_id, uint64_t size_bytes, medley_eviction eviction, bool fresh,
                      med_cache_segment **segment) {
  medley_error error = {0};
  med_cache_place place = kit_place(directory, bucket_id);
  place.inode = 1; /* the same in every process of a test */
  return med_cache_segment_open(&place, size_bytes, eviction, fresh, 4711, segment, &error);
}

static med_cache_segment *attach(void) {
  med_cache_segment *segment;
  ck_assert_int_eq(open_named(1, 2 * MIB, MEDLEY_EVICT_SEGMENTED_LRU, false, &segment), MEDLEY_OK);
  return segment;
}

static uint64_t lease_at(med_cache_segment *segment, const char *key, int64_t now_us) {
  med_cache_hit hit;
  KIT_CHECK(med_cache_segment_lease(segment, kit_text(key), now_us, NULL, &hit) == MEDLEY_NOT_FOUND);
  return hit.lease;
}
static uint64_t lease(med_cache_segment *segment, const char *key) { return lease_at(segment, key, KIT_START); }
static int fill(med_cache_segment *segment, const char *key, uint64_t token, const char *value) {
  return med_cache_segment_fill(segment, kit_text(key), token, kit_text(value), 5, 0, KIT_START);
}

static void begin_hold(med_cache_segment *segment, med_cache_commit *commit, const char *key) {
  ck_assert_int_eq(med_cache_commit_begin(segment, commit), MEDLEY_OK);
  ck_assert_int_eq(med_cache_commit_hold(segment, commit, kit_text(key), 0, KIT_START), MEDLEY_OK);
}
static void release(med_cache_segment *segment, const med_cache_commit *commit, const char *key, const char *value) {
  med_slice slice = kit_text(value != NULL ? value : "");
  med_cache_commit_release(segment, commit, kit_text(key), value != NULL ? &slice : NULL, 7, 0, KIT_START);
}

/* ---- Processes ---- */
/* Runs `work` in a child and answers how it ended (waitpid's status). */
static int in_child(void (*work)(void *), void *context) {
  fflush(NULL);
  pid_t pid = fork();
  ck_assert_int_ge(pid, 0);
  if (pid == 0) {
    work(context);
    _exit(0);
  }
  int status;
  ck_assert_int_eq(waitpid(pid, &status, 0), pid);
  return status;
}
static void expect_killed(int status) { ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL); }
static void expect_exit_0(int status) { ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0); }
static med_cache_segment *child_attach(void) {
  med_cache_segment *segment;
  if (open_named(1, 2 * MIB, MEDLEY_EVICT_SEGMENTED_LRU, false, &segment) != MEDLEY_OK) _exit(9);
  return segment;
}

static void child_reads_and_writes(void *context) {
  (void)context;
  med_cache_segment *segment = child_attach();
  if (!kit_has(segment, "from the parent", KIT_START)) _exit(1);
  if (kit_set(segment, "from the child", "v") != MEDLEY_OK) _exit(2);
  med_cache_segment_close(segment);
}
START_TEST(processes_see_each_others_values) {
  med_cache_segment *segment = attach();
  KIT_CHECK(kit_set(segment, "from the parent", "v") == MEDLEY_OK);
  expect_exit_0(in_child(child_reads_and_writes, NULL));
  kit_expect(segment, "from the child", "v");
  med_cache_segment_close(segment);
  segment = attach(); /* and values stay while nobody has it attached */
  kit_expect(segment, "from the child", "v");
  med_cache_segment_close(segment);
}
END_TEST

static void child_dies_inside(void *context) {
  med_cache_segment *segment = child_attach();
  switch (*(int *)context) {
    case 0: (void)!med_cache_lock_shard(segment, 1); break;
    case 1: (void)!med_cache_lock_pool(segment); break;
    case 2: pthread_mutex_lock(&segment->header->control); break;
    default: break;
  }
  raise(SIGKILL);
}
START_TEST(a_segment_empties_itself_when_a_process_died_inside) {
  for (int where = 0; where < 3; where++) {
    med_cache_segment *segment = attach();
    char key[32];
    for (int i = 0; i < 100; i++) {
      snprintf(key, sizeof key, "k %d", i);
      KIT_CHECK(kit_set_bytes(segment, key, 300, 'x') == MEDLEY_OK);
    }
    uint64_t token = lease(segment, "leased");
    med_cache_hit before, after;
    KIT_CHECK(med_cache_segment_look(segment, kit_text("k 7"), KIT_START, &before) == MEDLEY_OK);
    expect_killed(in_child(child_dies_inside, &where));
    med_cache_commit commit; /* meets every mutex */
    ck_assert_int_eq(med_cache_commit_begin(segment, &commit), MEDLEY_OK);
    med_cache_commit_end(segment, &commit);
    for (int i = 0; i < 100; i++) {
      snprintf(key, sizeof key, "k %d", i);
      KIT_CHECK(kit_set_bytes(segment, key, 700, 'y') == MEDLEY_OK);
    }
    ck_assert_int_eq(fill(segment, "leased", token, "stale"), MEDLEY_CONSTRAINT);
    ck_assert_int_eq(med_cache_segment_flush(segment), MEDLEY_OK);
    kit_audit(segment);
    ck_assert_uint_eq(atomic_load(&segment->header->broken), 0);
    KIT_CHECK(kit_set(segment, "k 7", "new") == MEDLEY_OK);
    KIT_CHECK(med_cache_segment_look(segment, kit_text("k 7"), KIT_START, &after) == MEDLEY_OK);
    ck_assert_uint_gt(after.cas, before.cas); /* cas numbers go on */
    med_cache_segment_close(segment);
  }
}
END_TEST

START_TEST(what_was_there_before_a_death_is_never_seen_again) {
  med_cache_segment *segment = attach();
  int where = 0;
  KIT_CHECK(kit_set(segment, "k", "v") == MEDLEY_OK);
  expect_killed(in_child(child_dies_inside, &where));
  uint64_t hash;
  char key[32];
  for (int i = 0;; i++) { /* a key of the shard that was locked */
    snprintf(key, sizeof key, "probe %d", i);
    hash = med_hash64(key, strlen(key), segment->hash_seed);
    if (med_cache_shard_of(segment, hash) == 1) break;
  }
  kit_expect(segment, key, NULL);
  kit_expect(segment, "k", NULL);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(a_committing_transaction_keeps_an_emptied_segment_closed) {
  med_cache_segment *segment = attach();
  med_cache_commit commit, next;
  int where = 0;
  begin_hold(segment, &commit, "k");
  expect_killed(in_child(child_dies_inside, &where));
  for (int i = 0; i < 20; i++) { /* meets the shard that was left locked; from then on everything is closed */
    char key[32];
    snprintf(key, sizeof key, "x %d", i);
    (void)lease(segment, key);
  }
  ck_assert_uint_eq(atomic_load(&segment->header->epoch), 1);
  ck_assert_uint_eq(lease(segment, "k"), 0);
  KIT_CHECK(kit_set(segment, "k", "stale") == MEDLEY_OK);
  kit_expect(segment, "k", NULL);
  release(segment, &commit, "k", "ours");
  med_cache_commit_end(segment, &commit);
  kit_expect(segment, "k", NULL);
  ck_assert_uint_ne(lease(segment, "k"), 0);
  begin_hold(segment, &next, "k");
  release(segment, &next, "k", "next");
  med_cache_commit_end(segment, &next);
  kit_expect(segment, "k", "next");
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

static void child_dies_holding(void *context) {
  med_cache_segment *segment = child_attach();
  med_cache_commit commit;
  if (med_cache_commit_begin(segment, &commit) != MEDLEY_OK) _exit(1);
  if (*(int *)context == 0 && med_cache_commit_hold(segment, &commit, kit_text("k"), 0, KIT_START) != MEDLEY_OK)
    _exit(2);
  if (*(int *)context == 1 && med_cache_commit_hold_all(segment, &commit, false) != MEDLEY_OK) _exit(3);
  raise(SIGKILL);
}
START_TEST(a_hold_of_a_dead_process_counts_for_nothing) {
  for (int all = 0; all < 2; all++) {
    med_cache_segment *segment = attach();
    KIT_CHECK(kit_set(segment, "k", "old") == MEDLEY_OK);
    expect_killed(in_child(child_dies_holding, &all));
    kit_expect(segment, "k", NULL);
    uint64_t token = lease(segment, "k");
    ck_assert_uint_ne(token, 0);
    ck_assert_int_eq(fill(segment, "k", token, "new"), MEDLEY_OK);
    kit_expect(segment, "k", "new");
    med_cache_commit commit;
    begin_hold(segment, &commit, "k"); /* also takes the dead slot out */
    release(segment, &commit, "k", NULL);
    med_cache_commit_end(segment, &commit);
    ck_assert_uint_eq(atomic_load(&segment->header->all_count), 0);
    kit_audit(segment);
    ck_assert_int_eq(med_cache_segment_flush(segment), MEDLEY_OK);
    med_cache_segment_close(segment);
  }
}
END_TEST

START_TEST(a_process_number_used_again_is_not_the_dead_holder) {
  med_cache_segment *segment = attach();
  med_cache_commit commit;
  begin_hold(segment, &commit, "k");
  ck_assert_uint_eq(lease(segment, "k"), 0);
  med_cache_slot *slot = &segment->header->slots[commit.slot];
  atomic_store(&slot->pid, 1); /* alive, but began at another time, and the hold is old */
  atomic_store(&slot->since_ms, 0);
  ck_assert_uint_ne(lease(segment, "k"), 0);
  med_cache_commit_end(segment, &commit);
  med_cache_segment_close(segment);
}
END_TEST

/* A child hammers the segment until it is killed at some moment; what is left must be whole, every time. */
static void child_hammers(void *context) {
  uint64_t random = *(uint64_t *)context;
  med_cache_segment *segment = child_attach();
  for (;;) {
    char key[32];
    snprintf(key, sizeof key, "k %d", (int)(kit_random(&random) % 300));
    med_cache_commit commit;
    uint64_t what = kit_random(&random) % 10;
    if (what < 6) {
      (void)kit_set_bytes(segment, key, (size_t)(kit_random(&random) % 20000), 'x');
    } else if (what < 8) {
      (void)kit_put(segment, MEDLEY_CACHE_APPEND, key, "more and more", 0, KIT_START);
    } else if (what < 9) {
      (void)!med_cache_segment_delete(segment, kit_text(key), KIT_START);
    } else if (med_cache_commit_begin(segment, &commit) == MEDLEY_OK) {
      med_slice value = kit_text("value of a transaction");
      (void)!med_cache_commit_hold(segment, &commit, kit_text(key), 0, KIT_START);
      med_cache_commit_release(segment, &commit, kit_text(key), &value, 0, 0, KIT_START);
      med_cache_commit_end(segment, &commit);
    }
  }
}
START_TEST(kill_9_at_any_moment_leaves_a_usable_segment) {
  uint64_t random = kit_seed("kill_9_at_any_moment_leaves_a_usable_segment");
  med_cache_segment *segment = attach();
  int emptied = 0;
  for (int round = 0; round < 60; round++) {
    uint64_t seed = kit_random(&random);
    uint32_t epoch = atomic_load(&segment->header->epoch);
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) child_hammers(&seed);
    struct timespec pause = {0, (long)(kit_random(&random) % 8000000)};
    nanosleep(&pause, NULL);
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    for (int i = 0; i < 50; i++) {
      char key[32];
      snprintf(key, sizeof key, "mine %d", i);
      KIT_CHECK(kit_set(segment, key, "v") == MEDLEY_OK);
      kit_expect(segment, key, "v");
    }
    kit_audit(segment);
    emptied += atomic_load(&segment->header->epoch) != epoch;
  }
  printf("kill_9_at_any_moment_leaves_a_usable_segment: emptied %d of 60 times\n", emptied);
  med_cache_segment_close(segment);
}
END_TEST

/* ---- Attaching ---- */
static char *only_file(void) {
  static char path[400];
  char command[200];
  snprintf(command, sizeof command, "ls -d '%s'/*", directory);
  FILE *list = popen(command, "r");
  ck_assert_ptr_nonnull(list);
  ck_assert_ptr_nonnull(fgets(path, sizeof path, list));
  pclose(list);
  path[strcspn(path, "\n")] = '\0';
  return path;
}

static void child_opens_with_other_bounds(void *context) {
  med_cache_segment *segment;
  (void)context;
  if (open_named(1, 3 * MIB, MEDLEY_EVICT_SEGMENTED_LRU, false, &segment) != MEDLEY_UNSUPPORTED) _exit(1);
  if (open_named(1, 2 * MIB, MEDLEY_EVICT_NONE, false, &segment) != MEDLEY_UNSUPPORTED) _exit(2);
}
START_TEST(other_bounds_are_refused_while_it_is_in_use_and_made_anew_otherwise) {
  med_cache_segment *segment = attach();
  KIT_CHECK(kit_set(segment, "k", "v") == MEDLEY_OK);
  expect_exit_0(in_child(child_opens_with_other_bounds, NULL));
  kit_expect(segment, "k", "v");
  med_cache_segment_close(segment);
  ck_assert_int_eq(open_named(1, 3 * MIB, MEDLEY_EVICT_SEGMENTED_LRU, false, &segment), MEDLEY_OK);
  kit_expect(segment, "k", NULL);
  KIT_CHECK(kit_set(segment, "k", "v") == MEDLEY_OK);
  med_cache_segment_close(segment);
  ck_assert_int_eq(open_named(1, 3 * MIB, MEDLEY_EVICT_SEGMENTED_LRU, true, &segment), MEDLEY_OK);
  kit_expect(segment, "k", NULL); /* fresh */
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(memory_of_another_boot_database_or_layout_is_not_trusted) {
  med_cache_header *header;
  for (int way = 0; way < 5; way++) {
    med_cache_segment *segment = attach();
    KIT_CHECK(kit_set(segment, "k", "v") == MEDLEY_OK);
    med_cache_segment_close(segment);
    int fd = open(only_file(), O_RDWR | O_CLOEXEC);
    header = mmap(NULL, sizeof *header, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(header != MAP_FAILED);
    if (way == 0) header->boot_id[3] ^= 1;
    if (way == 1) header->identity[15] ^= 1;
    if (way == 2) header->layout_version++;
    if (way == 3) atomic_store(&header->magic, 0);
    if (way == 4) ck_assert_int_eq(ftruncate(fd, 5000), 0);
    munmap(header, sizeof *header);
    close(fd);
    segment = attach();
    kit_expect(segment, "k", NULL);
    kit_audit(segment);
    med_cache_segment_close(segment);
  }
}
END_TEST

START_TEST(a_file_that_is_not_ours_alone_is_refused) {
  med_cache_segment *segment = attach();
  med_cache_segment_close(segment);
  char path[400], other[420];
  snprintf(path, sizeof path, "%s", only_file());
  ck_assert_int_eq(chmod(path, 0644), 0);
  ck_assert_int_eq(open_named(1, 2 * MIB, MEDLEY_EVICT_SEGMENTED_LRU, false, &segment), MEDLEY_CANNOT_OPEN);
  ck_assert_int_eq(chmod(path, 0600), 0);
  snprintf(other, sizeof other, "%s.moved", path);
  ck_assert_int_eq(rename(path, other), 0);
  ck_assert_int_eq(symlink(other, path), 0);
  ck_assert_int_eq(open_named(1, 2 * MIB, MEDLEY_EVICT_SEGMENTED_LRU, false, &segment), MEDLEY_CANNOT_OPEN);
  ck_assert_int_eq(unlink(path), 0);
  ck_assert_int_eq(mkdir(path, 0700), 0);
  ck_assert_int_eq(open_named(1, 2 * MIB, MEDLEY_EVICT_SEGMENTED_LRU, false, &segment), MEDLEY_CANNOT_OPEN);
}
END_TEST

START_TEST(a_dropped_bucket_answers_everyone_that_it_is_gone) {
  med_cache_segment *one = attach(), *two = attach(), *three;
  med_cache_hit hit;
  KIT_CHECK(kit_set(one, "k", "v") == MEDLEY_OK);
  kit_expect(two, "k", "v");
  ck_assert(!med_cache_segment_dropped(two));
  med_cache_segment_drop(one);
  ck_assert(med_cache_segment_dropped(two));
  KIT_CHECK(med_cache_segment_look(two, kit_text("k"), KIT_START, &hit) == MEDLEY_SCHEMA);
  KIT_CHECK(kit_set(two, "k", "w") == MEDLEY_SCHEMA);
  ck_assert_int_eq(med_cache_segment_flush(two), MEDLEY_SCHEMA);
  med_cache_commit commit;
  ck_assert_int_eq(med_cache_commit_begin(two, &commit), MEDLEY_SCHEMA);
  three = attach(); /* made again: another memory */
  kit_expect(three, "k", NULL);
  med_cache_segment_close(one);
  med_cache_segment_close(two);
  med_cache_segment_close(three);
}
END_TEST

static bool knows_2(void *context, uint64_t bucket_id) {
  (*(int *)context)++;
  return bucket_id == 2;
}
START_TEST(a_sweep_removes_what_nobody_knows_or_uses) {
  med_cache_segment *segments[3];
  for (uint64_t i = 0; i < 3; i++) {
    ck_assert_int_eq(open_named(i + 1, MIB, MEDLEY_EVICT_NONE, true, &segments[i]), MEDLEY_OK);
  }
  char stranger[128];
  snprintf(stranger, sizeof stranger, "%s/medley-cache-0123456789abcdef-1", directory);
  close(open(stranger, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  med_cache_segment_close(segments[0]); /* 1: unknown, unused; 2: known, unused; 3: unknown, used */
  med_cache_segment_close(segments[1]);
  int asked = 0;
  med_cache_place place = kit_place(directory, 1);
  place.inode = 1;
  med_cache_segment_sweep(&place, knows_2, &asked);
  ck_assert_int_eq(asked, 3);
  char command[200];
  snprintf(command, sizeof command, "test $(ls '%s' | wc -l) = 3", directory);
  ck_assert_int_eq(system(command), 0);
  ck_assert_int_eq(access(stranger, F_OK), 0);
  med_cache_segment_close(segments[2]);
}
END_TEST

START_TEST(a_sweep_removes_segments_of_deleted_databases) {
  char database[100], command[200];
  struct stat facts;
  med_cache_segment *segment;
  medley_error error = {0};
  snprintf(database, sizeof database, "%s/gone.medley", directory);
  close(open(database, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ck_assert_int_eq(stat(database, &facts), 0);
  med_cache_place place = kit_place(directory, 5), sweeper = kit_place(directory, 1);
  place.device = facts.st_dev;
  place.inode = facts.st_ino;
  place.database_path = database;
  ck_assert_int_eq(med_cache_segment_open(&place, MIB, MEDLEY_EVICT_NONE, true, 1, &segment, &error), MEDLEY_OK);
  int asked = 0;
  for (int step = 0; step < 2; step++) { /* in use, then unused; the database is there */
    med_cache_segment_sweep(&sweeper, knows_2, &asked);
    snprintf(command, sizeof command, "ls '%s' | grep -c medley-cache- | grep -qx 1", directory);
    ck_assert_int_eq(system(command), 0);
    if (step == 0) med_cache_segment_close(segment);
  }
  ck_assert_int_eq(unlink(database), 0);
  med_cache_segment_sweep(&sweeper, knows_2, &asked);
  ck_assert_int_ne(system(command), 0);
}
END_TEST

/* ---- Threads, and memory that somebody scribbled over ---- */
typedef struct worker {
  med_cache_segment *segment;
  uint64_t random;
  int problems;
} worker;

/* A value says its key, and all of its bytes are the same: a torn or misplaced one shows. */
static void *work(void *context) {
  worker *mine = context;
  med_buffer got = {0};
  char value[3000];
  for (int step = 0; step < 30000; step++) {
    int number = (int)(kit_random(&mine->random) % 64);
    char key[16];
    snprintf(key, sizeof key, "%d", number);
    uint64_t what = kit_random(&mine->random) % 8;
    if (what < 2) {
      size_t len = 1 + kit_random(&mine->random) % (sizeof value - 1);
      memset(value, number, len);
      med_cache_change change = {.key = kit_text(key), .value = {value, len}};
      if (med_cache_segment_put(mine->segment, &change, KIT_START) != MEDLEY_OK) mine->problems++;
    } else if (what == 2) {
      (void)!med_cache_segment_delete(mine->segment, kit_text(key), KIT_START);
    } else if (what == 3) {
      med_cache_commit commit;
      memset(value, number, 500);
      med_slice slice = {value, 500};
      if (med_cache_commit_begin(mine->segment, &commit) != MEDLEY_OK) mine->problems++;
      if (med_cache_commit_hold(mine->segment, &commit, kit_text(key), 0, KIT_START) != MEDLEY_OK) mine->problems++;
      med_cache_commit_release(mine->segment, &commit, kit_text(key), step % 2 ? &slice : NULL, 0, 0, KIT_START);
      med_cache_commit_end(mine->segment, &commit);
    } else {
      med_cache_hit hit;
      int rc = med_cache_segment_lease(mine->segment, kit_text(key), KIT_START, &got, &hit);
      for (size_t i = 0; rc == MEDLEY_OK && i < got.len; i++) mine->problems += got.bytes[i] != number;
      memset(value, number, 200);
      if (hit.lease != 0) {
        (void)!med_cache_segment_fill(mine->segment, kit_text(key), hit.lease, med_slice_of(value, 200), 0, 0,
                                      KIT_START);
      }
    }
  }
  med_buffer_clear(&got);
  return NULL;
}

START_TEST(threads_never_see_a_torn_or_foreign_value) {
  enum { THREADS = 4 };
  uint64_t random = kit_seed("threads_never_see_a_torn_or_foreign_value");
  med_cache_segment *segment = kit_open(2 * MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  worker workers[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (worker){segment, kit_random(&random), 0};
    ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    ck_assert_int_eq(workers[i].problems, 0);
  }
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(a_scribbled_segment_may_answer_anything_but_not_crash) {
  uint64_t random = kit_seed("a_scribbled_segment_may_answer_anything_but_not_crash");
  med_buffer got = {0};
  for (int round = 0; round < 300; round++) {
    med_cache_segment *segment = kit_open(MIB, (medley_eviction)(round % 9));
    char key[32];
    for (int i = 0; i < 200; i++) {
      snprintf(key, sizeof key, "k %d", i);
      (void)kit_set_bytes(segment, key, (size_t)(i * 7), 'x');
    }
    for (int i = 0; i < 200; i++) { /* tables and chunks; mutexes cannot be checked */
      size_t chunk = kit_random(&random) % 1600;
      segment->chunks[chunk * MED_CACHE_CHUNK_SIZE + kit_random(&random) % 56] = (uint8_t)kit_random(&random);
      if (i % 10 == 0) segment->tables[kit_random(&random) % segment->table_len] = (uint32_t)kit_random(&random);
    }
    for (int i = 0; i < 400; i++) {
      snprintf(key, sizeof key, "k %d", i);
      med_cache_hit hit;
      uint64_t result;
      (void)!med_cache_segment_get(segment, kit_text(key), KIT_START, &got, &hit);
      (void)kit_set_bytes(segment, key, (size_t)(kit_random(&random) % 9000), 'y');
      (void)kit_put(segment, MEDLEY_CACHE_PREPEND, key, "p", 0, KIT_START);
      (void)!med_cache_segment_increment(segment, kit_text(key), 1, false, KIT_START, &result);
      if (i % 3 == 0) (void)!med_cache_segment_delete(segment, kit_text(key), KIT_START);
    }
    (void)!med_cache_segment_flush(segment);
    med_cache_segment_close(segment);
  }
  med_buffer_clear(&got);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name) {
  TCase *tests = tcase_create(name);
  tcase_set_timeout(tests, 0);
  suite_add_tcase(suite, tests);
  return tests;
}

int main(void) {
  Suite *suite = suite_create("cache_processes");
  TCase *processes = add_case(suite, "processes");
  tcase_add_checked_fixture(processes, make_directory, remove_directory);
  tcase_add_test(processes, processes_see_each_others_values);
  tcase_add_test(processes, a_segment_empties_itself_when_a_process_died_inside);
  tcase_add_test(processes, what_was_there_before_a_death_is_never_seen_again);
  tcase_add_test(processes, a_committing_transaction_keeps_an_emptied_segment_closed);
  tcase_add_test(processes, a_hold_of_a_dead_process_counts_for_nothing);
  tcase_add_test(processes, a_process_number_used_again_is_not_the_dead_holder);
  tcase_add_test(processes, kill_9_at_any_moment_leaves_a_usable_segment);
  tcase_add_test(processes, other_bounds_are_refused_while_it_is_in_use_and_made_anew_otherwise);
  tcase_add_test(processes, memory_of_another_boot_database_or_layout_is_not_trusted);
  tcase_add_test(processes, a_file_that_is_not_ours_alone_is_refused);
  tcase_add_test(processes, a_dropped_bucket_answers_everyone_that_it_is_gone);
  tcase_add_test(processes, a_sweep_removes_what_nobody_knows_or_uses);
  tcase_add_test(processes, a_sweep_removes_segments_of_deleted_databases);
  TCase *abuse = add_case(suite, "abuse");
  tcase_add_test(abuse, threads_never_see_a_torn_or_foreign_value);
  tcase_add_test(abuse, a_scribbled_segment_may_answer_anything_but_not_crash);
  return kit_run(suite);
}
