/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/line.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *text(const json_t *e, const char *key)
{
	const char *value = json_string_value(json_object_get(e, key));

	return value ? value : "";
}

static uint64_t number(const json_t *e, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(e, key));
}

const char *line__subject(const json_t *e)
{
	const char *protocol = text(e, "protocol");

	return strcmp(protocol, "http") == 0	   ? text(e, "route")
	       : strcmp(protocol, "postgres") == 0 ? text(e, "statement")
						   : text(e, "command");
}

void line__what(const json_t *e, char *out, size_t size)
{
	const char *method = text(e, "method"), *keys = text(e, "key_pattern");

	snprintf(out, size, "%s%s%s%s%s", method, method[0] ? " " : "", line__subject(e),
		 keys[0] ? " " : "", keys);
}

void line__status(const json_t *e, char *out, size_t size)
{
	const char *error = text(e, "sqlstate")[0] ? text(e, "sqlstate") : text(e, "error");

	if (strcmp(text(e, "outcome"), "lost") == 0)
		snprintf(out, size, "lost (%s)", text(e, "lost"));
	else if (strcmp(text(e, "outcome"), "aborted") == 0)
		snprintf(out, size, "aborted");
	else if (number(e, "status"))
		snprintf(out, size, "%u", (unsigned int)number(e, "status"));
	else
		snprintf(out, size, "%s", error[0] ? error : text(e, "outcome"));
}

static bool is_class(const char *wanted)
{
	return wanted[0] >= '1' && wanted[0] <= '5' && strcmp(wanted + 1, "xx") == 0;
}

static bool fits_status(const char *wanted, const json_t *e)
{
	char status[64];

	if (is_class(wanted))
		return number(e, "status") / 100 == (uint64_t)(wanted[0] - '0');
	if (strcmp(text(e, "outcome"), wanted) == 0)
		return true;
	line__status(e, status, sizeof(status));
	return strcmp(status, wanted) == 0;
}

bool line__duration(const char *value, uint64_t *out)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}};
	char *unit;
	double number = strtod(value, &unit);

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (unit != value && number >= 0 && number < 1e6 &&
		    strcmp(unit, units[i].unit) == 0) {
			*out = (uint64_t)(number * units[i].ns);
			return true;
		}
	return false;
}

static bool fits(const char *pattern, const char *value)
{
	return !pattern || fnmatch(pattern, value, 0) == 0;
}

static bool fits_subject(const char *pattern, const json_t *e)
{
	const char *keys = text(e, "key_pattern");

	return fits(pattern, line__subject(e)) || (keys[0] && fits(pattern, keys));
}

bool line_filter__admits(const struct line_filter *f, const json_t *e)
{
	return fits(f->service, text(e, "service")) && fits_subject(f->route, e) &&
	       (!f->protocol || strcmp(f->protocol, text(e, "protocol")) == 0) &&
	       (!f->side || strcmp(f->side, text(e, "side")) == 0) &&
	       (!f->status || fits_status(f->status, e)) &&
	       number(e, "duration_ns") >= f->slower_ns;
}

static void print_time(uint64_t ns, struct buffer *out)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm local;
	char clock[16];

	localtime_r(&seconds, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	buffer__printf(out, "%s.%06u", clock, (unsigned int)(ns % 1000000000 / 1000));
}

static void print_duration(uint64_t ns, struct buffer *out)
{
	if (ns < 1000000)
		buffer__printf(out, "%.0fus", (double)ns / 1e3);
	else if (ns < 1000000000)
		buffer__printf(out, "%.*fms", ns < 10000000 ? 2 : 1, (double)ns / 1e6);
	else
		buffer__printf(out, "%.2fs", (double)ns / 1e9);
}

/* What came over the wire must not steer the reader's terminal. */
static void print_safely(const char *value, struct buffer *out)
{
	for (; *value; value++)
		buffer__printf(out, "%c",
			       (unsigned char)*value < ' ' || *value == 127 ? ' ' : *value);
}

void line__print(const json_t *e, int64_t offset_ns, struct buffer *out)
{
	char status[64];

	line__status(e, status, sizeof(status));
	print_time(number(e, "start_ns") + (uint64_t)offset_ns, out);
	buffer__printf(out, " %-6s ", text(e, "side"));
	print_safely(text(e, "service"), out);
	buffer__printf(out, " %s ", text(e, "protocol"));
	if (text(e, "method")[0])
		buffer__printf(out, "%s ", text(e, "method"));
	print_safely(line__subject(e), out);
	buffer__text(out, " ");
	if (text(e, "key_pattern")[0]) {
		print_safely(text(e, "key_pattern"), out);
		buffer__text(out, " ");
	}
	print_safely(status, out);
	buffer__text(out, " ");
	print_duration(number(e, "duration_ns"), out);
	if (number(e, "rows"))
		buffer__printf(out, " %lu rows", (unsigned long)number(e, "rows"));
	buffer__text(out, "\n");
}
