/* network_friends.c - friendships: a power law of degrees, communities, triangles.
 *
 * Each person, in the order of joining, befriends a power-law number of earlier ones: a friend of a friend (which makes
 * triangles, as in Holme and Kim, Growing scale-free networks with tunable clustering, 2002), an endpoint of an
 * existing friendship (preferential attachment), somebody of the same community, or anybody. */
#include "bench/network_stream.h"

#include <stdlib.h>
#include <string.h>

#define FRIENDS_PER_PERSON_MAX 1000 /* with earlier persons; later ones come on top */
#define COMMUNITY_SIZE 150
#define ATTEMPTS_PER_FRIEND 8
#define FRIEND_OF_FRIEND_PER_MILLE 350
#define POPULAR_PER_MILLE 300
#define COMMUNITY_PER_MILLE 250

/* Mean friendships a person makes with earlier ones, at each power of ten of the scale: half of the mean degree, which
 * follows n^(0.512 - 0.028 log10 n), the fit to Facebook that LDBC uses, times 0.67. */
static uint64_t mean_friends_made(uint64_t scale) {
  static const uint64_t at_power[] = {1, 2, 5, 8, 13, 24, 39, 54, 65};
  uint64_t low = 1;
  int power = 0;
  while (power < 7 && scale >= low * 10) {
    low *= 10;
    power++;
  }
  return at_power[power] + (at_power[power + 1] - at_power[power]) * (scale - low) / (low * 9);
}

typedef struct friend_list {
  uint32_t friends[FRIENDS_PER_PERSON_MAX];
  uint32_t count;
} friend_list;

static bool has(const friend_list *made, uint32_t other) {
  for (uint32_t i = 0; i < made->count; i++) {
    if (made->friends[i] == other) return true;
  }
  return false;
}

static uint32_t pick(const med_network_stream *stream, med_dice *dice, uint32_t person, const friend_list *made) {
  uint64_t kind = med_dice_below(dice, 1000);
  uint64_t edge_count = stream->earlier_offsets[person];
  if (kind < FRIEND_OF_FRIEND_PER_MILLE && made->count > 0) {
    uint32_t via = made->friends[med_dice_below(dice, made->count)];
    uint64_t begin = stream->earlier_offsets[via];
    uint64_t count = stream->earlier_offsets[via + 1] - begin;
    if (count > 0) return stream->earlier[begin + med_dice_below(dice, count)];
  } else if (kind < FRIEND_OF_FRIEND_PER_MILLE + POPULAR_PER_MILLE && edge_count > 0) {
    return stream->earlier[med_dice_below(dice, edge_count)];
  } else if (kind < FRIEND_OF_FRIEND_PER_MILLE + POPULAR_PER_MILLE + COMMUNITY_PER_MILLE) {
    uint32_t stride = stream->person_count / COMMUNITY_SIZE + 1;
    uint64_t earlier_members = person / stride;
    if (earlier_members > 0) return person - stride * (uint32_t)(1 + med_dice_below(dice, earlier_members));
  }
  return (uint32_t)med_dice_below(dice, person);
}

