/* report.h - the history as a page and as tables. */
#ifndef MED_BENCH_REPORT_H
#define MED_BENCH_REPORT_H

#include "bench/history.h"
#include "bench/output.h"

/* `medley-bench report`: exit status. */
int med_report_main(int argc, char **argv, const char *history_path);

/* Says where Medley's rate, relative to a peer of the same run, differs by more than a tenth from the last such run on
 * a machine of the same class. */
void med_report_compare(FILE *file, const char *history_path, const med_outcome *outcome,
                        const med_circumstances *circumstances);

/* One self-contained page. The records are the newest of each row (med_history_keep_newest). */
void med_report_html(FILE *file, const med_history *history);
/* Every row with its figures (bench/RESULTS.md). */
void med_report_markdown(FILE *file, const med_history *history);
/* One line a task: Medley's rate and its ratio to each peer (bench/README.md). */
void med_report_summary(FILE *file, const med_history *history);

/* A group is what stands in one table: same machine, workload, durability and scale. Walks them in order: `first` is 0
 * at first and afterwards what the last call answered; history->count at the end. members gets the indexes. */
size_t med_report_group(const med_history *history, size_t first, size_t *members, size_t *member_count);

#endif
