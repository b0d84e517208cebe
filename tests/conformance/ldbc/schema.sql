-- The LDBC social network in tables. Dates are milliseconds since 1970 (UTC); what the data leaves empty is null.
-- A friendship stands twice in knows, once in each direction. Posts and comments are messages with one range of ids.
-- Foreign keys are checked at the commit, because the files name comments before the comments they reply to.

CREATE TABLE place (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  url TEXT,
  kind TEXT NOT NULL,  -- city, country, continent
  part_of_id INTEGER REFERENCES place DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX place_name ON place (name);

CREATE TABLE organisation (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,  -- university, company
  name TEXT NOT NULL,
  url TEXT,
  place_id INTEGER REFERENCES place DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE tag_class (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  url TEXT,
  parent_id INTEGER REFERENCES tag_class DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX tag_class_name ON tag_class (name);
CREATE INDEX tag_class_parent ON tag_class (parent_id);

CREATE TABLE tag (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  url TEXT,
  class_id INTEGER REFERENCES tag_class DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX tag_name ON tag (name);
CREATE INDEX tag_in_class ON tag (class_id);

CREATE TABLE person (
  id INTEGER PRIMARY KEY,
  first_name TEXT,
  last_name TEXT,
  gender TEXT,
  birthday INTEGER,
  creation_date INTEGER NOT NULL,
  location_ip TEXT,
  browser TEXT,
  city_id INTEGER REFERENCES place DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE person_email (
  person_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  email TEXT NOT NULL,
  PRIMARY KEY (person_id, email)
) WITHOUT ROWID;

CREATE TABLE person_language (
  person_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  language TEXT NOT NULL,
  PRIMARY KEY (person_id, language)
) WITHOUT ROWID;

CREATE TABLE person_interest (
  person_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  tag_id INTEGER NOT NULL REFERENCES tag DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (person_id, tag_id)
) WITHOUT ROWID;

CREATE TABLE study (
  person_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  organisation_id INTEGER NOT NULL REFERENCES organisation DEFERRABLE INITIALLY DEFERRED,
  class_year INTEGER,
  PRIMARY KEY (person_id, organisation_id)
) WITHOUT ROWID;

CREATE TABLE work (
  person_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  organisation_id INTEGER NOT NULL REFERENCES organisation DEFERRABLE INITIALLY DEFERRED,
  work_from INTEGER,
  PRIMARY KEY (person_id, organisation_id)
) WITHOUT ROWID;

CREATE TABLE knows (
  person1_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  person2_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  creation_date INTEGER NOT NULL,
  PRIMARY KEY (person1_id, person2_id)
) WITHOUT ROWID;

CREATE TABLE forum (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  moderator_id INTEGER REFERENCES person DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE forum_member (
  person_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  forum_id INTEGER NOT NULL REFERENCES forum DEFERRABLE INITIALLY DEFERRED,
  join_date INTEGER NOT NULL,
  PRIMARY KEY (person_id, forum_id)
) WITHOUT ROWID;

CREATE TABLE forum_tag (
  forum_id INTEGER NOT NULL REFERENCES forum DEFERRABLE INITIALLY DEFERRED,
  tag_id INTEGER NOT NULL REFERENCES tag DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (forum_id, tag_id)
) WITHOUT ROWID;

CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  is_post INTEGER NOT NULL,
  creation_date INTEGER NOT NULL,
  creator_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  forum_id INTEGER REFERENCES forum DEFERRABLE INITIALLY DEFERRED,        -- of a post
  reply_to_id INTEGER REFERENCES message DEFERRABLE INITIALLY DEFERRED,   -- of a comment
  country_id INTEGER REFERENCES place DEFERRABLE INITIALLY DEFERRED,
  location_ip TEXT,
  browser TEXT,
  language TEXT,
  length INTEGER,
  image_file TEXT,
  content TEXT
);
CREATE INDEX message_of_creator ON message (creator_id, creation_date);
CREATE INDEX message_reply ON message (reply_to_id) WHERE reply_to_id IS NOT NULL;
CREATE INDEX message_in_forum ON message (forum_id, creator_id) WHERE forum_id IS NOT NULL;

CREATE TABLE message_tag (
  message_id INTEGER NOT NULL REFERENCES message DEFERRABLE INITIALLY DEFERRED,
  tag_id INTEGER NOT NULL REFERENCES tag DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (message_id, tag_id)
) WITHOUT ROWID;
CREATE INDEX message_tag_tag ON message_tag (tag_id);

CREATE TABLE likes (
  message_id INTEGER NOT NULL REFERENCES message DEFERRABLE INITIALLY DEFERRED,
  person_id INTEGER NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED,
  creation_date INTEGER NOT NULL,
  PRIMARY KEY (message_id, person_id)
) WITHOUT ROWID;
