/* bit_commands.c - SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP, BITFIELD. */
#include "engine/redis/command.h"
#include "models/keyvalue/bit.h"

/* "#n" counts in fields of `width` bits, if that is not 0. */
static int parse_offset(med_redis_call *call, size_t index, unsigned width, uint64_t *offset) {
  med_slice word = call->argv[index];
  int64_t number;
  bool counted = width > 0 && word.len > 0 && *(const char *)word.bytes == '#';
  if (counted) word = med_slice_of((const char *)word.bytes + 1, word.len - 1);
  if (med_redis_parse_integer(word, &number) && number >= 0 &&
      !(counted && __builtin_mul_overflow(number, (int64_t)width, &number)) && (uint64_t)number < MED_BIT_COUNT_MAX) {
    *offset = (uint64_t)number;
    return MEDLEY_OK;
  }
  return med_redis_error(call, MEDLEY_RANGE, "ERR bit offset is not an integer or out of range");
}

static int setbit_command(med_redis_call *call) {
  uint64_t offset = 0;
  int64_t bit;
  int old, rc;
  MED_TRY(parse_offset(call, 2, 0, &offset));
  if (!med_redis_parse_integer(call->argv[3], &bit) || (bit & ~(int64_t)1) != 0)
    return med_redis_error(call, MEDLEY_RANGE, "ERR bit is not an integer or out of range");
  MED_TRY(med_bit_set(&call->kv, call->argv[1], offset, (int)bit, &old));
  med_reply_integer(call->reply, old);
done:
  return rc;
}

static int getbit_command(med_redis_call *call) {
  uint64_t offset = 0;
  int bit, rc;
  MED_TRY(parse_offset(call, 2, 0, &offset));
  MED_TRY(med_bit_get(&call->kv, call->argv[1], offset, &bit));
  med_reply_integer(call->reply, bit);
done:
  return rc;
}

/* ---- BITCOUNT and BITPOS ---- */

typedef struct bit_range {
  bool empty, end_given;
  uint64_t first, last; /* bits */
} bit_range;

static int parse_unit(med_redis_call *call, size_t index, bool *bits) {
  *bits = false;
  if (index >= call->argc) return MEDLEY_OK;
  *bits = med_redis_arg_is(call, index, "bit");
  return *bits || med_redis_arg_is(call, index, "byte") ? MEDLEY_OK : med_redis_syntax_error(call);
}

/* start and end may be negative: from the end. */
static void make_range(int64_t start, int64_t end, int64_t len, bool bits, bit_range *range) {
  if (bits) len *= 8;
  if (start < 0) start = start + len < 0 ? 0 : start + len;
  if (end < 0) end = end + len < 0 ? 0 : end + len;
  if (end >= len) end = len - 1;
  range->empty = start > end;
  range->first = bits ? (uint64_t)start : (uint64_t)start * 8;
  range->last = bits ? (uint64_t)end : (uint64_t)end * 8 + 7;
}

static int bitcount_range(med_redis_call *call, int64_t len, bit_range *range) {
  int64_t start = 0, end = len - 1;
  bool bits = false;
  int rc = MEDLEY_OK;
  if (call->argc == 4 || call->argc == 5) {
    MED_TRY(med_redis_arg_integer(call, 2, &start));
    MED_TRY(med_redis_arg_integer(call, 3, &end));
    if (start < 0 && end < 0 && start > end) {
      range->empty = true;
      goto done;
    }
    MED_TRY(parse_unit(call, 4, &bits));
  } else if (call->argc != 2) {
    return med_redis_syntax_error(call);
  }
  make_range(start, end, len, bits, range);
done:
  return rc;
}

