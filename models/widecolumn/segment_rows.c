/* segment_rows.c - a place among the sealed rows of a table, and the columns around it. */
#include "models/widecolumn/segment_rows.h"

#include "models/widecolumn/segment_lookup.h"
#include "storage/column_reader.h"

#define AHEAD_FIRST 32       /* rows of texts that are read at first where rows are sought in order, */
#define AHEAD_GROWTH 4       /* and how many times as many from then on */
#define SEARCHED_AT_ONCE 256 /* rows of one token whose keys are read together */

/* Values of one column around the place: rows [first, end) of a vector. */
typedef struct slot {
  uint64_t number;
  uint16_t id;
  med_wide_kind kind; /* of the table's column */
  bool there;         /* the table has the column still */
  bool wanted;        /* and rows are taken with it */
  med_column_type type;
  med_column_reader *reader;
  bool loaded;
  uint64_t vector;
  size_t first, end, ahead; /* ahead: rows of texts to be read at once */
  size_t at_once;           /* as many, the next time; 0: as it comes */
  med_vector_rows rows;
  union {
    int64_t *integers;
    double *reals;
    med_slice *texts;
  } values;
  med_arena copies; /* of texts, where it is written in the transaction */
} slot;

struct med_wide_segment_rows {
  med_txn *txn;
  uint32_t table_id;
  med_cursor *cursor;
  bool keeps; /* nobody writes in the transaction: what was read stays where it is */
  bool holds; /* no row is removed meanwhile */
  const bool *wanted;
  bool timeless; /* of rows with a marker the time is not read */
  bool entered;  /* `segment` is one */
  med_wide_segment segment;
  med_arena arena; /* its columns, the slots */
  slot *slots;     /* MED_WIDE_SEGMENT_FIXED, then its columns */
  size_t slot_count;
  bool knows_table; /* kinds of the slots are filled in */
  bool has_bits;    /* of rows that are gone: `bits` is of `chunk`, while nobody writes */
  uint32_t chunk;
  med_slice bits;
  uint64_t row;      /* the place in the segment */
  bool placed;       /* key and row are a live row's: what was answered last, */
  bool alone;        /* the row was found by its key: no neighbour is asked for */
  bool exhausted;    /* or the last answer was that there is none, */
  bool forward;      /* in this direction, */
  med_slice asked;   /* for this key */
  med_key key;       /* of the row */
  med_key asked_key; /* from here on nothing is zeroed */
  uint8_t held_bits[MED_WIDE_GONE_ROWS / 8];
};

static int damaged(const med_wide_segment_rows *rows, const char *what) {
  return med_error_set(med_txn_error(rows->txn), MEDLEY_CORRUPT, "wide-column: segment %llu: %s",
                       (unsigned long long)rows->segment.id, what);
}

int med_wide_segment_rows_open(med_txn *txn, uint32_t table_id, med_wide_segment_rows **opened) {
  med_wide_segment_rows *rows = med_alloc(sizeof *rows);
  *opened = NULL;
  if (rows == NULL) return med_error_no_memory(med_txn_error(txn));
  memset(rows, 0, offsetof(med_wide_segment_rows, asked_key));
  rows->txn = txn;
  rows->table_id = table_id;
  rows->keeps = !med_txn_writes(txn);
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &rows->cursor);
  if (rc != MEDLEY_OK) {
    med_free(rows);
    return rc;
  }
  *opened = rows;
  return MEDLEY_OK;
}

void med_wide_segment_rows_hold(med_wide_segment_rows *rows) { rows->holds = true; }

void med_wide_segment_rows_columns(med_wide_segment_rows *rows, const bool *wanted, bool times) {
  rows->wanted = wanted;
  rows->timeless = !times;
}

/* ---- Segments ---- */
static void leave(med_wide_segment_rows *rows) {
  for (size_t i = 0; rows->entered && i < rows->slot_count; i++) {
    med_column_reader_close(rows->slots[i].reader);
    med_free(rows->slots[i].values.integers);
    med_arena_clear(&rows->slots[i].copies);
  }
  med_arena_reset(&rows->arena);
  rows->slots = NULL;
  rows->slot_count = 0;
  rows->entered = rows->placed = rows->knows_table = rows->has_bits = false;
}

void med_wide_segment_rows_close(med_wide_segment_rows *rows) {
  if (rows == NULL) return;
  leave(rows);
  med_cursor_close(rows->cursor);
  med_arena_clear(&rows->arena);
  med_free(rows);
}

