/* store_kit.h - a store in memory with one writer, for unit tests of what stands on trees. */
#ifndef STORE_KIT_H
#define STORE_KIT_H

#include "storage/store.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

typedef struct store_kit {
  med_store *store;
  med_member *member;
  medley_error error;
} store_kit;

static inline void store_kit_open(store_kit *kit) {
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  ck_assert_msg(med_store_open("", &options, &kit->store, &kit->error) == MEDLEY_OK, "%s", kit->error.message);
  ck_assert_int_eq(med_member_open(kit->store, &kit->member), MEDLEY_OK);
}

static inline void store_kit_close(store_kit *kit) {
  med_member_close(kit->member);
  med_store_close(kit->store);
}

static inline med_txn *store_kit_begin(store_kit *kit) {
  ck_assert_int_eq(med_writer_begin(kit->member, true, 1000, &kit->error), MEDLEY_OK);
  return med_member_txn(kit->member);
}

static inline void store_kit_commit(store_kit *kit) {
  ck_assert_msg(med_writer_commit(kit->member, &kit->error) == MEDLEY_OK, "%s", kit->error.message);
}

/* A snapshot of now; closed with med_txn_close_reader. */
static inline med_txn *store_kit_reader(store_kit *kit) {
  med_txn *reader;
  ck_assert_int_eq(med_txn_open_reader(kit->store, &reader, &kit->error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  return reader;
}

#endif
