/* image.h - the disk as a power cut may leave it: replays a trace and writes out crash images.
 *
 * The model of the disk: what was written to a file before a flush of it began is durable when the flush has returned; an
 * O_DSYNC write is durable when it has returned; everything else that was written may be there, may be absent, and may be
 * there by sectors of 512 bytes, independent of order. Names (create, unlink, rename) become durable with a flush of the
 * folder, in their order. A file whose name was never flushed may be absent.
 *
 * One image object belongs to one process. */
#ifndef FAULT_IMAGE_H
#define FAULT_IMAGE_H

#include "tests/fault/random.h"
#include "tests/fault/trace.h"

typedef struct fault_image fault_image;

typedef enum fault_variant {
  FAULT_NOTHING, /* nothing that was not flushed */
  FAULT_EVERYTHING,
  FAULT_SUBSET, /* each write there or not */
  FAULT_TORN,   /* each write there, absent, or there in part */
  FAULT_VARIANT_COUNT
} fault_variant;

fault_image *fault_image_open(const fault_trace *trace);
void fault_image_close(fault_image *image);

/* Takes record number `index` (records in order, from 0) up to the moment before its effect is guaranteed. Answers
 * whether a cut here can leave something else than a cut before it. */
bool fault_image_begin(fault_image *image, size_t index);
/* The record has returned: what it guarantees is durable. */
void fault_image_finish(fault_image *image, size_t index);

/* Whether the variant can differ from NOTHING and EVERYTHING here. */
bool fault_image_has(const fault_image *image, fault_variant variant);

/* Writes the watched files into the folder, which must hold nothing but files of earlier images. Answers 0 or -1. */
int fault_image_write(const fault_image *image, const char *folder, fault_variant variant, fault_random *random);

#endif
