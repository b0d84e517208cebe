/* network_activity.c - what a social application has besides its network: accounts and their ledger, page views,
 * sign-in sessions. */
#include "bench/network_stream.h"

#include <stdio.h>
#include <stdlib.h>

#define PERSONS_PER_ACCOUNT 20
#define PERSONS_PER_PAYMENT 2
#define VIEWS_PER_PERSON 40
#define SESSION_TTL_MIN_S 1800
#define SESSION_TTL_MAX_S (30 * 86400)

/* ---- Accounts: number 1 belongs to the network itself, the others are advertisers, who pay it ---- */

typedef struct paid_amount {
  uint64_t from; /* index of the account; 0 is the network's own */
  int64_t amount_cents;
} paid_amount;

static int64_t deposit_of(const med_network_stream *stream, uint64_t account) {
  med_dice dice;
  if (account == 0) return 0;
  med_dice_init(&dice, stream->seed, MED_NETWORK_DICE_ACCOUNT, account);
  return (int64_t)med_dice_power_law(&dice, 10000, 5000000);
}

/* Applies payment number `index` to the balances and says what it was; amount 0 if the payer had nothing left. */
static paid_amount pay(const med_network_stream *stream, uint64_t index, int64_t *balances, uint64_t account_count) {
  med_dice dice;
  med_dice_init(&dice, stream->seed, MED_NETWORK_DICE_PAYMENT, index);
  paid_amount payment = {.from = 1 + med_dice_skewed(&dice, account_count - 1)};
  payment.amount_cents = (int64_t)med_dice_power_law(&dice, 50, 5000);
  if (payment.amount_cents > balances[payment.from]) payment.amount_cents = balances[payment.from];
  balances[payment.from] -= payment.amount_cents;
  balances[0] += payment.amount_cents;
  return payment;
}

static void emit_account(med_network_stream *stream, uint64_t account, int64_t balance_cents) {
  char name[64], topic[64];
  med_dice dice;
  med_dice_init(&dice, stream->seed, MED_NETWORK_DICE_ACCOUNT, account + ((uint64_t)1 << 40));
  uint64_t owner = account == 0 ? 1 : 1 + med_dice_below(&dice, stream->person_count);
  med_network_tag_name(1 + med_dice_below(&dice, med_network_tag_count()), topic, sizeof topic);
  snprintf(name, sizeof name, "%.50s Ltd", topic);
  med_network_begin(stream, MEDLEY_NETWORK_AD_ACCOUNT);
  med_network_integer(stream, (int64_t)account + 1);
  med_network_integer(stream, (int64_t)owner);
  med_network_word(stream, account == 0 ? "The network" : name);
  med_network_integer(stream, balance_cents);
  med_network_emit(stream);
}

static void emit_entry(med_network_stream *stream, uint64_t id, uint64_t from_id, uint64_t to_id, int64_t amount_cents,
                       int64_t at) {
  med_network_begin(stream, MEDLEY_NETWORK_LEDGER);
  med_network_integer(stream, (int64_t)id);
  if (from_id)
    med_network_integer(stream, (int64_t)from_id);
  else
    med_network_null(stream);
  med_network_integer(stream, (int64_t)to_id);
  med_network_integer(stream, amount_cents);
  med_network_integer(stream, at);
  med_network_word(stream, from_id ? "campaign" : "deposit");
  med_network_emit(stream);
}

