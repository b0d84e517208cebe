/* network_forums.c - forums with their members, posts, comments, tags and likes, one forum at a time.
 *
 * Each person has a wall (members: the friends), some albums of photos (some of the friends), and often moderates a
 * group (friends and friends of friends). Whoever writes, comments or likes is a member or the moderator. */
#include "bench/network_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER_COUNT_MAX 2000
#define THREAD_SIZE_MAX 40
#define POST_SIZE_MAX 1200
#define FORUM_TAG_COUNT_MAX 3
#define COMMENTED_PER_MILLE 300
#define LIKED_PER_MILLE 120
#define COMMENT_WITHIN_MS (30 * MED_NETWORK_DAY_MS)

typedef enum forum_kind { WALL, ALBUM, GROUP } forum_kind;

typedef struct member_plan {
  uint32_t person;
  int64_t joined_at;
} member_plan;

typedef struct forum_plan {
  forum_kind kind;
  uint64_t id;
  int64_t created_at;
  uint64_t tags[FORUM_TAG_COUNT_MAX];
  int tag_count;
  uint32_t member_count; /* members[0] is the moderator, who has no row in forum_member */
  member_plan members[MEMBER_COUNT_MAX];
} forum_plan;

typedef struct written {
  uint64_t id;
  int64_t created_at;
} written;

/* ---- Members ---- */

static int compare_members(const void *a, const void *b) {
  uint32_t left = ((const member_plan *)a)->person, right = ((const member_plan *)b)->person;
  return (left > right) - (left < right);
}

static void add_member(forum_plan *forum, uint32_t person) {
  if (forum->member_count < MEMBER_COUNT_MAX && person != forum->members[0].person) {
    forum->members[forum->member_count++].person = person;
  }
}

static void invite(const med_network_stream *stream, med_dice *dice, forum_plan *forum) {
  uint32_t moderator = forum->members[0].person;
  uint64_t friend_count = med_network_friend_count(stream, moderator);
  if (forum->kind != GROUP) {
    unsigned per_mille = forum->kind == WALL ? 1000 : 300;
    for (uint64_t i = 0; i < friend_count; i++) {
      if (med_dice_chance(dice, per_mille)) add_member(forum, med_network_friend(stream, moderator, i));
    }
    return;
  }
  uint64_t wanted = med_dice_power_law(dice, 5, 400);
  for (uint64_t i = 0; i < wanted && friend_count > 0; i++) {
    uint32_t person = med_network_friend(stream, moderator, med_dice_below(dice, friend_count));
    if (med_dice_chance(dice, 600)) {
      person = med_network_friend(stream, person, med_dice_below(dice, med_network_friend_count(stream, person)));
    }
    add_member(forum, person);
  }
}

static void keep_distinct_members(forum_plan *forum) {
  uint32_t kept = 1;
  if (forum->member_count > 1) {
    qsort(forum->members + 1, forum->member_count - 1, sizeof forum->members[0], compare_members);
  }
  for (uint32_t i = 1; i < forum->member_count; i++) {
    if (kept > 1 && forum->members[i].person == forum->members[kept - 1].person) continue;
    forum->members[kept++] = forum->members[i];
  }
  forum->member_count = kept;
}

static void emit_members(med_network_stream *stream, med_dice *dice, forum_plan *forum) {
  for (uint32_t i = 1; i < forum->member_count; i++) {
    member_plan *member = &forum->members[i];
    int64_t from = med_network_joined_at(stream, member->person);
    if (from < forum->created_at) from = forum->created_at;
    member->joined_at = from + 1 + (int64_t)med_dice_skewed(dice, (uint64_t)(MED_NETWORK_END_MS - from - 1));
    med_network_triple(stream, MEDLEY_NETWORK_FORUM_MEMBER, forum->id, (uint64_t)member->person + 1, member->joined_at);
  }
}

/* ---- Messages ---- */

static void emit_message(med_network_stream *stream, med_dice *dice, const member_plan *author, const written *message,
                         const forum_plan *forum, uint64_t reply_to, uint64_t root, const char *text, size_t len) {
  char ip[MED_NETWORK_IP_SIZE], photo[48];
  int country = med_network_country_of(stream, author->person);
  bool is_photo = !text;
  if (med_dice_chance(dice, 100)) country = (int)med_dice_skewed(dice, (uint64_t)med_words_country_count);
  med_network_ip(dice, country, ip);
  snprintf(photo, sizeof photo, "photo%llu.jpg", (unsigned long long)message->id);

  med_network_begin(stream, MEDLEY_NETWORK_MESSAGE);
  med_network_integer(stream, (int64_t)message->id);
  med_network_integer(stream, (int64_t)author->person + 1);
  med_network_integer(stream, message->created_at);
  if (reply_to) {
    med_network_null(stream);
    med_network_integer(stream, (int64_t)reply_to);
  } else {
    med_network_integer(stream, (int64_t)forum->id);
    med_network_null(stream);
  }
  med_network_integer(stream, (int64_t)root);
  if (reply_to || is_photo)
    med_network_null(stream);
  else
    med_network_word(stream, med_words_countries[country].language);
  if (is_photo)
    med_network_word(stream, photo);
  else
    med_network_null(stream);
  if (is_photo)
    med_network_null(stream);
  else
    med_network_text(stream, text, len);
  med_network_integer(stream, (int64_t)len);
  med_network_word(stream, ip);
  med_network_word(stream, med_words_browsers[med_dice_skewed(dice, (uint64_t)med_words_browser_count)]);
  med_network_integer(stream, (int64_t)med_network_country_id(country));
  med_network_emit(stream);
}

