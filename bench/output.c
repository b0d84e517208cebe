/* output.c - see output.h. */
#include "bench/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *med_output_durability(med_durability durability) {
  static const char *const names[] = {"durable", "relaxed", "memory"};
  return names[durability];
}

/* ---- Numbers ---- */

static const char *scaled(double number, double step, const char *const *units, char *text, size_t size) {
  int unit = 0;
  while (number >= step && units[unit + 1]) {
    number /= step;
    unit++;
  }
  int decimals = number >= 99.95 || number == 0 ? 0 : number >= 9.995 ? 1 : 2;
  snprintf(text, size, "%.*f%s", decimals, number, units[unit]);
  return text;
}

const char *med_output_number(double number, char *text, size_t size) {
  static const char *const units[] = {"", " k", " M", " G", NULL};
  return scaled(number, 1000, units, text, size);
}

const char *med_output_time(double us, char *text, size_t size) {
  static const char *const units[] = {" us", " ms", " s", NULL};
  return scaled(us, 1000, units, text, size);
}

const char *med_output_bytes(double bytes, char *text, size_t size) {
  static const char *const units[] = {" B", " KiB", " MiB", " GiB", NULL};
  return scaled(bytes, 1024, units, text, size);
}

/* ---- For people ---- */

static void print_ratio(FILE *file, const med_result *result) {
  if (result->ratio_to_peer <= 0) return;
  fprintf(file, "  medley is %.2fx [%.2f..%.2f]", result->ratio_to_peer, result->ratio_low, result->ratio_high);
  fprintf(file, ", by processor time %.2fx", result->cpu_ratio);
  if (result->target <= 0) return;
  const char *verdict = result->ratio_to_peer >= result->target ? "holds" : "MISSED";
  fprintf(file, ", target %.2fx %s", result->target, verdict);
}

static void print_result(FILE *file, const med_result *result) {
  char rate[16], low[16], high[16], p50[16], p99[16], cpu[16], written[16], peak[16];
  fprintf(file, "  %-10s", result->peer->name);
  if (result->status == MED_SAMPLE_ABSENT) {
    fprintf(file, " has nothing of the kind\n");
    return;
  }
  if (result->status != 0) {
    fprintf(file, " FAILED: %s\n", result->failure);
    return;
  }
  fprintf(file, " %9s/s (%s..%s)", med_output_number(result->rate, rate, sizeof rate),
          med_output_number(result->rate_low, low, sizeof low),
          med_output_number(result->rate_high, high, sizeof high));
  if (result->latency.count > 0) {
    fprintf(file, " p50 %s p99 %s", med_output_time(result->p50_us, p50, sizeof p50),
            med_output_time(result->p99_us, p99, sizeof p99));
  }
  fprintf(file, " cpu %s written %s peak %s", med_output_time(result->cpu_us, cpu, sizeof cpu),
          med_output_bytes(result->written_bytes, written, sizeof written),
          med_output_bytes(result->peak_bytes, peak, sizeof peak));
  print_ratio(file, result);
  fputc('\n', file);
}

static void print_peers(FILE *file, const med_outcome *outcome) {
  const med_setting *setting = outcome->setting;
  char version[64], load[16];
  for (int i = 0; i < setting->peer_count; i++) {
    setting->peers[i]->version(version, sizeof version);
    fprintf(file, "  %-10s %s (%s)", setting->peers[i]->name, version, setting->peers[i]->description);
    if (outcome->open_failure[i][0])
      fprintf(file, ": not measured: %s\n", outcome->open_failure[i]);
    else
      fprintf(file, ", loaded in %s\n", med_output_time(outcome->load_seconds[i] * 1e6, load, sizeof load));
  }
}

void med_output_table(FILE *file, const med_outcome *outcome) {
  const med_setting *setting = outcome->setting;
  fprintf(file, "%s: %llu %s, %d rounds, %s, seed %llu\n", setting->workload->name, (unsigned long long)setting->scale,
          setting->workload->scale_unit, setting->rounds, med_output_durability(setting->durability),
          (unsigned long long)setting->seed);
  print_peers(file, outcome);
  for (int i = 0; i < outcome->result_count; i++) {
    const med_result *result = &outcome->results[i];
    if (i % setting->peer_count == 0) {
      fprintf(file, "\n%s (%llu %s a round)\n", result->task->title, (unsigned long long)result->operation_count,
              result->task->unit);
    }
    print_result(file, result);
  }
}

/* ---- For programs ---- */

static void write_string(FILE *file, const char *name, const char *text) {
  fprintf(file, ",\"%s\":\"", name);
  for (const char *at = text; *at; at++) {
    if (*at == '"' || *at == '\\') fputc('\\', file);
    if ((unsigned char)*at >= ' ') fputc(*at, file);
  }
  fputc('"', file);
}

static const char *status_name(const med_result *result) {
  if (result->status == MED_SAMPLE_ABSENT) return "absent";
  return result->status == 0 ? "ok" : "failed";
}