/* Two runs over the payments: the balances are in the accounts' rows, which come before the ledger's. */
void med_network_emit_accounts(med_network_stream *stream) {
  if (stream->status != MEDLEY_OK) return;
  uint64_t account_count = stream->person_count / PERSONS_PER_ACCOUNT + 3;
  uint64_t payment_count = stream->person_count / PERSONS_PER_PAYMENT + 1;
  uint64_t id = 0;
  int64_t *balances = calloc(account_count, sizeof *balances);
  if (!balances) {
    stream->status = MEDLEY_NO_MEMORY;
    return;
  }
  for (uint64_t i = 0; i < account_count; i++) balances[i] = deposit_of(stream, i);
  for (uint64_t i = 0; i < payment_count; i++) (void)pay(stream, i, balances, account_count);
  for (uint64_t i = 0; i < account_count; i++) emit_account(stream, i, balances[i]);
  for (uint64_t i = 0; i < account_count; i++) balances[i] = deposit_of(stream, i);
  for (uint64_t i = 1; i < account_count; i++) {
    emit_entry(stream, ++id, 0, i + 1, balances[i], MED_NETWORK_START_MS + MED_NETWORK_JOIN_SPAN_MS);
  }
  int64_t step = (MED_NETWORK_END_MS - MED_NETWORK_START_MS - MED_NETWORK_JOIN_SPAN_MS) / (int64_t)payment_count;
  for (uint64_t i = 0; i < payment_count && stream->status == MEDLEY_OK; i++) {
    paid_amount paid = pay(stream, i, balances, account_count);
    int64_t at = MED_NETWORK_START_MS + MED_NETWORK_JOIN_SPAN_MS + (int64_t)i * step;
    if (paid.amount_cents > 0) emit_entry(stream, ++id, paid.from + 1, 1, paid.amount_cents, at);
  }
  free(balances);
}

/* ---- Page views, in the order of time ---- */

void med_network_emit_views(med_network_stream *stream) {
  uint64_t view_count = (uint64_t)stream->person_count * VIEWS_PER_PERSON;
  for (uint64_t i = 0; i < view_count && stream->status == MEDLEY_OK; i++) {
    med_dice dice;
    med_dice_init(&dice, stream->seed, MED_NETWORK_DICE_VIEW, i);
    /* Spread the busiest persons over all ids: rank 0 need not be the one who joined first. */
    uint64_t rank = med_dice_skewed(&dice, stream->person_count);
    uint32_t person = (uint32_t)(rank * UINT64_C(2654435761) % stream->person_count);
    int64_t at = MED_NETWORK_END_MS + (int64_t)((med_uint128)i * (uint64_t)MED_NETWORK_VIEW_SPAN_MS / view_count);
    med_network_begin(stream, MEDLEY_NETWORK_PAGE_VIEW);
    med_network_integer(stream, (int64_t)i + 1);
    med_network_integer(stream, (int64_t)person + 1);
    med_network_integer(stream, (int64_t)(stream->message_count - med_dice_skewed(&dice, stream->message_count)));
    med_network_integer(stream, at);
    med_network_integer(stream, (int64_t)med_dice_power_law(&dice, 400, 600000));
    med_network_word(stream, med_words_devices[med_dice_skewed(&dice, (uint64_t)med_words_device_count)]);
    med_network_integer(stream, (int64_t)med_network_country_id(med_network_country_of(stream, person)));
    med_network_emit(stream);
  }
}

/* ---- Sign-in sessions ---- */

static void emit_session(med_network_stream *stream, med_dice *dice, uint32_t person) {
  char token[33], ip[MED_NETWORK_IP_SIZE];
  uint64_t high = med_dice_roll(dice), low = med_dice_roll(dice);
  snprintf(token, sizeof token, "%016llx%016llx", (unsigned long long)high, (unsigned long long)low);
  med_network_ip(dice, med_network_country_of(stream, person), ip);
  med_network_begin(stream, MEDLEY_NETWORK_SESSION);
  med_network_word(stream, token);
  med_network_integer(stream, (int64_t)person + 1);
  med_network_word(stream, med_words_devices[med_dice_skewed(dice, (uint64_t)med_words_device_count)]);
  med_network_word(stream, ip);
  med_network_integer(stream, MED_NETWORK_END_MS + (int64_t)med_dice_below(dice, (uint64_t)MED_NETWORK_VIEW_SPAN_MS));
  med_network_integer(stream, med_dice_between(dice, SESSION_TTL_MIN_S, SESSION_TTL_MAX_S));
  med_network_emit(stream);
}

void med_network_emit_sessions(med_network_stream *stream) {
  for (uint32_t person = 0; person < stream->person_count && stream->status == MEDLEY_OK; person++) {
    med_dice dice;
    med_dice_init(&dice, stream->seed, MED_NETWORK_DICE_SESSION, person);
    int count = (int)med_dice_below(&dice, 4) - (int)med_dice_below(&dice, 2); /* -1 ... 3, 0 and 1 and 2 most */
    for (int i = 0; i < count; i++) emit_session(stream, &dice, person);
  }
}
