/* behind_kit.h - a database in memory with a session, and a write transaction of the store's behind the session's back, in which records are damaged. */
#ifndef BEHIND_KIT_H
#define BEHIND_KIT_H

#include "engine/database.h"
#include "storage/writer.h"
#include "tests/unit/session_kit.h"

static session_kit kit;
static med_member *member;
static med_txn *txn;
static med_mark mark; /* before anything was written in it */
static medley_error error;

#define OK(expression)                                                                                  \
  do {                                                                                                  \
    int rc_ = (expression);                                                                             \
    ck_assert_msg(rc_ == MEDLEY_OK, "%s: %s: %s", #expression, medley_status_name(rc_), error.message); \
  } while (0)

static inline void begin(void) {
  OK(med_member_open(kit.db->store, &member));
  OK(med_writer_begin(member, false, 1000, &error));
  txn = med_member_txn(member);
  mark = med_txn_mark(txn);
}

/* Nothing of it stays. */
static inline void end(void) {
  med_writer_rollback(member);
  med_member_close(member);
}

static inline void commit(void) {
  OK(med_writer_commit(member, &error));
  med_member_close(member);
}

#endif
