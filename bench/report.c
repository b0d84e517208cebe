/* report.c - choosing what is reported, Markdown, and the comparison with the last run. */
#include "bench/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MARK_BEGIN "<!-- results -->"
#define MARK_END "<!-- /results -->"
#define CHANGE_WORTH_SAYING 0.10

/* ---- Groups ---- */

static int same_group(const med_record *a, const med_record *b) {
  return strcmp(a->machine, b->machine) == 0 && strcmp(a->workload, b->workload) == 0 &&
         strcmp(a->durability, b->durability) == 0 && a->scale >= b->scale && a->scale <= b->scale;
}

size_t med_report_group(const med_history *history, size_t first, size_t *members, size_t *member_count) {
  for (; first < history->count; first++) {
    size_t earlier = 0;
    while (earlier < first && !same_group(&history->records[earlier], &history->records[first])) earlier++;
    if (earlier == first) break;
  }
  *member_count = 0;
  for (size_t i = first; i < history->count; i++) {
    if (same_group(&history->records[first], &history->records[i])) members[(*member_count)++] = i;
  }
  return first < history->count ? first + 1 : first;
}

/* ---- Markdown ---- */

static void markdown_row(FILE *file, const med_record *r) {
  char rate[16], low[16], high[16], p50[16], p99[16], written[16];
  fprintf(file, "| %s | %s | ", r->title, r->peer);
  if (strcmp(r->status, "ok") != 0) {
    fprintf(file, "%s | | | | | | |\n", r->status);
    return;
  }
  fprintf(file, "%s %s/s (%s..%s) | ", med_output_number(r->rate, rate, sizeof rate), r->unit,
          med_output_number(r->rate_low, low, sizeof low), med_output_number(r->rate_high, high, sizeof high));
  if (r->p99_us > 0) {
    fprintf(file, "%s / %s | ", med_output_time(r->p50_us, p50, sizeof p50),
            med_output_time(r->p99_us, p99, sizeof p99));
  } else {
    fprintf(file, "| ");
  }
  fprintf(file, "%s | ", med_output_bytes(r->written_bytes, written, sizeof written));
  if (r->ratio > 0)
    fprintf(file, "**%.2f** (%.2f..%.2f) | %.2f | ", r->ratio, r->ratio_low, r->ratio_high, r->cpu_ratio);
  else
    fprintf(file, "| | ");
  if (r->target > 0 && r->ratio > 0)
    fprintf(file, "%.2f | %s |\n", r->target, r->ratio >= r->target ? "yes" : "**no**");
  else if (r->target > 0)
    fprintf(file, "%.2f | |\n", r->target);
  else
    fprintf(file, "| |\n");
}

static void markdown_group(FILE *file, const med_history *history, const size_t *members, size_t count) {
  const med_record *first = &history->records[members[0]];
  char scale[16];
  fprintf(file, "\n### %s, %s, scale %s\n\n", first->workload, first->durability,
          med_output_number(first->scale, scale, sizeof scale));
  fprintf(file, "%s; commit %s, %s; %s.\n\n", first->machine, first->commit, first->build, first->time);
  fprintf(file,
          "| task | peer | rate, median (quartiles) | p50 / p99 | written an operation | Medley is times as fast | "
          "target | holds |\n");
  fprintf(file, "|---|---|---:|---:|---:|---:|---:|---:|---|\n");
  for (size_t i = 0; i < count; i++) markdown_row(file, &history->records[members[i]]);
}

void med_report_markdown(FILE *file, const med_history *history) {
  size_t *members = calloc(history->count + 1, sizeof *members), count = 0;
  for (size_t next = 0; members && next < history->count;) {
    next = med_report_group(history, next, members, &count);
    if (count > 0) markdown_group(file, history, members, count);
  }
  fputc('\n', file);
  free(members);
}

/* ---- The summary ---- */

static void summary_row(FILE *file, const med_history *history, const size_t *members, size_t count, size_t at) {
  const med_record *task = &history->records[members[at]];
  char rate[16] = "";
  for (size_t i = at; i < count; i++) {
    const med_record *r = &history->records[members[i]];
    if (strcmp(r->task, task->task) == 0 && strcmp(r->peer, "medley") == 0)
      med_output_number(r->rate, rate, sizeof rate);
  }
  fprintf(file, "| %s | %s | %s/s |", task->workload, task->title, rate);
  const char *separator = " ";
  for (size_t i = at; i < count; i++) {
    const med_record *r = &history->records[members[i]];
    if (strcmp(r->task, task->task) != 0 || r->ratio <= 0) continue;
    if (r->target > 0 && r->ratio < r->target)
      fprintf(file, "%s%s **%.2f** (%.2f)", separator, r->peer, r->ratio, r->target);
    else if (r->target > 0)
      fprintf(file, "%s%s %.2f (%.2f)", separator, r->peer, r->ratio, r->target);
    else
      fprintf(file, "%s%s %.2f", separator, r->peer, r->ratio);
    separator = ", ";
  }
  fprintf(file, " |\n");
}

/* The rows that something is asked of; those of `tpcb` are `relational`'s. */
static int is_summed_up(const med_history *history, const size_t *members, size_t count, size_t at) {
  const med_record *task = &history->records[members[at]];
  for (size_t i = at; i < count; i++) {
    const med_record *r = &history->records[members[i]];
    if (strcmp(r->task, task->task) == 0 && r->target > 0) return strcmp(task->workload, "tpcb") != 0;
  }
  return 0;
}

