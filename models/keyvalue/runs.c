/* runs.c - a counted B+tree of runs. */
#include "models/keyvalue/runs.h"

#define ENTRIES_MAX 112
#define ENTRY_SIZE 16
#define NODE_HEADER_SIZE 8
#define LEVELS_MAX 10
#define ROOT 0

typedef struct entry {
  uint64_t elements;
  uint64_t value; /* first position of a run, or number of a node */
} entry;

typedef struct node {
  unsigned level; /* 0: leaf */
  unsigned count;
  uint32_t next_number; /* root only */
  entry entries[ENTRIES_MAX + 2];
} node;

static void node_key(const med_collection *list, uint32_t number, med_key *key) {
  med_part_key(list, MED_PART_RUNS, key);
  med_key_add_u32(key, number);
}

static int node_read(med_collection *list, uint32_t number, node *read) {
  med_key key;
  med_slice record;
  node_key(list, number, &key);
  int rc = med_txn_get(list->kv->txn, MED_TREE_KV, med_key_slice(&key), &record);
  if (rc == MEDLEY_NOT_FOUND) return med_collection_damaged(list, "a node of runs is missing");
  if (rc != MEDLEY_OK) return rc;
  const uint8_t *at = record.bytes;
  if (record.len < NODE_HEADER_SIZE) return med_collection_damaged(list, "a node of runs does not decode");
  read->level = at[0];
  read->count = med_get_u16(at + 2);
  read->next_number = med_get_u32(at + 4);
  if (read->level >= LEVELS_MAX || read->count == 0 || read->count > ENTRIES_MAX ||
      record.len != NODE_HEADER_SIZE + (size_t)read->count * ENTRY_SIZE) {
    return med_collection_damaged(list, "a node of runs does not decode");
  }
  for (unsigned i = 0; i < read->count; i++) {
    const uint8_t *from = at + NODE_HEADER_SIZE + (size_t)i * ENTRY_SIZE;
    read->entries[i].elements = med_get_u64(from);
    read->entries[i].value = med_get_u64(from + 8);
  }
  return MEDLEY_OK;
}

static int node_write(med_collection *list, uint32_t number, const node *written) {
  med_key key;
  uint8_t record[NODE_HEADER_SIZE + ENTRIES_MAX * ENTRY_SIZE];
  record[0] = (uint8_t)written->level;
  record[1] = 0;
  med_put_u16(record + 2, (uint16_t)written->count);
  med_put_u32(record + 4, written->next_number);
  for (unsigned i = 0; i < written->count; i++) {
    uint8_t *to = record + NODE_HEADER_SIZE + (size_t)i * ENTRY_SIZE;
    med_put_u64(to, written->entries[i].elements);
    med_put_u64(to + 8, written->entries[i].value);
  }
  node_key(list, number, &key);
  return med_txn_put(list->kv->txn, MED_TREE_KV, med_key_slice(&key),
                     med_slice_of(record, NODE_HEADER_SIZE + (size_t)written->count * ENTRY_SIZE));
}

static int node_delete(med_collection *list, uint32_t number) {
  med_key key;
  node_key(list, number, &key);
  return med_txn_delete(list->kv->txn, MED_TREE_KV, med_key_slice(&key));
}

static uint64_t node_elements(const node *summed) {
  uint64_t elements = 0;
  for (unsigned i = 0; i < summed->count; i++) elements += summed->entries[i].elements;
  return elements;
}

static void entry_insert(node *into, unsigned at, uint64_t elements, uint64_t value) {
  memmove(into->entries + at + 1, into->entries + at, (into->count - at) * sizeof(entry));
  into->entries[at].elements = elements;
  into->entries[at].value = value;
  into->count++;
}

static void entry_remove(node *from, unsigned at) {
  from->count--;
  memmove(from->entries + at, from->entries + at + 1, (from->count - at) * sizeof(entry));
}

int med_runs_make(med_collection *list) {
  node root = {.count = 1, .next_number = 1};
  root.entries[0].elements = list->meta.count;
  root.entries[0].value = (uint64_t)list->meta.head;
  return node_write(list, ROOT, &root);
}

int med_runs_unmake(med_collection *list) {
  node root;
  int rc = node_read(list, ROOT, &root);
  if (rc != MEDLEY_OK || root.level > 0 || root.count > 1) return rc;
  list->meta.head = (int64_t)root.entries[0].value;
  list->meta.tail = (int64_t)(root.entries[0].value + root.entries[0].elements);
  list->changed = true;
  return node_delete(list, ROOT);
}

int med_runs_find(med_collection *list, uint64_t index, med_run *run, uint64_t *offset) {
  uint32_t number = ROOT;
  for (unsigned depth = 0; depth < LEVELS_MAX; depth++) {
    node present;
    int rc = node_read(list, number, &present);
    if (rc != MEDLEY_OK) return rc;
    unsigned i = 0;
    while (i < present.count && index >= present.entries[i].elements) index -= present.entries[i++].elements;
    if (i == present.count) break;
    if (present.level == 0) {
      run->start = (int64_t)present.entries[i].value;
      run->len = present.entries[i].elements;
      *offset = index;
      return MEDLEY_OK;
    }
    number = (uint32_t)present.entries[i].value;
  }
  return med_collection_damaged(list, "fewer elements than were counted");
}

/* ---- Edits ---- One way down, the change in the leaf, and the counts on the way back. */
typedef struct edit {
  med_collection *list;
  bool inserts;
  med_run run;          /* inserted, or what was removed */
  uint64_t wanted;      /* elements to remove */
  uint32_t next_number; /* of the root while the edit goes on */
} edit;

