/* network_schema.c - the tables of a generated network: one description each, in the order in which rows first come.
 *
 * Tables that are only ever reached by their whole key are WITHOUT ROWID: their rows lie in the order of that key. */
#include "bench/network.h"

static const medley_network_table_info tables[MEDLEY_NETWORK_TABLE_COUNT] = {
    [MEDLEY_NETWORK_PLACE] = {"place",
                              4,
                              {"id", "name", "kind", "part_of"},
                              "CREATE TABLE place (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL,\n"
                              "  part_of INTEGER REFERENCES place (id))",
                              "INSERT INTO place VALUES (?, ?, ?, ?)",
                              "CREATE INDEX place_by_part_of ON place (part_of)"},
    [MEDLEY_NETWORK_ORGANISATION] =
        {"organisation",
         4,
         {"id", "kind", "name", "place_id"},
         "CREATE TABLE organisation (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,\n"
         "  place_id INTEGER NOT NULL REFERENCES place (id))",
         "INSERT INTO organisation VALUES (?, ?, ?, ?)",
         "CREATE INDEX organisation_by_place ON organisation (place_id)"},
    [MEDLEY_NETWORK_TAG_CLASS] = {"tag_class",
                                  3,
                                  {"id", "name", "parent_id"},
                                  "CREATE TABLE tag_class (id INTEGER PRIMARY KEY, name TEXT NOT NULL,\n"
                                  "  parent_id INTEGER REFERENCES tag_class (id))",
                                  "INSERT INTO tag_class VALUES (?, ?, ?)",
                                  "CREATE INDEX tag_class_by_parent ON tag_class (parent_id)"},
    [MEDLEY_NETWORK_TAG] = {"tag",
                            3,
                            {"id", "name", "class_id"},
                            "CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,\n"
                            "  class_id INTEGER NOT NULL REFERENCES tag_class (id))",
                            "INSERT INTO tag VALUES (?, ?, ?)",
                            "CREATE INDEX tag_by_class ON tag (class_id)"},
    [MEDLEY_NETWORK_PERSON] =
        {"person",
         9,
         {"id", "first_name", "last_name", "gender", "birthday", "created_at", "location_ip", "browser", "city_id"},
         "CREATE TABLE person (id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL,\n"
         "  gender TEXT NOT NULL, birthday INTEGER NOT NULL, created_at INTEGER NOT NULL, location_ip TEXT NOT NULL,\n"
         "  browser TEXT NOT NULL, city_id INTEGER NOT NULL REFERENCES place (id))",
         "INSERT INTO person VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
         "CREATE INDEX person_by_city ON person (city_id)"},
    [MEDLEY_NETWORK_PERSON_EMAIL] =
        {"person_email",
         2,
         {"person_id", "email"},
         "CREATE TABLE person_email (person_id INTEGER NOT NULL REFERENCES person (id), email TEXT NOT NULL,\n"
         "  PRIMARY KEY (person_id, email)) WITHOUT ROWID",
         "INSERT INTO person_email VALUES (?, ?)",
         NULL},
    [MEDLEY_NETWORK_PERSON_LANGUAGE] =
        {"person_language",
         2,
         {"person_id", "language"},
         "CREATE TABLE person_language (person_id INTEGER NOT NULL REFERENCES person (id), language TEXT NOT NULL,\n"
         "  PRIMARY KEY (person_id, language)) WITHOUT ROWID",
         "INSERT INTO person_language VALUES (?, ?)",
         NULL},
    [MEDLEY_NETWORK_PERSON_INTEREST] =
        {"person_interest",
         2,
         {"person_id", "tag_id"},
         "CREATE TABLE person_interest (person_id INTEGER NOT NULL REFERENCES person (id),\n"
         "  tag_id INTEGER NOT NULL REFERENCES tag (id), PRIMARY KEY (person_id, tag_id)) WITHOUT ROWID",
         "INSERT INTO person_interest VALUES (?, ?)",
         "CREATE INDEX person_interest_by_tag ON person_interest (tag_id)"},
    [MEDLEY_NETWORK_STUDY_AT] =
        {"study_at",
         3,
         {"person_id", "university_id", "class_year"},
         "CREATE TABLE study_at (person_id INTEGER NOT NULL REFERENCES person (id),\n"
         "  university_id INTEGER NOT NULL REFERENCES organisation (id), class_year INTEGER NOT NULL,\n"
         "  PRIMARY KEY (person_id, university_id)) WITHOUT ROWID",
         "INSERT INTO study_at VALUES (?, ?, ?)",
         NULL},
    [MEDLEY_NETWORK_WORK_AT] =
        {"work_at",
         3,
         {"person_id", "company_id", "work_from"},
         "CREATE TABLE work_at (person_id INTEGER NOT NULL REFERENCES person (id),\n"
         "  company_id INTEGER NOT NULL REFERENCES organisation (id), work_from INTEGER NOT NULL,\n"
         "  PRIMARY KEY (person_id, company_id)) WITHOUT ROWID",
         "INSERT INTO work_at VALUES (?, ?, ?)",
         "CREATE INDEX work_at_by_company ON work_at (company_id)"},
    [MEDLEY_NETWORK_KNOWS] = {"knows",
                              3,
                              {"person_id", "friend_id", "created_at"},
                              "CREATE TABLE knows (person_id INTEGER NOT NULL REFERENCES person (id),\n"
                              "  friend_id INTEGER NOT NULL REFERENCES person (id), created_at INTEGER NOT NULL,\n"
                              "  PRIMARY KEY (person_id, friend_id)) WITHOUT ROWID",
                              "INSERT INTO knows VALUES (?, ?, ?)",
                              NULL},
    [MEDLEY_NETWORK_FORUM] =
        {"forum",
         4,
         {"id", "title", "created_at", "moderator_id"},
         "CREATE TABLE forum (id INTEGER PRIMARY KEY, title TEXT NOT NULL, created_at INTEGER NOT NULL,\n"
         "  moderator_id INTEGER NOT NULL REFERENCES person (id))",
         "INSERT INTO forum VALUES (?, ?, ?, ?)",
         "CREATE INDEX forum_by_moderator ON forum (moderator_id)"},
    [MEDLEY_NETWORK_FORUM_MEMBER] =
        {"forum_member",
         3,
         {"forum_id", "person_id", "joined_at"},
         "CREATE TABLE forum_member (forum_id INTEGER NOT NULL REFERENCES forum (id),\n"
         "  person_id INTEGER NOT NULL REFERENCES person (id), joined_at INTEGER NOT NULL,\n"
         "  PRIMARY KEY (forum_id, person_id)) WITHOUT ROWID",
         "INSERT INTO forum_member VALUES (?, ?, ?)",
         "CREATE INDEX forum_member_by_person ON forum_member (person_id, joined_at)"},
    [MEDLEY_NETWORK_FORUM_TAG] =
        {"forum_tag",
         2,
         {"forum_id", "tag_id"},
         "CREATE TABLE forum_tag (forum_id INTEGER NOT NULL REFERENCES forum (id),\n"
         "  tag_id INTEGER NOT NULL REFERENCES tag (id), PRIMARY KEY (forum_id, tag_id)) WITHOUT ROWID",
         "INSERT INTO forum_tag VALUES (?, ?)",
         "CREATE INDEX forum_tag_by_tag ON forum_tag (tag_id)"},
    [MEDLEY_NETWORK_MESSAGE] =
        {"message",
         13,
         {"id", "creator_id", "created_at", "forum_id", "reply_to_id", "root_id", "language", "image_file", "content",
          "length", "location_ip", "browser", "country_id"},
         "CREATE TABLE message (id INTEGER PRIMARY KEY, creator_id INTEGER NOT NULL REFERENCES person (id),\n"
         "  created_at INTEGER NOT NULL, forum_id INTEGER REFERENCES forum (id),\n"
         "  reply_to_id INTEGER REFERENCES message (id), root_id INTEGER NOT NULL REFERENCES message (id),\n"
         "  language TEXT, image_file TEXT, content TEXT, length INTEGER NOT NULL, location_ip TEXT NOT NULL,\n"
         "  browser TEXT NOT NULL, country_id INTEGER NOT NULL REFERENCES place (id),\n"
         "  CHECK ((forum_id IS NULL) <> (reply_to_id IS NULL)))",
         "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
         "CREATE INDEX message_by_creator ON message (creator_id, created_at);\n"
         "CREATE INDEX message_by_forum ON message (forum_id) WHERE forum_id IS NOT NULL;\n"
         "CREATE INDEX message_by_reply_to ON message (reply_to_id) WHERE reply_to_id IS NOT NULL"},
    [MEDLEY_NETWORK_MESSAGE_TAG] =
        {"message_tag",
         2,
         {"message_id", "tag_id"},
         "CREATE TABLE message_tag (message_id INTEGER NOT NULL REFERENCES message (id),\n"
         "  tag_id INTEGER NOT NULL REFERENCES tag (id), PRIMARY KEY (message_id, tag_id)) WITHOUT ROWID",
         "INSERT INTO message_tag VALUES (?, ?)",
         "CREATE INDEX message_tag_by_tag ON message_tag (tag_id)"},
    [MEDLEY_NETWORK_LIKES] = {"likes",
                              3,
                              {"person_id", "message_id", "created_at"},
                              "CREATE TABLE likes (person_id INTEGER NOT NULL REFERENCES person (id),\n"
                              "  message_id INTEGER NOT NULL REFERENCES message (id), created_at INTEGER NOT NULL,\n"
                              "  PRIMARY KEY (message_id, person_id)) WITHOUT ROWID",
                              "INSERT INTO likes VALUES (?, ?, ?)",
                              "CREATE INDEX likes_by_person ON likes (person_id)"},
    [MEDLEY_NETWORK_AD_ACCOUNT] =
        {"ad_account",
         4,
         {"id", "owner_id", "name", "balance_cents"},
         "CREATE TABLE ad_account (id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES person (id),\n"
         "  name TEXT NOT NULL, balance_cents INTEGER NOT NULL CHECK (balance_cents >= 0))",
         "INSERT INTO ad_account VALUES (?, ?, ?, ?)",
         "CREATE INDEX ad_account_by_owner ON ad_account (owner_id)"},
    [MEDLEY_NETWORK_LEDGER] =
        {"ledger",
         6,
         {"id", "from_account_id", "to_account_id", "amount_cents", "created_at", "reason"},
         "CREATE TABLE ledger (id INTEGER PRIMARY KEY, from_account_id INTEGER REFERENCES ad_account (id),\n"
         "  to_account_id INTEGER NOT NULL REFERENCES ad_account (id), amount_cents INTEGER NOT NULL,\n"
         "  created_at INTEGER NOT NULL, reason TEXT NOT NULL)",
         "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)",
         "CREATE INDEX ledger_by_from ON ledger (from_account_id);\n"
         "CREATE INDEX ledger_by_to ON ledger (to_account_id)"},
    [MEDLEY_NETWORK_PAGE_VIEW] =
        {"page_view",
         7,
         {"id", "person_id", "message_id", "viewed_at", "duration_ms", "device", "country_id"},
         "CREATE TABLE page_view (id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL REFERENCES person (id),\n"
         "  message_id INTEGER NOT NULL REFERENCES message (id), viewed_at INTEGER NOT NULL,\n"
         "  duration_ms INTEGER NOT NULL, device TEXT NOT NULL,\n"
         "  country_id INTEGER NOT NULL REFERENCES place (id))",
         "INSERT INTO page_view VALUES (?, ?, ?, ?, ?, ?, ?)",
         "CREATE INDEX page_view_by_person ON page_view (person_id, viewed_at)"},
    [MEDLEY_NETWORK_SESSION] =
        {"session", 6, {"token", "person_id", "device", "location_ip", "created_at", "ttl_seconds"}, NULL, NULL, NULL},
};

const medley_network_table_info *medley_network_table_describe(medley_network_table table) { return &tables[table]; }
