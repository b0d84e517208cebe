/* network_stream.h - what the parts of the network generator share: the stream of rows and the friendships.
 *
 * Not for users: bench/network.h is. The parts run in the order of the functions below, each from the facts that those
 * before it left in the stream. `status` is the one error slot: after a failure every emit does nothing. */
#ifndef MED_BENCH_NETWORK_STREAM_H
#define MED_BENCH_NETWORK_STREAM_H

#include <stdbool.h>

#include "bench/dice.h"
#include "bench/network.h"
#include "bench/network_words.h"

/* Persons join in the first two years, write until the end of the third, and view pages in the month after. */
#define MED_NETWORK_START_MS INT64_C(1262304000000)   /* 2010-01-01 */
#define MED_NETWORK_JOIN_SPAN_MS INT64_C(63072000000) /* 730 days */
#define MED_NETWORK_END_MS INT64_C(1356998400000)     /* 2013-01-01 */
#define MED_NETWORK_VIEW_SPAN_MS INT64_C(2678400000)  /* 31 days */
#define MED_NETWORK_DAY_MS INT64_C(86400000)

enum { /* sections of the dice */
       MED_NETWORK_DICE_PERSON = 1,
       MED_NETWORK_DICE_JOIN,
       MED_NETWORK_DICE_FRIENDS,
       MED_NETWORK_DICE_FRIENDSHIP,
       MED_NETWORK_DICE_FORUM,
       MED_NETWORK_DICE_ACCOUNT,
       MED_NETWORK_DICE_PAYMENT,
       MED_NETWORK_DICE_VIEW,
       MED_NETWORK_DICE_SESSION
};

typedef struct med_network_stream {
  uint64_t seed;
  uint32_t person_count;
  medley_network_callback on_row;
  void *context;
  int status;
  medley_network_row row;
  /* Friendships as compressed adjacency, persons numbered from 0: those with earlier persons, sorted, and those with
   * later ones, sorted. */
  uint64_t *earlier_offsets, *later_offsets; /* person_count + 1 each */
  uint32_t *earlier, *later;
  uint64_t forum_count, message_count;
} med_network_stream;

/* A row is begun, filled column by column, and emitted. Texts are borrowed until then. */
void med_network_begin(med_network_stream *stream, medley_network_table table);
void med_network_integer(med_network_stream *stream, int64_t integer);
void med_network_text(med_network_stream *stream, const char *text, size_t len);
void med_network_word(med_network_stream *stream, const char *text); /* NUL-ended */
void med_network_null(med_network_stream *stream);
void med_network_emit(med_network_stream *stream);
/* begin, integers, emit */
void med_network_pair(med_network_stream *stream, medley_network_table table, uint64_t first, uint64_t second);
void med_network_triple(med_network_stream *stream, medley_network_table table, uint64_t first, uint64_t second,
                        int64_t third);

/* Ids of the fixed tables. */
uint64_t med_network_country_id(int country);
uint64_t med_network_city_id(int country, int city);
uint64_t med_network_tag_count(void);
/* size must hold any tag's name: 64 bytes. */
void med_network_tag_name(uint64_t tag_id, char *name, size_t size);

/* Facts about a person (from 0), each a function of the seed. */
int med_network_country_of(const med_network_stream *stream, uint32_t person);
int64_t med_network_joined_at(const med_network_stream *stream, uint32_t person);
#define MED_NETWORK_IP_SIZE 48
void med_network_ip(med_dice *dice, int country, char *ip);
uint64_t med_network_friend_count(const med_network_stream *stream, uint32_t person);
uint32_t med_network_friend(const med_network_stream *stream, uint32_t person, uint64_t index);

/* The parts, in their order. */
void med_network_emit_places(med_network_stream *stream); /* network_persons.c */
void med_network_emit_persons(med_network_stream *stream);
void med_network_make_friends(med_network_stream *stream); /* network_friends.c */
void med_network_emit_knows(med_network_stream *stream);
void med_network_emit_forums(med_network_stream *stream);   /* network_forums.c */
void med_network_emit_accounts(med_network_stream *stream); /* network_activity.c */
void med_network_emit_views(med_network_stream *stream);
void med_network_emit_sessions(med_network_stream *stream);

#endif