static int bitcount_command(med_redis_call *call) {
  med_kv_meta meta;
  bit_range range = {0};
  uint64_t count = 0;
  int rc = med_kv_find_typed(&call->kv, call->argv[1], MED_KV_STRING, &meta);
  if (rc == MEDLEY_NOT_FOUND) {
    med_reply_integer(call->reply, 0);
    return MEDLEY_OK;
  }
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(bitcount_range(call, (int64_t)meta.count, &range));
  if (!range.empty) MED_TRY(med_bit_count(&call->kv, &meta, range.first, range.last, call->scratch, &count));
  med_reply_integer(call->reply, (int64_t)count);
done:
  return rc;
}

static int bitpos_range(med_redis_call *call, int64_t len, bit_range *range) {
  int64_t start = 0, end = len - 1;
  bool bits = false;
  int rc = MEDLEY_OK;
  if (call->argc > 6) return med_redis_syntax_error(call);
  if (call->argc >= 4) MED_TRY(med_redis_arg_integer(call, 3, &start));
  MED_TRY(parse_unit(call, 5, &bits));
  if (call->argc >= 5) {
    MED_TRY(med_redis_arg_integer(call, 4, &end));
    range->end_given = true;
  }
  make_range(start, end, len, bits, range);
done:
  return rc;
}

static int bitpos_command(med_redis_call *call) {
  med_kv_meta meta;
  bit_range range = {0};
  int64_t bit, position = -1;
  int rc;
  MED_TRY(med_redis_arg_integer(call, 2, &bit));
  if (bit != 0 && bit != 1) return med_redis_error(call, MEDLEY_RANGE, "ERR The bit argument must be 1 or 0.");
  rc = med_kv_find_typed(&call->kv, call->argv[1], MED_KV_STRING, &meta);
  if (rc == MEDLEY_NOT_FOUND) {
    med_reply_integer(call->reply, bit ? -1 : 0);
    return MEDLEY_OK;
  }
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(bitpos_range(call, (int64_t)meta.count, &range));
  if (!range.empty) {
    MED_TRY(med_bit_find(&call->kv, &meta, (int)bit, range.first, range.last, call->scratch, &position));
    /* Without an end the string goes on in zeros. */
    if (position < 0 && bit == 0 && !range.end_given) position = (int64_t)range.last + 1;
  }
  med_reply_integer(call->reply, position);
done:
  return rc;
}

/* ---- BITOP ---- */

static int bitop_command(med_redis_call *call) {
  static const char *const words[] = {"and", "or", "xor", "not"};
  size_t operation = 0;
  med_buffer result = {0};
  int rc;
  while (operation < 4 && !med_redis_arg_is(call, 1, words[operation])) operation++;
  if (operation == 4) return med_redis_syntax_error(call);
  if (operation == MED_BIT_NOT && call->argc != 4)
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR BITOP NOT must be called with a single source key.");
  MED_TRY(
      med_bit_combine(&call->kv, (med_bit_operation)operation, call->argv + 3, call->argc - 3, call->scratch, &result));
  if (result.len > 0)
    MED_TRY(med_string_set(&call->kv, call->argv[2], med_slice_of(result.bytes, result.len), 0));
  else
    rc = med_kv_remove(&call->kv, call->argv[2]);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)result.len);
done:
  med_buffer_clear(&result);
  return rc;
}

/* ---- BITFIELD ---- */

typedef enum overflow_rule { WRAP, SATURATE, FAIL } overflow_rule;
typedef enum field_action { FIELD_GET, FIELD_SET, FIELD_INCREMENT } field_action;

typedef struct field_operation {
  field_action action;
  overflow_rule rule;
  bool is_signed;
  unsigned width;
  uint64_t offset;
  int64_t operand;
} field_operation;

static int parse_type(med_redis_call *call, size_t index, field_operation *operation) {
  med_slice word = call->argv[index];
  const char *bytes = word.bytes;
  int64_t width = 0;
  bool is_signed = word.len > 0 && bytes[0] == 'i', is_unsigned = word.len > 0 && bytes[0] == 'u';
  if ((is_signed || is_unsigned) && med_redis_parse_integer(med_slice_of(bytes + 1, word.len - 1), &width) &&
      width >= 1 && width <= (is_signed ? 64 : 63)) {
    operation->is_signed = is_signed;
    operation->width = (unsigned)width;
    return MEDLEY_OK;
  }
  return med_redis_error(call, MEDLEY_SYNTAX,
                         "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
                         "i64 is.");
}

