/* report_html.c - one page without scripts or foreign files: tables, and drawings in SVG that follow the reader's
 * colours. Ratios stand on a logarithmic axis, where twice as fast and half as fast are equally far from 1. */
#include "bench/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PLOT_LEFT 330.0
#define PLOT_WIDTH 520.0
#define ROW_HEIGHT 22.0

static const char style[] =
    ":root{color-scheme:light "
    "dark;--ink:#1b1f24;--paper:#fff;--faint:#6a737d;--line:#d5dae0;--good:#1a7f5a;--bad:#b3402e;--mark:#3b6fb6}\n"
    "@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--paper:#15181c;--faint:#98a2ad;--line:#363d46;"
    "--good:#4cc38a;--bad:#ec7c68;--mark:#7fb0ee}}\n"
    "@media "
    "print{:root{--ink:#000;--paper:#fff;--faint:#444;--line:#bbb;--good:#1a7f5a;--bad:#b3402e;--mark:#3b6fb6}svg,tr{"
    "break-inside:avoid}h2{break-after:avoid}}\n"
    "body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1100px;margin:2em "
    "auto;padding:0 1em}\n"
    "table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:3px 8px;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}\n"
    "th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}td:nth-child(n+3){white-space:"
    "nowrap}td small{display:block}\n"
    "tr.next td{border-top:2px solid var(--line)}.faint,small{color:var(--faint)}.good{color:var(--good)}"
    ".bad{color:var(--bad);font-weight:600}\n"
    "svg{width:100%;height:auto;margin:.6em 0}svg text{font:12px system-ui,sans-serif;fill:var(--ink)}"
    "svg .faint{fill:var(--faint)}\n"
    "svg .axis{stroke:var(--line)}svg .one{stroke:var(--faint)}svg .target{stroke:var(--mark);stroke-width:2}"
    "svg .spread{stroke:var(--ink);stroke-width:1.2}\n"
    "svg .holds{fill:var(--good)}svg .missed{fill:var(--bad)}svg .free{fill:var(--faint)}"
    "svg .curve{fill:none;stroke-width:2}\n";

static void escape(FILE *file, const char *text) {
  for (; *text; text++) {
    if (*text == '<')
      fputs("&lt;", file);
    else if (*text == '>')
      fputs("&gt;", file);
    else if (*text == '&')
      fputs("&amp;", file);
    else if (*text == '"')
      fputs("&quot;", file);
    else
      fputc(*text, file);
  }
}

/* ---- Tables ---- */

static void write_ratio(FILE *file, const med_record *r) {
  fputs("<td>", file);
  if (r->ratio > 0) fprintf(file, "<b>%.2f</b> <small>%.2f..%.2f</small>", r->ratio, r->ratio_low, r->ratio_high);
  fputs("</td><td>", file);
  if (r->cpu_ratio > 0) fprintf(file, "%.2f", r->cpu_ratio);
  fputs("</td><td>", file);
  if (r->target > 0) fprintf(file, "%.2f", r->target);
  fputs("</td><td>", file);
  if (r->target > 0 && r->ratio > 0) {
    fputs(r->ratio >= r->target ? "<span class=good>holds</span>" : "<span class=bad>missed</span>", file);
  }
  fputs("</td></tr>\n", file);
}

static void write_row(FILE *file, const med_record *r, int is_first) {
  char a[16], b[16], c[16], d[16], e[16], f[16], g[16], h[16];
  fprintf(file, "<tr%s><td>", is_first ? " class=next" : "");
  if (is_first) escape(file, r->title);
  fputs("</td><td>", file);
  escape(file, r->peer);
  fputs(" <small>", file);
  escape(file, r->version);
  fputs("</small></td>", file);
  if (strcmp(r->status, "ok") != 0) {
    fprintf(file, "<td colspan=10 class=faint>%s ",
            strcmp(r->status, "absent") == 0 ? "has nothing of the kind" : "failed:");
    escape(file, r->failure);
    fputs("</td></tr>\n", file);
    return;
  }
  fprintf(file, "<td>%s/s <small>%s..%s</small></td>", med_output_number(r->rate, a, sizeof a),
          med_output_number(r->rate_low, b, sizeof b), med_output_number(r->rate_high, c, sizeof c));
  if (r->p99_us > 0) {
    fprintf(file, "<td>%s / %s</td>", med_output_time(r->p50_us, d, sizeof d), med_output_time(r->p99_us, e, sizeof e));
  } else {
    fputs("<td></td>", file);
  }
  fprintf(file, "<td>%s</td><td>%s</td><td>%s</td>", med_output_time(r->cpu_us, f, sizeof f),
          med_output_bytes(r->written_bytes, g, sizeof g), med_output_bytes(r->peak_bytes, h, sizeof h));
  write_ratio(file, r);
}

