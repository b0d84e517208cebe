/* history_check.c - see history_check.h.
 *
 * Order of work: each key's order of values from its longest read; who wrote each value; checks of single reads; edges
 * (write-write, write-read, read-write); then cycles, by growing sets of edges, with Tarjan's algorithm made iterative. The
 * order of time is a chain of extra nodes, one for each end of a transaction: T -> its node -> ... -> whoever begins later. */
#include "tests/fault/history_check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 3 };
#define NONE UINT32_MAX

typedef enum edge_kind { EDGE_WW = 1, EDGE_WR = 2, EDGE_RW = 4, EDGE_TIME = 8 } edge_kind;
typedef struct edge {
  uint32_t from, to, kind;
} edge;

typedef struct written {
  uint32_t value, txn;
  bool last_of_txn; /* of its transaction's writes to the key */
} written;

typedef struct checker {
  const history_txn *txns;
  uint32_t txn_count, key_count, node_count;
  const history_op **longest; /* by key */
  uint32_t *first_written;    /* by key: where its writes begin in `writes`, sorted by value */
  written *writes;
  uint32_t write_count;
  bool *seen; /* by transaction: a value of it was read by a committed one */
  edge *edges;
  uint32_t edge_count, edge_capacity;
  uint32_t *first_edge; /* by node: into edges sorted by `from` */
  uint32_t *component;  /* by node */
  history_report *report;
  FILE *out;
} checker;

static const char *const names[ANOMALY_COUNT] = {"G0",          "G1a",       "G1b",        "G1c",      "G-single", "G2",
                                                 "lost update", "real time", "lost write", "internal", "order"};
const char *history_anomaly_name(history_anomaly anomaly) { return names[anomaly]; }

static void *zeroed(size_t count, size_t size) {
  void *memory = calloc(count > 0 ? count : 1, size);
  if (memory == NULL) {
    fprintf(stderr, "history: out of memory\n");
    exit(3);
  }
  return memory;
}

static void describe(const checker *c, uint32_t t) {
  static const char *const kinds[] = {"appends to", "reads", "asks for"};
  static const char *const statuses[] = {"unknown", "ok", "failed"};
  const history_txn *txn = &c->txns[t];
  fprintf(c->out, "  transaction %u (%s, from %llu to %llu):", t, statuses[txn->status],
          (unsigned long long)txn->begin_ns, (unsigned long long)txn->end_ns);
  for (uint32_t i = 0; i < txn->op_count; i++) {
    const history_op *op = &txn->ops[i];
    fprintf(c->out, " %s %u", kinds[op->kind], op->key);
    if (op->kind == HISTORY_APPEND) fprintf(c->out, " value %u", op->value);
    if (op->kind == HISTORY_READ) fprintf(c->out, " with %u values", op->list_len);
    if (op->kind == HISTORY_READ && op->list_len > 0) fprintf(c->out, " up to %u", op->list[op->list_len - 1]);
    if (i + 1 < txn->op_count) fputc(',', c->out);
  }
  fputc('\n', c->out);
}

static void found(checker *c, history_anomaly anomaly, uint32_t txn, uint32_t other, uint32_t key, const char *what) {
  uint64_t number = ++c->report->counts[anomaly];
  if (c->out == NULL || number > SHOWN_MAX) return;
  fprintf(c->out, "ANOMALY %s: transaction %u", names[anomaly], txn);
  if (other != NONE) fprintf(c->out, " and %u", other);
  if (key != NONE) fprintf(c->out, ", key %u", key);
  fprintf(c->out, ": %s\n", what);
  if (txn != NONE) describe(c, txn);
  if (other != NONE) describe(c, other);
}

static bool committed(const checker *c, uint32_t txn) {
  return c->txns[txn].status == HISTORY_OK || (c->txns[txn].status == HISTORY_UNKNOWN && c->seen[txn]);
}

