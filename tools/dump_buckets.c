/* dump_buckets.c - the key-value part of `medley dump`; see dump.h.
 *
 * Keys are found with medley_kv_each, some at a time, and read with the commands of their type. A collection is written
 * in slices, so that no line and no reply grows with its size; its expiry comes last, when all of it is there. */
#include <stdlib.h>
#include <string.h>

#include "tools/dump.h"
#include "tools/text.h"

#define KEYS_AT_ONCE 512
#define PARTS_AT_ONCE 256              /* elements of a collection in one line */
#define STRING_BYTES_AT_ONCE (1 << 20) /* of a string */

typedef struct bucket_dump {
  medley_session *session;
  FILE *out;
  text keys; /* those found last, one after the other */
  size_t lens[KEYS_AT_ONCE];
  size_t key_count;
} bucket_dump;

static int command(bucket_dump *d, const medley_value **reply, size_t count, const medley_slice *words) {
  const char *bytes[8];
  size_t lens[8];
  for (size_t i = 0; i < count; i++) {
    bytes[i] = words[i].bytes;
    lens[i] = words[i].len;
  }
  return medley_command(d->session, count, bytes, lens, reply);
}

static medley_slice word(const char *string) { return (medley_slice){string, strlen(string)}; }

static void put_word(bucket_dump *d, medley_slice bytes) {
  text quoted = {0};
  text_add_redis_quoted(&quoted, bytes.bytes, bytes.len);
  fputc(' ', d->out);
  fwrite(quoted.bytes, 1, quoted.len, d->out);
  text_clear(&quoted);
}

static void put_command(bucket_dump *d, const char *name, medley_slice key) {
  fprintf(d->out, "redis: %s", name);
  put_word(d, key);
}

static medley_slice slice_of(const medley_value *value) {
  return (medley_slice){value->as.text.bytes, value->as.text.len};
}

static bool is_bytes(const medley_value *value) {
  return value->type == MEDLEY_TYPE_TEXT || value->type == MEDLEY_TYPE_BLOB || value->type == MEDLEY_TYPE_STATUS;
}

static void put_value(bucket_dump *d, const medley_value *value) {
  text plain = {0};
  if (is_bytes(value)) {
    put_word(d, slice_of(value));
    return;
  }
  text_add_plain(&plain, value, true);
  put_word(d, (medley_slice){plain.bytes, plain.len});
  text_clear(&plain);
}

static int dump_string(bucket_dump *d, medley_slice key) {
  const medley_value *reply;
  for (size_t at = 0;; at += STRING_BYTES_AT_ONCE) {
    char from[24], to[24];
    snprintf(from, sizeof from, "%zu", at);
    snprintf(to, sizeof to, "%zu", at + STRING_BYTES_AT_ONCE - 1);
    const medley_slice words[] = {word("GETRANGE"), key, word(from), word(to)};
    int rc = command(d, &reply, 4, words);
    if (rc != MEDLEY_OK) return rc;
    if (at && !reply->as.text.len) return MEDLEY_OK;
    put_command(d, at ? "APPEND" : "SET", key);
    put_value(d, reply);
    fputc('\n', d->out);
    if (reply->as.text.len < STRING_BYTES_AT_ONCE) return MEDLEY_OK;
  }
}

/* Elements in the order of their rank: LRANGE and RPUSH, ZRANGE and ZADD. */
static int dump_by_rank(bucket_dump *d, medley_slice key, const char *read, const char *write, bool with_scores) {
  const medley_value *reply;
  for (size_t at = 0;; at += PARTS_AT_ONCE) {
    char from[24], to[24];
    snprintf(from, sizeof from, "%zu", at);
    snprintf(to, sizeof to, "%zu", at + PARTS_AT_ONCE - 1);
    const medley_slice words[] = {word(read), key, word(from), word(to), word("WITHSCORES")};
    int rc = command(d, &reply, with_scores ? 5 : 4, words);
    if (rc != MEDLEY_OK || reply->as.list.count == 0) return rc;
    put_command(d, write, key);
    for (size_t i = 0; i < reply->as.list.count; i++) {
      if (with_scores)
        put_value(d, &reply->as.list.items[i ^ 1]); /* ZADD wants the score first */
      else
        put_value(d, &reply->as.list.items[i]);
    }
    fputc('\n', d->out);
  }
}

