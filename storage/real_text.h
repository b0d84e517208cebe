/* real_text.h - real numbers read from texts as C writes them, with a point, whatever the host's locale says.
 *
 * As strtod, strtof and strtold: text ends with a zero byte, *end (unless NULL) is where the number ends, and is text if there is none; errno is
 * ERANGE for what is too big or too small. Threads: none of this shares anything. */
#ifndef MED_STORAGE_REAL_TEXT_H
#define MED_STORAGE_REAL_TEXT_H

double med_real_text_double(const char *text, char **end);
float med_real_text_float(const char *text, char **end);
long double med_real_text_long_double(const char *text, char **end);

#endif
