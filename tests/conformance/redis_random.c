/* redis_random.c - expands templates.
 *
 * A template is words parted by blanks. A word of capitals, digits and signs stands for itself, in any case. Groups:
 * `[ a b ]` perhaps, `( a | b | c )` one of them, `{ a b }` one to four times. Marks:
 *   %k key of the template's type   %K key of any type       %N a count and that many keys    %W weights for the last %N
 *   %v value   %f field or member   %i index    %n increment    %d score or real    %c count    %C count, perhaps negative
 *   %s %m relative seconds, milliseconds    %S %M absolute ones    %o bit offset    %O byte offset    %b bit
 *   %l lexicographic bound    %r score bound    %p pattern    %D database    %T bit field type
 * Now and then a mark becomes rubbish, a key one of another type, and a command loses, repeats or gains a word. */
#include "tests/conformance/redis_random.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/conformance/redis_templates.h"

#define RUBBISH_PERCENT 2
#define MUTATION_PERCENT 3
#define FOREIGN_KEY_PERCENT 7
#define MIXED_KEY_PERCENT 10
#define REPEAT_MAX 4
#define LONG_VALUE_MAX 6000
/* Far enough away that nothing expires during a run, and wide enough that two draws hardly ever meet. */
#define FAR_SECONDS_MIN 1000000
#define FAR_SECONDS_SPAN 100000000
#define FAR_DATE_SECONDS 4000000000

typedef struct expansion {
  test_redis_random *random;
  const test_redis_template *template;
  test_redis_command *command;
  bool tame;
  size_t key_count; /* of the last %N */
} expansion;

/* ---- Numbers ----------------------------------------------------------------------------------------------- */

