/* failing_kit.h - the n-th request for memory, or the n-th call of the store, fails; for every n.
 *
 * What asks memory.h or store.h from another file is led through here by the linker: a test that includes this is among those that meson.build links
 * with failing_arguments. What a file asks of itself, SQLite, LMDB and LZ4 are not. One failure at a time, and once: what comes behind it works,
 * so that a failure that is lost shows as an answer which is none. */
#ifndef FAILING_KIT_H
#define FAILING_KIT_H

#include <check.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "storage/memory.h"
#include "storage/store.h"

typedef enum failing_what { FAILING_NOTHING, FAILING_MEMORY, FAILING_STORE } failing_what;

static struct failing {
  failing_what what;
  atomic_uint left;    /* requests until one fails, of all threads */
  atomic_bool struck;  /* it has */
  medley_error *error; /* what the store's failure is told in */
} failing;
/* In a call of the store: what that asks for itself does not fail, as a store without memory may be broken (store.h). */
static _Thread_local unsigned failing_inside;

static inline bool failing_now(failing_what what) {
  if (failing.what != what || failing.struck || failing_inside > 0 || atomic_fetch_sub(&failing.left, 1) != 1)
    return false;
  failing.struck = true;
  return true;
}

static inline void failing_begin(failing_what what, unsigned n, medley_error *error) {
  failing.struck = false;
  failing.error = error;
  failing.left = n;
  failing.what = what;
}

/* Nothing fails any more. Whether something has. */
static inline bool failing_end(void) {
  failing.what = FAILING_NOTHING;
  return failing.struck;
}

/* ---- Memory ---- */
#define FAILING_MEMORY_CALL(type_, none_, name_, parameters_, arguments_) \
  type_ __real_##name_ parameters_;                                       \
  type_ __wrap_##name_ parameters_;                                       \
  type_ __wrap_##name_ parameters_ { return failing_now(FAILING_MEMORY) ? (none_) : __real_##name_ arguments_; }

FAILING_MEMORY_CALL(void *, NULL, med_alloc, (size_t size), (size))
FAILING_MEMORY_CALL(void *, NULL, med_alloc_zero, (size_t size), (size))
FAILING_MEMORY_CALL(void *, NULL, med_realloc, (void *memory, size_t size), (memory, size))
FAILING_MEMORY_CALL(char *, NULL, med_strndup, (const char *bytes, size_t len), (bytes, len))
FAILING_MEMORY_CALL(bool, false, med_buffer_reserve, (med_buffer * buffer, size_t more), (buffer, more))
FAILING_MEMORY_CALL(bool, false, med_buffer_append, (med_buffer * buffer, const void *bytes, size_t len),
                    (buffer, bytes, len))
FAILING_MEMORY_CALL(bool, false, med_buffer_append_byte, (med_buffer * buffer, uint8_t byte), (buffer, byte))
FAILING_MEMORY_CALL(void *, NULL, med_arena_alloc, (med_arena * arena, size_t size), (arena, size))
FAILING_MEMORY_CALL(void *, NULL, med_arena_copy, (med_arena * arena, const void *bytes, size_t len),
                    (arena, bytes, len))
FAILING_MEMORY_CALL(char *, NULL, med_arena_strndup, (med_arena * arena, const char *bytes, size_t len),
                    (arena, bytes, len))

/* Its arguments cannot be handed on. */
bool __wrap_med_buffer_printf(med_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result));
bool __wrap_med_buffer_printf(med_buffer *buffer, const char *format, ...) {
  va_list arguments;
  if (failing_now(FAILING_MEMORY)) return false;
  va_start(arguments, format);
  size_t len = (size_t)vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (!__real_med_buffer_reserve(buffer, len + 1)) return false;
  va_start(arguments, format);
  (void)vsnprintf(buffer->bytes + buffer->len, len + 1, format, arguments);
  va_end(arguments);
  buffer->len += len;
  return true;
}

/* ---- The store ---- */
static inline int failing_store(void) {
  return med_error_set(failing.error, MEDLEY_IO, "a call of the store fails on purpose");
}

#define FAILING_STORE_CALL(name_, parameters_, arguments_)  \
  int __real_##name_ parameters_;                           \
  int __wrap_##name_ parameters_;                           \
  int __wrap_##name_ parameters_ {                          \
    if (failing_now(FAILING_STORE)) return failing_store(); \
    failing_inside++;                                       \
    int rc = __real_##name_ arguments_;                     \
    failing_inside--;                                       \
    return rc;                                              \
  }

FAILING_STORE_CALL(med_txn_get, (med_txn * txn, med_tree tree, med_slice key, med_slice *value),
                   (txn, tree, key, value))
FAILING_STORE_CALL(med_txn_put, (med_txn * txn, med_tree tree, med_slice key, med_slice value), (txn, tree, key, value))
FAILING_STORE_CALL(med_txn_delete, (med_txn * txn, med_tree tree, med_slice key), (txn, tree, key))
FAILING_STORE_CALL(med_txn_delete_range,
                   (med_txn * txn, med_tree tree, med_slice from, med_slice to, size_t limit, size_t *deleted),
                   (txn, tree, from, to, limit, deleted))
FAILING_STORE_CALL(med_txn_next_id, (med_txn * txn, uint64_t *id), (txn, id))
FAILING_STORE_CALL(med_cursor_open, (med_txn * txn, med_tree tree, med_cursor **cursor), (txn, tree, cursor))
FAILING_STORE_CALL(med_cursor_seek, (med_cursor * cursor, med_slice from, med_slice *key, med_slice *value),
                   (cursor, from, key, value))
FAILING_STORE_CALL(med_cursor_get, (med_cursor * cursor, med_slice key, med_slice *value), (cursor, key, value))
FAILING_STORE_CALL(med_cursor_seek_before, (med_cursor * cursor, med_slice to, med_slice *key, med_slice *value),
                   (cursor, to, key, value))
FAILING_STORE_CALL(med_cursor_first, (med_cursor * cursor, med_slice *key, med_slice *value), (cursor, key, value))
FAILING_STORE_CALL(med_cursor_next, (med_cursor * cursor, med_slice *key, med_slice *value), (cursor, key, value))
FAILING_STORE_CALL(med_cursor_previous, (med_cursor * cursor, med_slice *key, med_slice *value), (cursor, key, value))

/* ---- For every n ---- */
typedef int failing_call(void);

/* The call answers what failed, and says so in the error, for each of the requests it makes; when none fails, it works, as often as it is asked. What it
 * made it has given back itself. error: NULL where the call has no messages. Answers how many requests there were. */
static inline unsigned failing_each(failing_what what, failing_call *call, const char *name, medley_error *error) {
  int status = what == FAILING_MEMORY ? MEDLEY_NO_MEMORY : MEDLEY_IO;
  for (unsigned n = 1;; n++) {
    if (error != NULL) med_error_clear(error);
    failing_begin(what, n, error);
    int rc = call();
    bool struck = failing_end();
    if (!struck) {
      ck_assert_msg(rc == MEDLEY_OK, "%s: %s without a failure: %s", name, medley_status_name(rc),
                    error != NULL ? error->message : "");
      return n - 1;
    }
    ck_assert_msg(rc == status, "%s: %s where request %u failed", name, medley_status_name(rc), n);
    ck_assert_msg(error == NULL || (error->status == status && error->message[0] != '\0'),
                  "%s: no message where request %u failed", name, n);
  }
}

#endif