/* ---- Who wrote what ---- */
static int by_value(const void *a, const void *b) {
  uint32_t left = ((const written *)a)->value, right = ((const written *)b)->value;
  return left < right ? -1 : left > right;
}

static void collect_writes(checker *c) {
  c->first_written = zeroed(c->key_count + 2, sizeof *c->first_written);
  for (uint32_t t = 0; t < c->txn_count; t++)
    for (uint32_t i = 0; i < c->txns[t].op_count; i++)
      if (c->txns[t].ops[i].kind == HISTORY_APPEND) c->first_written[c->txns[t].ops[i].key + 1]++;
  for (uint32_t k = 0; k < c->key_count; k++) c->first_written[k + 1] += c->first_written[k];
  c->write_count = c->first_written[c->key_count];
  c->writes = zeroed(c->write_count, sizeof *c->writes);
  uint32_t *at = zeroed(c->key_count, sizeof *at);
  for (uint32_t t = 0; t < c->txn_count; t++) {
    for (uint32_t i = 0; i < c->txns[t].op_count; i++) {
      const history_op *op = &c->txns[t].ops[i];
      if (op->kind != HISTORY_APPEND) continue;
      written *w = &c->writes[c->first_written[op->key] + at[op->key]++];
      *w = (written){op->value, t, true};
      for (uint32_t j = i + 1; j < c->txns[t].op_count; j++)
        if (c->txns[t].ops[j].kind == HISTORY_APPEND && c->txns[t].ops[j].key == op->key) w->last_of_txn = false;
    }
  }
  for (uint32_t k = 0; k < c->key_count; k++)
    qsort(c->writes + c->first_written[k], at[k], sizeof *c->writes, by_value);
  free(at);
}

static const written *find_write(const checker *c, uint32_t key, uint32_t value) {
  written wanted = {.value = value};
  uint32_t count = c->first_written[key + 1] - c->first_written[key];
  return bsearch(&wanted, c->writes + c->first_written[key], count, sizeof wanted, by_value);
}

/* ---- Orders ---- */
static void find_longest(checker *c) {
  c->longest = zeroed(c->key_count, sizeof *c->longest);
  for (uint32_t t = 0; t < c->txn_count; t++) {
    if (c->txns[t].status != HISTORY_OK) continue;
    for (uint32_t i = 0; i < c->txns[t].op_count; i++) {
      const history_op *op = &c->txns[t].ops[i];
      if (op->kind != HISTORY_READ) continue;
      const history_op **longest = &c->longest[op->key];
      if (*longest == NULL || op->list_len > (*longest)->list_len) *longest = op;
    }
  }
}

static int by_number(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return left < right ? -1 : left > right;
}

/* The longest list itself: each value once, from somewhere; and every acknowledged write is in it. */
static void check_order(checker *c, uint32_t key) {
  const history_op *order = c->longest[key];
  uint32_t len = order != NULL ? order->list_len : 0;
  uint32_t *sorted = zeroed(len, sizeof *sorted);
  if (len > 0) memcpy(sorted, order->list, len * sizeof *sorted);
  qsort(sorted, len, sizeof *sorted, by_number);
  for (uint32_t i = 0; i < len; i++) {
    if (i > 0 && sorted[i] == sorted[i - 1]) found(c, ANOMALY_ORDER, NONE, NONE, key, "a value is there twice");
    const written *w = find_write(c, key, sorted[i]);
    if (w == NULL)
      found(c, ANOMALY_ORDER, NONE, NONE, key, "a value that nobody wrote");
    else
      c->seen[w->txn] = true;
  }
  for (uint32_t i = c->first_written[key]; i < c->first_written[key + 1]; i++) {
    const written *w = &c->writes[i];
    if (c->txns[w->txn].status != HISTORY_OK) continue;
    if (bsearch(&w->value, sorted, len, sizeof *sorted, by_number) == NULL)
      found(c, ANOMALY_LOST_WRITE, w->txn, NONE, key, "acknowledged, and not there");
  }
  free(sorted);
}

