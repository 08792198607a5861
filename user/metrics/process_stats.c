/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "process_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static bool read_file(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, out, size - 1);
	close(fd);
	if (length <= 0)
		return false;
	out[length] = '\0';
	return true;
}

static uint64_t count_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;
	uint64_t count = 0;

	if (!directory)
		return 0;
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count - 1; /* the one that was read through */
}

static double seconds(const struct timespec *time)
{
	return (double)time->tv_sec + (double)time->tv_nsec / 1e9;
}

/* proc(5), /proc/pid/stat: field 22 is the start in clock ticks since boot; the name in field 2 may
 * hold anything. */
static double start_time(const char *stat)
{
	const char *at = strrchr(stat, ')');
	struct timespec now, boot;
	uint64_t ticks;

	if (!at ||
	    sscanf(at + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
		   "%*d %" SCNu64,
		   &ticks) != 1)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return seconds(&now) - seconds(&boot) + (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

void process_stats__read(struct process_stats *out)
{
	static double
		started; /* does not change; races write the same value to a few milliseconds */
	char text[1024];
	struct rusage usage;
	struct rlimit limit;
	uint64_t pages, resident;

	*out = (struct process_stats){0};
	if (!read_file("/proc/self/statm", text, sizeof(text)) ||
	    sscanf(text, "%" SCNu64 " %" SCNu64, &pages, &resident) != 2 ||
	    getrusage(RUSAGE_SELF, &usage) != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (started == 0 && read_file("/proc/self/stat", text, sizeof(text)))
		started = start_time(text);
	out->known = true;
	out->cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	out->virtual_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	out->resident_bytes = resident * (uint64_t)sysconf(_SC_PAGESIZE);
	out->open_fds = count_fds();
	out->max_fds = limit.rlim_cur;
	out->start_seconds = started;
}