static void write_json_result(FILE *file, const med_outcome *outcome, const med_result *result,
                              const med_circumstances *circumstances) {
  const med_setting *setting = outcome->setting;
  char version[64];
  result->peer->version(version, sizeof version);
  fprintf(file, "{\"time\":\"%s\"", circumstances->time);
  write_string(file, "commit", circumstances->commit);
  write_string(file, "machine", circumstances->machine);
  write_string(file, "build", circumstances->build);
  write_string(file, "workload", setting->workload->name);
  write_string(file, "task", result->task->id);
  write_string(file, "title", result->task->title);
  write_string(file, "unit", result->task->unit);
  write_string(file, "peer", result->peer->name);
  write_string(file, "version", version);
  write_string(file, "durability", med_output_durability(setting->durability));
  write_string(file, "status", status_name(result));
  if (result->status == -1) write_string(file, "failure", result->failure);
  fprintf(file,
          ",\"scale\":%llu,\"seed\":%llu,\"rounds\":%d,\"clients\":%d,\"operations\":%llu,\"answers_compared\":%d",
          (unsigned long long)setting->scale, (unsigned long long)setting->seed, result->round_count,
          setting->threads > 0 ? setting->threads : result->task->clients, (unsigned long long)result->operation_count,
          result->answers_compared);
  fprintf(file,
          ",\"rate\":%.6g,\"rate_low\":%.6g,\"rate_high\":%.6g,\"p50_us\":%.6g,\"p95_us\":%.6g,\"p99_us\":%.6g,\"max_"
          "us\":%.6g",
          result->rate, result->rate_low, result->rate_high, result->p50_us, result->p95_us, result->p99_us,
          result->max_us);
  fprintf(file, ",\"cpu_us\":%.6g,\"written_bytes\":%.6g,\"peak_bytes\":%.6g,\"disk_bytes\":%.6g", result->cpu_us,
          result->written_bytes, result->peak_bytes, result->disk_bytes);
  fprintf(file,
          ",\"ratio\":%.6g,\"ratio_low\":%.6g,\"ratio_high\":%.6g,\"cpu_ratio\":%.6g,\"sign_chance\":%.4g,\"target\":%."
          "6g}\n",
          result->ratio_to_peer, result->ratio_low, result->ratio_high, result->cpu_ratio, result->sign_chance,
          result->target);
}

void med_output_json(FILE *file, const med_outcome *outcome, const med_circumstances *circumstances) {
  for (int i = 0; i < outcome->result_count; i++) write_json_result(file, outcome, &outcome->results[i], circumstances);
}

void med_output_csv(FILE *file, const med_outcome *outcome) {
  fprintf(file,
          "workload,task,peer,status,rounds,answers_compared,rate,rate_low,rate_high,p50_us,p95_us,p99_us,max_us,"
          "cpu_us,written_bytes,peak_bytes,disk_bytes,ratio,ratio_low,ratio_high,target\n");
  for (int i = 0; i < outcome->result_count; i++) {
    const med_result *r = &outcome->results[i];
    fprintf(file, "%s,%s,%s,%s,%d,%d,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g\n",
            outcome->setting->workload->name, r->task->id, r->peer->name, status_name(r), r->round_count,
            r->answers_compared, r->rate, r->rate_low, r->rate_high, r->p50_us, r->p95_us, r->p99_us, r->max_us,
            r->cpu_us, r->written_bytes, r->peak_bytes, r->disk_bytes, r->ratio_to_peer, r->ratio_low, r->ratio_high,
            r->target);
  }
}

/* ---- Circumstances ---- */

static void first_line(const char *command, char *text, size_t size) {
  text[0] = 0;
  FILE *pipe = popen(command, "re");
  if (!pipe) return;
  if (fgets(text, (int)size, pipe)) text[strcspn(text, "\n")] = 0;
  pclose(pipe);
}

static void take_machine(char *machine, size_t size) {
  char line[256], model[96] = "unknown processor";
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file)) {
    const char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || !colon) continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(model, sizeof model, "%s", colon + 2);
    break;
  }
  if (file) fclose(file);
  double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  snprintf(machine, size, "%ld x %s, %.0f GiB", sysconf(_SC_NPROCESSORS_ONLN), model, memory / (1 << 30));
}

void med_circumstances_take(med_circumstances *circumstances, const char *source_folder) {
  char command[4200], changes[8];
  time_t now = time(NULL);
  struct tm parts;
  gmtime_r(&now, &parts);
  strftime(circumstances->time, sizeof circumstances->time, "%Y-%m-%dT%H:%M:%SZ", &parts);
  snprintf(command, sizeof command, "git -C '%s' rev-parse --short=12 HEAD 2>/dev/null", source_folder);
  first_line(command, circumstances->commit, sizeof circumstances->commit - 1);
  if (!circumstances->commit[0]) {
    snprintf(circumstances->commit, sizeof circumstances->commit, "unknown");
  } else {
    snprintf(command, sizeof command, "git -C '%s' status --porcelain -uno 2>/dev/null", source_folder);
    first_line(command, changes, sizeof changes);
    if (changes[0]) strcat(circumstances->commit, "+");
  }
  take_machine(circumstances->machine, sizeof circumstances->machine);
#ifdef __OPTIMIZE__
  const char *optimized = "optimized";
#else
  const char *optimized = "not optimized";
#endif
  snprintf(circumstances->build, sizeof circumstances->build, "%s %d, %s",
#ifdef __clang__
           "clang", __clang_major__,
#else
           "gcc", __GNUC__,
#endif
           optimized);
}