/* ---- Single transactions ---- */
/* A read against what the transaction itself did to the key before. Answers whether it looked at others' writes alone. */
static bool check_internal(checker *c, uint32_t t, uint32_t index) {
  const history_txn *txn = &c->txns[t];
  const history_op *read = &txn->ops[index];
  uint32_t own = 0;
  for (uint32_t i = index; i-- > 0;) {
    const history_op *op = &txn->ops[i];
    if (op->key != read->key) continue;
    if (op->kind == HISTORY_APPEND) {
      own++;
      if (own > read->list_len || read->list[read->list_len - own] != op->value) {
        found(c, ANOMALY_INTERNAL, t, NONE, read->key, "does not see its own write");
        return false;
      }
    } else if (op->kind == HISTORY_READ) {
      if (op->list_len + own != read->list_len ||
          (op->list_len > 0 && memcmp(op->list, read->list, op->list_len * sizeof *op->list) != 0))
        found(c, ANOMALY_INTERNAL, t, NONE, read->key, "two reads of one snapshot differ");
      return false;
    }
  }
  return own == 0;
}

static void check_read(checker *c, uint32_t t, uint32_t index) {
  const history_op *read = &c->txns[t].ops[index];
  const history_op *order = c->longest[read->key];
  if (read->list_len > 0 && memcmp(read->list, order->list, read->list_len * sizeof *read->list) != 0)
    found(c, ANOMALY_ORDER, t, NONE, read->key, "is no prefix of the longest read");
  bool external = check_internal(c, t, index);
  for (uint32_t i = 0; i < read->list_len; i++) {
    const written *w = find_write(c, read->key, read->list[i]);
    if (w != NULL && w->txn != t && c->txns[w->txn].status == HISTORY_FAILED)
      found(c, ANOMALY_G1A, t, w->txn, read->key, "reads what was rolled back");
  }
  if (!external || read->list_len == 0) return;
  const written *last = find_write(c, read->key, read->list[read->list_len - 1]);
  if (last != NULL && last->txn != t && !last->last_of_txn)
    found(c, ANOMALY_G1B, t, last->txn, read->key, "reads an intermediate state");
}

/* ---- Edges ---- */
static void add_edge(checker *c, uint32_t from, uint32_t to, edge_kind kind) {
  if (from == to) return;
  if (c->edge_count == c->edge_capacity) {
    c->edge_capacity = c->edge_capacity > 0 ? c->edge_capacity * 2 : 1024;
    c->edges = realloc(c->edges, c->edge_capacity * sizeof *c->edges);
    if (c->edges == NULL) exit(3);
  }
  c->edges[c->edge_count++] = (edge){from, to, (uint32_t)kind};
}

static uint32_t writer_of(const checker *c, uint32_t key, uint32_t value) {
  const written *w = find_write(c, key, value);
  return w != NULL && committed(c, w->txn) ? w->txn : NONE;
}

static void add_write_edges(checker *c, uint32_t key) {
  const history_op *order = c->longest[key];
  for (uint32_t i = 1; order != NULL && i < order->list_len; i++) {
    uint32_t before = writer_of(c, key, order->list[i - 1]), after = writer_of(c, key, order->list[i]);
    if (before != NONE && after != NONE) add_edge(c, before, after, EDGE_WW);
  }
}

static bool reads_before_writing(const history_txn *txn, uint32_t index) {
  for (uint32_t i = 0; i < index; i++)
    if (txn->ops[i].key == txn->ops[index].key && txn->ops[i].kind == HISTORY_APPEND) return false;
  return true;
}

