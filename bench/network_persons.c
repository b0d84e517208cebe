/* network_persons.c - the fixed tables (places, organisations, tags) and the persons with what belongs to them. */
#include "bench/network_stream.h"

#include <stdio.h>
#include <string.h>

#define COMPANIES_PER_COUNTRY 10
#define INTEREST_COUNT_MAX 40

static const char *const company_kinds[COMPANIES_PER_COUNTRY] = {
    "Airlines", "Railways", "Bank", "Telecom", "Press", "Foods", "Motors", "Shipping", "Energy", "Insurance"};
static const char *const mail_hosts[] = {"gmail.com", "gmx.com", "yahoo.com", "hotmail.com", "zoho.com"};

uint64_t med_network_country_id(int country) { return (uint64_t)(1 + med_words_continent_count + country); }

uint64_t med_network_city_id(int country, int city) {
  return (uint64_t)(1 + med_words_continent_count + med_words_country_count + country * MED_WORDS_CITY_COUNT + city);
}

static uint64_t university_id(int country, int city) { return (uint64_t)(1 + country * MED_WORDS_CITY_COUNT + city); }

static uint64_t company_id(int country, int kind) {
  return (uint64_t)(1 + med_words_country_count * MED_WORDS_CITY_COUNT + country * COMPANIES_PER_COUNTRY + kind);
}

/* ---- Places and organisations ---- */

static void emit_place(med_network_stream *stream, uint64_t id, const char *name, const char *kind, uint64_t part_of) {
  med_network_begin(stream, MEDLEY_NETWORK_PLACE);
  med_network_integer(stream, (int64_t)id);
  med_network_word(stream, name);
  med_network_word(stream, kind);
  if (part_of)
    med_network_integer(stream, (int64_t)part_of);
  else
    med_network_null(stream);
  med_network_emit(stream);
}

static uint64_t continent_id(const char *name) {
  int continent = 0;
  while (strcmp(med_words_continents[continent], name) != 0) continent++;
  return (uint64_t)continent + 1;
}

static void emit_organisation(med_network_stream *stream, uint64_t id, const char *kind, const char *first,
                              const char *second, uint64_t place_id) {
  char name[128];
  snprintf(name, sizeof name, "%s %s", first, second);
  med_network_begin(stream, MEDLEY_NETWORK_ORGANISATION);
  med_network_integer(stream, (int64_t)id);
  med_network_word(stream, kind);
  med_network_word(stream, name);
  med_network_integer(stream, (int64_t)place_id);
  med_network_emit(stream);
}

static void emit_organisations(med_network_stream *stream) {
  for (int country = 0; country < med_words_country_count; country++) {
    for (int city = 0; city < MED_WORDS_CITY_COUNT; city++) {
      emit_organisation(stream, university_id(country, city), "university", "University of",
                        med_words_countries[country].cities[city], med_network_city_id(country, city));
    }
  }
  for (int country = 0; country < med_words_country_count; country++) {
    for (int kind = 0; kind < COMPANIES_PER_COUNTRY; kind++) {
      emit_organisation(stream, company_id(country, kind), "company", med_words_countries[country].name,
                        company_kinds[kind], med_network_country_id(country));
    }
  }
}

/* ---- Tags ---- */

uint64_t med_network_tag_count(void) {
  uint64_t count = 0;
  for (int class = 0; class < med_words_subject_count; class ++) {
    if (!med_words_subjects[class].nouns) continue;
    count += (uint64_t)(med_words_count(med_words_subjects[class].nouns) * med_words_quality_count);
  }
  return count;
}

/* Tag ids go class by class, noun by noun, quality by quality. */
static int class_of_tag(uint64_t *rest) {
  for (int class = 0; class < med_words_subject_count; class ++) {
    if (!med_words_subjects[class].nouns) continue;
    uint64_t count = (uint64_t)(med_words_count(med_words_subjects[class].nouns) * med_words_quality_count);
    if (*rest < count) return class;
    *rest -= count;
  }
  return 0;
}