/* HPEXPIREAT for each field that has an expiry of its own. items: fields and values as HSCAN gives them. */
static int dump_field_expiries(bucket_dump *d, medley_slice key, const medley_value *items) {
  const medley_value *reply;
  size_t count = items->as.list.count / 2, at = 0;
  const char **words = text_allocate(NULL, sizeof *words * (count + 4));
  size_t *lens = text_allocate(NULL, sizeof *lens * (count + 4));
  text names = {0}; /* a copy: the next command takes the items away */
  for (size_t i = 0; i < count; i++) {
    medley_slice name = slice_of(&items->as.list.items[2 * i]);
    text_add(&names, name.bytes, name.len);
    lens[4 + i] = name.len;
  }
  char number[24];
  snprintf(number, sizeof number, "%zu", count);
  const medley_slice head[] = {word("HPEXPIRETIME"), key, word("FIELDS"), word(number)};
  for (size_t i = 0; i < 4; i++) {
    words[i] = head[i].bytes;
    lens[i] = head[i].len;
  }
  for (size_t i = 0; i < count; at += lens[4 + i++]) words[4 + i] = names.bytes + at;
  int rc = count ? medley_command(d->session, count + 4, words, lens, &reply) : MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < count && i < reply->as.list.count; i++) {
    if (reply->as.list.items[i].as.integer < 0) continue;
    put_command(d, "HPEXPIREAT", key);
    fprintf(d->out, " %lld FIELDS 1", (long long)reply->as.list.items[i].as.integer);
    put_word(d, (medley_slice){words[4 + i], lens[4 + i]});
    fputc('\n', d->out);
  }
  free(words);
  free(lens);
  text_clear(&names);
  return rc;
}

/* Elements that have no rank: HSCAN and HSET, SSCAN and SADD. */
static int dump_by_scan(bucket_dump *d, medley_slice key, const char *read, const char *write) {
  bool is_hash = strcmp(write, "HSET") == 0;
  const medley_value *reply;
  text cursor = {0};
  int rc;
  text_add_string(&cursor, "0");
  do {
    const medley_slice words[] = {word(read), key, {cursor.bytes, cursor.len}, word("COUNT"), word("256")};
    rc = command(d, &reply, 5, words);
    if (rc != MEDLEY_OK) break;
    const medley_value *items = &reply->as.list.items[1];
    for (size_t i = 0; i < items->as.list.count; i++) {
      if (i % (2 * (size_t)PARTS_AT_ONCE) == 0) {
        if (i) fputc('\n', d->out);
        put_command(d, write, key);
      }
      put_value(d, &items->as.list.items[i]);
    }
    if (items->as.list.count) fputc('\n', d->out);
    medley_slice next = slice_of(&reply->as.list.items[0]);
    cursor.len = 0;
    text_add(&cursor, next.bytes, next.len);
    if (is_hash) rc = dump_field_expiries(d, key, items);
  } while (rc == MEDLEY_OK && strcmp(cursor.bytes, "0") != 0);
  text_clear(&cursor);
  return rc;
}

static int dump_expiry(bucket_dump *d, medley_slice key) {
  const medley_value *reply;
  const medley_slice words[] = {word("PEXPIRETIME"), key};
  int rc = command(d, &reply, 2, words);
  if (rc != MEDLEY_OK || reply->as.integer < 0) return rc;
  long long when_ms = (long long)reply->as.integer;
  put_command(d, "PEXPIREAT", key);
  fprintf(d->out, " %lld\n", when_ms);
  return MEDLEY_OK;
}