/* A run of members from a random place in steps that never come back to it: distinct, and no set is needed. */
static void emit_likes(med_network_stream *stream, med_dice *dice, const forum_plan *forum, const written *message) {
  if (!med_dice_chance(dice, LIKED_PER_MILLE)) return;
  uint64_t wanted = med_dice_power_law(dice, 1, 100);
  uint32_t step = 1 + (uint32_t)med_dice_below(dice, 3);
  uint32_t at = (uint32_t)med_dice_below(dice, forum->member_count);
  for (uint64_t i = 0; i < wanted && at < forum->member_count; i++, at += step) {
    int64_t from = message->created_at;
    if (from < forum->members[at].joined_at) from = forum->members[at].joined_at;
    int64_t span = MED_NETWORK_END_MS - from;
    if (span > COMMENT_WITHIN_MS) span = COMMENT_WITHIN_MS;
    if (span <= 1) continue;
    med_network_triple(stream, MEDLEY_NETWORK_LIKES, (uint64_t)forum->members[at].person + 1, message->id,
                       from + 1 + (int64_t)med_dice_skewed(dice, (uint64_t)(span - 1)));
  }
}

static void emit_comment_tag(med_network_stream *stream, med_dice *dice, const forum_plan *forum, uint64_t message_id) {
  if (!med_dice_chance(dice, 500)) return;
  uint64_t tag = 1 + med_dice_skewed(dice, med_network_tag_count());
  if (forum->tag_count > 0 && med_dice_chance(dice, 500)) tag = forum->tags[0];
  med_network_pair(stream, MEDLEY_NETWORK_MESSAGE_TAG, message_id, tag);
}

static void emit_comments(med_network_stream *stream, med_dice *dice, const forum_plan *forum, written post) {
  static const char *const short_answers[] = {"yes",   "no",  "thanks", "great", "good", "I see",    "right",
                                              "maybe", "LOL", "cool",   "fine",  "ok",   "not sure", "no way!"};
  written thread[THREAD_SIZE_MAX];
  uint64_t wanted = med_dice_power_law(dice, 1, THREAD_SIZE_MAX - 1);
  thread[0] = post;
  for (uint64_t i = 1; i <= wanted; i++) {
    const member_plan *author = &forum->members[med_dice_below(dice, forum->member_count)];
    written parent = thread[med_dice_chance(dice, 500) ? 0 : med_dice_below(dice, i)];
    int64_t from = parent.created_at > author->joined_at ? parent.created_at : author->joined_at;
    int64_t span = MED_NETWORK_END_MS - from;
    if (span > COMMENT_WITHIN_MS) span = COMMENT_WITHIN_MS;
    thread[i].id = ++stream->message_count;
    thread[i].created_at = from + (int64_t)med_dice_skewed(dice, (uint64_t)span);
    char text[POST_SIZE_MAX], topic[64] = "";
    size_t len;
    if (med_dice_chance(dice, 500)) {
      len = (size_t)snprintf(text, sizeof text, "%s",
                             short_answers[med_dice_below(dice, sizeof short_answers / sizeof short_answers[0])]);
    } else {
      if (forum->tag_count > 0) med_network_tag_name(forum->tags[0], topic, sizeof topic);
      len = med_words_text(dice, topic[0] ? topic : "this", med_dice_power_law(dice, 40, 500), text, sizeof text);
    }
    emit_message(stream, dice, author, &thread[i], forum, parent.id, post.id, text, len);
    emit_comment_tag(stream, dice, forum, thread[i].id);
    emit_likes(stream, dice, forum, &thread[i]);
  }
}