void med_network_tag_name(uint64_t tag_id, char *name, size_t size) {
  uint64_t rest = tag_id - 1;
  int class = class_of_tag(&rest);
  snprintf(name, size, "%s %s", med_words_qualities[rest % (uint64_t)med_words_quality_count],
           med_words_subjects[class].nouns[rest / (uint64_t)med_words_quality_count]);
}

static void emit_tags(med_network_stream *stream) {
  for (int class = 0; class < med_words_subject_count; class ++) {
    med_network_begin(stream, MEDLEY_NETWORK_TAG_CLASS);
    med_network_integer(stream, class + 1);
    med_network_word(stream, med_words_subjects[class].class_name);
    if (med_words_subjects[class].parent >= 0)
      med_network_integer(stream, med_words_subjects[class].parent + 1);
    else
      med_network_null(stream);
    med_network_emit(stream);
  }
  uint64_t tag_count = med_network_tag_count();
  for (uint64_t id = 1; id <= tag_count; id++) {
    char name[64];
    uint64_t rest = id - 1;
    med_network_tag_name(id, name, sizeof name);
    med_network_begin(stream, MEDLEY_NETWORK_TAG);
    med_network_integer(stream, (int64_t)id);
    med_network_word(stream, name);
    med_network_integer(stream, class_of_tag(&rest) + 1);
    med_network_emit(stream);
  }
}

void med_network_emit_places(med_network_stream *stream) {
  for (int continent = 0; continent < med_words_continent_count; continent++) {
    emit_place(stream, (uint64_t)continent + 1, med_words_continents[continent], "continent", 0);
  }
  for (int country = 0; country < med_words_country_count; country++) {
    emit_place(stream, med_network_country_id(country), med_words_countries[country].name, "country",
               continent_id(med_words_countries[country].continent));
  }
  for (int country = 0; country < med_words_country_count; country++) {
    for (int city = 0; city < MED_WORDS_CITY_COUNT; city++) {
      emit_place(stream, med_network_city_id(country, city), med_words_countries[country].cities[city], "city",
                 med_network_country_id(country));
    }
  }
  emit_organisations(stream);
  emit_tags(stream);
}

/* ---- Persons ---- */

static void roll_person(const med_network_stream *stream, uint32_t person, med_dice *dice) {
  med_dice_init(dice, stream->seed, MED_NETWORK_DICE_PERSON, person);
}

int med_network_country_of(const med_network_stream *stream, uint32_t person) {
  med_dice dice;
  roll_person(stream, person, &dice);
  return (int)med_dice_skewed(&dice, (uint64_t)med_words_country_count);
}

int64_t med_network_joined_at(const med_network_stream *stream, uint32_t person) {
  med_dice dice;
  med_dice_init(&dice, stream->seed, MED_NETWORK_DICE_JOIN, person);
  int64_t step = MED_NETWORK_JOIN_SPAN_MS / stream->person_count;
  return MED_NETWORK_START_MS + person * step + (int64_t)med_dice_below(&dice, (uint64_t)step);
}

void med_network_ip(med_dice *dice, int country, char *ip) {
  snprintf(ip, MED_NETWORK_IP_SIZE, "%d.%d.%d.%d", 20 + country * 6, (int)med_dice_below(dice, 256),
           (int)med_dice_below(dice, 256), 1 + (int)med_dice_below(dice, 254));
}

/* `distinct` skewed ids in ascending order would need a set; walking with random steps gives both. */
static void emit_interests(med_network_stream *stream, med_dice *dice, uint64_t id) {
  uint64_t tag_count = med_network_tag_count();
  uint64_t wanted = med_dice_power_law(dice, 5, INTEREST_COUNT_MAX) + med_dice_below(dice, 12);
  uint64_t step_max = tag_count * 2 / wanted;
  uint64_t tag_id = 1 + med_dice_below(dice, step_max);
  for (; tag_id <= tag_count; tag_id += 1 + med_dice_below(dice, step_max)) {
    med_network_pair(stream, MEDLEY_NETWORK_PERSON_INTEREST, id, tag_id);
  }
}

