/* pack.h - small numbers and byte strings one behind the other: the body of the model's records.
 *
 * A number is seven bits a byte, least significant first, the high bit set on all but the last; a signed one is zigzagged first.
 * A string is its length as a number and its bytes. What is read is looked at with distrust. */
#ifndef MED_WIDECOLUMN_PACK_H
#define MED_WIDECOLUMN_PACK_H

#include "storage/bytes.h"
#include "storage/memory.h"

#define MED_PACK_NUMBER_SIZE_MAX 10

/* False if memory is short. */
MEDLEY_MUST_USE bool med_pack_number(med_buffer *to, uint64_t number);
MEDLEY_MUST_USE bool med_pack_signed(med_buffer *to, int64_t number);
MEDLEY_MUST_USE bool med_pack_bytes(med_buffer *to, med_slice bytes);

/* Takes the next thing off the front of *from; false if the bytes end within it or a number leaves 64 bits. Bytes are borrowed. */
MEDLEY_MUST_USE bool med_unpack_number(med_slice *from, uint64_t *number);
MEDLEY_MUST_USE bool med_unpack_signed(med_slice *from, int64_t *number);
MEDLEY_MUST_USE bool med_unpack_bytes(med_slice *from, med_slice *bytes);

#endif
