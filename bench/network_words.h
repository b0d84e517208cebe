/* network_words.h - the vocabulary of a generated network: names, places, subjects, sentences.
 *
 * Constant tables and pure functions; nothing is kept. Every function is a function of its arguments alone. */
#ifndef MED_BENCH_NETWORK_WORDS_H
#define MED_BENCH_NETWORK_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "bench/dice.h"

#define MED_WORDS_CITY_COUNT 4 /* of each country */

typedef struct med_words_country {
  const char *name;
  const char *continent;
  const char *language;
  const char *const *first_names; /* NULL-ended; female and male names by turns */
  const char *const *last_names;  /* NULL-ended */
  const char *cities[MED_WORDS_CITY_COUNT];
} med_words_country;

typedef struct med_words_subject {
  const char *class_name;
  int parent;               /* index of the class above, -1 at the top */
  const char *const *nouns; /* NULL-ended; NULL for a class that has no tags of its own */
} med_words_subject;

extern const med_words_country med_words_countries[];
extern const int med_words_country_count;
extern const char *const med_words_continents[];
extern const int med_words_continent_count;
extern const med_words_subject med_words_subjects[];
extern const int med_words_subject_count;
extern const char *const med_words_qualities[]; /* a tag is a quality and a noun: "Baroque Music" */
extern const int med_words_quality_count;
extern const char *const med_words_browsers[];
extern const int med_words_browser_count;
extern const char *const med_words_devices[];
extern const int med_words_device_count;

/* Length of a NULL-ended list. */
int med_words_count(const char *const *list);

/* Writes the word of that rank of an endless vocabulary (rank 0 is the most frequent) and returns its length, at most
 * MED_WORDS_WORD_SIZE_MAX - 1. The first 120 are English function words, the rest is made of syllables. */
#define MED_WORDS_WORD_SIZE_MAX 24
size_t med_words_write(uint64_t rank, char *word);

/* Writes sentences about a topic: word ranks follow a skewed distribution, so that there are stop words and rare
 * ones. Returns the length, below size. */
size_t med_words_text(med_dice *dice, const char *topic, size_t length_wanted, char *text, size_t size);

#endif