static void write_table(FILE *file, const med_history *history, const size_t *members, size_t count) {
  fputs(
      "<table><thead><tr><th>task<th>peer<th>rate, median <small>quartiles</small><th>p50 / p99<th>processor an "
      "operation<th>written an operation<th>peak memory<th>Medley is times as fast <small>95 %</small><th>by processor "
      "time<th>target<th>"
      "</tr></thead><tbody>\n",
      file);
  for (size_t i = 0; i < count; i++) {
    const med_record *r = &history->records[members[i]];
    write_row(file, r, i == 0 || strcmp(history->records[members[i - 1]].task, r->task) != 0);
  }
  fputs("</tbody></table>\n", file);
}

/* ---- Bars of ratios ---- */

typedef struct ratio_axis {
  double low, high; /* logarithms to base 2 */
} ratio_axis;

static double place(const ratio_axis *axis, double ratio) {
  double at = (log2(ratio) - axis->low) / (axis->high - axis->low);
  if (at < 0) at = 0;
  if (at > 1) at = 1;
  return PLOT_LEFT + at * PLOT_WIDTH;
}

static ratio_axis fit_axis(const med_history *history, const size_t *members, size_t count) {
  ratio_axis axis = {.low = -1, .high = 1};
  for (size_t i = 0; i < count; i++) {
    const med_record *r = &history->records[members[i]];
    if (r->ratio <= 0) continue;
    double low = r->target > 0 && r->target < r->ratio_low ? r->target : r->ratio_low;
    double high = r->target > r->ratio_high ? r->target : r->ratio_high;
    if (low > 0 && floor(log2(low)) < axis.low) axis.low = floor(log2(low));
    if (ceil(log2(high)) > axis.high) axis.high = ceil(log2(high));
  }
  return axis;
}

static void draw_bar(FILE *file, const ratio_axis *axis, const med_record *r, double y) {
  double one = place(axis, 1), end = place(axis, r->ratio);
  const char *kind = r->target <= 0 ? "free" : r->ratio >= r->target ? "holds" : "missed";
  fprintf(file, "<text x='%.0f' y='%.1f' text-anchor='end'>", PLOT_LEFT - 10, y + 15);
  escape(file, r->title);
  fputs(" <tspan class=faint>", file);
  escape(file, r->peer);
  fputs("</tspan></text>\n", file);
  fprintf(file, "<rect class=%s x='%.1f' y='%.1f' width='%.1f' height='12'/>", kind, one < end ? one : end, y + 5,
          fabs(end - one) + 0.5);
  fprintf(file, "<line class=spread x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f'/>", place(axis, r->ratio_low),
          place(axis, r->ratio_high), y + 11, y + 11);
  if (r->target > 0) {
    double at = place(axis, r->target);
    fprintf(file, "<line class=target x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f'/>", at, at, y + 2, y + 20);
  }
  fprintf(file, "<text x='%.1f' y='%.1f'>%.2f</text>\n", PLOT_LEFT + PLOT_WIDTH + 8, y + 15, r->ratio);
}

