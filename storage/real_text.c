/* real_text.c - real numbers from texts. */
#include "storage/real_text.h"

#include <locale.h>
#include <stdlib.h>

/* glibc answers a constant for this locale: nothing is allocated, nothing to be freed, and it does not fail. */
static locale_t plain_locale(void) { return newlocale(LC_ALL_MASK, "C", (locale_t)0); }

double med_real_text_double(const char *text, char **end) { return strtod_l(text, end, plain_locale()); }
float med_real_text_float(const char *text, char **end) { return strtof_l(text, end, plain_locale()); }
long double med_real_text_long_double(const char *text, char **end) { return strtold_l(text, end, plain_locale()); }