/* Whoever looks a key up in vain needs none. */
static int make_slots(med_wide_segment_rows *rows) {
  const med_wide_segment *segment = &rows->segment;
  if (rows->slots != NULL) return MEDLEY_OK;
  size_t count = MED_WIDE_SEGMENT_FIXED + segment->column_count;
  rows->slots = med_arena_alloc(&rows->arena, count * sizeof *rows->slots);
  if (rows->slots == NULL) return med_error_no_memory(med_txn_error(rows->txn));
  rows->slot_count = count;
  memset(rows->slots, 0, rows->slot_count * sizeof *rows->slots);
  for (size_t i = 0; i < rows->slot_count; i++) {
    slot *of = &rows->slots[i];
    of->number = i;
    of->type = i == MED_WIDE_SEGMENT_RESTS ? MED_COLUMN_TEXTS : MED_COLUMN_INTEGERS;
    if (i < MED_WIDE_SEGMENT_FIXED) continue;
    of->id = segment->columns[i - MED_WIDE_SEGMENT_FIXED].id;
    of->type = segment->columns[i - MED_WIDE_SEGMENT_FIXED].type;
    of->number = (uint64_t)MED_WIDE_SEGMENT_COLUMN + of->id;
  }
  return MEDLEY_OK;
}

enum { AT, BEFORE, BEHIND };

/* The segment at, before or behind a key; there is no place in it yet. The one at a key may be the present one, which then stays as it is; those
 * beside it are others, whatever number they say. NOT_FOUND leaves the present one. */
static int enter(med_wide_segment_rows *rows, int where, med_slice key) {
  med_wide_segment found;
  med_arena arena = {0};
  int rc = where == AT       ? med_wide_segment_at(rows->txn, rows->cursor, key, &arena, &found)
           : where == BEFORE ? med_wide_segment_before(rows->txn, rows->cursor, key, &arena, &found)
                             : med_wide_segment_behind(rows->txn, rows->cursor, key, &arena, &found);
  if (rc == MEDLEY_OK && where == AT && rows->entered && rows->segment.id == found.id &&
      med_slice_equal(med_key_slice(&rows->segment.first), med_key_slice(&found.first))) {
    med_arena_clear(&arena);
    return MEDLEY_OK;
  }
  if (rc == MEDLEY_OK) {
    leave(rows);
    found.columns = med_arena_copy(&rows->arena, found.columns, (found.column_count + 1) * sizeof *found.columns);
    rows->segment = found;
    rows->entered = found.columns != NULL;
    if (!rows->entered) rc = med_error_no_memory(med_txn_error(rows->txn));
  }
  med_arena_clear(&arena);
  return rc;
}

/* ---- Values ---- */
static int open_slot(med_wide_segment_rows *rows, slot *of) {
  med_page_run run;
  size_t size = of->type == MED_COLUMN_TEXTS ? sizeof(med_slice) : sizeof(int64_t);
  if (of->values.integers == NULL) of->values.integers = med_alloc(MED_VECTOR_ROWS * size);
  if (of->values.integers == NULL) return med_error_no_memory(med_txn_error(rows->txn));
  med_wide_segment_run(&rows->segment, of->number, &run);
  int rc = med_column_reader_open(rows->txn, &run, of->type, &of->reader);
  if (rc == MEDLEY_OK) med_column_reader_use(of->reader, rows->cursor);
  return rc;
}

/* A row alone, or, where rows are sought in order, more and more of its neighbours. */
static void choose_range(slot *of, uint64_t vector, size_t at, bool alone) {
  bool behind = of->loaded && ((of->vector == vector && of->end == at) ||
                               (of->vector + 1 == vector && at == 0 && of->end == MED_VECTOR_ROWS));
  bool before = of->loaded && ((of->vector == vector && of->first == at + 1) ||
                               (of->vector == vector + 1 && at == MED_VECTOR_ROWS - 1 && of->first == 0));
  of->ahead = behind || before ? of->ahead * AHEAD_GROWTH : alone ? 1 : AHEAD_FIRST;
  if (of->at_once > 0) {
    of->ahead = of->at_once;
    before = false;
  }
  of->at_once = 0;
  if (of->ahead > MED_VECTOR_ROWS) of->ahead = MED_VECTOR_ROWS;
  of->first = before && at + 1 > of->ahead ? at + 1 - of->ahead : before ? 0 : at;
  of->end = before ? at + 1 : at + of->ahead;
  if (of->end > MED_VECTOR_ROWS) of->end = MED_VECTOR_ROWS;
}

