/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "log.h"

#define EVERY_NS 250000000ull
#define WIDTH	 79 /* where the terminal does not tell its own; the last column would wrap */

static struct {
	pthread_mutex_t lock;
	const char *command; /* NULL: nobody looks on */
	uint64_t drawn_ns;
	int drawn; /* columns of the line that is on the screen */
} line = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static int width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 2)
		return WIDTH;
	return size.ws_col - 1;
}

/* Spaces rather than an escape sequence: any terminal knows them. */
static void wipe(void)
{
	if (line.drawn)
		fprintf(stderr, "\r%*s\r", line.drawn, "");
	line.drawn = 0;
}

void progress__hide(void)
{
	pthread_mutex_lock(&line.lock);
	wipe();
	fflush(stderr);
	pthread_mutex_unlock(&line.lock);
}

void progress__begin(const char *command)
{
	if (!isatty(STDERR_FILENO))
		return;
	line.command = command;
	log__before_line(progress__hide);
}

bool progress__due(void)
{
	return line.command && now_ns() - line.drawn_ns >= EVERY_NS;
}

void progress__show(const char *format, ...)
{
	char text[256], whole[320];
	va_list arguments;
	int length, most;

	if (!line.command)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	length = snprintf(whole, sizeof(whole), "%s: %s", line.command, text);
	most = width();
	pthread_mutex_lock(&line.lock);
	wipe();
	line.drawn = length < most ? length : most;
	fprintf(stderr, "%.*s", line.drawn, whole);
	fflush(stderr);
	line.drawn_ns = now_ns();
	pthread_mutex_unlock(&line.lock);
}

void progress__end(void)
{
	if (!line.command)
		return;
	log__before_line(NULL);
	progress__hide();
	line.command = NULL;
	line.drawn_ns = 0;
}