void test_redis_random_init(test_redis_random *random, uint64_t seed) { random->state = seed; }

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t next_number(test_redis_random *random) {
  uint64_t z = random->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t test_redis_random_below(test_redis_random *random, uint64_t bound) { return next_number(random) % bound; }

bool test_redis_random_chance(test_redis_random *random, unsigned percent) {
  return test_redis_random_below(random, 100) < percent;
}

#define PICK(random, list) (list)[test_redis_random_below(random, sizeof(list) / sizeof((list)[0]))]

static int64_t between(test_redis_random *random, int64_t from, int64_t to) {
  return from + (int64_t)test_redis_random_below(random, (uint64_t)(to - from + 1));
}

/* ---- Words ------------------------------------------------------------------------------------------------- */

void test_redis_command_clear(test_redis_command *command) {
  command->count = 0;
  command->used = 0;
  command->way = TEST_REDIS_EXACT;
}

/* What does not fit is left out: a shorter command is as good as any. */
void test_redis_command_add(test_redis_command *command, const char *bytes, size_t len) {
  if (command->count == TEST_REDIS_WORD_COUNT_MAX || command->used + len > TEST_REDIS_BYTES_MAX) return;
  memcpy(command->bytes + command->used, bytes, len);
  command->words[command->count] = command->bytes + command->used;
  command->lens[command->count++] = len;
  command->used += len;
}

void test_redis_command_add_text(test_redis_command *command, const char *text) {
  test_redis_command_add(command, text, strlen(text));
}

static void add_integer(expansion *in, int64_t integer) {
  char text[32];
  snprintf(text, sizeof text, "%" PRId64, integer);
  test_redis_command_add_text(in->command, text);
}

static void add_rubbish(expansion *in) {
  static const char *const rubbish[] = {"",
                                        "abc",
                                        "1.5",
                                        " 1",
                                        "1 ",
                                        "+1",
                                        "01",
                                        "0x10",
                                        "1e3",
                                        "nan",
                                        "inf",
                                        "-inf",
                                        "-0",
                                        "9223372036854775807",
                                        "-",
                                        "1a",
                                        "(1",
                                        "[a",
                                        "-1",
                                        "0",
                                        "-9223372036854775808",
                                        "*",
                                        "\xff",
                                        "99999999999999999999",
                                        "9223372036854775808"};
  test_redis_command_add_text(in->command, PICK(in->random, rubbish));
}

/* ---- Marks ------------------------------------------------------------------------------------------------- */

static void add_key_of_type(expansion *in, char type) {
  char name[700];
  uint64_t number = test_redis_random_below(in->random, 8);
  if (number < 6)
    snprintf(name, sizeof name, "%c%" PRIu64, type, number % 4);
  else if (number == 6)
    snprintf(name, sizeof name, "%c:%0600d", type, 7); /* longer than any key of the storage underneath */
  else {
    static const char binary[] = {'k', '\0', '\n', '\xff', ' '};
    memcpy(name, binary, sizeof binary);
    name[sizeof binary] = type;
    test_redis_command_add(in->command, name, sizeof binary + 1);
    return;
  }
  test_redis_command_add_text(in->command, name);
}

static void add_key(expansion *in, char type) {
  static const char types[] = {'s', 'h', 'l', 't', 'z'};
  bool any = type == 'a' || (!in->tame && test_redis_random_chance(in->random, FOREIGN_KEY_PERCENT));
  if (!in->tame && test_redis_random_chance(in->random, MIXED_KEY_PERCENT))
    type = 'm';
  else if (any)
    type = PICK(in->random, types);
  add_key_of_type(in, type);
}

static void add_keys(expansion *in) {
  in->key_count = (size_t)between(in->random, 1, 3);
  int64_t told = (int64_t)in->key_count;
  if (!in->tame && test_redis_random_chance(in->random, 4)) told += between(in->random, -4, 2);
  add_integer(in, told);
  for (size_t i = 0; i < in->key_count; i++) add_key(in, in->template->type);
}

static void add_weights(expansion *in) {
  static const char *const weights[] = {"1", "2", "0", "-1", "0.5", "inf", "-3"};
  test_redis_command_add_text(in->command, "WEIGHTS");
  for (size_t i = 0; i < in->key_count; i++) test_redis_command_add_text(in->command, PICK(in->random, weights));
}

static void add_value(expansion *in) {
  static const char *const texts[] = {"a",
                                      "b",
                                      "hello",
                                      "hello world",
                                      "",
                                      "10",
                                      "-3",
                                      "0",
                                      "3.0",
                                      "1e2",
                                      "0.1",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "007",
                                      "foobar",
                                      "abcabcabc"};
  static char longer[LONG_VALUE_MAX];
  uint64_t dice = test_redis_random_below(in->random, 20);
  if (dice < 14) {
    test_redis_command_add_text(in->command, PICK(in->random, texts));
  } else if (dice < 18) {
    add_integer(in, between(in->random, -20, 20));
  } else if (dice < 19) {
    size_t len = (size_t)between(in->random, 1, 12);
    for (size_t i = 0; i < len; i++) longer[i] = (char)test_redis_random_below(in->random, 256);
    test_redis_command_add(in->command, longer, len);
  } else {
    size_t len = (size_t)between(in->random, 100, LONG_VALUE_MAX);
    memset(longer, (int)between(in->random, 'a', 'e'), len);
    test_redis_command_add(in->command, longer, len);
  }
}

static void add_member(expansion *in) {
  static const char *const odd[] = {"",
                                    "\x01\xfe",
                                    "a b",
                                    "10",
                                    "-2",
                                    "3.5",
                                    "long-member-name-that-is-not-packed-into-anything-small-at-all-0123456789"};
  char name[8];
  if (test_redis_random_chance(in->random, 12)) {
    test_redis_command_add_text(in->command, PICK(in->random, odd));
  } else {
    snprintf(name, sizeof name, "%c", (char)('a' + test_redis_random_below(in->random, 14)));
    test_redis_command_add_text(in->command, name);
  }
}

static void add_increment(expansion *in) {
  static const char *const extremes[] = {"9223372036854775807", "-9223372036854775808", "9223372036854775800",
                                         "-9223372036854775800"};
  if (!in->tame && test_redis_random_chance(in->random, 6))
    test_redis_command_add_text(in->command, PICK(in->random, extremes));
  else
    add_integer(in, between(in->random, -12, 12));
}

static void add_real(expansion *in) {
  static const char *const reals[] = {"0.5",  "1.5", "-2.25", "3.14", "0.1",   "1e3", "-0",     "10",
                                      "1e-5", "7",   "7",     "2",    "-1e10", "1.0", "100000", "12345678901234567"};
  static const char *const extremes[] = {"inf",   "-inf",   "+inf",   "Infinity", "nan",
                                         "1e308", "-1e308", "5e-324", "1e400",    "0x1p3"};
  if (!in->tame && test_redis_random_chance(in->random, 5))
    test_redis_command_add_text(in->command, PICK(in->random, extremes));
  else if (test_redis_random_chance(in->random, 50))
    test_redis_command_add_text(in->command, PICK(in->random, reals));
  else
    add_integer(in, between(in->random, -6, 6));
}

static void add_index(expansion *in) {
  static const int64_t extremes[] = {INT64_MAX, INT64_MIN, 1000000, -1000000, INT32_MAX, INT32_MIN};
  if (test_redis_random_chance(in->random, 5))
    add_integer(in, PICK(in->random, extremes));
  else
    add_integer(in, between(in->random, -8, 8));
}

static void add_score_bound(expansion *in) {
  char text[32];
  static const char *const ends[] = {"-inf", "+inf", "inf", "(inf", "(-inf"};
  if (test_redis_random_chance(in->random, 30)) {
    test_redis_command_add_text(in->command, PICK(in->random, ends));
    return;
  }
  snprintf(text, sizeof text, "%s%" PRId64 "%s", test_redis_random_chance(in->random, 30) ? "(" : "",
           between(in->random, -6, 10), test_redis_random_chance(in->random, 10) ? ".5" : "");
  test_redis_command_add_text(in->command, text);
}

static void add_lex_bound(expansion *in) {
  char text[8];
  static const char *const odd[] = {"-", "+", "-", "+", "[", "(", "[zz", "("};
  if (test_redis_random_chance(in->random, 40)) {
    test_redis_command_add_text(in->command, PICK(in->random, odd));
    return;
  }
  snprintf(text, sizeof text, "%c%c", test_redis_random_chance(in->random, 50) ? '[' : '(',
           (char)('a' + test_redis_random_below(in->random, 14)));
  test_redis_command_add_text(in->command, text);
}

static void add_expiry(expansion *in, char mark) {
  bool past = test_redis_random_chance(in->random, in->tame ? 0 : 12);
  int64_t seconds = between(in->random, 0, FAR_SECONDS_SPAN), odd_ms = between(in->random, 0, 999);
  bool absolute = mark == 'S' || mark == 'M';
  seconds += past ? (absolute ? 1 : -FAR_SECONDS_SPAN - 1) : (absolute ? FAR_DATE_SECONDS : FAR_SECONDS_MIN);
  add_integer(in, mark == 's' || mark == 'S' ? seconds : seconds * 1000 + odd_ms);
}

static void add_bit_offset(expansion *in) {
  static const char *const extremes[] = {"4294967296", "-1", "9223372036854775807", "65535"};
  if (!in->tame && test_redis_random_chance(in->random, 4))
    test_redis_command_add_text(in->command, PICK(in->random, extremes));
  else
    add_integer(in, between(in->random, 0, 90));
}

static void add_byte_offset(expansion *in) {
  static const char *const extremes[] = {"536870912", "-1", "9223372036854775807", "20000"};
  if (!in->tame && test_redis_random_chance(in->random, 4))
    test_redis_command_add_text(in->command, PICK(in->random, extremes));
  else
    add_integer(in, between(in->random, 0, 20));
}

static void add_bit_field_type(expansion *in) {
  char text[16];
  static const char *const wrong[] = {"u64", "i65", "u0", "x8", "i", "u"};
  if (!in->tame && test_redis_random_chance(in->random, 4)) {
    test_redis_command_add_text(in->command, PICK(in->random, wrong));
    return;
  }
  bool is_signed = test_redis_random_chance(in->random, 50);
  snprintf(text, sizeof text, "%c%d", is_signed ? 'i' : 'u', (int)between(in->random, 1, is_signed ? 64 : 63));
  test_redis_command_add_text(in->command, text);
}

static void add_pattern(expansion *in) {
  static const char *const patterns[] = {"*",     "*",   "s*", "?1", "[a-h]*", "[^s]*", "*1*",   "a",
                                         "[abc]", "\\a", "h[", "*?", "**0",    "k*",    "[z-a]1"};
  test_redis_command_add_text(in->command, PICK(in->random, patterns));
}

static void add_database(expansion *in) {
  static const char *const databases[] = {"0", "0", "0", "1", "2"};
  static const char *const wrong[] = {"16", "-1", "99999999999999999999"};
  if (!in->tame && test_redis_random_chance(in->random, 5))
    test_redis_command_add_text(in->command, PICK(in->random, wrong));
  else
    test_redis_command_add_text(in->command, PICK(in->random, databases));
}

static void expand_mark(expansion *in, char mark) {
  static const char never_rubbish[] = "kKNWvfpD";
  if (!in->tame && strchr(never_rubbish, mark) == NULL && test_redis_random_chance(in->random, RUBBISH_PERCENT)) {
    add_rubbish(in);
    return;
  }
  switch (mark) {
    case 'k': add_key(in, in->template->type); break;
    case 'K': add_key(in, 'a'); break;
    case 'N': add_keys(in); break;
    case 'W': add_weights(in); break;
    case 'v': add_value(in); break;
    case 'f': add_member(in); break;
    case 'i': add_index(in); break;
    case 'n': add_increment(in); break;
    case 'd': add_real(in); break;
    case 'c': add_integer(in, between(in->random, 1, 6)); break;
    case 'C': add_integer(in, between(in->random, -6, 8)); break;
    case 's':
    case 'm':
    case 'S':
    case 'M': add_expiry(in, mark); break;
    case 'o': add_bit_offset(in); break;
    case 'O': add_byte_offset(in); break;
    case 'b': add_integer(in, between(in->random, 0, 1)); break;
    case 'l': add_lex_bound(in); break;
    case 'r': add_score_bound(in); break;
    case 'p': add_pattern(in); break;
    case 'D': add_database(in); break;
    case 'T': add_bit_field_type(in); break;
    default: fprintf(stderr, "redis_random: %s has an unknown mark %c\n", in->template->text, mark); exit(2);
  }
}

/* ---- Templates --------------------------------------------------------------------------------------------- */

/* The end of the group whose inside begins at text: its closing sign, at the same depth. */
static const char *group_end(const char *text) {
  unsigned depth = 1;
  for (;; text++) {
    if (*text == '\0') return text;
    if (strchr("[({", *text) != NULL && text[1] == ' ') depth++;
    if (strchr("])}", *text) != NULL && text[-1] == ' ' && --depth == 0) return text;
  }
}

static const char *choice_end(const char *text, const char *end) {
  unsigned depth = 0;
  for (; text < end; text++) {
    if (strchr("[({", *text) != NULL && text[1] == ' ') depth++;
    if (strchr("])}", *text) != NULL && text[-1] == ' ') depth--;
    if (*text == '|' && depth == 0) return text;
  }
  return end;
}

static void expand(expansion *in, const char *text, const char *end);

static void expand_choice(expansion *in, const char *text, const char *end) {
  uint64_t count = 0;
  for (const char *at = text; at <= end; at = choice_end(at, end) + 1) count++;
  uint64_t chosen = test_redis_random_below(in->random, count);
  while (chosen-- > 0) text = choice_end(text, end) + 1;
  expand(in, text, choice_end(text, end));
}

static void expand_group(expansion *in, char open, const char *text, const char *end) {
  if (open == '(') {
    expand_choice(in, text, end);
  } else if (open == '[') {
    if (test_redis_random_chance(in->random, 35)) expand(in, text, end);
  } else {
    uint64_t count = 1 + test_redis_random_below(in->random, REPEAT_MAX);
    while (count-- > 0) expand(in, text, end);
  }
}

static void add_literal(expansion *in, const char *text, size_t len) {
  char word[32];
  bool lower = test_redis_random_chance(in->random, 50);
  if (len >= sizeof word) len = sizeof word - 1;
  for (size_t i = 0; i < len; i++) word[i] = lower ? (char)tolower((unsigned char)text[i]) : text[i];
  test_redis_command_add(in->command, word, len);
}

static void expand(expansion *in, const char *text, const char *end) {
  while (text < end) {
    if (*text == ' ') {
      text++;
      continue;
    }
    const char *stop = text;
    while (stop < end && *stop != ' ') stop++;
    if (stop - text == 1 && strchr("[({", *text) != NULL) {
      stop = group_end(stop);
      expand_group(in, *text, text + 1, stop < end ? stop : end);
      stop++;
    } else if (*text == '%') {
      expand_mark(in, text[1]);
    } else {
      add_literal(in, text, (size_t)(stop - text));
    }
    text = stop;
  }
}

static void mutate(expansion *in) {
  test_redis_command *command = in->command;
  size_t index = 1 + (size_t)test_redis_random_below(in->random, command->count);
  switch (test_redis_random_below(in->random, 4)) {
    case 0:
      if (command->count > 1) command->count--;
      break;
    case 1: add_rubbish(in); break;
    case 2:
      if (index < command->count) test_redis_command_add(command, command->words[index], command->lens[index]);
      break;
    default:
      if (index >= command->count || command->count == TEST_REDIS_WORD_COUNT_MAX) break;
      add_rubbish(in);
      command->words[index] = command->words[command->count - 1];
      command->lens[index] = command->lens[command->count - 1];
      command->count--;
  }
}

/* Where a blocking command has its timeout; 0 in all others. */
static size_t timeout_place(const test_redis_command *command) {
  static const char *const last[] = {"BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX"};
  static const char *const first[] = {"BLMPOP", "BZMPOP"};
  size_t len = command->lens[0];
  if (command->count < 2) return 0;
  for (size_t i = 0; i < sizeof last / sizeof *last; i++)
    if (len == strlen(last[i]) && strncasecmp(command->words[0], last[i], len) == 0) return command->count - 1;
  for (size_t i = 0; i < sizeof first / sizeof *first; i++)
    if (len == strlen(first[i]) && strncasecmp(command->words[0], first[i], len) == 0) return 1;
  return 0;
}

/* Nobody pushes while the comparison waits: a timeout that means "without end", or long, becomes a short one. What both refuse
 * stays. */
static void wait_shortly(test_redis_command *command) {
  static const char short_timeout[] = "0.01";
  const long double refused = 9.3e15L; /* its milliseconds do not fit into 64 bits */
  size_t place = timeout_place(command);
  char text[64], *end;
  if (place == 0 || command->lens[place] >= sizeof text) return;
  memcpy(text, command->words[place], command->lens[place]);
  text[command->lens[place]] = '\0';
  long double seconds = strtold(text, &end);
  bool waits = end != text && *end == '\0' && (seconds == 0 || (seconds > 0.1L && seconds < refused));
  if (!waits) return;
  command->words[place] = short_timeout;
  command->lens[place] = sizeof short_timeout - 1;
}

static const test_redis_template *choose(test_redis_random *random, bool tame) {
  static unsigned total;
  if (total == 0) {
    for (size_t i = 0; i < test_redis_template_count; i++) total += test_redis_templates[i].weight;
  }
  for (;;) {
    uint64_t place = test_redis_random_below(random, total);
    size_t i = 0;
    while (place >= test_redis_templates[i].weight) place -= test_redis_templates[i++].weight;
    test_redis_way way = test_redis_templates[i].way;
    bool calm = way == TEST_REDIS_EXACT || way == TEST_REDIS_ANY_ORDER || way == TEST_REDIS_PAIRS_ANY_ORDER;
    if (!tame || (calm && !test_redis_templates[i].wild)) return &test_redis_templates[i];
  }
}

void test_redis_random_command(test_redis_random *random, bool tame, test_redis_command *command) {
  expansion in = {.random = random, .command = command, .tame = tame, .key_count = 1};
  test_redis_command_clear(command);
  in.template = choose(random, tame);
  expand(&in, in.template->text, in.template->text + strlen(in.template->text));
  command->way = in.template->way;
  if (!tame && command->count > 0 && test_redis_random_chance(random, MUTATION_PERCENT)) mutate(&in);
  wait_shortly(command);
}
