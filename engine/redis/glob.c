/* glob.c - Redis's glob patterns: * ? [a-z] [^a] and a backslash before what is meant as it stands.
 *
 * Redis recurses at every star and is exponential in the number of stars; here a mismatch goes back to the last star
 * only, which is enough because an earlier star can never match more usefully than a later one. Time is at most the
 * product of both lengths. */
#include <ctype.h>

#include "engine/redis/command.h"

static unsigned char fold(unsigned char c, bool ignore_case) { return ignore_case ? (unsigned char)tolower(c) : c; }

/* Matches c against the class that begins behind the bracket; *at is left behind the class. An unclosed class reaches to the
 * end of the pattern, as in Redis. */
static bool class_matches(const unsigned char **at, const unsigned char *end, unsigned char c, bool ignore_case) {
  const unsigned char *p = *at;
  bool negated = p < end && *p == '^', matches = false;
  if (negated) p++;
  for (; p < end; p++) {
    if (*p == '\\' && end - p >= 2) {
      p++;
      if (fold(*p, ignore_case) == fold(c, ignore_case)) matches = true;
    } else if (*p == ']') {
      break;
    } else if (end - p >= 3 && p[1] == '-') {
      unsigned char low = fold(p[0], ignore_case), high = fold(p[2], ignore_case), folded = fold(c, ignore_case);
      if (low > high) {
        unsigned char swapped = low;
        low = high;
        high = swapped;
      }
      p += 2;
      if (folded >= low && folded <= high) matches = true;
    } else if (fold(*p, ignore_case) == fold(c, ignore_case)) {
      matches = true;
    }
  }
  *at = p < end ? p + 1 : end;
  return matches != negated;
}

/* Matches one character of the pattern, which is no star; *at is left behind it. */
static bool one_matches(const unsigned char **at, const unsigned char *end, unsigned char c, bool ignore_case) {
  const unsigned char *p = *at;
  if (*p == '?') {
    *at = p + 1;
    return true;
  }
  if (*p == '[') {
    *at = p + 1;
    return class_matches(at, end, c, ignore_case);
  }
  if (*p == '\\' && end - p >= 2) p++;
  *at = p + 1;
  return fold(*p, ignore_case) == fold(c, ignore_case);
}

bool med_redis_glob_match(med_slice pattern, med_slice text, bool ignore_case) {
  const unsigned char *p = pattern.bytes, *p_end = p + pattern.len;
  const unsigned char *t = text.bytes, *t_end = t + text.len;
  const unsigned char *star = NULL, *star_text = NULL;
  while (t < t_end) {
    if (p < p_end && *p == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    const unsigned char *after = p;
    if (p < p_end && one_matches(&after, p_end, *t, ignore_case)) {
      p = after;
      t++;
      continue;
    }
    if (star == NULL) return false;
    p = star;
    t = ++star_text;
  }
  while (p < p_end && *p == '*') p++;
  return p == p_end;
}