static void emit_post(med_network_stream *stream, med_dice *dice, const forum_plan *forum) {
  char text[POST_SIZE_MAX], topic[64];
  bool is_photo = forum->kind == ALBUM;
  const member_plan *author = &forum->members[0];
  if (!is_photo && med_dice_chance(dice, 600)) author = &forum->members[med_dice_below(dice, forum->member_count)];
  written post = {.id = ++stream->message_count};
  post.created_at =
      author->joined_at + (int64_t)med_dice_below(dice, (uint64_t)(MED_NETWORK_END_MS - author->joined_at));
  uint64_t tag = forum->tag_count > 0 ? forum->tags[med_dice_below(dice, (uint64_t)forum->tag_count)]
                                      : 1 + med_dice_skewed(dice, med_network_tag_count());
  med_network_tag_name(tag, topic, sizeof topic);
  size_t len = is_photo ? 0 : med_words_text(dice, topic, med_dice_power_law(dice, 60, 1000), text, sizeof text);
  emit_message(stream, dice, author, &post, forum, 0, post.id, is_photo ? NULL : text, len);
  if (!is_photo) med_network_pair(stream, MEDLEY_NETWORK_MESSAGE_TAG, post.id, tag);
  emit_likes(stream, dice, forum, &post);
  if (!is_photo && med_dice_chance(dice, COMMENTED_PER_MILLE)) emit_comments(stream, dice, forum, post);
}

/* ---- Forums ---- */

static void emit_forum_row(med_network_stream *stream, med_dice *dice, const forum_plan *forum, int number) {
  char title[96], topic[64];
  unsigned long long owner = (unsigned long long)forum->members[0].person + 1;
  if (forum->kind == WALL) snprintf(title, sizeof title, "Wall of person %llu", owner);
  if (forum->kind == ALBUM) snprintf(title, sizeof title, "Album %d of person %llu", number, owner);
  if (forum->kind == GROUP) {
    med_network_tag_name(forum->tags[0], topic, sizeof topic);
    snprintf(title, sizeof title, "Group for %s in %s", topic,
             med_words_countries[med_dice_skewed(dice, (uint64_t)med_words_country_count)].name);
  }
  med_network_begin(stream, MEDLEY_NETWORK_FORUM);
  med_network_integer(stream, (int64_t)forum->id);
  med_network_word(stream, title);
  med_network_integer(stream, forum->created_at);
  med_network_integer(stream, (int64_t)owner);
  med_network_emit(stream);
}

static void choose_tags(med_dice *dice, forum_plan *forum) {
  uint64_t tag_count = med_network_tag_count();
  uint64_t tag = 1 + med_dice_skewed(dice, tag_count);
  int wanted = (int)med_dice_between(dice, 1, FORUM_TAG_COUNT_MAX);
  for (forum->tag_count = 0; forum->tag_count < wanted && tag <= tag_count; forum->tag_count++) {
    forum->tags[forum->tag_count] = tag;
    tag += 1 + med_dice_below(dice, 50);
  }
}

static void emit_forum(med_network_stream *stream, med_dice *dice, forum_plan *forum, forum_kind kind, int number) {
  int64_t owner_joined_at = med_network_joined_at(stream, forum->members[0].person);
  forum->kind = kind;
  forum->id = ++stream->forum_count;
  forum->created_at = owner_joined_at + 10000;
  if (kind != WALL) {
    forum->created_at += (int64_t)med_dice_below(dice, (uint64_t)(MED_NETWORK_END_MS - forum->created_at));
  }
  forum->members[0].joined_at = forum->created_at;
  forum->member_count = 1;
  choose_tags(dice, forum);
  emit_forum_row(stream, dice, forum, number);
  invite(stream, dice, forum);
  keep_distinct_members(forum);
  emit_members(stream, dice, forum);
  for (int i = 0; i < forum->tag_count; i++) {
    med_network_pair(stream, MEDLEY_NETWORK_FORUM_TAG, forum->id, forum->tags[i]);
  }
  uint64_t post_count = kind == WALL    ? med_dice_power_law(dice, 1, 60)
                        : kind == ALBUM ? (uint64_t)med_dice_between(dice, 2, 12)
                                        : med_dice_power_law(dice, 3, 150);
  for (uint64_t i = 0; i < post_count && stream->status == MEDLEY_OK; i++) emit_post(stream, dice, forum);
}

void med_network_emit_forums(med_network_stream *stream) {
  forum_plan *forum = malloc(sizeof *forum);
  if (!forum && stream->status == MEDLEY_OK) stream->status = MEDLEY_NO_MEMORY;
  for (uint32_t person = 0; person < stream->person_count && stream->status == MEDLEY_OK; person++) {
    med_dice dice;
    med_dice_init(&dice, stream->seed, MED_NETWORK_DICE_FORUM, person);
    forum->members[0].person = person;
    emit_forum(stream, &dice, forum, WALL, 0);
    int album_count = (int)med_dice_below(&dice, 5);
    for (int album = 0; album < album_count; album++) emit_forum(stream, &dice, forum, ALBUM, album);
    if (med_dice_chance(&dice, 600)) emit_forum(stream, &dice, forum, GROUP, 0);
  }
  free(forum);
}
