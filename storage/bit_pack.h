/* bit_pack.h - up to 1,024 numbers of equal width in bits, packed so that a processor's vectors unpack them.
 *
 * FORMAT.md section "Columns", "Packed numbers". Numbers are not put one behind the other but in lanes, as FastLanes does: number
 * i of 1,024 is in lane i % 32, and each lane packs its own numbers into words of 32 bits, which are stored lane beside lane. One
 * instruction then shifts the same word of eight lanes. Wider than 32 bits: 16 lanes of 64-bit words. Fewer than
 * MED_BIT_PACK_LANES_MIN numbers would leave lanes empty; those are one string of bits.
 *
 *   width 8:   word 0 of lanes 0 .. 31        word 1 of lanes 0 .. 31
 *              [0 32 64 96] [1 33 65 97] ...  [128 160 192 224] [129 161 193 225] ...
 *
 * Nothing is checked here: whoever reads bytes from a file compares their length with med_bit_pack_size first; then every content
 * unpacks into numbers below 2^width. */
#ifndef MED_STORAGE_BIT_PACK_H
#define MED_STORAGE_BIT_PACK_H

#include <stddef.h>
#include <stdint.h>

#define MED_BIT_PACK_COUNT_MAX 1024
#define MED_BIT_PACK_LANES_MIN 128

/* Bits that the number needs: 0 for 0. */
static inline unsigned med_bit_pack_width(uint64_t number) {
  return number == 0 ? 0 : 64 - (unsigned)__builtin_clzll(number);
}
/* Bytes of that many numbers; count is at most MED_BIT_PACK_COUNT_MAX, width at most 64. At most 8,192. */
size_t med_bit_pack_size(size_t count, unsigned width);
/* Writes exactly that many bytes. No number is above 2^width - 1. */
void med_bit_pack_put(const uint64_t *numbers, size_t count, unsigned width, uint8_t *to);
/* numbers has room for MED_BIT_PACK_COUNT_MAX, whatever count is: what lies behind count is overwritten too. base is added to each. */
void med_bit_pack_get(const uint8_t *from, size_t count, unsigned width, uint64_t base, uint64_t *numbers);
/* One of them, without a base: number `index` of count. */
uint64_t med_bit_pack_get_one(const uint8_t *from, size_t count, unsigned width, size_t index);
/* All of them for a width of at most 32, without a base. */
void med_bit_pack_get_u32(const uint8_t *from, size_t count, unsigned width, uint32_t *numbers);

#endif
