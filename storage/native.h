/* native.h - numbers in the machine's byte order, at any address.
 *
 * What is decoded by the thousand stands in pages as the processor has it. That costs nothing in portability: LMDB's own
 * numbers are native, so a file never moves to a machine of another byte order. Keys and records use bytes.h. */
#ifndef MED_STORAGE_NATIVE_H
#define MED_STORAGE_NATIVE_H

#include <stdint.h>
#include <string.h>

static inline uint16_t med_native_u16(const uint8_t *from) {
  uint16_t value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline uint32_t med_native_u32(const uint8_t *from) {
  uint32_t value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline uint64_t med_native_u64(const uint8_t *from) {
  uint64_t value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline int64_t med_native_i64(const uint8_t *from) {
  int64_t value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline double med_native_real(const uint8_t *from) {
  double value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline void med_native_put_u16(uint8_t *to, uint16_t value) { memcpy(to, &value, sizeof value); }
static inline void med_native_put_u32(uint8_t *to, uint32_t value) { memcpy(to, &value, sizeof value); }
static inline void med_native_put_u64(uint8_t *to, uint64_t value) { memcpy(to, &value, sizeof value); }
static inline void med_native_put_i64(uint8_t *to, int64_t value) { memcpy(to, &value, sizeof value); }
static inline void med_native_put_real(uint8_t *to, double value) { memcpy(to, &value, sizeof value); }

#endif
