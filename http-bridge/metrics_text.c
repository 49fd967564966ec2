/*
 * metrics_text.c
 *		The two text formats of metrics, and the figures of the process itself.
 *
 * Prometheus 0.0.4 and OpenMetrics 1.0 differ, as far as we go, in one thing: OpenMetrics names the
 * family of a counter without "_total".
 */
#include "metrics.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const bound_text[SKL_HISTOGRAM_BOUNDS + 1] = {
	"0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",
	"0.25",	  "0.5",   "1.0",	 "2.5",	  "5.0",  "10.0",  "+Inf"};

/* Begin a family: its help and type. */
void
skl_metrics_family(SklMetricsOut *out, const char *name, const char *type, const char *help)
{
	int length = (int) strlen(name);

	if (out->open_metrics && strcmp(type, "counter") == 0)
		length -= (int) strlen("_total");
	fprintf(out->file, "# HELP %.*s %s\n# TYPE %.*s %s\n", length, name, help, length, name, type);
}

/* Write one sample. */
void
skl_metrics_sample(SklMetricsOut *out, const char *name, const char *labels, double value)
{
	if (*labels != '\0')
		fprintf(out->file, "%s{%s} %.17g\n", name, labels, value);
	else
		fprintf(out->file, "%s %.17g\n", name, value);
}

/* Write the samples of a histogram; labels must not be empty. */
void
skl_metrics_histogram(SklMetricsOut *out, const char *name, const char *labels,
					  const SklHistogramSum *sum)
{
	uint64_t running = 0;

	for (int i = 0; i <= SKL_HISTOGRAM_BOUNDS; i++)
	{
		running += sum->bucket[i];
		fprintf(out->file, "%s_bucket{%s,le=\"%s\"} %llu\n", name, labels, bound_text[i],
				(unsigned long long) running);
	}
	fprintf(out->file, "%s_sum{%s} %.6f\n", name, labels, (double) sum->sum_us / 1e6);
	fprintf(out->file, "%s_count{%s} %llu\n", name, labels, (unsigned long long) running);
}

/* Resident memory in bytes. */
static double
resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long total = 0;
	unsigned long resident = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu %lu", &total, &resident) != 2)
		resident = 0;
	fclose(file);
	return (double) resident * (double) sysconf(_SC_PAGESIZE);
}

static double
open_files(void)
{
	DIR *files = opendir("/proc/self/fd");
	double count = -3; /* ".", ".." and this directory */

	if (files == NULL)
		return 0;
	while (readdir(files) != NULL)
		count++;
	closedir(files);
	return count;
}

static double
cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		   (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Figures of the process, under the names that every Prometheus client uses. */
void
skl_metrics_process(SklMetricsOut *out)
{
	skl_metrics_family(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
	skl_metrics_sample(out, "process_resident_memory_bytes", "", resident_bytes());
	skl_metrics_family(out, "process_open_fds", "gauge", "Open file descriptors.");
	skl_metrics_sample(out, "process_open_fds", "", open_files());
	skl_metrics_family(out, "process_cpu_seconds_total", "counter", "User and system CPU time.");
	skl_metrics_sample(out, "process_cpu_seconds_total", "", cpu_seconds());
	skl_metrics_family(out, "skillancer_build_info", "gauge", "Version of the bridge.");
	skl_metrics_sample(out, "skillancer_build_info", "version=\"" SKL_BRIDGE_VERSION "\"", 1);
}