static void add_read_edges(checker *c, uint32_t t) {
  const history_txn *txn = &c->txns[t];
  for (uint32_t i = 0; i < txn->op_count; i++) {
    const history_op *op = &txn->ops[i];
    if (op->kind != HISTORY_READ || !reads_before_writing(txn, i)) continue;
    const history_op *order = c->longest[op->key];
    if (op->list_len > 0) {
      uint32_t writer = writer_of(c, op->key, op->list[op->list_len - 1]);
      if (writer != NONE) add_edge(c, writer, t, EDGE_WR);
    }
    if (order != NULL && op->list_len < order->list_len) {
      uint32_t next = writer_of(c, op->key, order->list[op->list_len]);
      if (next != NONE) add_edge(c, t, next, EDGE_RW);
    }
  }
}

/* Two transactions that read the same version of a key and both wrote to it. */
static void check_lost_updates(checker *c) {
  uint32_t *first = zeroed(c->key_count + 1, sizeof *first);
  for (uint32_t k = 0; k < c->key_count; k++)
    first[k + 1] = first[k] + (c->longest[k] != NULL ? c->longest[k]->list_len : 0) + 1;
  uint32_t *updater = zeroed(first[c->key_count] + 1, sizeof *updater); /* transaction + 1, by key and version */
  for (uint32_t t = 0; t < c->txn_count; t++) {
    const history_txn *txn = &c->txns[t];
    for (uint32_t i = 0; committed(c, t) && i < txn->op_count; i++) {
      const history_op *op = &txn->ops[i];
      if (op->kind != HISTORY_READ || !reads_before_writing(txn, i) || c->longest[op->key] == NULL) continue;
      bool writes = false;
      for (uint32_t j = i + 1; j < txn->op_count; j++)
        writes |= txn->ops[j].kind == HISTORY_APPEND && txn->ops[j].key == op->key;
      uint32_t *slot = &updater[first[op->key] + op->list_len];
      if (writes && *slot != 0 && *slot != t + 1)
        found(c, ANOMALY_LOST_UPDATE, t, *slot - 1, op->key, "both changed the same version");
      if (writes) *slot = t + 1;
    }
  }
  free(first);
  free(updater);
}

/* ---- Time ---- */
typedef struct moment {
  uint64_t at;
  uint32_t txn;
  uint32_t is_end; /* an end comes after a begin at the same time: only what is clearly later is later */
} moment;

static int by_time(const void *a, const void *b) {
  const moment *left = a, *right = b;
  if (left->at != right->at) return left->at < right->at ? -1 : 1;
  return (int)left->is_end - (int)right->is_end;
}

static void add_time_edges(checker *c) {
  moment *moments = zeroed((size_t)c->txn_count * 2, sizeof *moments);
  uint32_t count = 0, chain = NONE;
  for (uint32_t t = 0; t < c->txn_count; t++) {
    if (!committed(c, t)) continue;
    moments[count++] = (moment){c->txns[t].begin_ns, t, 0};
    if (c->txns[t].status == HISTORY_OK) moments[count++] = (moment){c->txns[t].end_ns, t, 1};
  }
  qsort(moments, count, sizeof *moments, by_time);
  for (uint32_t i = 0; i < count; i++) {
    if (!moments[i].is_end) {
      if (chain != NONE) add_edge(c, chain, moments[i].txn, EDGE_TIME);
      continue;
    }
    uint32_t node = c->node_count++;
    add_edge(c, moments[i].txn, node, EDGE_TIME);
    if (chain != NONE) add_edge(c, chain, node, EDGE_TIME);
    chain = node;
  }
  free(moments);
}

static int by_origin(const void *a, const void *b) {
  const edge *left = a, *right = b;
  return left->from < right->from ? -1 : left->from > right->from;
}

static void sort_edges(checker *c) {
  qsort(c->edges, c->edge_count, sizeof *c->edges, by_origin);
  c->first_edge = zeroed(c->node_count + 2, sizeof *c->first_edge);
  for (uint32_t i = 0; i < c->edge_count; i++) c->first_edge[c->edges[i].from + 1]++;
  for (uint32_t n = 0; n < c->node_count; n++) c->first_edge[n + 1] += c->first_edge[n];
  c->report->edges = c->edge_count;
}