static int dump_key(bucket_dump *d, medley_slice key) {
  const medley_value *reply;
  const medley_slice words[] = {word("TYPE"), key};
  int rc = command(d, &reply, 2, words);
  if (rc != MEDLEY_OK) return rc;
  char type[16] = "";
  if (is_bytes(reply) && reply->as.text.len < sizeof type) memcpy(type, reply->as.text.bytes, reply->as.text.len);
  if (strcmp(type, "string") == 0)
    rc = dump_string(d, key);
  else if (strcmp(type, "list") == 0)
    rc = dump_by_rank(d, key, "LRANGE", "RPUSH", false);
  else if (strcmp(type, "zset") == 0)
    rc = dump_by_rank(d, key, "ZRANGE", "ZADD", true);
  else if (strcmp(type, "set") == 0)
    rc = dump_by_scan(d, key, "SSCAN", "SADD");
  else if (strcmp(type, "hash") == 0)
    rc = dump_by_scan(d, key, "HSCAN", "HSET");
  else if (strcmp(type, "none") == 0)
    return MEDLEY_OK; /* it expired meanwhile */
  else
    fprintf(d->out, "-- a key of type %s is left out\n", type);
  return rc == MEDLEY_OK ? dump_expiry(d, key) : rc;
}

static int note_key(void *context, medley_slice key, const medley_slice *value) {
  bucket_dump *d = context;
  (void)value;
  text_add(&d->keys, key.bytes, key.len);
  d->lens[d->key_count++] = key.len;
  return d->key_count == KEYS_AT_ONCE;
}

/* All keys of the selected bucket. */
static int dump_keys(bucket_dump *d) {
  text from = {0};
  int rc;
  do {
    d->keys.len = d->key_count = 0;
    rc = medley_kv_each(d->session, NULL, from.bytes ? from.bytes : "", from.len, note_key, d);
    size_t at = 0;
    for (size_t i = 0; i < d->key_count && rc == MEDLEY_OK; at += d->lens[i++]) {
      rc = dump_key(d, (medley_slice){d->keys.bytes + at, d->lens[i]});
      from.len = 0; /* the next key in order is this one and a zero byte */
      text_add(&from, d->keys.bytes + at, d->lens[i]);
      text_add(&from, "", 1);
    }
  } while (rc == MEDLEY_OK && d->key_count == KEYS_AT_ONCE);
  text_clear(&from);
  return rc;
}

typedef struct bucket_names {
  text bytes; /* NUL-ended one after the other */
  size_t count;
} bucket_names;

/* Where `:keys=` stands last in a line: a bucket's name may hold it too. */
static const char *last_keys(const char *at, const char *end) {
  const char *found = NULL;
  while ((at = memmem(at, (size_t)(end - at), ":keys=", 6)) != NULL) found = at++;
  return found;
}

/* The buckets that hold keys: INFO keyspace has a line `dbNAME:keys=N,...` for each. */
static int list_buckets(bucket_dump *d, bucket_names *names) {
  const medley_value *reply;
  const medley_slice words[] = {word("INFO"), word("keyspace")};
  int rc = command(d, &reply, 2, words);
  if (rc != MEDLEY_OK) return rc;
  const char *at = reply->as.text.bytes, *end = at + reply->as.text.len;
  while (at < end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    const char *line_end = newline ? newline : end;
    const char *keys = last_keys(at, line_end);
    if (keys && line_end - at > 2 && memcmp(at, "db", 2) == 0) {
      text_add(&names->bytes, at + 2, (size_t)(keys - at) - 2);
      text_add(&names->bytes, "", 1);
      names->count++;
    }
    at = line_end + 1;
  }
  return MEDLEY_OK;
}

int dump_buckets(medley_session *session, FILE *out) {
  bucket_dump *d = text_allocate(NULL, sizeof *d);
  bucket_names names = {0};
  const medley_value *reply;
  memset(d, 0, sizeof *d);
  d->session = session;
  d->out = out;
  int rc = list_buckets(d, &names);
  const char *name = names.bytes.bytes;
  for (size_t i = 0; i < names.count && rc == MEDLEY_OK; i++, name += strlen(name) + 1) {
    const medley_slice words[] = {word("SELECT"), word(name)};
    rc = command(d, &reply, 2, words);
    if (rc != MEDLEY_OK) break;
    put_command(d, "SELECT", word(name));
    fputc('\n', out);
    rc = dump_keys(d);
  }
  text_clear(&names.bytes);
  text_clear(&d->keys);
  free(d);
  return rc;
}
