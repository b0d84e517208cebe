/* walker.c - LMDB's file format, read with suspicion. walker_format.h draws it.
 *
 * LMDB sets a tree's counts, and the parity, without looking at them again, and its arithmetic depends on them: they
 * are checked as strictly as the pages. Pages behind the end of the file are allowed if they are all free: LMDB does not
 * write a page that its transaction gave up again. */
#include "storage/walker.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/memory.h"
#include "storage/walker_format.h"

enum { HEADER_RETRIES = 3 };

typedef struct walker {
  int fd;
  uint32_t page_size;
  uint64_t file_pages;
  meta newest;
  uint8_t *used, *free;     /* a bit for each page */
  uint64_t free_behind_end; /* free pages that the file does not reach */
  uint8_t *scratch;         /* one page of an overflow run */
  uint16_t *node_sizes;     /* by offset / 2, of the page at hand */
  med_walker_callback on_entry;
  void *context;
  med_walker_report report;
  medley_error *error;
} walker;

typedef struct level {
  uint8_t *page; /* kept when the level is left, for its next use */
  uint64_t number;
  unsigned index, count;
  med_slice from, to; /* keys of the page are in [from, to); bytes NULL: no bound. They lie in pages above. */
} level;

typedef enum tree_kind { KIND_FREE, KIND_MAIN, KIND_NAMED } tree_kind;

typedef struct tree_walk {
  walker *walker;
  const tree_record *record;
  tree_kind kind;
  med_slice name;
  size_t integer_size; /* of integer keys: all the same; 0 until the first is seen */
  uint64_t branch_pages, leaf_pages, overflow_pages, entries;
  level levels[DEPTH_MAX];
} tree_walk;

static int walk_tree(walker *w, tree_kind kind, med_slice name, const tree_record *record);

/* ---- Reading ---- */

static bool bit_is_set(const uint8_t *bits, uint64_t index) { return (bits[index >> 3] >> (index & 7) & 1) != 0; }
static void bit_set(uint8_t *bits, uint64_t index) {
  bits[index >> 3] = (uint8_t)(bits[index >> 3] | 1 << (index & 7));
}

static int page_bad(walker *w, uint64_t number, const char *what) {
  return med_error_set(w->error, MEDLEY_CORRUPT, "file: page %" PRIu64 ": %s", number, what);
}