static void draw_ratios(FILE *file, const med_history *history, const size_t *members, size_t count) {
  size_t bar_count = 0;
  for (size_t i = 0; i < count; i++) bar_count += history->records[members[i]].ratio > 0;
  if (bar_count == 0) return;
  ratio_axis axis = fit_axis(history, members, count);
  double height = (double)bar_count * ROW_HEIGHT + 30, y = 4;
  fprintf(file, "<svg viewBox='0 0 920 %.0f' role=img aria-label='ratios of rates'>\n", height);
  for (double power = axis.low; power <= axis.high; power++) {
    double x = place(&axis, pow(2, power));
    fprintf(file, "<line class=%s x1='%.1f' x2='%.1f' y1='0' y2='%.1f'/>", power > -0.5 && power < 0.5 ? "one" : "axis",
            x, x, height - 24);
    fprintf(file, "<text class=faint x='%.1f' y='%.1f' text-anchor='middle'>%g</text>\n", x, height - 8, pow(2, power));
  }
  for (size_t i = 0; i < count; i++) {
    const med_record *r = &history->records[members[i]];
    if (r->ratio <= 0) continue;
    draw_bar(file, &axis, r, y);
    y += ROW_HEIGHT;
  }
  fputs("</svg>\n", file);
}

/* ---- Latencies: a line from the median to the 99th percentile, dots at both and at the 95th ---- */

static double place_time(double us, double low, double high) {
  return PLOT_LEFT + (log10(us) - low) / (high - low) * PLOT_WIDTH;
}

static void draw_latencies(FILE *file, const med_history *history, const size_t *members, size_t count) {
  size_t line_count = 0;
  double low = 9, high = -9, y = 4;
  for (size_t i = 0; i < count; i++) {
    const med_record *r = &history->records[members[i]];
    if (r->p50_us <= 0) continue;
    line_count++;
    if (floor(log10(r->p50_us)) < low) low = floor(log10(r->p50_us));
    if (ceil(log10(r->p99_us)) > high) high = ceil(log10(r->p99_us));
  }
  if (line_count == 0) return;
  if (high <= low) high = low + 1;
  double height = (double)line_count * ROW_HEIGHT + 30;
  fprintf(file,
          "<details><summary>latencies: median, 95th and 99th percentile</summary>"
          "<svg viewBox='0 0 920 %.0f' role=img aria-label='latencies'>\n",
          height);
  for (double power = low; power <= high; power++) {
    char text[16];
    double x = place_time(pow(10, power), low, high);
    fprintf(file, "<line class=axis x1='%.1f' x2='%.1f' y1='0' y2='%.1f'/>", x, x, height - 24);
    fprintf(file, "<text class=faint x='%.1f' y='%.1f' text-anchor='middle'>%s</text>\n", x, height - 8,
            med_output_time(pow(10, power), text, sizeof text));
  }
  for (size_t i = 0; i < count; i++) {
    const med_record *r = &history->records[members[i]];
    if (r->p50_us <= 0) continue;
    double points[] = {r->p50_us, r->p95_us, r->p99_us};
    fprintf(file, "<text x='%.0f' y='%.1f' text-anchor='end'>", PLOT_LEFT - 10, y + 15);
    escape(file, r->title);
    fputs(" <tspan class=faint>", file);
    escape(file, r->peer);
    fprintf(file, "</tspan></text><line class=spread x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f'/>",
            place_time(points[0], low, high), place_time(points[2], low, high), y + 11, y + 11);
    for (int p = 0; p < 3; p++) {
      fprintf(file, "<circle class=%s cx='%.1f' cy='%.1f' r='%d'/>", strcmp(r->peer, "medley") == 0 ? "holds" : "free",
              place_time(points[p], low, high), y + 11, 5 - p);
    }
    fputc('\n', file);
    y += ROW_HEIGHT;
  }
  fputs("</svg></details>\n", file);
}

/* ---- Growth: the time of one operation over the scale, where one row was run at several ---- */

static int same_curve(const med_record *a, const med_record *b) {
  return strcmp(a->machine, b->machine) == 0 && strcmp(a->workload, b->workload) == 0 &&
         strcmp(a->durability, b->durability) == 0 && strcmp(a->task, b->task) == 0 && strcmp(a->peer, b->peer) == 0;
}

