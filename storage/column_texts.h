/* column_texts.h - up to 1,024 texts as bytes, plain or compressed with LZ4.
 *
 * FORMAT.md section "Columns", "Texts". The lengths are encoded as integers are, the bytes stand behind each other. Texts that repeat
 * are stored as numbers of a dictionary instead (column_dictionary.h); that choice is column_writer.c's.
 *
 * Decoding distrusts: whatever the bytes are, it answers CORRUPT or fills `count` slices, and reads nothing beyond the payload. */
#ifndef MED_STORAGE_COLUMN_TEXTS_H
#define MED_STORAGE_COLUMN_TEXTS_H

#include "storage/column_integers.h"
#include "storage/memory.h"

/* The bytes of a compressed payload, unpacked: what reading one text of it costs at most. */
#define MED_TEXTS_RAW_MAX 32768
#define MED_TEXTS_PAYLOAD_MAX 4096

typedef struct med_text_plan {
  med_column_codec codec;
  size_t size; /* exactly what med_column_texts_encode writes */
  size_t count;
  size_t raw_size;
  size_t packed_size;
  med_integer_plan lengths_plan;
  int64_t lengths[MED_VECTOR_ROWS];
  uint8_t packed[MED_TEXTS_PAYLOAD_MAX];
  uint8_t raw[MED_TEXTS_RAW_MAX];
} med_text_plan;

/* Plans as many of the first of `count` texts (at most MED_VECTOR_ROWS) as fit into room bytes, padding included (room is at most
 * MED_TEXTS_PAYLOAD_MAX). Answers plan->count: 0 if the first one does not fit. */
size_t med_column_texts_plan(const med_slice *texts, size_t count, size_t room, med_text_plan *plan);
/* The first plan->count of the same texts. */
void med_column_texts_encode(const med_text_plan *plan, const med_slice *texts, uint8_t *to);
/* The slices point into the payload, or, if it was compressed, into the arena. CORRUPT and NO_MEMORY fill no slot. */
MEDLEY_MUST_USE int med_column_texts_decode(med_column_codec codec, med_slice payload, size_t count, med_arena *arena,
                                            med_slice *texts);
/* One of them: number `index` of count. What lies behind it is not unpacked. */
MEDLEY_MUST_USE int med_column_texts_decode_one(med_column_codec codec, med_slice payload, size_t count, size_t index,
                                                med_arena *arena, med_slice *text);

#endif