static int copy_texts(med_wide_segment_rows *rows, slot *of) {
  bool ok = true;
  med_arena_reset(&of->copies);
  for (size_t i = of->first; ok && i < of->end; i++) {
    if (med_rows_has(of->rows.present, i)) of->values.texts[i] = med_wide_copy(&of->copies, of->values.texts[i], &ok);
  }
  return ok ? MEDLEY_OK : med_error_no_memory(med_txn_error(rows->txn));
}

static int load(med_wide_segment_rows *rows, slot *of, uint64_t row) {
  uint64_t vector = row / MED_VECTOR_ROWS;
  size_t at = (size_t)(row % MED_VECTOR_ROWS);
  if (of->loaded && of->vector == vector && at >= of->first && at < of->end) return MEDLEY_OK;
  int rc = of->reader != NULL ? MEDLEY_OK : open_slot(rows, of);
  if (rc != MEDLEY_OK) return rc;
  choose_range(of, vector, at, rows->alone);
  of->loaded = false;
  of->vector = vector;
  if (of->type == MED_COLUMN_TEXTS)
    rc = med_column_reader_text_range(of->reader, vector, of->first, of->end, &of->rows, of->values.texts);
  else if (of->type == MED_COLUMN_REALS)
    rc = med_column_reader_reals(of->reader, vector, &of->rows, of->values.reals);
  else if (of->number == MED_WIDE_SEGMENT_TOKENS) /* which are searched */
    rc = med_column_reader_integers(of->reader, vector, &of->rows, of->values.integers);
  else
    rc = med_column_reader_integer_range(of->reader, vector, of->first, of->end, &of->rows, of->values.integers);
  if (rc == MEDLEY_OK && (of->type != MED_COLUMN_TEXTS || rows->keeps)) { /* texts beside them cost a copy otherwise */
    of->first = of->rows.first;
    of->end = of->rows.end;
  }
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && at >= of->rows.rows))
    return damaged(rows, "a column has fewer rows than there are");
  if (rc == MEDLEY_OK && of->end > of->rows.rows) of->end = of->rows.rows; /* a row behind them is missing */
  if (rc == MEDLEY_OK && of->type == MED_COLUMN_TEXTS && !rows->keeps) rc = copy_texts(rows, of);
  of->loaded = rc == MEDLEY_OK;
  return rc;
}

/* A column in which every row has a value. */
static int load_full(med_wide_segment_rows *rows, size_t number, uint64_t row, slot **of) {
  *of = &rows->slots[number];
  int rc = load(rows, *of, row);
  if (rc == MEDLEY_OK && !med_rows_has((*of)->rows.present, (size_t)(row % MED_VECTOR_ROWS)))
    return damaged(rows, "a row has no key or time");
  return rc;
}

static int get_token(med_wide_segment_rows *rows, uint64_t row, int64_t *token) {
  slot *of;
  int rc = load_full(rows, MED_WIDE_SEGMENT_TOKENS, row, &of);
  if (rc == MEDLEY_OK) *token = of->values.integers[row % MED_VECTOR_ROWS];
  return rc;
}

static int get_rest(med_wide_segment_rows *rows, uint64_t row, med_slice *rest) {
  slot *of;
  int rc = load_full(rows, MED_WIDE_SEGMENT_RESTS, row, &of);
  if (rc == MEDLEY_OK) *rest = of->values.texts[row % MED_VECTOR_ROWS];
  return rc;
}

static int read_key(med_wide_segment_rows *rows, uint64_t row, med_key *key) {
  int64_t token;
  med_slice rest;
  int rc = get_token(rows, row, &token);
  if (rc == MEDLEY_OK) rc = get_rest(rows, row, &rest);
  if (rc != MEDLEY_OK) return rc;
  med_wide_token_prefix(rows->table_id, token, key);
  if (rest.len == 0 || rest.len >= MED_KEY_SIZE_MAX - (size_t)key->len) return damaged(rows, "a key that is none");
  memcpy(key->bytes + key->len, rest.bytes, rest.len);
  key->len = (uint16_t)(key->len + rest.len);
  return MEDLEY_OK;
}

