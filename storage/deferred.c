/* deferred.c - changes that a model has put off: when they are made, and how undo takes that back. */
#include <assert.h>

#include "storage/txn.h"

static bool is_due(const med_txn *txn, med_tree tree) {
  const med_deferred *of = txn->deferred;
  return of != NULL && tree == of->tree && of->made < of->count && !txn->settling;
}

static bool concerns(const med_txn *txn, med_slice key) {
  if (key.len == 0) return false;
  uint8_t first = *(const uint8_t *)key.bytes;
  return first < 64 && txn->deferred->first_bytes >> first & 1;
}

int med_txn_settle_for(med_txn *txn, med_tree tree, med_slice key) {
  return is_due(txn, tree) && concerns(txn, key) ? med_txn_settle(txn) : MEDLEY_OK;
}

int med_txn_settle_tree(med_txn *txn, med_tree tree) { return is_due(txn, tree) ? med_txn_settle(txn) : MEDLEY_OK; }

void med_txn_undo_deferred(med_txn *txn, bool were_made, const uint8_t *made_before) {
  med_deferred *of = txn->deferred;
  if (were_made) {
    memcpy(&of->made, made_before, sizeof of->made);
  } else {
    of->forget(of);
    of->count--;
  }
}

med_deferred *med_txn_deferred(const med_txn *txn) { return txn->deferred; }

void med_txn_set_deferred(med_txn *txn, med_deferred *deferred) {
  assert(txn->batch != NULL && txn->deferred == NULL);
  txn->deferred = deferred;
}

int med_txn_defer(med_txn *txn) {
  int rc = med_txn_undo_append(txn, MED_UNDO_DEFERRED, med_slice_of("", 0), NULL);
  if (rc != MEDLEY_OK) return rc;
  txn->deferred->count++;
  txn->changes++;
  return MEDLEY_OK;
}

void med_txn_look_around(med_txn *txn, bool looks) { txn->settling = looks; }

int med_txn_settle(med_txn *txn) {
  med_deferred *of = txn->deferred;
  if (of == NULL || of->made == of->count || txn->settling) return MEDLEY_OK;
  med_mark mark = med_txn_mark(txn);
  MDB_val before = {sizeof of->made, &of->made};
  int rc = med_txn_undo_append(txn, MED_UNDO_DEFERRED, med_slice_of("", 0), &before);
  if (rc != MEDLEY_OK) return rc;
  txn->settling = true;
  rc = of->make(of, txn);
  txn->settling = false;
  if (rc == MEDLEY_OK) {
    of->made = of->count;
    return MEDLEY_OK;
  }
  if (!txn->undo_on) txn->batch->broken = true;
  if (!txn->batch->broken) {
    medley_error kept = *txn->error;
    int undone = med_txn_rollback_to(txn, mark);
    if (undone == MEDLEY_OK) *txn->error = kept;
  }
  return rc;
}