static int parse_rule(med_redis_call *call, size_t index, overflow_rule *rule) {
  static const char *const words[] = {"wrap", "sat", "fail"};
  for (unsigned i = 0; i < 3; i++) {
    if (!med_redis_arg_is(call, index, words[i])) continue;
    *rule = (overflow_rule)i;
    return MEDLEY_OK;
  }
  return med_redis_error(call, MEDLEY_SYNTAX, "ERR Invalid OVERFLOW type specified");
}

/* The operation at argv[*at]; leaves *at behind it. *is_rule: it was OVERFLOW, which only changes *rule. */
static int parse_operation(med_redis_call *call, size_t *at, overflow_rule *rule, bool *is_rule,
                           field_operation *operation) {
  size_t left = call->argc - *at - 1, words = 3;
  int rc;
  *is_rule = false;
  if (med_redis_arg_is(call, *at, "get") && left >= 2) {
    operation->action = FIELD_GET;
    words = 2;
  } else if (med_redis_arg_is(call, *at, "set") && left >= 3) {
    operation->action = FIELD_SET;
  } else if (med_redis_arg_is(call, *at, "incrby") && left >= 3) {
    operation->action = FIELD_INCREMENT;
  } else if (med_redis_arg_is(call, *at, "overflow") && left >= 1) {
    *is_rule = true;
    *at += 2;
    return parse_rule(call, *at - 1, rule);
  } else {
    return med_redis_syntax_error(call);
  }
  operation->rule = *rule;
  MED_TRY(parse_type(call, *at + 1, operation));
  MED_TRY(parse_offset(call, *at + 2, operation->width, &operation->offset));
  if (operation->offset + operation->width > MED_BIT_COUNT_MAX && operation->action != FIELD_GET)
    return med_redis_error(call, MEDLEY_RANGE, "ERR bit offset is not an integer or out of range");
  if (words == 3) MED_TRY(med_redis_arg_integer(call, *at + 3, &operation->operand));
  *at += words + 1;
done:
  return rc;
}

static int64_t sign_extended(uint64_t value, unsigned width) {
  if (width == 64 || !(value >> (width - 1) & 1u)) return (int64_t)value;
  return (int64_t)(value | ~(uint64_t)0 << width);
}

/* value + by as a field of that type; false: it does not fit. What it becomes then is the rule's. Redis calculates the room
 * above and below a signed value in 64 bits that wrap, so a SET far below the least value counts as too large: the same
 * here, because its answers are the standard. */
static bool add_fits(const field_operation *operation, uint64_t value, int64_t by, uint64_t *result) {
  uint64_t mask = operation->width == 64 ? ~(uint64_t)0 : ((uint64_t)1 << operation->width) - 1;
  bool narrow = operation->width != 64, above, below;
  *result = (value + (uint64_t)by) & mask;
  if (operation->is_signed) {
    int64_t high = (int64_t)(mask >> 1), low = -high - 1, number = (int64_t)value;
    int64_t room_above = (int64_t)((uint64_t)high - value), room_below = (int64_t)((uint64_t)low - value);
    above = number > high || (narrow && by > room_above) || (number >= 0 && by > 0 && by > room_above);
    below = !above && (number < low || (narrow && by < room_below) || (number < 0 && by < 0 && by < room_below));
    if (operation->rule == SATURATE && (above || below)) *result = (uint64_t)(above ? high : low) & mask;
  } else {
    above = value > mask || (by >= 0 && ((uint64_t)by > mask || value > mask - (uint64_t)by));
    below = !above && by < 0 && 0 - (uint64_t)by > value;
    if (operation->rule == SATURATE && (above || below)) *result = above ? mask : 0;
  }
  return !above && !below;
}