/* ---- Cycles ---- */
typedef struct tarjan {
  uint32_t *index, *low, *next, *stack, *calls;
  bool *on_stack;
  uint32_t stack_len, call_len, counter, components;
} tarjan;

static void enter_node(checker *c, tarjan *t, uint32_t node) {
  t->index[node] = t->low[node] = ++t->counter;
  t->next[node] = c->first_edge[node];
  t->stack[t->stack_len++] = node;
  t->on_stack[node] = true;
  t->calls[t->call_len++] = node;
}

static void leave_node(checker *c, tarjan *t) {
  uint32_t node = t->calls[--t->call_len];
  if (t->call_len > 0) {
    uint32_t parent = t->calls[t->call_len - 1];
    if (t->low[node] < t->low[parent]) t->low[parent] = t->low[node];
  }
  if (t->low[node] != t->index[node]) return;
  uint32_t member;
  do {
    member = t->stack[--t->stack_len];
    t->on_stack[member] = false;
    c->component[member] = t->components;
  } while (member != node);
  t->components++;
}

static void walk_from(checker *c, tarjan *t, uint32_t root, uint32_t kinds) {
  enter_node(c, t, root);
  while (t->call_len > 0) {
    uint32_t node = t->calls[t->call_len - 1];
    if (t->next[node] == c->first_edge[node + 1]) {
      leave_node(c, t);
      continue;
    }
    const edge *e = &c->edges[t->next[node]++];
    if ((e->kind & kinds) == 0) continue;
    if (t->index[e->to] == 0) {
      enter_node(c, t, e->to);
    } else if (t->on_stack[e->to] && t->index[e->to] < t->low[node]) {
      t->low[node] = t->index[e->to];
    }
  }
}

/* Strongly connected components over these kinds of edges, into c->component. */
static void find_components(checker *c, uint32_t kinds) {
  uint32_t n = c->node_count;
  tarjan t = {.index = zeroed(n, 4),
              .low = zeroed(n, 4),
              .next = zeroed(n, 4),
              .stack = zeroed(n, 4),
              .calls = zeroed(n, 4),
              .on_stack = zeroed(n, sizeof(bool))};
  for (uint32_t node = 0; node < n; node++)
    if (t.index[node] == 0) walk_from(c, &t, node, kinds);
  free(t.index);
  free(t.low);
  free(t.next);
  free(t.stack);
  free(t.calls);
  free(t.on_stack);
}

/* Whether `to` is reached from `from` within one component, over these kinds of edges. */
static bool reaches(const checker *c, uint32_t from, uint32_t to, uint32_t kinds, uint32_t *mark, uint32_t number,
                    uint32_t *queue) {
  uint32_t len = 0;
  queue[len++] = from;
  mark[from] = number;
  for (uint32_t at = 0; at < len; at++) {
    if (queue[at] == to) return true;
    for (uint32_t i = c->first_edge[queue[at]]; i < c->first_edge[queue[at] + 1]; i++) {
      const edge *e = &c->edges[i];
      if ((e->kind & kinds) == 0 || mark[e->to] == number || c->component[e->to] != c->component[from]) continue;
      mark[e->to] = number;
      queue[len++] = e->to;
    }
  }
  return false;
}

/* One anomaly for each component that an edge of `kind` closes into a cycle. */
static bool report_cycles(checker *c, uint32_t kinds, uint32_t kind, history_anomaly anomaly) {
  find_components(c, kinds);
  bool *done = zeroed(c->node_count, sizeof *done);
  bool any = false;
  for (uint32_t i = 0; i < c->edge_count; i++) {
    const edge *e = &c->edges[i];
    if ((e->kind & kind) == 0 || e->from >= c->txn_count || c->component[e->from] != c->component[e->to] ||
        done[c->component[e->from]])
      continue;
    done[c->component[e->from]] = any = true;
    found(c, anomaly, e->from, e->to < c->txn_count ? e->to : NONE, NONE, "are part of a cycle");
  }
  free(done);
  return any;
}

