/* walker_find.c - looks one record up in a snapshot whose meta pages lie elsewhere: for a redo log that must fit its file.
 *
 * A descent by binary rules, but linear within a page: every number is checked against the page and the file before it is used. */
#include <errno.h>
#include <unistd.h>

#include "storage/walker.h"
#include "storage/walker_format.h"

#define PAGE 4096
#define HEADER_RECORD_SIZE_MIN 32
#define IDENTITY_AT 16

typedef struct finder {
  int fd;
  uint64_t page_count;
  medley_error *error;
  uint8_t page[PAGE];
} finder;

static int bad(finder *f, const char *what) {
  return med_error_set(f->error, MEDLEY_CORRUPT, "file: the checkpoint's snapshot: %s", what);
}

static int load_page(finder *f, uint64_t number) {
  if (number < META_PAGES || number >= f->page_count) return bad(f, "a page is outside of the file");
  size_t done = 0;
  while (done < PAGE) {
    ssize_t len = pread(f->fd, f->page + done, PAGE - done, (off_t)(number * PAGE + done));
    if (len < 0 && errno == EINTR) continue;
    if (len < 0) return med_error_set_foreign(f->error, MEDLEY_IO, errno, "file: cannot read");
    if (len == 0) return bad(f, "the file ends early");
    done += (size_t)len;
  }
  bool sound = med_native_u64(f->page) == number && page_lower(f->page) >= PAGE_HEADER_SIZE &&
               page_lower(f->page) <= page_upper(f->page) && page_upper(f->page) <= PAGE;
  return sound ? MEDLEY_OK : bad(f, "a page is not what it should be");
}

/* A node that lies within the page with its key, and with its value if it is a leaf's; NULL if it does not. */
static const uint8_t *sound_node(const finder *f, unsigned index, bool leaf) {
  unsigned offset = med_native_u16(f->page + PAGE_HEADER_SIZE + 2 * index);
  if (offset < page_upper(f->page) || offset + NODE_HEADER_SIZE > PAGE) return NULL;
  const uint8_t *node = f->page + offset;
  size_t left = PAGE - offset - NODE_HEADER_SIZE, key_len = node_key(node).len;
  if (key_len > left) return NULL;
  if (!leaf || (node_flags(node) & NODE_BIG)) return node;
  return node_data_size(node) <= left - key_len ? node : NULL;
}

/* The leaf's node of that key, on the loaded page. */
static int find_node(finder *f, const tree_record *tree, med_slice key, const uint8_t **found) {
  uint64_t number = tree->root;
  for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
    int rc = load_page(f, number);
    if (rc != MEDLEY_OK) return rc;
    bool leaf = page_flags(f->page) == PAGE_LEAF;
    if (!leaf && page_flags(f->page) != PAGE_BRANCH) return bad(f, "a page is neither branch nor leaf");
    const uint8_t *child = NULL;
    for (unsigned i = 0; i < page_node_count(f->page); i++) {
      const uint8_t *node = sound_node(f, i, leaf);
      if (node == NULL) return bad(f, "a node is outside of its page");
      int order = i == 0 && !leaf ? -1 : med_slice_compare(node_key(node), key);
      if (leaf && order == 0) {
        *found = node;
        return MEDLEY_OK;
      }
      if (!leaf && order <= 0) child = node;
    }
    if (leaf || child == NULL) return bad(f, "a record is missing");
    number = node_child(child);
  }
  return bad(f, "a tree is too deep");
}

static const uint8_t *newest_meta(const uint8_t *metas) {
  const uint8_t *first = metas + PAGE_HEADER_SIZE, *second = metas + PAGE + PAGE_HEADER_SIZE;
  return med_native_u64(second + 128) > med_native_u64(first + 128) ? second : first;
}

int med_walker_find_identity(int fd, uint64_t file_size, const uint8_t *metas, uint8_t identity[16],
                             medley_error *error) {
  finder f = {.fd = fd, .page_count = file_size / PAGE, .error = error};
  const uint8_t *body = newest_meta(metas), *node;
  if (med_native_u32(body) != META_MAGIC || load_tree(body + 24).pad != PAGE)
    return bad(&f, "its meta page is damaged");
  tree_record tree = load_tree(body + 72);
  int rc = find_node(&f, &tree, med_slice_of_text("meta"), &node);
  if (rc != MEDLEY_OK) return rc;
  if (node_flags(node) != NODE_TREE || node_data_size(node) != TREE_RECORD_SIZE) return bad(&f, "a tree is missing");
  tree = load_tree(node_data(node));
  rc = find_node(&f, &tree, med_slice_of_text("header"), &node);
  if (rc != MEDLEY_OK) return rc;
  if (node_flags(node) != 0 || node_data_size(node) < HEADER_RECORD_SIZE_MIN) return bad(&f, "the header is damaged");
  memcpy(identity, node_data(node) + IDENTITY_AT, 16);
  return MEDLEY_OK;
}

uint64_t med_walker_newest_commit(const uint8_t *metas) {
  uint64_t newest = 0;
  for (int i = 0; i < META_PAGES; i++) {
    const uint8_t *body = metas + i * PAGE + PAGE_HEADER_SIZE;
    uint64_t id = med_native_u64(body + 128);
    if (med_native_u32(body) == META_MAGIC && (id & 1) == (uint64_t)i && id > newest) newest = id;
  }
  return newest;
}

bool med_walker_metas_may_follow(const uint8_t *present, const uint8_t *saved, uint64_t checkpoint_id) {
  for (int i = 0; i < META_PAGES; i++) {
    const uint8_t *body = present + i * PAGE + PAGE_HEADER_SIZE;
    uint64_t id = med_native_u64(body + 128);
    if (med_native_u32(body) != META_MAGIC || (id & 1) != (uint64_t)i) continue; /* torn, or never written */
    if (id + 1 < checkpoint_id) return false;
    /* Not the roots: a commit whose meta page failed leaves its own under the old number. */
    if (id <= checkpoint_id && med_native_u64(body + 120) != med_native_u64(saved + i * PAGE + PAGE_HEADER_SIZE + 120))
      return false;
  }
  return true;
}
