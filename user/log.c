/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "buffer.h"
#include "exchange_json.h"

#define PLACES	   32
#define PER_MINUTE 10

struct place {
	char name[32];
	time_t since;
	unsigned int written, left_out;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum log_level threshold = LOG_INFO;
static bool as_json;
static void (*before_line)(void);
static struct place places[PLACES];

bool log__level(const char *name, enum log_level *out)
{
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

void log__configure(const char *level, const char *format)
{
	pthread_mutex_lock(&lock);
	log__level(level, &threshold);
	as_json = strcmp(format, "json") == 0;
	pthread_mutex_unlock(&lock);
}

void log__before_line(void (*call)(void))
{
	pthread_mutex_lock(&lock);
	before_line = call;
	pthread_mutex_unlock(&lock);
}

/* The place's own entry, else one that is free; the last one is shared by whoever comes too late.
 */
static struct place *find(const char *name)
{
	int i = 0;

	while (i < PLACES - 1 && places[i].name[0] && strcmp(places[i].name, name) != 0)
		i++;
	if (!places[i].name[0])
		snprintf(places[i].name, sizeof(places[i].name), "%s", name);
	return &places[i];
}

/* A wall clock that is set back would keep a place silent for as long. */
static time_t monotonic_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* How many lines were left out before this one; -1: this one is left out, too. */
static long admit(const char *name, time_t now)
{
	struct place *place = find(name);
	long before = 0;

	if (now - place->since >= 60) {
		before = place->left_out;
		*place = (struct place){.since = now};
		snprintf(place->name, sizeof(place->name), "%s", name);
	}
	if (place->written++ < PER_MINUTE)
		return before;
	place->left_out++;
	return -1;
}

static void write_line(enum log_level level, const char *place, const char *message, long left_out)
{
	struct buffer line = {0};
	struct timespec now;
	struct tm utc;
	char when[40];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
	buffer__printf(&line,
		       as_json ? "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"at\":"
			       : "time=%s.%03ldZ level=%s at=",
		       when, now.tv_nsec / 1000000, level_names[level]);
	buffer__json_string(&line, place);
	buffer__text(&line, as_json ? ",\"message\":" : " message=");
	buffer__json_string(&line, message);
	if (left_out > 0)
		buffer__printf(&line, as_json ? ",\"left_out\":%ld" : " left_out=%ld", left_out);
	buffer__text(&line, as_json ? "}\n" : "\n");
	if (before_line)
		before_line();
	if (!line.failed)
		fwrite(line.data, 1, line.length, stderr);
	buffer__clear(&line);
}

void log__write(enum log_level level, const char *place, const char *format, ...)
{
	char message[512];
	va_list arguments;
	long left_out;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	pthread_mutex_lock(&lock);
	left_out = level <= threshold ? admit(place, monotonic_seconds()) : -1;
	if (left_out >= 0)
		write_line(level, place, message, left_out);
	pthread_mutex_unlock(&lock);
}