static size_t collect_curve(const med_history *history, size_t first, double *x, double *y, size_t size) {
  size_t count = 0;
  const med_record *like = &history->records[first];
  for (size_t i = 0; i < first; i++) {
    if (same_curve(&history->records[i], like)) return 0; /* has been drawn */
  }
  for (size_t i = first; i < history->count && count < size; i++) {
    const med_record *r = &history->records[i];
    if (!same_curve(r, like) || r->rate <= 0) continue;
    size_t at = count++;
    for (; at > 0 && x[at - 1] > r->scale; at--) {
      x[at] = x[at - 1];
      y[at] = y[at - 1];
    }
    x[at] = r->scale;
    y[at] = 1e6 / r->rate;
  }
  return count;
}

static void draw_growth(FILE *file, const med_history *history) {
  static const char *const headline =
      "<section><h2>Growth</h2><p>Time of one operation, at every scale that was run; "
      "exponent 0: it does not depend on the scale, 1: proportional to it.</p><table>"
      "<thead><tr><th>task<th>peer<th>scales<th>times<th>exponent<th></tr></thead>\n";
  int begun = 0;
  for (size_t i = 0; i < history->count; i++) {
    double x[16], y[16];
    char text[16];
    size_t count = collect_curve(history, i, x, y, 16);
    if (count < 2) continue;
    if (!begun++) fputs(headline, file);
    const med_record *r = &history->records[i];
    fputs("<tr><td>", file);
    escape(file, r->title);
    fprintf(file, " <small>%s</small><td>%s<td>", r->workload, r->peer);
    for (size_t p = 0; p < count; p++) fprintf(file, "%s%s", p ? ", " : "", med_output_number(x[p], text, sizeof text));
    fputs("<td>", file);
    for (size_t p = 0; p < count; p++) fprintf(file, "%s%s", p ? ", " : "", med_output_time(y[p], text, sizeof text));
    fprintf(file,
            "<td>%+.2f<td><svg viewBox='0 0 120 40' style='width:120px;margin:0' role=img "
            "aria-label='growth'><polyline class=curve stroke='%s' points='",
            med_statistics_exponent(x, y, count), strcmp(r->peer, "medley") == 0 ? "var(--good)" : "var(--faint)");
    /* Three powers of ten of time stand for the height, so that equal slopes look equal in every row. */
    for (size_t p = 0; p < count; p++) {
      double across = (log10(x[p]) - log10(x[0])) / (log10(x[count - 1]) - log10(x[0]));
      fprintf(file, "%.1f,%.1f ", 4 + 112 * across, 30 - 13 * (log10(y[p]) - log10(y[0])));
    }
    fputs("'/></svg></tr>\n", file);
  }
  if (begun) fputs("</table></section>\n", file);
}

void med_report_html(FILE *file, const med_history *history) {
  size_t *members = calloc(history->count + 1, sizeof *members), count = 0;
  fprintf(file,
          "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
          "content='width=device-width'><title>Medley beside its peers</title><style>\n%s</style></head><body>\n"
          "<h1>Medley beside its peers</h1>\n<p>Same data, same machine, same durability, by turns; equal answers "
          "were checked before a time counted. A bar to the right of 1: Medley is faster. The blue stroke is the "
          "target, the thin line the 95 %% interval of the ratio's median over the rounds. Numbers are times as fast "
          "as the "
          "peer; green: the target holds, red: it is missed, grey: there is none.</p>\n",
          style);
  for (size_t next = 0; members && next < history->count;) {
    char scale[16];
    next = med_report_group(history, next, members, &count);
    if (count == 0) continue;
    const med_record *first = &history->records[members[0]];
    fputs("<section><h2>", file);
    escape(file, first->workload);
    fprintf(file, ", %s, scale %s</h2><p class=faint>", first->durability,
            med_output_number(first->scale, scale, sizeof scale));
    escape(file, first->machine);
    fprintf(file, "; commit %s; ", first->commit);
    escape(file, first->build);
    fprintf(file, "; %s; %.0f rounds</p>\n", first->time, first->rounds);
    draw_ratios(file, history, members, count);
    write_table(file, history, members, count);
    draw_latencies(file, history, members, count);
    fputs("</section>\n", file);
  }
  draw_growth(file, history);
  fputs("</body></html>\n", file);
  free(members);
}