/* ---- Finding ---- */
/* The first row whose token is at least, or above, a token: first among the bounds of vectors, then in one. */
static int token_bound(med_wide_segment_rows *rows, int64_t token, bool above, uint64_t *row) {
  slot *of = &rows->slots[MED_WIDE_SEGMENT_TOKENS];
  const med_column_group *group;
  int rc = of->reader != NULL ? MEDLEY_OK : open_slot(rows, of);
  if (rc == MEDLEY_OK) rc = med_column_reader_group(of->reader, 0, &group);
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && group->rows != rows->segment.rows))
    return damaged(rows, "a column has another number of rows than there are");
  if (rc != MEDLEY_OK) return rc;
  uint64_t vector = 0, low = 0, high = rows->segment.rows;
  while (vector < group->vectors &&
         (above ? group->zones[vector].max.integer <= token : group->zones[vector].max.integer < token))
    vector++;
  if (vector < group->vectors) {
    low = vector * MED_VECTOR_ROWS;
    high = low + med_column_group_vector_rows(group, (size_t)vector);
  } else {
    low = high;
  }
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    int64_t there;
    rc = get_token(rows, middle, &there);
    if (rc != MEDLEY_OK) return rc;
    if (above ? there <= token : there < token)
      low = middle + 1;
    else
      high = middle;
  }
  *row = low;
  return MEDLEY_OK;
}

/* The place may be among the keys that were read last, behind the first of them: then nothing has to be read. */
static int search_near(med_wide_segment_rows *rows, med_slice wanted, uint64_t *low, uint64_t *high) {
  const slot *of = &rows->slots[MED_WIDE_SEGMENT_RESTS];
  uint64_t vector = of->vector * MED_VECTOR_ROWS, first = vector + of->first;
  uint64_t end = vector + of->end;
  med_slice rest;
  if (!of->loaded) return MEDLEY_OK;
  if (first < *low) first = *low;
  if (end > *high) end = *high;
  if (end < first + 2) return MEDLEY_OK;
  int rc = get_rest(rows, first, &rest);
  if (rc != MEDLEY_OK || med_slice_compare(rest, wanted) >= 0) return rc;
  rc = get_rest(rows, end - 1, &rest);
  if (rc != MEDLEY_OK || med_slice_compare(rest, wanted) < 0) return rc;
  *low = first + 1;
  *high = end - 1;
  return MEDLEY_OK;
}

/* Rows of one token by their keys: probes from afar, then all that are left at once. */
static int search_rests(med_wide_segment_rows *rows, med_slice wanted, uint64_t *low, uint64_t high) {
  slot *of = &rows->slots[MED_WIDE_SEGMENT_RESTS];
  int rc = search_near(rows, wanted, low, &high);
  bool together = false;
  while (rc == MEDLEY_OK && *low < high) {
    uint64_t middle = *low + (high - *low) / 2;
    med_slice rest;
    if (!together) {
      together = high - *low <= SEARCHED_AT_ONCE;
      of->at_once = together ? (size_t)(high - *low) : 1;
      rc = load(rows, of, together ? *low : middle);
      of->at_once = 0;
    }
    if (rc == MEDLEY_OK) rc = get_rest(rows, middle, &rest);
    if (rc != MEDLEY_OK) break;
    if (med_slice_compare(rest, wanted) < 0)
      *low = middle + 1;
    else
      high = middle;
  }
  return rc;
}

/* The number of the segment's rows before a key of its table. */
static int lower_bound(med_wide_segment_rows *rows, med_slice key, uint64_t *row) {
  uint8_t token_bytes[8] = {0};
  size_t len = key.len - MED_WIDE_TAIL_OFFSET;
  const uint8_t *tail = (const uint8_t *)key.bytes + MED_WIDE_TAIL_OFFSET;
  if (len > 0) memcpy(token_bytes, tail, len < 8 ? len : 8);
  int64_t token = (int64_t)(med_get_u64(token_bytes) ^ UINT64_C(1) << 63);
  uint64_t low, high;
  int rc = make_slots(rows);
  if (rc == MEDLEY_OK) rc = token_bound(rows, token, false, &low);
  if (rc == MEDLEY_OK && len > 8) rc = token_bound(rows, token, true, &high);
  med_slice wanted = med_slice_of(tail + 8, len > 8 ? len - 8 : 0);
  if (rc == MEDLEY_OK && len > 8) rc = search_rests(rows, wanted, &low, high);
  *row = low;
  return rc;
}