static int compare_persons(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

static void befriend(const med_network_stream *stream, uint32_t person, uint64_t mean, friend_list *made) {
  med_dice dice;
  med_dice_init(&dice, stream->seed, MED_NETWORK_DICE_FRIENDS, person);
  made->count = 0;
  /* In sixteenths, because the lowest degree is mean / (1 + ln 50), a small number. */
  uint64_t low = mean * 160 / 49;
  uint64_t wanted = (med_dice_power_law(&dice, low, low * 50) + 8) / 16;
  if (wanted == 0) wanted = 1;
  if (wanted > FRIENDS_PER_PERSON_MAX) wanted = FRIENDS_PER_PERSON_MAX;
  if (wanted > person) wanted = person;
  for (uint64_t i = 0; i < wanted; i++) {
    for (int attempt = 0; attempt < ATTEMPTS_PER_FRIEND; attempt++) {
      uint32_t other = pick(stream, &dice, person, made);
      if (has(made, other)) continue;
      made->friends[made->count++] = other;
      break;
    }
  }
  qsort(made->friends, made->count, sizeof made->friends[0], compare_persons);
}

/* The other direction, by counting: persons are visited in order, so that each list comes out sorted. */
static bool turn_around(med_network_stream *stream) {
  uint32_t count = stream->person_count;
  uint64_t edge_count = stream->earlier_offsets[count];
  stream->later_offsets = calloc((size_t)count + 2, sizeof *stream->later_offsets);
  stream->later = malloc((edge_count + 1) * sizeof *stream->later);
  if (!stream->later_offsets || !stream->later) return false;
  uint64_t *next = stream->later_offsets + 1; /* while filling, next[p] is where p's list goes on */
  for (uint64_t i = 0; i < edge_count; i++) next[stream->earlier[i] + 1]++;
  for (uint32_t person = 0; person < count; person++) next[person + 1] += next[person];
  for (uint32_t person = 0; person < count; person++) {
    for (uint64_t i = stream->earlier_offsets[person]; i < stream->earlier_offsets[person + 1]; i++) {
      stream->later[next[stream->earlier[i]]++] = person;
    }
  }
  return true;
}

void med_network_make_friends(med_network_stream *stream) {
  if (stream->status != MEDLEY_OK) return;
  uint64_t mean = mean_friends_made(stream->person_count);
  uint64_t capacity = 0;
  friend_list made;
  stream->earlier_offsets = calloc((size_t)stream->person_count + 1, sizeof *stream->earlier_offsets);
  if (!stream->earlier_offsets) goto no_memory;
  for (uint32_t person = 0; person < stream->person_count; person++) {
    uint64_t begin = stream->earlier_offsets[person];
    befriend(stream, person, mean, &made);
    if (begin + made.count > capacity || !stream->earlier) {
      capacity = (begin + made.count) * 3 / 2 + 1024;
      uint32_t *grown = realloc(stream->earlier, capacity * sizeof *grown);
      if (!grown) goto no_memory;
      stream->earlier = grown;
    }
    memcpy(stream->earlier + begin, made.friends, made.count * sizeof made.friends[0]);
    stream->earlier_offsets[person + 1] = begin + made.count;
  }
  if (turn_around(stream)) return;
no_memory:
  stream->status = MEDLEY_NO_MEMORY;
}

uint64_t med_network_friend_count(const med_network_stream *stream, uint32_t person) {
  return stream->earlier_offsets[person + 1] - stream->earlier_offsets[person] + stream->later_offsets[person + 1] -
         stream->later_offsets[person];
}

uint32_t med_network_friend(const med_network_stream *stream, uint32_t person, uint64_t index) {
  uint64_t earlier_count = stream->earlier_offsets[person + 1] - stream->earlier_offsets[person];
  if (index < earlier_count) return stream->earlier[stream->earlier_offsets[person] + index];
  return stream->later[stream->later_offsets[person] + index - earlier_count];
}

static int64_t befriended_at(const med_network_stream *stream, uint32_t a, uint32_t b) {
  med_dice dice;
  uint32_t later = a > b ? a : b;
  int64_t from = med_network_joined_at(stream, later);
  med_dice_init(&dice, stream->seed, MED_NETWORK_DICE_FRIENDSHIP, (uint64_t)(a < b ? a : b) << 32 | later);
  return from + 1 + (int64_t)med_dice_skewed(&dice, (uint64_t)(MED_NETWORK_END_MS - from - 1));
}

void med_network_emit_knows(med_network_stream *stream) {
  for (uint32_t person = 0; person < stream->person_count && stream->status == MEDLEY_OK; person++) {
    uint64_t count = med_network_friend_count(stream, person);
    for (uint64_t i = 0; i < count; i++) {
      uint32_t other = med_network_friend(stream, person, i);
      med_network_triple(stream, MEDLEY_NETWORK_KNOWS, (uint64_t)person + 1, (uint64_t)other + 1,
                         befriended_at(stream, person, other));
    }
  }
}
