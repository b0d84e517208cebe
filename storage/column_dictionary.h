/* column_dictionary.h - the different texts of a group of rows, each with a number.
 *
 * FORMAT.md section "Columns", "Dictionary". A vector of texts that repeat is stored as numbers of them (MED_CODEC_CODES). Numbers are
 * given in order of appearance and stay, so that vectors can be written before the dictionary is complete; it is written behind
 * them, in at most MED_DICTIONARY_PAGES pages. What no longer fits is stored in another way.
 *
 * Threads: none of this shares anything. */
#ifndef MED_STORAGE_COLUMN_DICTIONARY_H
#define MED_STORAGE_COLUMN_DICTIONARY_H

#include "storage/bytes.h"
#include "storage/memory.h"

#define MED_DICTIONARY_PAGES 16
#define MED_DICTIONARY_ENTRIES_MAX 16384
#define MED_DICTIONARY_NONE UINT32_MAX

/* ---- Writing ---- {0} is an empty one. */
typedef struct med_dictionary_mark {
  uint32_t count;
  uint32_t page_count;
  size_t page_used;
} med_dictionary_mark;

typedef struct med_dictionary_writer {
  med_dictionary_mark end;
  uint32_t page_first[MED_DICTIONARY_PAGES]; /* number of the first text in each page */
  med_buffer bytes;                          /* of all texts */
  uint32_t *offsets;                         /* of each text in bytes; one more */
  uint16_t *slots;                           /* hash table: number + 1 */
} med_dictionary_writer;

void med_column_dictionary_clear(med_dictionary_writer *dictionary);
void med_column_dictionary_empty(med_dictionary_writer *dictionary); /* for the next group; keeps the memory */
/* The number of the text, which is new if there is none yet; *code is MED_DICTIONARY_NONE if the dictionary is full. NO_MEMORY. */
MEDLEY_MUST_USE int med_column_dictionary_add(med_dictionary_writer *dictionary, med_slice text, uint32_t *code);
/* Forgets what was added since the mark was taken (a copy of `end`). */
void med_column_dictionary_cut(med_dictionary_writer *dictionary, med_dictionary_mark mark);
/* Fills page number `index`, of MED_VALUE_SIZE_MAX bytes, and answers its length. */
size_t med_column_dictionary_page(const med_dictionary_writer *dictionary, uint32_t index, uint8_t *page);

/* ---- Reading ---- {0} is an empty one. */
typedef struct med_dictionary {
  uint32_t count;
  med_slice *texts; /* in the arena */
  med_arena arena;
} med_dictionary;

/* Makes room for `count` texts; what was there is gone. */
MEDLEY_MUST_USE int med_column_dictionary_start(med_dictionary *dictionary, uint32_t count, medley_error *error);
/* Copies the texts of the next page. CORRUPT if it is none, or not the next one, or has texts beyond the count. */
MEDLEY_MUST_USE int med_column_dictionary_read(med_dictionary *dictionary, med_slice page, uint32_t *next,
                                               medley_error *error);
void med_column_dictionary_drop(med_dictionary *dictionary);

#endif