/* Where a key is: before the table's rows, among them, behind them. */
static int side_of(const med_wide_segment_rows *rows, med_slice key) {
  med_key prefix;
  med_wide_table_prefix(rows->table_id, &prefix);
  if (med_slice_starts_with(key, med_key_slice(&prefix))) return 0;
  return med_slice_compare(key, med_key_slice(&prefix)) < 0 ? -1 : 1;
}

static int is_gone(med_wide_segment_rows *rows, uint64_t row, bool *gone) {
  uint32_t chunk = (uint32_t)(row / MED_WIDE_GONE_ROWS);
  size_t bit = (size_t)(row % MED_WIDE_GONE_ROWS);
  if (!rows->has_bits || rows->chunk != chunk) {
    int rc = med_wide_segment_gone_chunk(rows->txn, &rows->segment, chunk, &rows->bits);
    if (rc != MEDLEY_OK) return rc;
    rows->has_bits = rows->keeps || rows->holds;
    rows->chunk = chunk;
    if (rows->holds && rows->bits.len > 0) {
      memcpy(rows->held_bits, rows->bits.bytes, sizeof rows->held_bits);
      rows->bits = med_slice_of(rows->held_bits, sizeof rows->held_bits);
    }
  }
  *gone = rows->bits.len > 0 && (((const uint8_t *)rows->bits.bytes)[bit / 8] >> bit % 8 & 1) != 0;
  return MEDLEY_OK;
}

/* The place becomes the row, or the next one in a direction that is not gone; NOT_FOUND if the segment has none. */
static int settle(med_wide_segment_rows *rows, uint64_t row, bool forward) {
  bool gone = true;
  rows->placed = false;
  int rc = make_slots(rows);
  if (rc != MEDLEY_OK) return rc;
  for (;; row += forward ? 1 : UINT64_MAX) {
    if (row >= rows->segment.rows) return MEDLEY_NOT_FOUND; /* also below 0 */
    rc = is_gone(rows, row, &gone);
    if (rc != MEDLEY_OK) return rc;
    if (!gone) break;
  }
  rc = read_key(rows, row, &rows->key);
  rows->row = row;
  rows->placed = rc == MEDLEY_OK;
  return rc;
}

/* What a walk asks for: the row beside the present one, or, when the other tier had the next one, the present one again. */
static int seek_near(med_wide_segment_rows *rows, med_slice key, bool forward, bool *answered) {
  *answered = false;
  if (!rows->placed || rows->forward != forward) return MEDLEY_OK;
  int order = med_slice_compare(med_key_slice(&rows->key), key), asked = med_slice_compare(rows->asked, key);
  bool again = forward ? order >= 0 : order < 0;
  uint64_t row = again ? rows->row : forward ? rows->row + 1 : rows->row - 1;
  if (again && (forward ? asked > 0 : asked < 0)) return MEDLEY_OK; /* there may be one between */
  if (row >= rows->segment.rows) return MEDLEY_OK;
  int rc = settle(rows, row, forward);
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  order = med_slice_compare(med_key_slice(&rows->key), key);
  *answered = forward ? order >= 0 : order < 0;
  return MEDLEY_OK;
}

/* From the present segment's beginning or end on, and through the ones beside it. */
static int seek_through(med_wide_segment_rows *rows, uint64_t row, bool forward) {
  int rc;
  while ((rc = settle(rows, row, forward)) == MEDLEY_NOT_FOUND) {
    med_key place = rows->segment.first;
    if (forward) {
      rc = enter(rows, BEHIND, med_key_slice(&place));
      row = 0;
    } else {
      rc = enter(rows, BEFORE, med_key_slice(&place));
      row = rows->segment.rows - 1;
    }
    if (rc != MEDLEY_OK) return rc;
  }
  return rc;
}

