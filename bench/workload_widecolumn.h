/* workload_widecolumn.h - events, and what is asked of them: the interface of the workload `widecolumn` to its peers. */
#ifndef MED_BENCH_WORKLOAD_WIDECOLUMN_H
#define MED_BENCH_WORKLOAD_WIDECOLUMN_H

#include "bench/dice.h"
#include "bench/peer.h"

#define MED_EVENT_TYPE_COUNT 8
#define MED_EVENT_COUNTRY_COUNT 40
#define MED_EVENT_STEP_US 1000 /* between an event and the next; the order of numbers is the order of times */
#define MED_EVENT_USER_EACH 80 /* events of a user, in the mean */

/* The event of that number: the same for each seed, whoever asks, in any order. users: how many there are. */
static inline med_event med_event_make(uint64_t seed, uint64_t number, uint64_t users) {
  med_dice dice;
  med_dice_init(&dice, seed, UINT64_C(0x6576656e74), number);
  med_event event = {.number = number, .time_us = INT64_C(1700000000000000) + (int64_t)number * MED_EVENT_STEP_US};
  event.user = 1 + (uint32_t)med_dice_skewed(&dice, users);
  event.type = (uint32_t)med_dice_skewed(&dice, MED_EVENT_TYPE_COUNT);
  event.item = 1 + (uint32_t)med_dice_skewed(&dice, 50000);
  event.price = 100 + (int64_t)med_dice_below(&dice, 100000);
  event.duration = (uint32_t)med_dice_power_law(&dice, 10, 600000);
  event.session = event.user * 16 + (uint32_t)(number >> 16);
  event.country = (uint32_t)med_dice_skewed(&dice, MED_EVENT_COUNTRY_COUNT);
  return event;
}

static inline uint64_t med_event_users(uint64_t scale) {
  return scale < MED_EVENT_USER_EACH ? 1 : scale / MED_EVENT_USER_EACH;
}

#endif