static void emit_emails(med_network_stream *stream, med_dice *dice, uint64_t id) {
  int count = (int)med_dice_between(dice, 1, 3);
  int host = (int)med_dice_below(dice, 3);
  for (int i = 0; i < count; i++) {
    char email[64];
    snprintf(email, sizeof email, "person%llu@%s", (unsigned long long)id, mail_hosts[host + i]);
    med_network_begin(stream, MEDLEY_NETWORK_PERSON_EMAIL);
    med_network_integer(stream, (int64_t)id);
    med_network_word(stream, email);
    med_network_emit(stream);
  }
}

static void emit_language(med_network_stream *stream, uint64_t id, const char *language) {
  med_network_begin(stream, MEDLEY_NETWORK_PERSON_LANGUAGE);
  med_network_integer(stream, (int64_t)id);
  med_network_word(stream, language);
  med_network_emit(stream);
}

static void emit_details(med_network_stream *stream, med_dice *dice, uint64_t id, int country, int birth_year) {
  const char *language = med_words_countries[country].language;
  emit_emails(stream, dice, id);
  emit_language(stream, id, language);
  if (strcmp(language, "en") != 0 && med_dice_chance(dice, 800)) emit_language(stream, id, "en");
  emit_interests(stream, dice, id);
  if (med_dice_chance(dice, 800)) {
    int city = (int)med_dice_below(dice, MED_WORDS_CITY_COUNT);
    med_network_triple(stream, MEDLEY_NETWORK_STUDY_AT, id, university_id(country, city),
                       birth_year + med_dice_between(dice, 20, 26));
  }
  int first_kind = (int)med_dice_below(dice, COMPANIES_PER_COUNTRY - 3);
  int job_count = (int)med_dice_below(dice, 5);
  for (int job = 0; job < job_count && job < 3; job++) {
    med_network_triple(stream, MEDLEY_NETWORK_WORK_AT, id, company_id(country, first_kind + job),
                       birth_year + 20 + job * 3 + (int64_t)med_dice_below(dice, 3));
  }
}

static void emit_person(med_network_stream *stream, uint32_t person) {
  med_dice dice;
  char ip[MED_NETWORK_IP_SIZE];
  roll_person(stream, person, &dice);
  int country = (int)med_dice_skewed(&dice, (uint64_t)med_words_country_count);
  const med_words_country *home = &med_words_countries[country];
  int is_male = (int)med_dice_below(&dice, 2);
  int first_pairs = med_words_count(home->first_names) / 2;
  const char *first_name = home->first_names[2 * (int)med_dice_skewed(&dice, (uint64_t)first_pairs) + is_male];
  const char *last_name = home->last_names[med_dice_skewed(&dice, (uint64_t)med_words_count(home->last_names))];
  int64_t birth_day = med_dice_between(&dice, -7305, 10226); /* 1950-01-01 ... 1997-12-31 */
  med_network_ip(&dice, country, ip);
  uint64_t id = (uint64_t)person + 1;

  med_network_begin(stream, MEDLEY_NETWORK_PERSON);
  med_network_integer(stream, (int64_t)id);
  med_network_word(stream, first_name);
  med_network_word(stream, last_name);
  med_network_word(stream, is_male ? "male" : "female");
  med_network_integer(stream, birth_day * MED_NETWORK_DAY_MS);
  med_network_integer(stream, med_network_joined_at(stream, person));
  med_network_word(stream, ip);
  med_network_word(stream, med_words_browsers[med_dice_skewed(&dice, (uint64_t)med_words_browser_count)]);
  med_network_integer(stream, (int64_t)med_network_city_id(country, (int)med_dice_skewed(&dice, MED_WORDS_CITY_COUNT)));
  med_network_emit(stream);
  emit_details(stream, &dice, id, country, (int)(1970 + birth_day / 366));
}

void med_network_emit_persons(med_network_stream *stream) {
  for (uint32_t person = 0; person < stream->person_count && stream->status == MEDLEY_OK; person++) {
    emit_person(stream, person);
  }
}
