/* walk.c - a table's records, one after the other. */
#include "models/widecolumn/walk.h"

#include "models/widecolumn/tiers.h"

struct med_wide_walker {
  med_txn *txn;
  const med_wide_table *table;
  med_wide_tiers tiers;
  med_key prefix, at;
  med_key key; /* of the present record */
  med_arena arena;
  med_slice partition[MED_WIDE_KEY_COLUMNS_MAX + 1], clustering[MED_WIDE_KEY_COLUMNS_MAX + 1];
};

int med_wide_walker_open(med_txn *txn, const med_wide_table *table, med_wide_walker **walker) {
  med_wide_walker *made = med_alloc_zero(sizeof *made);
  *walker = NULL;
  if (made == NULL) return med_error_no_memory(med_txn_error(txn));
  made->txn = txn;
  made->table = table;
  med_wide_table_prefix(table->id, &made->prefix);
  made->at = made->prefix;
  med_wide_tiers_init(&made->tiers, txn, table);
  *walker = made;
  return MEDLEY_OK;
}

void med_wide_walker_close(med_wide_walker *walker) {
  if (walker == NULL) return;
  med_wide_tiers_clear(&walker->tiers);
  med_arena_clear(&walker->arena);
  med_free(walker);
}

void med_wide_walker_only_records(med_wide_walker *walker) { med_wide_tiers_only_records(&walker->tiers); }

void med_wide_walker_resume(med_wide_walker *walker, med_slice tail) {
  walker->at = walker->prefix;
  med_wide_key_extend(&walker->at, tail);
  if (walker->at.len < MED_KEY_SIZE_MAX) walker->at.bytes[walker->at.len++] = 0;
}

/* What stands at or behind the place; the walker's key is its key. */
static int take(med_wide_walker *walker, med_wide_found *found) {
  int rc = med_wide_tiers_seek(&walker->tiers, med_key_slice(&walker->at), found);
  if (rc != MEDLEY_OK) return rc;
  if (!med_slice_starts_with(found->key, med_key_slice(&walker->prefix))) return MEDLEY_NOT_FOUND;
  med_key_set(&walker->key, found->key);
  walker->at = walker->key;
  if (walker->at.len < MED_KEY_SIZE_MAX) walker->at.bytes[walker->at.len++] = 0;
  return MEDLEY_OK;
}

int med_wide_walker_next(med_wide_walker *walker, med_wide_walked *walked) {
  const med_wide_table *table = walker->table;
  medley_error *error = med_txn_error(walker->txn);
  med_wide_found found;
  med_wide_place place;
  int rc;
  med_arena_reset(&walker->arena);
  MED_TRY(take(walker, &found));
  MED_TRY(med_wide_key_place(table, med_key_slice(&walker->key), &place, error));
  med_key *partition_key = &walked->partition_key;
  partition_key->len = (uint16_t)place.partition.len;
  memcpy(partition_key->bytes, place.partition.bytes, place.partition.len);
  bool is_row = place.sub == MED_WIDE_SUB_ROW;
  med_wide_partition_init(&walked->partition);
  if (place.hashed || !is_row) {
    MED_TRY(med_wide_tiers_partition(&walker->tiers, partition_key, &walker->arena, &walked->partition));
  }
  if (place.hashed)
    MED_TRY(med_wide_partition_unpack(table, walked->partition.whole_key, walker->partition, error));
  else
    MED_TRY(med_wide_key_values(table->columns, table->partition_count, place.parts, &walker->arena, walker->partition,
                                error));
  if (is_row) {
    MED_TRY(med_wide_key_values(med_wide_clustering(table), table->clustering_count, place.clustering, &walker->arena,
                                walker->clustering, error));
    MED_TRY(med_wide_tiers_row(&walker->tiers, &found, &walker->arena, &walked->row));
  } else {
    walked->row = walked->partition.statics;
  }
  walked->clustering_parts = place.clustering;
  walked->sealed = found.sealed;
  walked->run = med_wide_tiers_run(&walker->tiers, &found);
  walked->place = (med_wide_place_of_row){
      table, walker->partition, is_row ? walker->clustering : NULL,
      med_slice_of(walker->key.bytes + MED_WIDE_TAIL_OFFSET, (size_t)walker->key.len - MED_WIDE_TAIL_OFFSET)};
  walked->arena = &walker->arena;
done:
  return rc;
}