static int read_bytes(int fd, uint8_t *to, size_t size, uint64_t offset, medley_error *error) {
  size_t done = 0;
  while (done < size) {
    ssize_t got = pread(fd, to + done, size - done, (off_t)(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return med_error_set_foreign(error, MEDLEY_IO, errno, "file: cannot read: byte %" PRIu64, offset + done);
    if (got == 0) return med_error_set(error, MEDLEY_CORRUPT, "file: ends early: at byte %" PRIu64, offset + done);
    done += (size_t)got;
  }
  return MEDLEY_OK;
}

static int read_page(walker *w, uint64_t number, uint8_t *to) {
  return read_bytes(w->fd, to, w->page_size, number * w->page_size, w->error);
}

/* ---- Meta pages ---- */

/* Reads the meta page at byte `offset`; *page_size is 0 for the first one, which tells it. */
static int read_meta(int fd, uint64_t offset, uint32_t *page_size, meta *to, medley_error *error) {
  uint8_t bytes[PAGE_HEADER_SIZE + META_SIZE];
  unsigned number = offset > 0;
  int rc = read_bytes(fd, bytes, sizeof bytes, offset, error);
  if (rc != MEDLEY_OK) return rc;
  const uint8_t *body = bytes + PAGE_HEADER_SIZE;
  if (med_native_u32(body) != META_MAGIC || page_flags(bytes) != PAGE_META) {
    int status = number == 0 ? MEDLEY_NOT_A_DATABASE : MEDLEY_CORRUPT;
    return med_error_set(error, status, "file: not a meta page: page %u", number);
  }
  if (med_native_u64(bytes) != number)
    return med_error_set(error, MEDLEY_CORRUPT, "file: page %u: wrong page number", number);
  if (med_native_u32(body + 4) != 1)
    return med_error_set(error, MEDLEY_NOT_A_DATABASE, "file: page %u: LMDB's format version is not 1 but: %" PRIu32,
                         number, med_native_u32(body + 4));
  to->map_size = med_native_u64(body + 16);
  to->free_tree = load_tree(body + 24);
  to->main_tree = load_tree(body + 72);
  to->last_page = med_native_u64(body + 120);
  to->txn_id = med_native_u64(body + 128);
  uint32_t size = to->free_tree.pad;
  bool plausible = size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && (size & (size - 1)) == 0;
  if (!plausible || (*page_size != 0 && size != *page_size))
    return med_error_set(error, MEDLEY_CORRUPT, "file: page %u: implausible page size: %" PRIu32, number, size);
  *page_size = size;
  return MEDLEY_OK;
}

/* A tree record against itself and the file. */
static const char *tree_record_problem(const walker *w, const meta *of, const tree_record *record) {
  if (record->depth > DEPTH_MAX) return "a tree is deeper than 32";
  if ((record->root == NO_PAGE) != (record->depth == 0)) return "a tree's depth does not fit its root";
  if (record->root == NO_PAGE) {
    bool empty = (record->branch_pages | record->leaf_pages | record->overflow_pages | record->entries) == 0;
    return empty ? NULL : "an empty tree has pages";
  }
  if (record->root < META_PAGES || record->root > of->last_page) return "a tree's root is outside of the file";
  if (record->root >= w->file_pages) return "a tree's root is behind the end of the file: it was cut off";
  return NULL;
}

static const char *meta_problem(const walker *w, const meta *m) {
  if ((m->free_tree.flags & ~META_NO_SUBDIR) != TREE_INTEGER_KEY) return "unknown flags of the environment";
  if (m->main_tree.flags != 0) return "unknown flags of the main tree";
  if (m->last_page < META_PAGES - 1 || m->last_page >= PAGE_NUMBER_END) return "the last page is out of range";
  if (m->map_size / w->page_size <= m->last_page) return "the map is smaller than the pages";
  if (m->txn_id > TXN_ID_MAX) return "the transaction number is out of range";
  const char *problem = tree_record_problem(w, m, &m->free_tree);
  return problem != NULL ? problem : tree_record_problem(w, m, &m->main_tree);
}

/* Both meta pages, and which one counts. */
static int load_metas(walker *w, int fd, uint64_t file_size, medley_error *error) {
  meta metas[META_PAGES];
  w->fd = fd;
  w->error = error;
  if (file_size < PAGE_HEADER_SIZE + META_SIZE)
    return med_error_set(error, MEDLEY_NOT_A_DATABASE, "file: too short for a database: %" PRIu64 " bytes", file_size);
  int rc = read_meta(fd, 0, &w->page_size, &metas[0], error);
  if (rc != MEDLEY_OK) return rc;
  w->file_pages = file_size / w->page_size;
  if (w->file_pages < META_PAGES) return med_error_set(error, MEDLEY_CORRUPT, "file: ends early: in its meta pages");
  rc = read_meta(fd, w->page_size, &w->page_size, &metas[1], error);
  if (rc != MEDLEY_OK) return rc;
  unsigned newest = metas[1].txn_id > metas[0].txn_id;
  if ((metas[newest].txn_id & 1) != newest || (metas[0].txn_id == metas[1].txn_id && metas[0].txn_id != 0)) {
    return page_bad(w, newest, "the transaction number does not belong to this meta page");
  }
  /* The other one is only ever overwritten. After a commit that failed it may hold the roots of what was not written. */
  const char *problem = meta_problem(w, &metas[newest]);
  if (problem != NULL) return page_bad(w, newest, problem);
  w->newest = metas[newest];
  return MEDLEY_OK;
}

/* ---- Accounting ---- */

static int take_used(walker *w, uint64_t number) {
  if (number < META_PAGES || number > w->newest.last_page)
    return page_bad(w, number, "reached, but outside of the file");
  if (number >= w->file_pages) return page_bad(w, number, "behind the end of the file: it was cut off");
  if (bit_is_set(w->used, number)) return page_bad(w, number, "reached twice");
  if (bit_is_set(w->free, number)) return page_bad(w, number, "both free and used");
  bit_set(w->used, number);
  return MEDLEY_OK;
}

static int take_free(walker *w, uint64_t number) {
  if (number < META_PAGES || number > w->newest.last_page) return page_bad(w, number, "free, but outside of the file");
  if (number >= w->file_pages) w->free_behind_end++;
  if (bit_is_set(w->free, number)) return page_bad(w, number, "in the free list twice");
  if (bit_is_set(w->used, number)) return page_bad(w, number, "both free and used");
  bit_set(w->free, number);
  w->report.free_pages++;
  return MEDLEY_OK;
}

/* ---- Values ---- */

/* The run that a big value lies in: takes its pages and leaves the first one in w->scratch. */
static int open_run(tree_walk *t, uint64_t number, uint64_t size) {
  walker *w = t->walker;
  uint64_t needed = (PAGE_HEADER_SIZE + size + w->page_size - 1) / w->page_size;
  if (number < META_PAGES || number >= w->file_pages) return page_bad(w, number, "an overflow run outside of the file");
  int rc = read_page(w, number, w->scratch);
  if (rc != MEDLEY_OK) return rc;
  if (med_native_u64(w->scratch) != number) return page_bad(w, number, "wrong page number");
  if (page_flags(w->scratch) != PAGE_OVERFLOW) return page_bad(w, number, "not an overflow page");
  uint64_t pages = med_native_u32(w->scratch + 12);
  /* An overwritten value keeps its run, so that a run may be longer than needed. */
  if (pages < needed) return page_bad(w, number, "an overflow run too short for its value");
  if (pages > w->file_pages - number) return page_bad(w, number, "an overflow run outside of the file");
  for (uint64_t i = 0; i < pages; i++) {
    rc = take_used(w, number + i);
    if (rc != MEDLEY_OK) return rc;
  }
  t->overflow_pages += pages;
  return MEDLEY_OK;
}

/* A record of the free list, in pieces: `bytes` continue it. state: numbers left, and the last one. */
typedef struct free_record {
  bool begun;
  uint64_t left, previous;
} free_record;

static int take_free_numbers(walker *w, uint64_t page, free_record *record, const uint8_t *bytes, size_t size,
                             uint64_t whole_size) {
  size_t at = 0;
  if (!record->begun) {
    record->begun = true;
    record->left = med_native_u64(bytes);
    record->previous = NO_PAGE;
    if (record->left > whole_size / 8 - 1) return page_bad(w, page, "a free record shorter than its count");
    at = 8;
  }
  for (; at < size && record->left > 0; at += 8, record->left--) {
    uint64_t number = med_native_u64(bytes + at);
    if (number >= record->previous) return page_bad(w, page, "a free record out of order");
    int rc = take_free(w, number);
    if (rc != MEDLEY_OK) return rc;
    record->previous = number;
  }
  return MEDLEY_OK;
}

static int walk_free_record(tree_walk *t, uint64_t page, const uint8_t *node) {
  walker *w = t->walker;
  free_record record = {0};
  uint64_t size = node_data_size(node);
  uint64_t txn_id = med_native_u64(node_key(node).bytes);
  if (txn_id == 0 || txn_id > w->newest.txn_id) return page_bad(w, page, "a free record of an impossible transaction");
  if (size < 8 || size % 8 != 0) return page_bad(w, page, "a free record of an impossible size");
  if ((node_flags(node) & NODE_BIG) == 0)
    return take_free_numbers(w, page, &record, node_data(node), (size_t)size, size);
  uint64_t run = med_native_u64(node_data(node));
  int rc = open_run(t, run, size);
  uint64_t offset = PAGE_HEADER_SIZE;
  uint64_t end = PAGE_HEADER_SIZE + size;
  while (rc == MEDLEY_OK && offset < end) {
    uint64_t in_page = offset % w->page_size;
    uint64_t piece = w->page_size - in_page < end - offset ? w->page_size - in_page : end - offset;
    if (in_page == 0) rc = read_page(w, run + offset / w->page_size, w->scratch);
    if (rc == MEDLEY_OK) rc = take_free_numbers(w, run, &record, w->scratch + in_page, (size_t)piece, size);
    offset += piece;
  }
  return rc;
}

static int walk_named_tree(tree_walk *t, uint64_t page, const uint8_t *node) {
  walker *w = t->walker;
  if (node_flags(node) != NODE_TREE || node_data_size(node) != TREE_RECORD_SIZE)
    return page_bad(w, page, "a tree record of an impossible size");
  tree_record record = load_tree(node_data(node));
  const char *problem = tree_record_problem(w, &w->newest, &record);
  if ((record.flags & ~TREE_INTEGER_KEY) != 0) problem = "a named tree with unknown flags";
  if (problem != NULL) return page_bad(w, page, problem);
  return walk_tree(w, KIND_NAMED, node_key(node), &record);
}

static int walk_record(tree_walk *t, uint64_t page, const uint8_t *node) {
  walker *w = t->walker;
  size_t size = node_data_size(node);
  med_walker_entry entry = {t->name, node_key(node), med_slice_of(node_data(node), size), page};
  if (node_flags(node) & NODE_BIG) {
    entry.page_number = med_native_u64(node_data(node));
    int rc = open_run(t, entry.page_number, size);
    if (rc != MEDLEY_OK) return rc;
    bool fits = size <= w->page_size - PAGE_HEADER_SIZE;
    entry.value = med_slice_of(fits ? w->scratch + PAGE_HEADER_SIZE : NULL, size);
  }
  w->report.entry_count++;
  return w->on_entry != NULL ? w->on_entry(w->context, &entry) : MEDLEY_OK;
}

static int walk_leaf_node(tree_walk *t, uint64_t page, const uint8_t *node) {
  t->entries++;
  if (t->kind == KIND_FREE) return walk_free_record(t, page, node);
  if (node_flags(node) & NODE_TREE) {
    if (t->kind != KIND_MAIN) return page_bad(t->walker, page, "a tree inside of a named tree");
    return walk_named_tree(t, page, node);
  }
  return walk_record(t, page, node);
}

/* ---- Pages ---- */

/* Size of a node as LMDB counts it; 0 if it does not fit between its offset and the end of the page. */
static uint32_t node_size(const walker *w, const uint8_t *page, unsigned offset, bool leaf) {
  const uint32_t room = w->page_size - offset;
  if (room < NODE_HEADER_SIZE) return 0;
  const uint8_t *node = page + offset;
  uint32_t size = NODE_HEADER_SIZE + med_native_u16(node + 6);
  if (leaf && (node_flags(node) & NODE_BIG)) {
    size += 8;
  } else if (leaf) {
    /* What is larger than this LMDB moves to an overflow run; it counts on that when it splits pages. */
    uint32_t inline_max = ((w->page_size - PAGE_HEADER_SIZE) / 2 & ~1u) - 2;
    if (node_data_size(node) > inline_max || size + node_data_size(node) > inline_max) return 0;
    size += node_data_size(node);
  }
  size += size & 1;
  return size <= room ? size : 0;
}

/* Header, offsets, and that the nodes fill their part of the page exactly, none over another. */
static const char *layout_problem(walker *w, const uint8_t *page, bool leaf) {
  unsigned lower = page_lower(page);
  unsigned upper = page_upper(page);
  if (lower < PAGE_HEADER_SIZE || lower % 2 != 0 || lower > upper) return "the lower bound is out of range";
  if (upper > w->page_size || upper % 2 != 0) return "the upper bound is out of range";
  unsigned count = page_node_count(page);
  if (count < (leaf ? 1 : 2)) return "too few nodes";
  memset(w->node_sizes, 0, w->page_size / 2 * sizeof *w->node_sizes);
  for (unsigned i = 0; i < count; i++) {
    unsigned offset = med_native_u16(page + PAGE_HEADER_SIZE + 2 * i);
    if (offset % 2 != 0 || offset < upper || offset >= w->page_size) return "a node's offset is out of range";
    uint32_t size = node_size(w, page, offset, leaf);
    if (size == 0) return "a node is larger than its place";
    w->node_sizes[offset / 2] = (uint16_t)size;
  }
  unsigned found = 0;
  unsigned at = upper;
  for (; at < w->page_size && w->node_sizes[at / 2] != 0; at += w->node_sizes[at / 2]) found++;
  return at == w->page_size && found == count ? NULL : "nodes overlap or leave a hole";
}

static int key_compare(const tree_walk *t, med_slice a, med_slice b) {
  if (t->integer_size == 0) return med_slice_compare(a, b);
  uint64_t left = t->integer_size == 8 ? med_native_u64(a.bytes) : med_native_u32(a.bytes);
  uint64_t right = t->integer_size == 8 ? med_native_u64(b.bytes) : med_native_u32(b.bytes);
  return left < right ? -1 : left > right;
}

static const char *key_problem(tree_walk *t, med_slice key) {
  if (key.len == 0 || key.len > LMDB_KEY_SIZE_MAX) return "a key's size is out of range";
  if ((t->record->flags & TREE_INTEGER_KEY) == 0) return NULL;
  if (t->integer_size == 0 && (key.len == 8 || (key.len == 4 && t->kind != KIND_FREE))) t->integer_size = key.len;
  return key.len == t->integer_size ? NULL : "an integer key of another size";
}

/* Sizes and order of the keys, also against the bounds that the pages above set. */
static const char *keys_problem(tree_walk *t, const level *at, bool leaf) {
  med_slice previous = at->from;
  if (!leaf && node_key(page_node(at->page, 0)).len > LMDB_KEY_SIZE_MAX) return "a key's size is out of range";
  for (unsigned i = leaf ? 0 : 1; i < at->count; i++) {
    const uint8_t *node = page_node(at->page, i);
    med_slice key = node_key(node);
    const char *problem = key_problem(t, key);
    if (problem != NULL) return problem;
    if (leaf && (node_flags(node) & ~(NODE_BIG | NODE_TREE)) != 0) return "a node with unknown flags";
    if (previous.bytes != NULL) {
      int order = key_compare(t, previous, key);
      /* The first key of a leaf may be its separator itself. */
      if (order > 0 || (order == 0 && !(leaf && i == 0))) return "keys out of order";
    }
    previous = key;
  }
  if (at->to.bytes != NULL && key_compare(t, previous, at->to) >= 0) return "a key above the bound of its page";
  return NULL;
}

/* Reads page `number` into level `depth` (from 0) and checks it. */
static int enter_page(tree_walk *t, unsigned depth, uint64_t number) {
  walker *w = t->walker;
  level *at = &t->levels[depth];
  bool leaf = depth + 1u == t->record->depth;
  int rc = take_used(w, number);
  if (rc != MEDLEY_OK) return rc;
  if (at->page == NULL) at->page = med_alloc(w->page_size);
  if (at->page == NULL) return med_error_no_memory(w->error);
  rc = read_page(w, number, at->page);
  if (rc != MEDLEY_OK) return rc;
  if (med_native_u64(at->page) != number) return page_bad(w, number, "wrong page number");
  if (page_flags(at->page) != (leaf ? PAGE_LEAF : PAGE_BRANCH))
    return page_bad(w, number, leaf ? "not a leaf page" : "not a branch page");
  const char *problem = layout_problem(w, at->page, leaf);
  if (problem != NULL) return page_bad(w, number, problem);
  at->number = number;
  at->index = 0;
  at->count = page_node_count(at->page);
  problem = keys_problem(t, at, leaf);
  if (problem != NULL) return page_bad(w, number, problem);
  *(leaf ? &t->leaf_pages : &t->branch_pages) += 1;
  return MEDLEY_OK;
}

/* The next child of the branch page on level `depth`. */
static int enter_child(tree_walk *t, unsigned depth) {
  level *at = &t->levels[depth];
  level *child = &t->levels[depth + 1];
  unsigned i = at->index++;
  child->from = i == 0 ? at->from : node_key(page_node(at->page, i));
  child->to = i + 1 == at->count ? at->to : node_key(page_node(at->page, i + 1));
  return enter_page(t, depth + 1, node_child(page_node(at->page, i)));
}

static int walk_pages(tree_walk *t) {
  unsigned depth = 0;
  unsigned leaf_depth = t->record->depth - 1u;
  int rc = enter_page(t, 0, t->record->root);
  while (rc == MEDLEY_OK) {
    level *at = &t->levels[depth];
    if (at->index == at->count) {
      if (depth == 0) break;
      depth--;
    } else if (depth == leaf_depth) {
      rc = walk_leaf_node(t, at->number, page_node(at->page, at->index++));
    } else {
      rc = enter_child(t, depth++);
    }
  }
  return rc;
}

static const char *counts_problem(const tree_walk *t) {
  const tree_record *record = t->record;
  if (t->branch_pages != record->branch_pages) return "branch pages miscounted";
  if (t->leaf_pages != record->leaf_pages) return "leaf pages miscounted";
  if (t->overflow_pages != record->overflow_pages) return "overflow pages miscounted";
  return t->entries != record->entries ? "entries miscounted" : NULL;
}

static int walk_tree(walker *w, tree_kind kind, med_slice name, const tree_record *record) {
  w->report.tree_count++;
  if (record->root == NO_PAGE) return MEDLEY_OK;
  tree_walk *t = med_alloc_zero(sizeof *t);
  if (t == NULL) return med_error_no_memory(w->error);
  t->walker = w;
  t->record = record;
  t->kind = kind;
  t->name = name;
  int rc = walk_pages(t);
  const char *problem = rc == MEDLEY_OK ? counts_problem(t) : NULL;
  if (problem != NULL)
    rc = med_error_set(w->error, MEDLEY_CORRUPT, "file: tree with root page %" PRIu64 ": %s", record->root, problem);
  w->report.branch_pages += t->branch_pages;
  w->report.leaf_pages += t->leaf_pages;
  w->report.overflow_pages += t->overflow_pages;
  for (unsigned i = 0; i < DEPTH_MAX; i++) med_free(t->levels[i].page);
  med_free(t);
  return rc;
}

/* ---- The whole ---- */

static void walker_clear(walker *w) {
  med_free(w->used);
  med_free(w->free);
  med_free(w->scratch);
  med_free(w->node_sizes);
}

static uint64_t pages_behind_end(const walker *w) {
  return w->newest.last_page >= w->file_pages ? w->newest.last_page + 1 - w->file_pages : 0;
}

/* Pages that the file does not reach must all be free, and the list that says so is inside of the file: that also bounds
 * the bitmaps of a file that lies about its last page. */
static int check_length(walker *w) {
  if (pages_behind_end(w) <= w->file_pages * (w->page_size / 8)) return MEDLEY_OK;
  return med_error_set(w->error, MEDLEY_CORRUPT, "file: ends early: page %" PRIu64 " of %" PRIu64 " is the last one",
                       w->file_pages, w->newest.last_page + 1);
}

static int check_tail(walker *w) {
  uint64_t missing = pages_behind_end(w);
  if (missing == w->free_behind_end) return MEDLEY_OK;
  return med_error_set(w->error, MEDLEY_CORRUPT, "file: ends early: page %" PRIu64 " and %" PRIu64 " more are missing",
                       w->file_pages, missing - 1);
}

static int walker_prepare(walker *w) {
  int rc = check_length(w);
  if (rc != MEDLEY_OK) return rc;
  size_t bitmap_size = (size_t)(w->newest.last_page / 8 + 1);
  w->used = med_alloc_zero(bitmap_size);
  w->free = med_alloc_zero(bitmap_size);
  w->scratch = med_alloc(w->page_size);
  w->node_sizes = med_alloc(w->page_size / 2 * sizeof *w->node_sizes);
  bool all = w->used != NULL && w->free != NULL && w->scratch != NULL && w->node_sizes != NULL;
  return all ? MEDLEY_OK : med_error_no_memory(w->error);
}

static int walk_free_list(walker *w) {
  int rc = walk_tree(w, KIND_FREE, med_slice_of(NULL, 0), &w->newest.free_tree);
  return rc == MEDLEY_OK ? check_tail(w) : rc;
}

static int check_header_once(int fd, uint64_t file_size, medley_error *error) {
  walker w = {0};
  int rc = load_metas(&w, fd, file_size, error);
  if (rc != MEDLEY_OK || pages_behind_end(&w) == 0) return rc;
  rc = walker_prepare(&w);
  if (rc == MEDLEY_OK) rc = walk_free_list(&w);
  walker_clear(&w);
  return rc;
}

int med_walker_check_header(int fd, uint64_t file_size, medley_error *error) {
  if (file_size == 0) return MEDLEY_OK;
  int rc = check_header_once(fd, file_size, error);
  /* Another process may have committed between the caller's look at the size and the meta pages, or meanwhile. A file
   * that is damaged stays damaged. */
  struct stat status;
  for (int i = 0; i < HEADER_RETRIES && rc == MEDLEY_CORRUPT && fstat(fd, &status) == 0 && status.st_size > 0; i++) {
    rc = check_header_once(fd, (uint64_t)status.st_size, error);
  }
  if (rc == MEDLEY_OK) med_error_clear(error);
  return rc;
}

static void fill_report(walker *w, med_walker_report *report) {
  w->report.page_size = w->page_size;
  w->report.file_pages = w->file_pages;
  w->report.last_page = w->newest.last_page;
  w->report.txn_id = w->newest.txn_id;
  uint64_t used = w->report.branch_pages + w->report.leaf_pages + w->report.overflow_pages;
  w->report.leaked_pages = w->newest.last_page + 1 - META_PAGES - used - w->report.free_pages;
  *report = w->report;
}

int med_walker_walk(int fd, uint64_t file_size, med_walker_callback on_entry, void *context, med_walker_report *report,
                    medley_error *error) {
  static const med_walker_report empty;
  if (report != NULL) *report = empty;
  if (file_size == 0) return MEDLEY_OK;
  walker w = {.on_entry = on_entry, .context = context};
  int rc = load_metas(&w, fd, file_size, error);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(walker_prepare(&w));
  MED_TRY(walk_free_list(&w));
  MED_TRY(walk_tree(&w, KIND_MAIN, med_slice_of(NULL, 0), &w.newest.main_tree));
  if (report != NULL) fill_report(&w, report);
done:
  walker_clear(&w);
  return rc;
}