/* What a node tells the one above. */
typedef struct outcome {
  uint64_t elements;     /* of the node itself; 0: it is empty and gone */
  uint32_t right_number; /* not 0: the node was split and this is its right half */
  uint64_t right_elements;
} outcome;

static void insert_into_leaf(node *leaf, unsigned at, uint64_t offset, med_run run) {
  entry *present = &leaf->entries[at];
  uint64_t start = (uint64_t)run.start;
  if (offset == present->elements && present->value + present->elements == start) {
    present->elements += run.len;
  } else if (offset == 0 && start + run.len == present->value) {
    present->value = start;
    present->elements += run.len;
  } else if (offset == 0 || offset == present->elements) {
    entry_insert(leaf, offset == 0 ? at : at + 1, run.len, start);
  } else {
    uint64_t rest = present->elements - offset, rest_start = present->value + offset;
    present->elements = offset;
    entry_insert(leaf, at + 1, run.len, start);
    entry_insert(leaf, at + 2, rest, rest_start);
  }
}

static void remove_from_leaf(node *leaf, unsigned at, uint64_t offset, edit *change) {
  entry *present = &leaf->entries[at];
  uint64_t rest = present->elements - offset;
  uint64_t taken = change->wanted < rest ? change->wanted : rest;
  change->run.start = (int64_t)(present->value + offset);
  change->run.len = taken;
  rest -= taken;
  if (offset == 0 && rest == 0) {
    entry_remove(leaf, at);
  } else if (offset == 0) {
    present->value += taken;
    present->elements = rest;
  } else {
    uint64_t rest_start = present->value + offset + taken;
    present->elements = offset;
    if (rest > 0) entry_insert(leaf, at + 1, rest, rest_start);
  }
}

static int split_node(edit *change, node *full, outcome *out) {
  node right = {.level = full->level, .count = full->count / 2};
  full->count -= right.count;
  memcpy(right.entries, full->entries + full->count, right.count * sizeof(entry));
  out->right_number = change->next_number++;
  out->right_elements = node_elements(&right);
  return node_write(change->list, out->right_number, &right);
}

static int edit_node(edit *change, uint32_t number, uint64_t index, unsigned depth, outcome *out);

static int edit_child(edit *change, node *parent, unsigned at, uint64_t index, unsigned depth) {
  outcome child;
  int rc = edit_node(change, (uint32_t)parent->entries[at].value, index, depth + 1, &child);
  if (rc != MEDLEY_OK) return rc;
  if (child.elements == 0) {
    entry_remove(parent, at);
    return MEDLEY_OK;
  }
  parent->entries[at].elements = child.elements;
  if (child.right_number != 0) entry_insert(parent, at + 1, child.right_elements, child.right_number);
  return MEDLEY_OK;
}

/* The root keeps its number: when it is full, its entries move into two new nodes below it. */
static int save_root(edit *change, node *root) {
  int rc = MEDLEY_OK;
  if (root->count > ENTRIES_MAX) {
    outcome halves;
    uint32_t left_number = change->next_number++;
    rc = split_node(change, root, &halves);
    if (rc == MEDLEY_OK) rc = node_write(change->list, left_number, root);
    if (rc != MEDLEY_OK) return rc;
    root->entries[0].elements = node_elements(root);
    root->entries[0].value = left_number;
    root->entries[1].elements = halves.right_elements;
    root->entries[1].value = halves.right_number;
    root->count = 2;
    root->level++;
  }
  while (root->level > 0 && root->count == 1) {
    uint32_t only = (uint32_t)root->entries[0].value;
    rc = node_read(change->list, only, root);
    if (rc == MEDLEY_OK) rc = node_delete(change->list, only);
    if (rc != MEDLEY_OK) return rc;
  }
  root->next_number = change->next_number;
  return root->count > 0 ? node_write(change->list, ROOT, root) : node_delete(change->list, ROOT);
}

static int edit_node(edit *change, uint32_t number, uint64_t index, unsigned depth, outcome *out) {
  node present;
  memset(out, 0, sizeof *out);
  if (depth >= LEVELS_MAX) return med_collection_damaged(change->list, "runs are nested too deeply");
  int rc = node_read(change->list, number, &present);
  if (rc != MEDLEY_OK) return rc;
  if (number == ROOT) change->next_number = present.next_number;
  unsigned at = 0;
  /* An insertion at the seam of two entries belongs to the left one, which it may lengthen. */
  while (at + 1 < present.count &&
         (change->inserts ? index > present.entries[at].elements : index >= present.entries[at].elements)) {
    index -= present.entries[at++].elements;
  }
  if (change->inserts ? index > present.entries[at].elements : index >= present.entries[at].elements) {
    return med_collection_damaged(change->list, "fewer elements than were counted");
  }
  if (present.level > 0) {
    rc = edit_child(change, &present, at, index, depth);
  } else if (change->inserts) {
    insert_into_leaf(&present, at, index, change->run);
  } else {
    remove_from_leaf(&present, at, index, change);
  }
  if (rc != MEDLEY_OK) return rc;
  if (number == ROOT) return save_root(change, &present);
  if (present.count > ENTRIES_MAX) rc = split_node(change, &present, out);
  out->elements = node_elements(&present);
  if (rc != MEDLEY_OK) return rc;
  return present.count > 0 ? node_write(change->list, number, &present) : node_delete(change->list, number);
}

int med_runs_insert(med_collection *list, uint64_t index, med_run run) {
  edit change = {.list = list, .inserts = true, .run = run};
  outcome out;
  return edit_node(&change, ROOT, index, 0, &out);
}

int med_runs_remove(med_collection *list, uint64_t index, uint64_t count, med_run *removed) {
  edit change = {.list = list, .wanted = count};
  outcome out;
  int rc = edit_node(&change, ROOT, index, 0, &out);
  *removed = change.run;
  return rc;
}