void med_report_summary(FILE *file, const med_history *history) {
  size_t *members = calloc(history->count + 1, sizeof *members), count = 0;
  fprintf(file, "\n| workload | task | Medley | times as fast as (target; bold: missed) |\n|---|---|---:|---|\n");
  for (size_t next = 0; members && next < history->count;) {
    next = med_report_group(history, next, members, &count);
    for (size_t i = 0; i < count; i++) {
      int is_new = i == 0 || strcmp(history->records[members[i]].task, history->records[members[i - 1]].task) != 0;
      if (is_new && is_summed_up(history, members, count, i)) summary_row(file, history, members, count, i);
    }
  }
  fputc('\n', file);
  free(members);
}

/* ---- Writing the files ---- */

static char *read_file(const char *path) {
  char *text = NULL;
  size_t len = 0;
  FILE *file = fopen(path, "r");
  if (!file) return NULL;
  FILE *copy = open_memstream(&text, &len);
  for (int byte; (byte = fgetc(file)) != EOF;) fputc(byte, copy);
  fclose(copy);
  fclose(file);
  return text;
}

/* Between the two marks of the file, everything else stays; a file without marks is not touched. */
static int write_markdown(const char *path, const med_history *history,
                          void (*write)(FILE *file, const med_history *history)) {
  char *text = read_file(path);
  const char *begin = text ? strstr(text, MARK_BEGIN) : NULL;
  const char *end = begin ? strstr(begin, MARK_END) : NULL;
  FILE *file = end ? fopen(path, "w") : NULL;
  if (!file) {
    fprintf(stderr, "medley-bench: %s: %s\n", path, end || !text ? strerror(errno) : "no " MARK_BEGIN " " MARK_END);
    free(text);
    return 1;
  }
  fprintf(file, "%.*s\n", (int)(begin - text) + (int)strlen(MARK_BEGIN), text);
  write(file, history);
  fputs(end, file);
  free(text);
  return fclose(file) == 0 ? 0 : 1;
}

static int write_html(const char *path, const med_history *history) {
  FILE *file = fopen(path, "w");
  if (!file) {
    fprintf(stderr, "medley-bench: %s: %s\n", path, strerror(errno));
    return 1;
  }
  med_report_html(file, history);
  return fclose(file) == 0 ? 0 : 1;
}

int med_report_main(int argc, char **argv, const char *history_path) {
  const char *html = NULL, *markdown = NULL, *summary = NULL;
  med_history history;
  for (int i = 0; i < argc; i += 2) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (value && strcmp(argv[i], "--history") == 0)
      history_path = value;
    else if (value && strcmp(argv[i], "--html") == 0)
      html = value;
    else if (value && strcmp(argv[i], "--markdown") == 0)
      markdown = value;
    else if (value && strcmp(argv[i], "--summary") == 0)
      summary = value;
    else {
      fprintf(stderr, "medley-bench: report: not an option, or without its value: %s\n", argv[i]);
      return 2;
    }
  }
  if (med_history_read(history_path, &history) != 0) {
    fprintf(stderr, "medley-bench: %s: %s\n", history_path, strerror(errno));
    return 1;
  }
  if (history.bad_line > 0) {
    fprintf(stderr, "medley-bench: %s:%zu: not a result; left out\n", history_path, history.bad_line);
  }
  med_history_keep_newest(&history);
  int status = 0;
  if (html) status |= write_html(html, &history);
  if (markdown) status |= write_markdown(markdown, &history, med_report_markdown);
  if (summary) status |= write_markdown(summary, &history, med_report_summary);
  if (!html && !markdown && !summary) med_report_markdown(stdout, &history);
  med_history_clear(&history);
  return status;
}

/* ---- Against the last run ---- Ratios to a peer, not times: the machine may have had a bad day. */

void med_report_compare(FILE *file, const char *history_path, const med_outcome *outcome,
                        const med_circumstances *circumstances) {
  med_history history;
  if (med_history_read(history_path, &history) != 0) return;
  for (int i = 0; i < outcome->result_count; i++) {
    const med_result *result = &outcome->results[i];
    med_record like = {.scale = (double)outcome->setting->scale};
    if (result->ratio_to_peer <= 0) continue;
    snprintf(like.machine, sizeof like.machine, "%s", circumstances->machine);
    snprintf(like.workload, sizeof like.workload, "%s", outcome->setting->workload->name);
    snprintf(like.durability, sizeof like.durability, "%s", med_output_durability(outcome->setting->durability));
    snprintf(like.task, sizeof like.task, "%s", result->task->id);
    snprintf(like.peer, sizeof like.peer, "%s", result->peer->name);
    const med_record *last = med_history_find(&history, &like);
    if (!last || last->ratio <= 0) continue;
    double change = result->ratio_to_peer / last->ratio - 1;
    int is_apart = result->ratio_low > last->ratio_high || result->ratio_high < last->ratio_low;
    if (!is_apart || (change < CHANGE_WORTH_SAYING && change > -CHANGE_WORTH_SAYING)) continue;
    fprintf(file, "medley-bench: %s against %s: %.2f, was %.2f at %s (%+.0f %%)\n", result->task->title,
            result->peer->name, result->ratio_to_peer, last->ratio, last->commit, change * 100);
  }
  med_history_clear(&history);
}
