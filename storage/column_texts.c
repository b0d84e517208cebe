/* column_texts.c - how many texts fit a page, plain and compressed; writing them, reading them with distrust. */
#include "storage/column_texts.h"

#include <lz4.h>

#include "storage/bit_pack.h"
#include "storage/native.h"

enum {
  HEADER = 16,
  LZ4_GAIN = 8,        /* compression is used if it saves one byte of so many */
  LZ4_WORTHWHILE = 64, /* fewer bytes are not tried */
  FEWER_PART = 50,     /* what does not fit is tried with one of so many texts less */
};

/* ---- Choosing ---- */
static size_t lengths_size(const med_text_plan *plan) { return med_column_padded(plan->lengths_plan.size); }

/* Takes the first `count` texts as they are, whose bytes are not above room; true if their lengths have room, too. */
static bool plan_plain(const med_slice *texts, size_t count, size_t room, med_text_plan *plan) {
  plan->codec = MED_CODEC_PLAIN;
  plan->count = count;
  plan->raw_size = 0;
  for (size_t i = 0; i < count; i++) {
    plan->lengths[i] = (int64_t)texts[i].len;
    plan->raw_size += texts[i].len;
  }
  med_column_integers_plan(plan->lengths, count, &plan->lengths_plan);
  plan->packed_size = plan->raw_size;
  plan->size = HEADER + lengths_size(plan) + plan->raw_size;
  return med_column_padded(plan->size) <= room;
}

/* As many as fit: those whose bytes alone do, and then so many fewer that their lengths have room, too. */
static void fit_plain(const med_slice *texts, size_t count, size_t room, med_text_plan *plan) {
  size_t bytes = HEADER, fitting = 0;
  while (fitting < count && texts[fitting].len <= room && bytes + texts[fitting].len <= room) {
    bytes += texts[fitting++].len;
  }
  while (fitting > 0 && !plan_plain(texts, fitting, room, plan)) {
    size_t beyond = med_column_padded(plan->size) - room, dropped = 0; /* lengths become fewer, too: not the last one */
    do dropped += texts[--fitting].len;
    while (fitting > 1 && dropped < beyond);
  }
  plan->count = fitting;
}

/* The first texts behind each other, as many as MED_TEXTS_RAW_MAX holds. */
static size_t gather(const med_slice *texts, size_t count, med_text_plan *plan) {
  size_t gathered = 0;
  plan->raw_size = 0;
  while (gathered < count && texts[gathered].len <= MED_TEXTS_RAW_MAX - plan->raw_size) {
    if (texts[gathered].len > 0) memcpy(plan->raw + plan->raw_size, texts[gathered].bytes, texts[gathered].len);
    plan->lengths[gathered] = (int64_t)texts[gathered].len;
    plan->raw_size += texts[gathered++].len;
  }
  return gathered;
}

/* Takes the first `count` of the gathered texts compressed; true if they fit. */
static bool plan_lz4(size_t count, size_t room, med_text_plan *plan) {
  plan->codec = MED_CODEC_LZ4;
  plan->count = count;
  plan->raw_size = 0;
  for (size_t i = 0; i < count; i++) plan->raw_size += (size_t)plan->lengths[i];
  med_column_integers_plan(plan->lengths, count, &plan->lengths_plan);
  if (HEADER + lengths_size(plan) >= room) return false;
  int packed_max = (int)(room - HEADER - lengths_size(plan));
  int packed = LZ4_compress_default((const char *)plan->raw, (char *)plan->packed, (int)plan->raw_size, packed_max);
  if (packed <= 0) return false;
  plan->packed_size = (size_t)packed;
  plan->size = HEADER + lengths_size(plan) + plan->packed_size;
  return med_column_padded(plan->size) <= room;
}

static bool gains(size_t raw, size_t packed) { return packed + raw / LZ4_GAIN <= raw; }

/* How many whole texts LZ4 gets into so many bytes; 0 if hardly more than are there without it. */
static size_t try_lz4(size_t gathered, size_t room, med_text_plan *plan) {
  int taken = (int)plan->raw_size;
  int packed = LZ4_compress_destSize((const char *)plan->raw, (char *)plan->packed, &taken, (int)room);
  size_t count = 0, end = 0;
  if (packed <= 0 || !gains((size_t)taken, (size_t)packed)) return 0;
  while (count < gathered && end + (size_t)plan->lengths[count] <= (size_t)taken) end += (size_t)plan->lengths[count++];
  return count;
}

/* What LZ4 gets into the page without lengths is cut by the part that the lengths take, and then tried until it fits. */
static void fit_lz4(const med_slice *texts, size_t count, size_t room, med_text_plan *plan) {
  size_t gathered = gather(texts, count, plan);
  plan->count = 0;
  if (gathered == 0 || plan->raw_size < LZ4_WORTHWHILE || room <= 2 * HEADER) return;
  size_t fitting = try_lz4(gathered, room - HEADER, plan);
  if (fitting > 0 && fitting < gathered) {
    med_column_integers_plan(plan->lengths, fitting, &plan->lengths_plan);
    size_t taken = lengths_size(plan) < room - HEADER ? lengths_size(plan) : room - HEADER;
    fitting -= fitting * taken / (room - HEADER);
  }
  while (fitting > 0 && !plan_lz4(fitting, room, plan)) fitting -= fitting / FEWER_PART + 1;
  plan->count = fitting;
}

