/* peer_rocksdb.c - RocksDB by its C API: LZ4, bloom filters of 10 bits, 512 MiB of block cache, 64 MiB memtables; durable
 * writes sync the log (it groups those of several threads), relaxed ones do not. */
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/rocksdb_events.h"

#define BLOCK_CACHE_BYTES ((size_t)512 << 20)
#define MEMTABLE_BYTES ((size_t)64 << 20)
#define BLOOM_BITS 10

typedef struct rocks_db {
  rocksdb_t *handle;
  rocksdb_options_t *options;
  rocksdb_block_based_table_options_t *table;
  rocksdb_cache_t *cache;
  rocksdb_writeoptions_t *write;
  rocksdb_readoptions_t *read;
} rocks_db;

typedef struct rocks_client {
  rocks_db *db;
  rocksdb_pinnableslice_t *pinned; /* the value of the last get */
  rocksdb_writebatch_t *batch;
} rocks_client;

static void version(char *text, size_t size) { snprintf(text, size, "%s", "7.8"); }

static int check(char *error) {
  if (!error) return 0;
  med_peer_fail("rocksdb: %s", error);
  rocksdb_free(error);
  return -1;
}

static int open_db(const med_place *place, void **out) {
  rocks_db *db = calloc(1, sizeof *db);
  char path[4096], *error = NULL;
  *out = db;
  snprintf(path, sizeof path, "%s/rocks", place->folder);
  db->options = rocksdb_options_create();
  db->table = rocksdb_block_based_options_create();
  db->cache = rocksdb_cache_create_lru(BLOCK_CACHE_BYTES);
  db->write = rocksdb_writeoptions_create();
  db->read = rocksdb_readoptions_create();
  rocksdb_options_set_create_if_missing(db->options, 1);
  rocksdb_options_set_compression(db->options, rocksdb_lz4_compression);
  rocksdb_options_set_write_buffer_size(db->options, MEMTABLE_BYTES);
  rocksdb_options_increase_parallelism(db->options, 2);
  rocksdb_block_based_options_set_block_cache(db->table, db->cache);
  rocksdb_block_based_options_set_filter_policy(db->table, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
  rocksdb_options_set_block_based_table_factory(db->options, db->table);
  rocksdb_writeoptions_set_sync(db->write, place->durability == MED_DURABLE);
  db->handle = rocksdb_open(db->options, path, &error);
  return check(error);
}

static void close_db(void *argument) {
  rocks_db *db = argument;
  if (db->handle) rocksdb_close(db->handle);
  rocksdb_readoptions_destroy(db->read);
  rocksdb_writeoptions_destroy(db->write);
  rocksdb_block_based_options_destroy(db->table);
  rocksdb_cache_destroy(db->cache);
  rocksdb_options_destroy(db->options);
  free(db);
}

static int connect_db(void *db, void **out) {
  rocks_client *client = calloc(1, sizeof *client);
  client->db = db;
  *out = client;
  return 0;
}

static void disconnect_db(void *argument) {
  rocks_client *client = argument;
  if (client->pinned) rocksdb_pinnableslice_destroy(client->pinned);
  if (client->batch) rocksdb_writebatch_destroy(client->batch);
  free(client);
}

static int get(void *argument, const void *key, size_t key_len, const void **value, size_t *value_len) {
  rocks_client *client = argument;
  char *error = NULL;
  if (client->pinned) rocksdb_pinnableslice_destroy(client->pinned);
  client->pinned = rocksdb_get_pinned(client->db->handle, client->db->read, key, key_len, &error);
  if (check(error) != 0) return -1;
  *value = rocksdb_pinnableslice_value(client->pinned, value_len);
  return *value ? MED_KV_FOUND : MED_KV_MISSING;
}

static int put(void *argument, const void *key, size_t key_len, const void *value, size_t value_len) {
  rocks_client *client = argument;
  char *error = NULL;
  if (client->batch) {
    rocksdb_writebatch_put(client->batch, key, key_len, value, value_len);
    return 0;
  }
  rocksdb_put(client->db->handle, client->db->write, key, key_len, value, value_len, &error);
  return check(error);
}

/* A blind delete: RocksDB does not say whether there was something. */
static int remove_key(void *argument, const void *key, size_t key_len) {
  rocks_client *client = argument;
  char *error = NULL;
  rocksdb_delete(client->db->handle, client->db->write, key, key_len, &error);
  return check(error);
}

static int begin_batch(void *argument) {
  ((rocks_client *)argument)->batch = rocksdb_writebatch_create();
  return 0;
}

static int end_batch(void *argument) {
  rocks_client *client = argument;
  char *error = NULL;
  rocksdb_write(client->db->handle, client->db->write, client->batch, &error);
  rocksdb_writebatch_destroy(client->batch);
  client->batch = NULL;
  return check(error);
}

static int scan(void *argument, const void *from, size_t from_len, int limit, uint64_t *bytes) {
  rocks_client *client = argument;
  rocksdb_iterator_t *iterator = rocksdb_create_iterator(client->db->handle, client->db->read);
  *bytes = 0;
  for (rocksdb_iter_seek(iterator, from, from_len); limit > 0 && rocksdb_iter_valid(iterator); limit--) {
    size_t len;
    rocksdb_iter_value(iterator, &len);
    *bytes += len;
    rocksdb_iter_next(iterator);
  }
  rocksdb_iter_destroy(iterator);
  return 0;
}

static int count_all(void *argument, int64_t *count) {
  rocks_client *client = argument;
  char *error = NULL;
  rocksdb_iterator_t *iterator = rocksdb_create_iterator(client->db->handle, client->db->read);
  *count = 0;
  for (rocksdb_iter_seek_to_first(iterator); rocksdb_iter_valid(iterator); rocksdb_iter_next(iterator)) ++*count;
  rocksdb_iter_get_error(iterator, &error);
  rocksdb_iter_destroy(iterator);
  return check(error);
}

static const med_kv kv = {.open = open_db,
                          .close = close_db,
                          .connect = connect_db,
                          .disconnect = disconnect_db,
                          .get = get,
                          .put = put,
                          .remove = remove_key,
                          .begin_batch = begin_batch,
                          .end_batch = end_batch,
                          .scan = scan,
                          .count = count_all};

/* ---- Events ---- */

static int append_events(void *argument, const med_event *events, int count) {
  begin_batch(argument);
  for (int i = 0; i < count; i++) med_rocksdb_events_add(((rocks_client *)argument)->batch, &events[i]);
  return end_batch(argument);
}

/* As after a night: all of it is in sorted files, compacted. */
static int loaded(void *argument) {
  rocks_db *db = argument;
  rocksdb_compact_range(db->handle, NULL, 0, NULL, 0);
  return 0;
}

static rocksdb_iterator_t *iterate(void *argument) {
  const rocks_db *db = ((rocks_client *)argument)->db;
  return rocksdb_create_iterator(db->handle, db->read);
}

static int by_type(void *connection, med_group *groups, int limit) {
  return med_rocksdb_events_by_type(iterate(connection), groups, limit);
}
static int sum(void *connection, int64_t from_us, int64_t to_us, med_group *total) {
  return med_rocksdb_events_sum(iterate(connection), from_us, to_us, total);
}
static int top_users(void *connection, med_group *groups, int limit) {
  return med_rocksdb_events_top_users(iterate(connection), groups, limit);
}
static int partition(void *connection, uint32_t user, int limit, med_group *total) {
  return med_rocksdb_events_partition(iterate(connection), user, limit, total);
}

static const med_columns columns = {.open = open_db,
                                    .close = close_db,
                                    .connect = connect_db,
                                    .disconnect = disconnect_db,
                                    .append = append_events,
                                    .loaded = loaded,
                                    .by_type = by_type,
                                    .sum = sum,
                                    .top_users = top_users,
                                    .partition = partition};

const med_peer med_peer_rocksdb = {.name = "rocksdb",
                                   .description = "RocksDB, LZ4, bloom filters, 512 MiB block cache",
                                   .version = version,
                                   .kv = &kv,
                                   .columns = &columns};