static void reply_field(med_redis_call *call, const field_operation *operation, uint64_t value) {
  med_reply_integer(call->reply, operation->is_signed ? sign_extended(value, operation->width) : (int64_t)value);
}

static int run_operation(med_redis_call *call, const field_operation *operation) {
  uint64_t present, wanted;
  int rc;
  MED_TRY(med_bit_field_get(&call->kv, call->argv[1], operation->offset, operation->width, &present));
  if (operation->action == FIELD_GET) {
    reply_field(call, operation, present);
    goto done;
  }
  uint64_t number = operation->is_signed ? (uint64_t)sign_extended(present, operation->width) : present;
  bool fits = operation->action == FIELD_SET ? add_fits(operation, (uint64_t)operation->operand, 0, &wanted)
                                             : add_fits(operation, number, operation->operand, &wanted);
  if (!fits && operation->rule == FAIL) {
    med_reply_null(call->reply);
    goto done;
  }
  if (wanted != present) { /* as Redis: what stays as it is does not disturb a WATCH */
    MED_TRY(med_bit_field_set(&call->kv, call->argv[1], operation->offset, operation->width, wanted));
  }
  reply_field(call, operation, operation->action == FIELD_SET ? present : wanted);
done:
  return rc;
}

/* First all of it is read, so that a wrong word changes nothing; then it is run. */
static int bitfield(med_redis_call *call, bool read_only) {
  for (int pass = 0; pass < 2; pass++) {
    overflow_rule rule = WRAP;
    bool is_rule, writes = false;
    uint64_t last_written = 0;
    if (pass == 1) med_reply_list_begin(call->reply);
    for (size_t at = 2; at < call->argc;) {
      field_operation operation = {0};
      int rc = parse_operation(call, &at, &rule, &is_rule, &operation);
      if (rc == MEDLEY_OK && pass == 1 && !is_rule) rc = run_operation(call, &operation);
      if (rc != MEDLEY_OK) return rc;
      if (is_rule || operation.action == FIELD_GET) continue;
      writes = true;
      if (operation.offset + operation.width - 1 > last_written) last_written = operation.offset + operation.width - 1;
    }
    if (writes && read_only)
      return med_redis_error(call, MEDLEY_SYNTAX, "ERR BITFIELD_RO only supports the GET subcommand");
    if (pass == 0) {
      med_kv_meta meta;
      int rc = med_kv_find_typed(&call->kv, call->argv[1], MED_KV_STRING, &meta);
      if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
      if (rc == MEDLEY_OK && writes) rc = med_bit_extend(&call->kv, call->argv[1], last_written);
      if (rc != MEDLEY_OK) return rc;
    }
  }
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

static int bitfield_command(med_redis_call *call) { return bitfield(call, false); }
static int bitfield_ro_command(med_redis_call *call) { return bitfield(call, true); }

static const med_redis_command commands[] = {
    {"bitcount", -2, 0, 1, 1, 1, bitcount_command, "readonly", "bitmap", "2.6.0"},
    {"bitfield", -2, MED_REDIS_WRITE, 1, 1, 1, bitfield_command, "write denyoom", "bitmap", "3.2.0"},
    {"bitfield_ro", -2, 0, 1, 1, 1, bitfield_ro_command, "readonly fast", "bitmap", "6.0.0"},
    {"bitop", -4, MED_REDIS_WRITE, 2, -1, 1, bitop_command, "write denyoom", "bitmap", "2.6.0"},
    {"bitpos", -3, 0, 1, 1, 1, bitpos_command, "readonly", "bitmap", "2.8.7"},
    {"getbit", 3, 0, 1, 1, 1, getbit_command, "readonly fast", "bitmap", "2.2.0"},
    {"setbit", 4, MED_REDIS_WRITE, 1, 1, 1, setbit_command, "write denyoom", "bitmap", "2.2.0"},
};
const med_redis_table med_redis_bit_commands = {commands, sizeof commands / sizeof commands[0]};
