/* growth.c - see growth.h. */
#include "bench/growth.h"

#include "bench/output.h"

void med_growth_add(med_growth *growth, const med_outcome *outcome) {
  if (growth->size_count >= MED_GROWTH_SIZE_COUNT || outcome->result_count > MED_GROWTH_LINE_COUNT_MAX) return;
  int size = growth->size_count++;
  growth->scales[size] = (double)outcome->setting->scale;
  growth->line_count = outcome->result_count;
  for (int i = 0; i < outcome->result_count; i++) {
    const med_result *result = &outcome->results[i];
    med_growth_line *line = &growth->lines[i];
    line->task = result->task->id;
    line->title = result->task->title;
    line->peer = result->peer->name;
    line->us[size] = result->status == 0 && result->rate > 0 ? 1e6 / result->rate : 0;
  }
}

void med_growth_print(FILE *file, const med_growth *growth) {
  char text[16];
  fprintf(file, "\n%-46s %-10s", "time of one operation at", "");
  for (int size = 0; size < growth->size_count; size++) {
    fprintf(file, " %10s", med_output_number(growth->scales[size], text, sizeof text));
  }
  fprintf(file, "  exponent\n");
  for (int i = 0; i < growth->line_count; i++) {
    const med_growth_line *line = &growth->lines[i];
    double x[MED_GROWTH_SIZE_COUNT], y[MED_GROWTH_SIZE_COUNT];
    size_t count = 0;
    fprintf(file, "%-46s %-10s", line->title, line->peer);
    for (int size = 0; size < growth->size_count; size++) {
      if (line->us[size] > 0) {
        x[count] = growth->scales[size];
        y[count++] = line->us[size];
      }
      fprintf(file, " %10s", line->us[size] > 0 ? med_output_time(line->us[size], text, sizeof text) : "-");
    }
    if (count >= 2)
      fprintf(file, "  %+.2f\n", med_statistics_exponent(x, y, count));
    else
      fprintf(file, "  -\n");
  }
}