/* Cycles with anti-dependencies: with one of them G-single, with more G2. */
static bool report_anti_cycles(checker *c) {
  enum { TRIES = 2000 };
  find_components(c, EDGE_WW | EDGE_WR | EDGE_RW);
  bool *done = zeroed(c->node_count, sizeof *done);
  uint32_t *mark = zeroed(c->node_count, sizeof *mark), *queue = zeroed(c->node_count, sizeof *queue);
  uint32_t tries = 0;
  bool any = false;
  for (int pass = 0; pass < 2; pass++) {
    for (uint32_t i = 0; i < c->edge_count; i++) {
      const edge *e = &c->edges[i];
      if (e->kind != EDGE_RW || c->component[e->from] != c->component[e->to] || done[c->component[e->from]]) continue;
      any = true;
      bool single = pass == 0 && tries < TRIES && reaches(c, e->to, e->from, EDGE_WW | EDGE_WR, mark, ++tries, queue);
      if (pass == 0 && !single) continue;
      done[c->component[e->from]] = true;
      found(c, single ? ANOMALY_G_SINGLE : ANOMALY_G2, e->from, e->to, NONE, "are part of a cycle");
    }
  }
  free(done);
  free(mark);
  free(queue);
  return any;
}

static void check_cycles(checker *c) {
  c->component = zeroed(c->node_count, sizeof *c->component);
  bool any = report_cycles(c, EDGE_WW, EDGE_WW, ANOMALY_G0);
  any = any || report_cycles(c, EDGE_WW | EDGE_WR, EDGE_WR, ANOMALY_G1C);
  any = any || report_anti_cycles(c);
  if (!any) (void)report_cycles(c, EDGE_WW | EDGE_WR | EDGE_RW | EDGE_TIME, EDGE_TIME, ANOMALY_REAL_TIME);
}

/* ---- The whole ---- */
static void count_statuses(checker *c) {
  for (uint32_t t = 0; t < c->txn_count; t++) {
    c->report->committed += c->txns[t].status == HISTORY_OK;
    c->report->failed += c->txns[t].status == HISTORY_FAILED;
    c->report->unknown += c->txns[t].status == HISTORY_UNKNOWN;
    c->report->unknown_seen += c->txns[t].status == HISTORY_UNKNOWN && c->seen[t];
  }
}

static void check_reads(checker *c) {
  for (uint32_t t = 0; t < c->txn_count; t++)
    for (uint32_t i = 0; c->txns[t].status == HISTORY_OK && i < c->txns[t].op_count; i++)
      if (c->txns[t].ops[i].kind == HISTORY_READ) check_read(c, t, i);
}

uint64_t history_check(const history_txn *txns, uint32_t txn_count, uint32_t key_count, history_report *report,
                       FILE *out) {
  checker c = {.txns = txns,
               .txn_count = txn_count,
               .key_count = key_count,
               .node_count = txn_count,
               .report = report,
               .out = out};
  memset(report, 0, sizeof *report);
  c.seen = zeroed(txn_count, sizeof *c.seen);
  collect_writes(&c);
  find_longest(&c);
  for (uint32_t k = 0; k < key_count; k++) check_order(&c, k);
  count_statuses(&c);
  check_reads(&c);
  check_lost_updates(&c);
  for (uint32_t k = 0; k < key_count; k++) add_write_edges(&c, k);
  for (uint32_t t = 0; t < txn_count; t++)
    if (committed(&c, t)) add_read_edges(&c, t);
  add_time_edges(&c);
  sort_edges(&c);
  check_cycles(&c);
  free(c.longest);
  free(c.first_written);
  free(c.writes);
  free(c.seen);
  free(c.edges);
  free(c.first_edge);
  free(c.component);
  uint64_t total = 0;
  for (int i = 0; i < ANOMALY_COUNT; i++) total += report->counts[i];
  return total;
}