size_t med_column_texts_plan(const med_slice *texts, size_t count, size_t room, med_text_plan *plan) {
  fit_lz4(texts, count, room, plan);
  if (plan->count == 0 || !gains(plan->raw_size, plan->packed_size)) fit_plain(texts, count, room, plan);
  return plan->count;
}

/* ---- Writing ---- */
void med_column_texts_encode(const med_text_plan *plan, const med_slice *texts, uint8_t *to) {
  size_t lengths = lengths_size(plan);
  memset(to, 0, HEADER + lengths);
  to[0] = (uint8_t)plan->lengths_plan.codec;
  med_native_put_u16(to + 4, (uint16_t)lengths);
  med_native_put_u16(to + 6, (uint16_t)plan->packed_size);
  med_native_put_u32(to + 8, (uint32_t)plan->raw_size);
  med_column_integers_encode(&plan->lengths_plan, plan->lengths, plan->count, to + HEADER);
  to += HEADER + lengths;
  if (plan->codec == MED_CODEC_LZ4) {
    memcpy(to, plan->packed, plan->packed_size);
    return;
  }
  for (size_t i = 0; i < plan->count; i++) {
    if (texts[i].len > 0) memcpy(to, texts[i].bytes, texts[i].len);
    to += texts[i].len;
  }
}

/* ---- Reading ---- */
/* What a payload says of itself. */
typedef struct texts_header {
  const uint8_t *packed;
  size_t packed_size, raw_size;
} texts_header;

static bool read_header(med_column_codec codec, med_slice payload, size_t count, texts_header *header,
                        int64_t *lengths) {
  const uint8_t *from = payload.bytes;
  if (codec != MED_CODEC_PLAIN && codec != MED_CODEC_LZ4) return false;
  if (payload.len < HEADER || count == 0 || count > MED_VECTOR_ROWS) return false;
  size_t lengths_len = med_native_u16(from + 4);
  header->packed_size = med_native_u16(from + 6);
  header->raw_size = med_native_u32(from + 8);
  if (payload.len != med_column_padded(HEADER + lengths_len + header->packed_size)) return false;
  if (codec == MED_CODEC_PLAIN ? header->packed_size != header->raw_size : header->raw_size > MED_TEXTS_RAW_MAX)
    return false;
  header->packed = from + HEADER + lengths_len;
  med_slice lengths_part = med_slice_of(from + HEADER, lengths_len);
  return med_column_integers_decode((med_column_codec)from[0], lengths_part, count, lengths);
}

/* The raw bytes, at least the first `size` of them: in the payload, or unpacked into the arena. */
static int unpack(med_column_codec codec, const texts_header *header, size_t size, med_arena *arena,
                  const uint8_t **raw) {
  *raw = header->packed;
  if (codec == MED_CODEC_PLAIN) return MEDLEY_OK;
  uint8_t *memory = med_arena_alloc(arena, size + 1);
  if (memory == NULL) return MEDLEY_NO_MEMORY;
  *raw = memory;
  if (size == 0 && header->raw_size > 0) return MEDLEY_OK;
  const char *packed = (const char *)header->packed;
  int packed_size = (int)header->packed_size, wanted = (int)size;
  int found = size == header->raw_size
                  ? LZ4_decompress_safe(packed, (char *)memory, packed_size, wanted)
                  : LZ4_decompress_safe_partial(packed, (char *)memory, packed_size, wanted, wanted);
  return found >= 0 && (size_t)found == size ? MEDLEY_OK : MEDLEY_CORRUPT;
}

int med_column_texts_decode(med_column_codec codec, med_slice payload, size_t count, med_arena *arena,
                            med_slice *texts) {
  int64_t lengths[MED_VECTOR_ROWS];
  const uint8_t *raw;
  texts_header header;
  if (!read_header(codec, payload, count, &header, lengths)) return MEDLEY_CORRUPT;
  int rc = unpack(codec, &header, header.raw_size, arena, &raw);
  if (rc != MEDLEY_OK) return rc;
  size_t left = header.raw_size;
  for (size_t i = 0; i < count; i++) {
    if (lengths[i] < 0 || (uint64_t)lengths[i] > left) return MEDLEY_CORRUPT;
    texts[i] = med_slice_of(raw, (size_t)lengths[i]);
    raw += lengths[i];
    left -= (size_t)lengths[i];
  }
  return left == 0 ? MEDLEY_OK : MEDLEY_CORRUPT;
}

int med_column_texts_decode_one(med_column_codec codec, med_slice payload, size_t count, size_t index, med_arena *arena,
                                med_slice *text) {
  int64_t lengths[MED_VECTOR_ROWS];
  const uint8_t *raw;
  texts_header header;
  size_t end = 0;
  if (index >= count || !read_header(codec, payload, count, &header, lengths)) return MEDLEY_CORRUPT;
  for (size_t i = 0; i <= index; i++) {
    if (lengths[i] < 0 || (uint64_t)lengths[i] > header.raw_size - end) return MEDLEY_CORRUPT;
    end += (size_t)lengths[i];
  }
  int rc = unpack(codec, &header, end, arena, &raw);
  if (rc == MEDLEY_OK) *text = med_slice_of(raw + end - (size_t)lengths[index], (size_t)lengths[index]);
  return rc;
}
