/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bundle.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "buffer.h"
#include "progress.h"
#include "view/daemon.h"
#include "whole_file.h"

#define SAMPLES 4 /* of the metrics, a second apart */

/* ---- the machine ---- */

static void write_distribution(FILE *out)
{
	FILE *file = fopen("/etc/os-release", "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "PRETTY_NAME=", 12) == 0)
			fprintf(out, "distribution %s", line + 12);
	if (file)
		fclose(file);
}

static void write_machine(FILE *out)
{
	struct utsname name;
	struct sysinfo info;

	if (uname(&name) == 0)
		fprintf(out, "kernel %s %s, %s\n", name.release, name.version, name.machine);
	write_distribution(out);
	if (sysinfo(&info) == 0)
		fprintf(out, "up %ld s, %d CPUs, %lu MiB of memory, %lu MiB free\n", info.uptime,
			get_nprocs(), (info.totalram >> 20) * info.mem_unit,
			(info.freeram >> 20) * info.mem_unit);
}

static void write_versions(FILE *out)
{
	time_t now = time(NULL);
	struct tm utc;
	char when[32];

	gmtime_r(&now, &utc);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	fprintf(out, "sonde %s, bundle of %s\n", SONDE_VERSION, when);
	fprintf(out, "libbpf %s, libmicrohttpd %s\n", libbpf_version_string(), MHD_get_version());
}

/* ---- the configuration ---- */

/* Where the comment begins: a # at the beginning or behind a blank, outside of quotes (YAML 1.2
 * section 6.6). */
static size_t without_comment(const char *line, size_t length)
{
	char quote = 0;

	for (size_t i = 0; i < length; i++) {
		if (quote)
			quote = line[i] == quote ? 0 : quote;
		else if (line[i] == '"' || line[i] == '\'')
			quote = line[i];
		else if (line[i] == '#' && (!i || line[i - 1] == ' ' || line[i - 1] == '\t'))
			return i;
	}
	return length;
}

static bool is_secret(const char *line, size_t length)
{
	static const char *const words[] = {"pass", "secret", "token", "credential", "auth"};

	for (size_t i = 0; i < length; i++)
		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
			if (i + strlen(words[k]) <= length &&
			    strncasecmp(line + i, words[k], strlen(words[k])) == 0)
				return true;
	return false;
}

static void write_setting(const char *line, size_t length, FILE *out)
{
	const char *colon = memchr(line, ':', length);

	length = without_comment(line, length);
	while (length && line[length - 1] == ' ')
		length--;
	if (!length)
		return;
	if (is_secret(line, length)) {
		size_t key = colon && colon < line + length ? (size_t)(colon - line) : 0;

		fprintf(out, "%.*s: ***\n", (int)key, line);
	} else {
		fprintf(out, "%.*s\n", (int)length, line);
	}
}

void bundle__configuration(const char *text, size_t length, FILE *out)
{
	while (length) {
		const char *end = memchr(text, '\n', length);
		size_t line = end ? (size_t)(end - text) : length;

		write_setting(text, line, out);
		line += end != NULL;
		text += line;
		length -= line;
	}
}

static void write_configuration(const char *path, FILE *out)
{
	size_t length = 0;
	char *text = NULL;
	int err = whole_file__read(path, &text, &length);

	if (err)
		fprintf(out, "%s: %s\n", path, strerror(-err));
	else
		bundle__configuration(text, length, out);
	free(text);
}

/* ---- the daemon ---- */

static bool is_own(const char *line)
{
	return strncmp(line, "sonde_", 6) == 0 || strncmp(line, "process_", 8) == 0;
}

static void count_series(const char *line, char name[128], unsigned long *count, FILE *out)
{
	size_t length = strcspn(line, "{ \n");

	if (strncmp(name, line, length) == 0 && !name[length] && *line) {
		++*count;
		return;
	}
	if (*count)
		fprintf(out, "# %lu series of %s\n", *count, name);
	snprintf(name, 128, "%.*s", (int)length, line);
	*count = *line != 0;
}

void bundle__metrics(const char *text, FILE *out)
{
	unsigned long count = 0;
	char name[128] = "";

	for (; *text; text += text[0] == '\n') {
		size_t length = strcspn(text, "\n");

		if (is_own(text))
			fprintf(out, "%.*s\n", (int)length, text);
		else if (*text != '#')
			count_series(text, name, &count, out);
		text += length;
	}
	count_series("", name, &count, out);
}

static int ask(const struct bundle_options *o, const char *path, struct buffer *answer, FILE *out)
{
	int err, fd = daemon__connect_local(o->socket);
	char error[256] = "";

	if (fd < 0 && o->address[0])
		fd = daemon__connect_tcp(o->address);
	if (fd < 0) {
		fprintf(out, "no daemon answers at %s or %s\n", o->socket, o->address);
		return fd;
	}
	answer->length = 0;
	err = daemon__ask(fd, path, answer, error, sizeof(error));
	close(fd);
	if (err)
		fprintf(out, "%s\n", error);
	return err;
}

static void write_metrics(const struct bundle_options *o, FILE *out)
{
	struct buffer answer = {0};

	for (int i = 0; i < SAMPLES; i++) {
		progress__show("metrics, %d of %d", i + 1, SAMPLES);
		if (i)
			sleep(1);
		fprintf(out, "\n== metrics, %d of %d\n", i + 1, SAMPLES);
		if (ask(o, "/metrics", &answer, out))
			break;
		bundle__metrics(answer.data, out);
	}
	buffer__clear(&answer);
}

void bundle__write(const struct bundle_options *o, FILE *out)
{
	fputs("== versions\n", out);
	write_versions(out);
	fputs("\n== machine\n", out);
	write_machine(out);
	fprintf(out, "\n== configuration %s\n", o->config);
	write_configuration(o->config, out);
	write_metrics(o, out);
}
