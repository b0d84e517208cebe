/* walker_format.h - where things are in an LMDB file: for walker.c alone.
 *
 * All numbers are in the machine's own byte order; a page is page_size bytes, page n begins at n * page_size.
 *
 *   page    0 number(8)  8 pad(2)  10 flags(2)  12 lower(2)  14 upper(2)  16 node offsets(2 each)
 *           The nodes fill [upper, page_size) without a hole; [lower, upper) is free.
 *           An overflow run has its page count(4) at 12, and its bytes from 16 on through all its pages.
 *   node    0 low(2)  2 high(2)  4 flags(2)  6 key size(2)  8 key, then the value; padded to an even size
 *           Leaf: low and high are the value's size. With NODE_BIG the page number(8) of a run stands for the value.
 *           Branch: low, high and flags are 48 bits of a child's page number; the first node's key means nothing.
 *   tree    0 pad(4)  4 flags(2)  6 depth(2)  8 branch pages(8)  16 leaf pages(8)  24 overflow pages(8)
 *           32 entries(8)  40 root(8), all ones if the tree is empty
 *   meta    pages 0 and 1, from byte 16 on: 0 magic(4)  4 version(4)  8 address(8)  16 map size(8)
 *           24 tree of free pages, whose pad is the page size  72 main tree  120 last page(8)  128 transaction(8)
 *           A commit writes page (transaction & 1); readers find it by that parity.
 *   free    key: transaction(8); value: count(8), then that many page numbers, the greatest first. The record may be
 *           longer than its count needs. */
#ifndef MED_STORAGE_WALKER_FORMAT_H
#define MED_STORAGE_WALKER_FORMAT_H

#include "storage/bytes.h"
#include "storage/native.h"

enum {
  PAGE_SIZE_MIN = 4096,
  PAGE_SIZE_MAX = 32768, /* offsets have 16 bits */
  PAGE_HEADER_SIZE = 16,
  NODE_HEADER_SIZE = 8,
  TREE_RECORD_SIZE = 48,
  META_SIZE = 136,
  META_PAGES = 2,
  DEPTH_MAX = 32, /* LMDB's cursor stack */
  LMDB_KEY_SIZE_MAX = 511
};
enum { PAGE_BRANCH = 0x01, PAGE_LEAF = 0x02, PAGE_OVERFLOW = 0x04, PAGE_META = 0x08 };
enum { NODE_BIG = 0x01, NODE_TREE = 0x02 };
enum { TREE_INTEGER_KEY = 0x08, META_NO_SUBDIR = 0x4000 };
static const uint32_t META_MAGIC = 0xBEEFC0DE;
static const uint64_t NO_PAGE = UINT64_MAX;
static const uint64_t PAGE_NUMBER_END = (uint64_t)1 << 48; /* what a branch node can hold */
static const uint64_t TXN_ID_MAX = (uint64_t)1 << 62;

typedef struct tree_record {
  uint32_t pad;
  uint16_t flags, depth;
  uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
} tree_record;

typedef struct meta {
  uint64_t map_size, last_page, txn_id;
  tree_record free_tree, main_tree;
} meta;

static inline tree_record load_tree(const uint8_t *from) {
  tree_record record = {
      .pad = med_native_u32(from),
      .flags = med_native_u16(from + 4),
      .depth = med_native_u16(from + 6),
      .branch_pages = med_native_u64(from + 8),
      .leaf_pages = med_native_u64(from + 16),
      .overflow_pages = med_native_u64(from + 24),
      .entries = med_native_u64(from + 32),
      .root = med_native_u64(from + 40),
  };
  return record;
}

static inline unsigned page_flags(const uint8_t *page) { return med_native_u16(page + 10); }
static inline unsigned page_lower(const uint8_t *page) { return med_native_u16(page + 12); }
static inline unsigned page_upper(const uint8_t *page) { return med_native_u16(page + 14); }
static inline unsigned page_node_count(const uint8_t *page) { return (page_lower(page) - PAGE_HEADER_SIZE) / 2; }
static inline const uint8_t *page_node(const uint8_t *page, unsigned index) {
  return page + med_native_u16(page + PAGE_HEADER_SIZE + 2 * index);
}

static inline unsigned node_flags(const uint8_t *node) { return med_native_u16(node + 4); }
static inline med_slice node_key(const uint8_t *node) {
  return med_slice_of(node + NODE_HEADER_SIZE, med_native_u16(node + 6));
}
static inline const uint8_t *node_data(const uint8_t *node) {
  return node + NODE_HEADER_SIZE + med_native_u16(node + 6);
}
static inline uint32_t node_data_size(const uint8_t *node) {
  return (uint32_t)med_native_u16(node) | (uint32_t)med_native_u16(node + 2) << 16;
}
static inline uint64_t node_child(const uint8_t *node) {
  return node_data_size(node) | (uint64_t)med_native_u16(node + 4) << 32;
}

#endif