static int seek(med_wide_segment_rows *rows, med_slice key, bool forward) {
  bool answered;
  uint64_t row = 0;
  int side = side_of(rows, key);
  med_key place;
  med_wide_table_prefix(rows->table_id, &place);
  if (side != 0 && (side > 0) == forward) return MEDLEY_NOT_FOUND;
  if (side == 0) {
    int rc = seek_near(rows, key, forward, &answered);
    if (rc != MEDLEY_OK || answered) return rc;
  }
  if (side > 0) { /* backwards from the table's end: behind every token */
    memset(place.bytes + place.len, 0xFF, MED_KEY_SIZE_MAX - (size_t)place.len);
    place.len = MED_KEY_SIZE_MAX;
    key = med_key_slice(&place);
  } else if (side < 0) {
    key = med_key_slice(&place);
  }
  int rc = enter(rows, AT, key);
  if (rc == MEDLEY_NOT_FOUND && forward) {
    rc = enter(rows, BEHIND, key);
    return rc == MEDLEY_OK ? seek_through(rows, 0, true) : rc;
  }
  if (rc == MEDLEY_OK) rc = lower_bound(rows, key, &row);
  if (rc == MEDLEY_OK) rc = seek_through(rows, forward ? row : row - 1, forward);
  if (rc != MEDLEY_OK) return rc;
  /* A walk asks for what is beyond its last answer: it comes to an end as long as no answer lies before what was asked for. */
  int order = med_slice_compare(med_key_slice(&rows->key), key);
  return (forward ? order >= 0 : order < 0) ? MEDLEY_OK : damaged(rows, "its rows are not in order");
}

static int answer(med_wide_segment_rows *rows, med_slice key, bool forward, med_slice *found) {
  if (rows->exhausted &&
      rows->forward == forward) { /* what lies farther on is none, either: no row is added meanwhile */
    int order = med_slice_compare(rows->asked, key);
    if (forward ? order <= 0 : order >= 0) return MEDLEY_NOT_FOUND;
  }
  rows->alone = false;
  int rc = seek(rows, key, forward);
  *found = med_key_slice(&rows->key);
  rows->placed = rc == MEDLEY_OK && key.len <= MED_KEY_SIZE_MAX;
  rows->exhausted = rc == MEDLEY_NOT_FOUND && key.len <= MED_KEY_SIZE_MAX;
  if (!rows->placed && !rows->exhausted) return rc;
  rows->forward = forward;
  memcpy(rows->asked_key.bytes, key.bytes, key.len);
  rows->asked = med_slice_of(rows->asked_key.bytes, key.len);
  return rc;
}

int med_wide_segment_rows_seek(med_wide_segment_rows *rows, med_slice key, med_slice *found) {
  return answer(rows, key, true, found);
}

int med_wide_segment_rows_seek_before(med_wide_segment_rows *rows, med_slice key, med_slice *found) {
  return answer(rows, key, false, found);
}

/* The row of the present segment with that rest. */
static int find_rest(med_wide_segment_rows *rows, med_slice rest, const med_wide_segment_place *place, uint64_t *row) {
  med_slice there;
  uint64_t low = place->low;
  int rc = search_rests(rows, rest, &low, place->high);
  if (rc != MEDLEY_OK || low == place->high) return rc == MEDLEY_OK ? MEDLEY_NOT_FOUND : rc;
  *row = low;
  rc = get_rest(rows, low, &there);
  return rc == MEDLEY_OK && !med_slice_equal(there, rest) ? MEDLEY_NOT_FOUND : rc;
}

int med_wide_segment_rows_find(med_wide_segment_rows *rows, const med_wide_table *table, med_slice key) {
  med_wide_segment_place place;
  bool gone;
  rows->alone = true;
  rows->placed = rows->exhausted = false;
  int rc = enter(rows, AT, key);
  if (rc != MEDLEY_OK) return rc;
  if (med_slice_compare(key, med_key_slice(&rows->segment.last)) > 0) return MEDLEY_NOT_FOUND;
  rc = med_wide_segment_lookup(rows->txn, rows->cursor, &rows->segment, table, key, &place);
  if (rc != MEDLEY_OK || place.low == place.high) return rc == MEDLEY_OK ? MEDLEY_NOT_FOUND : rc;
  rows->row = place.low;
  rc = make_slots(rows);
  if (rc == MEDLEY_OK && !place.is_row) {
    const uint8_t *rest = (const uint8_t *)key.bytes + MED_WIDE_TAIL_OFFSET + 8;
    rc = find_rest(rows, med_slice_of(rest, key.len - MED_WIDE_TAIL_OFFSET - 8), &place, &rows->row);
  }
  if (rc == MEDLEY_OK) rc = is_gone(rows, rows->row, &gone);
  return rc == MEDLEY_OK && gone ? MEDLEY_NOT_FOUND : rc;
}

