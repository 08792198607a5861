/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What people call the program that a process runs. Most programs are called by their executable;
 * interpreters by what they run: "node api/server.js" is api, "gunicorn shop.wsgi:app" is shop,
 * "java -jar billing-1.2.jar" is billing. Titles that programs write over their arguments count for
 * more. Names that say nothing ("server", "main") give way to the folder or the systemd unit.
 */
#ifndef SONDE_SERVICE_H
#define SONDE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#define SERVICE_NAME_MAX 64 /* with its NUL */

/* What is known of a process; texts of unknown origin, "" where nothing is known. */
struct process_facts {
	const char *comm;	/* 15 bytes at most, cut off */
	const char *executable; /* path */
	const char *cgroup;	/* path */
	const char *arguments;	/* NULs separate them */
	size_t arguments_size;
};

/*
 * Sets a name of printable ASCII without quotes, backslashes and spaces, never "". False: the
 * process is a helper that its parent started and means nothing by itself (multiprocessing's
 * spawn): it belongs to its parent's service; the name is for where that is not known.
 */
bool service__derive(const struct process_facts *facts, char name[SERVICE_NAME_MAX]);

#endif