/* ---- A row ---- */
static void learn_table(med_wide_segment_rows *rows, const med_wide_table *table) {
  for (size_t i = MED_WIDE_SEGMENT_FIXED; i < rows->slot_count; i++) {
    slot *of = &rows->slots[i];
    const med_wide_column *column = med_wide_table_column_by_id(table, of->id);
    of->there = column != NULL && column->role == MED_WIDE_REGULAR;
    if (!of->there) continue;
    of->wanted = rows->wanted == NULL || rows->wanted[column - table->columns];
    of->kind = column->type.kind;
  }
  rows->knows_table = true;
}

static int take_value(med_wide_segment_rows *rows, const slot *of, size_t at, med_arena *arena, med_slice *value) {
  uint8_t bytes[8];
  bool ok = true;
  if (med_wide_segment_type(of->kind) != of->type) return damaged(rows, "a column of another type");
  med_slice found = of->type == MED_COLUMN_TEXTS ? of->values.texts[at]
                    : of->type == MED_COLUMN_REALS
                        ? med_wide_segment_of_real(of->kind, of->values.reals[at], bytes)
                        : med_wide_segment_of_integer(of->kind, of->values.integers[at], bytes);
  *value = med_wide_copy(arena, found, &ok);
  return ok ? MEDLEY_OK : med_error_no_memory(med_txn_error(rows->txn));
}

/* What marker and cells have in common, as a cell without a value. */
static int take_expiry(med_wide_segment_rows *rows, med_wide_cell *common) {
  int64_t found[2] = {0}; /* expiry, time to live */
  size_t at = (size_t)(rows->row % MED_VECTOR_ROWS);
  for (size_t i = 0; rows->segment.first_expiry_s > 0 && i < 2; i++) {
    slot *of = &rows->slots[MED_WIDE_SEGMENT_EXPIRIES + i];
    int rc = load(rows, of, rows->row);
    if (rc != MEDLEY_OK || (i == 0 && !med_rows_has(of->rows.present, at))) return rc;
    found[i] = of->values.integers[at];
    if (found[i] <= 0 || found[i] > UINT32_MAX) return damaged(rows, "a row has no time to live");
  }
  common->expiry_s = (uint32_t)found[0];
  common->ttl_s = (uint32_t)found[1];
  return MEDLEY_OK;
}

static int take_cells(med_wide_segment_rows *rows, med_arena *arena, const med_wide_cell *common, med_wide_row *row) {
  size_t at = (size_t)(rows->row % MED_VECTOR_ROWS);
  row->capacity = rows->segment.column_count;
  row->cells = med_arena_alloc(arena, (row->capacity + 1) * sizeof *row->cells);
  if (row->cells == NULL) return med_error_no_memory(med_txn_error(rows->txn));
  for (size_t i = MED_WIDE_SEGMENT_FIXED; i < rows->slot_count; i++) {
    slot *of = &rows->slots[i];
    if (!of->there || (row->marker.present && !of->wanted)) continue; /* without a marker a row lives by any cell */
    int rc = load(rows, of, rows->row);
    if (rc != MEDLEY_OK) return rc;
    if (!med_rows_has(of->rows.present, at)) continue;
    med_wide_cell *cell = &row->cells[row->count++];
    *cell = *common;
    cell->column_id = of->id;
    rc = take_value(rows, of, at, arena, &cell->value);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

int med_wide_segment_rows_take(med_wide_segment_rows *rows, const med_wide_table *table, med_arena *arena,
                               med_wide_row *row) {
  slot *times, *markers;
  size_t at = (size_t)(rows->row % MED_VECTOR_ROWS);
  med_wide_row_init(row);
  if (!rows->knows_table) learn_table(rows, table);
  med_wide_cell common = {0};
  int rc = load_full(rows, MED_WIDE_SEGMENT_MARKERS, rows->row, &markers);
  bool marked = rc == MEDLEY_OK && markers->values.integers[at] != 0, timed = !marked || !rows->timeless;
  if (rc == MEDLEY_OK && timed) rc = load_full(rows, MED_WIDE_SEGMENT_TIMES, rows->row, &times);
  if (rc == MEDLEY_OK && timed) common.timestamp_us = times->values.integers[at];
  if (rc == MEDLEY_OK) rc = take_expiry(rows, &common);
  if (rc != MEDLEY_OK) return rc;
  if (marked) row->marker = (med_wide_marker){true, common.timestamp_us, common.ttl_s, common.expiry_s};
  return take_cells(rows, arena, &common, row);
}

int med_wide_segment_rows_remove(med_wide_segment_rows *rows) {
  return med_wide_segment_remove(rows->txn, &rows->segment, rows->row);
}
